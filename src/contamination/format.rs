//! The index on disk, little-endian: `EUNGRAMS`, `u32` version 2, `u32` lengths k, k × `u32`
//! lengths, `u32` sets, `u32` items, `u32` rows, `u64` entries; sets (`u32` items, short ones,
//! common runs, and the name); items (`u32` set, and the id); rows (`u32` item, part, words, k ×
//! `u32` runs); entries × `u64` hashes, ascending; entries × `u32` rows; xxh3 of all before. A
//! name or id is a `u32` length in bytes and UTF-8.

use std::io::{self, Write};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::build::MAX_LENGTH;
use super::index::{Benchmark, Index, Row};
use crate::disk;

const MAGIC: &[u8; 8] = b"EUNGRAMS";
const VERSION: u32 = 2;
/// Most lengths of runs an index may have.
const MAX_LENGTHS: u32 = 16;

/// A file that is no index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an index of evaluation sets: byte {offset}: {what}")]
pub struct FormatError {
    /// Where.
    pub offset: usize,
    /// What is wrong.
    pub what: &'static str,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &'static str) -> FormatError {
        let offset = self.at;
        FormatError { offset, what }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], FormatError> {
        let end = self
            .at
            .checked_add(n)
            .filter(|end| *end <= self.bytes.len());
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| self.wrong("the file ends early"))?;
        self.at += n;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, FormatError> {
        let four = self.take(4)?.try_into();
        four.map(u32::from_le_bytes)
            .map_err(|_| self.wrong("no number"))
    }

    fn u64(&mut self) -> Result<u64, FormatError> {
        let eight = self.take(8)?.try_into();
        eight
            .map(u64::from_le_bytes)
            .map_err(|_| self.wrong("no number"))
    }

    fn text(&mut self) -> Result<String, FormatError> {
        let n = self.u32()? as usize;
        let bytes = self.take(n)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.wrong("a name that is no UTF-8"))
    }

    /// A number of things of at least `size` bytes each, checked against what is left.
    fn count(&mut self, n: u64, size: usize) -> Result<usize, FormatError> {
        let left = self.bytes.len() - self.at;
        let n = usize::try_from(n).ok().filter(|n| *n <= left / size);
        n.ok_or_else(|| self.wrong("more announced than there is"))
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> Result<u32, FormatError> {
        let n = self.u32()?;
        match (n as usize) < limit {
            true => Ok(n),
            false => Err(self.wrong("points to what is not there")),
        }
    }
}

