//! `config.json`: the shape of a model in the words of transformers, and back.
//!
//! What the engine would compute differently is refused by name: a key that is passed over
//! silently gives a model that speaks, but not as it was trained to.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::model::Config;
use super::super::{Error, Result};
use crate::disk;
use crate::vocab::Vocab;

/// Largest sizes accepted from a file: far beyond any model, small enough that the sum of all
/// parameters cannot overflow.
const MAX_VOCAB: usize = 1 << 24;
const MAX_WIDTH: usize = 1 << 18;
const MAX_LAYERS: usize = 1 << 12;
const MAX_CONTEXT: usize = 1 << 24;

/// The `config.json` of a model made here.
pub(super) fn describe(config: &Config, vocab: &Vocab) -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.n_vocab,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": config.context,
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": null,
        "attention_bias": false,
        "attention_dropout": 0.0,
        "mlp_bias": false,
        "pretraining_tp": 1,
        "tie_word_embeddings": config.tied,
        "initializer_range": 0.02,
        "use_cache": true,
        "bos_token_id": vocab.bos,
        "eos_token_id": vocab.eos.first(),
        "torch_dtype": "float32",
    })
}

/// Reads and judges a `config.json`.
///
/// # Errors
/// When it is absent, no JSON, impossible, or describes what the engine cannot compute.
pub(super) fn read(path: &Path) -> Result<Config> {
    let fields = Fields {
        path,
        map: object(path)?,
    };
    fields.refuse_unsupported()?;
    let d_model = fields.size("hidden_size", None, MAX_WIDTH)?;
    let n_heads = fields.size("num_attention_heads", None, MAX_WIDTH)?;
    let context = fields.size("max_position_embeddings", Some(2048), MAX_CONTEXT)?;
    let config = Config {
        n_vocab: fields.size("vocab_size", None, MAX_VOCAB)?,
        d_model,
        n_layers: fields.size("num_hidden_layers", None, MAX_LAYERS)?,
        n_heads,
        n_kv_heads: fields.size("num_key_value_heads", Some(n_heads), MAX_WIDTH)?,
        head_dim: fields.size("head_dim", Some((d_model / n_heads).max(1)), MAX_WIDTH)?,
        d_ff: fields.size("intermediate_size", None, MAX_WIDTH)?,
        tied: fields.flag("tie_word_embeddings")?,
        rope_theta: fields.rope_theta()?,
        norm_eps: fields.number("rms_norm_eps", 1e-6)?,
        context,
    };
    if !config.n_heads.is_multiple_of(config.n_kv_heads) {
        return Err(fields.damaged("num_key_value_heads", "does not divide num_attention_heads"));
    }
    if !config.head_dim.is_multiple_of(2) || config.n_heads * config.head_dim > MAX_WIDTH {
        return Err(fields.damaged("head_dim", "is odd or too large"));
    }
    config
        .check()
        .map_err(|e| Error::damaged(path, e.to_string()))?;
    fields.refuse_sliding_window(config.context)?;
    ends(path, config.n_vocab)?; // named here, where the file is, though `words` asks again
    Ok(config)
}

/// `vocab_size`, of any architecture.
///
/// # Errors
/// When the file is absent, no JSON, or does not say.
pub(super) fn n_vocab(path: &Path) -> Result<usize> {
    let fields = Fields {
        path,
        map: object(path)?,
    };
    fields.size("vocab_size", None, MAX_VOCAB)
}

/// `bos_token_id` and `eos_token_id`, of any architecture.
///
/// # Errors
/// When the file is absent, no JSON, or names ids beyond a vocabulary of `n_vocab`.
pub(super) fn ends(path: &Path, n_vocab: usize) -> Result<(Option<u32>, Vec<u32>)> {
    let fields = Fields {
        path,
        map: object(path)?,
    };
    let bos = fields.ids("bos_token_id", n_vocab)?.first().copied();
    Ok((bos, fields.ids("eos_token_id", n_vocab)?))
}

/// Reads a file that must be one JSON object.
pub(super) fn object(path: &Path) -> Result<Map<String, Value>> {
    let bytes = disk::read(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Error::damaged(path, format!("not a JSON object: {e}")))
}

/// The keys of one file, read with their name in every error.
struct Fields<'a> {
    path: &'a Path,
    map: Map<String, Value>,
}

