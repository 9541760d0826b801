//! The older form, `.dat`: entries one after the other, then how and of what they were made.
//!
//! Of an entry: length of its name, name, number of calls, number of columns, and for each column
//! the mean of x² times the calls. At the end, in files that have it: the number of chunks, the
//! length of the name of the text, and the name. All numbers are 32 bits, little-endian.

use std::path::Path;

use super::read::check;
use super::{Entry, Imatrix};
use crate::engine::{Error, Result};

/// Most entries.
const MAX_ENTRIES: usize = 1 << 16;
/// Longest name of a matrix or of a text.
const MAX_NAME: usize = (1 << 16) - 1;

/// What is left of the file.
struct Reader<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn damaged(&self, what: impl std::fmt::Display) -> Error {
        Error::damaged(self.path, format!("byte {}: {what}", self.at))
    }

    fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8]> {
        let left = self.bytes.len() - self.at;
        if n > left {
            let whole = format!("the file ends inside of {what}: {n} bytes wanted, {left} left");
            return Err(self.damaged(whole));
        }
        let taken = &self.bytes[self.at..self.at + n];
        self.at += n;
        Ok(taken)
    }

    fn number(&mut self, what: &str) -> Result<i32> {
        let bytes = self.take(4, what)?;
        Ok(i32::from_le_bytes(
            bytes.try_into().expect("took four bytes"),
        ))
    }

    /// A count of `min` to `max`.
    fn count(&mut self, what: &str, min: usize, max: usize) -> Result<usize> {
        let n = self.number(what)?;
        let count = usize::try_from(n).ok();
        let count = count.filter(|n| (min..=max).contains(n));
        count.ok_or_else(|| self.damaged(format!("{what} is {n}, outside of {min}..={max}")))
    }

    fn text(&mut self, what: &str, min: usize) -> Result<String> {
        let len = self.count(&format!("the length of {what}"), min, MAX_NAME)?;
        let bytes = self.take(len, what)?;
        // Names of texts are paths, which need not be UTF-8.
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// Reads the bytes of a `.dat` file.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Imatrix> {
    let mut reader = Reader { path, bytes, at: 0 };
    let n_entries = reader.count("the number of entries", 1, MAX_ENTRIES)?;
    let mut imatrix = Imatrix::default();
    for _ in 0..n_entries {
        let name = reader.text("the name of a matrix", 1)?;
        let n_calls = reader.number("the number of calls")?;
        let left = bytes.len() - reader.at;
        let n = reader.count("the number of columns", 1, left / 4)?;
        let sums = reader.take(4 * n, &name)?.as_chunks().0.iter();
        let sums: Vec<f32> = sums.map(|bytes| f32::from_le_bytes(*bytes)).collect();
        check(path, &name, &sums, 1)?;
        // Where the number of calls is not known the sums are means already.
        let counts = vec![u64::try_from(n_calls).unwrap_or(0).max(1)];
        let entry = Entry { sums, counts };
        if imatrix.entries.insert(name.clone(), entry).is_some() {
            return Err(reader.damaged(format!("{name:?} is there twice")));
        }
    }
    if reader.at < bytes.len() {
        let n_chunks = reader.number("the number of chunks")?;
        imatrix.n_chunks = u32::try_from(n_chunks).unwrap_or(0);
        let text = reader.text("the name of the text", 0)?;
        imatrix
            .datasets
            .extend(Some(text).filter(|text| !text.is_empty()));
    }
    Ok(imatrix)
}
