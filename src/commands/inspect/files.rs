//! What a file is, by its first bytes rather than by its name.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::report::{Found, Look};
use super::{importance, pieces, suspect, weights};
use crate::commands::fail::{Failure, Result};
use crate::disk::{self, Mapped, Source};
use crate::event::Event;
use crate::ledger::Manifest;
use crate::shard::Shard;
use crate::vocab::Vocab;

/// Largest file that is read as one JSON document.
const MAX_JSON_BYTES: u64 = 256 << 20;

/// Looks at a file.
pub(super) fn look(path: &Path, look: Look) -> Result<Found> {
    let len = path.metadata().map_or(0, |meta| meta.len());
    if len == 0 {
        return Ok(Found::new("empty file"));
    }
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    let head = Mapped::open(path)?;
    match (&head[..], ending) {
        ([b'G', b'G', b'U', b'F', ..], _) => weights::gguf(path, look),
        ([b'M', b'M', b'I', b'D', b'I', b'D', b'X', ..], _) => shard(path),
        (_, "bin") if path.with_extension("idx").exists() => shard(path),
        (_, "safetensors") => weights::safetensors(path, &head, look),
        ([b'{', ..], "json") if len <= MAX_JSON_BYTES => json(path),
        (_, "jinja") => template(path),
        ([b'\n', ..], "model") => pieces::look(path),
        (bytes, ending) if ending == "dat" || ending == "imatrix" => {
            match importance::is_legacy(bytes) {
                true => importance::legacy(path, look),
                false => lines(path),
            }
        }
        _ => lines(path),
    }
}

fn template(path: &Path) -> Result<Found> {
    let bytes = disk::read(path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|e| Failure::damaged(format!("{}: not UTF-8: {e}", path.display())))?;
    Ok(Found::new("chat template")
        .fact("lines", text.lines().count())
        .odd(suspect::template(text)))
}

fn shard(path: &Path) -> Result<Found> {
    let shard = Shard::open(&path.with_extension(""))?;
    Ok(Found::new("token shard")
        .fact("documents", shard.n_docs())
        .fact("tokens", shard.n_tokens())
        .fact("largest token", shard.max_token()))
}

fn json(path: &Path) -> Result<Found> {
    let bytes = disk::read(path)?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|e| Failure::damaged(format!("{}:{}: not JSON: {e}", path.display(), e.line())))?;
    if value.get("added_tokens").is_some() && value.get("model").is_some() {
        let vocab = Vocab::from_json(&bytes, path)?;
        return Ok(Found::new("tokenizer")
            .fact("kind", value["model"]["type"].clone())
            .fact("tokens", vocab.len())
            .fact("begin of text", vocab.bos)
            .fact("end of text", vocab.eos.clone())
            .odd(suspect::tokens(
                (0..vocab.len() as u32).filter_map(|id| vocab.spelling(id)),
            )));
    }
    if let Some(map) = value.get("weight_map").and_then(Value::as_object) {
        return weights::index(path, map);
    }
    if let Ok(manifest) = serde_json::from_value::<Manifest>(value.clone()) {
        return Ok(manifest_facts(&manifest));
    }
    let mut found = Found::new("JSON document");
    if let Some(text) = value.get("chat_template").and_then(Value::as_str) {
        found = found.odd(suspect::template(text));
    }
    if let Some(fields) = value.as_object() {
        for (name, value) in fields
            .iter()
            .filter(|(_, v)| !v.is_object() && !v.is_array())
        {
            found = found.fact(name, value.clone());
        }
    }
    Ok(found)
}

fn manifest_facts(manifest: &Manifest) -> Found {
    let parents: Vec<Value> = manifest
        .parents
        .iter()
        .map(|p| format!("{} {} {}", p.role, p.sha256, p.path.display()).into())
        .collect();
    let mut found = Found::new("manifest")
        .fact("stage", manifest.stage.as_str())
        .fact("made by", manifest.tool.as_str())
        .fact("files", manifest.files.len())
        .fact("parents", parents);
    for (name, value) in &manifest.counters {
        found = found.fact(name, value.clone());
    }
    found
}

/// Records, events or plain text, whole files of them.
fn lines(path: &Path) -> Result<Found> {
    let mut source = Source::open(path)?;
    let mut line = Vec::new();
    let (mut n_records, mut n_events, mut n_other, mut n_bytes) = (0u64, 0u64, 0u64, 0u64);
    let (mut first_bad, mut binary) = (None, false);
    let mut langs: BTreeMap<String, u64> = BTreeMap::new();
    while source.read_line(&mut line)? {
        match serde_json::from_slice::<Value>(&line) {
            Ok(Value::Object(fields)) => {
                n_events += u64::from(fields.contains_key("event"));
                n_records += 1;
                let text = fields.get("text").and_then(Value::as_str);
                n_bytes += text.map_or(0, |text| text.len() as u64);
                if let Some(lang) = fields.get("lang").and_then(label) {
                    *langs.entry(lang.to_string()).or_default() += 1;
                }
            }
            _ if line.iter().all(u8::is_ascii_whitespace) => {}
            _ => {
                n_other += 1;
                first_bad = first_bad.or(Some(source.line()));
                binary |= line.contains(&0);
            }
        }
    }
    if n_records > 0 && n_events == n_records {
        return Ok(Found::new("events of a run").fact("events", n_events));
    }
    if n_records == 0 {
        let what = if binary {
            "unknown bytes"
        } else {
            "plain text"
        };
        return Ok(Found::new(what).fact("lines", n_other));
    }
    let mut found = Found::new("records, one JSON object a line")
        .fact("records", n_records)
        .fact("bytes of text", n_bytes);
    if !langs.is_empty() {
        let langs: Map<String, Value> = langs.into_iter().map(|(l, n)| (l, n.into())).collect();
        found = found.fact("languages", langs);
    }
    if let Some(line) = first_bad {
        found = found
            .fact("lines that are no record", n_other)
            .fact("first of them", line);
    }
    Ok(found)
}

/// A record's language: one code, or the first of several (HPLT lists them by probability).
fn label(value: &Value) -> Option<&str> {
    match value {
        Value::String(code) => Some(code),
        Value::Array(codes) => codes.first()?.as_str(),
        _ => None,
    }
}

/// The last event of each kind that tells how far a run is.
pub(super) fn last_events(path: &Path) -> Result<Vec<Event>> {
    let mut source = Source::open(path)?;
    let mut line = Vec::new();
    let (mut started, mut step, mut held_out, mut ended) = (None, None, None, None);
    while source.read_line(&mut line)? {
        // The last line may be half written while the run goes on.
        let Ok(event) = serde_json::from_slice::<Event>(&line) else {
            continue;
        };
        match event {
            Event::TrainStarted { .. } => (started, ended) = (Some(event), None),
            Event::Step { .. } => step = Some(event),
            Event::HeldOut { .. } => held_out = Some(event),
            Event::Ended { .. } => ended = Some(event),
            _ => {}
        }
    }
    Ok([started, step, held_out, ended]
        .into_iter()
        .flatten()
        .collect())
}
