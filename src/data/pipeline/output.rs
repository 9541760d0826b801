//! Records as lines of JSON, and files of them by language.

use std::collections::BTreeMap;
use std::path::Path;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

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
                frames.push(line(record, None).as_bytes())?;
            }
            frames.finish().map(drop)
        })?;
    }
    Ok(())
}

/// The line of JSON of a record, with why it was dropped, and its line feed.
pub(super) fn line(record: &Record, verdict: Option<&Verdict>) -> String {
    let mut line = match serde_json::to_string(&Line(record, verdict)) {
        Ok(line) => line,
        Err(_) => String::from("{}"), // a record has no key that JSON could not have
    };
    line.push('\n');
    line
}

/// A record and why it was dropped, written without a copy of either.
struct Line<'a>(&'a Record, Option<&'a Verdict>);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut out = to.serialize_map(None)?;
        self.0.entries(&mut out)?;
        if let Some(verdict) = self.1 {
            out.serialize_entry("verdict", verdict)?;
        }
        out.end()
    }
}
