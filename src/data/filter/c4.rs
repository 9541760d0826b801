//! Lines that are no text (C4, arXiv 1910.10683, section 2.2, with the bounds of its code):
//! removed one by one, and the text dropped where too little is left.

use std::sync::LazyLock;

use memchr::memmem;
use serde::Serialize;

use super::metrics::{Metrics, ratio};
use super::phrases::Phrases;
use super::rules::Rules;
use super::words::ends_sentence;

/// A text without the lines that C4 removes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cleaned {
    /// What is left, one line each.
    pub text: String,
    /// Lines that are not blank, before.
    pub n_lines: u64,
    /// Lines removed, by why.
    pub removed: Removed,
}

/// How many lines were removed, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// A word is too long.
    pub long_word: u64,
    /// No terminal punctuation at the end.
    pub no_stop: u64,
    /// Too few words.
    pub few_words: u64,
    /// Speaks of JavaScript.
    pub javascript: u64,
    /// A notice about cookies or terms.
    pub policy: u64,
}

impl Removed {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.long_word + self.no_stop + self.few_words + self.javascript + self.policy
    }

    fn count(&mut self, why: Why) {
        *match why {
            Why::LongWord => &mut self.long_word,
            Why::NoStop => &mut self.no_stop,
            Why::FewWords => &mut self.few_words,
            Why::Javascript => &mut self.javascript,
            Why::Policy => &mut self.policy,
        } += 1;
    }
}

/// Why a line is removed.
#[derive(Clone, Copy)]
enum Why {
    LongWord,
    NoStop,
    FewWords,
    Javascript,
    Policy,
}

/// Removes the lines of `text` that C4's rules remove, and marks of citation (`[12]`, `[edit]`).
pub fn clean(text: &str, rules: &Rules) -> Cleaned {
    let mut cleaned = Cleaned::default();
    for line in lines(text) {
        cleaned.n_lines += 1;
        match judge(line, rules) {
            Some(why) => cleaned.removed.count(why),
            None => {
                if !cleaned.text.is_empty() {
                    cleaned.text.push('\n');
                }
                without_citations(line, &mut cleaned.text);
            }
        }
    }
    cleaned
}

/// Metrics of the lines that are kept.
pub(super) fn measure(text: &str, rules: &Rules, metrics: &mut Metrics) {
    let (mut n_lines, mut n_kept, mut n_sentences, mut n_brackets) = (0, 0, 0, 0);
    for line in lines(text) {
        n_lines += 1;
        if judge(line, rules).is_none() {
            n_kept += 1;
            n_sentences += count_sentences(line);
            n_brackets += memchr::memchr_iter(b'{', line.as_bytes()).count();
        }
    }
    metrics.c4_sentences = n_sentences;
    metrics.c4_removed_lines = ratio(n_lines - n_kept, n_lines);
    metrics.curly_brackets = n_brackets as u64;
    metrics.lorem_ipsum = LOREM_IPSUM.places(text).count() as u64;
}

static LOREM_IPSUM: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::new(&["lorem ipsum"]).expect("one short phrase"));
static JAVASCRIPT: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::new(&["javascript"]).expect("one short phrase"));

/// Lines that are not blank, without the space around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty())
}

fn judge(line: &str, rules: &Rules) -> Option<Why> {
    let mut n_words = 0;
    for word in line.split_whitespace() {
        n_words += 1;
        // Bytes are at least as many as characters: most words are not counted.
        if word.len() > rules.max_word_chars && word.chars().count() > rules.max_word_chars {
            return Some(Why::LongWord);
        }
    }
    let end = line.trim_end_matches(']');
    let stopped = end.ends_with(|c| ends_sentence(c) || "\"'”“»’".contains(c));
    if rules.terminal_punctuation && (!stopped || line.ends_with("...")) {
        return Some(Why::NoStop);
    }
    if n_words < rules.min_words_per_line {
        return Some(Why::FewWords);
    }
    if JAVASCRIPT.is_in(line) {
        return Some(Why::Javascript);
    }
    rules.policy().is_in(line).then_some(Why::Policy)
}

/// Sentences of a line: a stop before white space ends one, and so does the line.
fn count_sentences(line: &str) -> u64 {
    let (mut n, mut stopped, mut open) = (0, false, false);
    for c in line.chars() {
        if c.is_whitespace() {
            n += u64::from(stopped);
            open &= !stopped;
            stopped = false;
        } else if ends_sentence(c) || c == '…' {
            stopped = true;
        } else if !")]\"'”“»’".contains(c) {
            (stopped, open) = (false, true);
        }
    }
    n + u64::from(open || stopped)
}

/// Appends `line` without marks of citation.
fn without_citations(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some(at) = memmem::find(rest.as_bytes(), b"[") {
        let (before, mark) = rest.split_at(at);
        out.push_str(before);
        let inside = mark.get(1..).unwrap_or_default();
        let digits = inside.len()
            - inside
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .len();
        let len = ["edit]", "citation needed]"]
            .into_iter()
            .find(|m| inside.starts_with(m));
        let len = match inside.as_bytes().get(digits) {
            Some(b']') => Some(digits + 1),
            _ => len.map(str::len),
        };
        match len {
            Some(len) => rest = inside.get(len..).unwrap_or_default(),
            None => {
                out.push('[');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn lines_that_are_no_text_are_removed_and_counted() {
        let text = "Une phrase comme une autre.[12] Et encore [edit] une [a] autre.\n\nMenu\n\
                    Please enable JavaScript now.\nThis site uses Cookies to serve you.\n  Trois mots ici  ";
        let mut rules = Rules::of(Lang::find("fr").unwrap()).clone();
        let cleaned = clean(text, &rules);
        let kept = "Une phrase comme une autre. Et encore  une [a] autre.\nTrois mots ici";
        assert_eq!(cleaned.text, kept);
        assert_eq!((cleaned.n_lines, cleaned.removed.total()), (5, 3));
        rules.terminal_punctuation = true;
        rules.max_word_chars = 9;
        let removed = clean(text, &rules).removed;
        let expected = Removed {
            long_word: 2,
            no_stop: 2,
            policy: 1,
            ..Removed::default()
        };
        assert_eq!(
            Removed {
                javascript: 0,
                ..removed
            },
            expected
        );
        let mut metrics = Metrics::default();
        measure(
            "Ein Satz hier. Noch einer! {x}\nLorem ipsum dolor sit",
            &rules,
            &mut metrics,
        );
        assert_eq!((metrics.lorem_ipsum, metrics.c4_removed_lines), (1, 1.0));
        rules.terminal_punctuation = false;
        measure(
            "Ein Satz hier. Noch einer! {x}\nLorem ipsum dolor sit",
            &rules,
            &mut metrics,
        );
        assert_eq!((metrics.c4_sentences, metrics.curly_brackets), (4, 1));
    }

    #[test]
    fn sentences_end_with_stops_before_space_or_with_the_line() {
        for (line, n) in [
            ("", 0),
            ("Ja", 1),
            ("Ja.", 1),
            ("Ja. Nein", 2),
            ("\"Ja!\" 3.5 x.", 2),
            ("...", 1),
            ("a … b", 2),
        ] {
            assert_eq!(count_sentences(line), n, "{line}");
        }
    }
}
