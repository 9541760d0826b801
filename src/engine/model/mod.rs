//! Architectures: configuration, parameters by name, forward and backward.

mod config;

pub use config::Config;

/// A model in memory.
pub struct Model {
    /// Its shape.
    pub config: Config,
    /// Every parameter, flat, in the order of its layout.
    pub params: Vec<f32>,
}
