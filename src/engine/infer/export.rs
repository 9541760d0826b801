//! A model as GGUF files have it: its tensors under the names they have there, and what metadata
//! say of its arithmetic. What these cannot say is refused: other programs would compute another
//! model.

use std::borrow::Cow;

use super::gguf::attention_scale;
use super::shape::{Family, Shape};
use super::source::Matrix;
use super::weights::Weights;
use crate::engine::gguf::{Kind, Value, ValueKind};
use crate::engine::ops::decode::{Gate, Pairs};
use crate::engine::{Error, Result};

/// Every so many-th layer of Gemma 3 sees everything, which GGUF files leave unsaid.
const EVERY: usize = 6;
/// Base of the rotary angles of its other layers, where a file says none.
const THETA_OF_WINDOWS: f64 = 10_000.0;

/// A tensor for a GGUF file.
pub(in crate::engine) struct Exported<'a> {
    /// Its name there.
    pub(in crate::engine) name: String,
    /// Lengths of its dimensions, that of a row first.
    pub(in crate::engine) dims: Vec<u64>,
    /// Type of its weights as they lie.
    pub(in crate::engine) kind: &'static Kind,
    bytes: Cow<'a, [u8]>,
    /// Width of heads whose rows lie in another order there.
    head_dim: Option<usize>,
}

impl Exported<'_> {
    /// Its weights in the order of the file.
    pub(in crate::engine) fn bytes(&self) -> Cow<'_, [u8]> {
        let n_rows = self.dims.get(1).copied().unwrap_or(1) as usize;
        match self.head_dim {
            None => Cow::Borrowed(&self.bytes),
            Some(head_dim) => Cow::Owned(interleave(&self.bytes, head_dim, n_rows)),
        }
    }

    fn vector(name: impl Into<String>, numbers: &[f32]) -> Self {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        Exported {
            name: format!("{}.weight", name.into()),
            dims: vec![numbers.len() as u64],
            kind: Kind::named("F32").expect("a plain type"),
            bytes: bytes.into(),
            head_dim: None,
        }
    }
}

/// Rows `[j, j + hd/2]` of each head side by side: files of architecture `llama` turn neighbours.
fn interleave(bytes: &[u8], head_dim: usize, n_rows: usize) -> Vec<u8> {
    let row = bytes.len() / n_rows.max(1);
    let mut out = Vec::with_capacity(bytes.len());
    for head in bytes.chunks_exact(head_dim * row) {
        for at in 0..head_dim {
            let from = (at / 2 + at % 2 * (head_dim / 2)) * row;
            out.extend_from_slice(&head[from..from + row]);
        }
    }
    out
}

impl Weights {
    /// Its tensors as a GGUF file has them; nothing is copied but vectors.
    pub(in crate::engine) fn exported(&self) -> Vec<Exported<'_>> {
        let shape = &self.shape;
        let turns = shape.family == Family::Llama && matches!(shape.pairs, Pairs::Halves);
        let turned = turns.then_some(shape.head_dim);
        let matrix = |name: String, matrix: &Matrix, head_dim| Exported {
            name: format!("{name}.weight"),
            dims: matrix.found.dims.iter().rev().map(|n| *n as u64).collect(),
            kind: matrix.found.kind,
            bytes: self.bytes(matrix).into(),
            head_dim,
        };
        let mut all = vec![matrix("token_embd".into(), &self.embed, None)];
        let output = self.output.as_ref();
        all.extend(output.map(|output| matrix("output".into(), output, None)));
        all.push(Exported::vector("output_norm", &self.norm));
        if linear(shape).is_none() && !shape.factors.is_empty() {
            all.push(Exported::vector("rope_freqs", &shape.factors));
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let named = |name: &str| format!("blk.{index}.{name}");
            let norm = |name: &str, w: &[f32]| Exported::vector(named(name), w);
            all.push(norm("attn_norm", &layer.attn_norm));
            all.push(matrix(named("attn_q"), &layer.q, turned));
            all.push(matrix(named("attn_k"), &layer.k, turned));
            all.push(matrix(named("attn_v"), &layer.v, None));
            all.push(matrix(named("attn_output"), &layer.o, None));
            if let Some([q, k]) = &layer.qk_norm {
                all.extend([norm("attn_q_norm", q), norm("attn_k_norm", k)]);
            }
            let post = layer.attn_post_norm.as_ref();
            all.extend(post.map(|w| norm("post_attention_norm", w)));
            all.push(norm("ffn_norm", &layer.ffn_norm));
            let gate = layer.gate.as_ref();
            all.extend(gate.map(|w| matrix(named("ffn_gate"), w, None)));
            all.push(matrix(named("ffn_up"), &layer.up, None));
            all.push(matrix(named("ffn_down"), &layer.down, None));
            let post = layer.ffn_post_norm.as_ref();
            all.extend(post.map(|w| norm("post_ffw_norm", w)));
        }
        all
    }
}

