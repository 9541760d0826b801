//! Importance computed from text: texts → the same number of tokens of each language → what goes
//! into each matrix, language by language → one matrix in which each language counts alike.

mod gather;
#[cfg(test)]
mod parity;
#[cfg(test)]
pub(super) mod tests;
mod texts;

pub(super) use gather::Gathered;
pub(super) use texts::{Spoken, Texts};
