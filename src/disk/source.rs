//! Reading: a file line by line or whole, decompressed on the way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Error, MAX_LINE_BYTES, MAX_UNPACKED_BYTES, Result};

/// Counts the bytes that pass through.
struct Counted<R> {
    inner: R,
    n_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.n_bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// A file opened for reading, decompressed on the way if it is gzip or zstd by its first bytes.
pub struct Source {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    n_compressed: Option<Arc<AtomicU64>>,
    line: u64,
}

impl Source {
    /// Opens `path`; `-` is standard input.
    ///
    /// # Errors
    /// When the file cannot be opened or its first bytes cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let raw: Box<dyn Read + Send> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(|e| Error::io(path, "open", e))?;
            if file.metadata().is_ok_and(|m| m.is_dir()) {
                return Err(Error::io(
                    path,
                    "read",
                    io::Error::from(io::ErrorKind::IsADirectory),
                ));
            }
            Box::new(file)
        };
        Self::from_reader(path, raw)
    }

    fn from_reader(path: &Path, raw: Box<dyn Read + Send>) -> Result<Self> {
        let n_bytes = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            inner: raw,
            n_bytes: n_bytes.clone(),
        };
        let mut reader = BufReader::with_capacity(1 << 20, counted);
        let head = reader.fill_buf().map_err(|e| Error::io(path, "read", e))?;
        let (reader, n_compressed): (Box<dyn BufRead + Send>, _) = match head {
            [0x1f, 0x8b, ..] => (
                Box::new(BufReader::with_capacity(
                    1 << 18,
                    flate2::bufread::MultiGzDecoder::new(reader),
                )),
                Some(n_bytes),
            ),
            // A zstd frame, or a skippable frame (0x184D2A50..5F) in front of one.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let decoder = zstd::stream::read::Decoder::with_buffer(reader)
                    .map_err(|e| Error::io(path, "decompress", e))?;
                (
                    Box::new(BufReader::with_capacity(1 << 18, decoder)),
                    Some(n_bytes),
                )
            }
            _ => (Box::new(reader), None),
        };
        Ok(Source {
            path: path.into(),
            reader,
            n_compressed,
            line: 0,
        })
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the line last read, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Reads one line into `buf` without its line feed; false at the end of the file.
    ///
    /// # Errors
    /// When the file is damaged or a line is longer than [`MAX_LINE_BYTES`].
    pub fn read_line(&mut self, buf: &mut Vec<u8>) -> Result<bool> {
        buf.clear();
        let mut limited = (&mut self.reader).take(MAX_LINE_BYTES as u64 + 1);
        let n = match limited.read_until(b'\n', buf) {
            Ok(n) => n,
            Err(e) => return Err(self.damaged(e)),
        };
        if n == 0 {
            return Ok(false);
        }
        self.line += 1;
        if n > MAX_LINE_BYTES {
            return Err(Error::LongLine {
                path: self.path.clone(),
                line: self.line,
            });
        }
        if buf.last() == Some(&b'\n') {
            buf.pop();
            if buf.last() == Some(&b'\r') {
                buf.pop();
            }
        }
        Ok(true)
    }

    /// Reads the rest of the file.
    ///
    /// # Errors
    /// When the file is damaged, or unpacks to more than [`MAX_UNPACKED_BYTES`].
    pub fn read_all(&mut self) -> Result<Vec<u8>> {
        match self.n_compressed {
            Some(_) => self.read_at_most(MAX_UNPACKED_BYTES),
            None => self.read_at_most(u64::MAX), // no larger than it is on disk
        }
    }

    fn read_at_most(&mut self, max: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.reader).take(max.saturating_add(1));
        if let Err(e) = limited.read_to_end(&mut bytes) {
            return Err(self.damaged(e));
        }
        if bytes.len() as u64 > max {
            return Err(Error::TooLarge {
                path: self.path.clone(),
            });
        }
        Ok(bytes)
    }

    fn damaged(&self, source: io::Error) -> Error {
        match &self.n_compressed {
            Some(n) if source.raw_os_error().is_none() => Error::Damaged {
                path: self.path.clone(),
                offset: n.load(Ordering::Relaxed),
                source,
            },
            _ => Error::io(&self.path, "read", source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::replace_bytes;

    #[test]
    fn no_more_is_unpacked_than_was_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zst");
        replace_bytes(&path, &zstd::encode_all(&[0; 1000][..], 1).unwrap()).unwrap();
        let read = |max| Source::open(&path).unwrap().read_at_most(max);
        assert_eq!(read(1000).unwrap(), [0; 1000]);
        assert!(matches!(read(999), Err(Error::TooLarge { .. })));
    }
}
