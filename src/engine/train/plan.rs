//! What `eu train` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::model::{Config, Use};
use super::super::ops::{Executor, Precision};
use super::super::{Error, Result};

/// How the learning rate goes over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Warm-up, stable, linear decay at the end (WSD).
    Wsd,
    /// Warm-up, then half a cosine.
    Cosine,
}

/// Who moves the weights against their gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// AdamW for all of them.
    AdamW,
    /// Muon for the matrices inside of layers, AdamW for embedding, output matrix and norms.
    Muon,
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
    /// Minutes to train, where `steps` does not say it: the number of steps is measured at the
    /// start and then fixed.
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
    /// Who moves the weights.
    pub optimizer: Optimizer,
    /// Share of its momentum that Muon keeps each step.
    pub momentum: f64,
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
    /// What activations and products are computed in.
    pub precision: Precision,
    /// Layers whose activations are computed again on the way back instead of being kept: less
    /// memory, more time.
    pub recompute: usize,
    /// Tokens do not see documents before their own.
    pub document_mask: bool,
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
    /// Instruction set of the processor: `auto`, `amx`, `avx512`, `avx2`, `neon`, `scalar`.
    pub cpu: String,
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
            optimizer: Optimizer::AdamW,
            momentum: 0.95,
            beta1: 0.9,
            beta2: 0.95,
            adam_eps: 1e-8,
            weight_decay: 0.1,
            clip: 1.0,
            precision: Precision::Bf16,
            recompute: 0,
            document_mask: false,
            eval_every: 0,
            eval_tokens: 0,
            checkpoint_every: 0,
            keep_checkpoints: 2,
            device: "auto".into(),
            cpu: "auto".into(),
            force: false,
            resume: false,
            seed: 1,
            threads: 0,
        }
    }
}

impl Plan {
    /// The shape of the model, for a vocabulary of `n_vocab` tokens.
    ///
    /// # Errors
    /// When the settings do not describe a model.
    pub fn config(&self, n_vocab: usize) -> Result<Config> {
        if self.n_heads == 0 || !self.d_model.is_multiple_of(self.n_heads) {
            return Err(nonsense(
                "d_model",
                self.d_model,
                "is no multiple of n_heads",
            ));
        }
        let config = Config {
            n_vocab,
            d_model: self.d_model,
            n_layers: self.n_layers,
            n_heads: self.n_heads,
            n_kv_heads: self.n_kv_heads,
            head_dim: self.d_model / self.n_heads,
            d_ff: self.d_ff,
            tied: self.tied,
            rope_theta: self.rope_theta,
            norm_eps: self.norm_eps,
            context: self.context,
        };
        config.check()?;
        Ok(config)
    }

    /// Sequences computed at once, `micro_batch` resolved.
    pub fn sequences_at_once(&self) -> usize {
        if self.micro_batch == 0 {
            self.batch
        } else {
            self.micro_batch
        }
    }

    /// What a pass is asked for, where documents end with the token `boundary`.
    pub fn pass(&self, boundary: Option<u32>) -> Use {
        Use {
            n_again: self.recompute,
            boundary: boundary.filter(|_| self.document_mask),
            ..Use::learning(self.sequences_at_once(), self.context)
        }
    }

    /// Who does the work.
    ///
    /// # Errors
    /// When the device or the instruction set is not there.
    pub fn executor(&self) -> Result<Executor> {
        let executor = Executor::choose(&self.device, &self.cpu, self.threads)?;
        Ok(executor.in_precision(self.precision))
    }

    /// Tokens of one optimiser step.
    pub fn tokens_per_step(&self) -> u64 {
        self.batch as u64 * self.context as u64
    }

    /// Refuses settings that make no sense, each by name.
    ///
    /// # Errors
    /// See above.
    pub fn check(&self) -> Result<()> {
        const MANY: usize = 1 << 20; // sequences or positions; their product cannot overflow
        for (name, value) in [("batch", self.batch), ("context", self.context)] {
            if !(1..=MANY).contains(&value) {
                return Err(nonsense(name, value, "is not between 1 and a million"));
            }
        }
        if !self.batch.is_multiple_of(self.sequences_at_once()) {
            return Err(nonsense(
                "micro_batch",
                self.micro_batch,
                "does not divide batch",
            ));
        }
        if self.sequences_at_once() * self.context > MANY {
            let n = self.sequences_at_once();
            return Err(nonsense(
                "micro_batch",
                n,
                "computes more than a million tokens at once",
            ));
        }
        if self.steps == Some(0) {
            return Err(nonsense("steps", 0, "is no training"));
        }
        if let Some(minutes) = self.minutes.filter(|m| !(m.is_finite() && *m > 0.0)) {
            return Err(nonsense("minutes", minutes, "is no time to train"));
        }
        for (name, value) in [("lr", self.lr), ("adam_eps", self.adam_eps)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(nonsense(name, value, "is not above 0"));
            }
        }
        for (name, value) in [
            ("momentum", self.momentum),
            ("beta1", self.beta1),
            ("beta2", self.beta2),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(nonsense(name, value, "is not in 0..1"));
            }
        }
        for (name, value) in [
            ("min_lr_share", self.min_lr_share),
            ("warmup_share", self.warmup_share),
            ("decay_share", self.decay_share),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(nonsense(name, value, "is no share between 0 and 1"));
            }
        }
        for (name, value) in [("weight_decay", self.weight_decay), ("clip", self.clip)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(nonsense(name, value, "is negative or no number"));
            }
        }
        Ok(())
    }
}

fn nonsense(name: &str, value: impl std::fmt::Display, what: &str) -> Error {
    Error::Usage {
        what: format!("{name} = {value} {what}"),
        hint: format!("change {name}; `eu train --help` lists the defaults"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_are_refused_by_name() {
        assert!(Plan::default().check().is_ok());
        type Edit = fn(&mut Plan);
        let edits: [(&str, Edit); 10] = [
            ("batch", |p| p.batch = 0),
            ("context", |p| p.context = usize::MAX),
            ("micro_batch", |p| p.micro_batch = 7),
            ("steps", |p| p.steps = Some(0)),
            ("minutes", |p| p.minutes = Some(f64::NAN)),
            ("lr", |p| p.lr = -1.0),
            ("momentum", |p| p.momentum = 1.0),
            ("beta2", |p| p.beta2 = 1.0),
            ("warmup_share", |p| p.warmup_share = 1.5),
            ("clip", |p| p.clip = f64::INFINITY),
        ];
        for (name, edit) in edits {
            let mut plan = Plan::default();
            edit(&mut plan);
            let error = plan.check().unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        let plan = Plan {
            n_heads: 3,
            ..Plan::default()
        };
        assert!(
            plan.config(300)
                .unwrap_err()
                .to_string()
                .contains("n_heads")
        );
    }
}
