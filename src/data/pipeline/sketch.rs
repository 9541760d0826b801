//! Sketches alone, for deduplication elsewhere.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::heldout::sound;
use super::plan::Plan;
use super::stage::interrupted;
use crate::data::dedup::{Sketch, SketchWriter, Sketcher};
use crate::data::error::Result;
use crate::data::optout::date_number;
use crate::data::read::{self, Item};
use crate::disk;
use crate::event::Control;

/// Records sketched between two looks at the signals.
const BATCH_ITEMS: usize = 512;
/// Text sketched between two looks at the signals.
const BATCH_BYTES: usize = 8 << 20;

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
    let pool = plan.pool()?;
    let mut items = read::items(inputs, &options)?;
    let (mut n, mut failed, mut ended) = (0, None, false);
    let written = disk::replace(target, |out| {
        let mut writer = SketchWriter::new(out, shape)?;
        while !ended && failed.is_none() && !control.stop_requested() {
            let (mut batch, mut n_bytes) = (Vec::new(), 0);
            while batch.len() < BATCH_ITEMS && n_bytes < BATCH_BYTES && !ended {
                match items.next().map(sound) {
                    None => ended = true,
                    Some(Ok(Item::Record(record))) => {
                        n_bytes += record.text.len();
                        batch.push(record);
                    }
                    Some(Ok(_)) => ended = control.stop_requested(), // no text of its own
                    Some(Err(error)) => (failed, ended) = (Some(error), true),
                }
            }
            n += batch.len() as u64;
            let sketches: Vec<Sketch> = pool.install(|| {
                let batch = batch.par_iter();
                let made = batch.map_init(
                    || Sketcher::new(shape),
                    |sketcher, record| {
                        let time = record.date().and_then(date_number).unwrap_or(0);
                        sketcher.sketch(&record.id, &record.text, record.url(), time)
                    },
                );
                made.collect()
            });
            for sketch in &sketches {
                writer.push(sketch)?;
            }
        }
        match failed.is_some() || control.stop_requested() {
            true => Err(std::io::Error::other("cut short")), // no part of it may be seen
            false => writer.finish().map(drop),
        }
    });
    match (failed, written) {
        (Some(error), _) => Err(error),
        (None, Err(_)) if control.stop_requested() => Err(interrupted()),
        (None, written) => Ok(written.map(|()| n)?),
    }
}
