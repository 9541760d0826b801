//! Files to records: JSON lines, plain text, folders of either.
//!
//! Damaged input is an error that names file and line; nothing is passed over in silence.

mod kind;
mod records;

pub use records::{Records, files, records};
