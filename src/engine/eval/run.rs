//! The whole of `eu eval`: score, report, write, judge.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::super::load::Loaded;
use super::super::ops::Executor;
use super::super::{Error, Result};
use super::report::{Clean, Report};
use super::{Plan, Request, Scores, mean, score_twice};
use crate::event::{Control, Event, Sink};
use crate::lang::Lang;
use crate::ledger::Manifest;

/// Scores `loaded` on `requests`, which the caller has read from `plan.data`.
///
/// # Errors
/// When a setting makes no sense, no text was given, the work was interrupted, or (after the
/// results are written) the gate did not hold.
pub fn run(
    plan: &Plan,
    loaded: &Loaded,
    requests: impl IntoIterator<Item = Request>,
    control: &Control,
    sink: &dyn Sink,
) -> Result<Report> {
    let began = (Instant::now(), SystemTime::now());
    let wanted = Lang::select(&plan.langs).map_err(|e| Error::Usage {
        what: e.to_string(),
        hint: "name languages by code, or the sets eu24 and europe".into(),
    })?;
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let context = match plan.context {
        0 => loaded.model.config.context,
        n => n.min(loaded.model.config.context),
    };
    let stage = "score".to_string();
    sink.emit(Event::StageStarted {
        stage: stage.clone(),
        total: None,
        unit: "bytes".into(),
    });
    let mut progress = |done| {
        sink.emit(Event::StageProgress {
            stage: stage.clone(),
            done,
        });
        !control.stop_requested()
    };
    let mut n_texts = BTreeMap::new();
    let mut n_met = BTreeMap::new();
    let texts = within(requests, &wanted, plan.max_bytes).inspect(|text| {
        *n_texts.entry(text.lang.clone()).or_insert(0) += 1;
        if text.is_met {
            *n_met.entry(text.lang.clone()).or_insert(0) += 1;
        }
    });
    let Scores { all: scores, clean } = score_twice(
        &loaded.model,
        &loaded.vocab,
        &executor,
        context,
        texts,
        &mut progress,
    )?;
    if scores.is_empty() {
        return Err(Error::Missing {
            what: "no text to score on in the languages asked for".into(),
            hint: "name other data, or other languages with --langs".into(),
        });
    }
    let n_bytes = scores.iter().map(|s| s.n_bytes).sum();
    let elapsed_ms = began.0.elapsed().as_millis() as u64;
    sink.emit(Event::StageDone {
        stage,
        n_in: n_bytes,
        n_out: n_bytes,
        dropped: Default::default(),
        elapsed_ms,
    });
    let mut lineage = Manifest::begin("eval", plan);
    lineage.add_parent("model", &loaded.source)?;
    for path in &plan.contamination {
        lineage.add_parent("evaluation", path)?;
    }
    let clean = (!plan.contamination.is_empty()).then(|| Clean {
        n_met,
        mean_bits_per_byte: mean(&clean),
        scores: clean,
    });
    let mut report = Report {
        parents: lineage.parents,
        n_texts,
        clean,
        elapsed_ms,
        ..Report::new(plan, loaded, context, scores)
    };
    if let Some(folder) = &plan.output {
        let unix_s = began
            .1
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |t| t.as_secs_f64());
        let path = report.write(plan, folder, unix_s)?;
        sink.emit(Event::Saved {
            path: path.clone(),
            what: "results".into(),
        });
        report.results = Some(path);
    }
    judge(&report, plan.max_worst_bpb)?;
    Ok(report)
}

/// Requests in the languages wanted, whole texts until each language has `max_bytes` (0: all).
fn within(
    requests: impl IntoIterator<Item = Request>,
    wanted: &[&Lang],
    max_bytes: u64,
) -> impl Iterator<Item = Request> {
    let wanted: Vec<&str> = wanted.iter().map(|lang| lang.code.as_str()).collect();
    let mut n_bytes = vec![0; wanted.len()];
    requests.into_iter().filter(move |request| {
        let Some(i) = wanted.iter().position(|code| *code == request.lang) else {
            return false;
        };
        let taken = max_bytes == 0 || n_bytes[i] < max_bytes;
        n_bytes[i] += request.text.len() as u64;
        taken
    })
}

/// The gate: the worst language, not the mean.
fn judge(report: &Report, max_worst_bpb: Option<f64>) -> Result<()> {
    let (Some(max), Some(worst)) = (max_worst_bpb, report.scores.first()) else {
        return Ok(());
    };
    // Written so that a score that is no number does not pass.
    if worst.bits_per_byte <= max {
        return Ok(());
    }
    Err(Error::Gate {
        what: format!(
            "{} needs {:.4} bits per byte, more than the {max} allowed",
            worst.lang, worst.bits_per_byte
        ),
    })
}