impl Fields<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|v| !v.is_null())
    }

    fn damaged(&self, key: &str, what: &str) -> Error {
        let value = self.map.get(key).map_or("absent".into(), Value::to_string);
        Error::damaged(self.path, format!("{key} ({value}) {what}"))
    }

    fn unsupported(&self, key: &str, value: &Value) -> Error {
        Error::Usage {
            what: format!("{}: {key} = {value} is not supported", self.path.display()),
            hint: "models of type llama, and mistral without a sliding window, can be used".into(),
        }
    }

    fn size(&self, key: &str, default: Option<usize>, max: usize) -> Result<usize> {
        let found = match self.get(key) {
            None => default,
            Some(value) => value.as_u64().and_then(|n| usize::try_from(n).ok()),
        };
        found
            .filter(|n| (1..=max).contains(n))
            .ok_or_else(|| self.damaged(key, &format!("is no number between 1 and {max}")))
    }

    fn number(&self, key: &str, default: f64) -> Result<f64> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|n| n.is_finite() && *n > 0.0)
                .ok_or_else(|| self.damaged(key, "is no positive number")),
        }
    }

    fn flag(&self, key: &str) -> Result<bool> {
        match self.get(key) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.damaged(key, "is no boolean")),
        }
    }

    /// One id or a list of ids.
    fn ids(&self, key: &str, n_vocab: usize) -> Result<Vec<u32>> {
        let list = match self.get(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let id = |v: &Value| v.as_u64().filter(|n| *n < n_vocab as u64).map(|n| n as u32);
        let ids: Option<Vec<u32>> = list.iter().map(id).collect();
        ids.ok_or_else(|| self.damaged(key, "is no id of the vocabulary"))
    }

    /// Base of the rotary angles: a key of its own, or in `rope_parameters` (transformers 5).
    fn rope_theta(&self) -> Result<f64> {
        let inside = self
            .get("rope_parameters")
            .and_then(|p| p.get("rope_theta"));
        match inside.map(Value::as_f64) {
            Some(Some(theta)) if theta.is_finite() && theta > 0.0 => Ok(theta),
            Some(_) => Err(self.damaged("rope_parameters", "has no usable rope_theta")),
            None => self.number("rope_theta", 10_000.0),
        }
    }

    fn refuse_unsupported(&self) -> Result<()> {
        match self.get("model_type").and_then(Value::as_str) {
            Some("llama" | "mistral") => {}
            _ => {
                let value = self.map.get("model_type").unwrap_or(&Value::Null);
                return Err(self.unsupported("model_type", value));
            }
        }
        // Each key with the value that means "as a plain llama"; absent means that too.
        for (key, plain) in [
            ("hidden_act", json!("silu")),
            ("attention_bias", json!(false)),
            ("mlp_bias", json!(false)),
            ("pretraining_tp", json!(1)),
            ("partial_rotary_factor", json!(1.0)),
            ("quantization_config", Value::Null),
        ] {
            if let Some(value) = self.get(key).filter(|value| **value != plain) {
                return Err(self.unsupported(key, value));
            }
        }
        for key in ["rope_scaling", "rope_parameters"] {
            let Some(value) = self.get(key) else { continue };
            let kind = value.get("rope_type").or_else(|| value.get("type"));
            if kind != Some(&json!("default")) {
                return Err(self.unsupported(key, value));
            }
        }
        Ok(())
    }

    /// A window that is never smaller than the context changes nothing.
    fn refuse_sliding_window(&self, context: usize) -> Result<()> {
        match self.get("sliding_window") {
            Some(window) if self.get("use_sliding_window") != Some(&json!(false)) => {
                match window.as_u64() {
                    Some(n) if n >= context as u64 => Ok(()),
                    _ => Err(self.unsupported("sliding_window", window)),
                }
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Kind};

    fn plain() -> Value {
        json!({
            "model_type": "llama", "vocab_size": 300, "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 2, "num_attention_heads": 4, "eos_token_id": [0, 2],
        })
    }

    fn read_json(value: &Value) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        disk::replace_json(&path, value).unwrap();
        read(&path)
    }

    #[test]
    fn absent_keys_have_the_defaults_of_transformers() {
        let config = read_json(&plain()).unwrap();
        assert_eq!((config.n_kv_heads, config.head_dim), (4, 8));
        assert_eq!((config.context, config.tied), (2048, false));
        assert_eq!((config.norm_eps, config.rope_theta), (1e-6, 10_000.0));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        disk::replace_json(&path, &plain()).unwrap();
        assert_eq!(ends(&path, 300).unwrap(), (None, vec![0, 2]));
    }

    #[test]
    fn the_rotary_base_is_read_where_transformers_5_writes_it() {
        let mut value = plain();
        value["rope_parameters"] = json!({"rope_theta": 5e5, "rope_type": "default"});
        assert_eq!(read_json(&value).unwrap().rope_theta, 5e5);
    }

    #[test]
    fn what_would_be_computed_differently_is_refused_by_name() {
        for (key, value) in [
            ("model_type", json!("gemma3")),
            ("hidden_act", json!("gelu")),
            ("attention_bias", json!(true)),
            (
                "rope_scaling",
                json!({"rope_type": "llama3", "factor": 8.0}),
            ),
            ("sliding_window", json!(1024)),
            ("quantization_config", json!({"bits": 4})),
        ] {
            let mut config = plain();
            config[key] = value;
            let error = read_json(&config).err().unwrap();
            assert_eq!(error.kind(), Kind::Usage, "{error}");
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn impossible_sizes_are_damage_and_name_their_key() {
        for (key, value) in [
            ("hidden_size", json!(0)),
            ("hidden_size", json!(-1)),
            ("vocab_size", json!(u64::MAX)),
            ("num_key_value_heads", json!(3)),
            ("head_dim", json!(7)),
            ("num_hidden_layers", json!("two")),
            ("eos_token_id", json!(300)),
            ("rope_theta", json!(-1.0)),
            ("max_position_embeddings", json!(1 << 25)),
        ] {
            let mut config = plain();
            config[key] = value;
            let error = read_json(&config).err().unwrap();
            assert_eq!(error.kind(), Kind::Damaged, "{error}");
            assert!(error.to_string().contains(key), "{error}");
        }
        assert_eq!(read_json(&json!([])).err().unwrap().kind(), Kind::Damaged);
    }
}
