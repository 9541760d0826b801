//! The bytes of a file as stored, through a window that knows where it stands.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use crate::disk;

/// Bytes asked for at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Where bytes come from.
pub(super) enum Input {
    /// A file.
    File(File),
    /// A pipe, or standard input: read once, in order.
    Pipe(Box<dyn Read + Send>),
    /// Memory.
    Bytes(io::Cursor<Vec<u8>>),
}

/// A file's size and time of change, to see whether it changed while it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

/// A window over the bytes of an input.
pub(super) struct Stored {
    input: Input,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buf[start]`.
    pos: u64,
    at_end: bool,
    stamp: Option<Stamp>,
}

impl Stored {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> disk::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::new(Input::Pipe(Box::new(io::stdin()))));
        }
        let failed = |source| disk::Error::io(path, "open", source);
        let file = File::open(path).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        if meta.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        Ok(if meta.is_file() {
            Self::new(Input::File(file))
        } else {
            Self::new(Input::Pipe(Box::new(file)))
        })
    }

    pub(super) fn new(input: Input) -> Self {
        let mut stored = Stored {
            input,
            buf: Vec::new(),
            start: 0,
            end: 0,
            pos: 0,
            at_end: false,
            stamp: None,
        };
        stored.stamp = stored.stamp_now();
        stored
    }

    fn stamp_now(&self) -> Option<Stamp> {
        let Input::File(file) = &self.input else {
            return None;
        };
        let meta = file.metadata().ok()?;
        Some(Stamp {
            len: meta.len(),
            modified: meta.modified().ok(),
        })
    }

    /// Length when it was opened; none for a pipe.
    pub(super) fn len(&self) -> Option<u64> {
        match &self.input {
            Input::File(_) => self.stamp.map(|s| s.len),
            Input::Pipe(_) => None,
            Input::Bytes(bytes) => Some(bytes.get_ref().len() as u64),
        }
    }

    /// Whether the file is another than when it was opened.
    pub(super) fn has_changed(&self) -> bool {
        self.stamp != self.stamp_now()
    }

    /// Offset of the next byte.
    pub(super) fn pos(&self) -> u64 {
        self.pos
    }

    /// Bytes in the window.
    pub(super) fn buffered(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or_default()
    }

    /// The next `n` bytes or more; fewer only where the input ends.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        while self.end - self.start < n && !self.at_end {
            self.fill(n)?;
        }
        Ok(self.buffered())
    }

    fn fill(&mut self, n: usize) -> io::Result<()> {
        if self.start > 0 {
            self.buf.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buf.len() < n.max(CHUNK_BYTES) {
            self.buf.resize(n.max(CHUNK_BYTES), 0);
        }
        let room = self.buf.get_mut(self.end..).unwrap_or_default();
        let n_read = loop {
            let read = match &mut self.input {
                Input::File(file) => file.read(room),
                Input::Pipe(pipe) => pipe.read(room),
                Input::Bytes(bytes) => bytes.read(room),
            };
            match read {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.at_end = n_read == 0;
        self.end += n_read;
        Ok(())
    }

    /// Passes over `n` bytes of the window.
    pub(super) fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.pos += n as u64;
    }

    /// Goes to an offset. Forward always (a pipe is read until there), back only where the input
    /// or the window allows it; false where not.
    pub(super) fn seek(&mut self, to: u64) -> io::Result<bool> {
        let window = self.pos - self.start as u64..=self.pos + (self.end - self.start) as u64;
        if window.contains(&to) {
            self.start = (to - window.start()) as usize;
            self.pos = to;
            return Ok(true);
        }
        match &mut self.input {
            Input::File(file) => file.seek(SeekFrom::Start(to)).map(drop)?,
            Input::Bytes(bytes) => bytes.set_position(to),
            Input::Pipe(_) if to < self.pos => return Ok(false),
            Input::Pipe(_) => {
                while self.pos < to && !self.peek(1)?.is_empty() {
                    let left = usize::try_from(to - self.pos).unwrap_or(usize::MAX);
                    self.consume(left);
                }
                return Ok(true);
            }
        }
        (self.start, self.end, self.pos, self.at_end) = (0, 0, to, false);
        Ok(true)
    }

    /// Goes to the next place at or after this one where the bytes `magic` stand and `accepts`
    /// says yes to what follows (it is shown up to `MAX_PROBE_BYTES`); to the end where there is none.
    pub(super) fn find(
        &mut self,
        magic: &[u8],
        mut accepts: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<bool> {
        loop {
            let window = self.peek(CHUNK_BYTES / 2)?;
            if window.is_empty() {
                return Ok(false);
            }
            let at = find_magic(window, magic);
            let n_sure = window.len();
            match at {
                Some(0) => {
                    let probe = window.get(..MAX_PROBE_BYTES).unwrap_or(window);
                    if accepts(probe) {
                        return Ok(true);
                    }
                    self.consume(1);
                }
                Some(at) => self.consume(at),
                // The magic may stand across the end of the window.
                None => self.consume((n_sure + 1).saturating_sub(magic.len()).max(1)),
            }
        }
    }
}

/// Most bytes shown to those who judge a place found.
pub(super) const MAX_PROBE_BYTES: usize = 64 << 10;

/// Where `magic` stands in `bytes` first.
pub(super) fn find_magic(bytes: &[u8], magic: &[u8]) -> Option<usize> {
    use std::io::BufRead;
    let first = *magic.first()?;
    let mut rest = bytes;
    loop {
        let n = rest.skip_until(first).ok()?; // `&[u8]` moves on by itself
        let after = bytes.len() - rest.len();
        let at = after.checked_sub(1)?;
        if n == 0 || bytes.get(at) != Some(&first) {
            return None;
        }
        if bytes.get(at..)?.starts_with(magic) {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Stored {
        Stored::new(Input::Bytes(io::Cursor::new(bytes.to_vec())))
    }

    #[test]
    fn magic_is_found_wherever_it_stands() {
        for n in [
            0,
            1,
            7,
            CHUNK_BYTES / 2 - 3,
            CHUNK_BYTES - 1,
            3 * CHUNK_BYTES,
        ] {
            let mut bytes = vec![0x1f; n];
            bytes.extend(b"\x1f\x8b\x08!\x1f\x8b\x08?");
            let mut stored = of(&bytes);
            assert!(stored.find(b"\x1f\x8b\x08", |_| true).unwrap());
            assert_eq!(stored.pos(), n as u64);
            let accepts = |at: &[u8]| at.get(3) == Some(&b'?');
            assert!(stored.find(b"\x1f\x8b\x08", accepts).unwrap());
            assert_eq!(stored.pos(), n as u64 + 4);
            stored.consume(1);
            assert!(!stored.find(b"\x1f\x8b\x08", |_| true).unwrap());
            assert_eq!(stored.pos(), bytes.len() as u64);
            assert!(stored.seek(2).unwrap());
            assert_eq!(stored.peek(2).unwrap().first(), bytes.get(2));
        }
        assert_eq!(find_magic(b"", b"x"), None);
        assert_eq!(find_magic(b"aab", b"ab"), Some(1));
    }

    #[test]
    fn a_pipe_goes_forward_only() {
        let bytes = vec![7; 3 * CHUNK_BYTES];
        let mut pipe = Stored::new(Input::Pipe(Box::new(io::Cursor::new(bytes))));
        assert!(pipe.seek(2 * CHUNK_BYTES as u64 + 5).unwrap());
        assert_eq!(pipe.pos(), 2 * CHUNK_BYTES as u64 + 5);
        assert!(!pipe.seek(3).unwrap());
    }
}
