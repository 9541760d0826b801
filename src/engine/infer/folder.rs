//! Models from Hugging Face folders.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value};

use super::gguf::attention_scale;
use super::shape::{Family, MAX, MAX_LAYERS, Shape, family, llama3_factors, unsupported, xielu};
use super::source::{Bytes, Found, Source};
use super::weights::{Names, Weights};
use crate::disk::{self, Mapped};
use crate::engine::folder::{CONFIG, weight_files};
use crate::engine::gguf::Kind;
use crate::engine::ops::decode::{Gate, Pairs};
use crate::engine::{Error, Result};

/// Names of GGUF and of Hugging Face, outside of layers.
const OUTSIDE: [(&str, &str); 3] = [
    ("token_embd", "model.embed_tokens"),
    ("output", "lm_head"),
    ("output_norm", "model.norm"),
];

/// Names of tensors of layers, in most families.
const INSIDE: [(&str, &str); 11] = [
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Names that differ in a family.
const OF_GEMMA: [(&str, &str); 3] = [
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];
const OF_APERTUS: [(&str, &str); 2] = [
    ("attn_norm", "attention_layernorm"),
    ("ffn_norm", "feedforward_layernorm"),
];

struct HuggingFace(Family);

impl Names for HuggingFace {
    fn outside(&self, name: &str) -> String {
        let known = OUTSIDE.iter().find(|(gguf, _)| *gguf == name);
        format!("{}.weight", known.map_or(name, |(_, own)| own))
    }

    fn inside(&self, layer: usize, name: &str) -> String {
        let others: &[(&str, &str)] = match self.0 {
            Family::Gemma3 => &OF_GEMMA,
            Family::Apertus => &OF_APERTUS,
            Family::Llama | Family::Qwen3 => &[],
        };
        let known = others.iter().chain(&INSIDE).find(|(gguf, _)| *gguf == name);
        let own = known.map_or(name, |(_, own)| own);
        format!("model.layers.{layer}.{own}.weight")
    }

    fn norm_offset(&self) -> f32 {
        if self.0.is_gemma() { 1.0 } else { 0.0 }
    }
}

/// Opens a folder.
pub(super) fn open(folder: &Path) -> Result<Weights> {
    let path = folder.join(CONFIG);
    let config = Config::read(&path)?;
    let mut files = Vec::new();
    let mut table = BTreeMap::new();
    let paths = weight_files(folder)?;
    for (file, path) in paths.iter().enumerate() {
        let map = Mapped::open(path)?;
        list(path, file, &map, &mut table)?;
        files.push(Bytes::Mapped(map));
    }
    let mut source = Source {
        path: paths.into_iter().next().unwrap_or_else(|| folder.into()),
        files,
        table,
    };
    let shape = config.shape(&mut source)?;
    let family = shape.family;
    if config.flag("tie_word_embeddings", family.is_gemma())? {
        source.table.remove("lm_head.weight"); // a copy of the embedding, where it is there
    } else if !source.has("lm_head.weight") {
        return Err(source.damaged("no tensor lm_head.weight, and embeddings are not tied"));
    }
    Weights::gather(shape, source, &HuggingFace(family))
}

/// A model in memory, as a folder of it would be.
#[cfg(test)]
pub(super) fn of_model(model: &crate::engine::model::Model) -> Result<Weights> {
    use crate::engine::model::Layout;
    let (mut bytes, mut table) = (Vec::new(), BTreeMap::new());
    for param in Layout::new(&model.config).params() {
        let start = bytes.len();
        let numbers = &model.params[param.range.clone()];
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        let found = Found {
            file: 0,
            range: start..bytes.len(),
            kind: Kind::named("F32").expect("a plain type"),
            dims: param.shape.clone(),
        };
        table.insert(param.name.clone(), found);
    }
    let config = &model.config;
    let shape = Shape {
        family: Family::Llama,
        architecture: "llama".into(),
        n_vocab: config.n_vocab,
        d_model: config.d_model,
        n_layers: config.n_layers,
        n_heads: config.n_heads,
        n_kv_heads: config.n_kv_heads,
        head_dim: config.head_dim,
        d_ff: config.d_ff,
        context: config.context,
        eps: config.norm_eps as f32,
        pairs: Pairs::Halves,
        theta: [config.rope_theta; 2],
        factors: Vec::new(),
        embed_scale: 1.0,
        attention_scale: 1.0 / (config.head_dim as f32).sqrt(),
        window: None,
        gates: vec![Gate::Silu],
    };
    let source = Source {
        path: "memory".into(),
        files: vec![Bytes::Made(bytes)],
        table,
    };
    Weights::gather(shape, source, &HuggingFace(Family::Llama))
}

/// The tensors of a file.
fn list(path: &Path, file: usize, bytes: &[u8], table: &mut BTreeMap<String, Found>) -> Result<()> {
    let read = SafeTensors::deserialize(bytes);
    let read = read.map_err(|e| Error::damaged(path, format!("not a safetensors file: {e}")))?;
    for (name, view) in read.tensors() {
        let kind = match view.dtype() {
            Dtype::F32 => "F32",
            Dtype::F16 => "F16",
            Dtype::BF16 => "BF16",
            other => {
                let what = format!("tensor {name} is {other:?}, expected F32, F16 or BF16");
                return Err(Error::damaged(path, what));
            }
        };
        let start = view.data().as_ptr().addr() - bytes.as_ptr().addr();
        let found = Found {
            file,
            range: start..start + view.data().len(),
            kind: Kind::named(kind).expect("a plain type"),
            // a number alone, as transformers saves some of xIELU's
            dims: match view.shape() {
                [] => vec![1],
                shape => shape.to_vec(),
            },
        };
        if table.insert(name.clone(), found).is_some() {
            let what = format!("tensor {name} is in another file too");
            return Err(Error::damaged(path, what));
        }
    }
    Ok(())
}

/// What `config.json` says; of models of several parts what it says of the text.
struct Config<'a> {
    path: &'a Path,
    map: Map<String, Value>,
}

