//! The records of one file of JSON lines, damage passed over.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::item::{Item, Options, Position, Quarantined};
use super::page::{Page, PageKind};
use super::unpacked::{Have, Unpacked};
use super::warc;
use crate::data::record::{Record, Source, name};
use crate::lang::Lang;

const BOM: &[u8] = b"\xef\xbb\xbf";
/// As for records of a crawl: what unpacks to so many times its size without one line feed was
/// made to keep us busy.
const MAX_RATIO: u64 = 500;

/// Reader of one file, or of a part of it.
///
/// A part begins behind the first line feed after its first byte and ends with the line that
/// begins at the next part's first byte, or goes on over it.
pub(super) struct Lines {
    bytes: Unpacked,
    path: PathBuf,
    options: Options,
    lang: Option<&'static Lang>,
    end: Option<u64>,
    /// Where decoding can start, and line feeds since.
    anchor: (u64, u64),
    /// Lines before the window, none where not known.
    n_lines: Option<u64>,
    done: bool,
}

/// How a search for the end of a line ended.
enum Found {
    /// A line of so many bytes, its feed included.
    Line(usize),
    /// More bytes than a line may have.
    TooLong,
    /// Damage comes before the end of the line.
    Break,
}

impl Lines {
    pub(super) fn new(
        bytes: Unpacked,
        path: &Path,
        start: Position,
        end: Option<u64>,
        options: &Options,
        lang: Option<&'static Lang>,
    ) -> io::Result<Self> {
        let known = start.offset == 0 || start.line > 0;
        let mut lines = Lines {
            bytes,
            path: path.into(),
            options: options.clone(),
            lang,
            end,
            anchor: (start.offset, 0),
            n_lines: known.then_some(start.line.saturating_sub(start.skip)),
            done: false,
        };
        for _ in 0..start.skip {
            if lines.bytes.ensure(1)? != Have::Enough {
                break;
            }
            lines.settle();
            if !lines.pass_line()? {
                break;
            }
        }
        Ok(lines)
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> &Unpacked {
        &self.bytes
    }

    /// Where the next line is.
    pub(super) fn position(&self) -> Position {
        if self.n_lines == Some(0) {
            // Not where the first frame begins: behind what is before it, lines have no number.
            return Position::default();
        }
        let (offset, skip) = self.place();
        let line = self.n_lines.unwrap_or(0);
        Position { offset, skip, line }
    }

    /// Where decoding can start for the line in front of the window, and line feeds from there.
    fn place(&self) -> (u64, u64) {
        match self.bytes.place(self.bytes.pos()) {
            (member, 0) => (member, 0),
            // A member that began inside of the line before; the feed of that line is in it.
            (member, _) if member != self.anchor.0 => (member, 1),
            _ => self.anchor,
        }
    }

    fn settle(&mut self) {
        self.anchor = self.place();
        self.bytes.forget(self.bytes.pos());
    }

    /// The next item; none at the end. Empty lines are nothing.
    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        while !self.done {
            match self.bytes.ensure(1)? {
                Have::Enough => {}
                Have::End => break,
                Have::Break => return self.broken(None),
            }
            self.settle();
            let (offset, n_feeds) = self.anchor;
            if self
                .end
                .is_some_and(|end| offset > end || offset == end && n_feeds > 0)
            {
                break;
            }
            let start = self.bytes.pos();
            match self.find_end()? {
                Found::Line(len) => {
                    let line = self.bytes.bytes().get(..len).unwrap_or_default();
                    let item = self.item(line, start);
                    self.pass(len);
                    if item.is_some() {
                        return Ok(item);
                    }
                }
                Found::TooLong => {
                    let max = self.options.max_record_bytes;
                    let number = self.n_lines;
                    if !self.pass_line()? {
                        return self.broken(Some(start));
                    }
                    let size = self.bytes.len_stored(start, self.bytes.pos());
                    let what = format!("line is longer than {max} bytes");
                    return Ok(Some(self.quarantined(offset, size, number, what)));
                }
                Found::Break => return self.broken(Some(start)),
            }
        }
        self.done = true;
        Ok(None)
    }

    fn find_end(&mut self) -> io::Result<Found> {
        let mut n_searched = 0;
        loop {
            let bytes = self.bytes.bytes();
            let mut rest = bytes.get(n_searched..).unwrap_or_default();
            let n = rest.skip_until(b'\n')?;
            n_searched += n;
            let ends = n > 0 && bytes.get(n_searched - 1) == Some(&b'\n');
            if n_searched - usize::from(ends) > self.options.max_record_bytes {
                return Ok(Found::TooLong);
            }
            if ends {
                return Ok(Found::Line(n_searched));
            }
            match self.bytes.ensure(n_searched + 1)? {
                Have::Enough => {}
                Have::End => return Ok(Found::Line(n_searched)),
                Have::Break => return Ok(Found::Break),
            }
        }
    }

    /// Passes over a line without keeping it; false where damage comes before its end.
    fn pass_line(&mut self) -> io::Result<bool> {
        let start = self.bytes.pos();
        loop {
            match self.bytes.ensure(1)? {
                Have::Enough => {}
                Have::End => {
                    self.pass(0); // the last line has no feed and is one all the same
                    return Ok(true);
                }
                Have::Break => return Ok(false),
            }
            let bytes = self.bytes.bytes();
            let mut rest = bytes;
            let n = rest.skip_until(b'\n')?;
            if n > 0 && bytes.get(n - 1) == Some(&b'\n') {
                self.pass(n);
                // Members that began with what was passed over are before it now.
                self.bytes.ensure(1)?;
                return Ok(true);
            }
            self.bytes.consume(n);
            let n_passed = self.bytes.pos() - start;
            if n_passed > 4 * self.options.max_record_bytes as u64
                && n_passed / MAX_RATIO > self.bytes.member_cost()
                && !self.bytes.is_plain()
            {
                let what = format!("line without end, packed to less than {MAX_RATIO}th");
                self.bytes.abandon(&what)?;
            }
        }
    }

