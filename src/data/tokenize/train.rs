//! Training a byte-level BPE vocabulary on text in which every language counts alike.
//!
//! The tokenizer has no normaliser: llama.cpp applies none to byte-level vocabularies, and what
//! is trained here must read the same there.

use serde_json::{Map, Value as Json, json};
use tokenizers::Tokenizer;

use super::balance::{Balance, merge_in_balance};
use super::merges::{Learner, ONE};
use super::sample::pick;
use super::words::{MAX_WORDS, Words};
use crate::data::error::{Error, Result};
use crate::vocab::{PRE_TOKENIZERS, SPECIALS, Scanner, byte_chars};

/// The smallest vocabulary: the special tokens and every byte.
pub const MIN_VOCAB: usize = SPECIALS.len() + 256;

/// A pair of tokens seen less often is not merged.
pub(super) const MIN_FREQUENCY: u64 = 2;

/// How to train.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainPlan {
    /// Tokens of the vocabulary at most, special ones included.
    pub vocab_size: usize,
    /// How often a text may count at most.
    pub max_epochs: f64,
    /// Shares of the sample: 0 gives every language the same number of characters, 1 as many as
    /// there are of it.
    pub temperature: f64,
    /// How hard languages that pay more than others are preferred.
    pub balance: Balance,
}

impl Default for TrainPlan {
    fn default() -> Self {
        TrainPlan {
            vocab_size: 65_536,
            max_epochs: 4.0,
            temperature: 0.0,
            balance: Balance::default(),
        }
    }
}

/// One language's texts.
#[derive(Debug, Clone, Default)]
pub struct Texts<'a> {
    /// What merges are learnt from.
    pub texts: Vec<&'a str>,
    /// Texts that say what the `parallel` texts of all other languages say, by which it is judged
    /// what this language pays. Empty: its counts stay as the sample weighs them.
    pub parallel: Vec<&'a str>,
}

/// Trains a vocabulary of at most `vocab_size` tokens on `texts`, one list a language, each
/// counting the same number of characters where it can: up to `max_epochs` times what there is.
///
/// # Errors
/// When `vocab_size` is below [`MIN_VOCAB`].
pub fn train(texts: &[Vec<&str>], vocab_size: usize, max_epochs: f64) -> Result<Tokenizer> {
    let langs: Vec<Texts> = texts
        .iter()
        .map(|texts| Texts {
            texts: texts.clone(),
            parallel: Vec::new(),
        })
        .collect();
    let plan = TrainPlan {
        vocab_size,
        max_epochs,
        ..TrainPlan::default()
    };
    train_bpe(&langs, &plan, || true)
}

/// Trains a vocabulary on `langs` as `plan` says. The result depends neither on the order of
/// texts nor on the number of threads. `go_on` is asked every thousand merges or so.
///
/// # Errors
/// When the plan's vocabulary is below [`MIN_VOCAB`], or `go_on` said no.
pub fn train_bpe(langs: &[Texts], plan: &TrainPlan, go_on: impl Fn() -> bool) -> Result<Tokenizer> {
    let learnt = learn(langs, plan, plan.vocab_size, &go_on)?;
    let (tokens, merges) = learnt.learner.finish();
    let merges = merges.iter().map(|(pair, _)| *pair);
    built(&bpe_json(&tokens, merges))
}

/// What was learnt from some languages.
pub(super) struct Learnt {
    pub(super) learner: Learner,
    /// Words of each language, and what they weigh in the end.
    pub(super) words: Vec<Words>,
    pub(super) weights: Vec<u64>,
}

