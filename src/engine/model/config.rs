//! The shape of a Llama-style decoder.

use serde::{Deserialize, Serialize};

/// Shape of a Llama-style decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Tokens of the vocabulary, V.
    pub n_vocab: usize,
    /// Width of the residual stream, d.
    pub d_model: usize,
    /// Decoder layers, L.
    pub n_layers: usize,
    /// Query heads, H.
    pub n_heads: usize,
    /// Key and value heads; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of one head; even.
    pub head_dim: usize,
    /// Width inside the feed-forward block, F.
    pub d_ff: usize,
    /// The embedding is the output matrix too.
    pub tied: bool,
    /// Base of the rotary angles.
    pub rope_theta: f64,
    /// Epsilon of RMSNorm.
    pub norm_eps: f64,
    /// Largest number of positions the model was made for.
    pub context: usize,
}
