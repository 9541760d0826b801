//! The bytes of a file unpacked, with the places where decoding can start, and with damage
//! passed over to the next such place.

use std::collections::VecDeque;
use std::io;

use super::stored::Stored;
use super::{gzip, zst};

/// Room made for each step of unpacking.
const STEP_BYTES: usize = 64 << 10;
/// A decoder in garbage fails long before it has eaten so much; what is searched for the next
/// member begins no further back.
const MAX_EATEN_BYTES: u64 = 4 << 20;

/// What a member may have eaten before what it failed at is looked through to its last byte again.
const SMALL_EATEN_BYTES: u64 = 4 << 10;
/// Of more than that, this part is passed over: members that begin inside of each other and fail at
/// the same place are so few that a file is unpacked this many times at most, whatever it holds.
/// (What is decoded next is known from where a member began and failed alone, so that reading can
/// go on from any of them.) A member is lost only by one before it that was shorter than this
/// part of what was taken for its data.
const PASSED_PART: u64 = 32;

/// What a record's first bytes look like; it tells a member from bytes that look like one.
pub(super) type Expected = fn(&[u8]) -> bool;

/// A stretch of the file that could not be unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) what: String,
}

/// Whether the bytes asked for are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Have {
    /// They are.
    Enough,
    /// Damage comes before: see [`Unpacked::take_break`].
    Break,
    /// The file ends before.
    End,
}

/// Where a member (or what is between two of them) begins.
#[derive(Debug, Clone, Copy)]
struct Mark {
    unpacked: u64,
    stored: u64,
}

enum Codec {
    Plain,
    Gzip(Box<gzip::Member>),
    Zstd(Box<zst::Frames>),
}

/// A window over the unpacked bytes.
pub(super) struct Unpacked {
    stored: Stored,
    codec: Codec,
    /// Offset of the member being unpacked.
    member: Option<u64>,
    window: Vec<u8>,
    at: usize,
    /// Unpacked bytes before `window[at]`.
    pos: u64,
    marks: VecDeque<Mark>,
    pending: Option<Damage>,
    expected: Option<Expected>,
}

impl Unpacked {
    /// Unpacks `stored` from `offset` on, where a member begins (in a plain file: anywhere).
    pub(super) fn new(mut stored: Stored, offset: u64) -> io::Result<Self> {
        let head = stored.peek(4)?;
        let codec = if head.starts_with(gzip::MAGIC) {
            Codec::Gzip(Box::new(gzip::Member::new()))
        } else if matches!(zst::begin(head), zst::Begin::Not | zst::Begin::Cut) {
            match zst::begin(stored.peek(18)?) {
                zst::Begin::Frame { .. } | zst::Begin::Skippable(_) => {
                    Codec::Zstd(Box::new(zst::Frames::new().map_err(io::Error::other)?))
                }
                _ => Codec::Plain,
            }
        } else {
            Codec::Zstd(Box::new(zst::Frames::new().map_err(io::Error::other)?))
        };
        if !stored.seek(offset)? {
            return Err(io::ErrorKind::NotSeekable.into());
        }
        let pos = match codec {
            Codec::Plain => offset,
            _ => 0,
        };
        Ok(Unpacked {
            stored,
            codec,
            member: None,
            window: Vec::new(),
            at: 0,
            pos,
            marks: VecDeque::new(),
            pending: None,
            expected: None,
        })
    }

