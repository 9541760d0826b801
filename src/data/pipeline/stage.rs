//! One stage alone, as a filter over a stream of records: `eu prepare STAGE`.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::map::CLUSTER_SIZE;
use super::output::line;
use super::plan::Plan;
use super::steps::{identify, judge, select};
use crate::data::dedup::{Document, Fate, exact_duplicates, near_duplicates};
use crate::data::error::{Error, Result};
use crate::data::filter::{Meter, Rules, verdict};
use crate::data::record::Record;
use crate::event::Control;
use crate::lang::Lang;

/// A stage that runs alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Every record with its language in `lang` and `prob`.
    Identify,
    /// The records worth keeping, untouched.
    Filter,
    /// One record of each set of copies, in the order they came; all are held in memory.
    Dedup,
    /// One row a language, in the order of the table.
    Stats,
    /// Every check of every record, in place of the record.
    Explain,
}

/// Records judged between two looks at the signals.
const BATCH_RECORDS: usize = 512;
/// Text judged between two looks at the signals.
const BATCH_BYTES: usize = 4 << 20;

/// Runs `stage` over `records` on every thread and gives the lines that come out to `out`, many
/// at a time, in order, each with its line feed.
///
/// # Errors
/// The first error of `records`; [`Error::Interrupted`] when a stop was asked for.
pub fn run_stage(
    stage: Stage,
    records: impl Iterator<Item = Result<Record>>,
    plan: &Plan,
    control: &Control,
    out: &mut dyn FnMut(&str),
) -> Result<()> {
    let langs = Lang::select(&plan.langs)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads)
        .build()
        .map_err(|e| Error::Failed(format!("cannot start {} threads: {e}", plan.threads)))?;
    let mut held = Vec::new();
    let mut stats: BTreeMap<usize, Stats> = BTreeMap::new();
    let mut batch = Vec::new();
    let mut n_bytes = 0;
    let mut records = records.fuse();
    loop {
        let next = records.next();
        let is_last = next.is_none();
        // What came before damage is given before the damage is told.
        let (ended, is_last) = match next {
            Some(Ok(record)) => {
                n_bytes += record.text.len();
                batch.push(record);
                (Ok(()), is_last)
            }
            Some(Err(error)) => (Err(error), true),
            None => (Ok(()), is_last),
        };
        if batch.len() >= BATCH_RECORDS || n_bytes >= BATCH_BYTES || is_last {
            if control.stop_requested() {
                return Err(interrupted());
            }
            n_bytes = 0;
            let records = std::mem::take(&mut batch);
            match stage {
                Stage::Dedup => held.extend(records),
                _ => {
                    let judged: Vec<Told> = pool.install(|| {
                        let judged = records.into_par_iter();
                        judged
                            .map_init(Meter::new, |m, r| told(stage, r, plan, &langs, m))
                            .collect()
                    });
                    let mut lines = String::new();
                    for told in judged {
                        match told {
                            Told::Line(line) => lines.push_str(&line),
                            Told::Nothing => {}
                            Told::Stats(at, row) => stats.entry(at).or_default().add(row),
                        }
                    }
                    if !lines.is_empty() {
                        out(&lines);
                    }
                }
            }
        }
        ended?;
        if is_last {
            break;
        }
    }
    for (at, row) in stats {
        out(&format!("{}\n", row.told(at)));
    }
    for record in pool.install(|| dedup(held, plan, control))? {
        out(&format!("{}\n", line(&record, None)));
    }
    Ok(())
}

/// What a stage has to say of one record.
enum Told {
    Line(String),
    Nothing,
    Stats(usize, Stats),
}

fn told(
    stage: Stage,
    mut record: Record,
    plan: &Plan,
    langs: &[&'static Lang],
    meter: &mut Meter,
) -> Told {
    match stage {
        Stage::Identify => {
            identify(&mut record, plan);
            Told::Line(format!("{}\n", line(&record, None)))
        }
        Stage::Filter => match keep(&mut record, plan, langs, meter) {
            true => Told::Line(format!("{}\n", line(&record, None))),
            false => Told::Nothing,
        },
        Stage::Stats => {
            let verdict = labelled(&mut record, plan).or_else(|| judge(&record, meter));
            let at = record.lang.map_or(usize::MAX, Lang::index);
            Told::Stats(at, Stats::of(&record, verdict.map(|v| v.reason)))
        }
        Stage::Explain => Told::Line(format!("{}\n", explain(&mut record, plan, langs, meter))),
        Stage::Dedup => Told::Nothing, // needs them all
    }
}

fn interrupted() -> Error {
    Error::Interrupted {
        stage: "the stage".into(),
    }
}

/// Identifies a record only if it has no label: a stream may come from `identify` already.
fn labelled(record: &mut Record, plan: &Plan) -> Option<super::steps::Verdict> {
    match record.lang {
        Some(_) => None,
        None => identify(record, plan),
    }
}

fn keep(record: &mut Record, plan: &Plan, langs: &[&'static Lang], meter: &mut Meter) -> bool {
    let verdict = labelled(record, plan).or_else(|| select(record, langs));
    verdict.or_else(|| judge(record, meter)).is_none()
}

/// The record's language and every check, with the first reason to drop it if there is one.
fn explain(record: &mut Record, plan: &Plan, langs: &[&'static Lang], meter: &mut Meter) -> Value {
    let first = labelled(record, plan)
        .or_else(|| select(record, langs))
        .or_else(|| judge(record, meter));
    let checks = record.lang.map(|lang| {
        let rules = Rules::of(lang);
        verdict(&meter.measure(&record.text, rules), rules)
    });
    json!({
        "schema": "explain/1",
        "id": record.id,
        "lang": record.code(),
        "lang_prob": record.lang_prob,
        "kept": first.is_none(),
        "verdict": first,
        "checks": checks,
    })
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

/// What was seen of one language.
#[derive(Default)]
struct Stats {
    n_records: u64,
    n_bytes: u64,
    n_chars: u64,
    n_words: u64,
    n_lines: u64,
    dropped: BTreeMap<&'static str, u64>,
}

impl Stats {
    fn of(record: &Record, reason: Option<&'static str>) -> Self {
        Stats {
            n_records: 1,
            n_bytes: record.text.len() as u64,
            n_chars: record.text.chars().count() as u64,
            n_words: record.text.split_whitespace().count() as u64,
            n_lines: record.text.lines().count() as u64,
            dropped: reason.into_iter().map(|reason| (reason, 1)).collect(),
        }
    }

    fn add(&mut self, other: Stats) {
        self.n_records += other.n_records;
        self.n_bytes += other.n_bytes;
        self.n_chars += other.n_chars;
        self.n_words += other.n_words;
        self.n_lines += other.n_lines;
        for (reason, n) in other.dropped {
            *self.dropped.entry(reason).or_default() += n;
        }
    }

    fn told(self, at: usize) -> Value {
        let lang = Lang::all().get(at);
        json!({
            "schema": "stats/1",
            "lang": lang.map_or("und", |l| l.code.as_str()),
            "name": lang.map_or("undetermined", |l| l.name.as_str()),
            "n_records": self.n_records,
            "n_bytes": self.n_bytes,
            "n_chars": self.n_chars,
            "n_words": self.n_words,
            "n_lines": self.n_lines,
            "would_drop": self.dropped,
        })
    }
}
