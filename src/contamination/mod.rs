//! What models are scored on, as hashes of runs of words, and what text holds of it.
//!
//! An [`Index`] is built from evaluation sets once and holds no text of theirs, so that it can be
//! handed on where the sets cannot. The data room asks it of documents, to leave out those that
//! would give answers away, and tells in a [`Report`] what of which set was met. The index of the
//! items that were met marks texts when a model is scored, so that scores can be told with and
//! without them.
//!
//! Words are in lower case, without marks, digits all alike, parted by all else. Of each part of
//! an item (question, context, choice) every run of 8 and of 13 words is kept. An item whose
//! every part is shorter than 8 words is matched by its longest part as a whole, if that has at
//! least 5; one shorter still cannot be told from any text and is counted as too short. A run of
//! words that more than 100 items of one set share is its way of asking, and is left out; so is
//! one that is mostly numbers.

mod build;
mod check;
mod format;
mod index;
mod report;
#[cfg(test)]
mod tests;
mod words;

pub use build::{Builder, Item, Settings};
pub use check::{Hit, Rule, Scratch};
pub use format::FormatError;
pub use index::{Benchmark, Index};
pub use report::{BenchmarkCounts, BenchmarkRow, Contaminated, Met, Report, Tally};
