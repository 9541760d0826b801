//! Output matrix and cross-entropy in one: nats = lse − `logit[target]`, logits = h · wᵀ.
//!
//! Logits of all n rows at once would be the largest buffer of the model (n·V numbers), so they
//! live for a few rows at a time in a scratch buffer. To learn, their gradient takes their place there and
//! goes on to h and w at once, so that no product is computed twice. Rows whose target is [`IGNORED`]
//! have 0 nats and give no gradient. Shapes: h, dh `[n,d]`; w, dw `[V,d]`; nats, targets `[n]`; scratch of
//! [`Dims::scratch_len`]. Learning sets dh, and sets or adds to dw, the gradient of scale · Σ nats.

pub(super) mod cpu;
mod dims;
pub(super) mod reference;

pub use dims::{Dims, Grads, IGNORED, Rows};
