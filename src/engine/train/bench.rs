//! How fast this machine trains a model of some shape: random weights, random tokens, real steps.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::Serialize;

use super::super::model::Config;
use super::super::ops::matmul::Dims as Linear;
use super::super::ops::table::{Case, peak, speed};
use super::super::ops::{Executor, Precision};
use super::super::{Error, Result};
use super::batch::Batch;
use super::estimate::memory_bytes;
use super::learner::Learner;
use super::plan::Plan;
use crate::hardware;

/// Steps where the plan names none.
const STEPS: u64 = 12;

/// What some steps came to. Rates are those of the best step; medians stand beside them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bench {
    /// `train-bench/1`.
    pub schema: &'static str,
    /// Who did the work.
    pub executor: String,
    /// In which precision.
    pub precision: Precision,
    /// On how many threads.
    pub n_threads: usize,
    /// Trained parameters.
    pub n_params: u64,
    /// Tokens of one step.
    pub tokens_per_step: u64,
    /// Steps made, all of them timed.
    pub steps: u64,
    /// Tokens per second of the clock.
    pub tokens_per_s: f64,
    /// The same, of the median step.
    pub tokens_per_s_median: f64,
    /// Tokens per second of processor time, all threads added up.
    pub tokens_per_cpu_s: f64,
    /// The same, of the median step.
    pub tokens_per_cpu_s_median: f64,
    /// Seconds of the first step, which touches all memory for the first time.
    pub first_step_s: f64,
    /// Floating-point operations that a token takes: 6 a parameter, and attention.
    pub flop_per_token: f64,
    /// What one core can do at most, measured on registers alone.
    pub peak_flop_per_s: f64,
    /// Share of the peak of all threads that the best step reached.
    pub peak_share: f64,
    /// Share of it that the layers' matrix products reach alone.
    pub gemm_peak_share: f64,
    /// Most memory the process had at once.
    pub peak_rss_bytes: Option<u64>,
    /// What was planned for.
    pub planned_bytes: u64,
    /// Loss of the first step, in nats a token.
    pub loss_first: f64,
    /// Loss of the last step.
    pub loss_last: f64,
}

/// One step's times.
struct Step {
    wall: Duration,
    cpu: Duration,
}

/// Makes some steps of `plan`'s shape over a vocabulary of `n_vocab` random tokens. Reads and writes
/// no file.
///
/// # Errors
/// When the plan makes no sense, or is too large for the machine.
pub fn bench(plan: &Plan, n_vocab: usize) -> Result<Bench> {
    plan.check()?;
    let config = plan.config(n_vocab)?;
    let planned_bytes = memory_bytes(plan, &config);
    Error::if_too_large("to train this model", planned_bytes)?;
    let executor = plan.executor()?;
    let mut learner = Learner::new(plan, config.clone(), None, &executor)?;
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    let (mut batch, mut steps, mut losses) = (Batch::default(), Vec::new(), Vec::new());
    for number in 1..=plan.steps.unwrap_or(STEPS) {
        draw(&mut batch, &mut random, plan, n_vocab);
        let (wall, cpu) = (Instant::now(), hardware::cpu_time());
        let made = learner.learn(&batch, plan.context)?;
        learner.update(plan, number, plan.lr, made.grad_norm);
        steps.push(Step {
            wall: wall.elapsed(),
            cpu: hardware::cpu_time().saturating_sub(cpu),
        });
        losses.push(made.loss);
    }
    let peak_rss_bytes = hardware::peak_memory_bytes(); // before anything else takes memory
    drop(learner);
    let tokens = plan.tokens_per_step() as f64;
    let rates = |of: fn(&Step) -> Duration| {
        let mut times: Vec<f64> = steps.iter().map(|s| of(s).as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        [tokens / times[0], tokens / times[times.len() / 2]]
    };
    let [tokens_per_s, tokens_per_s_median] = rates(|s| s.wall);
    let [tokens_per_cpu_s, tokens_per_cpu_s_median] = rates(|s| s.cpu);
    let flop_per_token = flop_per_token(&config, plan.context);
    let peak_flop_per_s = peak(&executor).flop_per_s;
    let whole = peak_flop_per_s * executor.n_threads() as f64;
    Ok(Bench {
        schema: "train-bench/1",
        executor: executor.name(),
        precision: executor.precision(),
        n_threads: executor.n_threads(),
        n_params: config.n_params() as u64,
        tokens_per_step: plan.tokens_per_step(),
        steps: steps.len() as u64,
        tokens_per_s,
        tokens_per_s_median,
        tokens_per_cpu_s,
        tokens_per_cpu_s_median,
        first_step_s: steps[0].wall.as_secs_f64(),
        flop_per_token,
        peak_flop_per_s,
        peak_share: tokens_per_s * flop_per_token / whole,
        gemm_peak_share: products(&config, plan, &executor) / whole,
        peak_rss_bytes,
        planned_bytes,
        loss_first: losses[0],
        loss_last: losses[losses.len() - 1],
    })
}

/// A batch of random tokens.
fn draw(batch: &mut Batch, random: &mut ChaCha8Rng, plan: &Plan, n_vocab: usize) {
    let n = plan.batch * plan.context;
    for tokens in [&mut batch.inputs, &mut batch.targets] {
        tokens.clear();
        tokens.extend((0..n).map(|_| random.next_u32() % n_vocab as u32));
    }
}

/// 6·N + 6·L·d·T: forward and twice that back, a multiplication and an addition counting as two,
/// causal attention at half of T×T.
fn flop_per_token(config: &Config, t: usize) -> f64 {
    6.0 * config.n_params() as f64 + 6.0 * (config.n_layers * config.q_width() * t) as f64
}

/// Operations a second of the layers' matrix products, each timed alone at its shape.
fn products(config: &Config, plan: &Plan, executor: &Executor) -> f64 {
    let n = plan.sequences_at_once() * plan.context;
    let (d, q, ff) = (config.d_model, config.q_width(), config.d_ff);
    let shapes = [(d, config.qkv_width()), (q, d), (d, 2 * ff), (ff, d)];
    let times = shapes
        .iter()
        .flat_map(|&(i, o)| speed(&Case::Matmul(Linear { n, i, o }), executor));
    let (flop, seconds) = times.fold((0.0, 0.0), |(flop, seconds), found| {
        (flop + found.flop, seconds + found.seconds)
    });
    flop / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_makes_the_steps_asked_for_and_its_numbers_fit_together() {
        let plan = Plan {
            d_model: 32,
            d_ff: 48,
            n_layers: 2,
            context: 16,
            batch: 4,
            steps: Some(3),
            threads: 1,
            ..Plan::default()
        };
        let bench = bench(&plan, 50).unwrap();
        assert_eq!(
            (bench.steps, bench.tokens_per_step, bench.n_threads),
            (3, 64, 1)
        );
        assert!(bench.tokens_per_s >= bench.tokens_per_s_median);
        assert!(bench.tokens_per_cpu_s >= bench.tokens_per_cpu_s_median);
        assert!(
            bench.peak_share > 0.0 && bench.peak_share < 1.0,
            "{bench:?}"
        );
        assert!((bench.loss_first - 50f64.ln()).abs() < 0.1, "{bench:?}");
    }
}
