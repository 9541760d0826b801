//! Sketches alone, for deduplication elsewhere.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::batches::Batches;
use super::judge::sketch as sketch_of;
use super::plan::Plan;
use crate::data::dedup::{Sketch, SketchWriter, Sketcher};
use crate::data::error::Result;
use crate::data::read::{self, Item};
use crate::disk;
use crate::event::Control;

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
    let mut batches = Batches::open(inputs, &options, control)?;
    let (mut n, mut failed) = (0, None);
    let written = disk::replace(target, |out| {
        let mut writer = SketchWriter::new(out, shape)?;
        loop {
            let batch = match batches.next() {
                Ok(Some(batch)) => batch,
                Ok(None) => return writer.finish().map(drop),
                Err(error) => {
                    failed = Some(error);
                    return Err(std::io::Error::other("cut short")); // no part of it may be seen
                }
            };
            let batch = batch.into_par_iter().filter_map(Item::record);
            let sketches: Vec<Sketch> = pool.install(|| {
                let made = batch.map_init(
                    || Sketcher::new(shape),
                    |sketcher, record| sketch_of(&record, sketcher),
                );
                made.collect()
            });
            n += sketches.len() as u64;
            for sketch in &sketches {
                writer.push(sketch)?;
            }
        }
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(written.map(|()| n)?),
    }
}