impl<'a> Config<'a> {
    fn read(path: &'a Path) -> Result<Self> {
        let bytes = disk::read(path)?;
        let map: Map<String, Value> = serde_json::from_slice(&bytes)
            .map_err(|e| Error::damaged(path, format!("not a JSON object: {e}")))?;
        Ok(Config { path, map })
    }

    fn damaged(&self, key: &str, what: &str) -> Error {
        Error::damaged(self.path, format!("{key} {what}"))
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn given(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let n = value.as_u64().and_then(|n| usize::try_from(n).ok());
        n.filter(|n| *n <= MAX)
            .map(Some)
            .ok_or_else(|| self.damaged(key, "is no whole number, or too large a one"))
    }

    fn size(&self, key: &str) -> Result<usize> {
        match self.given(key)? {
            Some(0) => Err(self.damaged(key, "is 0")),
            Some(n) => Ok(n),
            None => Err(self.damaged(key, "is missing")),
        }
    }

    fn number(&self, key: &str, default: f64) -> Result<f64> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_f64()
                .ok_or_else(|| self.damaged(key, "is no number")),
        }
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.damaged(key, "is neither true nor false")),
        }
    }

    /// Refuses what would silently be computed otherwise.
    fn refuse(&self, family: Family) -> Result<()> {
        for key in ["attention_bias", "mlp_bias", "post_norm"] {
            if self.flag(key, false)? {
                return Err(unsupported(self.path, format!("{key} is not supported")));
            }
        }
        for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
            if self.number(key, 0.0)? != 0.0 {
                return Err(unsupported(self.path, format!("{key} is not supported")));
            }
        }
        let acts: &[&str] = match family {
            Family::Gemma3 => &["gelu_pytorch_tanh"],
            Family::Apertus => &["xielu"],
            Family::Llama | Family::Qwen3 => &["silu"],
        };
        let act = self.get("hidden_activation").or(self.get("hidden_act"));
        let act = act.and_then(Value::as_str).unwrap_or(acts[0]);
        if !acts.contains(&act) {
            let what = format!("hidden_act {act:?} is not {:?}", acts[0]);
            return Err(unsupported(self.path, what));
        }
        Ok(())
    }

    fn shape(&self, source: &mut Source) -> Result<Shape> {
        let kind = self.get("model_type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| self.damaged("model_type", "is missing"))?;
        let family = family(self.path, kind)?;
        self.refuse(family)?;
        let d_model = self.size("hidden_size")?;
        let n_heads = self.size("num_attention_heads")?;
        let n_layers = self.size("num_hidden_layers")?;
        let head_dim = match self.given("head_dim")? {
            Some(n) => n,
            None => d_model.checked_div(n_heads).unwrap_or(0),
        };
        let context = self.given("max_position_embeddings")?.unwrap_or(2048);
        let theta = self.theta(family)?;
        let window = match self.flag("use_sliding_window", true)? {
            true => self.given("sliding_window")?,
            false => None,
        };
        // where a window hides nothing, layers of Gemma that have one still turn by other angles
        if window.is_some_and(|n| n < context) && !family.is_gemma() {
            let what = "sliding_window below max_position_embeddings is not supported";
            return Err(unsupported(self.path, what));
        }
        let window = window.filter(|_| family.is_gemma());
        let every = match self.given("sliding_window_pattern")? {
            None => self.given("_sliding_window_pattern")?.unwrap_or(6),
            Some(every) => every,
        };
        if window.is_some() {
            self.check_layers(every)?;
        }
        let scale = match self.get("query_pre_attn_scalar").and_then(Value::as_f64) {
            Some(width) => 1.0 / width.sqrt() as f32,
            None => attention_scale(family, [d_model, n_heads, head_dim, n_layers]),
        };
        if n_layers > MAX_LAYERS {
            return Err(self.damaged("num_hidden_layers", "is too large"));
        }
        let shape = Shape {
            family,
            architecture: kind.into(),
            n_vocab: self.size("vocab_size")?,
            d_model,
            n_layers,
            n_heads,
            n_kv_heads: self.given("num_key_value_heads")?.unwrap_or(n_heads),
            head_dim,
            d_ff: self.size("intermediate_size")?,
            context,
            eps: self.number("rms_norm_eps", 1e-6)? as f32,
            pairs: Pairs::Halves,
            theta,
            factors: self.factors(theta[0], head_dim)?,
            embed_scale: match family.is_gemma() {
                true => (d_model as f32).sqrt(),
                false => 1.0,
            },
            attention_scale: scale,
            window: window.map(|size| (size, every)),
            gates: match family {
                Family::Gemma3 => vec![Gate::Gelu],
                Family::Apertus => xielus(source, n_layers)?,
                Family::Llama | Family::Qwen3 => vec![Gate::Silu],
            },
        };
        let checked = shape.check();
        checked.map_err(|what| Error::damaged(self.path, what))?;
        Ok(shape)
    }

    /// Refuses layers that see a window where others of the pattern do.
    fn check_layers(&self, every: usize) -> Result<()> {
        let kinds = self.get("layer_types").and_then(Value::as_array);
        let mut layers = kinds.into_iter().flatten().enumerate();
        let other = layers.find(|(layer, kind)| {
            let sees_all = every > 0 && (layer + 1).is_multiple_of(every);
            kind.as_str() == Some("sliding_attention") && sees_all
                || kind.as_str() == Some("full_attention") && !sees_all
        });
        match other {
            None => Ok(()),
            Some((layer, kind)) => {
                let what = format!("layer_types with {kind} as layer {layer} is not supported");
                Err(unsupported(self.path, what))
            }
        }
    }

    /// What is said of rotary positions of layers that see everything: in an object of its own, or
    /// beside the rest.
    fn rope(&self) -> Option<&Map<String, Value>> {
        let rope = self.get("rope_parameters").or(self.get("rope_scaling"));
        let rope = rope.and_then(Value::as_object);
        let whole = rope.and_then(|rope| rope.get("full_attention"));
        whole.and_then(Value::as_object).or(rope)
    }

    /// Base of the rotary angles of layers that see everything, and of those that see a window.
    fn theta(&self, family: Family) -> Result<[f64; 2]> {
        let default = if family.is_gemma() { 1e6 } else { 1e4 };
        let inside = self.rope().and_then(|rope| rope.get("rope_theta"));
        let theta = match inside.and_then(Value::as_f64) {
            Some(x) => x,
            None => self.number("rope_theta", default)?,
        };
        let windowed = self.get("rope_parameters");
        let windowed = windowed.and_then(|rope| rope.get("sliding_attention")?.get("rope_theta"));
        let local = match windowed.and_then(Value::as_f64) {
            Some(x) => x,
            None if family.is_gemma() => self.number("rope_local_base_freq", 1e4)?,
            None => theta,
        };
        Ok([theta, local])
    }

    fn factors(&self, theta: f64, head_dim: usize) -> Result<Vec<f32>> {
        let Some(rope) = self.rope() else {
            return Ok(Vec::new());
        };
        let kind = rope.get("rope_type").or(rope.get("type"));
        let number = |key: &str| {
            let found = rope.get(key).and_then(Value::as_f64);
            found.ok_or_else(|| self.damaged(&format!("{key} of the rotary scaling"), "is missing"))
        };
        match kind.and_then(Value::as_str) {
            None | Some("default") => Ok(Vec::new()),
            Some("linear") => Ok(vec![number("factor")? as f32; head_dim / 2]),
            Some("llama3") => Ok(llama3_factors(
                theta,
                head_dim,
                [
                    number("factor")?,
                    number("low_freq_factor")?,
                    number("high_freq_factor")?,
                    number("original_max_position_embeddings")?,
                ],
            )),
            Some(kind) => {
                let what = format!("rotary scaling {kind:?} is not supported");
                Err(unsupported(self.path, what))
            }
        }
    }
}

/// xIELU of each layer, whose numbers are trained tensors.
fn xielus(source: &mut Source, n_layers: usize) -> Result<Vec<Gate>> {
    let mut gates = Vec::new();
    for layer in 0..n_layers {
        let mut number = |name: &str, default: Option<f32>| -> Result<f32> {
            let name = format!("model.layers.{layer}.mlp.act_fn.{name}");
            match (source.has(&name), default) {
                (false, Some(default)) => Ok(default),
                _ => Ok(source.vector(&name, 1)?[0]),
            }
        };
        let (n, p) = (number("alpha_n", None)?, number("alpha_p", None)?);
        let (beta, eps) = (number("beta", Some(0.5))?, number("eps", Some(-1e-6))?);
        gates.push(xielu(n, p, beta, eps));
    }
    Ok(gates)
}
