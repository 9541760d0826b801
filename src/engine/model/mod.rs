//! Architectures: configuration, parameters by name, forward and backward.

mod config;
mod init;
mod layout;
mod llama;
#[cfg(test)]
mod oracle;
mod pass;
mod session;
mod stack;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use init::init;
pub use layout::{Block, Layout, Param};
pub use pass::{Gradient, Pass, Weights};
pub use session::Session;
pub use stack::Use;

/// A model in memory.
pub struct Model {
    /// Its shape.
    pub config: Config,
    /// Every parameter, flat, in the order of its layout.
    pub params: Vec<f32>,
}
