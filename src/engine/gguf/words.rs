//! A vocabulary as GGUF metadata, from its `tokenizer.json`.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{Value, ValueKind};
use crate::engine::{Error, Result};
use crate::vocab::{
    GPT2_PATTERN, Listed, NAMED_ALIKE, PRE_TOKENIZERS, PreTokenizer, Rule, TokenKind, Vocab,
};

/// A vocabulary as metadata, with what the reader should know of it.
pub struct Words {
    /// Keys and values under `tokenizer.ggml.`.
    pub entries: Vec<(String, Value)>,
    /// Warnings: what other programs will do differently.
    pub warnings: Vec<String>,
}

/// Describes a vocabulary of `n_rows` tokens, the ones it lacks being unused.
///
/// # Errors
/// When it is neither SentencePiece BPE nor byte-level BPE whose words are cut in a way that
/// llama.cpp knows by name.
pub fn words_of(vocab: &Vocab, n_rows: usize) -> Result<Words> {
    let refuse = |what: String| Error::Usage {
        what: format!("this tokenizer has no place in a GGUF file: {what}"),
        hint: format!(
            "SentencePiece BPE can be written, and byte-level BPE with words cut as {} do",
            PRE_TOKENIZERS.each_ref().map(|pre| pre.name).join(", ")
        ),
    };
    if vocab.len() > n_rows {
        let n = vocab.len();
        return Err(refuse(format!(
            "it has {n} tokens, the model only {n_rows}"
        )));
    }
    if let Some(listed) = vocab.listed() {
        return Ok(again(vocab, listed, n_rows));
    }
    let json = vocab
        .tokenizer()
        .map(|tokenizer| tokenizer.to_string(false));
    let json = json.ok_or_else(|| refuse("it has no tokenizer.json".into()))?;
    let json = json.map_err(|e| Error::Failed(e.to_string()))?;
    let json: Json = serde_json::from_str(&json).map_err(|e| Error::Failed(e.to_string()))?;
    if let Some(listed) = Listed::of_json(&json) {
        return Ok(again(vocab, &listed, n_rows));
    }
    let pre = find_pre(&json).map_err(refuse)?;
    let mut warnings = Vec::new();
    if NAMED_ALIKE.iter().any(|alike| alike.name == pre.name) {
        warnings.push(format!(
            "words are cut as {} does in llama.cpp, to which capitals beyond ASCII are small letters \
             too: ids of words that have some may differ",
            pre.name
        ));
    }
    match json["normalizer"]["type"].as_str() {
        None => {}
        Some("NFC") => warnings
            .push("the tokenizer normalises text to NFC, which llama.cpp will not do".to_owned()),
        Some(other) => return Err(refuse(format!("it normalises text by {other}"))),
    }
    let (texts, kinds) = spellings(vocab, &json, n_rows);
    let merges = merges(&json).ok_or_else(|| refuse("it has no merges".into()))?;
    let mut entries = vec![
        ("model", Value::String("gpt2".into())),
        ("pre", Value::String(pre.name.into())),
        ("tokens", Value::strings(texts)),
        ("token_type", Value::Array(ValueKind::I32, kinds)),
        ("merges", Value::strings(merges)),
    ];
    entries.extend(ends(vocab));
    entries.push(("add_bos_token", Value::Bool(vocab.bos.is_some())));
    entries.push(("add_space_prefix", Value::Bool(false)));
    let named = |(key, value)| (format!("tokenizer.ggml.{key}"), value);
    Ok(Words {
        entries: entries.into_iter().map(named).collect(),
        warnings,
    })
}

/// A vocabulary that came from such metadata, as it was.
fn again(vocab: &Vocab, listed: &Listed, n_rows: usize) -> Words {
    let missing = listed.texts.len()..n_rows;
    let texts = listed.texts.iter().map(str::to_owned);
    let kinds = listed.kinds.iter().map(|kind| Value::I32(kind.id()));
    let unused = Value::I32(TokenKind::Unused.id());
    let mut entries = vec![
        (
            "tokens",
            Value::strings(texts.chain(missing.clone().map(|id| format!("[PAD{id}]")))),
        ),
        (
            "token_type",
            Value::Array(
                ValueKind::I32,
                kinds
                    .chain(missing.clone().map(|_| unused.clone()))
                    .collect(),
            ),
        ),
    ];
    let (model, pre, space_prefix) = match &listed.rule {
        Rule::Merges { pre, merges } => {
            entries.push(("merges", Value::Strings(merges.clone())));
            ("gpt2", pre.names.first().copied(), false)
        }
        Rule::Scores {
            scores,
            space_prefix,
        } => {
            let worst = scores.iter().copied().fold(0.0, f32::min);
            let scores = scores.iter().copied().chain(missing.map(|_| worst));
            let scores = scores.map(Value::F32).collect();
            entries.push(("scores", Value::Array(ValueKind::F32, scores)));
            ("llama", None, *space_prefix)
        }
    };
    entries.insert(0, ("model", Value::String(model.into())));
    if let Some(pre) = pre {
        entries.insert(1, ("pre", Value::String(pre.into())));
    }
    entries.extend(ends(vocab));
    entries.push(("add_bos_token", Value::Bool(vocab.bos.is_some())));
    entries.push(("add_eos_token", Value::Bool(vocab.behind.is_some())));
    entries.push(("add_space_prefix", Value::Bool(space_prefix)));
    let named = |(key, value)| (format!("tokenizer.ggml.{key}"), value);
    Words {
        entries: entries.into_iter().map(named).collect(),
        warnings: Vec::new(),
    }
}

