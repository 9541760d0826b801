//! The browser over a prepared folder: kept and dropped documents, why, and the spans that tell.
//!
//! Documents come from a [`Library`], which whoever opens the screen provides. `state` is what is
//! seen, `shown` one document of it, `keys` changes it, `view` draws it. Held are the beginnings
//! of some hundred documents and one document, however many there are.

mod keys;
mod library;
#[cfg(test)]
mod screens;
mod shown;
mod state;
mod view;

pub use library::{Beginnings, Check, Document, Found, Group, Library, Totals};
pub use state::Browser;
pub use view::view;
