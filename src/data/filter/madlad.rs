//! Questionable sentences (MADLAD-400, arXiv 2309.04662, appendix on filtering): mostly capitals,
//! too short or long, technical, or with substrings that no prose holds. Whether a sentence's
//! language is the text's own is the language family's question.

use super::flags::{BEFORE_SPACE, CAPITAL, DIGIT, FIRST_OF_LINE, LETTER, STOP};
use super::metrics::{Metrics, Page, ratio};
use super::rules::Rules;
use super::words::Word;

/// Words a sentence must have before its capitals are counted.
const LIST_CASE_WORDS: usize = 12;
/// Share of capitalised words that makes a list of names.
const LIST_CASE: f64 = 0.5;
/// Characters of a sentence, fewest and most.
const LENGTHS: std::ops::RangeInclusive<usize> = 20..=500;
/// Share of technical characters that is too much.
const TECHNICAL: f64 = 0.2;

pub(super) fn measure(page: &Page, rules: &Rules, metrics: &mut Metrics) {
    let mut cursed_places = rules.cursed().places(page.text).peekable();
    let (mut n, mut questionable) = (0, 0);
    let (mut list_case, mut odd_lengths, mut technical, mut cursed) = (0, 0, 0, 0);
    let mut begin = 0;
    while begin < page.words.len() {
        let end = sentence_end(page.words, begin);
        let words = page.words.get(begin..end).unwrap_or_default();
        let start = words.first().map_or(0, |word| word.start as usize);
        let stop = page
            .words
            .get(end)
            .map_or(page.text.len(), |word| word.start as usize);
        let text = page.text.get(start..stop).unwrap_or_default().trim_end();
        begin = end;

        let (mut n_words, mut n_capital) = (0, 0);
        for word in words.iter().filter(|word| word.is_word()) {
            n_words += 1;
            n_capital += usize::from(word.is(CAPITAL));
        }
        let n_chars = text.bytes().filter(|b| b & 0xc0 != 0x80).count();
        let n_technical = text.bytes().filter(|b| is_technical(*b)).count();
        let mut n_cursed = 0;
        while cursed_places.next_if(|(at, _)| *at < stop).is_some() {
            n_cursed += 1;
        }
        let broken = [
            n_words >= LIST_CASE_WORDS && ratio(n_capital, n_words) > LIST_CASE,
            !LENGTHS.contains(&n_chars),
            ratio(n_technical, n_chars) > TECHNICAL,
            n_cursed > 0,
        ];
        n += 1;
        list_case += usize::from(broken[0]);
        odd_lengths += usize::from(broken[1]);
        technical += usize::from(broken[2]);
        cursed += usize::from(broken[3]);
        questionable += usize::from(broken.contains(&true));
    }
    metrics.n_sentences = n as u64;
    metrics.questionable = ratio(questionable, n);
    metrics.list_case = ratio(list_case, n);
    metrics.odd_lengths = ratio(odd_lengths, n);
    metrics.technical = ratio(technical, n);
    metrics.cursed = ratio(cursed, n);
}

/// Digits, brackets and operators of code and tables.
fn is_technical(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'{' | b'}' | b'+' | b'/' | b'(' | b')' | b'>')
}

/// The word behind the sentence that begins at `begin`. A line ends a sentence, and so does a
/// stop before white space, with one mark between them at most; but not a stop after a number or
/// a word of one or two characters, which is an ordinal or an abbreviation in most languages.
fn sentence_end(words: &[Word], begin: usize) -> usize {
    let mut at = begin;
    while let Some(word) = words.get(at) {
        if at > begin && word.is(FIRST_OF_LINE) {
            return at;
        }
        at += 1;
        if !word.is(STOP) {
            continue;
        }
        let before = at.checked_sub(2).and_then(|before| words.get(before));
        let short = |w: &Word| w.is_word() && w.n_chars() <= 2;
        let number = |w: &Word| w.is(DIGIT) && !w.is(LETTER);
        if word.n_chars() == 1 && before.is_some_and(|w| short(w) || number(w)) {
            continue;
        }
        if word.is(BEFORE_SPACE) {
            return at;
        }
        let closing = words
            .get(at)
            .filter(|w| !w.is_word() && !w.is(FIRST_OF_LINE));
        if closing.is_some_and(|w| w.is(BEFORE_SPACE)) {
            return at + 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;
    use crate::lang::Lang;

    fn measured(text: &str) -> Metrics {
        let mut words = Vec::new();
        let marks = split(text, &mut words);
        let n_chars = text.chars().count();
        let mut metrics = Metrics::default();
        let page = Page {
            text,
            n_chars,
            words: &words,
            marks,
        };
        measure(&page, Rules::of(Lang::find("de").unwrap()), &mut metrics);
        metrics
    }

    #[test]
    fn sentences_are_found_and_each_rule_counts() {
        let good = "Am 3. Mai kam z. B. der Zug zu spät. \"Das ist schade!\" Wir warten lange.";
        let metrics = measured(good);
        assert_eq!((metrics.n_sentences, metrics.odd_lengths), (3, 2.0 / 3.0));
        assert_eq!(
            measured("Erste Zeile ohne Punkt am Ende\nUnd eine zweite Zeile dazu").n_sentences,
            2
        );
        let names = "Anna Berta Clara Dora Emma Frida Gerda Hanna Ida Johanna Klara Lena\n";
        let code = "x = (1+2)/(3+4) > {5} {6} (7) + 8\n";
        let broken = "Ein kaputter Satz mit Ã¼blen Zeichen darin.\n";
        let fine = "Ein Satz, an dem nichts auszusetzen ist.\n";
        let metrics = measured(&[names, code, broken, fine].concat());
        assert_eq!(metrics.n_sentences, 4);
        assert_eq!(
            [metrics.list_case, metrics.technical, metrics.cursed],
            [0.25; 3]
        );
        assert_eq!((metrics.odd_lengths, metrics.questionable), (0.0, 0.75));
        assert_eq!(measured("").n_sentences, 0);
        assert_eq!(measured("... !").n_sentences, 2);
    }
}
