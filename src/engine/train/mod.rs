//! Tokens to a model: batches, steps, schedule, checkpoints.
//!
//! [`run`] is the loop, read from top to bottom; everything it calls is a file of its own.

mod batch;
mod bench;
mod checkpoint;
mod estimate;
mod heldout;
mod learner;
mod plan;
mod prepared;
mod resume;
mod run;
mod schedule;
mod start;

#[cfg(test)]
mod curve;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use batch::{Batch, Batches, Cursor};
pub use bench::{Bench, bench};
pub(super) use checkpoint::newest as newest_checkpoint;
pub use estimate::{Estimate, estimate};
pub use heldout::Scores;
pub use learner::{Learner, Made};
pub use plan::{Optimizer, Plan, Schedule};
pub use run::{Report, run};
pub use schedule::learning_rate;
