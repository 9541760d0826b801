//! The whole of `eu quantize`: choose, encode, write, and measure what was lost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::choose::{Choice, Rules};
use super::describe::describe;
use super::report::{Loss, Report};
use super::table::Quant;
use super::weighed::{Sought, Weighed};
use super::{About, Plan};
use crate::disk;
use crate::engine::eval::{self, Request};
use crate::engine::gguf::{self, Draft, interleave, is_rotated, to_gguf};
use crate::engine::load::Loaded;
use crate::engine::model::{Config, Layout, Param};
use crate::engine::ops::Executor;
use crate::engine::{Error, Result};
use crate::event::{Control, Event, LangScore, Sink};
use crate::ledger::{self, Manifest};

/// Name of the stage in events and manifests.
const STAGE: &str = "quantize";

/// Makes the file that `plan` asks for of `loaded`, and scores both on `requests`, which the
/// caller has read from `plan.data` (none: nothing is scored).
///
/// # Errors
/// When a type is not known, the file exists, the model has no place in a GGUF file, importance is
/// that of another model, or the work was interrupted.
pub fn run(
    plan: &Plan,
    loaded: &Loaded,
    about: &About,
    requests: &[Request],
    control: &Control,
    sink: &dyn Sink,
) -> Result<Report> {
    let began = Instant::now();
    let rules = Rules::of(plan)?;
    let quant = rules.quant;
    let path = output(plan, quant, &loaded.source);
    if !plan.force {
        disk::refuse_existing(&path)?;
    }
    let rows = choose(&rules, &loaded.model.config);
    let weighed = plan.imatrix.as_deref().map(Weighed::read).transpose()?;
    let mut manifest = Manifest::begin(STAGE, plan);
    let files = ledger::hash_files(&loaded.source)?;
    manifest.add_hashed_parent("model", &loaded.source, &files)?;
    let parent = ledger::digest(&files);
    let (metadata, mut notes) = describe(&path, quant, loaded, about, &parent, weighed.as_ref())?;
    notes.extend(misfits(&rows));
    if let Some(weighed) = &weighed {
        manifest.add_parent("imatrix", &weighed.path)?;
        notes.extend(weighed.compare(&matrices(&rows))?);
    }
    for text in &notes {
        sink.emit(Event::Note {
            warning: true,
            text: text.clone(),
        });
    }
    let mut draft = Draft::new(metadata);
    for row in &rows {
        draft.add(&row.name, &row.dims(), row.choice.kind);
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads)
        .build();
    let pool = pool.map_err(|e| Error::Failed(format!("cannot start threads: {e}")))?;
    let job = Job {
        rows: &rows,
        loaded,
        weighed: weighed.as_ref(),
    };
    pool.install(|| write(&draft, &path, &job, control, sink))?;
    sink.emit(Event::Saved {
        path: path.clone(),
        what: "gguf".into(),
    });

    let len_bytes = path
        .metadata()
        .map_err(|e| disk::Error::io(&path, "read", e))?
        .len();
    let mut report = report_of(quant, &path, len_bytes, &rows, notes);
    manifest.count("bits_per_weight", report.bits_per_weight);
    manifest.count("tensors", &report.tensors);
    let mut manifest = manifest.seal(&path)?; // the file is whole, whatever scoring brings
    if !requests.is_empty() {
        report.losses = losses(plan, loaded, &path, requests, control, sink)?;
        manifest.count("losses", &report.losses);
        manifest.seal(&path)?;
    }
    report.elapsed_ms = began.elapsed().as_millis() as u64;
    Ok(report)
}

fn output(plan: &Plan, quant: &Quant, source: &Path) -> PathBuf {
    let beside = || source.with_file_name(format!("model-{}.gguf", quant.name));
    plan.output.clone().unwrap_or_else(beside)
}

/// A tensor of the file: where its weights come from and what becomes of them.
struct Row {
    name: String,
    param: Param,
    choice: Choice,
}

impl Row {
    /// Dimensions as GGUF has them: the length of a row first.
    fn dims(&self) -> Vec<u64> {
        self.param.shape.iter().rev().map(|n| *n as u64).collect()
    }

    fn n_weights(&self) -> u64 {
        self.param.range.len() as u64
    }

    /// Weights of a row.
    fn width(&self) -> usize {
        self.param.shape.last().copied().unwrap_or(1)
    }
}

/// The matrices, which may have importance.
fn matrices(rows: &[Row]) -> Vec<Sought<'_>> {
    let matrices = rows.iter().filter(|row| row.param.shape.len() == 2);
    let sought = |row| {
        let row: &Row = row;
        Sought {
            name: &row.param.name,
            in_file: &row.name,
            width: row.width(),
        }
    };
    matrices.map(sought).collect()
}

/// What is encoded, and what of.
struct Job<'a> {
    rows: &'a [Row],
    loaded: &'a Loaded,
    weighed: Option<&'a Weighed>,
}

