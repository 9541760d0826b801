//! What a file says of itself: everything another program needs to use it, and where it is from.

use std::collections::BTreeSet;
use std::path::Path;

use super::table::Quant;
use super::weighed::Weighed;
use crate::engine::Result;
use crate::engine::gguf::{ARCHITECTURE, CHAT_TEMPLATE_KEY, Metadata, Value, words_of};
use crate::engine::load::{Loaded, Speaker};
use crate::lang::Lang;

/// Version of the block formats (ggml.h, `GGML_QNT_VERSION`).
const QUANTIZATION_VERSION: u32 = 2;

/// What the caller knows of a model beyond its folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Name for people; none: that of the folder.
    pub name: Option<String>,
    /// Codes of the languages it was trained on.
    pub languages: Vec<String>,
    /// Licence, as SPDX writes it.
    pub license: Option<String>,
}

/// The metadata of the file at `path`, and what the reader should know of it; `parent` is the
/// [`ledger::digest`](crate::ledger::digest) of the model's files, which the clock does not touch.
pub(super) fn describe(
    path: &Path,
    quant: &Quant,
    loaded: &Loaded,
    about: &About,
    parent: &str,
    weighed: Option<&Weighed>,
) -> Result<(Metadata, Vec<String>)> {
    let mut metadata = Metadata::new(path);
    let n_params = loaded.model.params.len();
    let of = (ARCHITECTURE, &*loaded.source, n_params);
    general(&mut metadata, quant, of, about);
    shape(&mut metadata, loaded);
    let words = words_of(&loaded.vocab, loaded.model.config.n_vocab)?;
    for (key, value) in words.entries {
        metadata.set(key, value);
    }
    if let Some(template) = &loaded.chat_template {
        metadata.set(CHAT_TEMPLATE_KEY, Value::String(template.clone()));
    }
    parents(&mut metadata, parent, weighed);
    Ok((metadata, words.warnings))
}

/// The metadata of the file at `path`, made of a folder of any architecture as it lies.
pub(super) fn describe_folder(
    path: &Path,
    quant: &Quant,
    (speaker, n_params): (&Speaker, usize),
    about: &About,
    parent: &str,
    weighed: Option<&Weighed>,
) -> Result<(Metadata, Vec<String>)> {
    let shape = &speaker.weights.shape;
    let mut metadata = Metadata::new(path);
    let of = (shape.in_files(), &*speaker.source, n_params);
    general(&mut metadata, quant, of, about);
    let words = words_of(&speaker.vocab, shape.n_vocab)?;
    for (key, value) in shape.entries()?.into_iter().chain(words.entries) {
        metadata.set(key, value);
    }
    if let Some(template) = &speaker.chat_template {
        metadata.set(CHAT_TEMPLATE_KEY, Value::String(template.clone()));
    }
    parents(&mut metadata, parent, weighed);
    Ok((metadata, words.warnings))
}

/// The metadata of a file made of another one: what that one said, and what has changed.
pub(super) fn described_again(
    mut metadata: Metadata,
    quant: &Quant,
    parent: &str,
    weighed: Option<&Weighed>,
) -> Metadata {
    metadata.set("general.file_type", Value::U32(quant.file_type));
    metadata.set(
        "general.quantization_version",
        Value::U32(QUANTIZATION_VERSION),
    );
    parents(&mut metadata, parent, weighed);
    metadata
}

/// What the file was made of.
fn parents(metadata: &mut Metadata, parent: &str, weighed: Option<&Weighed>) {
    let (mut hashes, mut roles) = (vec![parent], vec!["model"]);
    if let Some(weighed) = weighed {
        importance(metadata, weighed);
        hashes.push(&weighed.sha256);
        roles.push(weighed.role);
    }
    metadata.set("europium.parents.sha256", Value::strings(hashes));
    metadata.set("europium.parents.role", Value::strings(roles));
}

