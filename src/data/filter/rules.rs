//! Rules: one row of thresholds a language, from `assets/thresholds.json`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::c4;
use super::checks::{FILTERS, Families, Filter, N_FILTERS};
use super::phrases::Phrases;
use super::wds::Scale;
use super::words::{hash, split};
use crate::lang::Lang;

/// Most stop words of a language: one bit each.
pub(super) const MAX_STOP_WORDS: usize = 64;

/// Thresholds of one language, and what else its filters need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Families whose filters drop.
    pub families: Families,
    /// One a filter, in the order of [`FILTERS`].
    thresholds: [f64; N_FILTERS],
    /// Hashes of the stop words, at most 64 of them, sorted.
    stop_words: Vec<u64>,
    /// One bit a slot of the hash's low bits: most words are not stop words.
    stop_sieve: [u64; 16],
    /// What is usual in the language, for HPLT's score.
    pub wds: Scale,
    /// C4 looks for these.
    notices: Phrases,
    /// C4 removes lines with fewer words.
    pub min_words_per_line: usize,
    /// C4 removes lines with a longer word, in characters.
    pub max_word_chars: usize,
    /// C4 removes lines that end in no terminal punctuation; FineWeb switches this off.
    pub terminal_punctuation: bool,
    /// MADLAD-400 questions sentences that hold one of these.
    cursed: Phrases,
}

/// A row of `thresholds.json`, with FineWeb-2's names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    lang: String,
    dup_line_frac: f64,
    dup_n_grams: [(u8, f64); 6],
    #[serde(rename = "language_score")]
    _language_score: f64,
    line_punct_thr: f64,
    max_avg_word_length: f64,
    max_non_alpha_words_ratio: f64,
    min_avg_word_length: f64,
    new_line_ratio: f64,
    stopwords: Vec<String>,
    top_n_grams: [(u8, f64); 3],
    min_alpha_ratio: Option<f64>,
    char_duplicates_ratio: Option<f64>,
    short_line_thr: Option<f64>,
    families: Option<Families>,
    wds: Scale,
}

/// The name of a threshold and where a row has it.
type Column = (&'static str, fn(&Row) -> f64);

/// The thresholds that FineWeb-2 sets for each language.
const COLUMNS: [Column; 15] = [
    ("max_dup_lines", |row| row.dup_line_frac),
    ("min_line_punctuation", |row| row.line_punct_thr),
    ("max_mean_word", |row| row.max_avg_word_length),
    ("min_mean_word", |row| row.min_avg_word_length),
    ("min_alpha_ratio", |row| {
        row.min_alpha_ratio.unwrap_or(row.max_non_alpha_words_ratio)
    }),
    ("max_new_line_ratio", |row| row.new_line_ratio),
    ("max_top_2_gram", |row| row.top_n_grams[0].1),
    ("max_top_3_gram", |row| row.top_n_grams[1].1),
    ("max_top_4_gram", |row| row.top_n_grams[2].1),
    ("max_dup_5_gram", |row| row.dup_n_grams[0].1),
    ("max_dup_6_gram", |row| row.dup_n_grams[1].1),
    ("max_dup_7_gram", |row| row.dup_n_grams[2].1),
    ("max_dup_8_gram", |row| row.dup_n_grams[3].1),
    ("max_dup_9_gram", |row| row.dup_n_grams[4].1),
    ("max_dup_10_gram", |row| row.dup_n_grams[5].1),
];

/// The table, ready for use: one row a language.
static TABLE: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let rows = rows();
    let fences: Vec<Fences> = COLUMNS
        .iter()
        .map(|(_, column)| Fences::of(rows.iter().map(column).collect()))
        .collect();
    let rules = |lang: &Lang| {
        let row = rows.iter().find(|row| row.lang == lang.code);
        let row = row.expect("every language has a row: checked by a test");
        let mut rules = Rules::from_row(row);
        for ((key, column), fences) in COLUMNS.iter().zip(&fences) {
            rules.set(key, fences.within(column(row)));
        }
        rules
    };
    Lang::all().iter().map(rules).collect()
});

/// The table as it is published.
fn rows() -> Vec<Row> {
    serde_json::from_str(include_str!("../../../assets/thresholds.json"))
        .expect("the embedded table is checked by a test")
}

