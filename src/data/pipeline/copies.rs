//! Of records with the same text, or nearly, one stays.

use super::plan::Plan;
use super::steps::Verdict;
use super::tally::{Open, Tally};
use crate::data::dedup::{Bands, Document, Fate, exact_duplicates, near_duplicates};
use crate::data::error::{Error, Result};
use crate::data::record::Record;

/// Keeps one of each set of records with equal text.
pub(super) fn exact(records: Vec<Record>, tally: &mut Tally) -> Result<Vec<Record>> {
    let open = tally.begin("dedup_exact", Some(records.len()), "records");
    let fates = exact_duplicates(&documents(&records));
    bury(open, records, &fates, EXACT, tally)
}

/// Keeps one of each cluster of records with nearly the same text.
pub(super) fn fuzzy(records: Vec<Record>, plan: &Plan, tally: &mut Tally) -> Result<Vec<Record>> {
    let open = tally.begin("dedup_fuzzy", Some(records.len()), "records");
    let shape = plan.bands();
    let fates = near_duplicates(&documents(&records), shape, tally.control);
    let Some(fates) = fates else {
        return Err(Error::Interrupted {
            stage: "dedup_fuzzy".into(),
        });
    };
    bury(open, records, &fates, near(shape), tally)
}

pub(super) fn documents(records: &[Record]) -> Vec<Document<'_>> {
    let all = records.iter();
    all.map(|Record { id, text, .. }| Document { id, text })
        .collect()
}

/// What is said of an equal text.
pub(super) const EXACT: Told = ("dedup_exact", "duplicate", 1.0);

/// What is said of a text that is nearly the same.
pub(super) fn near(shape: Bands) -> Told {
    ("dedup_fuzzy", "near_duplicate", shape.min_jaccard)
}

/// What is said of a copy: stage, reason, threshold.
pub(super) type Told = (&'static str, &'static str, f64);

/// Drops the copies.
fn bury(
    open: Open,
    mut records: Vec<Record>,
    fates: &[Fate],
    told: Told,
    tally: &mut Tally,
) -> Result<Vec<Record>> {
    let verdicts = verdicts(&mut records, fates, told);
    tally.sift(open, records, verdicts)
}

/// A verdict for every copy; the survivor's `cluster_size` counts all it stands for, those that
/// an earlier deduplication counted included.
pub(super) fn verdicts(
    records: &mut [Record],
    fates: &[Fate],
    (stage, reason, threshold): Told,
) -> Vec<Option<Verdict>> {
    const FIELD: &str = "cluster_size";
    let size = |r: &Record| r.fields.get(FIELD).and_then(|v| v.as_u64()).unwrap_or(1);
    let mut sizes: Vec<u64> = records.iter().map(size).collect();
    let mut verdicts = vec![None; records.len()];
    for (i, fate) in fates.iter().enumerate() {
        if let Fate::Dropped {
            survivor,
            similarity,
        } = fate
        {
            sizes[*survivor] += size(&records[i]);
            let id = &records[*survivor].id;
            verdicts[i] = Some(Verdict::copy(stage, reason, *similarity, threshold, id));
        }
    }
    for ((record, fate), size) in records.iter_mut().zip(fates).zip(sizes) {
        if matches!(fate, Fate::Kept { .. }) {
            record.fields.insert(FIELD.into(), size.into());
        }
    }
    verdicts
}
