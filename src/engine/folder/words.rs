//! The files about text beside a model: which ids begin and end it, and how a conversation is
//! written down.

use std::path::Path;

use serde_json::{Value, json};

use super::super::model::Config;
use super::super::{Error, Result};
use super::config::object;
use crate::disk;
use crate::vocab::{TURN_END, TURN_START, Vocab};

const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const SPECIALS_MAP: &str = "special_tokens_map.json";
const GENERATION: &str = "generation_config.json";
/// Where transformers keeps a template that is too long for a JSON string.
const TEMPLATE: &str = "chat_template.jinja";

/// How models made here write a conversation (ChatML), after what begins every text.
const CHATML: &str = include_str!("../../../assets/chatml.jinja");

/// Writes `tokenizer_config.json`, `special_tokens_map.json` and `generation_config.json`.
pub(super) fn write(folder: &Path, config: &Config, vocab: &Vocab) -> Result<()> {
    let bos = vocab.bos.and_then(|id| vocab.spelling(id));
    let eos = vocab.eos.first().and_then(|id| vocab.spelling(*id));
    let turns = vocab.special(TURN_START).is_some() && vocab.special(TURN_END).is_some();
    disk::replace_json(
        &folder.join(TOKENIZER_CONFIG),
        &json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": config.context,
            "bos_token": bos,
            "eos_token": eos,
            "add_bos_token": bos.is_some(), // as in GGUF: llama.cpp's converter takes it from here
            "add_eos_token": false,
            "clean_up_tokenization_spaces": false,
            "chat_template": turns.then(|| CHATML.trim_end()),
        }),
    )?;
    disk::replace_json(
        &folder.join(SPECIALS_MAP),
        &json!({ "bos_token": bos, "eos_token": eos }),
    )?;
    disk::replace_json(
        &folder.join(GENERATION),
        &json!({ "bos_token_id": vocab.bos, "eos_token_id": vocab.eos }),
    )?;
    Ok(())
}

/// What `config.json` and `generation_config.json` say of the ends of a text beats the guess from
/// the tokens' names; the latter is the newer habit, so it beats the former.
pub(super) fn apply(
    folder: &Path,
    (bos, eos): (Option<u32>, Vec<u32>),
    vocab: &mut Vocab,
) -> Result<()> {
    let config = folder.join(TOKENIZER_CONFIG);
    let said = match config.is_file() {
        true => object(&config)?
            .get("add_bos_token")
            .and_then(Value::as_bool),
        false => None,
    };
    // As transformers does it: what is said, else what the tokenizer itself does.
    let begins = bos.or(vocab.bos);
    vocab.bos = match said {
        Some(adds) => begins.filter(|_| adds),
        None => {
            let around = vocab.around_nothing();
            let first = around.first().copied();
            first.filter(|id| begins.is_none_or(|begins| begins == *id))
        }
    };
    if !eos.is_empty() {
        vocab.eos = eos;
    }
    let path = folder.join(GENERATION);
    if path.is_file() {
        let map = object(&path)?;
        let eos: Vec<u32> = match map.get("eos_token_id") {
            Some(Value::Array(ids)) => ids.iter().filter_map(id).collect(),
            Some(one) => id(one).into_iter().collect(),
            None => Vec::new(),
        };
        if !eos.is_empty() {
            vocab.eos = eos;
        }
    }
    let n_vocab = vocab.len() as u64;
    vocab.eos.retain(|id| u64::from(*id) < n_vocab);
    Ok(())
}

fn id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok())
}

/// The template of a conversation, where the model has one.
pub(super) fn chat_template(folder: &Path) -> Result<Option<String>> {
    let file = folder.join(TEMPLATE);
    if file.is_file() {
        let bytes = disk::read(&file)?;
        return match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(e) => Err(Error::damaged(&file, format!("not UTF-8: {e}"))),
        };
    }
    let path = folder.join(TOKENIZER_CONFIG);
    if !path.is_file() {
        return Ok(None);
    }
    Ok(match object(&path)?.get("chat_template") {
        Some(Value::String(text)) => Some(text.clone()),
        // Of several the one named so, or the first; others are for tools and the like.
        Some(Value::Array(named)) => named
            .iter()
            .find(|t| t.get("name").and_then(Value::as_str) == Some("default"))
            .or(named.first())
            .and_then(|t| t.get("template").and_then(Value::as_str))
            .map(str::to_string),
        _ => None,
    })
}
