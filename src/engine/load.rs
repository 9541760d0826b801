//! A model from disk: Hugging Face folder, run directory or GGUF file.

use std::path::{Path, PathBuf};

use super::infer::Weights;
use super::model::Model;
use super::train::newest_checkpoint;
use super::{Error, Result, folder, gguf};
use crate::vocab::Vocab;

/// Folder of a run that holds the finished model.
pub(super) const RUN_MODEL: &str = "model";

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

/// A model as it lies on disk, with everything needed to speak.
pub struct Speaker {
    /// Its tensors, where they are.
    pub weights: Weights,
    /// Its tokenizer.
    pub vocab: Vocab,
    /// Jinja template of a conversation, where the model has one.
    pub chat_template: Option<String>,
    /// The file or folder it lies in (a run directory resolves to its `model/`).
    pub source: PathBuf,
}

/// Opens whatever `path` is, of any architecture that is read, to speak and to score.
///
/// # Errors
/// When it is not there, no model, damaged, or of a kind that cannot be used.
pub fn open(path: &Path) -> Result<Speaker> {
    let source = resolve(path)?;
    // Words first: they are small, and what does not fit is best told by the file that is wrong.
    let words = match source.is_dir() {
        true => Some(folder::words(&source, folder::n_vocab(&source)?)?),
        false => None,
    };
    let (weights, metadata) = Weights::open(&source)?;
    let n_vocab = weights.shape.n_vocab;
    let (vocab, chat_template) = match (words, &metadata) {
        (Some(words), _) => words,
        (None, Some(metadata)) => {
            let vocab = gguf::vocab_from(metadata)?;
            if vocab.len() > n_vocab {
                let what = format!("{} tokens, but {n_vocab} embeddings", vocab.len());
                return Err(Error::damaged(&source, what));
            }
            (vocab, gguf::chat_template(metadata)?)
        }
        (None, None) => return Err(Error::damaged(&source, "no vocabulary")),
    };
    Ok(Speaker {
        weights,
        vocab,
        chat_template,
        source,
    })
}

/// Loads whatever `path` is.
///
/// # Errors
/// When it is not there, no model, damaged, or of a kind that cannot be used.
pub fn load(path: &Path) -> Result<Loaded> {
    let found = resolve(path)?;
    if is_gguf(&found) {
        gguf::load(&found)
    } else {
        folder::read(&found)
    }
}

/// The folder or file that holds the weights: of a run its `model/`, while it is not finished its
/// newest whole checkpoint.
///
/// # Errors
/// When there is nothing at `path`, or nothing that looks like a model.
pub fn resolve(path: &Path) -> Result<PathBuf> {
    if !path.exists() {
        return Err(Error::Missing {
            what: format!("{}: no such model", path.display()),
            hint: "give a folder with config.json, a .gguf file or a run directory".into(),
        });
    }
    if path.is_file() && is_gguf(path) {
        return Ok(path.into());
    }
    if path.is_file() {
        return Err(Error::Usage {
            what: format!("{}: not a model on its own", path.display()),
            hint: "give a .gguf file, or the folder that holds config.json and tokenizer.json"
                .into(),
        });
    }
    if path.join(folder::CONFIG).is_file() {
        return Ok(path.into());
    }
    let finished = path.join(RUN_MODEL);
    if finished.join(folder::CONFIG).is_file() {
        return Ok(finished);
    }
    match newest_checkpoint(path, &mut |_| {})? {
        Some(checkpoint) => Ok(checkpoint),
        None => Err(Error::Missing {
            what: format!(
                "{}: no {} and no checkpoint of a run",
                path.display(),
                folder::CONFIG
            ),
            hint: "give a folder with config.json, a .gguf file or a run directory".into(),
        }),
    }
}

pub(super) fn is_gguf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gguf"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;
    use crate::fault::{Fault, Kind};

    #[test]
    fn what_is_no_model_is_refused_with_what_would_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        disk::replace_bytes(&at("model.safetensors"), b"").unwrap();
        disk::replace_bytes(&at("cut.GGUF"), b"GGU").unwrap();
        for (path, kind) in [
            (at("absent"), Kind::Missing),
            (at("model.safetensors"), Kind::Usage),
            (folder.path().into(), Kind::Missing),
        ] {
            let error = load(&path).err().expect("refused");
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.hint().unwrap().contains("config.json"), "{error}");
        }
        let error = load(&at("cut.GGUF")).err().expect("refused");
        assert_eq!(error.kind(), Kind::Damaged, "{error}");
    }
}
