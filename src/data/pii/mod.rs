//! Personal data.
pub mod ids;
