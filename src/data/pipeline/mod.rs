//! The whole of `eu prepare`: read, identify, filter, deduplicate, mix, tokenise, pack.
//!
//! `plan` says what, `walk` does it from top to bottom, `steps` are the judgements over one
//! record, `tally` counts that none is lost, `output` and `report` are what is left on disk.

mod copies;
mod estimate;
mod heldout;
mod output;
mod plan;
mod report;
mod stage;
mod steps;
mod tally;
#[cfg(test)]
mod tests;
mod tokens;
mod walk;

pub use estimate::{Estimate, estimate};
pub use plan::Plan;
pub use report::{LangRow, Report, StageRow};
pub use stage::{Stage, run_stage};
pub use steps::Verdict;
pub use walk::run;
