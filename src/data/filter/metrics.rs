//! What is measured on a text, once; every filter, table and report looks at these numbers.

use serde::{Deserialize, Serialize};

use super::checks::{Families, Family};
use super::rules::Rules;
use super::words::{Word, split};
use super::{bad_words::BadWords, c4, lines, madlad, ngrams::Table, quality, repetition, wds};

/// Texts are measured up to this many bytes, and their sizes beyond: what a hostile text costs in
/// memory is bounded by some 30 times this, and a text this long has too many words in any case.
const MAX_BYTES: usize = 16 << 20;
/// Slots of a hash table kept from text to text; a larger one is given back.
const MAX_SLOTS: usize = 1 << 20;

/// Everything measured on one text. Ratios are between 0 and 1 unless they say otherwise; blank
/// lines count neither as lines nor as line ends, so paragraphs may be set apart or not. Of a text
/// beyond 16 MiB all but bytes and characters is measured on its first 16 MiB.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Families whose metrics were measured; those of others are 0.
    pub measured: Families,
    /// Bytes of UTF-8.
    pub n_bytes: u64,
    /// Characters.
    pub n_chars: u64,
    /// Lines that are not blank.
    pub n_lines: u64,
    /// Runs of lines between blank lines.
    pub n_paragraphs: u64,
    /// Words that hold a letter or digit.
    pub n_words: u64,
    /// Their mean length in characters.
    pub mean_word_length: f64,
    /// Hash signs, or ellipses if they are more, a word or mark.
    pub symbol_ratio: f64,
    /// Share of words and marks that hold a letter.
    pub alpha_ratio: f64,
    /// Different stop words of the language that occur.
    pub stop_words: u64,
    /// Share of lines that begin as an item of a list.
    pub bullet_lines: f64,
    /// Share of lines that end in an ellipsis.
    pub ellipsis_lines: f64,
    /// Share of lines that were there before.
    pub dup_lines: f64,
    /// Share of paragraphs that were there before.
    pub dup_paragraphs: f64,
    /// Share of the lines' characters in lines that were there before.
    pub dup_line_chars: f64,
    /// Share of the lines' characters in paragraphs that were there before.
    pub dup_paragraph_chars: f64,
    /// Share of characters covered by the most frequent run of 2, 3, 4 words, the first of
    /// several; may exceed 1 where the run overlaps itself.
    pub top_ngram: [f64; 3],
    /// Share of characters in runs of 5 to 10 words that were there before.
    pub dup_ngram: [f64; 6],
    /// Share of lines that end a sentence.
    pub line_punctuation: f64,
    /// Share of lines of at most 30 characters.
    pub short_lines: f64,
    /// Line ends a word or mark.
    pub new_line_ratio: f64,
    /// Characters of the third longest line; 0 of fewer than three.
    pub third_line: u64,
    /// Sentences of the lines that C4 keeps.
    pub c4_sentences: u64,
    /// Share of lines that C4 removes.
    pub c4_removed_lines: f64,
    /// Opening curly brackets in lines that C4 keeps.
    pub curly_brackets: u64,
    /// Places that read "lorem ipsum".
    pub lorem_ipsum: u64,
    /// Sentences, as MADLAD-400's rules see them.
    pub n_sentences: u64,
    /// Share of sentences that break at least one of MADLAD-400's rules.
    pub questionable: f64,
    /// Share of sentences most of whose words are capitalised.
    pub list_case: f64,
    /// Share of sentences too short or too long.
    pub odd_lengths: f64,
    /// Share of sentences with many digits, brackets and the like.
    pub technical: f64,
    /// Share of sentences that hold a substring no prose holds.
    pub cursed: f64,
    /// HPLT's web document scores.
    pub wds: wds::Scores,
    /// Words and phrases on the list of bad words.
    pub bad_words: u64,
    /// Probability of the language, as [`Known`] told.
    pub lang_prob: f64,
    /// Share of letters in segments of the text's own language, as [`Known`] told.
    pub lang_share: f64,
}

