//! Europium: from text on disk to a chatting language model, in one program.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::disallowed_methods))]

pub mod data;
pub mod disk;
pub mod engine;
pub mod event;
pub mod fault;
pub mod hardware;
pub mod lang;
pub mod ledger;
pub mod shard;
pub mod vocab;

#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "tui")]
pub mod tui;
