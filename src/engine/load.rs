//! A model from disk: Hugging Face folder, run directory or GGUF file.

use std::path::PathBuf;

use super::model::Model;
use crate::vocab::Vocab;

/// A model with everything needed to speak.
pub struct Loaded {
    /// Shape and weights.
    pub model: Model,
    /// Its tokenizer.
    pub vocab: Vocab,
    /// Jinja template of a conversation, where the model has one.
    pub chat_template: Option<String>,
    /// The file or folder it was read from (a run directory resolves to its `model/`).
    pub source: PathBuf,
}
