//! `eu chat --bench`: how fast a model reads and writes here, as other programs' benchmarks say it.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::fail::Result;
use super::out::Out;
use crate::engine;
use crate::engine::generate::{Plan, Speed, Trial, bench};
use crate::engine::ops::Executor;
use crate::hardware;

/// What `--bench` prints: schema `chat-bench/1`.
#[derive(Debug, Serialize)]
struct Measured<'a> {
    model: &'a std::path::Path,
    executor: String,
    threads: usize,
    prefill: usize,
    decode: usize,
    batch: usize,
    repeat: usize,
    load_s: f64,
    peak_rss_bytes: Option<u64>,
    #[serde(flatten)]
    speed: Speed,
}

/// Measures the model of `plan`.
pub(super) fn run(plan: &Plan, trial: Trial, out: &Arc<Out>) -> Result<()> {
    let began = Instant::now();
    let loaded = engine::load::open(&plan.model)?;
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let load_s = began.elapsed().as_secs_f64();
    let speed = bench(&loaded.weights, &executor, trial)?;
    let measured = Measured {
        model: &plan.model,
        executor: executor.name(),
        threads: executor.n_threads(),
        prefill: trial.prefill,
        decode: trial.decode,
        batch: trial.batch,
        repeat: trial.repeat,
        load_s,
        peak_rss_bytes: hardware::peak_memory_bytes(),
        speed,
    };
    out.result("chat-bench/1", &measured, || {
        let speed = &measured.speed;
        let memory = measured.peak_rss_bytes.unwrap_or(0) >> 20;
        format!(
            "{}, {} threads: {:.1} tokens read a second, {:.1} written; ready in {:.3} s, {memory} \
             MiB\n",
            measured.executor,
            measured.threads,
            speed.prefill_tokens_per_s,
            speed.decode_tokens_per_s,
            measured.load_s,
        )
    })?;
    Ok(())
}
