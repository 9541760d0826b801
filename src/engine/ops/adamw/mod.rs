//! AdamW over flat buffers (Loshchilov and Hutter 2019, algorithm 2): bias-corrected moments,
//! weight decay apart from the gradient and only where a parameter's row of the table says so.
//!
//! p ← p·(1 − lr·decay) − lr · m̂ / (√v̂ + eps), with the moments of g·scale.

#[allow(unsafe_code)] // one task, one part of each buffer
pub(super) mod cpu;
pub(super) mod reference;
mod step;
#[cfg(test)]
mod tests;

pub use step::{State, Step};
