//! The words beside a number: what a language calls a telephone, an identity card, a plate.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::lang::Lang;

/// A language's row of `assets/pii-context.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Words {
    code: String,
    /// Where it is written, ISO 3166-1, the first weighs most.
    pub(super) countries: Vec<String>,
    pub(super) phone: Vec<String>,
    pub(super) id: Vec<String>,
    pub(super) plate: Vec<String>,
    pub(super) place: Vec<String>,
}

#[derive(Deserialize)]
struct Table {
    any: Words,
    language: Vec<Words>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../assets/pii-context.toml"))
        .expect("the embedded table is checked by a test")
});

/// Words after which a number is something else's: a book, a paper, a piece of software.
const OTHERS: [&str; 16] = [
    "isbn", "issn", "doi", "arxiv", "pmid", "ean", "gtin", "upc", "version", "commit", "bug",
    "issue", "ticket", "build", "oclc", "orcid",
];

/// How far before a number its word may stand, in bytes.
const REACH: usize = 56;

impl Words {
    /// The row of `lang`; of no language, an empty one.
    pub(super) fn of(lang: Option<&Lang>) -> &'static Words {
        let row = lang.and_then(|lang| TABLE.language.iter().find(|row| row.code == lang.code));
        row.unwrap_or(&TABLE.any)
    }

    /// Codes of the languages that have a row.
    #[cfg(test)]
    pub(super) fn codes() -> impl Iterator<Item = &'static str> {
        TABLE.language.iter().map(|row| row.code.as_str())
    }
}

/// The text just before a place, in small letters: as far as a word may reach, within its line
/// and sentence.
#[derive(Debug, Default)]
pub(super) struct Before {
    text: String,
}

impl Before {
    /// What stands before byte `at`.
    pub(super) fn new(text: &str, at: usize) -> Self {
        let mut from = at.saturating_sub(REACH);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let near = text.get(from..at).unwrap_or_default();
        let near = near.rsplit(['\n', '\r']).next().unwrap_or_default();
        Before {
            text: sentence(near).to_lowercase(),
        }
    }

    /// Whether one of the language's words, or of every language's, stands here.
    pub(super) fn has(&self, words: &'static Words, list: fn(&Words) -> &Vec<String>) -> bool {
        let any = list(&TABLE.any).iter().chain(list(words));
        any.map(String::as_str).any(|word| self.holds(word))
    }

    /// Whether a word says that the number is no person's.
    pub(super) fn other(&self) -> bool {
        OTHERS.iter().any(|word| self.holds(word))
    }

    /// Whether `word` begins here at the beginning of a word; a short one must be the whole.
    pub(super) fn holds(&self, word: &str) -> bool {
        let lettered = word.starts_with(char::is_alphabetic);
        self.text.match_indices(word).any(|(at, _)| {
            let (head, tail) = (&self.text[..at], &self.text[at + word.len()..]);
            let begins = !lettered || !head.ends_with(char::is_alphabetic);
            let short = word.chars().count() <= 4 && word.ends_with(char::is_alphabetic);
            begins && !(short && tail.starts_with(char::is_alphabetic))
        })
    }
}

/// The part after the last end of a sentence: a full stop after a word too long to be an
/// abbreviation, then a space.
fn sentence(near: &str) -> &str {
    let ends = near.char_indices().filter(|(at, c)| {
        let rest = near[at + c.len_utf8()..]
            .trim_start_matches(['"', '\u{201d}', '\u{201c}', '\u{2019}', '»', ')']);
        let word = near[..*at]
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric())
            .count();
        let long = word > 5 || word == 0;
        matches!(c, '!' | '?' | '…') || *c == '.' && long && rest.starts_with(' ')
    });
    let cut = ends.last().map_or(0, |(at, c)| at + c.len_utf8());
    &near[cut..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_row_with_words() {
        let codes: Vec<&str> = Words::codes().collect();
        assert_eq!(codes.len(), Lang::all().len());
        for lang in Lang::all() {
            let words = Words::of(Some(lang));
            assert_eq!(words.code, lang.code);
            for list in [
                &words.countries,
                &words.phone,
                &words.id,
                &words.plate,
                &words.place,
            ] {
                assert!(!list.is_empty(), "{}", lang.code);
                assert!(list.iter().all(|w| *w == w.to_lowercase()), "{}", lang.code);
            }
        }
    }

    #[test]
    fn a_word_counts_in_its_sentence_and_from_its_beginning() {
        let hungarian = Words::of(Lang::find("hu"));
        let has = |text: &str| Before::new(text, text.len()).has(hungarian, |w| &w.phone);
        assert!(has("Telefonszám: ") && has("Tel. ") && has("☎ ") && has("(tel.:"));
        assert!(!has("hotel ") && !has("Volt egy telefonom. A ház ") && !has("telefon\n"));
        assert!(Before::new("ISBN 1", 5).other());
        let greek = "ΤΗΛΈΦΩΝΟ ";
        assert!(Before::new(greek, greek.len()).has(Words::of(Lang::find("el")), |w| &w.phone));
    }
}
