//! What sets one decoder apart from another.

use crate::engine::ops::decode::{Angles, Gate, Pairs};
use crate::engine::{Error, Result};

/// Largest width, count or number of positions that a file may name.
pub(super) const MAX: usize = 1 << 24;
/// Most layers.
pub(super) const MAX_LAYERS: usize = 1 << 12;

/// An architecture, by the name that GGUF files give it and Hugging Face's `model_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Llama and Mistral (Touvron et al. 2023).
    Llama,
    /// Qwen3: norms of queries and keys (Yang et al. 2025).
    Qwen3,
    /// Gemma 3: norms around blocks, and layers that see a window (Gemma team 2025).
    Gemma3,
    /// Apertus: xIELU without a gate, norms of queries and keys (Apertus project 2025).
    Apertus,
}

/// Every name of an architecture.
pub(super) const FAMILIES: [(&str, Family); 7] = [
    ("llama", Family::Llama),
    ("mistral", Family::Llama),
    ("mistral3", Family::Llama),
    ("qwen3", Family::Qwen3),
    ("gemma3", Family::Gemma3),
    ("gemma3_text", Family::Gemma3),
    ("apertus", Family::Apertus),
];

impl Family {
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = FAMILIES.iter().find(|(known, _)| *known == name);
        known.map(|(_, family)| *family)
    }

    /// Whether it is a Gemma, whose embeddings are scaled and some of whose layers see a window.
    pub(super) fn is_gemma(self) -> bool {
        self == Family::Gemma3
    }

    /// Whether queries and keys have norms.
    pub(super) fn has_qk_norm(self) -> bool {
        self != Family::Llama
    }

    /// Whether what a block gives is normed before it is added.
    pub(super) fn has_post_norms(self) -> bool {
        self == Family::Gemma3
    }

    /// Whether feed-forward blocks have a gate.
    pub(super) fn has_gate(self) -> bool {
        self != Family::Apertus
    }
}

/// Widths and counts of a decoder, and what its file says of its arithmetic.
#[derive(Debug, Clone)]
pub struct Shape {
    pub(super) family: Family,
    /// Name of the architecture in the file.
    pub architecture: String,
    /// Tokens of the vocabulary, V.
    pub n_vocab: usize,
    /// Width of the residual stream, d.
    pub d_model: usize,
    /// Decoder layers, L.
    pub n_layers: usize,
    /// Query heads, H.
    pub n_heads: usize,
    /// Key and value heads, KV.
    pub n_kv_heads: usize,
    /// Width of a head, hd.
    pub head_dim: usize,
    /// Width inside of feed-forward blocks, F.
    pub d_ff: usize,
    /// Positions that the model was made for.
    pub context: usize,
    /// Epsilon of norms.
    pub(super) eps: f32,
    /// Which numbers of a head are turned together.
    pub(super) pairs: Pairs,
    /// Base of the rotary angles, and of the layers that see a window.
    pub(super) theta: [f64; 2],
    /// What slows each pair down, in layers that see everything.
    pub(super) factors: Vec<f32>,
    /// What embeddings are multiplied with.
    pub(super) embed_scale: f32,
    /// What scores of attention are multiplied with.
    pub(super) attention_scale: f32,
    /// Positions that some layers see, and that every so many-th layer sees all.
    pub(super) window: Option<(usize, usize)>,
    /// The gate of each layer, or of all if there is one.
    pub(super) gates: Vec<Gate>,
}