impl Index {
    /// Reads an index; any bytes that are not one are an error.
    ///
    /// # Errors
    /// When the file is damaged, cut, or of another kind or version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader { bytes, at: 0 };
        if r.take(8)? != MAGIC {
            return Err(FormatError {
                offset: 0,
                what: "it does not begin as one",
            });
        }
        if r.u32()? != VERSION {
            return Err(r.wrong("a version that is not known"));
        }
        let (body, sum) = bytes.split_at(bytes.len().saturating_sub(8));
        if sum != xxh3_64(body).to_le_bytes() {
            return Err(r.wrong("its sum is not that of its contents"));
        }
        r.bytes = body;
        let k = r.u32()?;
        if k == 0 || k > MAX_LENGTHS {
            return Err(r.wrong("no lengths, or too many"));
        }
        let lengths = (0..k).map(|_| r.u32()).collect::<Result<Vec<u32>, _>>()?;
        let in_bounds = |n: &u32| (1..=MAX_LENGTH).contains(n);
        if !lengths.iter().all(in_bounds) || !lengths.is_sorted_by(|a, b| a < b) {
            return Err(r.wrong("lengths that do not ascend, or are too long"));
        }
        let [n_sets, n_items, n_rows] = [r.u32()?, r.u32()?, r.u32()?].map(u64::from);
        let n_entries = r.u64()?;
        let n_sets = r.count(n_sets, 16)?;
        let set = |r: &mut Reader<'_>| {
            Ok(Benchmark {
                n_items: r.u32()?,
                n_short: r.u32()?,
                n_common: r.u32()?,
                name: r.text()?,
            })
        };
        let benchmarks: Vec<Benchmark> =
            (0..n_sets).map(|_| set(&mut r)).collect::<Result<_, _>>()?;
        let n_items = r.count(n_items, 8)?;
        let item = |r: &mut Reader<'_>| Ok((r.below(n_sets)?, r.text()?));
        let items: Vec<(u32, String)> = (0..n_items)
            .map(|_| item(&mut r))
            .collect::<Result<_, _>>()?;
        if !items.is_sorted() {
            return Err(r.wrong("items that are not in order"));
        }
        let n_rows = r.count(n_rows, 12 + 4 * lengths.len())?;
        let row = |r: &mut Reader<'_>| {
            let item = r.below(n_items)?;
            let benchmark = items.get(item as usize).map_or(0, |(set, _)| *set);
            let (part, n_words) = (r.u32()?, r.u32()?);
            let n_runs: Vec<u32> = lengths.iter().map(|_| r.u32()).collect::<Result<_, _>>()?;
            let row = Row {
                benchmark,
                item,
                part,
                n_words,
                n_runs,
            };
            // Every length asked costs time with every text: only those that can be are read.
            match row.is_whole() && lengths.first().is_some_and(|n| n_words >= *n) {
                true => Err(r.wrong("a part matched as a whole that is longer than a run")),
                false => Ok(row),
            }
        };
        let rows: Vec<Row> = (0..n_rows).map(|_| row(&mut r)).collect::<Result<_, _>>()?;
        let n = r.count(n_entries, 12)?;
        let hashes: Vec<u64> = (0..n).map(|_| r.u64()).collect::<Result<_, _>>()?;
        if !hashes.is_sorted() {
            return Err(r.wrong("hashes that do not ascend"));
        }
        let row_of: Vec<u32> = (0..n).map(|_| r.below(n_rows)).collect::<Result<_, _>>()?;
        if r.at != body.len() {
            return Err(r.wrong("more bytes than announced"));
        }
        Ok(Index::assemble(
            lengths, benchmarks, items, rows, hashes, row_of,
        ))
    }

    /// The index as it is on disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.items.len() * 48 + self.hashes.len() * 12);
        let number = |out: &mut Vec<u8>, n: u32| out.extend(n.to_le_bytes());
        let text = |out: &mut Vec<u8>, text: &str| {
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.as_bytes());
        };
        out.extend(MAGIC);
        number(&mut out, VERSION);
        number(&mut out, self.lengths.len() as u32);
        self.lengths.iter().for_each(|n| number(&mut out, *n));
        for n in [self.benchmarks.len(), self.items.len(), self.rows.len()] {
            number(&mut out, n as u32);
        }
        out.extend((self.hashes.len() as u64).to_le_bytes());
        for set in &self.benchmarks {
            [set.n_items, set.n_short, set.n_common]
                .iter()
                .for_each(|n| number(&mut out, *n));
            text(&mut out, &set.name);
        }
        for (set, id) in &self.items {
            number(&mut out, *set);
            text(&mut out, id);
        }
        for row in &self.rows {
            [row.item, row.part, row.n_words]
                .iter()
                .for_each(|n| number(&mut out, *n));
            row.n_runs.iter().for_each(|n| number(&mut out, *n));
        }
        self.hashes
            .iter()
            .for_each(|hash| out.extend(hash.to_le_bytes()));
        self.row_of.iter().for_each(|row| number(&mut out, *row));
        out.extend(xxh3_64(&out).to_le_bytes());
        out
    }

    /// Reads an index from a file, which may be compressed.
    ///
    /// # Errors
    /// When it cannot be read, or is no index.
    pub fn open(path: &Path) -> disk::Result<Self> {
        let bytes = disk::read(path)?;
        Index::from_bytes(&bytes).map_err(|e| {
            disk::Error::io(path, "read", io::Error::new(io::ErrorKind::InvalidData, e))
        })
    }

    /// Writes the index to a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> disk::Result<()> {
        disk::replace(path, |w| w.write_all(&self.to_bytes()))
    }
}
