//! The porch: the only room that knows the others.
//!
//! Each subcommand is one file: what was typed ([`cli`], `Args`) → what will be done (the `Plan`
//! of the room that does it) → run. Everything printed goes through [`out`]; everything that
//! fails becomes an exit code in [`fail`]; every setting is looked up in [`settings`].

pub mod browse;
pub mod chat;
mod chat_bench;
pub mod cli;
pub mod completions;
mod dispatch;
pub mod doctor;
pub mod eval;
pub mod fail;
pub mod init;
pub mod inspect;
pub mod langid;
mod losses;
pub mod man;
pub mod mix;
pub mod model;
pub mod out;
pub mod pack;
pub mod prepare;
pub mod preview;
pub mod pull;
pub mod quantize;
pub mod run_log;
pub mod serve;
pub mod settings;
pub mod signals;
pub mod sinks;
pub mod stages;
pub mod table;
pub mod text;
pub mod tour;
pub mod train;
pub mod vocabulary;
pub mod watch;

pub use dispatch::main;
