//! An operation and its shape.

use crate::engine::ops::attention::Dims as Heads;
use crate::engine::ops::matmul::Dims as Linear;
use crate::engine::ops::rope::Dims as Turned;

/// An operation and its shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Case {
    /// y = x·wᵀ and both gradients.
    Matmul(Linear),
    /// Rows of a table.
    Embedding {
        /// Tokens.
        n: usize,
        /// Vocabulary.
        v: usize,
        /// Width.
        d: usize,
    },
    /// RMSNorm of n rows of width d.
    RmsNorm {
        /// Rows.
        n: usize,
        /// Width.
        d: usize,
    },
    /// RMSNorm of a sum.
    AddRmsNorm {
        /// Rows.
        n: usize,
        /// Width.
        d: usize,
    },
    /// Rotary positions of that many rows.
    Rope(Turned, usize),
    /// Causal attention over packed rows.
    Attention(Heads),
    /// The same where every token that is a multiple of the number begins a document.
    Documents(Heads, usize),
    /// Queries against kept keys and values; forward only.
    Kept(Heads),
    /// SwiGLU of n rows.
    Swiglu {
        /// Rows.
        n: usize,
        /// Width inside the feed-forward block.
        ff: usize,
    },
    /// Output matrix and loss.
    CrossEntropy {
        /// Rows.
        n: usize,
        /// Width.
        d: usize,
        /// Vocabulary.
        v: usize,
        /// Which targets are not scored.
        ignored: Ignored,
    },
    /// A step of AdamW over that many parameters; forward only.
    Adamw(usize),
    /// Norm of that many gradients; forward only.
    GradNorm(usize),
}

/// Which targets are not scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// None of them.
    None,
    /// Every third.
    Third,
    /// All.
    All,
}

impl Case {
    /// The operation's name: its folder's.
    pub fn op(&self) -> &'static str {
        match self {
            Case::Matmul(_) => "matmul",
            Case::Embedding { .. } => "embedding",
            Case::RmsNorm { .. } => "rms_norm",
            Case::AddRmsNorm { .. } => "rms_norm (of a sum)",
            Case::Rope(..) => "rope",
            Case::Attention(_) => "attention",
            Case::Documents(..) => "attention (documents)",
            Case::Kept(_) => "attention (kept keys)",
            Case::Swiglu { .. } => "swiglu",
            Case::CrossEntropy { .. } => "cross_entropy",
            Case::Adamw(_) => "adamw",
            Case::GradNorm(_) => "grad_norm",
        }
    }

    /// Its shape in a few letters.
    pub fn shape(&self) -> String {
        match *self {
            Case::Matmul(Linear { n, i, o }) => format!("n {n} i {i} o {o}"),
            Case::Embedding { n, v, d } => format!("n {n} V {v} d {d}"),
            Case::RmsNorm { n, d } | Case::AddRmsNorm { n, d } => format!("n {n} d {d}"),
            Case::Rope(dims, n) => {
                let Turned {
                    n_heads,
                    head_dim,
                    t,
                    ..
                } = dims;
                format!("n {n} t {t} H {n_heads} hd {head_dim}")
            }
            Case::Attention(heads) | Case::Documents(heads, _) | Case::Kept(heads) => {
                let Heads {
                    b,
                    tq,
                    tk,
                    n_heads,
                    n_kv_heads,
                    head_dim,
                    ..
                } = heads;
                format!("b {b} tq {tq} tk {tk} H {n_heads} KV {n_kv_heads} hd {head_dim}")
            }
            Case::Swiglu { n, ff } => format!("n {n} F {ff}"),
            Case::CrossEntropy { n, d, v, .. } => format!("n {n} d {d} V {v}"),
            Case::Adamw(n) | Case::GradNorm(n) => format!("n {n}"),
        }
    }
}
