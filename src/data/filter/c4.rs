//! Lines that are no text (C4, arXiv 1910.10683, section 2.2, with the bounds of its code):
//! removed one by one, and the text dropped where too little is left.

use memchr::memmem;

use super::flags::{BEFORE_SPACE, COMMON, FIRST_OF_LINE, STOP, ends_sentence};
use super::metrics::{Metrics, Page, ratio};
use super::phrases::Phrases;
use super::rules::Rules;
use super::words::Word;

/// A text without the lines that C4 removes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// What is left, each line as it was but for marks of citation.
    pub text: String,
    /// Lines that are not blank, before.
    pub n_lines: u64,
    /// What was removed.
    pub removed: Removed,
}

/// How many lines were removed, by why, and how many marks of citation from the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    /// Marks of citation, in lines that stay.
    pub citations: u64,
}

impl Removed {
    /// Lines removed.
    pub fn n_lines(&self) -> u64 {
        self.long_word + self.no_stop + self.few_words + self.javascript + self.policy
    }

    /// What was removed, by name; what was not is left out.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("long_word", self.long_word),
            ("no_stop", self.no_stop),
            ("few_words", self.few_words),
            ("javascript", self.javascript),
            ("policy", self.policy),
            ("citations", self.citations),
        ]
        .into_iter()
        .filter(|(_, n)| *n > 0)
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
/// Paragraphs stay apart: of the blank lines around removed ones one is left.
pub fn clean(text: &str, rules: &Rules) -> Cleaned {
    let mut cleaned = Cleaned::default();
    let mut kept = Kept::default();
    for whole in text.split('\n') {
        let line = whole.trim();
        if line.is_empty() {
            kept.blank(whole, &mut cleaned.text);
            continue;
        }
        cleaned.n_lines += 1;
        let n_words = line.split_whitespace().count();
        let notices = rules.notices().places(line);
        match judge(line, n_words, notices.map(|(_, which)| which), rules) {
            Some(why) => {
                cleaned.removed.count(why);
                kept.is_after_removed = true;
            }
            None => {
                kept.line(&mut cleaned.text);
                cleaned.removed.citations += without_citations(whole, &mut cleaned.text);
            }
        }
    }
    if kept.is_after_removed && kept.is_last_blank {
        cleaned.text.truncate(kept.end);
    }
    cleaned
}

/// The lines written so far.
#[derive(Default)]
struct Kept {
    n_lines: usize,
    /// Where the blank lines at the end begin.
    end: usize,
    is_last_blank: bool,
    /// A line was removed since the last that was not blank.
    is_after_removed: bool,
}

impl Kept {
    /// Begins a line that is not blank.
    fn line(&mut self, text: &mut String) {
        self.begin(text);
        (self.is_last_blank, self.is_after_removed) = (false, false);
    }

    /// Writes a blank line, unless it would stand first, or beside another, for what was removed.
    fn blank(&mut self, line: &str, text: &mut String) {
        if self.is_after_removed && (self.is_last_blank || self.n_lines == 0) {
            return;
        }
        if !self.is_last_blank {
            self.end = text.len();
        }
        self.begin(text);
        text.push_str(line);
        self.is_last_blank = true;
    }

    fn begin(&mut self, text: &mut String) {
        if self.n_lines > 0 {
            text.push('\n');
        }
        self.n_lines += 1;
    }
}

/// Metrics of the lines that [`clean`] keeps, from the words that are already there.
pub(super) fn measure(page: &Page, rules: &Rules, metrics: &mut Metrics) {
    let (mut n_lines, mut n_kept, mut n_sentences, mut n_brackets) = (0, 0, 0, 0);
    let mut n_lorem = 0;
    let mut notices = rules.notices().places(page.text).peekable();
    let mut rest = page.words;
    for words in page.words.chunk_by(|_, next| !next.is(FIRST_OF_LINE)) {
        rest = rest.get(words.len()..).unwrap_or_default();
        let start = words.first().map_or(0, |word| word.start as usize);
        let stop = rest
            .first()
            .map_or(page.text.len(), |word| word.start as usize);
        let line = page.text.get(start..stop).unwrap_or_default().trim_end();
        let n_words = words.iter().filter(|word| word.is(BEFORE_SPACE)).count();
        let mut own = None;
        while let Some((_, which)) = notices.next_if(|(at, _)| *at < stop) {
            n_lorem += u64::from(which == LOREM_IPSUM);
            own = own.max(Some(which));
        }
        n_lines += 1;
        if judge(line, n_words, own.into_iter(), rules).is_none() {
            n_kept += 1;
            n_sentences += count_sentences(words);
            n_brackets += memchr::memchr_iter(b'{', line.as_bytes()).count();
        }
    }
    metrics.c4_sentences = n_sentences;
    metrics.c4_removed_lines = ratio(n_lines - n_kept, n_lines);
    metrics.curly_brackets = n_brackets as u64;
    metrics.lorem_ipsum = n_lorem;
}

/// Positions in the list of [`notices`]; the phrases of notices follow.
const LOREM_IPSUM: usize = 0;
const JAVASCRIPT: usize = 1;

/// What is looked for: filler text, JavaScript, and the phrases of notices.
pub(super) fn notices(phrases: &[&str]) -> Result<Phrases, String> {
    Phrases::new(&[["lorem ipsum", "javascript"].as_slice(), phrases].concat())
}

