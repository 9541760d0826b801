//! Quality: a record is measured once, then judged by the rules of its language.
//!
//! [`Meter`] gives [`Metrics`]; a filter is a row of [`FILTERS`]; the thresholds are rows of
//! `assets/thresholds.json`, or of a file of the user's. [`calibrate`] derives thresholds from
//! reference text, [`whatif`] tells what they would drop.

mod bad_words;
mod c4;
pub mod calibrate;
mod checks;
mod flags;
mod lines;
mod load;
mod madlad;
mod metrics;
mod ngrams;
mod phrases;
mod quality;
mod repetition;
mod rules;
mod spans;
#[cfg(test)]
mod tests;
mod wds;
pub mod whatif;
mod words;

pub use bad_words::BadWords;
pub use c4::{Cleaned, Removed, clean};
pub use checks::{
    Bound, Check, FILTERS, Families, Family, Filter, N_FILTERS, first_failure, verdict,
};
pub use load::RuleBook;
pub use metrics::{Known, Meter, Metrics};
pub use rules::Rules;
pub use spans::spans;
pub use wds::{Scale, Scores};
