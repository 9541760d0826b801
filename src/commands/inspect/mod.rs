//! `eu inspect`: what is this file, who are its parents, is it whole.

mod files;
mod folders;
mod importance;
mod pieces;
mod report;
mod suspect;
mod weights;

pub use report::{Args, run};
