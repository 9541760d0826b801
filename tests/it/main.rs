//! One integration binary: the real program on real files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

mod bad_input;
mod bad_model;
mod bench;
mod chat;
mod cli;
mod cut_file;
mod evaluation_sets;
mod form;
mod full_disk;
mod generated;
mod house;
mod hub;
mod inspect;
mod pack_alone;
mod parity;
mod picture;
mod prepare_resume;
mod program;
mod prompts;
mod pull;
mod recipes;
mod resume;
mod same_bytes;
mod schemas;
mod serve;
mod settings;
mod terminal;
mod trained;
mod transcripts;
mod view;
mod walk;
