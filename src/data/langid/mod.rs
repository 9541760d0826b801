//! Which language a text is in: script first, then hashed n-grams of its words.
//!
//! [`identify`] asks the model built into the program; [`train`] makes such a model from
//! labelled text. Languages outside the table are labels of the model too, so that Russian is
//! not called Bulgarian; they are never named, their probability is just missing from the sum.

mod corpus;
mod draw;
mod features;
mod finish;
mod identify;
mod learn;
mod model;
mod train;
mod windows;

#[cfg(test)]
mod tests;

pub use corpus::{Sample, read_gold, read_samples};
pub use identify::{Guess, Identifier, identify, with_close};
pub use train::{TrainPlan, train};
