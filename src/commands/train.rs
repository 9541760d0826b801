//! `eu train`: tokens to a model, with a dashboard, plain lines or NDJSON.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::preview::{Input, Preview};
use super::settings::Files;
use crate::engine::train::Plan;

const EXAMPLES: &str = "\
Examples:
  eu train data -o run                     the defaults, one pass over the mix
  eu train data -o run --minutes 10        as many steps as fit
  eu train data -o run --resume            go on from the newest checkpoint
  eu train data -o run --d-model 512 --n-layers 12 --n-heads 8
  eu train data -o run -n                  show memory, time and disk first
  kill -USR1 PID                           checkpoint now; Ctrl-C: checkpoint and end";

/// What can be typed after `eu train`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Prepared folder: tokenizer, token shards, mix.
    #[arg(value_name = "DATA")]
    pub data: Option<PathBuf>,
    /// Run directory to make or to resume.
    #[arg(short, long, value_name = "RUN")]
    pub output: Option<PathBuf>,
    /// Go on from the newest whole checkpoint of the run directory.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub resume: Option<bool>,
    /// Optimiser steps; without it one pass over the mix, or what fits --minutes.
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Minutes to train; the number of steps is measured at the start and then fixed.
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<f64>,
    /// Width of the residual stream.
    #[arg(long, value_name = "N", help_heading = "Shape")]
    pub d_model: Option<usize>,
    /// Decoder layers.
    #[arg(long, value_name = "N", help_heading = "Shape")]
    pub n_layers: Option<usize>,
    /// Query heads.
    #[arg(long, value_name = "N", help_heading = "Shape")]
    pub n_heads: Option<usize>,
    /// Key and value heads; divides --n-heads.
    #[arg(long, value_name = "N", help_heading = "Shape")]
    pub n_kv_heads: Option<usize>,
    /// Width inside the feed-forward block.
    #[arg(long, value_name = "N", help_heading = "Shape")]
    pub d_ff: Option<usize>,
    /// Use the embedding as output matrix too.
    #[arg(long, value_name = "BOOL", help_heading = "Shape", num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "true")]
    pub tied: Option<bool>,
    /// Base of the rotary angles.
    #[arg(long, value_name = "X", help_heading = "Shape")]
    pub rope_theta: Option<f64>,
    /// Epsilon of RMSNorm.
    #[arg(long, value_name = "X", help_heading = "Shape")]
    pub norm_eps: Option<f64>,
    /// Tokens of a sequence.
    #[arg(long, value_name = "N", help_heading = "Shape")]
    pub context: Option<usize>,
    /// Sequences of one optimiser step.
    #[arg(long, value_name = "N", help_heading = "Optimiser")]
    pub batch: Option<usize>,
    /// Sequences computed at once; divides --batch; 0: all.
    #[arg(long, value_name = "N", help_heading = "Optimiser")]
    pub micro_batch: Option<usize>,
    /// Peak learning rate.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub lr: Option<f64>,
    /// Learning rate at the end, as a share of the peak.
    #[arg(long, value_name = "SHARE", help_heading = "Optimiser")]
    pub min_lr_share: Option<f64>,
    /// Course of the learning rate.
    #[arg(long, value_name = "NAME", help_heading = "Optimiser")]
    #[arg(value_parser = ["wsd", "cosine"])]
    pub schedule: Option<String>,
    /// Share of the steps that warm up.
    #[arg(long, value_name = "SHARE", help_heading = "Optimiser")]
    pub warmup_share: Option<f64>,
    /// Share of the steps that decay (wsd).
    #[arg(long, value_name = "SHARE", help_heading = "Optimiser")]
    pub decay_share: Option<f64>,
    /// AdamW's first moment decay.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub beta1: Option<f64>,
    /// AdamW's second moment decay.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub beta2: Option<f64>,
    /// AdamW's epsilon.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub adam_eps: Option<f64>,
    /// Weight decay of matrices.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub weight_decay: Option<f64>,
    /// Largest gradient norm; 0: no clipping.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub clip: Option<f64>,
    /// Steps between scores on held-out text; 0: only at the start and the end.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub eval_every: Option<u64>,
    /// Most held-out tokens scored per language during training; 0: all.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub eval_tokens: Option<u64>,
    /// Steps between checkpoints; 0: only at the end.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub checkpoint_every: Option<u64>,
    /// Checkpoints kept; 0: all.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub keep_checkpoints: Option<usize>,
}

/// Trains.
///
/// # Errors
/// When the plan makes no sense, the data is damaged, or the run was interrupted (exit code 6).
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let plan: Plan = files.plan("train", args, shared)?;
    if shared.dry_run {
        return preview(plan).print(out);
    }
    Err(Failure::usage("train is not wired").into())
}

fn preview(plan: Plan) -> Preview<Plan> {
    Preview {
        command: "train",
        inputs: vec![Input::of(&plan.data)],
        outputs: vec![plan.output.clone()],
        memory_bytes: None,
        time_ms: plan.minutes.map(|m| (m * 60_000.0) as u64),
        disk_bytes: None,
        notes: Vec::new(),
        plan,
    }
}
