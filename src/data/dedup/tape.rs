//! Rows on disk one after the other, in a file without a name that goes when it is dropped, or
//! when the process is killed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::row::Field;
use crate::data::error::{Error, Result};
use crate::disk;

/// Bytes written at a time.
const WRITE_BYTES: usize = 1 << 18;

/// A file of rows that grows at its end and can be read from any row on.
pub(super) struct Tape<T> {
    work: PathBuf,
    file: File,
    n_written: u64,
    buffer: Vec<u8>,
    rows: PhantomData<T>,
}

impl<T: Field> Tape<T> {
    /// An empty tape in the folder `work`.
    pub(super) fn new(work: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(work).map_err(|e| disk::Error::io(work, "create", e))?;
        Ok(Tape {
            work: work.into(),
            file,
            n_written: 0,
            buffer: Vec::new(),
            rows: PhantomData,
        })
    }

    /// Bytes on the tape: where the next row will lie.
    pub(super) fn end(&self) -> u64 {
        self.n_written + self.buffer.len() as u64
    }

    /// Appends a row.
    pub(super) fn push(&mut self, row: &T) -> Result<()> {
        row.put(&mut self.buffer);
        if self.buffer.len() >= WRITE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is held back; before anything is read.
    pub(super) fn flush(&mut self) -> Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.n_written))
            .and_then(|_| file.write_all(&self.buffer))
            .map_err(|e| disk::Error::io(&self.work, "write", e))?;
        self.n_written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Reads the rows from `start` to `end`, `buffer_bytes` at a time.
    pub(super) fn read(&self, start: u64, end: u64, buffer_bytes: usize) -> TapeReader<'_, T> {
        TapeReader {
            tape: self,
            next: start,
            end: end.min(self.n_written),
            buffer: Vec::new(),
            taken: 0,
            buffer_bytes: buffer_bytes.max(64),
        }
    }
}

/// Reads rows off a tape.
pub(super) struct TapeReader<'a, T> {
    tape: &'a Tape<T>,
    /// Where the file is read next.
    next: u64,
    end: u64,
    buffer: Vec<u8>,
    taken: usize,
    buffer_bytes: usize,
}

impl<T: Field> TapeReader<'_, T> {
    /// Where the next row lies.
    pub(super) fn at(&self) -> u64 {
        self.next - (self.buffer.len() - self.taken) as u64
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<T>> {
        loop {
            let mut rest = self.buffer.get(self.taken..).unwrap_or_default();
            if let Some(row) = T::take(&mut rest) {
                self.taken = self.buffer.len() - rest.len();
                return Ok(Some(row));
            }
            if self.next == self.end {
                return match self.taken == self.buffer.len() {
                    true => Ok(None),
                    false => Err(self.failed(std::io::ErrorKind::UnexpectedEof.into())),
                };
            }
            self.fill()?;
        }
    }

    /// Reads on behind what is left of the buffer.
    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let left = self.buffer.len();
        let wanted = self.buffer_bytes.max(left); // a row longer than the buffer doubles it
        let wanted = wanted.min(usize::try_from(self.end - self.next).unwrap_or(usize::MAX));
        self.buffer.resize(left + wanted, 0);
        let mut file = &self.tape.file;
        let target = self.buffer.get_mut(left..).unwrap_or_default();
        let done = file
            .seek(SeekFrom::Start(self.next))
            .and_then(|_| file.read_exact(target));
        done.map_err(|e| self.failed(e))?;
        self.next += wanted as u64;
        Ok(())
    }

    fn failed(&self, source: std::io::Error) -> Error {
        disk::Error::io(&self.tape.work, "read back from", source).into()
    }
}
