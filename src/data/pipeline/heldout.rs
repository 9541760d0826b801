//! Text that was given to score on: read whole, never trained on.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::gather::Supplied;
use super::output::write_records;
use super::plan::Plan;
use super::steps::{identify, select};
use super::work::Work;
use crate::data::dedup::text_hash;
use crate::data::error::Result;
use crate::data::read;
use crate::data::record::Record;
use crate::event::{Event, Sink};
use crate::lang::Lang;

/// Reads what `plan.heldout` names; records in no language asked for are left out and told.
pub(super) fn read(plan: &Plan, langs: &[&'static Lang], sink: &dyn Sink) -> Result<Vec<Record>> {
    let read = read::records(&plan.heldout, &plan.text_key)?;
    let mut heldout = read.collect::<Result<Vec<Record>>>()?;
    let before = heldout.len();
    heldout.par_iter_mut().for_each(|record| {
        // Held-out text is taken as it is: its label counts, whatever the plan trusts elsewhere.
        if record.lang.is_none() {
            identify(record, plan);
        }
    });
    heldout.retain(|record| select(record, langs).is_none());
    if heldout.len() < before {
        sink.emit(Event::Note {
            warning: true,
            text: format!(
                "{} held-out records are in no language asked for",
                before - heldout.len()
            ),
        });
    }
    Ok(heldout)
}

/// Hash and id of each text, sorted.
pub(super) fn hashes(heldout: &[Record]) -> Vec<(u128, String)> {
    let hashed = heldout.par_iter();
    let mut hashes: Vec<(u128, String)> = hashed
        .map(|record| (text_hash(&record.text), record.id.clone()))
        .collect();
    hashes.par_sort_unstable();
    hashes
}

/// Writes the records into the output, if they were given.
pub(super) fn write(heldout: &[Record], plan: &Plan, work: &Work) -> Result<()> {
    match plan.heldout.is_empty() {
        true => Ok(()),
        false => write_records(&work.out().join("heldout"), heldout),
    }
}

/// How much there is of each language, in table order.
pub(super) fn supplied(heldout: &[Record]) -> Vec<Supplied> {
    let mut by_lang: BTreeMap<usize, Supplied> = BTreeMap::new();
    for record in heldout {
        let place = record.lang.map_or(usize::MAX, Lang::index);
        let own = by_lang.entry(place).or_insert_with(|| Supplied {
            lang: record.code().into(),
            n_docs: 0,
            n_bytes: 0,
        });
        own.n_docs += 1;
        own.n_bytes += record.text.len() as u64;
    }
    by_lang.into_values().collect()
}
