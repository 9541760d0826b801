//! Models from GGUF files.

use std::collections::BTreeMap;
use std::path::Path;

use super::shape::{Family, Shape, family, unsupported, xielu};
use super::source::{Bytes, Found, Source};
use super::weights::{Names, Weights};
use crate::engine::Result;
use crate::engine::gguf::{Header, Metadata, Parts};
use crate::engine::ops::decode::{Gate, Pairs};

/// Names as they are.
struct Own;

impl Names for Own {
    fn outside(&self, name: &str) -> String {
        format!("{name}.weight")
    }

    fn inside(&self, layer: usize, name: &str) -> String {
        format!("blk.{layer}.{name}.weight")
    }
}

/// Opens a file, and the others of a split model.
pub(super) fn open(path: &Path) -> Result<(Weights, Metadata)> {
    let (files, headers) = Parts::open(path)?.apart();
    from_parts(
        path,
        files.into_iter().map(Bytes::Mapped).collect(),
        headers,
    )
}

/// A model of one file or of several, whose metadata are in the first.
pub(super) fn from_parts(
    path: &Path,
    files: Vec<Bytes>,
    mut headers: Vec<Header>,
) -> Result<(Weights, Metadata)> {
    let mut table = BTreeMap::new();
    for (file, header) in headers.iter().enumerate() {
        for tensor in &header.tensors {
            let dims = tensor.dims.iter().rev();
            let found = Found {
                file,
                range: tensor.range.clone(),
                kind: tensor.kind,
                dims: dims.map(|n| usize::try_from(*n).unwrap_or(0)).collect(),
            };
            table.insert(tensor.name.clone(), found);
        }
    }
    let mut source = Source {
        path: path.into(),
        files,
        table,
    };
    if headers.is_empty() {
        return Err(source.damaged("a model without files"));
    }
    let metadata = headers.swap_remove(0).metadata;
    let shape = shape_of(&metadata, &mut source)?;
    Ok((Weights::gather(shape, source, &Own)?, metadata))
}

fn shape_of(metadata: &Metadata, source: &mut Source) -> Result<Shape> {
    let path = &source.path.clone();
    let key = "general.architecture";
    let architecture = metadata.required(key, metadata.str(key)?)?;
    let family = family(path, architecture)?;
    let key = |name: &str| format!("{architecture}.{name}");
    let count = |name: &str| metadata.count(&key(name));
    let number = |name: &str| metadata.f64(&key(name));
    let given = |name: &str| -> Result<Option<usize>> {
        let n = metadata.u64(&key(name))?;
        Ok(n.map(|n| usize::try_from(n).unwrap_or(usize::MAX)))
    };
    if given("expert_count")?.unwrap_or(0) > 0 {
        return Err(unsupported(path, "mixtures of experts are not supported"));
    }
    for name in ["attn_logit_softcapping", "final_logit_softcapping"] {
        if number(name)?.unwrap_or(0.0) != 0.0 {
            return Err(unsupported(path, format!("{name} is not supported")));
        }
    }
    let d_model = count("embedding_length")?;
    let n_heads = count("attention.head_count")?;
    let head_dim = match given("attention.key_length")? {
        Some(n) => n,
        None => d_model.checked_div(n_heads).unwrap_or(0),
    };
    let others = ["attention.value_length", "rope.dimension_count"];
    for name in others {
        let n = given(name)?.unwrap_or(head_dim);
        if n != head_dim {
            let what = format!("{name} is {n}, the width of a head {head_dim}: such are not");
            return Err(unsupported(path, format!("{what} supported")));
        }
    }
    let n_layers = count("block_count")?;
    let theta = number("rope.freq_base")?.unwrap_or(10_000.0);
    let factors = factors(metadata, source, &key, head_dim)?;
    let n_vocab = source.table.get("token_embd.weight");
    let n_vocab = n_vocab.and_then(|t| t.dims.first().copied()).unwrap_or(0);
    let window = match family.is_gemma() {
        true => given("attention.sliding_window")?.filter(|n| *n > 0),
        false => None,
    };
    if !family.is_gemma() && given("attention.sliding_window")?.is_some_and(|n| n > 0) {
        let what = "a window of attention (attention.sliding_window) is not supported";
        return Err(unsupported(path, format!("{what} for {architecture:?}")));
    }
    Ok(Shape {
        family,
        architecture: architecture.into(),
        n_vocab,
        d_model,
        n_layers,
        n_heads,
        n_kv_heads: given("attention.head_count_kv")?.unwrap_or(n_heads),
        head_dim,
        d_ff: count("feed_forward_length")?,
        context: count("context_length")?,
        eps: metadata.required(
            &key("attention.layer_norm_rms_epsilon"),
            number("attention.layer_norm_rms_epsilon")?,
        )? as f32,
        pairs: match family {
            Family::Llama => Pairs::Neighbours,
            _ => Pairs::Halves,
        },
        // Gemma's layers with a window keep the base of its forerunners.
        theta: [
            theta,
            number("rope.freq_base_swa")?.unwrap_or(match window {
                Some(_) => 10_000.0,
                None => theta,
            }),
        ],
        factors,
        embed_scale: match family.is_gemma() {
            true => (d_model as f32).sqrt(),
            false => 1.0,
        },
        attention_scale: attention_scale(family, [d_model, n_heads, head_dim, n_layers]),
        // every sixth layer of Gemma 3 sees everything
        window: window.map(|size| (size, 6)),
        gates: match family {
            Family::Gemma3 => vec![Gate::Gelu],
            Family::Apertus => xielus(metadata, n_layers)?,
            _ => vec![Gate::Silu],
        },
    })
}

