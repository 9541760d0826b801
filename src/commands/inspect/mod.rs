//! `eu inspect`: what is this file, who are its parents, is it whole.

mod files;
mod folders;
mod report;

pub use report::{Args, run};
