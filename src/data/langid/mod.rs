//! Which language a text is in: script first, then hashed n-grams of its words.
//!
//! A text is read by windows until its language is beyond doubt. Close languages are then told
//! apart by features of their own (`Grain::Fine`), learnt from what their texts have in common.
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
mod rows;
mod segments;
mod train;
mod windows;
mod yat;

#[cfg(test)]
mod tests;

pub use corpus::{Sample, read_gold, read_samples};
pub use identify::{Guess, Identifier, identify, with_close};
pub use segments::{ABSTAIN, UNDETERMINED, seg_langs, segments};
pub use train::{TrainPlan, train};
