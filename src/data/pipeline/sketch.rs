//! Sketches alone, for deduplication elsewhere.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::heldout::sound;
use super::plan::Plan;
use super::stage::interrupted;
use crate::data::dedup::{Sketch, SketchWriter, Sketcher};
use crate::data::error::{Error, Result};
use crate::data::read::{self, Item};
use crate::disk;
use crate::event::Control;

/// Records sketched between two looks at the signals.
const BATCH_ITEMS: usize = 512;

/// Writes the sketches of all that `inputs` hold to `target`, for deduplication elsewhere; the
/// number of sketches.
///
/// # Errors
/// When the input is damaged, or the file cannot be written.
pub fn sketch(inputs: &[PathBuf], plan: &Plan, target: &Path, control: &Control) -> Result<u64> {
    let shape = plan.bands();
    let options = read::Options {
        text_key: plan.text_key.clone(),
        ..read::Options::default()
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads)
        .build()
        .map_err(|e| Error::Failed(format!("cannot start {} threads: {e}", plan.threads)))?;
    let mut items = read::items(inputs, &options)?;
    let (mut n, mut failed) = (0, None);
    disk::replace(target, |out| {
        let mut writer = SketchWriter::new(out, shape)?;
        loop {
            let mut batch = Vec::new();
            for item in items.by_ref().take(BATCH_ITEMS) {
                match sound(item) {
                    Ok(Item::Record(record)) => batch.push(record),
                    Ok(_) => {} // no text of its own
                    Err(error) => {
                        failed = Some(error);
                        return writer.finish().map(drop);
                    }
                }
            }
            if batch.is_empty() || control.stop_requested() {
                return writer.finish().map(drop);
            }
            n += batch.len() as u64;
            let sketches: Vec<Sketch> = pool.install(|| {
                let batch = batch.par_iter();
                let made = batch.map_init(
                    || Sketcher::new(shape),
                    |sketcher, record| {
                        let url = record.fields.get("u").and_then(Value::as_str);
                        sketcher.sketch(&record.id, &record.text, url, 0)
                    },
                );
                made.collect()
            });
            for sketch in &sketches {
                writer.push(sketch)?;
            }
        }
    })?;
    match (failed, control.stop_requested()) {
        (Some(error), _) => Err(error),
        (None, true) => Err(interrupted()),
        (None, false) => Ok(n),
    }
}
