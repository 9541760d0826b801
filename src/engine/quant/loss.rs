//! What the loss of bits costs each language: the model and the file made of it, on the same text.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::Plan;
use super::report::Report;
use crate::engine::Result;
use crate::engine::eval::{Request, tax};
use crate::engine::load::{self, Speaker};
use crate::engine::ops::Executor;
use crate::event::{Control, Event, Sink};

/// Name of the stage.
const STAGE: &str = "compare";

/// The model to compare with, if there is text to see losses on: one that cannot be computed is
/// refused before anything is made of it.
pub(super) fn base(source: &Path, requests: &[Request]) -> Result<Option<Speaker>> {
    match requests.is_empty() {
        true => Ok(None),
        false => load::open(source).map(Some),
    }
}

/// Compares the file of `report` with the model it was made of, and draws what each language lost,
/// where that was asked for.
pub(super) fn lost(
    plan: &Plan,
    base: Option<Speaker>,
    report: &mut Report,
    requests: &[Request],
    control: &Control,
    sink: &dyn Sink,
) -> Result<()> {
    let Some(base) = base else {
        return Ok(());
    };
    let executor = Executor::choose("auto", "auto", plan.threads)?.in_precision(plan.precision);
    let made = load::open(&report.path)?;
    let began = Instant::now();
    let total = requests.iter().map(|r| r.text.len() as u64).sum();
    sink.emit(Event::StageStarted {
        stage: STAGE.into(),
        total: Some(total),
        unit: "bytes".into(),
    });
    let mut progress = |done| {
        sink.emit(Event::StageProgress {
            stage: STAGE.into(),
            done,
        });
        !control.stop_requested()
    };
    let texts = requests.iter().cloned();
    let compared = tax::compare(&base, &made, &executor, 0, texts, &mut progress)?;
    sink.emit(Event::StageDone {
        stage: STAGE.into(),
        n_in: total,
        n_out: total,
        dropped: BTreeMap::new(),
        elapsed_ms: began.elapsed().as_millis() as u64,
    });
    report.losses = compared.losses;
    report.mean_loss = compared.mean;
    if let (Some(path), Some(mean)) = (&plan.plot, &report.mean_loss) {
        let models = [&*report.path, &*base.source];
        tax::write_plot(path, plan.force, models, &report.losses, mean)?;
        sink.emit(Event::Saved {
            path: path.clone(),
            what: "picture".into(),
        });
        report.plot = Some(path.clone());
    }
    Ok(())
}
