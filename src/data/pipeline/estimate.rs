//! What a plan will cost, before anything is done: the figures of `--dry-run`.

use std::path::Path;

use serde::Serialize;

use super::plan::Plan;
use crate::data::error::Result;
use crate::data::read::inputs;
use crate::disk;

/// Bytes of text a byte of zstd or gzip stands for; text of the web, measured between 3 and 4.
const COMPRESSION: u64 = 4;

/// What a plan will cost, roughly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Files to read.
    pub n_files: u64,
    /// Their bytes on disk.
    pub input_bytes: u64,
    /// Bytes once decompressed.
    pub text_bytes: u64,
    /// Bytes the output will take.
    pub output_bytes: u64,
    /// Bytes of memory needed.
    pub memory_bytes: u64,
    /// Bytes free where the output goes, where that can be told.
    pub free_bytes: Option<u64>,
}

/// Looks at the inputs' sizes, not into them; standard input counts as nothing.
///
/// # Errors
/// When the plan makes no sense or an input is not there.
pub fn estimate(plan: &Plan) -> Result<Estimate> {
    plan.check()?;
    let mut found = inputs(&plan.inputs)?;
    found.extend(inputs(&plan.heldout)?);
    let (mut input_bytes, mut text_bytes) = (0, 0);
    for file in found.iter().filter(|file| file.as_path() != Path::new("-")) {
        let meta = std::fs::metadata(file).map_err(|e| disk::Error::io(file, "open", e))?;
        let packed = file.extension().is_some_and(|e| e == "zst" || e == "gz");
        input_bytes += meta.len();
        text_bytes += meta.len() * if packed { COMPRESSION } else { 1 };
    }
    Ok(Estimate {
        n_files: found.len() as u64,
        input_bytes,
        text_bytes,
        // Records compressed again, kept or dropped, and two bytes a token of some four bytes.
        output_bytes: text_bytes / COMPRESSION + text_bytes / 2,
        // Batches of each thread, what is looked up, the sample of the tokenizer; sorting and
        // comparing keep to what the plan gives them.
        memory_bytes: (512 << 20) + plan.memory.0.min(text_bytes / 8),
        free_bytes: disk::free_bytes(&plan.output),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_without_reading_and_a_missing_input_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        disk::replace_bytes(&folder.path().join("a.jsonl"), &[b' '; 1000]).unwrap();
        disk::replace_bytes(&folder.path().join("b.jsonl.zst"), &[b' '; 100]).unwrap();
        let mut plan = Plan {
            inputs: vec![folder.path().into()],
            ..Plan::default()
        };
        let told = estimate(&plan).unwrap();
        assert_eq!(
            (told.n_files, told.input_bytes, told.text_bytes),
            (2, 1100, 1400)
        );
        plan.inputs.push(folder.path().join("c.jsonl"));
        assert!(estimate(&plan).is_err());
    }
}
