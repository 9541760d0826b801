//! A model with its vocabulary from a GGUF file of architecture `llama`.

use std::path::Path;

use super::names::{is_rotated, to_gguf};
use super::{Header, Metadata, Parts, TensorInfo, from_gguf, split_halves, vocab_from};
use crate::engine::load::Loaded;
use crate::engine::model::{Config, Layout, Model, Param};
use crate::engine::{Error, Result};

/// The architecture that is read and written.
pub(in crate::engine) const ARCHITECTURE: &str = "llama";
/// Key of a conversation's template.
pub(in crate::engine) const CHAT_TEMPLATE_KEY: &str = "tokenizer.chat_template";

/// Loads a model; its weights become f32.
///
/// # Errors
/// When the file is damaged, or of an architecture, tensor type or vocabulary that is not read.
pub fn load(path: &Path) -> Result<Loaded> {
    let parts = Parts::open(path)?;
    let header = &parts.header;
    let config = config_of(header)?;
    let layout = Layout::new(&config);
    refuse_strangers(path, header, &layout)?;
    // Every tensor is found and of the right shape before room is made for the weights: what a
    // file claims can then be no larger than the file.
    let tensors: Vec<_> = layout
        .params()
        .iter()
        .map(|p| tensor_of(path, &parts, p))
        .collect::<Result<_>>()?;
    let vocab = vocab_from(&header.metadata)?;
    if vocab.len() > config.n_vocab {
        let what = format!("{} tokens, but {} embeddings", vocab.len(), config.n_vocab);
        return Err(Error::damaged(path, what));
    }
    Error::if_too_large(&path.display().to_string(), 4 * layout.n_params() as u64)?;
    let mut params = vec![0.0; layout.n_params()];
    for (param, tensor) in layout.params().iter().zip(tensors) {
        let into = &mut params[param.range.clone()];
        let failed = |what| {
            Error::damaged(
                parts.path_of(tensor),
                format!("tensor {}: {what}", tensor.name),
            )
        };
        tensor
            .kind
            .decode(parts.bytes(tensor), into)
            .map_err(failed)?;
        if let Some(at) = into.iter().position(|x| !x.is_finite()) {
            return Err(failed(format!("weight {at} is {}", into[at])));
        }
        if is_rotated(&param.name) {
            into.copy_from_slice(&split_halves(into, config.head_dim, config.d_model));
        }
    }
    Ok(Loaded {
        model: Model { config, params },
        vocab,
        chat_template: chat_template(&header.metadata)?,
        source: path.into(),
    })
}

/// The template of a conversation; of several that have names the one called default.
pub(in crate::engine) fn chat_template(metadata: &Metadata) -> Result<Option<String>> {
    let named = format!("{CHAT_TEMPLATE_KEY}.default");
    let template = metadata.str(CHAT_TEMPLATE_KEY)?;
    Ok(template.or(metadata.str(&named)?).map(str::to_owned))
}

