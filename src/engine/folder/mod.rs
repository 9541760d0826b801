//! The Hugging Face folder, read and written: `config.json`, `*.safetensors`, `tokenizer.json` and
//! what belongs to them. Runs, checkpoints and finished models all lie on disk in this form, so
//! transformers, vLLM and llama.cpp's converter load every one of them.

mod config;
#[cfg(test)]
mod tests;
mod weights;
mod words;

use std::path::Path;

use super::load::Loaded;
use super::model::{Config, Layout, Model};
use super::{Error, Result};
use crate::disk;
use crate::vocab::Vocab;

pub use weights::{
    files as weight_files, read_file as read_weights, tensors, write as write_weights,
};

/// The file that makes a folder a model.
pub const CONFIG: &str = "config.json";
/// The tokenizer, bytes as they were prepared.
pub const TOKENIZER: &str = "tokenizer.json";
/// The weights, where they are in one file.
pub const WEIGHTS: &str = "model.safetensors";

/// Writes a model into `folder`, which the caller publishes; `tokenizer` are the bytes of its
/// `tokenizer.json`.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    folder: &Path,
    config: &Config,
    params: &[f32],
    tokenizer: &[u8],
    vocab: &Vocab,
) -> Result<()> {
    disk::replace_json(&folder.join(CONFIG), &config::describe(config, vocab))?;
    weights::write(&folder.join(WEIGHTS), &Layout::new(config), params)?;
    disk::replace_bytes(&folder.join(TOKENIZER), tokenizer)?;
    words::write(folder, config, vocab)
}

/// Embeddings of a model, whatever its architecture, by its `config.json`.
///
/// # Errors
/// When the file is absent, damaged, or does not say.
pub fn n_vocab(folder: &Path) -> Result<usize> {
    config::n_vocab(&folder.join(CONFIG))
}

/// The tokenizer of a model of `n_vocab` embeddings, whatever its architecture, and the template
/// of a conversation, where it has one.
///
/// # Errors
/// When a file is absent or damaged, or there are more tokens than embeddings.
pub fn words(folder: &Path, n_vocab: usize) -> Result<(Vocab, Option<String>)> {
    let tokenizer = folder.join(TOKENIZER);
    if !tokenizer.is_file() {
        return Err(Error::Missing {
            what: format!("{}: no {TOKENIZER} beside {CONFIG}", folder.display()),
            hint: "copy the tokenizer.json the model was trained with into the folder".into(),
        });
    }
    let mut vocab = Vocab::open(&tokenizer)?;
    if vocab.len() > n_vocab {
        let what = format!(
            "{} tokens, but {CONFIG} has room for {n_vocab} (vocab_size)",
            vocab.len()
        );
        return Err(Error::damaged(&tokenizer, what));
    }
    let ends = config::ends(&folder.join(CONFIG), n_vocab)?;
    words::apply(folder, ends, &mut vocab)?;
    Ok((vocab, words::chat_template(folder)?))
}

/// Reads a model; every name and shape is checked against what `config.json` describes.
///
/// # Errors
/// When a file is absent, damaged, or describes something the engine cannot compute.
pub fn read(folder: &Path) -> Result<Loaded> {
    let config = config::read(&folder.join(CONFIG))?;
    let (vocab, chat_template) = words(folder, config.n_vocab)?;
    let params = weights::read(folder, &Layout::new(&config), config.tied)?;
    Ok(Loaded {
        model: Model { config, params },
        chat_template,
        vocab,
        source: folder.into(),
    })
}
