//! Inputs cut into units: pieces of work small enough to be done again after a kill, and alike
//! whoever does them.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::plan::Plan;
use crate::data::error::Result;
use crate::data::read;
use crate::disk;

/// Units at most, by size: every one is a folder.
const MOST_UNITS: u64 = 8192;
/// Less is not worth a folder.
const MIN_UNIT_BYTES: u64 = 4 << 10;
/// Files of a unit at most.
const UNIT_FILES: usize = 4096;

/// A file, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    /// Where it begins and ends.
    pub(super) unit: read::Unit,
    /// Bytes on disk of the file when the walk began.
    pub(super) file_bytes: u64,
    /// When the file was last changed, in nanoseconds since 1970.
    pub(super) changed_ns: u64,
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
    let mut files: Vec<(PathBuf, u64, u64)> = Vec::new();
    for path in read::inputs(&plan.inputs)? {
        let (file_bytes, changed_ns) = stamp(&path)?;
        files.push((path, file_bytes, changed_ns));
    }
    files.sort();
    let all: u64 = files.iter().map(|(_, n, _)| n).sum();
    let unit_bytes = plan.unit_bytes.0.max(MIN_UNIT_BYTES).max(all / MOST_UNITS);
    let mut parts: Vec<Part> = Vec::new();
    for (path, file_bytes, changed_ns) in files {
        let pieces = match file_bytes > unit_bytes {
            true => read::splits(&path, unit_bytes)?,
            false => vec![read::Unit {
                path,
                start: read::Position::default(),
                end: None,
            }],
        };
        parts.extend(pieces.into_iter().map(|unit| {
            Part {
                n_bytes: unit
                    .end
                    .unwrap_or(file_bytes)
                    .saturating_sub(unit.start.offset),
                unit,
                file_bytes,
                changed_ns,
            }
        }));
    }
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

/// Length of a file and when it was last changed; nothing of standard input and pipes.
pub(super) fn stamp(path: &Path) -> Result<(u64, u64)> {
    if path == Path::new("-") {
        return Ok((0, 0));
    }
    let meta = std::fs::metadata(path).map_err(|e| disk::Error::io(path, "open", e))?;
    let since = |t: std::time::SystemTime| t.duration_since(std::time::UNIX_EPOCH).ok();
    let changed = meta
        .modified()
        .ok()
        .and_then(since)
        .map_or(0, |t| t.as_nanos());
    let len = if meta.is_file() { meta.len() } else { 0 };
    Ok((len, changed as u64))
}
