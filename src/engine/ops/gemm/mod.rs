//! Matrix products, the heart of the engine: bf16 or f32 numbers in, sums in f32.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // tiles exist in assembly alone
pub(in crate::engine::ops) mod amx;
#[allow(unsafe_code)] // blocks of one buffer, written by several threads
mod matrix;
#[allow(unsafe_code)] // vector instructions behind their detection
pub(in crate::engine::ops) mod vector;

pub use matrix::Store;
pub(in crate::engine::ops) use matrix::{Element, Matrix, Shared};
