//! What a run will need, worked out before anything is allocated.

use serde::Serialize;

use super::super::Result;
use super::super::eval::largest_pass;
use super::super::model::{Config, Pass};
use super::super::ops::{Precision, muon};
use super::heldout::HeldOut;
use super::plan::{Optimizer, Plan};
use super::prepared::Prepared;
use crate::hardware;

/// The program itself.
const PROCESS: u64 = 20 << 20;
/// What a thread works in: operands packed for the product at hand, cells of attention.
const THREAD: u64 = 2 << 20;
/// Threads that are counted: what is not a number of threads is refused elsewhere, by its name.
const MOST_THREADS: usize = 256;

/// What a run will need.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// `train-estimate/1`.
    pub schema: String,
    /// Trained parameters.
    pub n_params: u64,
    /// Tokens of the vocabulary.
    pub n_vocab: usize,
    /// Main memory: weights, gradients, both moments, and what one pass keeps.
    pub memory_bytes: u64,
    /// Disk when the run is done: checkpoints kept and the finished model.
    pub disk_bytes: u64,
    /// Tokens of one optimiser step.
    pub tokens_per_step: u64,
    /// Steps; none where `minutes` decide, which takes a measurement.
    pub steps: Option<u64>,
    /// Tokens the run sees; none where `minutes` decide.
    pub tokens: Option<u64>,
    /// Tokens of the mix when each language is seen as often as planned.
    pub budget_tokens: u64,
}

/// Works out what `plan` will need.
///
/// # Errors
/// When the plan makes no sense or its data is absent or damaged.
pub fn estimate(plan: &Plan) -> Result<Estimate> {
    plan.check()?;
    let data = Prepared::open(&plan.data)?;
    let config = plan.config(data.vocab.len())?;
    let n_params = config.n_params() as u64;
    let steps = match (plan.steps, plan.minutes) {
        (Some(steps), _) => Some(steps),
        (None, Some(_)) => None,
        (None, None) => Some(one_pass(plan, data.mix.budget_tokens)),
    };
    let n_checkpoints = match (plan.keep_checkpoints as u64, steps) {
        (0, Some(steps)) if plan.checkpoint_every > 0 => steps.div_ceil(plan.checkpoint_every),
        (0, _) => 1,
        (keep, _) => keep,
    };
    Ok(Estimate {
        schema: "train-estimate/1".into(),
        n_params,
        n_vocab: config.n_vocab,
        memory_bytes: run_bytes(plan, &config),
        disk_bytes: (12 * n_params)
            .saturating_mul(n_checkpoints)
            .saturating_add(4 * n_params),
        tokens_per_step: plan.tokens_per_step(),
        steps,
        tokens: steps.map(|n| n.saturating_mul(plan.tokens_per_step())),
        budget_tokens: data.mix.budget_tokens,
    })
}

/// Weights, gradients, both moments, each a buffer of f32, what one pass keeps, and what Muon
/// works in.
pub(super) fn memory_bytes(plan: &Plan, config: &Config) -> u64 {
    let pass = Pass::plan_bytes(config, plan.pass(None), plan.precision);
    let copy = match plan.precision {
        Precision::Bf16 => 2,
        Precision::F32 => 0,
    };
    let n_threads = match plan.threads {
        0 => hardware::n_cores(),
        n => n.min(MOST_THREADS),
    };
    let side = config.d_ff.max(config.q_width());
    let room = match plan.optimizer {
        Optimizer::AdamW => 0,
        Optimizer::Muon => muon::room_bytes([side, config.d_model], plan.precision),
    };
    pass.saturating_add((16 + copy) * config.n_params() as u64)
        .saturating_add(PROCESS + THREAD * n_threads as u64)
        .saturating_add(room)
}

/// The same, and what scoring takes beside it where there is held-out text.
pub(super) fn run_bytes(plan: &Plan, config: &Config) -> u64 {
    let scoring = match HeldOut::folder(&plan.data).is_dir() {
        true => Pass::plan_bytes(config, largest_pass(plan.context), plan.precision),
        false => 0,
    };
    memory_bytes(plan, config).saturating_add(scoring)
}

/// Steps of one pass over the mix.
pub(super) fn one_pass(plan: &Plan, budget_tokens: u64) -> u64 {
    (budget_tokens / plan.tokens_per_step()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Error;
    use crate::fault::{Fault, Kind};

    #[test]
    fn what_no_machine_can_hold_is_refused_before_it_is_tried() {
        let plan = Plan {
            d_model: 1 << 16,
            d_ff: 1 << 16,
            n_layers: 4,
            micro_batch: 1 << 10,
            batch: 1 << 10,
            context: 1 << 10,
            ..Plan::default()
        };
        plan.check().unwrap();
        let needed = memory_bytes(&plan, &plan.config(300).unwrap());
        assert!(Error::if_larger_than("it", needed, None).is_ok());
        assert!(Error::if_larger_than("it", needed, Some(needed)).is_ok());
        let error = Error::if_larger_than("it", needed, Some(1 << 40)).unwrap_err();
        assert_eq!(error.kind(), Kind::Missing);
        assert!(error.to_string().contains("has 1024.0"), "{error}");
    }
}
