//! A model and text in many languages to scores, worst language first.
//!
//! The score is bits per byte of UTF-8: it needs no labels, and languages and tokenizers can be
//! compared by it. Texts longer than the context are cut as lm-evaluation-harness does it.

mod gates;
mod plan;
mod report;
mod rows;
mod run;
mod score;
pub mod tax;
#[cfg(test)]
mod tests;
mod texts;
mod windows;

pub use gates::Gates;
pub use plan::{Plan, Request};
pub use report::{Clean, Report};
pub use run::run;
pub(crate) use score::bits_per_byte;
pub use score::{Progress, Scores, mean, prefix, rank, score};
pub(crate) use windows::{Window, cut, largest_pass, tally};
