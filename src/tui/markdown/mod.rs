//! Markdown as rows of a terminal, also while it is still being written.
//!
//! Source -> blocks (`block`) -> text with styles (`inline`, `code`) -> rows (`layout`,
//! `table`); [`Document`] keeps what is finished and does only the last block again. What is
//! read is what models write: CommonMark without HTML, reference links and setext headings, with
//! the tables and the strikethrough of GitHub's dialect, and with line ends kept as they are.
//! The source must be harmless text already, as `widgets::plain` makes it.

mod block;
mod code;
mod document;
mod grammars;
mod inline;
mod layout;
mod table;

pub use document::{Document, code_blocks};
