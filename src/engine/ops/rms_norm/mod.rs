//! RMSNorm (Zhang and Sennrich 2019), alone or of a sum of two:
//! y = x · r · w, r = 1/√(mean(x²) + eps).
//!
//! Shapes: x, y, dx, dy `[n,d]`; r `[n]`; w, dw `[d]`. The backward pass adds to dx and dw:
//! dx += r·(w·dy − x · r² · mean(x·w·dy)), dw += Σ_n dy·x·r. On its way it also writes y again, which
//! is so cheap that nobody needs to keep it, and dx as the activations are kept.

pub(super) mod cpu;
mod parts;
pub(super) mod reference;

pub use parts::{Back, Norm, Saved};
