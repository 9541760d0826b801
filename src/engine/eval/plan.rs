//! What `eu eval` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::ops::Precision;
use super::super::{Error, Result};
use super::gates::Gates;

/// A text to score: what the porch reads from disk and hands to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Code of its language.
    pub lang: String,
    /// The text.
    pub text: String,
    /// Whether it holds an item of the evaluation sets that the plan names.
    pub is_met: bool,
}

/// What `eu eval` will do; section `[eval]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Folder, GGUF file or run directory.
    pub model: PathBuf,
    /// Text to score on: a prepared folder (its held-out text), or files of records.
    pub data: Vec<PathBuf>,
    /// Evaluation sets, or the index of them: texts that hold an item of these are scored apart
    /// too. Of a run, without it, the items that were met in the text its own was prepared from;
    /// what held them was left out then.
    pub contamination: Vec<PathBuf>,
    /// Folder for `results_*.json`; none: nothing is written.
    pub output: Option<PathBuf>,
    /// Languages to score: codes or sets.
    pub langs: Vec<String>,
    /// Most bytes of text scored per language; 0: all.
    pub max_bytes: u64,
    /// Largest context used; 0: the model's own.
    pub context: usize,
    /// Another model to compare with on the same text: what the model lost beside it.
    pub against: Option<PathBuf>,
    /// Fail (exit 5) when the mean divergence of a language from the model compared with is more
    /// nats per token than this.
    pub max_kld: Option<f64>,
    /// SVG picture of what each language lost beside the model compared with.
    pub plot: Option<PathBuf>,
    /// Fail (exit 5) when the worst language needs more bits per byte than this.
    pub max_worst_bpb: Option<f64>,
    /// Where the work is done: `auto`, `cpu`, `reference`.
    pub device: String,
    /// Instruction set of the processor: `auto`, `amx`, `avx512`, `avx2`, `neon`, `scalar`.
    pub cpu: String,
    /// What activations and products are computed in.
    pub precision: Precision,
    /// Replace a picture that exists.
    pub force: bool,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            model: "run".into(),
            data: Vec::new(),
            contamination: Vec::new(),
            output: None,
            langs: vec!["europe".into()],
            max_bytes: 0,
            context: 0,
            against: None,
            max_kld: None,
            plot: None,
            max_worst_bpb: None,
            device: "auto".into(),
            cpu: "auto".into(),
            precision: Precision::F32,
            force: false,
            threads: 0,
        }
    }
}

impl Plan {
    /// Bounds that the worst language is held to.
    pub fn gates(&self) -> Gates {
        Gates {
            max_kld: self.max_kld,
            max_worst_bpb: self.max_worst_bpb,
        }
    }

    /// Refuses what can only be told of two models where there is one, before anything is read.
    ///
    /// # Errors
    /// When there is such a setting.
    pub fn check(&self) -> Result<()> {
        let settings = [
            ("--max-kld", self.max_kld.is_some()),
            ("--plot", self.plot.is_some()),
        ];
        match settings.iter().find(|(_, is_set)| *is_set) {
            Some((name, _)) if self.against.is_none() => Err(Error::Usage {
                what: format!("{name} tells what a model lost, but there is none to compare with"),
                hint: "name the model it was made of with --against".into(),
            }),
            _ => Ok(()),
        }
    }
}
