//! The conversation: what was said, what is being written, and both drawn.

mod history;
mod keys;
mod obey;
mod panel;
#[cfg(test)]
mod screens;
mod state;
#[cfg(test)]
mod tests;
mod transcript;
mod view;

pub use keys::{Chat, run};
pub use state::{ChatInfo, Setting, State};
pub use view::view;
