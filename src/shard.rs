//! Token files in Megatron's layout: `<name>.bin` holds token ids, `<name>.idx` where documents
//! begin. Written by the data room, read by the engine: the contract between them.
//!
//! `.idx` is little-endian: `MMIDIDX\0\0`, `u64` version 1, `u8` type code (8 = `u16`, 4 = `i32`),
//! `u64` sequences n, `u64` documents + 1, n × `i32` lengths in tokens, n × `i64` byte offsets
//! into `.bin`, then the document index (`i64`, first sequence of each document, and n at the
//! end). Europium writes one sequence a document, each with its end-of-text token last, so files
//! made here train on Megatron-LM and GPT-NeoX unchanged, and theirs here.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::{self, Mapped};
use crate::fault::{Fault, Kind};

mod datatrove;
mod olmo;

pub use olmo::Origin;

const MAGIC: &[u8; 9] = b"MMIDIDX\0\0";
const HEADER_BYTES: usize = 9 + 8 + 1 + 8 + 8;

/// A pair of token files that does not hold what it says.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// A file is not what it claims to be.
    #[error("{}: byte {offset}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong.
        what: String,
    },
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Error::Disk(e) => e.kind(),
            Error::Damaged { .. } => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Disk(e) => e.hint(),
            Error::Damaged { .. } => Some("prepare the data again with `eu prepare`".into()),
        }
    }
}

/// How a token is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    U16,
    I32,
}

impl Width {
    fn for_vocab(n_vocab: usize) -> Self {
        if n_vocab <= usize::from(u16::MAX) + 1 {
            Width::U16
        } else {
            Width::I32
        }
    }

    fn code(self) -> u8 {
        match self {
            Width::U16 => 8,
            Width::I32 => 4,
        }
    }

    fn len_bytes(self) -> usize {
        match self {
            Width::U16 => 2,
            Width::I32 => 4,
        }
    }
}

/// Writes the documents of one shard, one after the other; in memory are only their lengths.
pub struct Writer {
    stem: PathBuf,
    width: Width,
    bin: disk::Making,
    lens: Vec<i32>,
    n_tokens: u64,
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins the shard `<stem>.bin`, `<stem>.idx` for ids below `n_vocab`.
    ///
    /// # Errors
    /// When the folder is not writable.
    pub fn new(stem: &Path, n_vocab: usize) -> Result<Self, Error> {
        Ok(Writer {
            stem: stem.into(),
            width: Width::for_vocab(n_vocab),
            bin: disk::Making::new(&with_suffix(stem, "bin"))?,
            lens: Vec::new(),
            n_tokens: 0,
            bytes: Vec::new(),
        })
    }

    /// Adds one document; the caller has put the end-of-text token last.
    ///
    /// # Errors
    /// When the disk is full, or the document has more tokens than the format can say.
    pub fn push(&mut self, tokens: &[u32]) -> Result<(), Error> {
        let written = |e| disk::Error::io(&with_suffix(&self.stem, "bin"), "write", e);
        let len = i32::try_from(tokens.len())
            .map_err(|_| written(std::io::Error::other("a document of more than 2^31 tokens")))?;
        self.bytes.clear();
        match self.width {
            Width::U16 => {
                let narrow = tokens.iter().flat_map(|t| (*t as u16).to_le_bytes());
                self.bytes.extend(narrow);
            }
            Width::I32 => {
                let wide = tokens.iter().flat_map(|t| (*t as i32).to_le_bytes());
                self.bytes.extend(wide);
            }
        }
        self.bin.write_all(&self.bytes).map_err(written)?;
        self.lens.push(len);
        self.n_tokens += tokens.len() as u64;
        Ok(())
    }

    /// Tokens so far.
    pub fn n_tokens(&self) -> u64 {
        self.n_tokens
    }

    /// Documents so far.
    pub fn n_docs(&self) -> u64 {
        self.lens.len() as u64
    }

    /// Gives both files their names; the index last, so a shard without one is unfinished.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        self.bin.finish()?;
        disk::replace(&with_suffix(&self.stem, "idx"), |w| {
            w.write_all(MAGIC)?;
            w.write_all(&1u64.to_le_bytes())?;
            w.write_all(&[self.width.code()])?;
            w.write_all(&(self.lens.len() as u64).to_le_bytes())?;
            w.write_all(&(self.lens.len() as u64 + 1).to_le_bytes())?;
            for len in &self.lens {
                w.write_all(&len.to_le_bytes())?;
            }
            let mut offset = 0i64;
            for len in &self.lens {
                w.write_all(&offset.to_le_bytes())?;
                offset += i64::from(*len) * self.width.len_bytes() as i64;
            }
            (0..=self.lens.len() as i64).try_for_each(|doc| w.write_all(&doc.to_le_bytes()))
        })?;
        Ok(())
    }
}

