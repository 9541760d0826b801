//! Output matrix and cross-entropy in one: nats = lse − `logit[target]`, logits = h · wᵀ.
//!
//! Logits of all n rows at once would be the largest buffer of the model (n·V numbers), so they
//! live for a few rows at a time in a scratch buffer; the backward pass computes them again. Rows
//! whose target is [`IGNORED`] have 0 nats and give no gradient. Shapes: h, dh `[n,d]`; w, dw
//! `[V,d]`; nats, lse, targets `[n]`; scratch of [`Dims::scratch_len`]. The backward pass sets dh and adds
//! to dw the gradient of scale · Σ nats.

pub(super) mod cpu;
mod dims;
pub(super) mod reference;

pub use dims::{Dims, Grads, IGNORED, Out, Saved};
