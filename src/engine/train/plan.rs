//! What `eu train` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the learning rate goes over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Warm-up, stable, linear decay at the end (WSD).
    Wsd,
    /// Warm-up, then half a cosine.
    Cosine,
}

/// What `eu train` will do; section `[train]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Prepared folder: tokenizer, token shards, mix.
    pub data: PathBuf,
    /// Run directory to make or to resume.
    pub output: PathBuf,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Decoder layers.
    pub n_layers: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width inside the feed-forward block.
    pub d_ff: usize,
    /// Use the embedding as output matrix too.
    pub tied: bool,
    /// Base of the rotary angles.
    pub rope_theta: f64,
    /// Epsilon of RMSNorm.
    pub norm_eps: f64,
    /// Tokens of a sequence.
    pub context: usize,
    /// Optimiser steps; none: as many as fit `minutes`, else one pass over the mix.
    pub steps: Option<u64>,
    /// Minutes to train; the number of steps is measured at the start and then fixed.
    pub minutes: Option<f64>,
    /// Sequences of one optimiser step.
    pub batch: usize,
    /// Sequences computed at once; divides `batch`; 0: all.
    pub micro_batch: usize,
    /// Peak learning rate.
    pub lr: f64,
    /// Learning rate at the end, as a share of the peak.
    pub min_lr_share: f64,
    /// Course of the learning rate.
    pub schedule: Schedule,
    /// Share of the steps that warm up.
    pub warmup_share: f64,
    /// Share of the steps that decay (WSD).
    pub decay_share: f64,
    /// AdamW's first moment decay.
    pub beta1: f64,
    /// AdamW's second moment decay.
    pub beta2: f64,
    /// AdamW's epsilon.
    pub adam_eps: f64,
    /// Weight decay of matrices (not of norms).
    pub weight_decay: f64,
    /// Largest gradient norm; 0: no clipping.
    pub clip: f64,
    /// Steps between scores on held-out text; 0: only at the start and the end.
    pub eval_every: u64,
    /// Most held-out tokens scored per language during training; 0: all.
    pub eval_tokens: u64,
    /// Steps between checkpoints; 0: only at the end.
    pub checkpoint_every: u64,
    /// Checkpoints kept; 0: all.
    pub keep_checkpoints: usize,
    /// Where the work is done: `auto`, `cpu`, `reference`.
    pub device: String,
    /// Replace a run that exists.
    pub force: bool,
    /// Go on from the newest whole checkpoint of `output`.
    pub resume: bool,
    /// Seed of initial weights and of the order of the data.
    pub seed: u64,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            data: "data".into(),
            output: "run".into(),
            d_model: 256,
            n_layers: 6,
            n_heads: 4,
            n_kv_heads: 2,
            d_ff: 704,
            tied: true,
            rope_theta: 10_000.0,
            norm_eps: 1e-5,
            context: 256,
            steps: None,
            minutes: None,
            batch: 16,
            micro_batch: 0,
            lr: 2e-3,
            min_lr_share: 0.0,
            schedule: Schedule::Wsd,
            warmup_share: 0.05,
            decay_share: 0.2,
            beta1: 0.9,
            beta2: 0.95,
            adam_eps: 1e-8,
            weight_decay: 0.1,
            clip: 1.0,
            eval_every: 0,
            eval_tokens: 0,
            checkpoint_every: 0,
            keep_checkpoints: 2,
            device: "auto".into(),
            force: false,
            resume: false,
            seed: 1,
            threads: 0,
        }
    }
}
