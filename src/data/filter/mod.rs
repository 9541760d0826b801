//! Quality: a record is measured once, then judged by the rules of its language.
//!
//! A family of metrics is a file; a filter is a row of its table. The rules are rows of
//! `assets/thresholds.json`.

mod family;
mod lines;
mod ngrams;
mod quality;
mod repetition;
mod rules;
mod words;

pub use family::{Bound, Check, Meter, Metrics, first_failure, verdict};
pub use rules::Rules;
