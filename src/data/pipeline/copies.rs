//! Copies among records that are all in memory: the stage `dedup`.

use serde_json::Value;

use super::map::CLUSTER_SIZE;
use super::plan::Plan;
use super::stage::interrupted;
use crate::data::dedup::{Document, Fate, exact_duplicates, near_duplicates};
use crate::data::error::Result;
use crate::data::record::Record;
use crate::event::Control;

/// One record of each set of copies, in the order they came.
///
/// # Errors
/// When `control` asked to stop.
pub(super) fn dedup(
    mut records: Vec<Record>,
    plan: &Plan,
    control: &Control,
) -> Result<Vec<Record>> {
    if plan.dedup_exact {
        let fates = exact_duplicates(&documents(&records));
        records = unburied(records, &fates);
    }
    if plan.dedup_fuzzy {
        let fates = near_duplicates(&documents(&records), plan.bands(), control);
        records = unburied(records, &fates.ok_or_else(interrupted)?);
    }
    Ok(records)
}

fn documents(records: &[Record]) -> Vec<Document<'_>> {
    let all = records.iter();
    all.map(|Record { id, text, .. }| Document { id, text })
        .collect()
}

/// The records that stay; `cluster_size` counts all that each stands for, those that an earlier
/// deduplication counted included.
fn unburied(mut records: Vec<Record>, fates: &[Fate]) -> Vec<Record> {
    let size = |r: &Record| r.fields.get(CLUSTER_SIZE).and_then(Value::as_u64);
    let mut sizes: Vec<u64> = records.iter().map(|r| size(r).unwrap_or(1)).collect();
    for (i, fate) in fates.iter().enumerate() {
        if let Fate::Dropped { survivor, .. } = fate {
            sizes[*survivor] += sizes[i];
        }
    }
    for (record, size) in records.iter_mut().zip(sizes) {
        record.fields.insert(CLUSTER_SIZE.into(), size.into());
    }
    let kept = records.into_iter().zip(fates);
    kept.filter(|(_, fate)| matches!(fate, Fate::Kept { .. }))
        .map(|(record, _)| record)
        .collect()
}
