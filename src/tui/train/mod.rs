//! The dashboard: stages of `prepare`, a training run live or replayed, and the tour.
//!
//! [`State`] is what happened, [`Look`] how it is shown; both change in `update` and `key`,
//! and the view draws them.

mod history;
mod keys;
mod panes;
mod state;
mod view;

pub use history::History;
pub use keys::{Dashboard, Look, Options, Pane, run};
pub use state::{Outcome, State};
pub use view::view;
