//! What is scored on is never trained on.

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

use super::plan::Plan;
use super::steps::{Verdict, identify, select};
use super::tally::Tally;
use super::walk::read_all;
use crate::data::dedup::text_hash;
use crate::data::error::Result;
use crate::data::record::Record;
use crate::event::Event;
use crate::lang::Lang;

/// Parts what is trained on from what is scored on. Given held-out text, every record equal to
/// one of it is dropped; else a share of each language is taken, chosen by hash, so that neither
/// the order of files nor other languages change the choice.
pub(super) fn set_aside(
    records: Vec<Record>,
    plan: &Plan,
    langs: &[&'static Lang],
    tally: &mut Tally,
) -> Result<(Vec<Record>, Vec<Record>)> {
    if plan.heldout.is_empty() {
        let open = tally.begin("heldout", Some(records.len()), "records");
        let n_in = records.len();
        let (records, heldout) = split(records, plan);
        let n = heldout.len() as u64;
        let aside = (n > 0).then(|| ("heldout".to_string(), n));
        tally.close(open, n_in, records.len(), aside.into_iter().collect())?;
        return Ok((records, heldout));
    }
    let mut heldout = read_all(plan, &plan.heldout, "read_heldout", tally)?;
    let before = heldout.len();
    heldout.par_iter_mut().for_each(|record| {
        // Held-out text is taken as it is: its label counts, whatever the plan trusts elsewhere.
        if record.lang.is_none() {
            identify(record, plan);
        }
    });
    heldout.retain(|record| select(record, langs).is_none());
    if heldout.len() < before {
        tally.sink.emit(Event::Note {
            warning: true,
            text: format!(
                "{} held-out records are in no language asked for",
                before - heldout.len()
            ),
        });
    }
    let open = tally.begin("heldout", Some(records.len()), "records");
    let mut theirs: Vec<(u128, &str)> = heldout
        .par_iter()
        .map(|r| (text_hash(&r.text), r.id.as_str()))
        .collect();
    theirs.par_sort_unstable();
    let verdict = |record: &Record| {
        let hash = text_hash(&record.text);
        let at = theirs.partition_point(|(other, _)| *other < hash);
        let (_, id) = theirs.get(at).filter(|(other, _)| *other == hash)?;
        Some(Verdict::copy("heldout", "in_heldout", 1.0, 1.0, id))
    };
    let verdicts = records.par_iter().map(verdict).collect();
    let records = tally.sift(open, records, verdicts)?;
    Ok((records, heldout))
}

/// A number that depends on a record's id and text and on the seed, not on its place.
fn lot(record: &Record, seed: u64) -> (u64, u128) {
    let hash = xxh3_128(record.text.as_bytes());
    let id = xxh3_64_with_seed(record.id.as_bytes(), seed);
    (xxh3_64_with_seed(&hash.to_le_bytes(), id), hash)
}

/// Sets aside the share of each language, at least one record of two or more.
fn split(mut records: Vec<Record>, plan: &Plan) -> (Vec<Record>, Vec<Record>) {
    if plan.heldout_share == 0.0 {
        return (records, Vec::new());
    }
    let mut wanted = vec![0usize; Lang::all().len()];
    for record in &records {
        wanted[record.lang.map_or(0, Lang::index)] += 1;
    }
    for n in &mut wanted {
        let share = (*n as f64 * plan.heldout_share).round() as usize;
        *n = share.clamp(usize::from(*n > 1), n.saturating_sub(1));
    }
    shuffle(&mut records, plan.seed ^ 1); // not the order the documents are packed in
    records.into_iter().partition(|record| {
        let wanted = &mut wanted[record.lang.map_or(0, Lang::index)];
        let aside = *wanted > 0;
        *wanted -= usize::from(aside);
        !aside
    })
}

/// Brings records into an order that the seed and their contents alone decide.
pub(super) fn shuffle(records: &mut [Record], seed: u64) {
    records.par_sort_by_cached_key(|record| (record.lang.map(Lang::index), lot(record, seed)));
}
