//! What a prepared folder holds: records in frames of zstd, kept and dropped, by language.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::steps::Verdict;
use crate::data::error::Result;
use crate::data::record::Record;
use crate::disk;

/// Text of one zstd frame: a reader can begin at any frame.
const FRAME_BYTES: usize = 4 << 20;
const LEVEL: i32 = 3;

/// A prepared folder in the making.
pub(super) struct Output {
    folder: PathBuf,
}

impl Output {
    pub(super) fn new(folder: &Path) -> Self {
        Output {
            folder: folder.into(),
        }
    }

    /// Path of a part of the folder.
    pub(super) fn path(&self, part: &str) -> PathBuf {
        self.folder.join(part)
    }

    /// Writes records as `part/<lang>.jsonl.zst`.
    pub(super) fn records(&self, part: &str, records: &[Record]) -> Result<()> {
        let mut files: BTreeMap<PathBuf, Vec<(&Record, Option<&Verdict>)>> = BTreeMap::new();
        for record in records {
            let file = self.folder.join(part).join(file_name(record));
            files.entry(file).or_default().push((record, None));
        }
        write_all(files)
    }

    /// Writes records as `dropped/<reason>/<lang>.jsonl.zst`, each with its verdict.
    pub(super) fn dropped(&self, dropped: Vec<(Record, Verdict)>) -> Result<()> {
        let mut files: BTreeMap<PathBuf, Vec<(&Record, Option<&Verdict>)>> = BTreeMap::new();
        for (record, verdict) in &dropped {
            let folder = self.folder.join("dropped").join(verdict.reason);
            let file = folder.join(file_name(record));
            files.entry(file).or_default().push((record, Some(verdict)));
        }
        write_all(files)
    }
}

fn file_name(record: &Record) -> String {
    format!("{}.jsonl.zst", record.code())
}

fn write_all(files: BTreeMap<PathBuf, Vec<(&Record, Option<&Verdict>)>>) -> Result<()> {
    files
        .par_iter()
        .try_for_each(|(path, records)| write(path, records))
}

fn write(path: &Path, records: &[(&Record, Option<&Verdict>)]) -> Result<()> {
    disk::replace(path, |w| {
        let mut frame = Vec::new();
        for (record, verdict) in records {
            serde_json::to_writer(&mut frame, &line(record, *verdict))?;
            frame.push(b'\n');
            if frame.len() >= FRAME_BYTES {
                w.write_all(&zstd::encode_all(frame.as_slice(), LEVEL)?)?;
                frame.clear();
            }
        }
        if !frame.is_empty() {
            w.write_all(&zstd::encode_all(frame.as_slice(), LEVEL)?)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The JSON of a record, with why it was dropped.
pub(super) fn line(record: &Record, verdict: Option<&Verdict>) -> Value {
    let mut fields = record.to_json();
    if let Some(verdict) = verdict {
        let verdict = serde_json::to_value(verdict).unwrap_or(Value::Null);
        fields.insert("verdict".into(), verdict);
    }
    Value::Object(fields)
}