/// A shard opened for reading: a stream of tokens cut into documents.
pub struct Shard {
    tokens: Mapped,
    width: Width,
    /// Token position where each document begins, and the number of tokens at the end.
    starts: Vec<u64>,
}

impl Shard {
    /// Opens `<stem>.bin` and `<stem>.idx` and checks that they belong together.
    ///
    /// # Errors
    /// When a file is absent or does not hold what it says.
    pub fn open(stem: &Path) -> Result<Self, Error> {
        let idx_path = with_suffix(stem, "idx");
        let idx = disk::read(&idx_path)?;
        let tokens = Mapped::open(&with_suffix(stem, "bin"))?;
        let damaged = |offset: usize, what: String| Error::Damaged {
            path: idx_path.clone(),
            offset: offset as u64,
            what,
        };
        if idx.len() < HEADER_BYTES || &idx[..9] != MAGIC {
            return Err(damaged(0, "not a Megatron index".into()));
        }
        if read_u64(&idx, 9) != 1 {
            return Err(damaged(
                9,
                format!("version {} is not known", read_u64(&idx, 9)),
            ));
        }
        let width = match idx[17] {
            8 => Width::U16,
            4 => Width::I32,
            code => return Err(damaged(17, format!("token type code {code} is not known"))),
        };
        let (n, n_docs) = (read_u64(&idx, 18), read_u64(&idx, 26));
        let expected = n.checked_mul(12).zip(n_docs.checked_mul(8));
        let expected =
            expected.and_then(|(a, b)| a.checked_add(b)?.checked_add(HEADER_BYTES as u64));
        if expected != Some(idx.len() as u64) {
            return Err(damaged(
                18,
                format!(
                    "{n} sequences and {n_docs} documents do not fit the file's {} bytes",
                    idx.len()
                ),
            ));
        }
        let n = n as usize;
        let (lens_at, ptrs_at) = (HEADER_BYTES, HEADER_BYTES + 4 * n);
        let mut starts = Vec::with_capacity(n + 1);
        let mut at = 0u64;
        for i in 0..n {
            let len = i32::from_le_bytes(idx[lens_at + 4 * i..][..4].try_into().expect("4 bytes"));
            let ptr = read_u64(&idx, ptrs_at + 8 * i);
            if len < 0 || ptr != at * width.len_bytes() as u64 {
                return Err(damaged(
                    ptrs_at + 8 * i,
                    format!("sequence {i} does not follow the one before"),
                ));
            }
            starts.push(at);
            at += len as u64;
        }
        starts.push(at);
        if at * width.len_bytes() as u64 != tokens.len() as u64 {
            return Err(damaged(
                lens_at,
                format!(
                    "{at} tokens announced, {} bytes of tokens found",
                    tokens.len()
                ),
            ));
        }
        Ok(Shard {
            tokens,
            width,
            starts,
        })
    }

    /// Tokens in the shard.
    pub fn n_tokens(&self) -> u64 {
        self.starts[self.starts.len() - 1]
    }

    /// Documents in the shard.
    pub fn n_docs(&self) -> usize {
        self.starts.len() - 1
    }

    /// Token positions of document `doc`.
    pub fn doc(&self, doc: usize) -> std::ops::Range<u64> {
        self.starts[doc]..self.starts[doc + 1]
    }

    /// Copies the tokens at `range` into `out`, which is cleared first.
    pub fn read(&self, range: std::ops::Range<u64>, out: &mut Vec<u32>) {
        out.clear();
        let width = self.width.len_bytes();
        let bytes = &self.tokens[range.start as usize * width..range.end as usize * width];
        match self.width {
            Width::U16 => out.extend(
                bytes
                    .chunks_exact(2)
                    .map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))),
            ),
            Width::I32 => out.extend(
                bytes
                    .chunks_exact(4)
                    .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]) as u32),
            ),
        }
    }

    /// The largest id in the shard, to check it against a vocabulary; none when it is empty.
    pub fn max_token(&self) -> Option<u32> {
        let mut all = Vec::new();
        (0..self.n_tokens())
            .step_by(1 << 20)
            .filter_map(|at| {
                self.read(at..(at + (1 << 20)).min(self.n_tokens()), &mut all);
                all.iter().copied().max()
            })
            .max()
    }
}

