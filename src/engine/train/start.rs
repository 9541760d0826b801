//! The start of a run: everything it needs, new or as its newest checkpoint left it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::model::Config;
use super::super::ops::Executor;
use super::super::{Error, Result};
use super::batch::{Batch, Batches, Cursor};
use super::checkpoint::{self, Checkpoint, State};
use super::estimate::{one_pass, run_bytes};
use super::heldout::HeldOut;
use super::learner::Learner;
use super::plan::Plan;
use super::prepared::Prepared;
use super::resume::merge;
use crate::disk;
use crate::event::{Event, Sink};
use crate::ledger::Manifest;

/// The plan as it was resolved, in the run directory.
const RECIPE: &str = "recipe.toml";
/// What a run directory may hold; nothing else is ever removed from it.
const ENTRIES: [&str; 4] = ["events.ndjson", "checkpoints", "model", RECIPE];
/// Least time spent measuring a step.
const MEASURE: Duration = Duration::from_millis(500);
/// Share of the minutes that is planned; the rest is for what cannot be measured beforehand.
const PLANNED: f64 = 0.95;
/// Cost of scoring a token as a share of learning from it: forward alone, and some padding.
const SCORING: f64 = 0.4;

/// A run about to begin or to go on.
pub(super) struct Start {
    pub plan: Plan,
    pub n_steps: u64,
    pub state: State,
    pub data: Prepared,
    pub learner: Learner,
    pub batches: Batches,
    pub heldout: HeldOut,
    pub executor: Executor,
    pub lineage: Manifest,
    /// Step of the newest checkpoint on disk.
    pub saved: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Recipe {
    train: Plan,
}

/// Opens data and model for `asked`; a new run makes its directory and leaves its recipe there.
///
/// # Errors
/// When the plan makes no sense, the data cannot be used, or there is nothing to resume.
pub(super) fn start(asked: &Plan, sink: &dyn Sink) -> Result<Start> {
    let (plan, left) = if asked.resume {
        let (stored, left) = left_off(&asked.output, sink)?;
        (merge(&stored, asked)?, left)
    } else {
        refuse_existing(asked)?;
        (asked.clone(), None)
    };
    plan.check()?;
    let data = Prepared::open(&plan.data)?;
    let config = plan.config(data.vocab.len())?;
    Error::if_too_large("to train this model", run_bytes(&plan, &config))?;
    let executor = plan.executor()?;
    let heldout = HeldOut::open(&plan.data, &data.vocab, plan.context, plan.eval_tokens)?;
    let saved = left.as_ref().map(|c| c.state.step);
    let cursor = left
        .as_ref()
        .map(|c| c.state.cursor.clone())
        .unwrap_or_default();
    let batches = Batches::open(
        &plan.data,
        plan.context,
        data.vocab.len(),
        plan.seed,
        &cursor,
    )?;
    let (mut learner, state) = match left {
        Some(left) => go_on(&plan, left, &config, &data, &executor)?,
        None => (
            Learner::new(&plan, config, boundary(&data), &executor)?,
            None,
        ),
    };
    let n_steps = match (plan.steps, plan.minutes) {
        (Some(steps), _) => steps,
        (None, Some(minutes)) => measure(&plan, minutes, &mut learner, &heldout, sink)?,
        (None, None) => one_pass(&plan, data.mix.budget_tokens),
    };
    let resolved = Plan {
        steps: Some(n_steps),
        force: false,
        resume: false,
        ..plan.clone()
    };
    if !asked.resume {
        clear(&plan)?;
        write_recipe(&resolved)?;
    }
    let mut lineage = Manifest::begin("train", &resolved);
    lineage.parents.clone_from(&data.parents);
    let fresh = || State::fresh(data.fingerprint.clone());
    let state = State {
        plan: resolved,
        ..state.unwrap_or_else(fresh)
    };
    Ok(Start {
        plan,
        n_steps,
        state,
        data,
        learner,
        batches,
        heldout,
        executor,
        lineage,
        saved,
    })
}

/// The plan a run was begun with, and its newest whole checkpoint. A run that was stopped before
/// its first checkpoint starts again from its recipe: the same seed gives the same run.
fn left_off(run: &Path, sink: &dyn Sink) -> Result<(Plan, Option<Checkpoint>)> {
    checkpoint::sweep(run)?;
    let mut note = |text| {
        sink.emit(Event::Note {
            warning: true,
            text,
        })
    };
    if let Some(path) = checkpoint::newest(run, &mut note)? {
        let found = checkpoint::read(&path)?;
        return Ok((found.state.plan.clone(), Some(found)));
    }
    let path = run.join(RECIPE);
    if !path.is_file() {
        return Err(Error::Missing {
            what: format!("{}: no run to resume", run.display()),
            hint: "start one without --resume".into(),
        });
    }
    let text = String::from_utf8_lossy(&disk::read(&path)?).into_owned();
    let recipe: Recipe = toml::from_str(&text)
        .map_err(|e| Error::damaged(&path, format!("not the recipe of a run: {}", e.message())))?;
    note(format!(
        "{}: no whole checkpoint, starting from step 0",
        run.display()
    ));
    Ok((recipe.train, None))
}

/// Checks that a checkpoint belongs to the plan and the data, and puts it in place.
fn go_on(
    plan: &Plan,
    left: Checkpoint,
    config: &Config,
    data: &Prepared,
    executor: &Executor,
) -> Result<(Learner, Option<State>)> {
    if left.state.data != data.fingerprint || left.model.config != *config {
        return Err(Error::Usage {
            what: format!(
                "{}: not the data the run was begun with; its tokens, mix or tokenizer differ",
                plan.data.display()
            ),
            hint: "name that data with --data, or start a new run with another -o".into(),
        });
    }
    let learner = Learner::of(plan, left.model, [left.m, left.v], boundary(data), executor)?;
    Ok((learner, Some(left.state)))
}

/// The token that ends a document and so stands in front of the next.
fn boundary(data: &Prepared) -> Option<u32> {
    data.vocab.eos.first().copied()
}

fn refuse_existing(plan: &Plan) -> Result<()> {
    if !plan.force {
        disk::refuse_existing(&plan.output)?;
    }
    Ok(())
}

/// Removes an older run, and nothing but a run.
fn clear(plan: &Plan) -> Result<()> {
    let run = &plan.output;
    if disk::refuse_existing(run).is_ok() {
        return Ok(());
    }
    if !run.join(RECIPE).is_file() {
        return Err(Error::Usage {
            what: format!(
                "{}: not a run directory, so it is not replaced",
                run.display()
            ),
            hint: "choose another -o".into(),
        });
    }
    for path in ENTRIES.map(|name| run.join(name)) {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else if path.exists() {
            std::fs::remove_file(&path)
        } else {
            Ok(())
        };
        removed.map_err(|e| disk::Error::io(&path, "remove", e))?;
    }
    Ok(())
}

fn write_recipe(resolved: &Plan) -> Result<()> {
    let text = toml::to_string(&Recipe {
        train: resolved.clone(),
    })
    .map_err(|e| Error::Failed(format!("the plan cannot be written: {e}")))?;
    disk::replace_bytes(&resolved.output.join(RECIPE), text.as_bytes())?;
    Ok(())
}

/// Steps that fit into `minutes`, with room for the scores at the start, on the way, at the end.
fn measure(
    plan: &Plan,
    minutes: f64,
    learner: &mut Learner,
    heldout: &HeldOut,
    sink: &dyn Sink,
) -> Result<u64> {
    let step_s = learner.rehearse(plan, MEASURE)?.as_secs_f64();
    let score_s = SCORING * step_s * heldout.n_tokens() as f64 / plan.tokens_per_step() as f64;
    let seconds = PLANNED * minutes * 60.0;
    if 2.0 * score_s > seconds / 2.0 {
        let text = format!(
            "scoring held-out text takes {:.0} s of {:.0} s; --eval-tokens limits it",
            2.0 * score_s,
            seconds
        );
        sink.emit(Event::Note {
            warning: true,
            text,
        });
    }
    let on_the_way = if plan.eval_every > 0 {
        score_s / plan.eval_every as f64
    } else {
        0.0
    };
    Ok((((seconds - 2.0 * score_s) / (step_s + on_the_way)) as u64).max(1))
}

impl State {
    /// Before the first step.
    fn fresh(data: String) -> Self {
        State {
            schema: "train-state/1".into(),
            step: 0,
            n_tokens: 0,
            cursor: Cursor::default(),
            plan: Plan::default(),
            data,
            loss: None,
            before: None,
        }
    }
}

impl Learner {
    /// Time of one step, on made-up tokens; leaves the model as it was before its first step.
    fn rehearse(&mut self, plan: &Plan, at_least: Duration) -> Result<Duration> {
        let n = plan.batch * plan.context;
        let tokens: Vec<u32> = (0..n)
            .map(|i| (i % self.model.config.n_vocab) as u32)
            .collect();
        let batch = Batch {
            inputs: tokens.clone(),
            targets: tokens,
        };
        let still = Plan {
            weight_decay: 0.0,
            ..plan.clone()
        };
        let (mut began, mut taken, mut n_steps) = (Instant::now(), Duration::ZERO, 0);
        for round in 0.. {
            let made = self.learn(&batch, plan.context)?;
            self.update(&still, 1, 0.0, made.grad_norm); // at rate 0 only the moments change
            if round == 0 {
                began = Instant::now(); // the first round touches memory for the first time
                continue;
            }
            n_steps += 1;
            taken = began.elapsed();
            if taken >= at_least {
                break;
            }
        }
        self.m.fill(0.0);
        self.v.fill(0.0);
        Ok(taken / n_steps)
    }
}
