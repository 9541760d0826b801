//! Room: tokens to model to checkpoint to GGUF to words.

pub mod eval;
pub mod generate;
pub mod quant;
pub mod train;
