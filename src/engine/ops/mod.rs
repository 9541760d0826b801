//! The operations a model is made of, each in a folder of its own.
//!
//! [`Ops`] is the list of them; an executor is one way to carry them out. The reference is plain
//! loops in f32 or f64, slow and obviously right; the cpu executor is judged against it. One
//! table of cases ([`table`]) holds for all of them: values against the reference, gradients
//! against finite differences. Letters of shapes: b sequences, t positions, n = b·t rows, d width
//! of the residual stream, H query heads, KV key-value heads, hd width of a head, F width inside
//! the feed-forward block, V tokens of the vocabulary.

pub mod adamw;
pub mod attention;
pub mod cross_entropy;
#[allow(unsafe_code)] // outputs that threads share
pub(in crate::engine) mod decode;
pub mod embedding;
pub mod grad_norm;
pub mod matmul;
pub mod muon;
pub mod rms_norm;
pub mod rope;
pub mod swiglu;

#[allow(unsafe_code)] // outputs that threads share, and vectors behind their detection
pub(in crate::engine) mod blocks;
#[allow(unsafe_code)] // memory of the system
mod buffer;
mod cpu;
mod executor;
mod gemm;
#[allow(unsafe_code)] // outputs that threads share
pub(in crate::engine) mod logits;
mod real;
mod reference;
mod simd;
pub mod table;
#[allow(unsafe_code)] // work lent to threads that are waited for
mod team;
mod widest;

pub use buffer::{Buffer, Plain};
pub use executor::{Executor, ISAS, Ops, Precision};
pub use real::{Real, Stored};
pub(crate) use reference::Reference;
pub(in crate::engine) use simd::{Isa, exp};
pub(in crate::engine) use team::{Team, each_chunk};
#[cfg(test)]
pub(crate) use widest::with_each;
pub use widest::{Work, widest};
