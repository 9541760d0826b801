//! Files of records in blocks with checksums: sketches, fates, counts of paragraphs.
//!
//! A file is eight bytes of magic, the length of a header (u32), the header and its checksum;
//! then blocks of a length in bytes (u32), a number of records (u32), a checksum and the records;
//! at the end a block without records whose eight bytes are the number of all records. Numbers
//! are little-endian, checksums are xxh3_64 seeded with the number of the block, so that blocks
//! cannot change places unseen.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::row::Field;
use crate::data::error::{Error, Result};
use crate::disk;

/// Bytes after which a block ends.
const BLOCK_BYTES: usize = 1 << 18;
/// Longest block or header that is read, in bytes.
const MAX_BLOCK_BYTES: usize = 4 << 20;
/// Number of the header where checksums are made.
const HEADER: u64 = u64::MAX;

/// Writes records.
pub(super) struct BlockWriter<W> {
    out: W,
    block: Vec<u8>,
    n_block: u32,
    n_records: u64,
    n_blocks: u64,
}

impl<W: Write> BlockWriter<W> {
    /// Begins a file.
    pub(super) fn new(mut out: W, magic: &[u8; 8], header: &[u8]) -> io::Result<Self> {
        out.write_all(magic)?;
        out.write_all(&(header.len() as u32).to_le_bytes())?;
        out.write_all(header)?;
        out.write_all(&xxh3_64_with_seed(header, HEADER).to_le_bytes())?;
        Ok(BlockWriter {
            out,
            block: Vec::new(),
            n_block: 0,
            n_records: 0,
            n_blocks: 0,
        })
    }

    /// Appends the record that `put` writes; a few hundred kilobytes at most.
    pub(super) fn push(&mut self, put: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        put(&mut self.block);
        self.n_block += 1;
        self.n_records += 1;
        match self.block.len() >= BLOCK_BYTES {
            true => self.end_block(),
            false => Ok(()),
        }
    }

    fn end_block(&mut self) -> io::Result<()> {
        let checksum = xxh3_64_with_seed(&self.block, self.n_blocks);
        self.out
            .write_all(&(self.block.len() as u32).to_le_bytes())?;
        self.out.write_all(&self.n_block.to_le_bytes())?;
        self.out.write_all(&checksum.to_le_bytes())?;
        self.out.write_all(&self.block)?;
        self.block.clear();
        self.n_block = 0;
        self.n_blocks += 1;
        Ok(())
    }

    /// Ends the file; how many records it has.
    pub(super) fn finish(self) -> io::Result<u64> {
        self.into_inner().map(|(n_records, _)| n_records)
    }

    /// Ends the file; how many records it has, and what it was written to.
    pub(super) fn into_inner(mut self) -> io::Result<(u64, W)> {
        if self.n_block > 0 {
            self.end_block()?;
        }
        self.n_records.put(&mut self.block);
        self.end_block()?;
        self.out.flush()?;
        Ok((self.n_records, self.out))
    }
}

/// Reads records; every block is checked before any record of it is believed.
pub(super) struct BlockReader<R> {
    path: PathBuf,
    from: R,
    block: Vec<u8>,
    taken: usize,
    /// Records of the block that are still to come.
    n_left: u32,
    n_records: u64,
    n_blocks: u64,
    is_done: bool,
}

impl<R: Read> BlockReader<R> {
    /// Begins to read, and gives the header; `path` is for messages.
    pub(super) fn new(path: &Path, from: R, magic: &[u8; 8]) -> Result<(Self, Vec<u8>)> {
        let mut reader = BlockReader {
            path: path.into(),
            from,
            block: Vec::new(),
            taken: 0,
            n_left: 0,
            n_records: 0,
            n_blocks: 0,
            is_done: false,
        };
        if reader.array::<8>()? != *magic {
            let name = String::from_utf8_lossy(magic);
            return Err(reader.damaged(format!("this is no {} file", name.trim_end_matches('\0'))));
        }
        let len = u32::from_le_bytes(reader.array()?);
        let header = reader.bytes(len)?;
        if u64::from_le_bytes(reader.array()?) != xxh3_64_with_seed(&header, HEADER) {
            return Err(reader.damaged("the header is damaged"));
        }
        Ok((reader, header))
    }

