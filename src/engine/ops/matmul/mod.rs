//! Matrix products of a linear layer without bias, y = x · wᵀ, and its two gradients.
//!
//! | product | shapes | |
//! |---|---|---|
//! | forward | `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ | set |
//! | input | `dx[n,i]` = `dy[n,o]` · `w[o,i]` | set |
//! | weight | `dw[o,i]` (+)= `dy[n,o]`ᵀ · `x[n,i]` | set or add |
//!
//! Activations and matrices may be bf16; sums are of the type that is computed with, and `dw` stays
//! in it.

pub(super) mod cpu;
mod dims;
pub(super) mod reference;

pub use super::gemm::Store;
pub use dims::Dims;