/// Ids of the tokens that begin, end and fill up.
fn ends(vocab: &Vocab) -> Vec<(&'static str, Value)> {
    let pad = ["<|pad|>", "<pad>", "[PAD]"]
        .iter()
        .find_map(|name| vocab.special(name));
    let eos = vocab.eos.first().copied();
    let rows = [
        ("bos_token_id", vocab.bos),
        ("eos_token_id", eos),
        ("eot_token_id", vocab.eos.get(1).copied()),
        ("padding_token_id", pad.or(eos)),
    ];
    let present = rows
        .into_iter()
        .filter_map(|(key, id)| id.map(|id| (key, Value::U32(id))));
    present.collect()
}

/// Spelling and type of every row of the embedding.
fn spellings(vocab: &Vocab, json: &Json, n_rows: usize) -> (Vec<String>, Vec<Value>) {
    let mut added = HashMap::new();
    for token in json["added_tokens"].as_array().into_iter().flatten() {
        if let Some(id) = token["id"].as_u64() {
            let special = token["special"].as_bool().unwrap_or(false);
            let kind = if special {
                TokenKind::Control
            } else {
                TokenKind::UserDefined
            };
            added.insert(id, kind);
        }
    }
    let unknown = json["model"]["unk_token"].as_str();
    let mut texts = Vec::with_capacity(n_rows);
    let mut kinds = Vec::with_capacity(n_rows);
    for id in 0..n_rows {
        let (text, kind) = match vocab.spelling(id as u32) {
            Some(text) if unknown == Some(text.as_str()) => (text, TokenKind::Unknown),
            Some(text) => (
                text,
                added
                    .get(&(id as u64))
                    .copied()
                    .unwrap_or(TokenKind::Normal),
            ),
            None => (format!("[PAD{id}]"), TokenKind::Unused),
        };
        texts.push(text);
        kinds.push(Value::I32(kind.id()));
    }
    (texts, kinds)
}

fn merges(json: &Json) -> Option<Vec<String>> {
    let merge = |merge: &Json| match merge {
        Json::String(text) => Some(text.clone()),
        pair => Some(format!("{} {}", pair[0].as_str()?, pair[1].as_str()?)),
    };
    json["model"]["merges"]
        .as_array()?
        .iter()
        .map(merge)
        .collect()
}

/// The row of [`PRE_TOKENIZERS`] that cuts words as this tokenizer.json does.
///
/// # Errors
/// In words, when there is none.
pub fn find_pre(json: &Json) -> std::result::Result<&'static PreTokenizer, String> {
    let model = &json["model"];
    if model["type"] != "BPE" || json["decoder"]["type"] != "ByteLevel" {
        return Err("it is not byte-level BPE".into());
    }
    let pre = &json["pre_tokenizer"];
    let steps = match pre["type"].as_str() {
        Some("Sequence") => pre["pretokenizers"].as_array().cloned().unwrap_or_default(),
        _ => vec![pre.clone()],
    };
    let mut single_digits = false;
    let mut pattern = None;
    for step in &steps {
        match step["type"].as_str() {
            Some("Digits") if step["individual_digits"] == true && pattern.is_none() => {
                single_digits = true;
            }
            Some("Split")
                if step["behavior"] == "Isolated"
                    && step["invert"] == false
                    && pattern.is_none() =>
            {
                pattern = step["pattern"]["Regex"].as_str();
            }
            Some("ByteLevel") if step["add_prefix_space"] == false => {
                if step["use_regex"] == true && pattern.is_none() {
                    pattern = Some(GPT2_PATTERN);
                }
            }
            _ => return Err(format!("it cuts words by {step}")),
        }
    }
    let Some(pattern) = pattern else {
        return Err("it does not cut text into words".into());
    };
    let found = PRE_TOKENIZERS
        .iter()
        .chain(&NAMED_ALIKE)
        .find(|p| p.pattern == pattern && p.single_digits == single_digits)
        .ok_or_else(|| format!("it cuts words by the unknown pattern {pattern}"))?;
    if model["ignore_merges"].as_bool().unwrap_or(false) != found.ignore_merges {
        return Err(format!(
            "its pattern is that of {}, but ignore_merges is not {}",
            found.name, found.ignore_merges
        ));
    }
    Ok(found)
}