/// Bounds on a threshold over all languages. A threshold that thin samples put far from all
/// others would let through what every other language drops, or drop what they keep.
struct Fences {
    low: f64,
    high: f64,
    /// The mildest value that is not "off".
    least: f64,
}

impl Fences {
    /// Tukey's: one and a half interquartile ranges beyond the quartiles.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let (first, third) = (quantile(&values, 0.25), quantile(&values, 0.75));
        let reach = 1.5 * (third - first);
        Fences {
            low: first - reach,
            high: third + reach,
            least: values.iter().copied().find(|v| *v > 0.0).unwrap_or(0.0),
        }
    }

    /// `value` inside the fences; a threshold of 0 or less would switch the filter off for one
    /// language alone, so it becomes the mildest that another language has.
    fn within(&self, value: f64) -> f64 {
        let on = if value > 0.0 { value } else { self.least };
        let rounded = |bound: f64| (bound * 1000.0).round() / 1000.0;
        if on > self.high {
            rounded(self.high)
        } else if on < self.low {
            rounded(self.low)
        } else {
            on
        }
    }
}

/// The `share`-quantile of sorted values, between neighbours in proportion; 0 of none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let low = sorted.get(at as usize).copied().unwrap_or(0.0);
    let high = sorted.get(at as usize + 1).copied().unwrap_or(low);
    low + (high - low) * at.fract()
}

/// C4's phrases of notices about cookies and terms.
const POLICY_PHRASES: [&str; 6] = [
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
];

/// What no prose holds: broken encodings, remains of markup, code and templates.
const CURSED_SUBSTRINGS: [&str; 16] = [
    "\u{fffd}",
    "â€",
    "Ã©",
    "Ã¨",
    "Ã¼",
    "Ã¶",
    "Ð¾Ð",
    "&nbsp;",
    "&amp;",
    "&quot;",
    "<br",
    "</",
    "function(",
    "@media",
    "lorem ipsum",
    "{{",
];

// Built once: to build them again for every language takes longer than the rest of the table.
static NOTICES: LazyLock<Phrases> =
    LazyLock::new(|| c4::notices(&POLICY_PHRASES).expect("eight short phrases"));
static CURSED: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::new(&CURSED_SUBSTRINGS).expect("sixteen short phrases"));

impl Rules {
    /// The rules of a language.
    ///
    /// Not every threshold is used as FineWeb-2 published it: one beyond one and a half
    /// interquartile ranges from the quartiles over all languages is set to that fence; one of 0
    /// or less, which would switch a filter off for one language alone, to the mildest value of
    /// any language.
    pub fn of(lang: &Lang) -> &'static Rules {
        &TABLE[lang.index()]
    }

    fn from_row(row: &Row) -> Rules {
        let mut rules = Rules {
            families: row.families.unwrap_or(Families::cheap()),
            thresholds: std::array::from_fn(|at| FILTERS[at].default),
            stop_words: Vec::new(),
            stop_sieve: [0; 16],
            wds: row.wds,
            notices: NOTICES.clone(),
            min_words_per_line: 3,
            max_word_chars: 1000,
            terminal_punctuation: false,
            cursed: CURSED.clone(),
        };
        rules.set_stop_words(&row.stopwords);
        if let Some(most) = row.char_duplicates_ratio {
            rules.set("max_dup_line_chars", most);
        }
        if let Some(most) = row.short_line_thr {
            rules.set("max_short_lines", most);
        }
        rules
    }

    /// The threshold of this name.
    pub fn threshold(&self, key: &str) -> Option<f64> {
        let at = FILTERS.iter().position(|filter| filter.key == key)?;
        Some(self.thresholds[at])
    }

    #[inline]
    pub(super) fn threshold_at(&self, at: usize) -> f64 {
        self.thresholds[at]
    }

    /// Sets the threshold of this name; false if there is none.
    pub fn set(&mut self, key: &str, value: f64) -> bool {
        let at = FILTERS.iter().position(|filter| filter.key == key);
        if let Some(at) = at {
            self.thresholds[at] = value;
        }
        at.is_some()
    }

    /// What C4 looks for, as [`c4::notices`] gave it.
    pub(super) fn notices(&self) -> &Phrases {
        &self.notices
    }

    /// Substrings whose sentences MADLAD-400 questions.
    pub(super) fn cursed(&self) -> &Phrases {
        &self.cursed
    }

    /// Replaces the phrases whose lines C4 removes.
    pub(super) fn set_notices(&mut self, phrases: Phrases) {
        self.notices = phrases;
    }

    /// Replaces the substrings whose sentences MADLAD-400 questions.
    pub(super) fn set_cursed(&mut self, phrases: Phrases) {
        self.cursed = phrases;
    }

    /// Every threshold beside its filter.
    pub fn each(&self) -> impl Iterator<Item = (&'static Filter, f64)> + '_ {
        FILTERS.iter().zip(self.thresholds)
    }

    /// Sets the stop words; those beyond the first 64 do not count.
    pub(super) fn set_stop_words<S: AsRef<str>>(&mut self, words: &[S]) {
        let hashes = words.iter().filter_map(|word| stop_hash(word.as_ref()));
        self.stop_words = hashes.take(MAX_STOP_WORDS).collect();
        self.stop_words.sort_unstable();
        self.stop_words.dedup();
        self.stop_sieve = [0; 16];
        for hash in &self.stop_words {
            self.stop_sieve[(hash >> 6 & 15) as usize] |= 1 << (hash & 63);
        }
    }

    /// The bit of the stop word with this hash; 0 for any other word.
    #[inline(always)]
    pub(super) fn stop_word(&self, hash: u64) -> u64 {
        if self.stop_sieve[(hash >> 6 & 15) as usize] >> (hash & 63) & 1 == 0 {
            return 0;
        }
        match self.stop_words.binary_search(&hash) {
            Ok(bit) => 1 << bit,
            Err(_) => 0,
        }
    }

    /// How many stop words there are.
    #[cfg(test)]
    pub(super) fn n_stop_words(&self) -> usize {
        self.stop_words.len()
    }
}

