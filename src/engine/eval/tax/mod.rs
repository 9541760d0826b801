//! What one model lost beside another, as a file in fewer bits does beside the model it was made
//! of: both read the same text at once, and no logits are written down.

mod compare;
#[cfg(test)]
mod parity;
mod plot;
mod report;
mod statistics;
#[cfg(test)]
pub(super) mod tests;

pub use compare::{Compared, compare};
pub use plot::{svg, write as write_plot};
pub use report::{Interval, Loss, MeanLoss};