/// One language of a prepared folder: a row of `mix.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixRow {
    /// Code of the language; its shards are `tokens/{train,valid}/<lang>.{bin,idx}`.
    pub lang: String,
    /// Documents to train on, those that are repeated as often as they are.
    pub n_docs: u64,
    /// Documents to train on, each once.
    #[serde(default)]
    pub n_unique: u64,
    /// Tokens to train on, end-of-text tokens included.
    pub n_tokens: u64,
    /// Bytes of UTF-8 they stand for.
    pub n_bytes: u64,
    /// Share of the language in the training mix; the rows sum to 1.
    pub weight: f64,
    /// How often its tokens are seen when the whole budget is used.
    pub epochs: f64,
}

/// `mix.json` of a prepared folder: how much of each language a run should see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// `mix/1`.
    pub schema: String,
    /// Tokens of the whole mix, repetitions included.
    pub budget_tokens: u64,
    /// One row a language that has text, in the order of the language table.
    pub rows: Vec<MixRow>,
}

impl Mix {
    /// Name of the file in a prepared folder.
    pub const NAME: &str = "mix.json";

    /// Reads the mix of a prepared folder.
    ///
    /// # Errors
    /// When the file is absent or not a mix.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(Self::NAME);
        let bytes = disk::read(&path)?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Damaged {
            path,
            offset: e.column() as u64,
            what: format!("not a mix: {e}"),
        })
    }

    /// Writes the mix of a prepared folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        Ok(disk::replace_json(&folder.join(Self::NAME), self)?)
    }
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"))
}

/// `deu_Latn` and `bin` give `deu_Latn.bin`.
fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_os_string();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n_vocab: usize, docs: &[Vec<u32>]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("xx_Latn");
        let mut writer = Writer::new(&stem, n_vocab).unwrap();
        docs.iter().for_each(|doc| writer.push(doc).unwrap());
        writer.finish().unwrap();
        (folder, stem)
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(
            docs in proptest::collection::vec(proptest::collection::vec(0u32..70_000, 0..9), 0..9),
        ) {
            let (_folder, stem) = sample(70_000, &docs);
            let shard = Shard::open(&stem).unwrap();
            let mut out = Vec::new();
            let read: Vec<Vec<u32>> = (0..shard.n_docs())
                .map(|doc| { shard.read(shard.doc(doc), &mut out); out.clone() })
                .collect();
            proptest::prop_assert_eq!(read, docs);
        }
    }

    #[test]
    fn the_index_has_megatrons_bytes() {
        let (_folder, stem) = sample(65_536, &[vec![1, 65_535], vec![7]]);
        let idx = std::fs::read(with_suffix(&stem, "idx")).unwrap();
        let mut expected = b"MMIDIDX\0\0".to_vec();
        expected.extend([1, 0, 0, 0, 0, 0, 0, 0, 8]);
        expected.extend(2u64.to_le_bytes());
        expected.extend(3u64.to_le_bytes());
        expected.extend([2i32, 1].iter().flat_map(|n| n.to_le_bytes()));
        expected.extend([0i64, 4, 0, 1, 2].iter().flat_map(|n| n.to_le_bytes()));
        assert_eq!(idx, expected);
        assert_eq!(
            std::fs::read(with_suffix(&stem, "bin")).unwrap(),
            [1, 0, 255, 255, 7, 0]
        );
    }

    #[test]
    fn a_torn_shard_is_reported_with_its_path() {
        let (_folder, stem) = sample(100, &[vec![1, 2, 3], vec![4]]);
        for (suffix, whole) in
            ["bin", "idx"].map(|s| (s, std::fs::read(with_suffix(&stem, s)).unwrap()))
        {
            let path = with_suffix(&stem, suffix);
            for cut in 0..whole.len() {
                disk::replace_bytes(&path, &whole[..cut]).unwrap();
                let error = Shard::open(&stem).err().expect("a cut file is refused");
                assert!(error.to_string().contains("xx_Latn"), "{error}");
            }
            disk::replace_bytes(&path, &whole).unwrap();
        }
        assert_eq!(Shard::open(&stem).unwrap().max_token(), Some(4));
    }
}
