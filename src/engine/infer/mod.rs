//! Inference: models of every architecture that is read, as they lie in their files, at work on
//! texts side by side.
//!
//! [`Weights`] finds the tensors of a GGUF file or of a Hugging Face folder without copying them;
//! [`Decoder`] reads tokens and says what is expected after them. (Training knows one
//! architecture, holds its parameters in memory and computes gradients: see `model`.)

mod decoder;
mod folder;
mod gguf;
#[cfg(test)]
mod parity;
mod pass;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod weights;

pub use decoder::{Ask, Decoder, TextId, Wants};
pub use shape::Shape;
pub use weights::Weights;
