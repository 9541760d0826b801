//! The making of a file, whatever its weights are from: choose, encode, write, tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::budget::Foretold;
use super::choose::{Choice, Facts, Rules, Tensor};
use super::names::is_kept;
use super::report::Report;
use super::weighed::Weighed;
use super::{Guide, Plan};
use crate::disk;
use crate::engine::gguf::{Draft, Metadata};
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};
use crate::ledger::{self, FileHash, Manifest};

/// Name of the stage in events and manifests.
const STAGE: &str = "quantize";

/// A file that is to be made.
pub(super) struct Making<'a> {
    plan: &'a Plan,
    pub(super) rules: Rules,
    /// Where it goes.
    pub(super) path: PathBuf,
    /// Importance, where the plan names a file of it.
    pub(super) weighed: Option<Weighed>,
    /// One hash of all files of the model.
    pub(super) parent: String,
    /// What was foretold of a file within a budget.
    budget: Option<Foretold>,
    manifest: Manifest,
    began: Instant,
}

/// A tensor of the file.
pub(super) struct Row {
    /// Its name in the file.
    pub(super) name: String,
    /// Lengths of its dimensions; the first is that of a row.
    pub(super) dims: Vec<u64>,
    /// Its type.
    pub(super) choice: Choice,
}

impl Row {
    /// Rows of these tensors.
    pub(super) fn all(rules: &Rules, facts: &Facts, tensors: &[Tensor]) -> Vec<Row> {
        let choices = rules.choose(facts, tensors).into_iter();
        let row = |(tensor, choice): (&Tensor, Choice)| Row {
            name: tensor.name.into(),
            dims: tensor.dims.into(),
            choice,
        };
        tensors.iter().zip(choices).map(row).collect()
    }

    fn n_weights(&self) -> u64 {
        self.dims.iter().product()
    }

    /// Weights of a row.
    pub(super) fn width(&self) -> usize {
        // What does not fit the machine's numbers does not fit its memory, and was refused.
        self.dims.first().map_or(1, |n| *n as usize)
    }

    /// Columns of all matrices of a stack; most are stacks of one.
    pub(super) fn n_columns(&self) -> usize {
        self.width() * self.dims.iter().skip(2).product::<u64>() as usize
    }
}

impl<'a> Making<'a> {
    /// Looks at the plan, at where the file goes, and at the files of the model at `source`, which
    /// `hashed` gives the hashes of.
    pub(super) fn begin(
        plan: &'a Plan,
        source: &Path,
        guide: &Guide,
        hashed: impl FnOnce() -> disk::Result<Vec<FileHash>>,
    ) -> Result<Self> {
        let began = Instant::now();
        plan.check()?;
        let mut rules = Rules::of(plan)?;
        let name = format!("model-{}.gguf", plan.name());
        let beside = || source.with_file_name(name);
        let path = plan.output.clone().unwrap_or_else(beside);
        if !plan.force {
            disk::refuse_existing(&path)?;
        }
        let weighed = match (&guide.weighed, &plan.imatrix) {
            (Some(weighed), _) => Some(weighed.clone()),
            (None, Some(path)) => Some(Weighed::read(path)?),
            (None, None) => None,
        };
        if let Some(allotted) = &guide.allotted {
            rules.allotted = allotted.kinds.clone();
            rules.quant = allotted.quant;
        }
        let mut manifest = Manifest::begin(STAGE, plan);
        let files = hashed()?;
        manifest.add_hashed_parent("model", source, &files)?;
        match &weighed {
            Some(weighed) if weighed.role == "imatrix" => {
                manifest.add_parent("imatrix", &weighed.path)?;
            }
            Some(weighed) => {
                for path in &plan.importance_data {
                    manifest.add_parent(weighed.role, path)?;
                }
            }
            None => {}
        }
        Ok(Making {
            plan,
            rules,
            path,
            weighed,
            parent: ledger::digest(&files),
            budget: guide.allotted.as_ref().map(|a| a.foretold.clone()),
            manifest,
            began,
        })
    }

    /// Importance of the columns of a row; none where it is not known.
    pub(super) fn columns(&self, row: &Row) -> Option<Vec<f32>> {
        let weighed = self.weighed.as_ref()?;
        weighed.columns(&row.name, row.n_columns())
    }

