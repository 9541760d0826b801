//! Inference: models of every architecture that is read, as they lie in their files, at work on
//! texts side by side.
//!
//! [`Weights`] finds the tensors of a GGUF file or of a Hugging Face folder without copying them;
//! [`Decoder`] reads tokens and says what is expected after them. (Training knows one
//! architecture, holds its parameters in memory and computes gradients: see `model`.)

mod decoder;
mod export;
mod folder;
mod gguf;
mod matrices;
#[cfg(test)]
mod parity;
mod pass;
mod seen;
mod shape;
mod source;
#[cfg(test)]
pub(in crate::engine) mod tests;
mod weights;

pub(in crate::engine) use crate::engine::ops::blocks::Rows;
pub use decoder::{Ask, Decoder, TextId, Wants};
pub(in crate::engine) use matrices::Held;
pub(in crate::engine) use seen::Seen;
pub use shape::Shape;
pub use weights::Weights;
