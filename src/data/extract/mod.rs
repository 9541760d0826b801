//! Main text and facts of a web page.
//!
//! `scan` reads tokens, `tree` puts them in one array, `cue` notes what class names say, `facts`
//! what the page says of itself; `measure` counts text, links and prose for every element; `choose`
//! drops what is around the text, finds the element that holds it (`root`), drops what is set into
//! it (`inset`), and adds its `lead`; `lines` has the last look. [`page`] is pure: it opens nothing,
//! keeps nothing, and takes any characters, in time and memory that grow with their number alone.

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
