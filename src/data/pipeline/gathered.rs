//! What a stage tells of each item, and what it can tell only when all was read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::batches::interrupted;
use super::learn::vocabularies;
use super::output::line;
use super::plan::Plan;
use super::stage::{PassedOver, Stage};
use super::stats::Stats;
use super::tools::Tools;
use crate::data::dedup::{Document, Fate, exact_duplicates, near_duplicates};
use crate::data::error::{Error, Result};
use crate::data::filter::Metrics;
use crate::data::filter::calibrate::{self, Reading};
use crate::data::filter::whatif::WhatIf;
use crate::data::record::{CLUSTER_SIZE, Record};
use crate::event::Control;
use crate::lang::Lang;

/// What a stage has to say of one item.
pub(super) enum Told {
    Line(String),
    Nothing,
    PassedOver(&'static str),
    Failed(Error),
    Held(Box<Record>),
    Stats(usize, Stats),
    /// What a text of so many bytes was measured at.
    Metrics(&'static Lang, u64, Box<Metrics>),
    /// A text known to be good, and what it says.
    Good(String, Box<Reading>),
}

/// What is known only when all was read.
pub(super) struct Gathered<'a> {
    stage: Stage,
    pub(super) passed_over: PassedOver,
    held: Vec<Record>,
    stats: BTreeMap<usize, Stats>,
    what_if: WhatIf<'a>,
    calibrator: calibrate::Calibrator,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(stage: Stage, tools: &'a Tools) -> Self {
        Gathered {
            stage,
            passed_over: PassedOver::default(),
            held: Vec::new(),
            stats: BTreeMap::new(),
            what_if: WhatIf::new(&tools.rules),
            calibrator: calibrate::Calibrator::new(calibrate::Plan::default()),
        }
    }

    /// Takes what was told in order; the lines among it, up to the first failure.
    pub(super) fn take(&mut self, told: Vec<Told>) -> (String, Option<Error>) {
        let mut lines = String::new();
        for told in told {
            match told {
                Told::Line(line) => lines.push_str(&line),
                Told::Nothing => {}
                Told::Failed(error) => return (lines, Some(error)),
                Told::PassedOver(reason) => {
                    *self.passed_over.reasons.entry(reason).or_default() += 1;
                }
                Told::Good(text, reading) => self.calibrator.add(&text, *reading),
                Told::Held(record) => self.held.push(*record),
                Told::Stats(at, row) => self.stats.entry(at).or_default().add(row),
                Told::Metrics(lang, n, metrics) => self.what_if.add(lang, n, &metrics),
            }
        }
        (lines, None)
    }

    /// The lines that come of all together.
    pub(super) fn finish(self, tools: &Tools, control: &Control) -> Result<String> {
        let mut lines = String::new();
        for (at, row) in self.stats {
            lines.push_str(&format!("{}\n", row.told(at)));
        }
        match self.stage {
            Stage::Tokenizer { plain, compare } => {
                lines = vocabularies(self.held, plain, compare, tools.plan, control)?;
            }
            _ => {
                for record in dedup(self.held, tools.plan, control)? {
                    lines.push_str(&line(&record, None));
                }
            }
        }
        if let Stage::Whatif { .. } = self.stage {
            for table in self.what_if.finish() {
                let told = serde_json::to_value(table).unwrap_or(Value::Null);
                lines.push_str(&format!("{told}\n"));
            }
        }
        if self.stage == Stage::Calibrate {
            let found = self.calibrator.finish();
            let file = calibrate::rules_file(&found, &calibrate::Plan::default());
            lines.push_str(&serde_json::to_string_pretty(&file).unwrap_or_default());
            lines.push('\n');
        }
        Ok(lines)
    }
}

fn dedup(mut records: Vec<Record>, plan: &Plan, control: &Control) -> Result<Vec<Record>> {
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
