//! GGUF v3: the container of edge models, read and written.
//!
//! A file is a header (metadata, then a table of tensors) and the tensors' data, aligned.
//! [`Header`] parses the former with every length checked against the file before anything is
//! allocated; [`load`] makes a model with its vocabulary of the whole; [`Draft`] writes one.

mod blocks;
mod kind;
mod load;
mod metadata;
mod names;
mod parts;
mod read;
mod tokens;
mod value;
mod words;
mod write;

pub(super) use blocks::UNEVEN;
pub use kind::Kind;
pub use load::load;
pub(super) use load::{ARCHITECTURE, CHAT_TEMPLATE_KEY, chat_template};
pub use metadata::Metadata;
pub(super) use names::is_rotated;
pub use names::{from_gguf, interleave, split_halves, to_gguf};
pub use parts::Parts;
pub use read::{Header, TensorInfo};
pub use tokens::vocab_from;
pub use value::{Value, ValueKind};
pub use words::{Words, find_pre, words_of};
pub use write::Draft;
