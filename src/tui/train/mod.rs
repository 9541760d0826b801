//! The dashboard: stages of `prepare`, a training run live or replayed, and the tour.
//!
//! [`State`] is what happened, [`Look`] how it is shown; both change in `update` and `key`,
//! and the view draws them.

mod facts;
mod history;
mod keys;
mod panes;
#[cfg(test)]
mod screens;
mod state;
mod view;

pub use facts::Outcome;
pub use history::History;
pub use keys::{Dashboard, Look, Options, Pane, run};
pub use state::State;
pub use view::view;
