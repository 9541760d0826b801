//! The words beside a number: what a language calls a telephone, an identity card, a plate.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::ids::Scheme;
use crate::lang::Lang;

/// What a word says of the number after it.
pub(super) mod says {
    /// A telephone.
    pub(crate) const PHONE: u8 = 1;
    /// A person's identity or tax number.
    pub(crate) const ID: u8 = 2;
    /// A licence plate.
    pub(crate) const PLATE: u8 = 4;
    /// Coordinates.
    pub(crate) const PLACE: u8 = 8;
    /// A host of the internet.
    pub(crate) const HOST: u8 = 16;
    /// Something else: a book, a paper, a piece of software.
    pub(crate) const OTHER: u8 = 32;
}

/// Words of every language for hosts, and after which a number is something else's.
const HOSTS: [&str; 5] = ["ip", "ipv4", "ipv6", "host", "server"];
const OTHERS: [&str; 16] = [
    "isbn", "issn", "doi", "arxiv", "pmid", "ean", "gtin", "upc", "version", "commit", "bug",
    "issue", "ticket", "build", "oclc", "orcid",
];

/// A language's row of `assets/pii-context.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Words {
    code: String,
    /// Where it is written, ISO 3166-1, the first weighs most.
    pub(super) countries: Vec<String>,
    phone: Vec<String>,
    id: Vec<String>,
    plate: Vec<String>,
    place: Vec<String>,
    #[serde(skip)]
    search: OnceLock<Option<Search>>,
    /// The schemes looked for where the language is written, each with its country's rank.
    #[serde(skip)]
    pub(super) schemes: OnceLock<Vec<(&'static Scheme, usize)>>,
}

/// All words of a language in one automaton.
#[derive(Debug)]
struct Search {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    says: u8,
    /// Begins with a letter: what stands before must not be one.
    begins: bool,
    /// Four letters or fewer: what follows must not be one either.
    whole: bool,
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

/// How far before a number its word may stand, in bytes.
const REACH: usize = 56;

impl Words {
    /// The row of `lang`; of no language, the words of all.
    pub(super) fn of(lang: Option<&Lang>) -> &'static Words {
        let row = lang.and_then(|lang| TABLE.language.iter().find(|row| row.code == lang.code));
        row.unwrap_or(&TABLE.any)
    }

    /// Codes of the languages that have a row.
    #[cfg(test)]
    fn codes() -> impl Iterator<Item = &'static str> {
        TABLE.language.iter().map(|row| row.code.as_str())
    }

    /// The language's words and those of every language, with what they say.
    fn said(&self) -> BTreeMap<&str, u8> {
        let mut said = BTreeMap::new();
        for row in [&TABLE.any, self] {
            let lists = [
                (&row.phone, says::PHONE),
                (&row.id, says::ID),
                (&row.plate, says::PLATE),
                (&row.place, says::PLACE),
            ];
            for (list, what) in lists {
                for word in list {
                    *said.entry(word.as_str()).or_insert(0) |= what;
                }
            }
        }
        for (list, what) in [(&HOSTS[..], says::HOST), (&OTHERS[..], says::OTHER)] {
            for word in list {
                *said.entry(word).or_insert(0) |= what;
            }
        }
        said
    }

    fn search(&self) -> Option<&Search> {
        let search = self.search.get_or_init(|| {
            let said = self.said();
            let word = |(word, says): (&&str, &u8)| Word {
                says: *says,
                begins: word.starts_with(char::is_alphabetic),
                whole: word.chars().count() <= 4 && word.ends_with(char::is_alphabetic),
            };
            let words = said.iter().map(word).collect();
            let automaton = AhoCorasick::new(said.keys()).ok()?;
            Some(Search { automaton, words })
        });
        search.as_ref()
    }
}

/// What the words just before a place say: as far as a word may reach, within its line and
/// sentence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before(u8);

impl Before {
    /// What is said before byte `at`.
    pub(super) fn new(text: &str, at: usize, words: &Words) -> Self {
        let mut from = at.saturating_sub(REACH);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let near = text.get(from..at).unwrap_or_default();
        let near = near.rsplit(['\n', '\r']).next().unwrap_or_default();
        let near = sentence(near);
        let Some(search) = words.search().filter(|_| near.len() > 1) else {
            return Before(0);
        };
        let near = near.to_lowercase();
        let mut said = 0;
        for found in search.automaton.find_overlapping_iter(&near) {
            let (head, tail) = (near.get(..found.start()), near.get(found.end()..));
            let (Some(head), Some(tail), Some(word)) =
                (head, tail, search.words.get(found.pattern().as_usize()))
            else {
                continue;
            };
            let glued = word.begins && head.ends_with(char::is_alphabetic);
            let longer = word.whole && tail.starts_with(char::is_alphabetic);
            said |= if glued || longer { 0 } else { word.says };
        }
        Before(said)
    }

    /// Whether something of `what` is said.
    pub(super) fn says(self, what: u8) -> bool {
        self.0 & what != 0
    }
}

/// The part after the last end of a sentence. A label is none: one or two words and a stop, then
/// at once the number.
fn sentence(near: &str) -> &str {
    let start = sentence_end(near);
    let tail = near.get(start..).unwrap_or_default();
    if start == 0 || !tail.trim().is_empty() {
        return tail;
    }
    let head = near.get(..start).unwrap_or_default();
    let label = head.trim_end_matches(['.', '!', '?', '…']);
    let from = sentence_end(label);
    let words = label.get(from..).unwrap_or_default().split_whitespace();
    // Nothing before it within reach: the line begins here.
    let begins = from > 0 || near.len() + 4 < REACH;
    let short = head.ends_with('.') && begins && words.count() <= 2;
    near.get(if short { from } else { start }..)
        .unwrap_or_default()
}

/// Where the last sentence ends: after a mark, or a full stop behind a word too long to be an
/// abbreviation and before a space; 0 if none ends here.
fn sentence_end(near: &str) -> usize {
    let quotes = ['"', '\u{201d}', '\u{201c}', '\u{2019}', '»', ')'];
    for (at, mark) in near.rmatch_indices(['.', '!', '?', '…']) {
        let (head, tail) = (&near[..at], &near[at + mark.len()..]);
        let before = head.chars().rev().take(6);
        let letters = before.take_while(|c| c.is_alphanumeric()).count();
        let spaced = tail.trim_start_matches(quotes).starts_with(' ');
        if mark != "." || spaced && (letters == 0 || letters > 5) {
            return at + mark.len();
        }
    }
    0
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
        let says = |text: &str| Before::new(text, text.len(), hungarian).says(says::PHONE);
        assert!(says("Telefonszám: ") && says("Tel. ") && says("☎ ") && says("(tel.:"));
        assert!(says("Telefon. "));
        assert!(says("Egy emberke. Telefon. ") && !says("Volt egy fekete telefon. "));
        assert!(!says("hotel ") && !says("Volt egy telefonom. A ház ") && !says("telefon\n"));
        assert!(Before::new("ISBN 1", 5, hungarian).says(says::OTHER));
        let greek = "ΤΗΛΈΦΩΝΟ ";
        let words = Words::of(Lang::find("el"));
        assert!(Before::new(greek, greek.len(), words).says(says::PHONE));
    }
}
