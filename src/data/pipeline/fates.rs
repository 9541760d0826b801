//! What becomes of each kept record when all are compared with each other.

use super::plan::Plan;
use super::unit_files::Finished;
use crate::data::dedup::{Document, Fate as Found, exact_duplicates, near_duplicates};
use crate::data::error::{Error, Result};
use crate::event::Control;

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// It stays.
    Kept {
        /// Records it stands for, itself included.
        n_copies: u64,
    },
    /// Another one stays in its stead.
    Dropped {
        /// The stage that found it.
        stage: &'static str,
        /// Why it goes.
        reason: &'static str,
        /// How similar they are.
        similarity: f64,
        /// From where on that counts.
        threshold: f64,
        /// Id of the one that stays.
        survivor: String,
    },
}

/// The fates of all records.
pub(super) struct Fates {
    by_unit: Vec<Vec<Fate>>,
}

impl Fates {
    /// Fates of a unit's kept records, in order.
    pub(super) fn of(&self, unit: usize) -> Result<impl Iterator<Item = Result<Fate>> + '_> {
        Ok(self.by_unit[unit].iter().cloned().map(Ok))
    }
}

/// Compares all records of all units.
pub(super) fn resolve(units: &[Finished], plan: &Plan, control: &Control) -> Result<Fates> {
    #[derive(serde::Deserialize)]
    struct Text {
        id: String,
        text: String,
    }
    let mut texts = Vec::new();
    let mut copies: Vec<u64> = Vec::new();
    let mut by_unit = Vec::new();
    for unit in units {
        for row in unit.rows()? {
            copies.push(u64::from(row?.n_copies));
        }
        let mut source = unit.kept()?;
        let mut line = Vec::new();
        while source.read_line(&mut line)? {
            let read = serde_json::from_slice::<Text>(&line);
            texts.push(read.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?);
        }
        by_unit.push(texts.len());
    }
    let mut fates: Vec<Fate> = copies.iter().map(|n| Fate::Kept { n_copies: *n }).collect();
    let mut settle = |found: &[Found], at: &[usize], stage, reason, threshold| {
        for (i, fate) in found.iter().enumerate() {
            if let Found::Dropped {
                survivor,
                similarity,
            } = fate
            {
                let (own, other) = (at[i], at[*survivor]);
                copies[other] += copies[own];
                fates[own] = Fate::Dropped {
                    stage,
                    reason,
                    similarity: *similarity,
                    threshold,
                    survivor: texts[other].id.clone(),
                };
            }
        }
    };
    let mut left: Vec<usize> = (0..texts.len()).collect();
    let documents = |left: &[usize]| -> Vec<Document<'_>> {
        let of = |i: &usize| Document {
            id: &texts[*i].id,
            text: &texts[*i].text,
        };
        left.iter().map(of).collect()
    };
    if plan.dedup_exact {
        let found = exact_duplicates(&documents(&left));
        settle(&found, &left, "dedup_exact", "duplicate", 1.0);
        let kept = left.iter().zip(&found);
        left = kept
            .filter(|(_, fate)| matches!(fate, Found::Kept { .. }))
            .map(|(i, _)| *i)
            .collect();
    }
    if plan.dedup_fuzzy {
        let found = near_duplicates(&documents(&left), plan.bands(), control);
        let found = found.ok_or_else(|| Error::Interrupted {
            stage: "dedup_fuzzy".into(),
        })?;
        let least = plan.bands().min_jaccard;
        settle(&found, &left, "dedup_fuzzy", "near_duplicate", least);
    }
    for (fate, n) in fates.iter_mut().zip(&copies) {
        if let Fate::Kept { n_copies } = fate {
            *n_copies = *n;
        }
    }
    let mut fates = fates.into_iter();
    let mut before = 0;
    let by_unit = by_unit.into_iter().map(|end| {
        let own = fates.by_ref().take(end - before).collect();
        before = end;
        own
    });
    Ok(Fates {
        by_unit: by_unit.collect(),
    })
}
