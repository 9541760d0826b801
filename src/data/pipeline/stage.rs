//! One stage alone, as a filter over a stream of records: `eu prepare STAGE`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::enter::{Entered, enter};
use super::heldout::sound;
use super::map::CLUSTER_SIZE;
use super::output::line;
use super::plan::{Plan, Step};
use super::stats::Stats;
use super::steps::{Verdict, annotate, evaluated, identify, judge, known, redact, select};
use super::tokens::learn;
use super::tools::Tools;
use crate::contamination::Scratch;
use crate::data::dedup::{Document, Fate, exact_duplicates, near_duplicates};
use crate::data::error::{Error, Result};
use crate::data::filter::{Meter, Metrics, calibrate, verdict, whatif};
use crate::data::optout;
use crate::data::pii::Span;
use crate::data::read::{self, Item};
use crate::data::record::Record;
use crate::event::Control;
use crate::lang::Lang;
use crate::vocab::Vocab;

/// A stage that runs alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage {
    /// Every page as a record with its main text, its facts, and where it came from.
    Extract,
    /// Every record with `allowed`, and in `optout` what each check of its lawfulness said.
    Lawful,
    /// Every record with its language in `lang` and `prob`, and with `annotate` HPLT's scores.
    Identify,
    /// The records worth keeping, untouched.
    Filter,
    /// Every record with its personal data told in `pii` and `pii_kinds`, and masked.
    Redact,
    /// The records that hold nothing of the evaluation sets; or all, with `contaminated`.
    Decontaminate {
        /// Keep all and mark them.
        mark: bool,
    },
    /// One record of each set of copies, in the order they came; all are held in memory.
    Dedup,
    /// One row a language, in the order of the table.
    Stats,
    /// Every check of every record, in place of the record.
    Explain,
    /// What each filter would drop, alone and after the others, on a share of the records.
    Whatif {
        /// Share of the records that is looked at.
        share: f64,
    },
    /// Thresholds that fit the records, which are good text: a file for `thresholds`.
    Calibrate,
    /// The ids of every record's text, or only how many there are and their hash.
    Encode {
        /// Tell the number and the hash instead of the ids.
        count: bool,
    },
    /// A vocabulary trained on the records: its `tokenizer.json`.
    Tokenizer {
        /// Take all text as it comes, as plain BPE does: one language, counted once.
        plain: bool,
    },
}

/// What a stage passed over: whole, but no text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// How many, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
}

/// Items judged between two looks at the signals.
const BATCH_ITEMS: usize = 512;
/// Text judged between two looks at the signals.
const BATCH_BYTES: usize = 4 << 20;

/// Runs `stage` over all that `inputs` hold, on every thread, and gives the lines that come out
/// to `out`, many at a time, in order, each with its line feed.
///
/// # Errors
/// The first damage of the input, once what came before it was given out; [`Error::Interrupted`]
/// when a stop was asked for.
pub fn run_stage(
    stage: Stage,
    inputs: &[PathBuf],
    plan: &Plan,
    control: &Control,
    out: &mut dyn FnMut(&str),
) -> Result<PassedOver> {
    let asks = matches!(stage, Stage::Lawful | Stage::Explain);
    let mut plan = plan.clone();
    plan.steps = Step::ALL.to_vec();
    plan.steps.retain(|step| *step != Step::Lawful || asks);
    let langs = Lang::select(&plan.langs)?;
    let tools = Tools::open(&plan, &langs, &[])?;
    if matches!(stage, Stage::Decontaminate { .. }) && tools.evaluation.is_none() {
        return Err(Error::usage(
            "no evaluation sets to look for",
            "name them with --against",
        ));
    }
    let vocab = match (stage, &plan.tokenizer) {
        (Stage::Encode { .. }, Some(path)) => Some(Vocab::open(path)?),
        (Stage::Encode { .. }, None) => {
            return Err(Error::usage(
                "no vocabulary to encode with",
                "name a tokenizer.json with --tokenizer",
            ));
        }
        _ => None,
    };
    let pool = plan.pool()?;
    let mut gathered = Gathered::new(stage);
    let mut items = read::items(inputs, &tools.options)?.fuse();
    let (mut n_items, mut ended) = (0u64, false);
    while !ended {
        let (mut batch, mut n_bytes, mut failed) = (Vec::new(), 0, None);
        while batch.len() < BATCH_ITEMS && n_bytes < BATCH_BYTES && !ended {
            match items.next() {
                None => ended = true,
                Some(item) => match sound(item) {
                    Ok(item) => {
                        n_bytes += super::map::held_bytes(&item);
                        batch.push(item);
                    }
                    Err(error) => (failed, ended) = (Some(error), true),
                },
            }
        }
        if control.stop_requested() {
            return Err(interrupted());
        }
        n_items += batch.len() as u64;
        let told: Vec<Told> = pool.install(|| {
            let judged = batch.into_par_iter();
            judged
                .map_init(Bench::default, |bench, item| {
                    told(stage, item, &tools, vocab.as_ref(), bench)
                })
                .collect()
        });
        let lines = gathered.take(told);
        if !lines.is_empty() {
            out(&lines);
        }
        if let Some(error) = failed {
            return Err(error);
        }
    }
    if n_items == 0 {
        return Err(Error::Empty {
            path: inputs.first().cloned().unwrap_or_default(),
            what: "no record in this file".into(),
        });
    }
    let passed_over = std::mem::take(&mut gathered.passed_over);
    let lines = pool.install(|| gathered.finish(&tools, control))?;
    if !lines.is_empty() {
        out(&lines);
    }
    Ok(passed_over)
}

