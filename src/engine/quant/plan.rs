//! What `eu quantize` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What `eu quantize` will do; section `[quantize]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Hugging Face folder or run directory.
    pub model: PathBuf,
    /// GGUF file to write; none: `model-<type>.gguf` beside the model.
    pub output: Option<PathBuf>,
    /// Type of the file: `f16`, `bf16`, `q8_0`, `q4_0`, `q4_k_m`.
    pub r#type: String,
    /// Text to compare before and after on: a prepared folder, or files of records.
    pub data: Vec<PathBuf>,
    /// Replace a file that exists.
    pub force: bool,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            model: "run".into(),
            output: None,
            r#type: "q4_k_m".into(),
            data: Vec::new(),
            force: false,
            threads: 0,
        }
    }
}
