//! A conversation: its messages as a tree, the lines it is kept in, what `/` commands mean.
//!
//! A question that is edited and an answer that is made again stand beside what was there before;
//! one path from a root to a leaf is what is seen and what the model reads. Nothing here does
//! input or output: the screen and the plain lines of `eu chat` work on the same tree.

mod command;
mod record;
mod tree;

pub use command::{COMMANDS, Command, Row, Typed, complete, help, read, row_of};
pub use record::{Kept, MAX_NAME_BYTES, is_name, line_of, line_of_head, lines_of, read_lines};
pub use tree::{Node, Refused, Role, Tree, Turn};
