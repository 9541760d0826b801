//! A file of JSON lines in frames of zstd, read from any line on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zstd::stream::read::Decoder;

use crate::data::error::Result;
use crate::disk::{self, MAX_LINE_BYTES};

/// Least distance in bytes between places that are noted: frames may be tiny, and many.
const APART: u64 = 1 << 16;

/// A frame that is being read.
type Frame = BufReader<Decoder<'static, BufReader<File>>>;

/// Lines of one file. Where frames begin is noted as they are met (16 bytes for some 4 MB of text,
/// and never more than for 64 KiB as stored), so that going back costs a frame, not the file.
pub(super) struct Lines {
    path: PathBuf,
    /// First byte and first line of frames met so far.
    frames: Vec<(u64, u64)>,
    /// Least distance between them.
    apart: u64,
    frame: Option<Frame>,
    /// Number of the next line, from 0.
    next: u64,
    /// True when there is none.
    ended: bool,
}

impl Lines {
    pub(super) fn of(path: &Path) -> Self {
        Lines {
            path: path.into(),
            frames: vec![(0, 0)],
            apart: APART,
            frame: None,
            next: 0,
            ended: false,
        }
    }

    /// Goes to line `at`, or as near before it as frames are known: the lines between are read by
    /// [`Lines::next`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn go_to(&mut self, at: u64) -> Result<()> {
        let known = self.frames.partition_point(|(_, line)| *line <= at);
        let (offset, line) = match self.frames.get(known.saturating_sub(1)) {
            Some(frame) => *frame,
            None => (0, 0),
        };
        let is_near = line <= self.next && self.next <= at;
        if is_near && (self.ended || self.frame.is_some()) {
            return Ok(());
        }
        (self.frame, self.next, self.ended) = (None, line, false);
        let file = File::open(&self.path).map_err(|e| self.failed("open", e))?;
        let mut file = BufReader::with_capacity(1 << 17, file);
        file.seek(SeekFrom::Start(offset))
            .map_err(|e| self.failed("read", e))?;
        self.frame = Some(frame(file).map_err(|e| self.failed("decompress", e))?);
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the line that [`Lines::next`] gives, from 0.
    pub(super) fn at(&self) -> u64 {
        self.next
    }

    /// Reads a line into `line`, without its line feed; false at the end of the file.
    ///
    /// # Errors
    /// When the file is damaged, or a line is longer than [`MAX_LINE_BYTES`].
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        if self.frame.is_none() && !self.ended {
            self.go_to(self.next)?;
        }
        while let Some(frame) = &mut self.frame {
            let left = (MAX_LINE_BYTES + 1).saturating_sub(line.len()) as u64;
            let read = frame.take(left).read_until(b'\n', line);
            if let Err(error) = read {
                self.frame = None; // to meet the same again, and not the rest of a line
                return Err(self.damaged(error).into());
            }
            if line.len() > MAX_LINE_BYTES {
                self.frame = None;
                return Err(disk::Error::LongLine {
                    path: self.path.clone(),
                    line: self.next + 1,
                }
                .into());
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                self.next += 1;
                return Ok(true);
            }
            // The end of the line is looked for in the next frame: nobody promised more.
            self.next_frame(line.is_empty())?;
        }
        self.next += u64::from(!line.is_empty());
        Ok(!line.is_empty())
    }

    /// Opens the frame after the one that was read to its end, if there is one. A line begins
    /// there if `is_line`.
    fn next_frame(&mut self, is_line: bool) -> Result<()> {
        let Some(done) = self.frame.take() else {
            return Ok(());
        };
        let mut file = done.into_inner().finish();
        let offset = file.stream_position().map_err(|e| self.failed("read", e))?;
        let rest = file.fill_buf().map_err(|e| self.failed("read", e))?;
        self.ended = rest.is_empty();
        if self.ended {
            return Ok(());
        }
        let last = self.frames.last().map_or(0, |(last, _)| *last);
        if is_line && offset >= last + self.apart {
            self.frames.push((offset, self.next));
        }
        self.frame = Some(frame(file).map_err(|e| self.failed("decompress", e))?);
        Ok(())
    }

    fn failed(&self, action: &'static str, source: io::Error) -> disk::Error {
        disk::Error::io(&self.path, action, source)
    }

    fn damaged(&self, source: io::Error) -> disk::Error {
        let begun = self.frames.partition_point(|(_, line)| *line <= self.next);
        let frame = self.frames.get(begun.saturating_sub(1));
        match source.raw_os_error() {
            Some(_) => self.failed("read", source),
            None => disk::Error::Damaged {
                path: self.path.clone(),
                offset: frame.map_or(0, |(offset, _)| *offset),
                source,
            },
        }
    }
}

fn frame(file: BufReader<File>) -> io::Result<Frame> {
    let decoder = Decoder::with_buffer(file)?.single_frame();
    Ok(BufReader::with_capacity(1 << 17, decoder))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of zstd, each of some text.
    fn file(frames: &[&str]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let packed = frames
            .iter()
            .map(|f| zstd::encode_all(f.as_bytes(), 1).unwrap());
        let bytes: Vec<u8> = packed.flatten().collect();
        disk::replace_bytes(file.path(), &bytes).unwrap();
        file
    }

    fn rest(lines: &mut Lines) -> Vec<String> {
        let (mut line, mut all) = (Vec::new(), Vec::new());
        while lines.next(&mut line).unwrap() {
            all.push(String::from_utf8(line.clone()).unwrap());
        }
        all
    }

    #[test]
    fn lines_are_read_from_any_frame_and_across_frames() {
        let file = file(&["a\nb\n", "", "c\nd", "e\n\n", "f"]);
        let mut lines = Lines {
            apart: 1,
            ..Lines::of(file.path())
        };
        assert_eq!(rest(&mut lines), ["a", "b", "c", "de", "", "f"]);
        let begun: Vec<u64> = lines.frames.iter().map(|(_, line)| *line).collect();
        assert_eq!(
            begun,
            [0, 2, 2, 5],
            "a frame that begins within a line is no place to begin"
        );
        for at in [5, 2, 4, 0, 3, 3] {
            let mut line = Vec::new();
            lines.go_to(at).unwrap();
            while lines.at() < at {
                assert!(lines.next(&mut line).unwrap());
            }
            assert!(lines.next(&mut line).unwrap());
            let said = String::from_utf8(line).unwrap();
            assert_eq!(said, ["a", "b", "c", "de", "", "f"][at as usize]);
        }
        let mut few = Lines::of(file.path());
        assert_eq!(rest(&mut few).len(), 6);
        assert_eq!(few.frames, [(0, 0)], "so near each other are not noted");
        lines.go_to(99).unwrap();
        assert_eq!(rest(&mut lines), ["f"]);
    }

    #[test]
    fn damage_and_absence_are_told_with_their_place() {
        let whole = file(&["a\n", "b\n"]);
        let mut bytes = std::fs::read(whole.path()).unwrap();
        bytes.truncate(bytes.len() - 1);
        disk::replace_bytes(whole.path(), &bytes).unwrap();
        let mut lines = Lines::of(whole.path());
        let mut line = Vec::new();
        assert!(lines.next(&mut line).unwrap());
        let told = loop {
            match lines.next(&mut line) {
                Ok(true) => {}
                Ok(false) => panic!("the cut was not noticed"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(told.contains("damaged after byte"), "{told}");
        assert!(Lines::of(Path::new("nowhere")).next(&mut line).is_err());
    }
}
