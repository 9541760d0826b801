//! Rules: one row of thresholds a language, from `assets/thresholds.json`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::words::split;
use crate::lang::Lang;

/// Thresholds of one language. Those FineWeb-2 sets per language are read from its table, the
/// rest are the same for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Least words; Gopher.
    pub min_words: f64,
    /// Most words; Gopher.
    pub max_words: f64,
    /// Least mean length of a word.
    pub min_mean_word: f64,
    /// Greatest mean length of a word.
    pub max_mean_word: f64,
    /// Most hash signs or ellipses a word; Gopher.
    pub max_symbol_ratio: f64,
    /// Least share of words that hold a letter.
    pub min_alpha_ratio: f64,
    /// Least different stop words; Gopher.
    pub min_stop_words: f64,
    /// Most lines of a list; Gopher.
    pub max_bullet_lines: f64,
    /// Most lines that end in an ellipsis; Gopher.
    pub max_ellipsis_lines: f64,
    /// Most lines that were there before.
    pub max_dup_lines: f64,
    /// Most paragraphs that were there before; Gopher.
    pub max_dup_paragraphs: f64,
    /// Most characters in lines that were there before; FineWeb-2.
    pub max_dup_line_chars: f64,
    /// Most characters in the most frequent run of 2, 3, 4 words.
    pub max_top_ngram: [f64; 3],
    /// Most characters in repeated runs of 5 to 10 words.
    pub max_dup_ngram: [f64; 6],
    /// Least lines that end a sentence.
    pub min_line_punctuation: f64,
    /// Most short lines; FineWeb-2 switches this off.
    pub max_short_lines: f64,
    /// Most line ends a word.
    pub max_new_line_ratio: f64,
    /// Hashes of the stop words, at most 64 of them.
    stop_words: Vec<u64>,
    /// One bit a slot of the hash's low bits: most words are not stop words.
    stop_sieve: [u64; 16],
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
}

impl Rules {
    /// The rules of a language.
    pub fn of(lang: &Lang) -> &'static Rules {
        static ALL: LazyLock<Vec<Rules>> = LazyLock::new(|| {
            let rows: Vec<Row> =
                serde_json::from_str(include_str!("../../../assets/thresholds.json"))
                    .expect("the embedded table is checked by a test");
            let row = |lang: &Lang| rows.iter().find(|row| row.lang == lang.code);
            let row = |lang| row(lang).expect("every language has a row: checked by a test");
            Lang::all()
                .iter()
                .map(|lang| Rules::from_row(row(lang)))
                .collect()
        });
        &ALL[lang.index()]
    }

    fn from_row(row: &Row) -> Rules {
        let mut stop_words: Vec<u64> = row.stopwords.iter().filter_map(|w| stop_hash(w)).collect();
        stop_words.sort_unstable();
        stop_words.dedup();
        stop_words.truncate(64);
        let mut stop_sieve = [0; 16];
        for hash in &stop_words {
            stop_sieve[(hash >> 6 & 15) as usize] |= 1 << (hash & 63);
        }
        Rules {
            min_words: 50.0,
            max_words: 100_000.0,
            min_mean_word: row.min_avg_word_length,
            max_mean_word: row.max_avg_word_length,
            max_symbol_ratio: 0.1,
            min_alpha_ratio: row.max_non_alpha_words_ratio,
            min_stop_words: 2.0,
            max_bullet_lines: 0.9,
            max_ellipsis_lines: 0.3,
            max_dup_lines: row.dup_line_frac,
            max_dup_paragraphs: 0.3,
            max_dup_line_chars: 0.1,
            max_top_ngram: row.top_n_grams.map(|(_, most)| most),
            max_dup_ngram: row.dup_n_grams.map(|(_, most)| most),
            min_line_punctuation: row.line_punct_thr,
            max_short_lines: 999.0,
            max_new_line_ratio: row.new_line_ratio,
            stop_words,
            stop_sieve,
        }
    }

    /// The bit of the stop word with this hash; 0 for any other word.
    #[inline]
    pub(super) fn stop_word(&self, hash: u64) -> u64 {
        if self.stop_sieve[(hash >> 6 & 15) as usize] >> (hash & 63) & 1 == 0 {
            return 0;
        }
        match self.stop_words.binary_search(&hash) {
            Ok(bit) => 1 << bit,
            Err(_) => 0,
        }
    }
}

