//! Matrix products of a linear layer without bias, y = x · wᵀ, and its two gradients.
//!
//! | product | shapes | |
//! |---|---|---|
//! | forward | `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ | set or add |
//! | input | `dx[n,i]` = `dy[n,o]` · `w[o,i]` | set or add |
//! | weight | `dw[o,i]` += `dy[n,o]`ᵀ · `x[n,i]` | add |

#[allow(unsafe_code)] // blocks of one buffer, written by several threads
pub(super) mod cpu;
mod dims;
pub(super) mod reference;

pub use dims::{Dims, Store};