    /// Writes the file and its manifest; `encode` gives the bytes of a row.
    pub(super) fn finish(
        mut self,
        metadata: Metadata,
        rows: &[Row],
        mut notes: Vec<String>,
        encode: impl Fn(&Self, usize) -> Result<Vec<u8>> + Sync,
        control: &Control,
        sink: &dyn Sink,
    ) -> Result<Made> {
        notes.extend(misfits(rows));
        if let Some(weighed) = &self.weighed {
            let matrices = rows.iter().filter(|row| !is_kept(&row.name, &row.dims));
            let matrices = matrices.map(|row| (row.name.as_str(), row.n_columns()));
            notes.extend(weighed.compare(&matrices.collect::<Vec<_>>())?);
        }
        for text in &notes {
            sink.emit(Event::Note {
                warning: true,
                text: text.clone(),
            });
        }
        let mut draft = Draft::new(metadata);
        for row in rows {
            draft.add(&row.name, &row.dims, row.choice.kind);
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.plan.threads)
            .build();
        let pool = pool.map_err(|e| Error::Failed(format!("cannot start threads: {e}")))?;
        let total = rows.len();
        pool.install(|| {
            write(
                &draft,
                &self.path,
                total,
                |i| encode(&self, i),
                control,
                sink,
            )
        })?;
        sink.emit(Event::Saved {
            path: self.path.clone(),
            what: "gguf".into(),
        });
        let report = self.report(rows, notes)?;
        self.manifest
            .count("bits_per_weight", report.bits_per_weight);
        self.manifest.count("tensors", &report.tensors);
        if let Some(budget) = &report.budget {
            self.manifest.count("budget", budget);
        }
        Ok(Made {
            report,
            manifest: self.manifest.seal(&self.path)?, // the file is whole, whatever comes
            began: self.began,
        })
    }

    fn report(&self, rows: &[Row], notes: Vec<String>) -> Result<Report> {
        let read = |e| disk::Error::io(&self.path, "read", e);
        let len_bytes = self.path.metadata().map_err(read)?.len();
        let mut tensors = BTreeMap::new();
        for row in rows {
            *tensors.entry(row.choice.kind.name.to_owned()).or_insert(0) += 1;
        }
        let n_weights = rows.iter().map(Row::n_weights).sum::<u64>();
        let bits = |row: &Row| row.choice.kind.bits() * row.n_weights() as f64;
        let bits: f64 = rows.iter().map(bits).sum();
        Ok(Report {
            schema: "quantize/1".into(),
            r#type: self.plan.name(),
            path: self.path.clone(),
            len_bytes,
            n_weights,
            bits_per_weight: bits / n_weights.max(1) as f64,
            tensors,
            notes,
            budget: self.budget.clone(),
            losses: Vec::new(),
            mean_loss: None,
            plot: None,
            elapsed_ms: 0,
        })
    }
}

/// A file that was made.
pub(super) struct Made {
    pub(super) report: Report,
    manifest: Manifest,
    began: Instant,
}

impl Made {
    /// Adds what else is known of it by now, and ends.
    pub(super) fn end(mut self) -> Result<Report> {
        if !self.report.losses.is_empty() {
            self.manifest.count("losses", &self.report.losses);
            self.manifest.count("mean_loss", &self.report.mean_loss);
            self.manifest.seal(&self.report.path)?;
        }
        self.report.elapsed_ms = self.began.elapsed().as_millis() as u64;
        Ok(self.report)
    }
}

/// One line for each type that did not fit, with the number of tensors.
fn misfits(rows: &[Row]) -> Vec<String> {
    let mut counts = BTreeMap::new();
    for row in rows {
        if let Some(wanted) = row.choice.instead_of {
            let key = (wanted.name, wanted.block, row.choice.kind.name);
            *counts.entry(key).or_insert(0) += 1;
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
    total: usize,
    encode: impl Fn(usize) -> Result<Vec<u8>>,
    control: &Control,
    sink: &dyn Sink,
) -> Result<()> {
    let began = Instant::now();
    let stage = || STAGE.to_owned();
    sink.emit(Event::StageStarted {
        stage: stage(),
        total: Some(total as u64),
        unit: "tensors".into(),
    });
    draft.write(path, |i| {
        if control.stop_requested() {
            return Err(Error::Interrupted {
                what: format!("stopped after {i} of {total} tensors; no file was written"),
                hint: "run the command again".into(),
            });
        }
        let bytes = encode(i)?;
        sink.emit(Event::StageProgress {
            stage: stage(),
            done: i as u64 + 1,
        });
        Ok(bytes)
    })?;
    sink.emit(Event::StageDone {
        stage: stage(),
        n_in: total as u64,
        n_out: total as u64,
        dropped: BTreeMap::new(),
        elapsed_ms: began.elapsed().as_millis() as u64,
    });
    Ok(())
}
