//! The records of one WARC or ARC file, damage passed over.

use std::io;
use std::path::{Path, PathBuf};

use super::item::{Item, Options, Position, Quarantined};
use super::stored::find_magic;
use super::unpacked::{Damage, Have, Unpacked};
use super::warc::{self, Begin, Head};
use crate::data::record::Source;

/// A member that unpacks to more than a record may hold, and to so many times its own size, is
/// given up: it was made to keep us busy.
const MAX_RATIO: u64 = 500;
/// Line ends looked at behind a record.
const MAX_BETWEEN_BYTES: usize = 4096;

/// Reader of one file, or of a part of it.
pub(super) struct Crawl {
    bytes: Unpacked,
    path: PathBuf,
    options: Options,
    /// Items of members that begin here or later are others' to read.
    end: Option<u64>,
    /// Where decoding can start, and items given since.
    anchor: (u64, u64),
    /// Items given, none where the reader does not know how many were before.
    n_items: Option<u64>,
    done: bool,
}

/// A record in front of the window.
struct Whole {
    head: Head,
    /// Unpacked place of its end.
    end: u64,
}

impl Crawl {
    pub(super) fn new(
        bytes: Unpacked,
        path: &Path,
        start: Position,
        end: Option<u64>,
        options: &Options,
    ) -> io::Result<Self> {
        let known = start.offset == 0 || start.line > 0;
        let mut crawl = Crawl {
            bytes,
            path: path.into(),
            options: options.clone(),
            end,
            anchor: (start.offset, 0),
            n_items: known.then_some(start.line.saturating_sub(start.skip)),
            done: false,
        };
        for _ in 0..start.skip {
            if crawl.next()?.is_none() {
                break;
            }
        }
        Ok(crawl)
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> &Unpacked {
        &self.bytes
    }

    /// Where the next item is.
    pub(super) fn position(&self) -> Position {
        if self.n_items == Some(0) {
            // Not where the first frame begins: behind what is before it, records have no number.
            return Position::default();
        }
        let (member, inside) = self.bytes.place(self.bytes.pos());
        let (offset, skip) = match inside {
            0 => (member, 0),
            _ => self.anchor,
        };
        let line = self.n_items.unwrap_or(0);
        Position { offset, skip, line }
    }

    /// The next item; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        if self.done {
            return Ok(None);
        }
        let item = self.advance()?;
        match &item {
            Some(_) => {
                self.anchor.1 += 1;
                self.n_items = self.n_items.map(|n| n + 1);
            }
            None => self.done = true,
        }
        Ok(item)
    }

    fn advance(&mut self) -> io::Result<Option<Item>> {
        self.pass_line_ends()?;
        match self.bytes.ensure(1)? {
            Have::End => return Ok(None),
            Have::Break => {
                let others = self
                    .bytes
                    .pending()
                    .is_some_and(|d| self.is_others(d.offset));
                return Ok(match self.bytes.take_break() {
                    Some(damage) if !others => Some(self.broken(damage, None)),
                    _ => None,
                });
            }
            Have::Enough => {}
        }
        let start = self.bytes.pos();
        let (member, inside) = self.bytes.place(start);
        if self.is_others(member) {
            return Ok(None);
        }
        if inside == 0 {
            self.anchor = (member, 0);
        }
        self.bytes.forget(start);
        match self.head()? {
            Ok(head) => self.record(start, head).map(Some),
            Err(what) => self.garbage(start, what).map(Some),
        }
    }

    fn is_others(&self, offset: u64) -> bool {
        self.end.is_some_and(|end| offset >= end)
    }

    fn pass_line_ends(&mut self) -> io::Result<()> {
        while self.bytes.ensure(1)? == Have::Enough {
            let n = self
                .bytes
                .bytes()
                .iter()
                .take_while(|b| matches!(b, b'\r' | b'\n'))
                .count();
            if n == 0 {
                break;
            }
            self.bytes.consume(n);
        }
        Ok(())
    }

    /// The head in front of the window, or what is wrong with it.
    fn head(&mut self) -> io::Result<Result<Head, String>> {
        let mut n = 1;
        loop {
            let have = self.bytes.ensure(n)?;
            let bytes = self.bytes.bytes();
            match warc::begin(bytes) {
                Begin::Record(head) => return Ok(Ok(head)),
                Begin::Bad(what) => return Ok(Err(what)),
                Begin::Not => return Ok(Err("not a record of WARC or ARC".into())),
                Begin::Cut if have == Have::Enough => n = bytes.len() + 1,
                Begin::Cut => return Ok(Err("head of the record is cut short".into())),
            }
        }
    }

    /// Reads the record whose head is in front of the window.
    fn record(&mut self, start: u64, head: Head) -> io::Result<Item> {
        let max = self.options.max_record_bytes as u64;
        if head.content_len > max {
            let what = format!("record of {} bytes, more than {max}", head.content_len);
            return self.oversized(start, &head, what);
        }
        let len = head.len + head.content_len as usize;
        let have = self.bytes.ensure(len)?;
        // A record never goes on in the next gzip member where that begins with a record: its
        // length is wrong, or its member lost its end.
        if let Some(member) = self.next_record_inside(start, len) {
            let what = "the record is shorter than its Content-Length";
            self.bytes.consume((member - start) as usize);
            return Ok(self.quarantined(start, what.into()));
        }
        match have {
            Have::Enough => {}
            Have::Break => return Ok(self.take_broken(start, &head)),
            Have::End => {
                let what = "the record is cut short, or its Content-Length is wrong";
                return self.garbage(start, what.into());
            }
        }
        let whole = Whole {
            end: start + len as u64,
            head,
        };
        if !self.ends_well(len)? {
            return self.garbage(start, "the Content-Length of the record is wrong".into());
        }
        // The checksum of its gzip member is known only now.
        let member = self.bytes.member_before(whole.end);
        if self.bytes.pending().is_some_and(|d| d.offset == member) {
            return Ok(self.take_broken(start, &whole.head));
        }
        Ok(self.give(start, &whole))
    }

    /// Whether line ends, then a record or the end of the member, follow `len` bytes.
    fn ends_well(&mut self, len: usize) -> io::Result<bool> {
        let mut n_between = 0;
        loop {
            if self.bytes.ensure(len + n_between + 1)? != Have::Enough {
                return Ok(true);
            }
            let end = self.bytes.pos() + (len + n_between) as u64;
            let (_, inside) = self.bytes.place(end);
            if inside == 0 && !self.bytes.is_plain() {
                return Ok(true);
            }
            let rest = self
                .bytes
                .bytes()
                .get(len + n_between..)
                .unwrap_or_default();
            match rest.first() {
                Some(b'\r' | b'\n') if n_between < MAX_BETWEEN_BYTES => n_between += 1,
                _ => break,
            }
        }
        let n = len + n_between;
        self.bytes.ensure(n + MAX_BETWEEN_BYTES)?;
        let rest = self.bytes.bytes().get(n..).unwrap_or_default();
        Ok(warc::looks_like_record(rest))
    }

    /// The item of the record in front of the window, which is passed over with the line ends
    /// behind it.
    fn give(&mut self, start: u64, whole: &Whole) -> Item {
        let len = (whole.end - start) as usize;
        let mut n_between = 0;
        let after = self.bytes.bytes().get(len..).unwrap_or_default();
        for (i, byte) in after.iter().enumerate().take(MAX_BETWEEN_BYTES) {
            let (_, inside) = self.bytes.place(whole.end + i as u64);
            let at_member = inside == 0 && !self.bytes.is_plain();
            if at_member || !matches!(byte, b'\r' | b'\n') {
                break;
            }
            n_between = i + 1;
        }
        let (offset, _) = self.bytes.place(start);
        let size = self.bytes.len_stored(start, whole.end + n_between as u64);
        let source = Source {
            path: self.path.clone(),
            line: self.n_items.map_or(0, |n| n + 1),
            offset,
            size,
        };
        let block = self
            .bytes
            .bytes()
            .get(whole.head.len..len)
            .unwrap_or_default();
        let item = warc::item(&whole.head, block, source, &self.options);
        self.bytes.consume(len + n_between);
        item.unwrap_or_else(|what| {
            let what = with_url(&what, &whole.head);
            self.quarantined_at(offset, size, what)
        })
    }

    /// Where in the `len` bytes from `start` a gzip member begins that begins with a record.
    fn next_record_inside(&self, start: u64, len: usize) -> Option<u64> {
        let mut at = start;
        loop {
            at = self.bytes.next_member(at)?;
            if at >= start + len as u64 {
                return None;
            }
            let bytes = self.bytes.bytes().get((at - start) as usize..)?;
            if warc::looks_like_record(bytes) {
                return Some(at);
            }
        }
    }

    /// Passes over a record that is too large, without keeping it.
    fn oversized(&mut self, start: u64, head: &Head, what: String) -> io::Result<Item> {
        let mut left = head.content_len.saturating_add(head.len as u64);
        self.bytes.consume(1); // a record begins here: look for the next
        left = left.saturating_sub(1);
        while left > 0 {
            match self.bytes.ensure(1)? {
                Have::Enough => {}
                Have::End => break,
                Have::Break => return Ok(self.take_broken(start, head)),
            }
            let at = self.bytes.pos();
            let (_, inside) = self.bytes.place(at);
            let at_member = inside == 0 && !self.bytes.is_plain();
            if at_member && warc::looks_like_record(self.bytes.bytes()) {
                break; // the length was wrong
            }
            let n_max = self.bytes.bytes().len() as u64;
            let member = self.bytes.next_member(at).map_or(n_max, |m| m - at);
            let n = left.min(n_max).min(member);
            self.bytes.consume(n as usize);
            left -= n;
            self.bytes.forget(start);
            if at - start > 4 * self.options.max_record_bytes as u64
                && (at - start) / MAX_RATIO > self.bytes.member_cost()
            {
                self.bytes
                    .abandon(&format!("{what}, packed to less than {MAX_RATIO}th"))?;
            }
        }
        self.pass_line_ends()?;
        let what = with_url(&what, head);
        Ok(self.quarantined(start, what))
    }

    /// Passes over all bytes up to the next record.
    fn garbage(&mut self, start: u64, what: String) -> io::Result<Item> {
        self.bytes.consume(1);
        loop {
            match self.bytes.ensure(1)? {
                Have::Enough => {}
                Have::End => break,
                Have::Break => {
                    let member = self.bytes.member_before(self.bytes.pos());
                    if self.bytes.pending().is_some_and(|d| d.offset == member) {
                        return Ok(self.take_break_with(start, &what));
                    }
                    break;
                }
            }
            let at = self.bytes.pos();
            let (_, inside) = self.bytes.place(at);
            let at_member = inside == 0 && !self.bytes.is_plain();
            // ARC has nothing that marks a record inside of a file but its place.
            if at_member && warc::looks_like_record(self.bytes.bytes()) {
                break;
            }
            self.bytes.ensure(MAX_BETWEEN_BYTES)?;
            let bytes = self.bytes.bytes();
            let member = self.bytes.next_member(at).map(|m| (m - at) as usize);
            let bytes = bytes.get(..member.unwrap_or(bytes.len())).unwrap_or(bytes);
            match find_magic(bytes, b"\nWARC/") {
                Some(n) => {
                    self.bytes.consume(n + 1);
                    break;
                }
                None if member.is_some() => self.bytes.consume(bytes.len()),
                None => {
                    let n = bytes.len().saturating_sub(5).max(1);
                    self.bytes.consume(n);
                }
            }
        }
        Ok(self.quarantined(start, what))
    }

    fn take_broken(&mut self, start: u64, head: &Head) -> Item {
        let what = with_url("the record is cut", head);
        self.take_break_with(start, &what)
    }

    /// The damage ahead, with what it made of the record that began at `start`.
    fn take_break_with(&mut self, start: u64, what: &str) -> Item {
        let (offset, _) = self.bytes.place(start);
        match self.bytes.take_break() {
            Some(mut damage) => {
                let end = damage.offset + damage.size;
                damage.offset = damage.offset.min(offset);
                damage.size = end - damage.offset;
                self.broken(damage, Some(what))
            }
            None => self.quarantined(start, what.into()),
        }
    }

    fn broken(&mut self, damage: Damage, also: Option<&str>) -> Item {
        let what = match also {
            Some(also) => format!("{}: {also}", damage.what),
            None => damage.what,
        };
        self.quarantined_at(damage.offset, damage.size, what)
    }

    fn quarantined(&mut self, start: u64, what: String) -> Item {
        let (offset, _) = self.bytes.place(start);
        let size = self.bytes.len_stored(start, self.bytes.pos());
        self.quarantined_at(offset, size, what)
    }

    fn quarantined_at(&self, offset: u64, size: u64, what: String) -> Item {
        Item::Quarantined(Quarantined {
            path: self.path.clone(),
            offset,
            size,
            line: self.n_items.map_or(0, |n| n + 1),
            what,
        })
    }
}

fn with_url(what: &str, head: &Head) -> String {
    match head.url() {
        Some(url) => {
            let url: String = url.chars().take(200).collect();
            format!("{what} ({url})")
        }
        None => what.to_string(),
    }
}