/// Hash of a stop word: of its longest part, where it is written with an apostrophe or full stop.
fn stop_hash(word: &str) -> Option<u64> {
    let mut words = Vec::new();
    split(word, &mut words);
    let longest = words
        .iter()
        .filter(|w| w.is_word())
        .max_by_key(|w| w.n_chars())?;
    let part: String = word
        .get(longest.start as usize..)?
        .chars()
        .take(longest.n_chars())
        .collect();
    Some(hash(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_draw_in_what_lies_far_out_and_what_is_off() {
        let fences = Fences::of(vec![0.0, 0.25, 0.3, 0.3, 0.31, 0.32, 0.9]);
        assert!(fences.within(0.9) < 0.4);
        assert_eq!(fences.within(0.0), 0.25);
        assert_eq!(fences.within(0.31), 0.31);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn every_language_has_rules_and_none_is_far_from_the_others() {
        for lang in Lang::all() {
            let rules = Rules::of(lang);
            assert!(
                rules.n_stop_words() >= 7,
                "{}: {}",
                lang.code,
                rules.n_stop_words()
            );
            let of = |key| rules.threshold(key).unwrap();
            assert!(of("min_mean_word") < of("max_mean_word"), "{}", lang.code);
            assert!(of("max_top_2_gram") < 0.4, "{}", lang.code);
            assert!(of("max_dup_lines") < 0.4, "{}", lang.code);
            assert!(of("min_line_punctuation") > 0.0, "{}", lang.code);
            assert_eq!(rules.each().count(), FILTERS.len());
        }
        let rows = rows();
        let moved: Vec<(&str, &str)> = rows
            .iter()
            .flat_map(|row| COLUMNS.iter().map(move |column| (row, column)))
            .filter(|(row, (key, column))| {
                let lang = Lang::find(&row.lang).unwrap();
                Rules::of(lang).threshold(key) != Some(column(row))
            })
            .map(|(row, (key, _))| (row.lang.as_str(), *key))
            .collect();
        assert!(moved.contains(&("nno_Latn", "max_top_2_gram")));
        // `assets/thresholds.md` tells the number.
        assert_eq!(moved.len(), 42);
    }

    #[test]
    fn stop_words_are_found_by_hash() {
        let german = Rules::of(Lang::find("de").unwrap());
        assert_eq!(german.stop_word(hash("und")).count_ones(), 1);
        assert_eq!(german.stop_word(hash("Hund")), 0);
        assert_eq!(german.threshold("max_nothing"), None);
    }

    #[test]
    fn every_filter_has_its_own_reason_and_threshold() {
        for name in [|f: &Filter| f.reason, |f: &Filter| f.key] {
            let mut names: Vec<&str> = FILTERS.iter().map(name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), FILTERS.len());
        }
    }
}
