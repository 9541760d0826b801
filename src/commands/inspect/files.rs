//! What a file is, by its first bytes rather than by its name.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use serde_json::{Map, Value};

use super::report::Found;
use crate::commands::fail::{Failure, Result};
use crate::disk::{self, Mapped, Source};
use crate::engine::gguf::{Header, Value as Meta};
use crate::event::Event;
use crate::ledger::Manifest;
use crate::shard::Shard;
use crate::vocab::Vocab;

/// Largest file that is read as one JSON document.
const MAX_JSON_BYTES: u64 = 256 << 20;

/// Looks at a file.
pub(super) fn look(path: &Path) -> Result<Found> {
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
        ([b'G', b'G', b'U', b'F', ..], _) => gguf(path, &head),
        ([b'M', b'M', b'I', b'D', b'I', b'D', b'X', ..], _) => shard(path),
        (_, "bin") if path.with_extension("idx").exists() => shard(path),
        (_, "safetensors") => safetensors(path, &head),
        ([b'{', ..], "json") if len <= MAX_JSON_BYTES => json(path),
        _ => lines(path),
    }
}

fn gguf(path: &Path, bytes: &[u8]) -> Result<Found> {
    let header = Header::parse(path, bytes)?;
    let n_weights: u64 = header.tensors.iter().map(|t| t.n_weights()).sum();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in &header.tensors {
        *kinds.entry(tensor.kind.name).or_default() += 1;
    }
    let kinds: Map<String, Value> = kinds
        .into_iter()
        .map(|(k, n)| (k.into(), n.into()))
        .collect();
    let mut found = Found::new("GGUF model")
        .fact("version", header.version)
        .fact("parameters", n_weights)
        .fact("tensors", kinds);
    for (key, value) in header.metadata.entries() {
        found = found.fact(key, scalar(value));
    }
    Ok(found)
}

/// A metadata value as JSON; of a long array only its length.
fn scalar(value: &Meta) -> Value {
    const MAX_ITEMS: usize = 64;
    match value {
        Meta::String(text) => text.as_str().into(),
        Meta::Bool(is) => (*is).into(),
        other => match (
            other.shape(),
            other.as_u64(),
            other.as_i64(),
            other.as_f64(),
        ) {
            (Some((_, n)), ..) if n > MAX_ITEMS => format!("{n} items").into(),
            (Some(_), ..) => other.items().map(|item| scalar(&item)).collect(),
            (None, Some(n), ..) => n.into(),
            (None, None, Some(n), _) => n.into(),
            (None, None, None, Some(x)) => x.into(),
            (None, None, None, None) => Value::Null,
        },
    }
}

fn safetensors(path: &Path, bytes: &[u8]) -> Result<Found> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| {
        Failure::damaged(format!("{}: not safetensors: {e}", path.display()))
            .hint("the file is cut or was changed; fetch it again")
    })?;
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut n_weights = 0u64;
    for (_, tensor) in tensors.iter() {
        *kinds.entry(format!("{:?}", tensor.dtype())).or_default() += 1;
        n_weights += tensor.shape().iter().map(|n| *n as u64).product::<u64>();
    }
    let kinds: Map<String, Value> = kinds.into_iter().map(|(k, n)| (k, n.into())).collect();
    Ok(Found::new("safetensors weights")
        .fact("parameters", n_weights)
        .fact("tensors", kinds))
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
            .fact("end of text", vocab.eos.clone()));
    }
    if let Ok(manifest) = serde_json::from_value::<Manifest>(value.clone()) {
        return Ok(manifest_facts(&manifest));
    }
    let mut found = Found::new("JSON document");
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
