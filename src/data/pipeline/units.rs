//! Inputs cut into units: pieces of work small enough to be done again after a kill, and alike
//! whoever does them.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::plan::Plan;
use crate::data::error::Result;
use crate::data::read;
use crate::disk;

/// Bytes on disk of a unit at least: some seconds of work, and little to lose.
const UNIT_BYTES: u64 = 32 << 20;
/// Units at most, by size: every one is a folder.
const MOST_UNITS: u64 = 8192;
/// Files of a unit at most.
const UNIT_FILES: usize = 4096;

/// A file, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    /// The file; `-` is standard input.
    pub(super) path: PathBuf,
    /// Its bytes on disk when the walk began.
    pub(super) file_bytes: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub(super) changed_ns: u128,
    /// Bytes on disk of this piece.
    pub(super) n_bytes: u64,
}

/// Consecutive parts of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Unit {
    /// Its parts, in the order they are read.
    pub(super) parts: Vec<Part>,
}

impl Unit {
    /// Bytes on disk.
    pub(super) fn n_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.n_bytes).sum()
    }
}

/// Every unit of the plan's inputs, files in the order of their names: the order they are named
/// in changes nothing.
///
/// # Errors
/// When an input is not there.
pub(super) fn units(plan: &Plan) -> Result<Vec<Unit>> {
    let mut files = read::files(&plan.inputs)?;
    files.sort();
    let mut parts: Vec<Part> = Vec::new();
    for path in files {
        parts.extend(parts_of(&path)?);
    }
    let all: u64 = parts.iter().map(|part| part.n_bytes).sum();
    let unit_bytes = UNIT_BYTES.max(all / MOST_UNITS);
    let mut units: Vec<Unit> = Vec::new();
    let mut open = Unit { parts: Vec::new() };
    let mut n_bytes = 0;
    for part in parts {
        let is_full = n_bytes + part.n_bytes > unit_bytes || open.parts.len() >= UNIT_FILES;
        if is_full && !open.parts.is_empty() {
            units.push(std::mem::replace(&mut open, Unit { parts: Vec::new() }));
            n_bytes = 0;
        }
        n_bytes += part.n_bytes;
        open.parts.push(part);
    }
    if !open.parts.is_empty() {
        units.push(open);
    }
    Ok(units)
}

fn parts_of(path: &Path) -> Result<Vec<Part>> {
    let (mut file_bytes, mut changed_ns) = (0, 0);
    if path != Path::new("-") {
        let meta = std::fs::metadata(path).map_err(|e| disk::Error::io(path, "open", e))?;
        file_bytes = if meta.is_file() { meta.len() } else { 0 };
        let since = |t: std::time::SystemTime| t.duration_since(std::time::UNIX_EPOCH).ok();
        changed_ns = meta
            .modified()
            .ok()
            .and_then(since)
            .map_or(0, |t| t.as_nanos());
    }
    Ok(vec![Part {
        path: path.into(),
        file_bytes,
        changed_ns,
        n_bytes: file_bytes,
    }])
}
