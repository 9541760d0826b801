//! Logits to a token: edits of single logits, then fewer and fewer candidates, then a draw.
//!
//! The stages come in llama.cpp's order, so that the same settings keep the same candidates there
//! and here: bias, penalties, DRY; top-n-sigma, top-k, typical, top-p, min-p, XTC; temperature.
//! Mirostat stands in place of the six in the middle. A grammar has the last word.

mod bias;
mod candidates;
mod chain;
mod dry;
mod logprob;
mod mirostat;
mod penalties;
mod temperature;
#[cfg(test)]
mod tests;
mod truncate;

pub use chain::{Choice, Sampler, fresh_seed};
