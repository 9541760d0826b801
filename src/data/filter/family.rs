//! The families of metrics, what they measure, and the judgement over all of them.

use serde::Serialize;

use super::ngrams::Table;
use super::rules::Rules;
use super::words::{Word, split};
use super::{lines, quality, repetition};

/// Everything measured on one text; ratios are between 0 and 1 unless they say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Words that hold a letter or digit.
    pub n_words: u64,
    /// Their mean length in characters.
    pub mean_word_length: f64,
    /// Hash signs, or ellipses if they are more, a word.
    pub symbol_ratio: f64,
    /// Share of words and punctuation marks that hold a letter.
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
    /// Share of characters in lines that were there before.
    pub dup_line_chars: f64,
    /// Share of characters covered by the most frequent run of 2, 3, 4 words; may exceed 1
    /// where the run overlaps itself.
    pub top_ngram: [f64; 3],
    /// Share of characters in runs of 5 to 10 words that were there before.
    pub dup_ngram: [f64; 6],
    /// Share of lines that end a sentence.
    pub line_punctuation: f64,
    /// Share of lines of at most 30 characters.
    pub short_lines: f64,
    /// Line ends a word; blank lines do not count, so paragraphs may be set apart or not.
    pub new_line_ratio: f64,
}

/// Which side of its threshold a value must be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Not below the threshold.
    AtLeast,
    /// Not above it.
    AtMost,
}

/// One metric against one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The reason a record is dropped for where the check does not hold.
    pub reason: &'static str,
    /// Name of the metric.
    pub metric: &'static str,
    /// What was measured.
    pub value: f64,
    /// The side it must be on.
    pub bound: Bound,
    /// What it was held against.
    pub threshold: f64,
    /// Whether it holds.
    pub ok: bool,
}

/// One filter: a row of a family's table.
pub(super) struct Row {
    pub(super) reason: &'static str,
    pub(super) metric: &'static str,
    pub(super) bound: Bound,
    pub(super) value: fn(&Metrics) -> f64,
    pub(super) threshold: fn(&Rules) -> f64,
}

/// Metrics that are measured together.
pub(super) struct Family {
    pub(super) measure: fn(&Page, &Rules, &mut Tables, &mut Metrics),
    pub(super) rows: &'static [Row],
}

/// Every family, in the order their filters are asked.
const FAMILIES: [&Family; 3] = [&quality::FAMILY, &repetition::FAMILY, &lines::FAMILY];

/// A text and its words.
pub(super) struct Page<'a> {
    pub(super) text: &'a str,
    pub(super) n_chars: usize,
    pub(super) words: &'a [Word],
}

/// Hash tables, kept from text to text.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) first: Table,
    pub(super) second: Table,
    pub(super) ngrams: repetition::Buffers,
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

    /// Measures `text`; its stop words are those of `rules`.
    pub fn measure(&mut self, text: &str, rules: &Rules) -> Metrics {
        split(text, &mut self.words);
        let page = Page {
            text,
            n_chars: text.chars().count(),
            words: &self.words,
        };
        let mut metrics = Metrics::default();
        for family in FAMILIES {
            (family.measure)(&page, rules, &mut self.tables, &mut metrics);
        }
        metrics
    }
}

/// Every check of `metrics`, in order; the first that is not ok is the reason of a drop.
pub fn verdict(metrics: &Metrics, rules: &Rules) -> Vec<Check> {
    let rows = FAMILIES.iter().flat_map(|family| family.rows);
    rows.map(|row| row.check(metrics, rules)).collect()
}

/// The first check that does not hold; none for a text worth keeping.
pub fn first_failure(metrics: &Metrics, rules: &Rules) -> Option<Check> {
    let rows = FAMILIES.iter().flat_map(|family| family.rows);
    rows.map(|row| row.check(metrics, rules)).find(|c| !c.ok)
}

impl Row {
    fn check(&self, metrics: &Metrics, rules: &Rules) -> Check {
        let (value, threshold) = ((self.value)(metrics), (self.threshold)(rules));
        let ok = match self.bound {
            Bound::AtLeast => value >= threshold,
            Bound::AtMost => value <= threshold,
        };
        Check {
            reason: self.reason,
            metric: self.metric,
            value,
            bound: self.bound,
            threshold,
            ok,
        }
    }
}

/// `part / whole`, 0 of nothing.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
