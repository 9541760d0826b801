//! The training loop, read from top to bottom.

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::super::load::RUN_MODEL;
use super::super::{Error, Result, folder};
use super::batch::Batch;
use super::heldout::Scores;
use super::plan::Plan;
use super::schedule::learning_rate;
use super::start::{Start, start};
use super::{checkpoint, learner::Made};
use crate::disk::Staged;
use crate::event::{Control, Event, Sink};
use crate::hardware;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `train/1`.
    pub schema: String,
    /// Run directory.
    pub run: PathBuf,
    /// The finished model, a Hugging Face folder.
    pub model: PathBuf,
    /// Trained parameters.
    pub n_params: u64,
    /// Optimiser steps made.
    pub steps: u64,
    /// Tokens seen.
    pub n_tokens: u64,
    /// Loss of the last step, in nats a token.
    pub loss: Option<f64>,
    /// Scores before the first step.
    pub before: Option<Scores>,
    /// Scores of the finished model.
    pub after: Option<Scores>,
    /// Seconds this process took.
    pub seconds: f64,
    /// Most memory this process had at once; none where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    /// Who did the work.
    pub executor: String,
}

/// Trains a model as `plan` says, or goes on with a run that was stopped.
///
/// # Errors
/// When the plan or the data cannot be used; [`Error::Interrupted`] after a request to stop, with
/// a checkpoint saved; [`Error::Failed`] when the loss is no number any more.
pub fn run(plan: &Plan, control: &Control, sink: &dyn Sink) -> Result<Report> {
    let began = Instant::now();
    let mut run = start(plan, sink)?;
    run.announce(sink);
    if run.state.step == 0 {
        run.state.before = run.score(control, sink)?;
    }
    let mut batch = Batch::default();
    while run.state.step < run.n_steps && !control.stop_requested() {
        let step_began = Instant::now();
        run.batches.next(run.plan.batch, &mut batch)?; // [b, t] tokens and targets
        let lr = learning_rate(&run.plan, run.n_steps, run.state.step);
        let made = run.learner.learn(&batch, run.plan.context)?; // mean nats, gradient
        if !made.is_finite() {
            return Err(run.diverged(made));
        }
        run.learner
            .update(&run.plan, run.state.step + 1, lr, made.grad_norm);
        run.state.step += 1;
        run.state.n_tokens += batch.targets.len() as u64;
        run.state.loss = Some(made.loss);
        sink.emit(Event::Step {
            step: run.state.step,
            loss: made.loss,
            lr,
            grad_norm: made.grad_norm,
            n_tokens: run.state.n_tokens,
            tokens_per_s: batch.targets.len() as f64 / step_began.elapsed().as_secs_f64(),
            elapsed_ms: began.elapsed().as_millis() as u64,
        });
        let last = run.state.step == run.n_steps;
        if !last && is_due(run.state.step, run.plan.eval_every) {
            run.score(control, sink)?;
        }
        let asked = control.take_checkpoint_request();
        if !last && (asked || is_due(run.state.step, run.plan.checkpoint_every)) {
            run.save_checkpoint(sink)?;
        }
    }
    if control.stop_now() {
        return Err(run.interrupted());
    }
    run.save_checkpoint(sink)?;
    let after = if control.stop_requested() {
        None
    } else {
        run.score(control, sink)?
    };
    if control.stop_requested() {
        return Err(run.interrupted());
    }
    let model = run.save_model(sink)?;
    Ok(Report {
        schema: "train/1".into(),
        run: run.plan.output.clone(),
        model,
        n_params: run.learner.model.params.len() as u64,
        steps: run.state.step,
        n_tokens: run.state.n_tokens,
        loss: run.state.loss,
        before: run.state.before,
        after,
        seconds: began.elapsed().as_secs_f64(),
        peak_memory_bytes: hardware::peak_memory_bytes(),
        executor: run.executor.name(),
    })
}

fn is_due(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}

impl Start {
    fn announce(&self, sink: &dyn Sink) {
        sink.emit(Event::TrainStarted {
            run: self.plan.output.clone(),
            n_params: self.learner.model.params.len() as u64,
            n_steps: self.n_steps,
            first_step: self.state.step,
            tokens_per_step: self.plan.tokens_per_step(),
            executor: self.executor.name(),
            n_threads: self.executor.n_threads(),
            mix: self.batches.mix(),
        });
        if let Some(text) = self.executor.refused() {
            sink.emit(Event::Note {
                warning: true,
                text,
            });
        }
        if self.heldout.is_empty() {
            let text = format!("{}: no held-out text to score on", self.plan.data.display());
            sink.emit(Event::Note {
                warning: true,
                text,
            });
        }
    }

    /// Scores the model on held-out text; none when there is none or a stop was asked for.
    fn score(&self, control: &Control, sink: &dyn Sink) -> Result<Option<Scores>> {
        let go_on = || !control.stop_requested();
        let scores = self.heldout.score(&self.learner, self.state.step, &go_on)?;
        if let Some(Scores {
            step,
            mean_bits_per_byte,
            scores,
        }) = scores.clone()
        {
            sink.emit(Event::HeldOut {
                step,
                mean_bits_per_byte,
                scores,
            });
        }
        Ok(scores)
    }

    /// Saves where the run stands, once a step.
    fn save_checkpoint(&mut self, sink: &dyn Sink) -> Result<()> {
        if self.saved == Some(self.state.step) {
            return Ok(());
        }
        self.state.cursor = self.batches.cursor();
        let run = &self.plan.output;
        let path = checkpoint::save(run, &self.learner, &self.state, &self.data, &self.lineage)?;
        self.saved = Some(self.state.step);
        sink.emit(Event::Saved {
            path,
            what: "checkpoint".into(),
        });
        Ok(())
    }

    fn save_model(&self, sink: &dyn Sink) -> Result<PathBuf> {
        let path = self.plan.output.join(RUN_MODEL);
        let staged = Staged::new(&path, true)?; // a resumed run that was finished writes it again
        let model = &self.learner.model;
        let (tokenizer, vocab) = (&self.data.tokenizer, &self.data.vocab);
        folder::write(
            staged.path(),
            &model.config,
            &model.params,
            tokenizer,
            vocab,
        )?;
        let mut manifest = self.lineage.clone();
        manifest.count("steps", self.state.step);
        manifest.count("n_tokens", self.state.n_tokens);
        manifest.seal(staged.path())?;
        staged.publish()?;
        sink.emit(Event::Saved {
            path: path.clone(),
            what: "model".into(),
        });
        Ok(path)
    }

    fn interrupted(&self) -> Error {
        let Start {
            state,
            n_steps,
            plan,
            ..
        } = self;
        Error::Interrupted {
            what: format!("stopped after step {} of {n_steps}", state.step),
            hint: format!(
                "go on with `eu train --resume -o {}`",
                plan.output.display()
            ),
        }
    }

    /// The loss is no number: the weights before this step are still whole, those on disk too.
    fn diverged(&self, made: Made) -> Error {
        let step = self.state.step + 1;
        let saved = match checkpoint::newest(&self.plan.output, &mut |_| {}) {
            Ok(Some(path)) => format!("the last checkpoint is {}", path.display()),
            _ => "there is no checkpoint yet".into(),
        };
        let (loss, norm) = (made.loss, made.grad_norm);
        Error::Failed(format!(
            "step {step}: the loss is {loss}, the gradient {norm}; {saved}; try a lower --lr"
        ))
    }
}
