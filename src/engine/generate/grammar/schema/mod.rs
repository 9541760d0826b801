//! JSON schemas (draft 2020-12, the parts that can be written from left to right) to rules.
//!
//! What is written is always valid under the schema; not everything that is valid can be written:
//! members come in the order of the schema, and nothing it does not name is added. A key that
//! would change what is valid and is not understood is refused by its name.

mod merge;
mod number;
mod object;
mod pattern;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod translate;

pub(super) use translate::rules;
