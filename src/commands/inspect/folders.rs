//! What a folder is, by the files that make it one.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report::{Found, Look};
use super::{files, weights};
use crate::commands::fail::Result;
use crate::commands::run_log::RunLog;
use crate::disk::{self, Mapped};
use crate::event::Event;
use crate::shard::Mix;

/// Looks at a folder.
pub(super) fn look(path: &Path, look: Look) -> Result<Found> {
    if RunLog::path(path).exists() || path.join("checkpoints").is_dir() {
        return run(path);
    }
    if path.join(Mix::NAME).exists() {
        return prepared(path);
    }
    if path.join("config.json").exists() {
        return model(path, look);
    }
    let files = disk::walk(path)?;
    Ok(Found::new("folder").fact("files", files.len()))
}

fn run(path: &Path) -> Result<Found> {
    let mut found = Found::new("training run");
    let events = match RunLog::path(path) {
        log if log.exists() => files::last_events(&log)?,
        _ => Vec::new(),
    };
    let mut outcome = "not ended: it is running, or was cut off".to_string();
    for event in &events {
        match event {
            Event::TrainStarted {
                n_params, n_steps, ..
            } => found = found.fact("parameters", *n_params).fact("steps", *n_steps),
            Event::Step {
                step,
                loss,
                n_tokens,
                ..
            } => {
                found = found
                    .fact("steps made", *step)
                    .fact("loss", *loss)
                    .fact("tokens seen", *n_tokens);
            }
            Event::HeldOut {
                mean_bits_per_byte, ..
            } => found = found.fact("bits per byte", *mean_bits_per_byte),
            Event::Ended { outcome: how, .. } => outcome.clone_from(how),
            _ => {}
        }
    }
    let checkpoints: Vec<Value> = names(&path.join("checkpoints"));
    Ok(found
        .fact("outcome", outcome)
        .fact("checkpoints", checkpoints)
        .fact("final model", path.join("model/config.json").exists()))
}

fn prepared(path: &Path) -> Result<Found> {
    let mix = Mix::open(path)?;
    let n_tokens: u64 = mix.rows.iter().map(|row| row.n_tokens).sum();
    let rarest = mix.rows.iter().min_by_key(|row| row.n_bytes);
    Ok(Found::new("prepared data")
        .fact("languages", mix.rows.len())
        .fact("least text", rarest.map(|row| row.lang.clone()))
        .fact("tokens", n_tokens)
        .fact("budget", mix.budget_tokens)
        .fact("tokenizer", path.join("tokenizer.json").exists()))
}

fn model(path: &Path, look: Look) -> Result<Found> {
    let bytes = disk::read(&path.join("config.json"))?;
    let config: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let what = match path.join("state").is_dir() {
        true => "checkpoint",
        false => "Hugging Face model",
    };
    let mut found = Found::new(what);
    for key in [
        "model_type",
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "max_position_embeddings",
    ] {
        if let Some(value) = config.get(key) {
            found = found.fact(key, value.clone());
        }
    }
    let (mut tensors, mut broken) = (Vec::new(), Vec::new());
    for name in names(path) {
        let file = path.join(name.as_str().unwrap_or_default());
        if (look.tensors || look.weights) && file.extension().is_some_and(|e| e == "safetensors") {
            let seen = weights::safetensors(&file, &Mapped::open(&file)?, look)?;
            tensors.extend(seen.tensors.into_iter().flatten());
            broken.extend(seen.broken);
        }
    }
    found.tensors = look.tensors.then_some(tensors);
    found.broken = broken;
    for name in ["tokenizer_config.json", "chat_template.jinja"] {
        let file = path.join(name);
        if file.is_file() {
            found = found.odd(files::look(&file, look)?.odd);
        }
    }
    Ok(found.fact("files", names(path)))
}

/// Names in a folder, sorted, hidden ones left out; none when it cannot be listed.
fn names(folder: &Path) -> Vec<Value> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let names = paths.iter().filter_map(|path| path.file_name()?.to_str());
    names
        .filter(|name| !name.starts_with('.'))
        .map(Value::from)
        .collect()
}
