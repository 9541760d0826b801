//! Room: text on disk to tokens on disk.

mod pipeline;

pub use pipeline::Plan;
