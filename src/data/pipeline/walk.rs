//! The walk from files of text to a folder of tokens, from top to bottom.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::copies::{exact, fuzzy};
use super::heldout::{set_aside, shuffle};
use super::output::Output;
use super::plan::Plan;
use super::report::{Made, Report};
use super::steps::{identify, judge, select};
use super::tally::Tally;
use super::tokens::{by_lang, measure_parity, pack_all, vocabulary};
use crate::data::error::{Error, Result};
use crate::data::filter::Meter;
use crate::data::mix::unimax;
use crate::data::read;
use crate::data::record::Record;
use crate::disk;
use crate::event::{Control, Event, Sink};
use crate::lang::Lang;
use crate::ledger::Manifest;

/// Name of the stage in manifests.
const STAGE: &str = "prepare";
/// Records read between two looks at the signals.
const CHUNK: usize = 1024;

/// Prepares a folder as `plan` says; it appears whole, or not at all.
///
/// # Errors
/// When the plan makes no sense, input is missing or damaged, nothing is left to train on, the
/// disk is full, or `control` asked to stop.
pub fn run(plan: &Plan, control: &Control, sink: &dyn Sink) -> Result<Report> {
    let langs = plan.check()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads)
        .build()
        .map_err(|e| Error::Failed(format!("cannot start {} threads: {e}", plan.threads)))?;
    pool.install(|| walk(plan, &langs, control, sink))
}

fn walk(
    plan: &Plan,
    langs: &[&'static Lang],
    control: &Control,
    sink: &dyn Sink,
) -> Result<Report> {
    refuse_strange(plan)?;
    let staged = disk::Staged::new(&plan.output, plan.force)?;
    let mut manifest = Manifest::begin(STAGE, plan);
    name_parents(plan, &mut manifest)?;
    let output = Output::new(staged.path());
    let mut tally = Tally {
        control,
        sink,
        output: &output,
        stages: Vec::new(),
        by_lang: BTreeMap::new(),
    };

    let records = read_all(plan, &plan.inputs, "read", &mut tally)?;
    let mut records = tally.each("identify", records, || (), |(), r| identify(r, plan))?;
    records = tally.each("select", records, || (), |(), r| select(r, langs))?;
    if plan.filter {
        records = tally.each("filter", records, Meter::new, |meter, r| judge(r, meter))?;
    }
    if plan.dedup_exact {
        records = exact(records, &mut tally)?;
    }
    if plan.dedup_fuzzy {
        records = fuzzy(records, plan, &mut tally)?;
    }
    let (mut records, heldout) = set_aside(records, plan, langs, &mut tally)?;
    if records.is_empty() {
        return Err(nothing_left(&tally));
    }
    shuffle(&mut records, plan.seed);
    output.records("unique", &records)?;
    output.records("heldout", &heldout)?;

    let kept = by_lang(&records);
    let vocab = vocabulary(plan, &kept, &output, &mut tally)?;
    let costs = measure_parity(plan, &vocab, &heldout, &mut tally)?;
    disk::replace_json(&output.path("parity.json"), &costs)?;
    let supplies = pack_all(&vocab, &kept, "train", &output, &mut tally)?;
    pack_all(&vocab, &by_lang(&heldout), "valid", &output, &mut tally)?;
    let mix = unimax(&supplies, plan.budget_tokens, plan.max_epochs);
    mix.save(staged.path())?;

    let report = Report::of(Made {
        plan,
        tally: &tally,
        heldout: &heldout,
        n_vocab: vocab.len(),
        parity: &costs,
        mix: &mix,
    })?;
    disk::replace_json(&output.path("report.json"), &report)?;
    manifest.count("n_seen", report.n_seen);
    manifest.count("n_kept", report.n_kept);
    manifest.count("n_heldout", report.n_heldout);
    manifest.count("dropped", &report.dropped);
    manifest.count("n_tokens", report.n_tokens);
    manifest.seal(staged.path())?;
    tally.stop_point("publish")?;
    staged.publish()?;
    sink.emit(Event::Saved {
        path: plan.output.clone(),
        what: "data".into(),
    });
    Ok(report)
}

/// Even with `force`, nothing but a prepared folder is replaced: `-o` may name a home by mistake.
fn refuse_strange(plan: &Plan) -> Result<()> {
    let is_ours = || Manifest::of(&plan.output).is_some_and(|m| m.stage == STAGE);
    if !plan.force || disk::refuse_existing(&plan.output).is_ok() || is_ours() {
        return Ok(());
    }
    Err(Error::usage(
        format!(
            "{}: not a prepared folder, so it is not replaced",
            plan.output.display()
        ),
        "choose another -o",
    ))
}

/// Names every file that is read; standard input cannot be named.
fn name_parents(plan: &Plan, manifest: &mut Manifest) -> Result<()> {
    for (role, paths) in [
        ("text", &plan.inputs),
        ("heldout", &plan.heldout),
        ("parallel", &plan.parallel),
    ] {
        for path in paths.iter().filter(|path| path.as_path() != Path::new("-")) {
            manifest.add_parent(role, path)?;
        }
    }
    if let Some(path) = &plan.tokenizer {
        manifest.add_parent("tokenizer", path)?;
    }
    Ok(())
}

/// Reads every record of `paths`.
pub(super) fn read_all(
    plan: &Plan,
    paths: &[PathBuf],
    stage: &'static str,
    tally: &mut Tally,
) -> Result<Vec<Record>> {
    let mut open = tally.begin(stage, None, "records");
    let mut records = Vec::new();
    for record in read::records(paths, &plan.text_key)? {
        records.push(record?);
        if records.len() % CHUNK == 0 {
            tally.advance(&mut open, CHUNK)?;
        }
    }
    tally.close(open, records.len(), records.len(), BTreeMap::new())?;
    Ok(records)
}

/// Says after which stage nothing was left, and why.
fn nothing_left(tally: &Tally) -> Error {
    let n_seen = tally.stages.first().map_or(0, |stage| stage.n_in);
    let worst = tally
        .stages
        .iter()
        .rev()
        .find(|stage| !stage.dropped.is_empty());
    let told = worst.map_or(String::new(), |stage| {
        let reasons = stage
            .dropped
            .iter()
            .map(|(reason, n)| format!("{reason} {n}"));
        format!(
            "; {} dropped: {}",
            stage.stage,
            reasons.collect::<Vec<_>>().join(", ")
        )
    });
    Error::NothingLeft {
        what: format!("none of {n_seen} records is left to train on{told}"),
        hint: "run `eu prepare explain` on the input to see each measure".into(),
    }
}