    /// The next record, as `take` reads it off the front; none at the end.
    pub(super) fn next<T>(
        &mut self,
        take: impl FnOnce(&mut &[u8]) -> Option<T>,
    ) -> Result<Option<T>> {
        while self.n_left == 0 {
            if self.is_done {
                return Ok(None);
            }
            self.read_block()?;
        }
        let mut rest = self.block.get(self.taken..).unwrap_or_default();
        let Some(record) = take(&mut rest) else {
            return Err(self.damaged("the record is damaged"));
        };
        self.taken = self.block.len() - rest.len();
        self.n_left -= 1;
        self.n_records += 1;
        if self.n_left == 0 && self.taken != self.block.len() {
            return Err(self.damaged("something follows the last record of a block"));
        }
        Ok(Some(record))
    }

    fn read_block(&mut self) -> Result<()> {
        let len = u32::from_le_bytes(self.array()?);
        self.n_left = u32::from_le_bytes(self.array()?);
        let checksum = u64::from_le_bytes(self.array()?);
        self.block = self.bytes(len)?;
        self.taken = 0;
        if xxh3_64_with_seed(&self.block, self.n_blocks) != checksum {
            return Err(self.damaged("the checksum of a block does not hold"));
        }
        self.n_blocks += 1;
        if self.n_left == 0 {
            let mut rest = &self.block[..];
            if u64::take(&mut rest) != Some(self.n_records) || !rest.is_empty() {
                return Err(self.damaged("the number of records does not hold"));
            }
            self.is_done = true;
            let mut one = [0];
            match self.from.read(&mut one) {
                Ok(0) => {}
                Ok(_) => return Err(self.damaged("something follows the end")),
                Err(e) => return Err(self.failed(e)),
            }
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        match self.from.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(e) => Err(self.failed(e)),
        }
    }

    fn bytes(&mut self, len: u32) -> Result<Vec<u8>> {
        if len as usize > MAX_BLOCK_BYTES {
            return Err(self.damaged(format!("a block claims {len} bytes")));
        }
        let mut bytes = std::mem::take(&mut self.block);
        bytes.clear();
        bytes.resize(len as usize, 0);
        match self.from.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(e) => Err(self.failed(e)),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("the file ends too early"),
            _ => disk::Error::io(&self.path, "read", error).into(),
        }
    }

    /// An error about the record that is next.
    pub(super) fn damaged(&self, what: impl Into<String>) -> Error {
        const HINT: &str = "remove the file, and give the command that made it again";
        Error::line(&self.path, self.n_records + 1, what, HINT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: &[u8; 8] = b"EUTEST\0\x01";

    fn written(n: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = BlockWriter::new(&mut out, MAGIC, b"header").unwrap();
        for i in 0..n {
            writer.push(|out| (i, vec![7u8; 20]).put(out)).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), n);
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<(u64, Vec<u8>)>> {
        let (mut reader, header) = BlockReader::new(Path::new("f"), bytes, MAGIC)?;
        assert_eq!(header, b"header");
        let mut rows = Vec::new();
        while let Some(row) = reader.next(Field::take)? {
            rows.push(row);
        }
        Ok(rows)
    }

    #[test]
    fn records_are_read_as_written_over_many_blocks() {
        for n in [0, 1, 30_000] {
            let rows = read(&written(n)).unwrap();
            assert_eq!(rows.len() as u64, n);
            assert!(rows.iter().zip(0..).all(|(row, i)| row.0 == i));
        }
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let bytes = written(3);
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "cut at {len}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit}");
        }
        assert!(read(&[bytes, vec![0]].concat()).is_err());
    }
}