/// The factor of all rotary angles, where they have the same.
fn linear(shape: &Shape) -> Option<f32> {
    let first = *shape.factors.first()?;
    shape.factors.iter().all(|f| *f == first).then_some(first)
}

impl Family {
    /// The architecture that llama.cpp knows it by.
    fn architecture(self) -> &'static str {
        match self {
            Family::Llama => "llama",
            Family::Qwen3 => "qwen3",
            Family::Gemma3 => "gemma3",
            Family::Apertus => "apertus",
        }
    }
}

impl Shape {
    /// The architecture that a GGUF file of it names.
    pub(in crate::engine) fn in_files(&self) -> &'static str {
        self.family.architecture()
    }

    /// Keys and values that tell it in a GGUF file.
    ///
    /// # Errors
    /// When there are none for something of it.
    pub(in crate::engine) fn entries(&self) -> Result<Vec<(String, Value)>> {
        self.refuse_unsaid()?;
        let counts = [
            ("vocab_size", self.n_vocab),
            ("context_length", self.context),
            ("embedding_length", self.d_model),
            ("block_count", self.n_layers),
            ("feed_forward_length", self.d_ff),
            ("attention.head_count", self.n_heads),
            ("attention.head_count_kv", self.n_kv_heads),
            ("attention.key_length", self.head_dim),
            ("attention.value_length", self.head_dim),
            ("rope.dimension_count", self.head_dim),
        ];
        let window = self
            .window
            .map(|(size, _)| ("attention.sliding_window", size));
        // `Shape::check` keeps every count far below 2^32.
        let counts = counts.into_iter().chain(window);
        let mut own: Vec<(&str, Value)> =
            counts.map(|(key, n)| (key, Value::U32(n as u32))).collect();
        let eps = "attention.layer_norm_rms_epsilon";
        own.push((eps, Value::F32(self.eps)));
        own.push(("rope.freq_base", Value::F32(self.theta[0] as f32)));
        if self.window.is_some() && self.theta[1] != THETA_OF_WINDOWS {
            own.push(("rope.freq_base_swa", Value::F32(self.theta[1] as f32)));
        }
        if let Some(factor) = linear(self) {
            own.push(("rope.scaling.type", Value::String("linear".into())));
            own.push(("rope.scaling.factor", Value::F32(factor)));
        }
        let architecture = self.in_files();
        let own = own.into_iter();
        let own = own.map(|(key, value)| (format!("{architecture}.{key}"), value));
        Ok(own.chain(self.xielus()).collect())
    }

    fn refuse_unsaid(&self) -> Result<()> {
        let refuse = |what: String| Error::Usage {
            what: format!("a GGUF file of {} cannot say {what}", self.in_files()),
            hint: "models are written as the published ones of their architecture are".into(),
        };
        let sizes = [self.d_model, self.n_heads, self.head_dim, self.n_layers];
        let scale = attention_scale(self.family, sizes);
        if (scale / self.attention_scale - 1.0).abs() > 1e-6 {
            let scale = self.attention_scale;
            return Err(refuse(format!("that attention is scaled by {scale}")));
        }
        let is_named = matches!(self.family, Family::Llama | Family::Apertus);
        if !self.factors.is_empty() && linear(self).is_none() && !is_named {
            return Err(refuse(
                "that rotary angles are slowed down one by one".into(),
            ));
        }
        match self.window {
            Some((_, every)) if every != EVERY => {
                Err(refuse(format!("that every layer {every} sees everything")))
            }
            None if self.family.is_gemma() => Err(refuse("that all layers see everything".into())),
            _ => Ok(()),
        }
    }

    /// xIELU of each layer by the numbers that were trained.
    fn xielus(&self) -> Vec<(String, Value)> {
        // the inverse of softplus
        let trained = |x: f32| x + (-(-x).exp_m1()).ln();
        let all = (0..self.n_layers).map(|layer| match self.gate_of(layer) {
            Gate::Xielu {
                negative,
                positive,
                beta,
                eps,
            } => Some([trained(negative - beta), trained(positive), beta, eps]),
            Gate::Silu | Gate::Gelu => None,
        });
        let Some(all) = all.collect::<Option<Vec<[f32; 4]>>>() else {
            return Vec::new();
        };
        let names = ["alpha_n", "alpha_p", "beta", "eps"]
            .into_iter()
            .enumerate();
        let entry = |(at, name): (usize, &str)| {
            let numbers = all.iter().map(|of| Value::F32(of[at])).collect();
            let key = format!("xielu.{name}");
            (key, Value::Array(ValueKind::F32, numbers))
        };
        names.map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gguf;
    use crate::engine::infer::shape::xielu;

    fn shape(family: Family) -> Shape {
        Shape {
            family,
            architecture: "any".into(),
            n_vocab: 300,
            d_model: 64,
            n_layers: 2,
            n_heads: 4,
            n_kv_heads: 2,
            head_dim: 32,
            d_ff: 96,
            context: 512,
            eps: 1e-6,
            pairs: Pairs::Halves,
            theta: [1e6, 1e4],
            factors: Vec::new(),
            embed_scale: 1.0,
            attention_scale: 1.0 / 32f32.sqrt(),
            window: None,
            gates: vec![Gate::Silu],
        }
    }

    fn value(shape: &Shape, key: &str) -> Option<Value> {
        let entries = shape.entries().unwrap();
        entries
            .into_iter()
            .find(|(own, _)| own == key)
            .map(|(_, v)| v)
    }

    #[test]
    fn rows_of_bytes_are_paired_as_numbers_are() {
        let weights: Vec<f32> = (0..2 * 8 * 3).map(|i| i as f32).collect();
        let bytes: Vec<u8> = weights.iter().flat_map(|x| x.to_le_bytes()).collect();
        let paired: Vec<u8> = gguf::interleave(&weights, 8, 3)
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(interleave(&bytes, 8, 16), paired);
    }

    #[test]
    fn what_is_said_of_a_shape_is_what_it_is() {
        let mut apertus = shape(Family::Apertus);
        let trained = [[0.3, -0.8], [2.5, 30.0]];
        apertus.gates = trained.map(|[n, p]| xielu(n, p, 0.5, -1e-6)).into();
        for (key, at) in [("xielu.alpha_n", 0), ("xielu.alpha_p", 1)] {
            let numbers = value(&apertus, key).unwrap().as_f32s().unwrap();
            for (x, all) in numbers.iter().zip(trained) {
                assert!((x - all[at]).abs() < 1e-5, "{key}: {x}, not {}", all[at]);
            }
        }
        let mut gemma = shape(Family::Gemma3);
        gemma.window = Some((64, 6));
        let window = value(&gemma, "gemma3.attention.sliding_window");
        assert_eq!(window, Some(Value::U32(64)));
        assert_eq!(value(&gemma, "gemma3.rope.freq_base_swa"), None);
        gemma.factors = vec![8.0; 16];
        let factor = value(&gemma, "gemma3.rope.scaling.factor");
        assert_eq!(factor, Some(Value::F32(8.0)));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let mut scaled = shape(Family::Qwen3);
        assert!(scaled.entries().is_ok());
        scaled.attention_scale = 0.5;
        let mut slowed = shape(Family::Qwen3);
        slowed.factors = (0..16).map(|i| 1.0 + i as f32).collect();
        let mut whole = shape(Family::Gemma3);
        let other = whole.clone();
        whole.window = Some((64, 4));
        for shape in [scaled, slowed, whole, other] {
            let error = shape.entries().unwrap_err().to_string();
            assert!(error.contains("cannot say that"), "{error}");
        }
    }
}
