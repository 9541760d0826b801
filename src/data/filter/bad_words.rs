//! Words nobody wants to read, from lists the user gives (C4's filter); none is built in.

use std::path::Path;

use super::phrases::Phrases;
use crate::data::error::{Error, Result};
use crate::disk;
use crate::letters::Class;

/// The bad words of one language. A phrase counts where no letter or digit touches it.
#[derive(Debug, Clone, PartialEq)]
pub struct BadWords(Phrases);

impl BadWords {
    /// Reads a list: one word or phrase a line, in UTF-8; lines that begin with `#` do not count.
    ///
    /// # Errors
    /// When the file cannot be read or is no list of phrases.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = disk::read(path)?;
        let wrong = |line: u64, what: String| Error::line(path, line, what, LIST_HINT);
        let text = std::str::from_utf8(&bytes).map_err(|e| {
            let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|b| **b == b'\n').count() as u64 + 1;
            wrong(line, "is not UTF-8".into())
        })?;
        Self::parse(text).map_err(|what| wrong(1, what))
    }

    /// The list in `text`.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let phrases = lines
            .filter(|line| !line.starts_with('#'))
            .map(str::to_lowercase);
        Phrases::new(&phrases.collect::<Vec<_>>()).map(BadWords)
    }

    /// How often they occur in `text`.
    pub fn count(&self, text: &str) -> u64 {
        // ASCII matches in either case as it is; other letters must be made small.
        if text.is_ascii() {
            self.count_in(text)
        } else {
            self.count_in(&text.to_lowercase())
        }
    }

    fn count_in(&self, text: &str) -> u64 {
        let is_word = |c: Option<char>| c.is_some_and(|c| Class::of(c).is_word());
        let alone = |&(begin, end): &(usize, usize)| {
            let before = text.get(..begin).and_then(|t| t.chars().next_back());
            let after = text.get(end..).and_then(|t| t.chars().next());
            !is_word(before) && !is_word(after)
        };
        self.0.all(text).filter(alone).count() as u64
    }
}

const LIST_HINT: &str = "a list of bad words has one word or phrase a line, in UTF-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_and_phrases_count_in_either_case() {
        let list = BadWords::parse("# a list\nmist\nzum  kuckuck\n\nŽLUŤ\n").unwrap();
        assert_eq!(list.count("So ein Mist! Mistgabel, mist"), 2);
        assert_eq!(list.count("žluť ŽLUŤ žluťoučký"), 2);
        assert_eq!(list.count(""), 0);
        assert_eq!(BadWords::parse("").unwrap().count("mist"), 0);
        assert!(BadWords::parse(&"x".repeat(2000)).is_err());
    }

    #[test]
    fn a_list_that_is_none_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("de.txt");
        disk::replace_bytes(&path, b"gut\n\xff\xfe\n").unwrap();
        let error = BadWords::load(&path).unwrap_err().to_string();
        assert!(error.ends_with("de.txt:2: is not UTF-8"), "{error}");
    }
}