/// What others know about a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known<'a> {
    /// Probability of its language.
    pub lang_prob: f64,
    /// Share of its letters in segments of its own language.
    pub lang_share: f64,
    /// The words nobody wants, if there is a list.
    pub bad_words: Option<&'a BadWords>,
}

impl Default for Known<'_> {
    fn default() -> Self {
        Known {
            lang_prob: 1.0,
            lang_share: 1.0,
            bad_words: None,
        }
    }
}

/// A text and its words.
pub(super) struct Page<'a> {
    pub(super) text: &'a str,
    pub(super) n_chars: usize,
    pub(super) words: &'a [Word],
    pub(super) marks: super::words::Marks,
}

/// Tables and buffers kept from text to text.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) first: Table,
    pub(super) second: Table,
    pub(super) ngrams: repetition::Buffers,
    pub(super) wds: wds::Buffers,
}

/// Measures texts, one after the other, without allocating anew.
#[derive(Default)]
pub struct Meter {
    words: Vec<Word>,
    tables: Tables,
}

impl Meter {
    /// A meter that has measured nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures `text` for the families that `rules` switches on, and all that cost nothing
    /// beside them (document statistics, Gopher, FineWeb); stop words are those of `rules`.
    pub fn measure(&mut self, text: &str, rules: &Rules) -> Metrics {
        self.measure_for(text, rules, rules.families, &Known::default())
    }

    /// Measures `text` for every family.
    pub fn measure_all(&mut self, text: &str, rules: &Rules, known: &Known) -> Metrics {
        self.measure_for(text, rules, Families::all(), known)
    }

    /// Measures `text` for `families`, and all that cost nothing beside them.
    pub fn measure_for(
        &mut self,
        text: &str,
        rules: &Rules,
        families: Families,
        known: &Known,
    ) -> Metrics {
        let whole = text;
        let text = head(whole);
        let marks = split(text, &mut self.words);
        let page = Page {
            text,
            n_chars: text.chars().count(),
            words: &self.words,
            marks,
        };
        let behind = whole.get(text.len()..).unwrap_or_default();
        let mut metrics = Metrics {
            measured: families.with(Families::cheap()),
            n_bytes: whole.len() as u64,
            n_chars: (page.n_chars + behind.chars().count()) as u64,
            lang_prob: known.lang_prob,
            lang_share: known.lang_share,
            ..Metrics::default()
        };
        quality::measure(&page, rules, &mut metrics);
        repetition::measure(&page, &mut self.tables, &mut metrics);
        lines::measure(&page, &mut self.tables, &mut metrics);
        if families.has(Family::C4) {
            c4::measure(&page, rules, &mut metrics);
        }
        if families.has(Family::Madlad) {
            madlad::measure(&page, rules, &mut metrics);
        }
        if families.has(Family::Wds) {
            metrics.wds = wds::score(&page, rules, known.lang_share, &mut self.tables);
        }
        if let Some(list) = known.bad_words.filter(|_| families.has(Family::BadWords)) {
            metrics.bad_words = list.count(text);
        }
        self.give_back();
        metrics
    }

    /// What a text tells of what is usual in its language; none for one too short to tell.
    pub(super) fn usual(&mut self, text: &str) -> Option<wds::Usual> {
        let text = head(text);
        let marks = split(text, &mut self.words);
        let n_chars = text.chars().count();
        let page = Page {
            text,
            n_chars,
            words: &self.words,
            marks,
        };
        wds::Usual::of(&page, &mut self.tables)
    }

    /// One huge text must not keep its memory for all that follow.
    fn give_back(&mut self) {
        self.tables.first.shrink(MAX_SLOTS);
        self.tables.second.shrink(MAX_SLOTS);
        if self.words.capacity() > MAX_SLOTS {
            self.words = Vec::new();
            self.tables.ngrams = repetition::Buffers::default();
        }
    }
}

/// The text, or its first [`MAX_BYTES`].
pub(super) fn head(text: &str) -> &str {
    if text.len() <= MAX_BYTES {
        return text;
    }
    text.get(..text.floor_char_boundary(MAX_BYTES))
        .unwrap_or(text)
}

/// `part / whole`, 0 of nothing.
#[inline]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
