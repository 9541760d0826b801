//! Words: how many, how long, of letters, and of this language (Gopher, arXiv 2112.11446).

use super::flags::LETTER;
use super::metrics::{Metrics, Page, ratio};
use super::rules::Rules;

pub(super) fn measure(page: &Page, rules: &Rules, metrics: &mut Metrics) {
    let (mut n_words, mut n_chars, mut n_alpha, mut stop_words) = (0, 0, 0, 0u64);
    for word in page.words {
        if word.is_word() {
            n_words += 1;
            n_chars += word.n_chars();
            n_alpha += usize::from(word.is(LETTER));
            stop_words |= rules.stop_word(word.hash);
        }
    }
    let n_symbols = page.marks.hashes.max(page.marks.ellipses);
    metrics.n_words = n_words as u64;
    metrics.mean_word_length = ratio(n_chars, n_words);
    metrics.symbol_ratio = ratio(n_symbols, page.words.len());
    metrics.alpha_ratio = ratio(n_alpha, page.words.len());
    metrics.stop_words = u64::from(stop_words.count_ones());
}
