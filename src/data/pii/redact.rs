//! A text rewritten by its spans.

use super::fake::pseudonym;
use super::kind::Span;

/// The secret under which pseudonyms are drawn: who has it can draw them again for a guessed
/// value, who has not cannot.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// A key of at least one byte; 32 random bytes are a good one.
    pub fn new(bytes: &[u8]) -> Option<Key> {
        (!bytes.is_empty()).then(|| Key(bytes.to_vec()))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What is done with what was found.
#[derive(Debug, Clone)]
pub enum Mode {
    /// The text stays; the spans tell.
    Annotate,
    /// The kind in angle brackets stands for the value: `<EMAIL>`.
    Mask,
    /// Something of the same kind and shape stands for it, the same for the same value.
    Pseudonymise(Key),
}

/// The text after `mode`, and where its spans lie in it.
///
/// `spans` must be in order and without overlaps, as [`super::Finder::find`] gives them; one that
/// does not fit the text is left out.
pub fn redact(text: &str, spans: &[Span], mode: &Mode) -> (String, Vec<Span>) {
    let mut out = String::with_capacity(text.len());
    let mut moved = Vec::with_capacity(spans.len());
    let mut done = 0;
    for span in spans {
        let (Some(between), Some(value)) =
            (text.get(done..span.start), text.get(span.start..span.end))
        else {
            continue;
        };
        out.push_str(between);
        let start = out.len();
        match mode {
            Mode::Annotate => out.push_str(value),
            Mode::Mask => out.push_str(span.kind.stand_in()),
            Mode::Pseudonymise(Key(key)) => out.push_str(&pseudonym(value, span, key)),
        }
        moved.push(Span {
            start,
            end: out.len(),
            ..*span
        });
        done = span.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    (out, moved)
}