fn choose(rules: &Rules, config: &Config) -> Vec<Row> {
    let layout = Layout::new(config);
    let row = |param: &Param| Row {
        name: to_gguf(&param.name).expect("every parameter of the layout has a name in GGUF"),
        choice: rules.choose(config, param),
        param: param.clone(),
    };
    layout.params().iter().map(row).collect()
}

/// One line for each type that did not fit, with the number of tensors.
fn misfits(rows: &[Row]) -> Vec<String> {
    let mut counts = BTreeMap::new();
    for row in rows {
        if let Some(wanted) = row.choice.instead_of {
            *counts
                .entry((wanted.name, wanted.block, row.choice.kind.name))
                .or_insert(0) += 1;
        }
    }
    let line = |((wanted, block, kind), n): ((&str, usize, &str), i32)| {
        format!("{n} tensors are {kind} instead of {wanted}: their rows are no multiple of {block}")
    };
    counts.into_iter().map(line).collect()
}

fn write(
    draft: &Draft,
    path: &Path,
    job: &Job,
    control: &Control,
    sink: &dyn Sink,
) -> Result<()> {
    let began = Instant::now();
    let total = job.rows.len() as u64;
    let stage = || STAGE.to_owned();
    sink.emit(Event::StageStarted {
        stage: stage(),
        total: Some(total),
        unit: "tensors".into(),
    });
    draft.write(path, |i| {
        if control.stop_requested() {
            return Err(Error::Interrupted {
                what: format!("stopped after {i} of {total} tensors; no file was written"),
                hint: "run the command again".into(),
            });
        }
        let bytes = job.encode(&job.rows[i])?;
        sink.emit(Event::StageProgress {
            stage: stage(),
            done: i as u64 + 1,
        });
        Ok(bytes)
    })?;
    sink.emit(Event::StageDone {
        stage: stage(),
        n_in: total,
        n_out: total,
        dropped: BTreeMap::new(),
        elapsed_ms: began.elapsed().as_millis() as u64,
    });
    Ok(())
}

impl Job<'_> {
    fn encode(&self, row: &Row) -> Result<Vec<u8>> {
        let Loaded { model, source, .. } = self.loaded;
        let weights = &model.params[row.param.range.clone()];
        let width = row.width();
        let columns = self.weighed.and_then(|w| w.columns(&row.name, width));
        let columns = columns.as_deref();
        let kind = row.choice.kind;
        let encoded = match is_rotated(&row.param.name) {
            true => {
                let paired = interleave(weights, model.config.head_dim, model.config.d_model);
                kind.encode(&paired, width, columns)
            }
            false => kind.encode(weights, width, columns),
        };
        let failed = |what| Error::damaged(source, format!("{}: {what}", row.param.name));
        encoded.map_err(failed)
    }
}

fn report_of(
    quant: &Quant,
    path: &Path,
    len_bytes: u64,
    rows: &[Row],
    notes: Vec<String>,
) -> Report {
    let mut tensors = BTreeMap::new();
    for row in rows {
        *tensors.entry(row.choice.kind.name.to_owned()).or_insert(0) += 1;
    }
    let n_weights = rows.iter().map(Row::n_weights).sum::<u64>();
    let bits: f64 = rows
        .iter()
        .map(|r| r.choice.kind.bits() * r.n_weights() as f64)
        .sum();
    Report {
        schema: "quantize/1".into(),
        r#type: quant.name.into(),
        path: path.into(),
        len_bytes,
        n_weights,
        bits_per_weight: bits / n_weights as f64,
        tensors,
        notes,
        losses: Vec::new(),
        elapsed_ms: 0,
    }
}

/// Scores the model and the file made of it on the same text.
fn losses(
    plan: &Plan,
    loaded: &Loaded,
    path: &Path,
    requests: &[Request],
    control: &Control,
    sink: &dyn Sink,
) -> Result<Vec<Loss>> {
    let executor = Executor::choose("auto", "auto", plan.threads)?;
    let total = requests.iter().map(|r| r.text.len() as u64).sum();
    let score = |loaded: &Loaded, stage: &str| -> Result<Vec<LangScore>> {
        let (began, stage) = (Instant::now(), stage.to_owned());
        sink.emit(Event::StageStarted {
            stage: stage.clone(),
            total: Some(total),
            unit: "bytes".into(),
        });
        let mut progress = |done| {
            sink.emit(Event::StageProgress {
                stage: stage.clone(),
                done,
            });
            !control.stop_requested()
        };
        let (model, context) = (&loaded.model, loaded.model.config.context);
        let texts = requests.iter().cloned();
        let scores = eval::score(
            model,
            &loaded.vocab,
            &executor,
            context,
            texts,
            &mut progress,
        )?;
        sink.emit(Event::StageDone {
            stage: stage.clone(),
            n_in: total,
            n_out: total,
            dropped: BTreeMap::new(),
            elapsed_ms: began.elapsed().as_millis() as u64,
        });
        Ok(scores)
    };
    let before = score(loaded, "score before")?;
    let after = score(&gguf::load(path)?, "score after")?;
    Ok(Loss::table(&before, &after))
}
