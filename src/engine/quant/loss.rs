//! What the loss of bits costs each language: the model and the file made of it, on the same text.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::Plan;
use super::report::Loss;
use crate::engine::Result;
use crate::engine::eval::{self, Request};
use crate::engine::gguf;
use crate::engine::load::Loaded;
use crate::engine::ops::Executor;
use crate::event::{Control, Event, LangScore, Sink};

/// Scores the model and the file at `path` on the same text.
pub(super) fn losses(
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
