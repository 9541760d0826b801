//! One integration binary: the real program on real files.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

mod cli;
mod generated;
mod house;
mod hub;
mod parity;
mod picture;
mod program;
mod pull;
mod recipes;
mod schemas;
mod settings;
mod transcripts;
mod walk;
