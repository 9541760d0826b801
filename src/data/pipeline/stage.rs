//! One stage alone, as a filter over a stream of records: `eu prepare STAGE`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::batches::Batches;
use super::enter::{Entered, enter};
use super::gathered::{Gathered, Told};
use super::numbers;
use super::output::line;
use super::plan::{Plan, Step};
use super::quality::Learnt;
use super::stats::Stats;
use super::steps::{Verdict, evaluated, identify, redact, select};
use super::tools::Tools;
use crate::contamination::Scratch;
use crate::data::error::{Error, Result};
use crate::data::filter::calibrate::Reading;
use crate::data::filter::{Families, Meter, verdict, whatif};
use crate::data::optout;
use crate::data::pii::Span;
use crate::data::read::Item;
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
    /// The records worth keeping; untouched, but for the lines that C4 removes where it is on.
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
    /// Every record with `valid`: whether its `number` checks by the rules of its `country`.
    Numbers,
    /// A vocabulary trained on the records: its `tokenizer.json`.
    Tokenizer {
        /// Take all text as it comes, as plain BPE does: one language, counted once.
        plain: bool,
        /// Train plain BPE of the same size on the same sample too; its file comes second.
        compare: bool,
    },
}

impl Stage {
    /// The settings of `plan` that this stage needs: a stage opens no file that another one reads.
    /// What was asked for by the stage's own name is done, whatever steps the plan takes; `explain`
    /// speaks of the plan's.
    fn own_part(self, plan: &Plan) -> Plan {
        use Step::{Decontaminate, Extract, Filter, Identify, Lawful, Redact};
        let mut own = plan.clone();
        own.annotate &= self == Stage::Identify;
        own.steps = match self {
            Stage::Extract | Stage::Dedup | Stage::Encode { .. } | Stage::Numbers => {
                vec![Extract]
            }
            Stage::Lawful => vec![Extract, Lawful],
            Stage::Identify | Stage::Tokenizer { .. } | Stage::Calibrate => {
                vec![Extract, Identify]
            }
            Stage::Filter | Stage::Stats | Stage::Whatif { .. } => {
                vec![Extract, Identify, Filter]
            }
            Stage::Redact => vec![Extract, Identify, Redact],
            Stage::Decontaminate { .. } => vec![Extract, Decontaminate],
            Stage::Explain => {
                own.redact = super::plan::Redact::Annotate; // it tells kinds, and needs no key
                if !own.has(Redact) {
                    own.steps.push(Redact);
                }
                return own;
            }
        };
        own.filter = true;
        if !own.has(Filter) {
            own.bad_words = None;
            if !own.annotate {
                (own.thresholds, own.families) = (None, None); // scores hang on what is usual
            }
        }
        own
    }
}

