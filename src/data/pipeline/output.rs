//! Records as lines of JSON, and files of them by language.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::steps::Verdict;
use super::unit_files::{Frames, LEVEL};
use crate::data::error::Result;
use crate::data::record::Record;
use crate::disk;

/// Writes records as `folder/<lang>.jsonl.zst`, in their order.
pub(super) fn write_records(folder: &Path, records: &[Record]) -> Result<()> {
    let mut files: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records {
        files.entry(record.code()).or_default().push(record);
    }
    for (lang, records) in files {
        disk::replace(&folder.join(format!("{lang}.jsonl.zst")), |w| {
            let mut frames = Frames::new(w, LEVEL);
            for record in records {
                frames.push(format!("{}\n", line(record, None)).as_bytes())?;
            }
            frames.finish().map(drop)
        })?;
    }
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
