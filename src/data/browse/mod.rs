//! A prepared folder to look into: documents by language and by the reason they were dropped for.
//!
//! `folder` knows the groups and what the report counts, `lines` reads a file from any frame,
//! `document` is what is told of one record, `find` seeks one by its id. Nothing is held but where
//! frames begin, so that a folder of any size opens at once.

mod document;
mod find;
mod folder;
mod lines;
#[cfg(test)]
mod tests;

pub use document::{Document, MAX_TEXT_BYTES};
pub use find::find;
pub use folder::{Folder, Found, Group, Totals};