/// What a stage passed over: whole, but no text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// How many, by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// What in files that settings name was not as one would expect, in words.
    pub warnings: Vec<String>,
}

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
    let plan = stage.own_part(plan);
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
    let mut gathered = Gathered::new(stage, &tools);
    let mut batches = Batches::open(inputs, &tools.options, control)?;
    let mut n_items = 0u64;
    while let Some(batch) = batches.next()? {
        n_items += batch.len() as u64;
        let told: Vec<Told> = pool.install(|| {
            let judged = batch.into_par_iter();
            judged
                .map_init(Bench::default, |bench, item| {
                    told(stage, item, &tools, vocab.as_ref(), bench)
                })
                .collect()
        });
        let (lines, unsaid) = gathered.take(told);
        if !lines.is_empty() {
            out(&lines);
        }
        if let Some(error) = unsaid {
            return Err(error);
        }
    }
    if n_items == 0 {
        return Err(Error::Empty {
            path: inputs.first().cloned().unwrap_or_default(),
            what: "no record in this file".into(),
        });
    }
    let mut passed_over = std::mem::take(&mut gathered.passed_over);
    passed_over.warnings.clone_from(&tools.warnings);
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
    let mut learnt = Learnt::default();
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
            learnt.identify(&mut record, plan);
            if plan.annotate {
                learnt.annotate(&mut record, tools, &mut bench.meter);
            }
            whole(&record)
        }
        Stage::Filter => match keep(&mut record, tools, &mut bench.meter, &mut learnt) {
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
            let found = evaluated(&record, tools, &mut bench.scratch);
            let verdict = found.and_then(|(_, verdict)| verdict);
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
            let ids = vocab.map_or(Ok(Vec::new()), |vocab| vocab.encode(&record.text));
            let ids = match ids {
                Ok(ids) => ids,
                Err(error) => return Told::Failed(error.into()),
            };
            let hash = || {
                let mut bytes = Vec::with_capacity(4 * ids.len());
                for id in &ids {
                    bytes.extend_from_slice(&id.to_le_bytes());
                }
                xxh3_64(&bytes)
            };
            let told = match count {
                true => json!({"id": record.id, "n_ids": ids.len(),
                    "xxh3": format!("{:016x}", hash())}),
                false => json!({"id": record.id, "ids": ids}),
            };
            Told::Line(format!("{told}\n"))
        }
        Stage::Numbers => Told::Line(numbers::checked(record)),
        Stage::Tokenizer { plain, .. } => {
            if !plain {
                labelled(&mut record, plan, &mut learnt);
            }
            record.fields.clear(); // all text is held; nothing else is asked for
            Told::Held(Box::new(record))
        }
        Stage::Calibrate => {
            labelled(&mut record, plan, &mut learnt);
            let read = |lang| Reading::of(lang, &record.id, &record.text, &mut bench.meter);
            match record.lang.and_then(read) {
                Some(reading) => Told::Good(record.text, Box::new(reading)),
                None => Told::Nothing,
            }
        }
        Stage::Stats => {
            let judged = labelled(&mut record, plan, &mut learnt);
            let verdict = judged.or_else(|| learnt.judge(&record, tools, &mut bench.meter));
            let at = record.lang.map_or(usize::MAX, Lang::index);
            Told::Stats(at, Stats::of(&record, verdict.map(|v| v.reason)))
        }
        Stage::Explain => {
            let told = explain(&mut record, entered, tools, bench);
            Told::Line(format!("{told}\n"))
        }
        Stage::Whatif { share } => {
            if !whatif::sampled(&record.id, share)
                || labelled(&mut record, plan, &mut learnt).is_some()
            {
                return Told::Nothing;
            }
            let Some(lang) = record.lang else {
                return Told::Nothing;
            };
            let all = Families::all();
            let metrics = learnt.measure(&record, lang, all, tools, &mut bench.meter);
            Told::Metrics(lang, record.text.len() as u64, Box::new(metrics.clone()))
        }
    }
}

/// Identifies a record only if it has no label: a stream may come from `identify` already.
fn labelled(record: &mut Record, plan: &Plan, learnt: &mut Learnt) -> Option<Verdict> {
    match record.lang {
        Some(_) => None,
        None => learnt.identify(record, plan),
    }
}

/// Identifies a record without noting it: `redact` adds nothing but what it found.
fn identify_quietly(record: &mut Record, plan: &Plan) {
    let fields = std::mem::take(&mut record.fields);
    identify(record, plan);
    record.fields = fields;
}

fn keep(record: &mut Record, tools: &Tools, meter: &mut Meter, learnt: &mut Learnt) -> bool {
    let verdict = labelled(record, tools.plan, learnt).or_else(|| select(record, tools.langs));
    verdict.is_none() && learnt.filter(record, tools, meter).is_ok()
}

/// The record's language and every check, with the first reason for which the walk would drop it,
/// judged by itself, if there is one.
fn explain(
    record: &mut Record,
    entered: Option<Verdict>,
    tools: &Tools,
    bench: &mut Bench,
) -> Value {
    let (plan, mut learnt) = (tools.plan, Learnt::default());
    let mut first = entered;
    if plan.has(Step::Identify) {
        let verdict = learnt.identify(record, plan);
        let verdict = verdict.or_else(|| select(record, tools.langs));
        first = first.or(verdict);
    }
    let checks = record.lang.map(|lang| {
        let all = Families::all();
        let metrics = learnt.measure(record, lang, all, tools, &mut bench.meter);
        verdict(metrics, tools.rules.of(lang))
    });
    let first = first
        .or_else(|| match plan.has(Step::Filter) {
            true => learnt
                .filter(record, tools, &mut bench.meter)
                .err()
                .map(|verdict| *verdict),
            false => None,
        })
        .or_else(|| {
            let evaluated = evaluated(record, tools, &mut bench.scratch);
            evaluated.and_then(|(_, verdict)| verdict)
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
