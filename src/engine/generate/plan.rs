//! What `eu chat` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::ops::Precision;
use super::super::{Error, Result};

/// How `eu chat` chooses tokens; section `[chat]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Folder, GGUF file or run directory.
    pub model: PathBuf,
    /// Divides the logits; 0: always the likeliest token.
    pub temperature: f64,
    /// Keep this many likeliest tokens; 0: all.
    pub top_k: usize,
    /// Keep the likeliest tokens that make up this probability; 1: all.
    pub top_p: f64,
    /// Keep tokens at least this likely, relative to the likeliest; 0: all.
    pub min_p: f64,
    /// Most tokens to generate; 0: until the context is full.
    pub max_tokens: usize,
    /// Largest context used; 0: the model's own.
    pub context: usize,
    /// System prompt of a conversation.
    pub system: Option<String>,
    /// Continue text as it is, without a chat template.
    pub raw: bool,
    /// What the chat template is told beside the conversation: `enable_thinking=false`.
    pub template_arg: Vec<String>,
    /// Where the work is done: `auto`, `cpu`, `reference`.
    pub device: String,
    /// Instruction set of the processor: `auto`, `amx`, `avx512`, `avx2`, `neon`, `scalar`.
    pub cpu: String,
    /// What activations and products are computed in.
    pub precision: Precision,
    /// Seed of the choice of tokens; none: another one each time.
    pub seed: Option<u64>,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Plan {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`Error::Usage`] with the name of the setting.
    pub(super) fn check(&self) -> Result<()> {
        let share = |x: f64| (0.0..=1.0).contains(&x);
        for (ok, name, value, hint) in [
            (
                self.temperature.is_finite() && self.temperature >= 0.0,
                "temperature",
                self.temperature,
                "give 0 for the likeliest token, or a number such as 0.8",
            ),
            (
                share(self.top_p),
                "top_p",
                self.top_p,
                "give a number from 0 to 1, such as 0.95",
            ),
            (
                share(self.min_p),
                "min_p",
                self.min_p,
                "give a number from 0 to 1, such as 0.05",
            ),
        ] {
            if !ok {
                return Err(Error::Usage {
                    what: format!("{name} = {value} makes no sense"),
                    hint: hint.into(),
                });
            }
        }
        Ok(())
    }
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            model: "run".into(),
            temperature: 0.8,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            max_tokens: 256,
            context: 0,
            system: None,
            raw: false,
            template_arg: Vec::new(),
            device: "auto".into(),
            cpu: "auto".into(),
            precision: Precision::F32,
            seed: None,
            threads: 0,
        }
    }
}