    /// Passes over the last bytes of a line, its feed included.
    fn pass(&mut self, len: usize) {
        self.bytes.consume(len);
        self.n_lines = self.n_lines.map(|n| n + 1);
        let (offset, n_feeds) = self.anchor;
        self.anchor = (offset, n_feeds + 1);
    }

    /// The damage ahead, and with it the line that began at `start`.
    fn broken(&mut self, start: Option<u64>) -> io::Result<Option<Item>> {
        let line = start.map(|start| self.bytes.place(start).0);
        let number = self.n_lines;
        let Some(damage) = self.bytes.take_break() else {
            self.done = true;
            return Ok(None);
        };
        self.n_lines = None; // how many were in there nobody knows
        let mut end = damage.offset + damage.size;
        if self.end.is_some_and(|end| damage.offset >= end) {
            self.done = true; // the next part meets it as well
            end = damage.offset;
        }
        let offset = line.map_or(damage.offset, |line| line.min(damage.offset));
        if end <= offset {
            return Ok(None);
        }
        let item = self.quarantined(offset, end - offset, number, damage.what);
        Ok(Some(item))
    }

    fn quarantined(&self, offset: u64, size: u64, number: Option<u64>, what: String) -> Item {
        Item::Quarantined(Quarantined {
            path: self.path.clone(),
            offset,
            size,
            line: number.map_or(0, |n| n + 1),
            what,
        })
    }

    /// The item of a line; none for an empty one.
    fn item(&self, line: &[u8], start: u64) -> Option<Item> {
        let (offset, n_feeds) = self.anchor;
        let size = self.bytes.len_stored(start, start + line.len() as u64);
        let bytes = match start {
            0 if offset == 0 => line.strip_prefix(BOM).unwrap_or(line),
            _ => line,
        };
        if bytes.trim_ascii().is_empty() {
            return None;
        }
        let source = Source {
            path: self.path.clone(),
            line: self.n_lines.map_or(0, |n| n + 1),
            offset,
            size,
        };
        let made = parse(bytes).and_then(|fields| made_of(fields, source, &self.options));
        let mut record = match made {
            Ok(Item::Record(record)) => record,
            Ok(other) => return Some(other),
            Err(what) => return Some(self.quarantined(offset, size, self.n_lines, what)),
        };
        if record.fields.get("id").and_then(name).is_none() {
            // The same wherever reading began, so not by the number of the line.
            let place = format!("{}@{offset}+{n_feeds}", self.path.display());
            record.id = format!("{:032x}", xxh3_128(place.as_bytes()));
        }
        label_by_name(&mut record, self.lang);
        Some(Item::Record(record))
    }
}

/// Takes the language a file is named after for one without a label.
pub(super) fn label_by_name(record: &mut Record, lang: Option<&'static Lang>) {
    if let (None, Some(lang)) = (record.lang, lang) {
        (record.lang, record.lang_prob) = (Some(lang), 1.0);
    }
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let text = simdutf8::compat::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or(0);
        format!("byte {} of the line, {byte:#04x}, is not UTF-8", at + 1)
    })?;
    serde_json::from_str(text).map_err(|e| format!("not a JSON object, at column {}", e.column()))
}

/// A record, or a page where there is HTML in place of text.
fn made_of(fields: Map<String, Value>, source: Source, options: &Options) -> Result<Item, String> {
    let text_key = &options.text_key;
    let has_text = fields.get(text_key).is_some_and(Value::is_string);
    match html_key(&fields) {
        Some(key) if !has_text => Ok(warc::sort(page(fields, key, source, options))),
        _ => Record::from_fields(fields, text_key, source)
            .map(Item::Record)
            .ok_or_else(|| format!("record has no {text_key} field that is a string")),
    }
}

/// The field a page's HTML is in: `h` in the first stages of HPLT.
fn html_key(fields: &Map<String, Value>) -> Option<&'static str> {
    let mut keys = ["h", "html"].into_iter();
    keys.find(|key| fields.get(*key).is_some_and(Value::is_string))
}

/// A line that is a page, with what it says of it in HPLT's names.
fn page(mut fields: Map<String, Value>, key: &str, source: Source, options: &Options) -> Page {
    let html = fields.shift_remove(key);
    let body = html.as_ref().and_then(Value::as_str).unwrap_or_default();
    let body = body.as_bytes().to_vec();
    let field = |names: [&str; 2]| {
        let mut values = names.iter().filter_map(|name| fields.get(*name)?.as_str());
        values.next().map(str::to_string)
    };
    let (url, ts) = (field(["u", "url"]), field(["ts", "date"]));
    let content_type = field(["c", "content_type"]);
    Page {
        kind: url.as_deref().map_or(PageKind::Html, PageKind::of_url),
        url,
        ts,
        status: 0,
        content_type: content_type.or_else(|| Some("text/html".into())),
        headers: Vec::new(),
        body,
        warc_id: None,
        truncated: None,
        crawl_id: options.crawl_id.clone(),
        fields,
        source,
    }
}

#[cfg(test)]
mod tests;
