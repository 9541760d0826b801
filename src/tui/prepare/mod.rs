//! The browser over a prepared folder: kept and dropped documents, why, and the spans that tell.
//!
//! `state` is what is seen, `keys` changes it, `view` draws it. Documents come from a
//! [`Library`], which whoever opens the screen provides.

mod keys;
#[cfg(test)]
mod screens;
mod state;
mod view;

pub use state::{Browser, Document, Group, Library};
pub use view::view;
