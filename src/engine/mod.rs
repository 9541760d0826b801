//! Room: tokens to model to checkpoint to GGUF to words.

#[cfg(feature = "cuda")]
pub mod cuda;
mod error;
pub mod eval;
pub mod folder;
pub mod generate;
pub mod gguf;
pub mod infer;
pub mod load;
pub mod model;
pub mod ops;
pub mod quant;
pub mod train;

pub use error::{Error, Result};
