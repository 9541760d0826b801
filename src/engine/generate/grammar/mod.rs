//! Grammars that an answer must follow: GBNF text or a JSON schema, to rules, to a machine over
//! bytes, to masks over a vocabulary.

mod constraint;
mod lexicon;
mod machine;
mod parse;
mod program;
mod schema;
mod syntax;
#[cfg(test)]
mod tests;
mod utf8;

pub(super) use constraint::Constraint;
pub use lexicon::Lexicon;
pub use syntax::Grammar;
