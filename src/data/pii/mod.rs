//! Personal data in running text: found, then annotated, masked or replaced by pseudonyms.
//!
//! [`Finder::find`] is one scan that stops at digits and `@` and looks around there. Everything
//! with check digits is checked; what has none needs a word beside it in the text's language
//! (`assets/pii-context.toml`). [`redact`] rewrites a text by its spans. Nothing found is kept:
//! spans are places and kinds, pseudonyms come of a keyed hash.

mod context;
mod email;
mod fake;
mod find;
pub mod ids;
mod kind;
mod mac;
mod national;
mod net;
mod number;
mod phone;
mod place;
mod redact;
mod secret;
#[cfg(test)]
mod tests;

pub use find::Finder;
pub use kind::{Kind, Options, Span, unicode_offsets};
pub use redact::{Key, Mode, redact};