/// What one thread works with.
#[derive(Default)]
struct Bench {
    meter: Meter,
    scratch: Scratch,
    spans: Vec<Span>,
}

/// What a stage has to say of one item.
enum Told {
    Line(String),
    Nothing,
    PassedOver(&'static str),
    Held(Box<Record>),
    Stats(usize, Stats),
    Metrics(&'static Lang, u64, Box<Metrics>),
}

fn told(stage: Stage, item: Item, tools: &Tools, vocab: Option<&Vocab>, bench: &mut Bench) -> Told {
    let Entered {
        mut record,
        verdict: entered,
        judgement,
    } = enter(item, tools, &mut optout::Tally::default());
    // A stage does its own work and no other's: what may be used is not its question.
    if let Some(verdict) = entered.as_ref().filter(|verdict| verdict.stage == "read") {
        return Told::PassedOver(verdict.reason);
    }
    let plan = tools.plan;
    let whole = |record: &Record| Told::Line(line(record, None));
    match stage {
        Stage::Extract => whole(&record),
        Stage::Lawful => {
            let judgement = judgement.unwrap_or_default();
            record
                .fields
                .insert("allowed".into(), judgement.allowed().into());
            if !judgement.decisions.is_empty() {
                let decisions = serde_json::to_value(&judgement.decisions);
                let decisions = decisions.unwrap_or(Value::Null);
                record.fields.insert("optout".into(), decisions);
            }
            whole(&record)
        }
        Stage::Identify => {
            identify(&mut record, plan);
            if plan.annotate {
                annotate(&mut record, tools, &mut bench.meter);
            }
            whole(&record)
        }
        Stage::Filter => match keep(&mut record, tools, &mut bench.meter) {
            true => whole(&record),
            false => Told::Nothing,
        },
        Stage::Redact => {
            if record.lang.is_none() {
                identify_quietly(&mut record, plan);
            }
            if let Some((finder, mode)) = &tools.personal {
                redact(&mut record, finder, mode, &mut bench.spans);
            }
            whole(&record)
        }
        Stage::Decontaminate { mark } => {
            let verdict = evaluated(&record, tools, &mut bench.scratch);
            if mark {
                record
                    .fields
                    .insert("contaminated".into(), verdict.is_some().into());
                return whole(&record);
            }
            match verdict {
                None => whole(&record),
                Some(_) => Told::Nothing,
            }
        }
        Stage::Dedup => Told::Held(Box::new(record)),
        Stage::Encode { count } => {
            let ids = vocab.map_or(Vec::new(), |vocab| vocab.encode(&record.text));
            let bytes = || {
                ids.iter()
                    .flat_map(|id| id.to_le_bytes())
                    .collect::<Vec<u8>>()
            };
            let told = match count {
                true => json!({"id": record.id, "n_ids": ids.len(),
                    "xxh3": format!("{:016x}", xxh3_64(&bytes()))}),
                false => json!({"id": record.id, "ids": ids}),
            };
            Told::Line(format!("{told}\n"))
        }
        Stage::Tokenizer { plain } => {
            if !plain {
                labelled(&mut record, plan);
            }
            Told::Held(Box::new(record))
        }
        Stage::Calibrate => {
            labelled(&mut record, plan);
            Told::Held(Box::new(record))
        }
        Stage::Stats => {
            let judged = labelled(&mut record, plan);
            let verdict = judged.or_else(|| judge(&record, tools, &mut bench.meter));
            let at = record.lang.map_or(usize::MAX, Lang::index);
            Told::Stats(at, Stats::of(&record, verdict.map(|v| v.reason)))
        }
        Stage::Explain => {
            let told = explain(&mut record, entered, tools, &mut bench.meter);
            Told::Line(format!("{told}\n"))
        }
        Stage::Whatif { share } => {
            if !whatif::sampled(&record.id, share) || labelled(&mut record, plan).is_some() {
                return Told::Nothing;
            }
            let Some(lang) = record.lang else {
                return Told::Nothing;
            };
            let rules = tools.rules.of(lang);
            let known = known(&record, tools);
            let metrics = bench.meter.measure_all(&record.text, rules, &known);
            Told::Metrics(lang, record.text.len() as u64, Box::new(metrics))
        }
    }
}

/// What is known only when all was read.
struct Gathered {
    stage: Stage,
    passed_over: PassedOver,
    held: Vec<Record>,
    stats: BTreeMap<usize, Stats>,
    metrics: Vec<(&'static Lang, u64, Metrics)>,
    calibrator: calibrate::Calibrator,
}

impl Gathered {
    fn new(stage: Stage) -> Self {
        Gathered {
            stage,
            passed_over: PassedOver::default(),
            held: Vec::new(),
            stats: BTreeMap::new(),
            metrics: Vec::new(),
            calibrator: calibrate::Calibrator::new(calibrate::Plan::default()),
        }
    }

    /// Takes what was told in order; the lines among it.
    fn take(&mut self, told: Vec<Told>) -> String {
        let mut lines = String::new();
        for told in told {
            match told {
                Told::Line(line) => lines.push_str(&line),
                Told::Nothing => {}
                Told::PassedOver(reason) => {
                    *self.passed_over.reasons.entry(reason).or_default() += 1;
                }
                Told::Held(record) if self.stage == Stage::Calibrate => {
                    if let Some(lang) = record.lang {
                        self.calibrator.add(lang, &record.id, &record.text);
                    }
                }
                Told::Held(record) => self.held.push(*record),
                Told::Stats(at, row) => self.stats.entry(at).or_default().add(row),
                Told::Metrics(lang, n, metrics) => self.metrics.push((lang, n, *metrics)),
            }
        }
        lines
    }

    /// The lines that come of all together.
    fn finish(self, tools: &Tools, control: &Control) -> Result<String> {
        let mut lines = String::new();
        for (at, row) in self.stats {
            lines.push_str(&format!("{}\n", row.told(at)));
        }
        match self.stage {
            Stage::Tokenizer { plain } => {
                lines = tokenizer(self.held, plain, tools.plan, control)?;
            }
            _ => {
                for record in dedup(self.held, tools.plan, control)? {
                    lines.push_str(&line(&record, None));
                }
            }
        }
        if let Stage::Whatif { .. } = self.stage {
            for table in whatif::what_if(self.metrics, &tools.rules) {
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

/// The `tokenizer.json` of a vocabulary trained on `records`.
fn tokenizer(records: Vec<Record>, plain: bool, plan: &Plan, control: &Control) -> Result<String> {
    let mut by_lang: BTreeMap<usize, (Option<&'static Lang>, Vec<String>)> = BTreeMap::new();
    for record in records {
        let lang = record.lang.filter(|_| !plain);
        let place = lang.map_or(usize::MAX, Lang::index);
        let own = by_lang.entry(place).or_insert_with(|| (lang, Vec::new()));
        own.1.push(record.text);
    }
    let (langs, texts): (Vec<_>, Vec<_>) = by_lang.into_values().unzip();
    let langs: Vec<Option<&Lang>> = langs;
    let plan = match plain {
        true => Plan {
            pressure: 0.0,
            max_epochs: 1.0,
            ..plan.clone()
        },
        false => plan.clone(),
    };
    let json = learn(&plan, &langs, &texts, control)?.to_string(true);
    json.map_err(|e| Error::Failed(format!("tokenizer: cannot be written: {e}")))
}

pub(super) fn interrupted() -> Error {
    Error::Interrupted {
        stage: "the stage".into(),
    }
}

/// Identifies a record only if it has no label: a stream may come from `identify` already.
fn labelled(record: &mut Record, plan: &Plan) -> Option<Verdict> {
    match record.lang {
        Some(_) => None,
        None => identify(record, plan),
    }
}

/// Identifies a record without noting it: `redact` adds nothing but what it found.
fn identify_quietly(record: &mut Record, plan: &Plan) {
    let fields = record.fields.clone();
    identify(record, plan);
    record.fields = fields;
}

fn keep(record: &mut Record, tools: &Tools, meter: &mut Meter) -> bool {
    let verdict = labelled(record, tools.plan).or_else(|| select(record, tools.langs));
    verdict.or_else(|| judge(record, tools, meter)).is_none()
}

/// The record's language and every check, with the first reason to drop it if there is one.
fn explain(
    record: &mut Record,
    entered: Option<Verdict>,
    tools: &Tools,
    meter: &mut Meter,
) -> Value {
    let first = entered
        .or_else(|| labelled(record, tools.plan))
        .or_else(|| select(record, tools.langs))
        .or_else(|| judge(record, tools, meter));
    let checks = record.lang.map(|lang| {
        let rules = tools.rules.of(lang);
        let known = known(record, tools);
        verdict(&meter.measure_all(&record.text, rules, &known), rules)
    });
    let mut spans = Vec::new();
    if let Some((finder, _)) = &tools.personal {
        finder.find(&record.text, record.lang, &mut spans);
    }
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for span in &spans {
        *kinds.entry(span.kind.name()).or_default() += 1;
    }
    json!({
        "schema": "explain/1",
        "id": record.id,
        "lang": record.code(),
        "lang_prob": record.lang_prob,
        "kept": first.is_none(),
        "verdict": first,
        "checks": checks,
        "personal_data": kinds,
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
