//! Tensors by name, wherever they lie.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use crate::disk::Mapped;
use crate::engine::gguf::Kind;
use crate::engine::{Error, Result};

/// Where a tensor lies.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Number of its file.
    pub(super) file: usize,
    /// Its bytes in the file.
    pub(super) range: Range<usize>,
    /// Type of its weights.
    pub(super) kind: &'static Kind,
    /// Lengths of its dimensions, that of a row last.
    pub(super) dims: Vec<usize>,
}

/// Bytes of a file: mapped, or made.
pub(super) enum Bytes {
    Mapped(Mapped),
    Made(Vec<u8>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Made(bytes) => bytes,
        }
    }
}

/// Files and the table of their tensors, from which tensors are taken one by one.
pub(super) struct Source {
    /// What errors name.
    pub(super) path: PathBuf,
    pub(super) files: Vec<Bytes>,
    pub(super) table: BTreeMap<String, Found>,
}

/// A matrix `[o,i]` in a file.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub(super) found: Found,
}

impl Source {
    /// Whether there is a tensor of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    fn take(&mut self, name: &str, dims: &[usize]) -> Result<Found> {
        let found = self.table.remove(name);
        let found = found.ok_or_else(|| self.damaged(format!("no tensor {name}")))?;
        if found.dims != dims {
            let have = &found.dims;
            return Err(self.damaged(format!("tensor {name} has shape {have:?}, not {dims:?}")));
        }
        if !found.kind.is_readable() {
            let what = format!("tensor {name} has type {}", found.kind.name);
            return Err(super::shape::unsupported(&self.path, what));
        }
        Ok(found)
    }

    /// A matrix of that shape.
    pub(super) fn matrix(&mut self, name: &str, o: usize, i: usize) -> Result<Matrix> {
        let found = self.take(name, &[o, i])?;
        Ok(Matrix { found })
    }

    /// A vector of that length, as numbers.
    pub(super) fn vector(&mut self, name: &str, n: usize) -> Result<Vec<f32>> {
        let found = self.take(name, &[n])?;
        let mut numbers = vec![0.0; n];
        let bytes = &self.files[found.file][found.range.clone()];
        let decoded = found.kind.decode_here(bytes, &mut numbers);
        decoded.map_err(|what| self.damaged(format!("tensor {name}: {what}")))?;
        match numbers.iter().position(|x| !x.is_finite()) {
            Some(at) => {
                let what = format!("tensor {name}: weight {at} is {}", numbers[at]);
                Err(self.damaged(what))
            }
            None => Ok(numbers),
        }
    }

    /// Refuses a model of which a part would not be computed.
    pub(super) fn refuse_rest(&self, known: impl Fn(&str) -> bool) -> Result<()> {
        match self.table.keys().find(|name| !known(name)) {
            Some(name) => {
                let what = format!("tensor {name:?} has no place in this decoder");
                Err(super::shape::unsupported(&self.path, what))
            }
            None => Ok(()),
        }
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> Error {
        Error::damaged(&self.path, what.into())
    }
}
