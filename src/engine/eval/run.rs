//! The whole of `eu eval`: score, report, write, judge.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::super::load::{self, Speaker};
use super::super::ops::Executor;
use super::super::{Error, Result};
use super::report::{Clean, Report};
use super::tax::{self, Compared};
use super::{Plan, Request, Scores, mean, score};
use crate::event::{Control, Event, Sink};
use crate::lang::Lang;
use crate::ledger::Manifest;

/// Scores a model on `requests`, which the caller has read from `plan.data`; beside another where
/// `plan.against` names one.
///
/// # Errors
/// When a setting makes no sense, no text was given, the work was interrupted, or (after the
/// results are written) the gate did not hold.
pub fn run(
    plan: &Plan,
    speaker: &Speaker,
    requests: impl IntoIterator<Item = Request>,
    control: &Control,
    sink: &dyn Sink,
) -> Result<Report> {
    plan.check()?;
    let began = (Instant::now(), SystemTime::now());
    let wanted = Lang::select(&plan.langs).map_err(|e| Error::Usage {
        what: e.to_string(),
        hint: "name languages by code, or the sets eu24 and europe".into(),
    })?;
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let base = plan.against.as_deref().map(load::open).transpose()?;
    let models = [Some(speaker), base.as_ref()].into_iter().flatten();
    let own = models.map(|model| model.weights.shape.context).min();
    let context = match (plan.context, own.unwrap_or(0)) {
        (0, own) => own,
        (n, own) => n.min(own),
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
    let compared = match &base {
        None => Compared {
            scores: score(speaker, &executor, context, texts, &mut progress)?,
            losses: Vec::new(),
            mean: None,
        },
        Some(base) => tax::compare(base, speaker, &executor, context, texts, &mut progress)?,
    };
    let Scores { all: scores, clean } = compared.scores;
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
    lineage.add_parent("model", &speaker.source)?;
    if let Some(base) = &base {
        lineage.add_parent("base", &base.source)?;
    }
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
        against: plan.against.clone(),
        losses: compared.losses,
        mean_loss: compared.mean,
        ..Report::new(plan, speaker, context, scores)
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
    if let (Some(path), Some(mean), Some(base)) = (&plan.plot, &report.mean_loss, &base) {
        let models = [&*speaker.source, &*base.source];
        tax::write_plot(path, plan.force, models, &report.losses, mean)?;
        sink.emit(Event::Saved {
            path: path.clone(),
            what: "picture".into(),
        });
        report.plot = Some(path.clone());
    }
    report.judge(plan)?;
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
