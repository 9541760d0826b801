//! What `eu quantize` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::choose::Rules;
use super::table::Quant;
use crate::engine::Result;

/// What `eu quantize` will do; section `[quantize]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Hugging Face folder or run directory.
    pub model: PathBuf,
    /// GGUF file to write; none: `model-<type>.gguf` beside the model.
    pub output: Option<PathBuf>,
    /// Type of the file, one of [`QUANTS`](super::QUANTS).
    pub r#type: String,
    /// Rules `REGEX=TYPE`: tensors whose name in the file the pattern meets get that type, of
    /// several rules by the first.
    pub tensor: Vec<String>,
    /// Type of the output matrix, or of the embedding that serves as such.
    pub output_type: Option<String>,
    /// Type of the token embedding.
    pub embedding_type: Option<String>,
    /// All matrices get the type the file is named for, none more bits.
    pub pure: bool,
    /// File that says how important each column is, as llama.cpp writes it.
    pub imatrix: Option<PathBuf>,
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
            tensor: Vec::new(),
            output_type: None,
            embedding_type: None,
            pure: false,
            imatrix: None,
            data: Vec::new(),
            force: false,
            threads: 0,
        }
    }
}

impl Plan {
    /// Refuses types that are not known and patterns that are none, before anything is read.
    ///
    /// # Errors
    /// When there is one, with what would do.
    pub fn check(&self) -> Result<&'static Quant> {
        Ok(Rules::of(self)?.quant)
    }
}