/// Learns merges until there are `n_tokens` tokens.
pub(super) fn learn(
    langs: &[Texts],
    plan: &TrainPlan,
    n_tokens: usize,
    go_on: &impl Fn() -> bool,
) -> Result<Learnt> {
    if plan.vocab_size < MIN_VOCAB {
        return Err(Error::usage(
            format!(
                "a vocabulary of {} tokens cannot hold the {MIN_VOCAB} it begins with",
                plan.vocab_size
            ),
            "give a larger --vocab-size, such as 32768",
        ));
    }
    let scanner = Scanner::of(&PRE_TOKENIZERS[0])
        .ok_or_else(|| Error::Failed("tokenizer: unknown pattern".into()))?;
    let texts: Vec<Vec<&str>> = langs.iter().map(|lang| lang.texts.clone()).collect();
    let mut learner = Learner::new(first_tokens());
    let max_words = MAX_WORDS / langs.len().max(1);
    let mut words = Vec::new();
    let mut weights = Vec::new();
    for part in pick(&texts, plan.temperature, plan.max_epochs) {
        words.push(Words::of(scanner, &part.texts, max_words));
        weights.push(part.weight);
    }
    words.iter().for_each(|words| {
        learner.add(words);
    });
    let judged = langs.iter().enumerate();
    let judged = judged.filter(|(_, lang)| !lang.parallel.is_empty());
    let parallel: Vec<(usize, usize)> = judged
        .map(|(i, lang)| {
            (
                i,
                learner.add(&Words::of(scanner, &lang.parallel, max_words)),
            )
        })
        .collect();
    let limits = (n_tokens, MIN_FREQUENCY * ONE);
    let done = merge_in_balance(
        &mut learner,
        &mut weights,
        &parallel,
        &plan.balance,
        limits,
        go_on,
    );
    if !done {
        return Err(Error::Interrupted {
            stage: "train_tokenizer".into(),
        });
    }
    Ok(Learnt {
        learner,
        words,
        weights,
    })
}

/// Special tokens, then one for every byte in the order of the characters that spell them.
pub(super) fn first_tokens() -> Vec<Vec<u8>> {
    let mut bytes: Vec<(char, u8)> = byte_chars().into_iter().zip(0..=255).collect();
    bytes.sort_unstable();
    let specials = SPECIALS.iter().map(|name| name.as_bytes().to_vec());
    specials
        .chain(bytes.into_iter().map(|(_, byte)| vec![byte]))
        .collect()
}

/// Loads what was made here.
pub(super) fn built(json: &Json) -> Result<Tokenizer> {
    Tokenizer::from_bytes(json.to_string().as_bytes())
        .map_err(|e| Error::Failed(format!("tokenizer: {e}")))
}

/// How byte-level vocabularies spell `bytes`.
pub(super) fn spelt(bytes: &[u8]) -> String {
    static CHARS: std::sync::LazyLock<[char; 256]> = std::sync::LazyLock::new(byte_chars);
    bytes.iter().map(|b| CHARS[usize::from(*b)]).collect()
}

/// The parts of a `tokenizer.json` all vocabularies made here share, around `model`.
pub(super) fn around(model: Json) -> Json {
    let pattern = PRE_TOKENIZERS[0].pattern;
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
    });
    let added: Vec<Json> = SPECIALS
        .iter()
        .enumerate()
        .map(|(id, name)| {
            json!({
                "id": id, "content": name, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true,
            })
        })
        .collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [
            { "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated",
              "invert": false },
            byte_level,
        ]},
        "post_processor": null,
        "decoder": byte_level,
        "model": model,
    })
}

fn bpe_json(tokens: &[Vec<u8>], merges: impl Iterator<Item = (u32, u32)>) -> Json {
    let spelling = |id: usize| match SPECIALS.get(id) {
        Some(name) => (*name).to_owned(),
        None => spelt(&tokens[id]),
    };
    let vocab: Map<String, Json> = (0..tokens.len())
        .map(|id| (spelling(id), json!(id)))
        .collect();
    let merges: Vec<Json> = merges
        .map(|(a, b)| json!([spelling(a as usize), spelling(b as usize)]))
        .collect();
    around(json!({
        "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": PRE_TOKENIZERS[0].ignore_merges,
        "vocab": vocab, "merges": merges,
    }))
}

#[cfg(test)]
mod tests;
