//! Muon (Jordan and others 2024, kellerjordan.github.io/posts/muon) over matrices of flat buffers:
//! momentum, made orthogonal, scaled so that AdamW's learning rate and weight decay serve it too
//! (arXiv 2502.16982).
//!
//! Of every matrix `p[o,i]` with its gradient g, clipped:
//!
//! | | |
//! |---|---|
//! | momentum | m = μ·m + (1 − μ)·g |
//! | Nesterov | x = μ·m + (1 − μ)·g, divided by its norm √Σx² |
//! | five times | x = a·x + b·(x·xᵀ)·x + c·(x·xᵀ)²·x, a = 3.4445, b = −4.7750, c = 2.0315 |
//! | step | p = p·(1 − lr·decay) − lr·0.2·√max(o,i)·x |
//!
//! The five steps of Newton and Schulz move every singular value of x into about 0.7..1.2 and leave
//! the singular vectors alone. They work on the shorter side: of a tall matrix xᵀ takes the place
//! of x. Operands of the products are in the precision of the executor, sums and all else in f32.

pub(super) mod cpu;
pub(super) mod reference;
mod step;
#[cfg(test)]
mod tests;

pub(in crate::engine) use cpu::room_bytes;
pub use step::{State, Step};