/// 1/√hd; the largest Gemma 3 has 1/√(d/H) (its report, table 1, and `query_pre_attn_scalar`).
pub(super) fn attention_scale(
    family: Family,
    [d_model, n_heads, head_dim, n_layers]: [usize; 4],
) -> f32 {
    const LAYERS_OF_THE_LARGEST: usize = 62;
    let width = match family.is_gemma() && n_layers == LAYERS_OF_THE_LARGEST {
        true => d_model.checked_div(n_heads).unwrap_or(1),
        false => head_dim,
    };
    1.0 / (width as f32).sqrt()
}

/// What slows rotary angles down.
fn factors(
    metadata: &Metadata,
    source: &mut Source,
    key: &dyn Fn(&str) -> String,
    head_dim: usize,
) -> Result<Vec<f32>> {
    const TENSOR: &str = "rope_freqs.weight";
    if source.has(TENSOR) {
        return source.vector(TENSOR, head_dim / 2);
    }
    match metadata.str(&key("rope.scaling.type"))? {
        None | Some("none") => Ok(Vec::new()),
        Some("linear") => {
            let factor = metadata.f64(&key("rope.scaling.factor"))?.unwrap_or(1.0);
            Ok(vec![factor as f32; head_dim / 2])
        }
        Some(kind) => {
            let what = format!("rotary scaling {kind:?} is not supported");
            Err(unsupported(&source.path, what))
        }
    }
}

/// xIELU of each layer.
fn xielus(metadata: &Metadata, n_layers: usize) -> Result<Vec<Gate>> {
    let numbers = |name: &str| -> Result<Vec<f32>> {
        let key = format!("xielu.{name}");
        let Some(value) = metadata.get(&key) else {
            return metadata.required(&key, None);
        };
        match (value.as_f64(), value.as_f32s()) {
            (Some(x), _) => Ok(vec![x as f32; n_layers]),
            (None, Some(items)) if items.len() == n_layers => Ok(items),
            _ => metadata.required(&format!("{key} of {n_layers} layers"), None),
        }
    };
    let [n, p, b, e] = ["alpha_n", "alpha_p", "beta", "eps"].map(numbers);
    let (n, p, b, e) = (n?, p?, b?, e?);
    Ok((0..n_layers)
        .map(|i| xielu(n[i], p[i], b[i], e[i]))
        .collect())
}
