//! The user's own rules: a file of thresholds over the built-in ones.
//!
//! ```toml
//! [all]                       # every language
//! min_words = 30
//! [eu24]                      # a set
//! families = ["gopher_quality", "gopher_repetition", "fineweb", "madlad"]
//! [de]                        # one language; the narrower table wins
//! max_dup_lines = 0.25
//! stop_words = ["der", "und", "die"]
//! ```
//! The same as JSON: an object of objects. A key nobody knows is refused with the nearest one.

use std::path::Path;

use serde_json::{Map, Value};

use super::c4;
use super::checks::{FILTERS, Families, Family};
use super::phrases::Phrases;
use super::rules::{MAX_STOP_WORDS, Rules};
use crate::data::error::{Error, Result};
use crate::disk;
use crate::lang::{Lang, edits};

/// The rules of every language; the built-in ones where nothing else was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleBook {
    /// One a language, once any was changed: what judges nothing need not build them.
    rules: Vec<Rules>,
}

/// Keys of a table beside the thresholds.
const OTHER_KEYS: [&str; 8] = [
    "families",
    "stop_words",
    "policy_phrases",
    "cursed_substrings",
    "min_words_per_line",
    "max_word_chars",
    "terminal_punctuation",
    "wds",
];
/// Top-level keys with words for the reader, such as where the thresholds come from.
const COMMENT: &str = "comment";

const HINT: &str = "tables are languages or sets; `eu prepare explain` shows the thresholds' names";

impl RuleBook {
    /// The built-in rules with those of a `.json` or `.toml` file laid over them.
    ///
    /// # Errors
    /// When the file cannot be read, or holds what is no rule.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = disk::read(path)?;
        let json = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("json"));
        Self::parse(&bytes, json)
            .map_err(|what| Error::usage(format!("{}: {what}", path.display()), HINT))
    }

    /// The built-in rules with those in `bytes`, JSON or else TOML, laid over them.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(bytes: &[u8], json: bool) -> std::result::Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|e| format!("is not UTF-8: {e}"))?;
        let told = |e: String| e.trim().replace('\n', " ");
        let tables: Map<String, Value> = match json {
            true => serde_json::from_str(text).map_err(|e| told(e.to_string()))?,
            false => toml::from_str(text).map_err(|e| told(e.to_string()))?,
        };
        let mut chosen = Vec::new();
        for (name, table) in tables {
            if name == COMMENT {
                continue;
            }
            let langs = Lang::select(&[&name]).map_err(|e| e.to_string())?;
            let Value::Object(table) = table else {
                return Err(format!("{name} is no table of rules"));
            };
            chosen.push((name, langs, table));
        }
        // The widest first, so that the narrower wins wherever it stands in the file.
        chosen.sort_by_key(|(_, langs, _)| std::cmp::Reverse(langs.len()));
        let mut book = RuleBook::default();
        for (name, langs, table) in chosen {
            for (key, value) in &table {
                for lang in &langs {
                    let Some(rules) = book.of_mut(lang) else {
                        continue;
                    };
                    set(rules, key, value).map_err(|what| format!("{name}.{key}: {what}"))?;
                }
            }
        }
        Ok(book)
    }

    /// The rules of a language.
    pub fn of(&self, lang: &Lang) -> &Rules {
        self.rules
            .get(lang.index())
            .unwrap_or_else(|| Rules::of(lang))
    }

    /// The rules of a language, to be changed.
    pub fn of_mut(&mut self, lang: &Lang) -> Option<&mut Rules> {
        if self.rules.is_empty() {
            self.rules = Lang::all().iter().map(|l| Rules::of(l).clone()).collect();
        }
        self.rules.get_mut(lang.index())
    }
}

