//! What a model does to few rows of activations beside products, in f32: norms, rotary positions,
//! gates, and attention over keys and values kept in pages.
//!
//! The operations of training keep what their gradients need and know one architecture; these
//! know all that are read, and texts of different lengths side by side.

mod attend;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pages;
mod rows;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(in crate::engine) use attend::{Heads, Span, attend};
pub(in crate::engine) use pages::{Kept, PAGE, Pages};
pub(in crate::engine) use rows::{Angles, Gate, Pairs, add, gate, rms_norm, scale, turn};