/// Hash of a stop word: of its longest part, where it is written with an apostrophe or full stop.
fn stop_hash(word: &str) -> Option<u64> {
    let mut words = Vec::new();
    split(word, &mut words);
    let longest = words.iter().filter(|w| w.is_word).max_by_key(|w| w.n_chars);
    longest.map(|w| w.hash)
}

#[cfg(test)]
mod tests {
    use super::super::words::hash;
    use super::super::{Meter, first_failure, verdict};
    use super::*;
    use crate::data::corpus;

    #[test]
    fn every_language_has_rules_with_enough_stop_words() {
        for lang in Lang::all() {
            let rules = Rules::of(lang);
            assert!(
                rules.stop_words.len() >= 7,
                "{}: {}",
                lang.code,
                rules.stop_words.len()
            );
            assert!(rules.min_mean_word < rules.max_mean_word, "{}", lang.code);
        }
        let german = Rules::of(Lang::find("de").unwrap());
        assert_eq!(german.stop_word(hash("Und")).count_ones(), 1);
        assert_eq!(german.stop_word(hash("Hund")), 0);
    }

    /// Words of the language's own Declaration.
    fn own_words(lang: &Lang) -> Vec<String> {
        let texts = corpus::records().filter(|r| r.lang == Some(lang));
        texts
            .flat_map(|r| {
                r.text
                    .split_whitespace()
                    .map(str::to_string)
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn every_language_keeps_its_own_text_and_drops_what_is_none() {
        let mut meter = Meter::new();
        for lang in Lang::all() {
            let rules = Rules::of(lang);
            let mut judge = |text: &str| first_failure(&meter.measure(text, rules), rules);
            let own: Vec<String> = corpus::records()
                .filter(|r| r.lang == Some(lang))
                .map(|r| r.text)
                .collect();
            assert_eq!(judge(&own.join("\n")), None, "{}", lang.code);
            let words = own_words(lang);
            let hex: String = (0..400).map(|i| format!("{:02x} ", i * 37 % 251)).collect();
            let pairs: Vec<String> = words.chunks(2).take(100).map(|w| w.join(" ")).collect();
            let sentence = own
                .iter()
                .find(|t| t.split_whitespace().count() > 20)
                .unwrap();
            for (what, text) in [
                ("a hex dump", hex),
                ("a menu", pairs.join("\n\n")),
                (
                    "a repeated sentence",
                    vec![sentence.replace('\n', " "); 40].join("\n"),
                ),
                ("a repeated run", vec![words[..12].join(" "); 40].join(" ")),
                ("nothing", String::new()),
                ("spaces", " \n\n\t ".into()),
            ] {
                assert!(judge(&text).is_some(), "{} keeps {what}", lang.code);
            }
        }
    }

    #[test]
    fn all_checks_are_told_and_the_first_failure_is_one_of_them() {
        let lang = Lang::find("fi").unwrap();
        let rules = Rules::of(lang);
        let metrics = Meter::new().measure("Kaikki ihmiset syntyvät vapaina", rules);
        let checks = verdict(&metrics, rules);
        assert_eq!(checks.len(), 24);
        let failed = first_failure(&metrics, rules).unwrap();
        assert_eq!(
            (failed.reason, failed.value, failed.threshold),
            ("too_few_words", 4.0, 50.0)
        );
        assert!(checks.contains(&failed));
        let mut names: Vec<&str> = checks.iter().map(|c| c.reason).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 24, "every filter has its own name");
    }
}
