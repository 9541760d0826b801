//! Words: how many, how long, of letters, and of this language (Gopher, arXiv 2112.11446).

use super::family::{Bound, Family, Metrics, Page, Row, Tables, ratio};
use super::rules::Rules;

pub(super) const FAMILY: Family = Family {
    measure,
    rows: &[
        Row {
            reason: "too_few_words",
            metric: "n_words",
            bound: Bound::AtLeast,
            value: |m| m.n_words as f64,
            threshold: |r| r.min_words,
        },
        Row {
            reason: "too_many_words",
            metric: "n_words",
            bound: Bound::AtMost,
            value: |m| m.n_words as f64,
            threshold: |r| r.max_words,
        },
        Row {
            reason: "short_words",
            metric: "mean_word_length",
            bound: Bound::AtLeast,
            value: |m| m.mean_word_length,
            threshold: |r| r.min_mean_word,
        },
        Row {
            reason: "long_words",
            metric: "mean_word_length",
            bound: Bound::AtMost,
            value: |m| m.mean_word_length,
            threshold: |r| r.max_mean_word,
        },
        Row {
            reason: "symbols",
            metric: "symbol_ratio",
            bound: Bound::AtMost,
            value: |m| m.symbol_ratio,
            threshold: |r| r.max_symbol_ratio,
        },
        Row {
            reason: "few_letters",
            metric: "alpha_ratio",
            bound: Bound::AtLeast,
            value: |m| m.alpha_ratio,
            threshold: |r| r.min_alpha_ratio,
        },
        Row {
            reason: "few_stop_words",
            metric: "stop_words",
            bound: Bound::AtLeast,
            value: |m| m.stop_words as f64,
            threshold: |r| r.min_stop_words,
        },
    ],
};

fn measure(page: &Page, rules: &Rules, _: &mut Tables, metrics: &mut Metrics) {
    let (mut n_words, mut n_chars, mut n_alpha, mut stop_words) = (0, 0, 0, 0u64);
    for word in page.words {
        if word.is_word {
            n_words += 1;
            n_chars += word.n_chars as usize;
            stop_words |= rules.stop_word(word.hash);
        }
        n_alpha += usize::from(word.has_letter);
    }
    let bytes = page.text.as_bytes();
    let n_hash = bytes.iter().filter(|b| **b == b'#').count();
    let n_ellipsis = page.text.matches("...").count() + page.text.matches('…').count();
    metrics.n_words = n_words as u64;
    metrics.mean_word_length = ratio(n_chars, n_words);
    metrics.symbol_ratio = ratio(n_hash.max(n_ellipsis), page.words.len());
    metrics.alpha_ratio = ratio(n_alpha, page.words.len());
    metrics.stop_words = u64::from(stop_words.count_ones());
}
