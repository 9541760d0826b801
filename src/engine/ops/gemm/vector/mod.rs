//! Matrix products on vectors of f32: operands are copied into the order in which one small
//! kernel per instruction set reads them, blocks of them at a time stay in the caches.

mod ahead;
mod blocks;
mod cut;
mod kernel;
mod lanes;
mod machine;
mod one_row;
mod pack;
mod panels;
mod product;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(in crate::engine::ops) use lanes::{Four, Lanes};
pub(in crate::engine::ops) use panels::{Panels, Right};
pub(in crate::engine::ops) use product::{over_threads, product};
