//! Reads a file of importance, whichever form it has.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Entry, Imatrix, legacy};
use crate::disk::Mapped;
use crate::engine::gguf::{Header, Metadata, TensorInfo};
use crate::engine::{Error, Result};

/// What a file in GGUF form begins with.
const MAGIC: &[u8] = b"GGUF";
/// Ends of the names of the two tensors of an entry.
pub(super) const SUMS: &str = ".in_sum2";
pub(super) const COUNTS: &str = ".counts";
/// Keys of the metadata.
pub(super) const DATASETS: &str = "imatrix.datasets";
pub(super) const CHUNK_COUNT: &str = "imatrix.chunk_count";
pub(super) const CHUNK_SIZE: &str = "imatrix.chunk_size";
/// Keys of our own: languages of the text, tokens of each, and the hash of the text.
pub(super) const LANGUAGES: &str = "europium.imatrix.languages";
pub(super) const TOKENS: &str = "europium.imatrix.tokens";
pub(super) const TEXT: &str = "europium.imatrix.text_sha256";
/// Largest count: every whole number up to it is exact in f64, and far above any text.
const MAX_COUNT: f32 = 9e15;

impl Imatrix {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is no file of importance.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(path, &Mapped::open(path)?)
    }

    /// Reads the bytes of the file at `path`.
    ///
    /// # Errors
    /// When they are no file of importance, or one that is cut or contradicts itself.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        match bytes.starts_with(MAGIC) {
            true => from_gguf(path, bytes),
            false => legacy::parse(path, bytes),
        }
    }
}

fn from_gguf(path: &Path, bytes: &[u8]) -> Result<Imatrix> {
    let header = Header::parse(path, bytes)?;
    let metadata = &header.metadata;
    let count = |key: &str| -> Result<u32> {
        let n = metadata.required(key, metadata.u64(key)?)?;
        u32::try_from(n).map_err(|_| Error::damaged(path, format!("{key} is {n}")))
    };
    let datasets = metadata.required(DATASETS, metadata.texts(DATASETS)?)?;
    let mut imatrix = Imatrix {
        datasets: datasets.iter().map(str::to_owned).collect(),
        n_chunks: count(CHUNK_COUNT)?,
        chunk_tokens: count(CHUNK_SIZE)?,
        entries: BTreeMap::new(),
        languages: languages(path, metadata)?,
        text_sha256: metadata.str(TEXT)?.map(str::to_owned),
    };
    let named = header.tensors.iter().map(|t| (t.name.as_str(), t));
    let tensors: BTreeMap<&str, &TensorInfo> = named.collect();
    for tensor in &header.tensors {
        let lacks = |end: &str| {
            let what = format!("tensor {:?} has no {end:?} beside it", tensor.name);
            Error::damaged(path, what)
        };
        if let Some(name) = tensor.name.strip_suffix(COUNTS) {
            if !tensors.contains_key(format!("{name}{SUMS}").as_str()) {
                return Err(lacks(SUMS));
            }
            continue;
        }
        let Some(name) = tensor.name.strip_suffix(SUMS) else {
            continue; // of another program
        };
        let counts = tensors.get(format!("{name}{COUNTS}").as_str());
        let counts = counts.ok_or_else(|| lacks(COUNTS))?;
        let sums = numbers(path, bytes, tensor)?;
        let entry = entry(path, name, sums, &numbers(path, bytes, counts)?)?;
        imatrix.entries.insert(name.into(), entry);
    }
    if imatrix.entries.is_empty() {
        return Err(Error::damaged(path, "there is no importance in it"));
    }
    Ok(imatrix)
}

/// The languages of the text, each with its tokens.
fn languages(path: &Path, metadata: &Metadata) -> Result<Vec<(String, u64)>> {
    let codes = metadata.texts(LANGUAGES)?.into_iter();
    let codes: Vec<String> = codes
        .flat_map(|t| t.iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let counts = metadata.i64s(TOKENS)?.unwrap_or_default();
    if counts.len() != codes.len() || counts.iter().any(|n| *n < 0) {
        let what = format!("{TOKENS} has not one count for each of {LANGUAGES}");
        return Err(Error::damaged(path, what));
    }
    Ok(codes
        .into_iter()
        .zip(counts.into_iter().map(|n| n as u64))
        .collect())
}

fn numbers(path: &Path, bytes: &[u8], tensor: &TensorInfo) -> Result<Vec<f32>> {
    if tensor.kind.name != "F32" {
        let what = format!("tensor {:?} is {}, not F32", tensor.name, tensor.kind.name);
        return Err(Error::damaged(path, what));
    }
    let numbers = bytes[tensor.range.clone()].as_chunks().0.iter();
    Ok(numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// An entry whose numbers make sense.
fn entry(path: &Path, name: &str, sums: Vec<f32>, counts: &[f32]) -> Result<Entry> {
    if let Some(count) = counts.iter().find(|n| !(0.0..=MAX_COUNT).contains(*n)) {
        return Err(Error::damaged(path, format!("{name}: a count is {count}")));
    }
    let counts: Vec<u64> = counts.iter().map(|n| n.round() as u64).collect();
    check(path, name, &sums, counts.len())?;
    Ok(Entry { sums, counts })
}

/// Refuses sums that are no sums of squares, or not a whole number of columns for each count.
pub(super) fn check(path: &Path, name: &str, sums: &[f32], n_counts: usize) -> Result<()> {
    if let Some(sum) = sums.iter().find(|x| !(0.0..=f32::MAX).contains(*x)) {
        let what = format!("{name}: a sum of squares is {sum}");
        return Err(Error::damaged(path, what));
    }
    if n_counts == 0 || !sums.len().is_multiple_of(n_counts) {
        let n = sums.len();
        let what = format!("{name}: {n} sums cannot be shared among {n_counts} counts");
        return Err(Error::damaged(path, what));
    }
    Ok(())
}
