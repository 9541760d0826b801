//! What became of each document, in a file beside its sketches.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::blocks::{BlockReader, BlockWriter};
use super::row::Field;
use crate::data::error::Result;
use crate::disk;

/// First bytes of a file of fates; the last one is the version.
const MAGIC: &[u8; 8] = b"EUFATES\x01";

/// In which way a document is the copy of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copy {
    /// It comes from the same address.
    Url,
    /// Its text is the same but for white space and composition.
    Exact,
    /// Its text is nearly the same.
    Near,
}

impl Copy {
    /// All of them, in the order they are looked for.
    pub const ALL: [Copy; 3] = [Copy::Url, Copy::Exact, Copy::Near];

    pub(super) fn code(self) -> u8 {
        match self {
            Copy::Url => 1,
            Copy::Exact => 2,
            Copy::Near => 3,
        }
    }

    pub(super) fn of(code: u8) -> Option<Self> {
        Copy::ALL.into_iter().find(|copy| copy.code() == code)
    }
}

/// What became of one document of a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum UnitFate {
    /// It stays.
    Kept {
        /// Documents it stands for, itself included, whatever way they were copies in.
        cluster_size: u64,
    },
    /// Another stays.
    Dropped {
        /// How it was found.
        copy: Copy,
        /// Id of the one that stayed when it was found; of copies found in an earlier way, the
        /// survivor may itself have gone in a later one.
        survivor: String,
        /// Unit of that one: its place among the files of sketches.
        unit: u32,
        /// Its place in the unit.
        index: u32,
        /// Jaccard similarity of the two where texts were compared; below the threshold where a
        /// chain of others joins them. 1 for the same text, 0 for the same address.
        similarity: f64,
    },
}

impl UnitFate {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            UnitFate::Kept { cluster_size } => (0u8, *cluster_size).put(out),
            UnitFate::Dropped {
                copy,
                survivor,
                unit,
                index,
                similarity,
            } => {
                (copy.code(), *unit, *index, similarity.to_bits()).put(out);
                survivor.as_bytes().to_vec().put(out);
            }
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let code = u8::take(from)?;
        if code == 0 {
            let cluster_size = u64::take(from)?;
            return Some(UnitFate::Kept { cluster_size });
        }
        let copy = Copy::of(code)?;
        let (unit, index, similarity, survivor): (u32, u32, u64, Vec<u8>) = Field::take(from)?;
        Some(UnitFate::Dropped {
            copy,
            survivor: String::from_utf8(survivor).ok()?,
            unit,
            index,
            similarity: f64::from_bits(similarity),
        })
    }
}

/// Writes fates in the order of the documents.
pub(super) struct FateWriter<W>(BlockWriter<W>);

impl<W: Write> FateWriter<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        Ok(FateWriter(BlockWriter::new(out, MAGIC, &[])?))
    }

    pub(super) fn push(&mut self, fate: &UnitFate) -> io::Result<()> {
        self.0.push(|out| fate.put(out))
    }

    pub(super) fn finish(self) -> io::Result<u64> {
        self.0.finish()
    }
}

/// Reads fates in the order of the documents.
pub struct FateReader<R>(BlockReader<R>);

impl FateReader<BufReader<File>> {
    /// Opens a file of fates.
    ///
    /// # Errors
    /// When it cannot be read or is no such file.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
        FateReader::new(path, BufReader::with_capacity(1 << 18, file))
    }
}

impl<R: Read> FateReader<R> {
    /// Reads from `from`; `path` is for messages.
    ///
    /// # Errors
    /// As [`FateReader::open`].
    pub fn new(path: &Path, from: R) -> Result<Self> {
        Ok(FateReader(BlockReader::new(path, from, MAGIC)?.0))
    }

    /// The fate of the next document; none at the end.
    ///
    /// # Errors
    /// When the file is damaged.
    #[allow(clippy::should_implement_trait)] // it fails, and nothing comes after a failure
    pub fn next(&mut self) -> Result<Option<UnitFate>> {
        self.0.next(UnitFate::take)
    }
}
