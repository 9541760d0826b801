//! The conversation: what was said, what is being written, and both drawn.

mod keys;
#[cfg(test)]
mod screens;
mod slash;
mod state;
mod view;

pub use keys::{Chat, run};
pub use state::{ChatInfo, State};
pub use view::view;