impl Shape {
    /// Refuses sizes that make no sense, before anything is computed with them.
    pub(super) fn check(&self) -> std::result::Result<(), String> {
        for (name, n, most) in [
            ("tokens", self.n_vocab, MAX),
            ("width", self.d_model, MAX),
            ("layers", self.n_layers, MAX_LAYERS),
            ("heads", self.n_heads, MAX),
            ("key and value heads", self.n_kv_heads, MAX),
            ("width of a head", self.head_dim, MAX),
            ("width inside of feed-forward blocks", self.d_ff, MAX),
            ("positions", self.context, MAX),
        ] {
            if n == 0 || n > most {
                return Err(format!("{n} is no number of {name}"));
            }
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            let (q, kv) = (self.n_heads, self.n_kv_heads);
            return Err(format!("{q} query heads cannot share {kv} key-value heads"));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(format!("heads of width {}, which is odd", self.head_dim));
        }
        if self.n_heads.saturating_mul(self.head_dim) > MAX {
            return Err("heads are too wide".into());
        }
        let sane = |x: f64| x.is_finite() && x > 0.0;
        if !(self.theta.iter().all(|t| sane(*t)) && self.eps.is_finite() && self.eps >= 0.0) {
            let (theta, eps) = (self.theta, self.eps);
            return Err(format!(
                "rope_theta {theta:?} or epsilon {eps} is no number"
            ));
        }
        if !self.factors.is_empty() && self.factors.len() != self.head_dim / 2
            || !self.factors.iter().all(|f| sane(f64::from(*f)))
        {
            return Err("factors of rotary angles that are no numbers, or not one a pair".into());
        }
        if self
            .window
            .is_some_and(|(size, every)| size == 0 || every == 0)
        {
            return Err("a window without positions".into());
        }
        Ok(())
    }

    /// Width of all queries together.
    pub(super) fn q_width(&self) -> usize {
        self.n_heads * self.head_dim
    }

    /// Width of all keys together, and of all values.
    pub(super) fn kv_width(&self) -> usize {
        self.n_kv_heads * self.head_dim
    }

    /// Positions that a layer sees; none: all.
    pub(super) fn window_of(&self, layer: usize) -> Option<usize> {
        let (size, every) = self.window?;
        (!(layer + 1).is_multiple_of(every)).then_some(size)
    }

    /// Angles of layers that see everything, and of those that see a window.
    pub(super) fn angles(&self) -> [Angles; 2] {
        let [global, local] = self.theta;
        [
            Angles::new(global, self.head_dim, &self.factors),
            Angles::new(local, self.head_dim, &[]),
        ]
    }

    /// The gate of a layer.
    pub(super) fn gate_of(&self, layer: usize) -> Gate {
        let gate = self.gates.get(layer).or(self.gates.first());
        gate.copied().unwrap_or(Gate::Silu)
    }
}

/// αn and αp of xIELU as the formula wants them, of the numbers that were trained.
pub(super) fn xielu(negative: f32, positive: f32, beta: f32, eps: f32) -> Gate {
    let softplus = |x: f32| if x > 20.0 { x } else { x.exp().ln_1p() };
    Gate::Xielu {
        negative: beta + softplus(negative),
        positive: softplus(positive),
        beta,
        eps,
    }
}

/// Factors of rotary angles as Llama 3 has them: long waves are slowed down by `factor`, short
/// ones not, and between them there is a slope (Dubey et al. 2024; transformers, `llama3`).
pub(super) fn llama3_factors(
    theta: f64,
    head_dim: usize,
    [factor, low, high, original]: [f64; 4],
) -> Vec<f32> {
    let of = |j: usize| {
        let wave = 2.0 * std::f64::consts::PI * theta.powf(2.0 * j as f64 / head_dim as f64);
        if wave < original / high {
            1.0
        } else if wave > original / low {
            factor
        } else {
            let smooth = (original / wave - low) / (high - low);
            1.0 / ((1.0 - smooth) / factor + smooth)
        }
    };
    (0..head_dim / 2).map(|j| of(j) as f32).collect()
}

/// An architecture, or a variant of one, that is not computed.
pub(super) fn unsupported(path: &std::path::Path, what: impl std::fmt::Display) -> Error {
    let names: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
    Error::Usage {
        what: format!("{}: {what}", path.display()),
        hint: format!(
            "models of these architectures are read: {}; with weights in F32, F16, BF16, Q8_0, \
             Q4_0 to Q5_1, Q2_K to Q6_K, IQ4_NL and IQ4_XS",
            names.join(", ")
        ),
    }
}

/// A family by its name in a file.
pub(super) fn family(path: &std::path::Path, name: &str) -> Result<Family> {
    Family::named(name)
        .ok_or_else(|| unsupported(path, format!("architecture {name:?} is not supported")))
}