/// Sets one key of one language's rules.
fn set(rules: &mut Rules, key: &str, value: &Value) -> std::result::Result<(), String> {
    let wanted = |what: &str| format!("should be {what}");
    let size = || value.as_u64().and_then(|n| usize::try_from(n).ok());
    match key {
        "families" => {
            let names = strings(value).ok_or_else(|| wanted("a list of families"))?;
            let families: std::result::Result<Families, String> =
                names.iter().map(|name| family(name)).collect();
            rules.families = families?;
        }
        "stop_words" => {
            let words = strings(value).ok_or_else(|| wanted("a list of words"))?;
            if words.len() > MAX_STOP_WORDS {
                return Err(format!("has more than {MAX_STOP_WORDS} words"));
            }
            rules.set_stop_words(&words);
        }
        "policy_phrases" => rules.set_notices(c4::notices(&list(value)?)?),
        "cursed_substrings" => rules.set_cursed(Phrases::new(&list(value)?)?),
        "min_words_per_line" => {
            rules.min_words_per_line = size().ok_or_else(|| wanted("a whole number"))?;
        }
        "max_word_chars" => {
            rules.max_word_chars = size().ok_or_else(|| wanted("a whole number"))?;
        }
        "terminal_punctuation" => {
            rules.terminal_punctuation = value.as_bool().ok_or_else(|| wanted("true or false"))?;
        }
        "wds" => {
            let scale = serde_json::from_value(value.clone());
            rules.wds = scale.map_err(|e| e.to_string())?;
        }
        _ => {
            let number = value.as_f64().filter(|n| !n.is_nan());
            let number = number.ok_or_else(|| wanted("a number"));
            if rules.threshold(key).is_none() {
                return Err(unknown(
                    key,
                    "rule",
                    FILTERS.iter().map(|f| f.key).chain(OTHER_KEYS),
                ));
            }
            rules.set(key, number?);
        }
    }
    Ok(())
}

fn strings(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

fn list(value: &Value) -> std::result::Result<Vec<&str>, String> {
    strings(value).ok_or_else(|| "should be a list of phrases".into())
}

fn family(name: &str) -> std::result::Result<Family, String> {
    Family::find(name).ok_or_else(|| unknown(name, "family", Family::ALL.map(Family::name)))
}

fn unknown<'a>(name: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    // A key from a file may be a book; only its beginning is compared and told.
    let name: String = name.chars().take(40).collect();
    let nearest = known
        .into_iter()
        .map(|known| (edits(&name, known), known))
        .min();
    match nearest {
        Some((distance, nearest)) if distance <= 6.min(name.len() / 2) => {
            format!("no such {what}, did you mean {nearest}?")
        }
        _ => format!("no such {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml(text: &str) -> std::result::Result<RuleBook, String> {
        RuleBook::parse(text.as_bytes(), false)
    }

    #[test]
    fn a_file_is_laid_over_the_built_in_rules_and_the_narrower_table_wins() {
        let book = toml(
            "comment = 'mine'\n[de]\nmin_words = 10\nstop_words = ['der', 'die']\n\
             [all]\nmin_words = 30\nfamilies = ['c4']\n[eu24]\nmin_words = 20\n",
        );
        let book = book.unwrap();
        let of = |code: &str| book.of(Lang::find(code).unwrap());
        let words = |code| of(code).threshold("min_words");
        assert_eq!(
            [words("de"), words("fr"), words("is")],
            [10.0, 20.0, 30.0].map(Some)
        );
        assert!(of("de").families.has(Family::C4) && !of("de").families.has(Family::Fineweb));
        assert_eq!(
            (of("de").n_stop_words(), of("fr").threshold("max_words")),
            (2, Some(1e5))
        );
        let json = br#"{"de": {"max_dup_lines": 0.2, "terminal_punctuation": true}}"#;
        let book = RuleBook::parse(json, true).unwrap();
        assert!(book.of(Lang::find("de").unwrap()).terminal_punctuation);
        assert_eq!(RuleBook::parse(b"{}", true).unwrap(), RuleBook::default());
    }

    #[test]
    fn what_is_no_rule_is_refused_with_the_nearest() {
        for (text, told) in [
            (
                "[de]\nmin_word = 1",
                "de.min_word: no such rule, did you mean min_words?",
            ),
            ("[de]\nqqqqqqqqqqqq = 1", "de.qqqqqqqqqqqq: no such rule"),
            (
                "[deu_Lat]\nmin_words = 1",
                "unknown language \"deu_Lat\", did you mean \"deu_Latn\"?",
            ),
            (
                "[de]\nfamilies = ['goffer_quality']",
                "de.families: no such family, did you mean gopher_quality?",
            ),
            (
                "[de]\nmin_words = 'many'",
                "de.min_words: should be a number",
            ),
            ("[de]\nmin_words = nan", "de.min_words: should be a number"),
            ("de = 3", "de is no table of rules"),
            (
                "[de]\nstop_words = [1]",
                "de.stop_words: should be a list of words",
            ),
        ] {
            assert_eq!(toml(text).unwrap_err(), told);
        }
        assert!(RuleBook::parse(b"\xff", true).is_err());
        assert!(RuleBook::parse("[".repeat(1_000_000).as_bytes(), true).is_err());
        assert!(RuleBook::parse("[".repeat(100_000).as_bytes(), false).is_err());
    }
}
