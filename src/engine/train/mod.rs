//! Tokens to a model: batches, steps, schedule, checkpoints.

mod plan;

pub use plan::{Plan, Schedule};
