//! Whether a `tokenizer.json` is of the one shape that is encoded here: byte-level BPE, cut by a
//! pattern that is known. All else is left to the crate `tokenizers`.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{GPT2_PATTERN, PRE_TOKENIZERS, Scanner, byte_chars};

/// All there is to know of such a vocabulary.
pub(super) struct Shape {
    pub(super) scanner: Scanner,
    pub(super) ignore_merges: bool,
    pub(super) nfc: bool,
    /// Id of the token of each byte.
    pub(super) of_byte: [u32; 256],
    /// Bytes and id of every token that bytes can spell.
    pub(super) tokens: Vec<(Vec<u8>, u32)>,
    /// In order of rank: two tokens and what they make.
    pub(super) merges: Vec<[u32; 3]>,
    /// Tokens that are found in any text, though they are not special.
    pub(super) found_in_text: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    truncation: Json,
    #[serde(default)]
    padding: Json,
    #[serde(default)]
    added_tokens: Vec<Added>,
    #[serde(default)]
    normalizer: Json,
    #[serde(default)]
    pre_tokenizer: Json,
    model: Model,
}

#[derive(Deserialize)]
struct Added {
    content: String,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    dropout: Option<f64>,
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
}

/// `["a", "b"]`, or `"a b"` in older files.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Text(String),
}

impl Shape {
    /// The shape of a `tokenizer.json`; none for all that is not surely understood.
    pub(super) fn of(json: &[u8]) -> Option<Self> {
        let file: File = serde_json::from_slice(json).ok()?;
        let model = &file.model;
        let empty = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
        let plain = model.kind == "BPE"
            && model.dropout.is_none_or(|share| share == 0.0)
            && empty(&model.continuing_subword_prefix)
            && empty(&model.end_of_word_suffix)
            && !model.byte_fallback
            && file.truncation.is_null()
            && file.padding.is_null();
        if !plain {
            return None;
        }
        let nfc = match file.normalizer["type"].as_str() {
            Some("NFC") => true,
            None if file.normalizer.is_null() => false,
            _ => return None,
        };
        let chars = byte_chars();
        let byte_of: HashMap<char, u8> = chars.into_iter().zip(0..=255).collect();
        let mut of_byte = [0; 256];
        for (id, c) in of_byte.iter_mut().zip(chars) {
            *id = *model.vocab.get(c.encode_utf8(&mut [0; 4]) as &str)?;
        }
        let bytes = |text: &str| -> Option<Vec<u8>> {
            text.chars().map(|c| byte_of.get(&c).copied()).collect()
        };
        let tokens = model.vocab.iter();
        let tokens = tokens.filter_map(|(text, id)| Some((bytes(text)?, *id)));
        let merge = |merge: &Merge| {
            let (a, b) = match merge {
                Merge::Pair(a, b) => (a.as_str(), b.as_str()),
                Merge::Text(text) => text.split_once(' ')?,
            };
            let id = |text: &str| model.vocab.get(text).copied();
            Some([id(a)?, id(b)?, id(&format!("{a}{b}"))?])
        };
        Some(Shape {
            scanner: scanner(&file.pre_tokenizer)?,
            ignore_merges: model.ignore_merges,
            nfc,
            of_byte,
            tokens: tokens.collect(),
            merges: model.merges.iter().map(merge).collect::<Option<_>>()?,
            found_in_text: file
                .added_tokens
                .into_iter()
                .filter(|token| !token.special)
                .map(|token| token.content)
                .collect(),
        })
    }
}

/// The scanner for the steps of a `pre_tokenizer`, where they are known.
fn scanner(pre: &Json) -> Option<Scanner> {
    let one = std::slice::from_ref(pre);
    let steps = match pre["type"].as_str()? {
        "Sequence" => pre["pretokenizers"].as_array()?.as_slice(),
        _ => one,
    };
    let digits = |step: &Json| step["type"] == "Digits" && step["individual_digits"] == true;
    let (single_digits, steps) = match steps.split_first() {
        Some((first, rest)) if digits(first) => (true, rest),
        _ => (false, steps),
    };
    let bytes = |step: &Json, own_pattern: bool| {
        step["type"] == "ByteLevel"
            && step["add_prefix_space"] == false
            // Files older than this field mean the pattern.
            && step["use_regex"].as_bool().unwrap_or(true) == own_pattern
    };
    let pattern = match steps {
        [only] if bytes(only, true) => GPT2_PATTERN,
        [split, last]
            if split["type"] == "Split"
                && split["behavior"] == "Isolated"
                && split["invert"].as_bool() == Some(false)
                && bytes(last, false) =>
        {
            split["pattern"]["Regex"].as_str()?
        }
        _ => return None,
    };
    let known = PRE_TOKENIZERS
        .iter()
        .find(|pre| pre.pattern == pattern && pre.single_digits == single_digits)?;
    Scanner::of(known)
}