/// Why `line` is removed: it has `n_words` between white space and these notices.
fn judge(
    line: &str,
    n_words: usize,
    notices: impl Iterator<Item = usize>,
    rules: &Rules,
) -> Option<Why> {
    // Bytes are at least as many as characters: few lines can hold a word that long.
    let most = rules.max_word_chars;
    let too_long = |word: &str| word.len() > most && word.chars().count() > most;
    if line.len() > most && line.split_whitespace().any(too_long) {
        return Some(Why::LongWord);
    }
    if rules.terminal_punctuation {
        let end = line.trim_end_matches(']');
        let stopped = end.ends_with(|c| ends_sentence(c) || "\"'”“»’".contains(c));
        if !stopped || line.ends_with("...") {
            return Some(Why::NoStop);
        }
    }
    if n_words < rules.min_words_per_line {
        return Some(Why::FewWords);
    }
    match notices.max()? {
        LOREM_IPSUM => None,
        JAVASCRIPT => Some(Why::Javascript),
        _ => Some(Why::Policy),
    }
}

/// Sentences of a line: a stop before white space ends one, closing marks between them, and so
/// does the line.
fn count_sentences(words: &[Word]) -> u64 {
    let (mut n, mut stopped, mut open) = (0, false, false);
    for word in words {
        if word.is(STOP) {
            stopped = true;
        } else if word.is_word() || !word.is(COMMON) {
            (stopped, open) = (false, true);
        }
        if word.is(BEFORE_SPACE) && stopped {
            n += 1;
            (stopped, open) = (false, false);
        }
    }
    n + u64::from(open)
}

/// Digits of a mark of citation: `[]` and `[0200]` are code and names, which C4's pattern takes too.
const CITATION_DIGITS: std::ops::RangeInclusive<usize> = 1..=3;

/// Appends `line` without marks of citation; how many there were.
fn without_citations(line: &str, out: &mut String) -> u64 {
    let (mut rest, mut n) = (line, 0);
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
            Some(b']') if CITATION_DIGITS.contains(&digits) => Some(digits + 1),
            _ => len.map(str::len),
        };
        match len {
            Some(len) => {
                n += 1;
                rest = inside.get(len..).unwrap_or_default();
            }
            None => {
                out.push('[');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    n
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn lines_that_are_no_text_are_removed_and_counted() {
        let text = "Une phrase comme une autre.[12] Et encore [edit] une [a] autre.\n\nMenu\n\
                    Please enable JavaScript now.\nThis site uses Cookies to serve you.\n  Trois mots ici  ";
        let mut rules = Rules::of(Lang::find("fr").unwrap()).clone();
        let cleaned = clean(text, &rules);
        let kept = "Une phrase comme une autre. Et encore  une [a] autre.\n\n  Trois mots ici  ";
        assert_eq!(cleaned.text, kept);
        assert_eq!((cleaned.n_lines, cleaned.removed.n_lines()), (5, 3));
        let told: Vec<_> = cleaned.removed.each().collect();
        let each = ["few_words", "javascript", "policy"].map(|why| (why, 1));
        assert_eq!(told, [&each[..], &[("citations", 2)]].concat());
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
        let text = "Ein Satz hier. Noch einer! {x}\nLorem ipsum dolor sit";
        let metrics = measured(text, &rules);
        assert_eq!((metrics.lorem_ipsum, metrics.c4_removed_lines), (1, 1.0));
        rules.terminal_punctuation = false;
        let metrics = measured(text, &rules);
        assert_eq!((metrics.c4_sentences, metrics.curly_brackets), (4, 1));
    }

    fn measured(text: &str, rules: &Rules) -> Metrics {
        let mut words = Vec::new();
        let marks = split(text, &mut words);
        let n_chars = text.chars().count();
        let page = Page {
            text,
            n_chars,
            words: &words,
            marks,
        };
        let mut metrics = Metrics::default();
        measure(&page, rules, &mut metrics);
        metrics
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
            let mut words = Vec::new();
            split(line, &mut words);
            assert_eq!(count_sentences(&words), n, "{line}");
        }
    }

    #[test]
    fn what_stays_keeps_its_paragraphs() {
        let rules = Rules::of(Lang::find("fr").unwrap());
        for (text, left) in [
            (
                "un deux trois\n\n\nun deux trois\n",
                "un deux trois\n\n\nun deux trois\n",
            ),
            (
                "un deux trois\nMenu\n\nun deux trois",
                "un deux trois\n\nun deux trois",
            ),
            (
                "un deux trois\n\nMenu\n\nun deux trois",
                "un deux trois\n\nun deux trois",
            ),
            ("Menu\n\n  un deux trois\r", "  un deux trois\r"),
            ("un deux trois\n\n\nMenu\n\n", "un deux trois"),
            ("Menu\n\nMenu", ""),
            ("\n", "\n"),
            ("un []byte [0200] deux [7]", "un []byte [0200] deux "),
        ] {
            assert_eq!(clean(text, rules).text, left, "{text:?}");
        }
    }

    proptest::proptest! {
        /// Removing lines and measuring what would be removed never disagree.
        #[test]
        fn lines_are_judged_alike_by_both(text in "([a-zé.'’ \u{a0}-]{0,12}|uses cookies|JAVASCRIPT|\n|\u{2028}|…\n){0,12}") {
            let mut rules = Rules::of(Lang::find("fr").unwrap()).clone();
            for strict in [false, true] {
                rules.terminal_punctuation = strict;
                rules.max_word_chars = 8;
                let cleaned = clean(&text, &rules);
                let share = ratio(cleaned.removed.n_lines() as usize, cleaned.n_lines as usize);
                proptest::prop_assert_eq!(measured(&text, &rules).c4_removed_lines, share);
            }
        }
    }
}