fn general(
    metadata: &mut Metadata,
    quant: &Quant,
    (architecture, source, n_params): (&str, &Path, usize),
    about: &About,
) {
    let mut set = |key: &str, value| metadata.set(format!("general.{key}"), value);
    let name = about.name.clone().unwrap_or_else(|| folder_name(source));
    set("architecture", Value::String(architecture.into()));
    set("type", Value::String("model".into()));
    set("name", Value::String(name));
    set("size_label", Value::String(size_label(n_params)));
    if let Some(license) = &about.license {
        set("license", Value::String(license.clone()));
    }
    set("file_type", Value::U32(quant.file_type));
    set("quantization_version", Value::U32(QUANTIZATION_VERSION));
    if about.languages.is_empty() {
        return;
    }
    // Model cards name languages by ISO 639-1; scripts are kept under a key of our own.
    let short = |code: &String| Lang::find(code).map_or_else(|| code.clone(), |l| l.iso1.clone());
    let short: BTreeSet<String> = about.languages.iter().map(short).collect();
    set("languages", Value::strings(short));
    metadata.set(
        "europium.languages",
        Value::strings(about.languages.clone()),
    );
}

/// Where importance was from, under the keys llama.cpp writes.
fn importance(metadata: &mut Metadata, weighed: &Weighed) {
    let mut set = |key: &str, value| metadata.set(format!("quantize.imatrix.{key}"), value);
    set("file", Value::String(weighed.path.display().to_string()));
    if let Some(dataset) = weighed.imatrix.datasets.first() {
        set("dataset", Value::String(dataset.clone()));
    }
    // As many as fit 16 bits: the readers see to that.
    set(
        "entries_count",
        Value::U32(weighed.imatrix.entries.len() as u32),
    );
    if weighed.imatrix.n_chunks > 0 {
        set("chunks_count", Value::U32(weighed.imatrix.n_chunks));
    }
}

fn shape(metadata: &mut Metadata, loaded: &Loaded) {
    let config = &loaded.model.config;
    let counts = [
        ("vocab_size", config.n_vocab),
        ("context_length", config.context),
        ("embedding_length", config.d_model),
        ("block_count", config.n_layers),
        ("feed_forward_length", config.d_ff),
        ("attention.head_count", config.n_heads),
        ("attention.head_count_kv", config.n_kv_heads),
        ("attention.key_length", config.head_dim),
        ("attention.value_length", config.head_dim),
        ("rope.dimension_count", config.head_dim),
    ];
    for (key, n) in counts {
        // `Config::check` keeps every count far below 2^32.
        metadata.set(format!("{ARCHITECTURE}.{key}"), Value::U32(n as u32));
    }
    let numbers = [
        ("attention.layer_norm_rms_epsilon", config.norm_eps),
        ("rope.freq_base", config.rope_theta),
    ];
    for (key, x) in numbers {
        metadata.set(format!("{ARCHITECTURE}.{key}"), Value::F32(x as f32));
    }
}

/// The name of the model's folder; that of the run for its `model/`.
fn folder_name(source: &Path) -> String {
    let name = |path: &Path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(
            name.strip_suffix(".gguf")
                .map(str::to_owned)
                .unwrap_or(name),
        )
    };
    let own = name(source).filter(|n| n != "model");
    let parent = || source.parent().and_then(name);
    own.or_else(parent).unwrap_or_else(|| "model".into())
}

/// `135M`, `1.7B`: as model cards count.
fn size_label(n_params: usize) -> String {
    let n = n_params as f64;
    let (n, unit) = match n {
        n if n >= 1e9 => (n / 1e9, "B"),
        n if n >= 1e6 => (n / 1e6, "M"),
        n => (n / 1e3, "K"),
    };
    match n < 10.0 {
        true => format!("{n:.1}{unit}"),
        false => format!("{n:.0}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_model_cards_write_them() {
        let sizes = [
            (134_515_008, "135M"),
            (1_657_000_000, "1.7B"),
            (9_154_000, "9.2M"),
        ];
        for (n, label) in sizes {
            assert_eq!(size_label(n), label);
        }
    }

    #[test]
    fn a_run_gives_its_name_to_its_model() {
        assert_eq!(folder_name(Path::new("out/nordic/model")), "nordic");
        assert_eq!(folder_name(Path::new("out/EuroLLM-1.7B")), "EuroLLM-1.7B");
        assert_eq!(folder_name(Path::new("x/smol.f16.gguf")), "smol.f16");
    }
}
