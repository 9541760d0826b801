//! Causal attention with grouped queries (Ainslie et al. 2023): o = softmax(q·kᵀ/√hd)·v.
//!
//! Never holds a T×T matrix: the forward pass keeps one number a row, lse = ln Σ e^score, and the
//! backward pass computes scores again from it (as Dao et al. 2022). Query head h reads key-value
//! head h / (H/KV). Queries stand at the last `tq` of `tk` positions, so that a session can feed
//! new tokens against kept keys and values. Shapes: q `[b,tq,H,hd]`, k and v `[b,tk,KV,hd]`, each
//! with the stride of its rows; o `[b,tq,H,hd]`; lse `[b,H,tq]`. The backward pass takes packed rows
//! `[q | k | v]` with tq = tk.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // tiles exist in assembly alone
pub(super) mod amx;
#[allow(unsafe_code)] // heads of one buffer, written by several threads
pub(super) mod cpu;
mod dims;
pub(super) mod reference;

pub use dims::{Dims, Documents, Saved};
