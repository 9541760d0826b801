//! The whole of `eu prepare`: read, identify, filter, deduplicate, mix, tokenise, pack.
//!
//! `plan` says what, `walk` does it from top to bottom. First a map: `units` cuts the inputs,
//! `map` takes unit after unit, `judge` and `steps` look at one record, `unit_files` is what a
//! unit leaves. Then all are brought together: `lines` takes boilerplate out, `fates` compares them
//! with each other, `gather` shuffles what stays, `tokens` packs it. `work` remembers what is done,
//! `counts` that nothing is lost, `report` tells. Of `stage`, which takes a step alone, `batches`
//! reads.

mod batches;
mod bucket;
mod counts;
mod domains;
mod enter;
mod estimate;
mod fates;
mod gather;
mod gathered;
mod heldout;
mod judge;
mod learn;
mod lines;
mod map;
mod numbers;
mod output;
mod page;
mod plan;
mod progress;
mod quality;
mod quantity;
mod report;
mod sets;
mod site;
mod sketch;
mod stage;
mod stats;
mod steps;
mod supply;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_crawl;
#[cfg(test)]
mod tests_lines;
#[cfg(test)]
mod tests_plan;
#[cfg(test)]
mod tests_repeats;
#[cfg(test)]
mod tests_sets;
#[cfg(test)]
mod tests_stage;
#[cfg(test)]
mod tests_work;
mod tokens;
mod tools;
mod unit_files;
mod units;
mod walk;
mod work;

pub use domains::DomainRow;
pub use estimate::{Estimate, estimate};
pub use lines::{BoilerplateLine, BoilerplateLines};
pub use plan::{Layout, Model, Plan, Redact, Step};
pub(in crate::data) use quality::own_share;
pub use quantity::{Bytes, ShardOf};
pub use report::{LangRow, Report, StageRow};
pub use sketch::sketch;
pub use stage::{PassedOver, Stage, run_stage};
pub use steps::{Measure, Verdict};
pub use supply::plan_mix;
pub use tokens::vocabulary_cost;
pub(in crate::data) use tools::{bad_words, rules};
pub use walk::{Walked, run};