    /// Whether places in the file are places in the bytes given.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.codec, Codec::Plain)
    }

    /// Says how what is read begins, so that a member is told from bytes that look like one.
    pub(super) fn expect(&mut self, expected: Expected) {
        self.expected = Some(expected);
    }

    /// The file.
    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// The bytes in the window.
    pub(super) fn bytes(&self) -> &[u8] {
        self.window.get(self.at..).unwrap_or_default()
    }

    /// Unpacked bytes before the window.
    pub(super) fn pos(&self) -> u64 {
        self.pos
    }

    /// Passes over `n` bytes of the window.
    pub(super) fn consume(&mut self, n: usize) {
        let n = n.min(self.window.len() - self.at);
        self.at += n;
        self.pos += n as u64;
    }

    /// Forgets the places before `unpacked`.
    pub(super) fn forget(&mut self, unpacked: u64) {
        while self.marks.get(1).is_some_and(|m| m.unpacked <= unpacked) {
            self.marks.pop_front();
        }
    }

    /// Where an unpacked byte is: offset of the last member that begins at it or before it, and
    /// how many unpacked bytes before it.
    pub(super) fn place(&self, unpacked: u64) -> (u64, u64) {
        if self.is_plain() {
            return (unpacked, 0);
        }
        let before = self.marks.iter().rev().find(|m| m.unpacked <= unpacked);
        before.map_or((0, unpacked), |m| (m.stored, unpacked - m.unpacked))
    }

    /// Bytes as stored between two unpacked places; 0 where either is inside of a member.
    pub(super) fn len_stored(&self, from: u64, to: u64) -> u64 {
        if self.is_plain() {
            return to - from;
        }
        let first = self.marks.iter().rev().find(|m| m.unpacked == from);
        let last = self.marks.iter().find(|m| m.unpacked == to);
        match (first, last) {
            (Some(first), Some(last)) => last.stored.saturating_sub(first.stored),
            _ => 0,
        }
    }

    /// The first member that begins after `unpacked` among those the window has reached.
    pub(super) fn next_member(&self, unpacked: u64) -> Option<u64> {
        let mut after = self.marks.iter().map(|m| m.unpacked);
        after.find(|m| *m > unpacked)
    }

    /// Offset of the member that holds the byte before `unpacked`.
    pub(super) fn member_before(&self, unpacked: u64) -> u64 {
        self.place(unpacked.saturating_sub(1)).0
    }

    /// Makes the window hold `n` bytes or more.
    pub(super) fn ensure(&mut self, n: usize) -> io::Result<Have> {
        while self.window.len() - self.at < n {
            match self.more()? {
                Have::Enough => {}
                other => return Ok(other),
            }
        }
        Ok(Have::Enough)
    }

    /// The damage the window stops at, if it does; what is left in the window is passed over.
    pub(super) fn take_break(&mut self) -> Option<Damage> {
        let damage = self.pending.take()?;
        self.consume(usize::MAX);
        self.mark(damage.offset + damage.size);
        Some(damage)
    }

    /// The damage ahead.
    pub(super) fn pending(&self) -> Option<&Damage> {
        self.pending.as_ref()
    }

    /// Gives up the member being unpacked.
    pub(super) fn abandon(&mut self, what: &str) -> io::Result<()> {
        if let Some(member) = self.member {
            self.damage(member, what)?;
        }
        Ok(())
    }

    /// Bytes of the file the window has cost since the member began.
    pub(super) fn member_cost(&self) -> u64 {
        self.member.map_or(0, |m| self.stored.pos() - m)
    }

    /// Unpacks some more to the end of the window.
    fn more(&mut self) -> io::Result<Have> {
        if self.pending.is_some() {
            return Ok(Have::Break);
        }
        if self.at == self.window.len() {
            self.window.clear();
            self.at = 0;
        } else if self.at > STEP_BYTES && self.at >= self.window.len() / 2 {
            self.window.drain(..self.at);
            self.at = 0;
        }
        loop {
            let n_before = self.window.len();
            match (self.member, &self.codec) {
                (_, Codec::Plain) => {
                    let bytes = self.stored.peek(1)?;
                    self.window.extend_from_slice(bytes);
                    let n = bytes.len();
                    self.stored.consume(n);
                }
                (None, _) if self.stored.peek(1)?.is_empty() => {
                    self.mark(self.stored.pos());
                    return Ok(Have::End);
                }
                (None, Codec::Gzip(_)) => self.begin_member()?,
                (None, Codec::Zstd(_)) => self.begin_frame()?,
                (Some(start), _) => self.step(start)?,
            }
            if self.window.len() > n_before {
                return Ok(Have::Enough);
            }
            if self.pending.is_some() {
                return Ok(Have::Break);
            }
            if self.is_plain() {
                return Ok(Have::End);
            }
        }
    }

    fn mark(&mut self, stored: u64) {
        if self.is_plain() {
            return;
        }
        let unpacked = self.pos + (self.window.len() - self.at) as u64;
        let mark = Mark { unpacked, stored };
        // Of many places with nothing between them, the first and the last matter.
        let n = self.marks.len();
        let same = |i: usize| self.marks.get(i).is_some_and(|m| m.unpacked == unpacked);
        if n >= 2
            && same(n - 1)
            && same(n - 2)
            && let Some(last) = self.marks.back_mut()
        {
            *last = mark;
        } else {
            self.marks.push_back(mark);
        }
    }

    fn begin_member(&mut self) -> io::Result<()> {
        let start = self.stored.pos();
        let mut found = gzip::header(self.stored.peek(10)?);
        if found == gzip::Header::Cut {
            found = gzip::header(self.stored.peek(gzip::MAX_HEADER_BYTES + 1)?);
        }
        match (found, &mut self.codec) {
            (gzip::Header::Whole(len), Codec::Gzip(member)) => {
                member.reset();
                self.stored.consume(len);
                self.mark(start);
                self.member = Some(start);
                Ok(())
            }
            (gzip::Header::Cut, _) => self.damage(start, "gzip member is cut short"),
            _ => self.damage(start, "not a gzip member"),
        }
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        let start = self.stored.pos();
        let head = self.stored.peek(zst::MAX_HEADER_BYTES)?;
        match (zst::begin(head), &mut self.codec) {
            (zst::Begin::Frame { .. }, Codec::Zstd(frames)) => {
                frames.reset().map_err(io::Error::other)?;
                self.mark(start);
                self.member = Some(start);
                Ok(())
            }
            (zst::Begin::Skippable(_), _) if start == 0 && zst::is_dictionary(head) => {
                let what = "packed with a dictionary in front, which eu does not read; \
                            unpack it with zstd first";
                self.stored.seek(self.stored.len().unwrap_or(u64::MAX))?;
                self.set_pending(start, what);
                Ok(())
            }
            (zst::Begin::Skippable(len), _) => {
                let end = start + len;
                let beyond = self.stored.len().is_some_and(|len| len < end);
                if beyond {
                    return self.damage(start, "zstd frame is cut short");
                }
                self.stored.seek(end)?;
                Ok(())
            }
            (zst::Begin::Cut, _) => self.damage(start, "zstd frame is cut short"),
            _ => self.damage(start, "not a zstd frame"),
        }
    }

    /// Unpacks a piece of the member that began at `start`.
    fn step(&mut self, start: u64) -> io::Result<()> {
        match self.codec {
            Codec::Gzip(_) => self.step_gzip(start),
            Codec::Zstd(_) => self.step_zstd(start),
            Codec::Plain => Ok(()),
        }
    }

    fn step_gzip(&mut self, start: u64) -> io::Result<()> {
        let Codec::Gzip(member) = &mut self.codec else {
            return Ok(());
        };
        let input = self.stored.peek(1)?;
        let is_cut = input.is_empty();
        let n_before = self.window.len();
        if self.window.capacity() - n_before < STEP_BYTES / 2 {
            self.window.reserve(STEP_BYTES);
        }
        let step = match member.step(input, &mut self.window) {
            Ok(step) => step,
            Err(what) => return self.damage(start, &what),
        };
        self.stored.consume(step.n_in);
        if step.ends {
            return self.end_member(start);
        }
        if self.window.len() == n_before && (is_cut || step.n_in == 0) {
            return self.damage(start, "gzip member is cut short");
        }
        Ok(())
    }

    fn step_zstd(&mut self, start: u64) -> io::Result<()> {
        let Codec::Zstd(frames) = &mut self.codec else {
            return Ok(());
        };
        let len = match frames.part_len(self.stored.peek(zst::MAX_HEADER_BYTES)?) {
            Ok(len) => len,
            Err(what) => return self.damage(start, &what),
        };
        let part = match len {
            Some(len) => self.stored.peek(len)?.get(..len),
            None => None,
        };
        let Some(part) = part else {
            return self.damage(start, "zstd frame is cut short");
        };
        if let Err(what) = frames.step(part, &mut self.window) {
            return self.damage(start, &what);
        }
        let (n, ends) = (part.len(), frames.at_end());
        self.stored.consume(n);
        if ends {
            return self.end_member(start);
        }
        Ok(())
    }

    fn end_member(&mut self, start: u64) -> io::Result<()> {
        if let Codec::Gzip(member) = &self.codec {
            let trailer = self.stored.peek(gzip::TRAILER_BYTES)?;
            let Some(trailer) = trailer.get(..gzip::TRAILER_BYTES) else {
                return self.damage(start, "gzip member is cut short");
            };
            let agrees = member.agrees(trailer);
            self.stored.consume(gzip::TRAILER_BYTES);
            if !agrees {
                return self.damage(start, "checksum of the gzip member does not hold");
            }
        }
        self.member = None;
        self.mark(self.stored.pos());
        Ok(())
    }

    fn set_pending(&mut self, offset: u64, what: &str) {
        self.member = None;
        self.pending = Some(Damage {
            offset,
            size: self.stored.pos() - offset,
            what: what.into(),
        });
    }

    /// Notes that what begins at `offset` cannot be unpacked, and goes to the next member.
    fn damage(&mut self, offset: u64, what: &str) -> io::Result<()> {
        let failed_at = self.stored.pos();
        let after = self.stored.peek(gzip::MAX_HEADER_BYTES)?;
        let is_next = match &self.codec {
            Codec::Gzip(_) => is_member(after, self.expected) || after.is_empty(),
            _ => false,
        };
        // A wrong checksum spoils one member; wrong data may have eaten the next ones as well.
        if failed_at == offset || !(is_next && what.starts_with("checksum")) {
            let eaten = failed_at.saturating_sub(offset);
            let passed = eaten.saturating_sub(SMALL_EATEN_BYTES) / PASSED_PART;
            let from = (offset + 1 + passed).max(failed_at.saturating_sub(MAX_EATEN_BYTES));
            self.stored.seek(from)?;
            let expected = self.expected;
            match &self.codec {
                Codec::Gzip(_) => {
                    self.stored
                        .find(gzip::MAGIC, |at| is_member(at, expected))?;
                }
                Codec::Zstd(_) => {
                    self.stored.find(zst::MAGIC, |at| is_frame(at, expected))?;
                }
                Codec::Plain => {}
            }
        }
        self.set_pending(offset, what);
        Ok(())
    }
}

/// Whether a gzip member seems to begin here.
pub(super) fn is_member(bytes: &[u8], expected: Option<Expected>) -> bool {
    let looks = |out: Vec<u8>| expected.is_none_or(|expected| expected(&out));
    gzip::probe(bytes).is_some_and(looks)
}

/// Whether a zstd frame seems to begin here.
pub(super) fn is_frame(bytes: &[u8], expected: Option<Expected>) -> bool {
    let zst::Begin::Frame { header, .. } = zst::begin(bytes) else {
        return false;
    };
    let Some(expected) = expected else {
        return bytes.get(header..).and_then(zst::block).is_some();
    };
    let mut out = Vec::new();
    let unpacked = zst::Frames::new().and_then(|mut frames| frames.step(bytes, &mut out));
    unpacked.is_ok() && expected(&out)
}

#[cfg(test)]
mod tests;
