//! Causal attention on tiles of bf16, block by block (as Dao et al. 2022).
//!
//! Queries and keys are taken in cells of 32; cells that nobody sees are skipped. Shares and
//! gradients of scores are rounded to bf16 as operands, everything is added up in f32, and what
//! leaves is rounded once.

mod backward;
mod block;
mod forward;
mod lanes;
mod pack;
mod scratch;
mod seen;
mod softmax;
#[cfg(test)]
mod tests;
mod tile;

pub(in crate::engine::ops) use backward::{Saved, backward};
pub(in crate::engine::ops) use forward::forward;