fn config_of(header: &Header) -> Result<Config> {
    let metadata = &header.metadata;
    let path = metadata.path();
    let key = "general.architecture";
    let architecture = metadata.required(key, metadata.str(key)?)?;
    if architecture != ARCHITECTURE {
        return Err(unsupported(
            path,
            format!("architecture {architecture:?} is not supported"),
        ));
    }
    refuse_variants(metadata)?;
    let count = |name: &str| metadata.count(&format!("{ARCHITECTURE}.{name}"));
    let number = |name: &str| metadata.f64(&format!("{ARCHITECTURE}.{name}"));
    let given = |name: &str| metadata.u64(&format!("{ARCHITECTURE}.{name}"));
    let n_heads = count("attention.head_count")?;
    let d_model = count("embedding_length")?;
    let embed = header.tensor("token_embd.weight");
    let rows = embed
        .and_then(|t| t.dims.get(1))
        .and_then(|n| usize::try_from(*n).ok());
    let head_dim = match given("attention.key_length")? {
        Some(n) => usize::try_from(n).unwrap_or(0),
        None => d_model.checked_div(n_heads).unwrap_or(0),
    };
    let config = Config {
        n_vocab: metadata.required("token_embd.weight of two dimensions", rows)?,
        d_model,
        n_layers: count("block_count")?,
        n_heads,
        n_kv_heads: match given("attention.head_count_kv")? {
            Some(n) => usize::try_from(n).unwrap_or(0),
            None => n_heads,
        },
        head_dim,
        d_ff: count("feed_forward_length")?,
        tied: header.tensor("output.weight").is_none(),
        // Where a file does not say, llama.cpp takes 10000 too.
        rope_theta: short_decimal(number("rope.freq_base")?.unwrap_or(10_000.0)),
        norm_eps: short_decimal(metadata.required(
            "llama.attention.layer_norm_rms_epsilon",
            number("attention.layer_norm_rms_epsilon")?,
        )?),
        context: count("context_length")?,
    };
    config
        .check()
        .map_err(|e| Error::damaged(path, e.to_string()))?;
    let rotated = given("rope.dimension_count")?.unwrap_or(head_dim as u64);
    let value = given("attention.value_length")?.unwrap_or(head_dim as u64);
    if rotated != head_dim as u64 || value != head_dim as u64 {
        let what = format!("heads of width {head_dim}, {rotated} rotated, values of {value}");
        return Err(unsupported(
            path,
            format!("{what}: widths that differ are not supported"),
        ));
    }
    Ok(config)
}

/// The number a person wrote (1e-5) of the f32 the file holds (9.99999974e-6), which the f32
/// made of it again is: the two forms of a model then say the same.
fn short_decimal(x: f64) -> f64 {
    let single = x as f32;
    if f64::from(single) != x {
        return x;
    }
    single.to_string().parse().unwrap_or(x)
}

/// Refuses what the engine would silently compute wrongly.
fn refuse_variants(metadata: &Metadata) -> Result<()> {
    let path = metadata.path();
    let scaling = metadata
        .str("llama.rope.scaling.type")?
        .filter(|kind| *kind != "none");
    if let Some(kind) = scaling {
        return Err(unsupported(
            path,
            format!("rotary scaling {kind:?} is not supported"),
        ));
    }
    if metadata.u64("llama.expert_count")?.unwrap_or(0) > 0 {
        return Err(unsupported(
            path,
            "mixtures of experts are not supported".into(),
        ));
    }
    Ok(())
}

fn refuse_strangers(path: &Path, header: &Header, layout: &Layout) -> Result<()> {
    for tensor in &header.tensors {
        let name = from_gguf(&tensor.name);
        if name.is_none_or(|name| layout.find(&name).is_none()) {
            let what = format!("tensor {:?} has no place in this decoder", tensor.name);
            return Err(unsupported(path, what));
        }
        if !tensor.kind.is_readable() {
            let what = format!("tensor {:?} has type {}", tensor.name, tensor.kind.name);
            return Err(unsupported(path, format!("{what}, which is not read")));
        }
    }
    Ok(())
}

/// The tensor of a parameter, of the shape the parameter has.
fn tensor_of<'a>(path: &Path, parts: &'a Parts, param: &Param) -> Result<&'a TensorInfo> {
    let name = to_gguf(&param.name).unwrap_or_else(|| param.name.clone());
    let tensor = parts.tensor(&name);
    let tensor = tensor.ok_or_else(|| Error::damaged(path, format!("no tensor {name}")))?;
    let want: Vec<u64> = param.shape.iter().rev().map(|n| *n as u64).collect();
    if tensor.dims != want {
        let what = format!("tensor {name} has shape {:?}, not {want:?}", tensor.dims);
        return Err(Error::damaged(path, what));
    }
    Ok(tensor)
}

fn unsupported(path: &Path, what: String) -> Error {
    Error::Usage {
        what: format!("{}: {what}", path.display()),
        hint: "models of the Llama architecture in types F32, F16, BF16, Q8_0, Q4_0 to Q5_1, \
               Q2_K to Q6_K, IQ4_NL and IQ4_XS can be loaded"
            .into(),
    }
}
