//! Text that others wrote, within a rendered template: names of special tokens in it stay text, so
//! that nobody ends a turn, or begins one of the system's, but the template.

use std::borrow::Cow;

use super::Vocab;

/// Stands behind the first character of a name that is to stay text. No text has it: it is a
/// noncharacter (Unicode 23.7).
const SHIELD: char = '\u{fdd0}';

impl Vocab {
    /// A text to be put into a template, such that [`Vocab::encode_with_specials`] reads what it
    /// has of names of special tokens as it is written.
    pub fn shielded<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let places = self.marks.places(text, |id| self.is_special(id));
        if places.is_empty() {
            return text.into();
        }
        let mut shielded = String::with_capacity(text.len() + 3 * places.len());
        let mut places = places.into_iter().peekable();
        for (at, c) in text.char_indices() {
            shielded.push(c);
            if places.next_if_eq(&at).is_some() {
                shielded.push(SHIELD);
            }
        }
        shielded.into()
    }
}

/// A text as it was before it was shielded.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    match text.contains(SHIELD) {
        true => text.replace(SHIELD, "").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Four letters, and two special tokens that overlap.
    fn vocab() -> Vocab {
        let special = |id: u32, text: &str| {
            format!(
                r#"{{"id": {id}, "content": "{text}", "special": true, "single_word": false,
                    "lstrip": false, "rstrip": false, "normalized": false}}"#
            )
        };
        let json = format!(
            r#"{{"version": "1.0", "added_tokens": [{}, {}],
                "model": {{"type": "BPE", "merges": [],
                    "vocab": {{"a": 0, "<": 1, "s": 2, ">": 3, "<s>": 4, "s>a": 5}}}}}}"#,
            special(4, "<s>"),
            special(5, "s>a"),
        );
        Vocab::from_json(json.as_bytes(), Path::new("t.json")).unwrap()
    }

    #[test]
    fn names_of_special_tokens_that_others_wrote_stay_text() {
        let vocab = vocab();
        for (text, ids) in [
            ("a", vec![0]),
            ("<s>", vec![1, 2, 3]),
            ("<<s>s>", vec![1, 1, 2, 3, 2, 3]),
            ("<s><s>a", vec![1, 2, 3, 1, 2, 3, 0]),
        ] {
            let rendered = format!("<s>{}<s>", vocab.shielded(text));
            let ids = [&[4][..], &ids, &[4]].concat();
            assert_eq!(
                vocab.encode_with_specials(&rendered).unwrap(),
                ids,
                "{text}"
            );
        }
        assert!(matches!(vocab.shielded("a > s"), Cow::Borrowed(_)));
        // What was shielded before is no way around it.
        let twice = vocab.shielded("<\u{fdd0}s>");
        assert_eq!(vocab.encode_with_specials(&twice).unwrap(), [1, 2, 3]);
    }
}
