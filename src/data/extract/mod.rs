//! Main text and facts of a web page: markup -> tree -> what is text of the page -> lines.
//!
//! [`page`] is pure: it opens nothing, keeps nothing, and takes any characters, in time and memory
//! that grow with their number alone.

mod choose;
mod comments;
mod cue;
mod entity;
mod facts;
mod inset;
mod lead;
mod lines;
mod linked;
mod measure;
mod networks;
mod page;
mod phrases;
mod render;
mod root;
mod scan;
mod tag;
#[cfg(test)]
mod tests;
mod tree;
mod vocabulary;

pub use page::{Extracted, Options, page};
