//! The table of cases every executor must pass: values and gradients against the reference in f64,
//! gradients of the reference against finite differences, speed, and the same bytes for any number of
//! threads. The tests walk it; `cargo bench --bench ops` and `eu doctor --ops` print it.
//!
//! An operation here is a function from some buffers to one buffer, and its backward pass a
//! function from the gradient of the latter to those of the former. Add a row to [`cases`] for every
//! shape that ever went wrong.

mod case;
mod cases;
mod check;
#[allow(unsafe_code)] // tiles exist in assembly alone
mod peak;
mod report;
mod run;
mod speed;
#[cfg(test)]
mod tests;

pub use case::{Case, Ignored};
pub use cases::cases;
pub use check::{Check, check, finite_differences};
pub use peak::{Peak, peak};
pub use report::{Report, Row, report};
pub use speed::{Speed, speed, speed_cases};
