//! Text that was given to score on: read whole, never trained on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;

use super::batches::sound;
use super::gather::Supplied;
use super::output::write_records;
use super::plan::Plan;
use super::steps::{identify, select};
use super::work::Work;
use crate::data::dedup::text_hash;
use crate::data::error::Result;
use crate::data::extract;
use crate::data::read::{self, Item};
use crate::data::record::Record;
use crate::event::{Event, Sink};
use crate::lang::Lang;

/// Reads what `plan.heldout` names; records in no language asked for are left out and told.
pub(super) fn read(plan: &Plan, langs: &[&'static Lang], sink: &dyn Sink) -> Result<Vec<Record>> {
    let mut heldout = read_sound(&plan.heldout, plan)?;
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

/// Every record of `paths`, pages among them with their main text; damage is an error, for what
/// is scored on must be whole.
pub(super) fn read_sound(paths: &[PathBuf], plan: &Plan) -> Result<Vec<Record>> {
    let options = read::Options {
        text_key: plan.text_key.clone(),
        ..read::Options::default()
    };
    let mut records = Vec::new();
    for item in read::items(paths, &options)? {
        match sound(item)? {
            Item::Record(record) => records.push(record),
            Item::Page(page) => {
                let (html, de) = page.decode();
                let found = extract::page(&html, &extract::Options::default());
                records.push(page.into_record(found.text, de));
            }
            Item::Robots(_) | Item::Skipped(_) | Item::Quarantined(_) => {}
        }
    }
    Ok(records)
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
