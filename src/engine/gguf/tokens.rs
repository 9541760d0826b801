//! The vocabulary that GGUF metadata describes.

use super::Metadata;
use crate::engine::{Error, Result};
use crate::vocab::{Listed, Named, Pre, Rule, TokenKind, Vocab};

/// Makes the vocabulary that the metadata describes.
///
/// # Errors
/// When it is of a kind, or cuts words in a way, that is not known; or contradicts itself.
pub fn vocab_from(metadata: &Metadata) -> Result<Vocab> {
    let model = required_str(metadata, "tokenizer.ggml.model")?;
    let key = "tokenizer.ggml.tokens";
    let texts = metadata.required(key, metadata.texts(key)?)?;
    let kinds = match metadata.i64s("tokenizer.ggml.token_type")? {
        None => vec![TokenKind::Normal; texts.len()],
        Some(kinds) => kinds.into_iter().map(TokenKind::from_id).collect(),
    };
    let (rule, customary_bos) = match model {
        "gpt2" => merges(metadata)?,
        "llama" => scores(metadata)?,
        _ => {
            return Err(Error::Usage {
                what: format!(
                    "{}: vocabularies of kind {model:?} are not supported",
                    metadata.path().display()
                ),
                hint: "byte-level BPE (gpt2) and SentencePiece BPE (llama) are".into(),
            });
        }
    };
    let id = |name: &str| named(metadata, name, texts.len());
    // Where a file names none, those of the first SentencePiece vocabularies (llama-vocab.cpp).
    let customary = |id: u32| (model == "llama" && (id as usize) < texts.len()).then_some(id);
    let bos = id("bos")?.or(customary(1));
    let eos = id("eos")?.or(customary(2));
    let mut ends = Vec::new();
    for name in ["eot", "eom", "fim_pad", "fim_rep", "fim_sep"] {
        ends.extend(id(name)?);
    }
    let adds_bos = metadata.bool("tokenizer.ggml.add_bos_token")?;
    let name = metadata.str("general.name")?.unwrap_or_default();
    let name = name.to_lowercase();
    let listed = Listed {
        texts,
        kinds,
        named: Named { bos, eos, ends },
        rule,
        // Files do not say so of the tokens; these models' do (llama-vocab.cpp).
        strips_after: name.contains("phi-3") || name.contains("phi3"),
    };
    let mut vocab = Vocab::from_listed(listed, metadata.path())?;
    vocab.bos = bos.filter(|_| adds_bos.unwrap_or(customary_bos));
    if metadata.bool("tokenizer.ggml.add_eos_token")? == Some(true) {
        vocab.behind = eos;
    }
    Ok(vocab)
}

fn required_str<'a>(metadata: &'a Metadata, key: &str) -> Result<&'a str> {
    metadata.required(key, metadata.str(key)?)
}

/// The id that a key names, one of `n_tokens`.
fn named(metadata: &Metadata, name: &str, n_tokens: usize) -> Result<Option<u32>> {
    let key = format!("tokenizer.ggml.{name}_token_id");
    let Some(id) = metadata.u64(&key)? else {
        return Ok(None);
    };
    match u32::try_from(id)
        .ok()
        .filter(|id| (*id as usize) < n_tokens)
    {
        Some(id) => Ok(Some(id)),
        None => Err(Error::damaged(
            metadata.path(),
            format!("{key} is {id} of {n_tokens}"),
        )),
    }
}

/// Byte-level BPE, its words cut as `tokenizer.ggml.pre` says; and whether `bos` is customary.
fn merges(metadata: &Metadata) -> Result<(Rule, bool)> {
    let name = metadata.str("tokenizer.ggml.pre")?.unwrap_or("default");
    let pre = Pre::named(name).ok_or_else(|| Error::Usage {
        what: format!(
            "{}: unknown pre-tokenizer {name:?}",
            metadata.path().display()
        ),
        hint: format!(
            "how it cuts text into words is not known, and guessed ids are wrong ids; known are {}",
            Pre::names().collect::<Vec<_>>().join(", ")
        ),
    })?;
    let key = "tokenizer.ggml.merges";
    let merges = metadata.required(key, metadata.texts(key)?)?;
    Ok((Rule::Merges { pre, merges }, pre.adds_bos))
}

/// SentencePiece BPE, which has scores where the other kind has merges; it wants its `bos`.
fn scores(metadata: &Metadata) -> Result<(Rule, bool)> {
    let key = "tokenizer.ggml.scores";
    let scores = metadata.required(key, metadata.f32s(key)?)?;
    let prefix = metadata.bool("tokenizer.ggml.add_space_prefix")?;
    let space_prefix = prefix.unwrap_or(true);
    Ok((
        Rule::Scores {
            scores,
            space_prefix,
        },
        true,
    ))
}

#[cfg(test)]
mod tests;
