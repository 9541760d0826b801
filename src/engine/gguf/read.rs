//! Reads the header of a GGUF file: metadata and the table of tensors.
//!
//! Nothing in the file is believed: every length is compared with what is left of the file before
//! anything is allocated, sums and products are checked, and every error says at which byte.
//! Layout: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use super::value::Numbers;
use super::{Kind, Metadata, Value, ValueKind};
use crate::engine::{Error, Result};
use crate::vocab::Texts;

/// First bytes of every file.
pub(super) const MAGIC: &[u8; 4] = b"GGUF";
/// Alignment of tensors where the metadata does not say.
pub(super) const DEFAULT_ALIGNMENT: u64 = 32;
/// Key of the alignment of tensors.
pub(super) const ALIGNMENT_KEY: &str = "general.alignment";
/// Most entries of metadata, and most tensors.
const MAX_ENTRIES: u64 = 1 << 16;
/// Longest key and longest name of a tensor; the specification allows keys of 2^16 - 1 bytes.
const MAX_NAME: usize = (1 << 16) - 1;
/// Longest string value: chat templates are some ten kilobytes.
const MAX_STRING: usize = 16 << 20;
/// Most items of all arrays together: the largest vocabularies have three arrays of 2^18.
const MAX_ITEMS: u64 = 1 << 24;
/// Deepest arrays in arrays.
const MAX_DEPTH: u32 = 4;
/// Most dimensions of a tensor; ggml.h, `GGML_MAX_DIMS`.
const MAX_DIMS: u32 = 4;
/// Largest alignment of tensors.
const MAX_ALIGNMENT: u64 = 1 << 20;

/// One row of the table of tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorInfo {
    /// Name.
    pub name: String,
    /// Lengths of its dimensions; the first is that of a row.
    pub dims: Vec<u64>,
    /// Type of its weights.
    pub kind: &'static Kind,
    /// Which file of a split model it is in, from 0.
    pub part: usize,
    /// Its bytes in the file.
    pub range: Range<usize>,
}

impl TensorInfo {
    /// Number of weights.
    pub fn n_weights(&self) -> u64 {
        self.dims.iter().product() // checked when it was read
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Version of the format: 2 or 3.
    pub version: u32,
    /// Keys and values.
    pub metadata: Metadata,
    /// The table of tensors.
    pub tensors: Vec<TensorInfo>,
}

impl Header {
    /// Reads the header of the file whose bytes are `bytes`.
    ///
    /// # Errors
    /// When the bytes are no GGUF file, or one that is cut or contradicts itself.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader {
            path,
            bytes,
            at: 0,
            n_items: 0,
        };
        reader.header()
    }

    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.iter().find(|t| t.name == name)
    }
}

/// A tensor's row before its place in the file is known.
struct Row {
    name: String,
    dims: Vec<u64>,
    kind: &'static Kind,
    offset: u64,
    len_bytes: u64,
    /// Where the row itself is, for errors.
    at: usize,
}

struct Reader<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
    n_items: u64,
}

impl<'a> Reader<'a> {
    fn damaged(&self, at: usize, what: impl std::fmt::Display) -> Error {
        Error::damaged(self.path, format!("byte {at}: {what}"))
    }

    fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8]> {
        let left = self.bytes.len() - self.at;
        if n > left {
            let whole = format!("the file ends inside of {what}: {n} bytes wanted, {left} left");
            return Err(self.damaged(self.at, whole));
        }
        let taken = &self.bytes[self.at..self.at + n];
        self.at += n;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let taken = self.take(N, what)?;
        Ok(taken.try_into().expect("took N bytes"))
    }

    fn u32(&mut self, what: &str) -> Result<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &str) -> Result<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A count that has to fit `max` and, with items of `min_bytes` each, the rest of the file.
    fn count(&mut self, what: &str, max: u64, min_bytes: usize) -> Result<u64> {
        let at = self.at;
        let n = self.u64(what)?;
        let left = (self.bytes.len() - self.at) as u64;
        if n > max {
            return Err(self.damaged(at, format!("{what} is {n}, more than {max}")));
        }
        if n.saturating_mul(min_bytes as u64) > left {
            return Err(self.damaged(at, format!("{what} is {n}, but {left} bytes are left")));
        }
        Ok(n)
    }

    fn string(&mut self, what: &str, max: usize) -> Result<String> {
        let len = self.count(&format!("the length of {what}"), max as u64, 1)?;
        let at = self.at;
        let bytes = self.take(len as usize, what)?;
        let text = std::str::from_utf8(bytes);
        text.map(str::to_owned)
            .map_err(|e| self.damaged(at + e.valid_up_to(), format!("{what} is not UTF-8")))
    }

    fn header(&mut self) -> Result<Header> {
        if self.take(MAGIC.len(), "the magic number")? != MAGIC {
            return Err(self.damaged(0, "this is not a GGUF file"));
        }
        let version = self.u32("the version")?;
        if !(2..=3).contains(&version) {
            let what = match version.swap_bytes() {
                2 | 3 => "big-endian files are not read".into(),
                _ => format!("version {version} is neither 2 nor 3"),
            };
            return Err(self.damaged(4, what));
        }
        // The smallest row of a table: name, dimensions, type, offset; the smallest entry.
        let n_tensors = self.count("the number of tensors", MAX_ENTRIES, 8 + 4 + 8 + 4 + 8)?;
        let n_entries = self.count("the number of metadata entries", MAX_ENTRIES, 8 + 4 + 1)?;
        let metadata = self.metadata(n_entries)?;
        let alignment = self.alignment(&metadata)?;
        let rows = self.rows(n_tensors)?;
        let start = (self.at as u64).next_multiple_of(alignment);
        let place = |row| self.place(row, start, alignment);
        let tensors = rows.into_iter().map(place).collect::<Result<_>>()?;
        Ok(Header {
            version,
            metadata,
            tensors,
        })
    }

    fn metadata(&mut self, n: u64) -> Result<Metadata> {
        let mut metadata = Metadata::new(self.path);
        let mut seen = HashSet::new();
        for _ in 0..n {
            let at = self.at;
            let key = self.string("a key", MAX_NAME)?;
            if !seen.insert(key.clone()) {
                return Err(self.damaged(at, format!("key {key:?} is there twice")));
            }
            let kind = self.kind(&key)?;
            let value = self.value(&key, kind, 0)?;
            metadata.push(key, value);
        }
        Ok(metadata)
    }

    fn kind(&mut self, key: &str) -> Result<ValueKind> {
        let at = self.at;
        let id = self.u32(key)?;
        ValueKind::from_id(id)
            .ok_or_else(|| self.damaged(at, format!("{key}: no value has kind {id}")))
    }

    fn value(&mut self, key: &str, kind: ValueKind, depth: u32) -> Result<Value> {
        Ok(match kind {
            ValueKind::U8 => Value::U8(u8::from_le_bytes(self.array(key)?)),
            ValueKind::I8 => Value::I8(i8::from_le_bytes(self.array(key)?)),
            ValueKind::U16 => Value::U16(u16::from_le_bytes(self.array(key)?)),
            ValueKind::I16 => Value::I16(i16::from_le_bytes(self.array(key)?)),
            ValueKind::U32 => Value::U32(u32::from_le_bytes(self.array(key)?)),
            ValueKind::I32 => Value::I32(i32::from_le_bytes(self.array(key)?)),
            ValueKind::U64 => Value::U64(u64::from_le_bytes(self.array(key)?)),
            ValueKind::I64 => Value::I64(i64::from_le_bytes(self.array(key)?)),
            ValueKind::F32 => Value::F32(f32::from_le_bytes(self.array(key)?)),
            ValueKind::F64 => Value::F64(f64::from_le_bytes(self.array(key)?)),
            ValueKind::Bool => match self.array(key)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                [b] => {
                    return Err(
                        self.damaged(self.at - 1, format!("{key}: {b} is not true or false"))
                    );
                }
            },
            ValueKind::String => Value::String(self.string(key, MAX_STRING)?),
            ValueKind::Array => self.items(key, depth)?,
        })
    }

    fn items(&mut self, key: &str, depth: u32) -> Result<Value> {
        let at = self.at;
        if depth == MAX_DEPTH {
            return Err(self.damaged(at, format!("{key}: arrays deeper than {MAX_DEPTH}")));
        }
        let kind = self.kind(key)?;
        let left = MAX_ITEMS - self.n_items;
        let n = self.count(&format!("the length of {key}"), left, kind.min_bytes())?;
        self.n_items += n;
        match kind {
            ValueKind::String => self.strings(key, n as usize),
            ValueKind::Bool | ValueKind::Array => {
                let mut items = Vec::with_capacity(n as usize);
                for _ in 0..n {
                    items.push(self.value(key, kind, depth + 1)?);
                }
                Ok(Value::Array(kind, items))
            }
            _ => {
                let bytes = self.take(n as usize * kind.min_bytes(), key)?; // counted above
                Ok(Value::Numbers(Numbers::new(kind, bytes)))
            }
        }
    }

    /// The strings of an array, all in one piece of memory.
    fn strings(&mut self, key: &str, n: usize) -> Result<Value> {
        let (mut all, mut ends) = (String::new(), Vec::with_capacity(n));
        for i in 0..n {
            let at = self.at;
            let text = self.bytes.get(at..at + 8).and_then(|len| {
                let len = u64::from_le_bytes(len.try_into().ok()?);
                let end = usize::try_from(len).ok()?.checked_add(at + 8)?;
                self.bytes.get(at + 8..end)
            });
            let text = text.filter(|text| text.len() <= MAX_STRING);
            let Some(text) = text else {
                // Slower, and says what is wrong.
                self.string(key, MAX_STRING)?;
                return Err(self.damaged(at, format!("{key}: item {i} is too long")));
            };
            let text = std::str::from_utf8(text).map_err(|e| {
                let at = at + 8 + e.valid_up_to();
                self.damaged(at, format!("{key} is not UTF-8 in item {i}"))
            })?;
            self.at = at + 8 + text.len();
            all.push_str(text);
            let end = u32::try_from(all.len());
            ends.push(end.map_err(|_| self.damaged(at, format!("{key} is longer than 4 GiB")))?);
        }
        let texts = Texts::new(all, ends);
        let texts = texts.ok_or_else(|| self.damaged(self.at, format!("{key} is not UTF-8")))?;
        Ok(Value::Strings(texts))
    }

    fn alignment(&self, metadata: &Metadata) -> Result<u64> {
        let alignment = metadata.u64(ALIGNMENT_KEY)?.unwrap_or(DEFAULT_ALIGNMENT);
        if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
            return Err(self.damaged(self.at, format!("{ALIGNMENT_KEY} is {alignment}")));
        }
        Ok(alignment)
    }

    fn rows(&mut self, n: u64) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(n as usize);
        let mut seen = HashSet::new();
        for _ in 0..n {
            let row = self.row()?;
            if !seen.insert(row.name.clone()) {
                return Err(self.damaged(row.at, format!("tensor {:?} is there twice", row.name)));
            }
            rows.push(row);
        }
        Ok(rows)
    }

    fn row(&mut self) -> Result<Row> {
        let at = self.at;
        let name = self.string("the name of a tensor", MAX_NAME)?;
        let n_dims = self.u32("the number of dimensions")?;
        if !(1..=MAX_DIMS).contains(&n_dims) {
            return Err(self.damaged(at, format!("tensor {name:?} has {n_dims} dimensions")));
        }
        let mut dims = Vec::with_capacity(n_dims as usize);
        for _ in 0..n_dims {
            dims.push(self.u64("a dimension")?);
        }
        let id = self.u32("the type of a tensor")?;
        let kind = Kind::from_id(id)
            .ok_or_else(|| self.damaged(at, format!("tensor {name:?} is of unknown type {id}")))?;
        let offset = self.u64("the offset of a tensor")?;
        let n_weights = dims.iter().try_fold(1u64, |n, dim| n.checked_mul(*dim));
        let whole_rows = dims[0].is_multiple_of(kind.block as u64);
        let len_bytes = n_weights
            .filter(|n| *n > 0 && whole_rows)
            .and_then(|n| kind.len_bytes(n));
        let Some(len_bytes) = len_bytes else {
            let what = format!(
                "tensor {name:?} of type {} cannot have shape {dims:?}",
                kind.name
            );
            return Err(self.damaged(at, what));
        };
        Ok(Row {
            name,
            dims,
            kind,
            offset,
            len_bytes,
            at,
        })
    }

    /// Finds a tensor's bytes, which have to be aligned and inside of the file.
    fn place(&self, row: Row, data_at: u64, alignment: u64) -> Result<TensorInfo> {
        let name = &row.name;
        if !row.offset.is_multiple_of(alignment) {
            let what = format!("tensor {name:?} lies at {}, not on {alignment}", row.offset);
            return Err(self.damaged(row.at, what));
        }
        let start = data_at.checked_add(row.offset);
        let end = start.and_then(|start| start.checked_add(row.len_bytes));
        match (start, end) {
            (Some(start), Some(end)) if end <= self.bytes.len() as u64 => Ok(TensorInfo {
                part: 0,
                range: start as usize..end as usize,
                name: row.name,
                dims: row.dims,
                kind: row.kind,
            }),
            _ => {
                let (len, offset) = (row.len_bytes, row.offset);
                let what = format!(
                    "tensor {name:?} wants {len} bytes at {offset}, beyond the end of the file"
                );
                Err(self.damaged(row.at, what))
            }
        }
    }
}
