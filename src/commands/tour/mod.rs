//! `eu tour`: all five stages on the embedded corpus, each by the very command it prints.
//!
//! Every stage is a command line that is shown, then parsed and run like one that was typed:
//! what the reader copies is what the tour did.

mod route;
mod told;
mod walk;

pub use walk::{Args, run};
