//! Room: text on disk to tokens on disk.

pub mod langid;
mod pipeline;

pub use pipeline::Plan;
