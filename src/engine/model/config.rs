//! The shape of a Llama-style decoder.

use serde::{Deserialize, Serialize};

use crate::engine::{Error, Result};

/// Largest count or width a shape may name: far above any model, far below an overflow.
const MAX_DIM: usize = 1 << 24;
/// Largest number of decoder layers.
const MAX_LAYERS: usize = 1 << 12;
/// Largest number of parameters: 2^40 of them are 4 TiB in f32.
const MAX_PARAMS: u128 = 1 << 40;

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

impl Config {
    /// Refuses a shape that makes no sense, so that sizes computed from it cannot overflow.
    pub fn check(&self) -> Result<()> {
        let dims = [
            ("n_vocab", self.n_vocab, MAX_DIM),
            ("d_model", self.d_model, MAX_DIM),
            ("n_layers", self.n_layers, MAX_LAYERS),
            ("n_heads", self.n_heads, MAX_DIM),
            ("n_kv_heads", self.n_kv_heads, MAX_DIM),
            ("head_dim", self.head_dim, MAX_DIM),
            ("d_ff", self.d_ff, MAX_DIM),
            ("context", self.context, MAX_DIM),
        ];
        for (name, value, max) in dims {
            if value == 0 || value > max {
                return Err(nonsense(format!("{name} is {value}, outside of 1..={max}")));
            }
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            let (q, kv) = (self.n_heads, self.n_kv_heads);
            return Err(nonsense(format!(
                "{q} query heads cannot share {kv} key-value heads"
            )));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(nonsense(format!("head_dim {} is odd", self.head_dim)));
        }
        if !(self.rope_theta.is_finite() && self.rope_theta > 0.0) {
            return Err(nonsense(format!("rope_theta is {}", self.rope_theta)));
        }
        if !(self.norm_eps.is_finite() && self.norm_eps >= 0.0) {
            return Err(nonsense(format!("norm_eps is {}", self.norm_eps)));
        }
        let n_params = self.n_params_wide();
        if n_params > MAX_PARAMS {
            return Err(nonsense(format!(
                "{n_params} parameters are more than {MAX_PARAMS}"
            )));
        }
        Ok(())
    }

    /// Width of all query heads together.
    pub fn q_width(&self) -> usize {
        self.n_heads * self.head_dim
    }

    /// Width of all key heads together, and of all value heads.
    pub fn kv_width(&self) -> usize {
        self.n_kv_heads * self.head_dim
    }

    /// Width of a packed row `[q | k | v]`.
    pub fn qkv_width(&self) -> usize {
        self.q_width() + 2 * self.kv_width()
    }

    /// Number of parameters.
    pub fn n_params(&self) -> usize {
        self.n_params_wide() as usize
    }

    /// Number of parameters, of any shape: [`check`](Self::check) compares it with the limit.
    fn n_params_wide(&self) -> u128 {
        let wide = |n: usize| n as u128;
        let d = wide(self.d_model);
        let head_dim = wide(self.head_dim);
        let (q, kv) = (
            wide(self.n_heads) * head_dim,
            wide(self.n_kv_heads) * head_dim,
        );
        let layer = d * (2 * q + 2 * kv + 3 * wide(self.d_ff) + 2);
        let matrices = if self.tied { 1 } else { 2 };
        wide(self.n_layers) * layer + matrices * wide(self.n_vocab) * d + d
    }
}

fn nonsense(what: String) -> Error {
    Error::Usage {
        what: format!("the shape of the model makes no sense: {what}"),
        hint: "check d_model, heads and layers of the model's configuration".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_make_no_sense_are_refused_with_the_reason() {
        let good = crate::engine::model::tests::tiny();
        assert!(good.check().is_ok());
        type Edit = fn(&mut Config);
        let edits: [(&str, Edit); 8] = [
            ("n_vocab is 0", |c| c.n_vocab = 0),
            ("d_model", |c| c.d_model = usize::MAX),
            ("cannot share", |c| c.n_kv_heads = 3),
            ("odd", |c| c.head_dim = 5),
            ("rope_theta", |c| c.rope_theta = f64::NAN),
            ("norm_eps", |c| c.norm_eps = -1.0),
            ("n_layers", |c| c.n_layers = 1 << 13),
            ("parameters", |c| (c.d_ff, c.d_model) = (1 << 24, 1 << 24)),
        ];
        for (reason, edit) in edits {
            let mut bad = good.clone();
            edit(&mut bad);
            let said = bad.check().unwrap_err().to_string();
            assert!(said.contains(reason), "{said}");
        }
    }
}
