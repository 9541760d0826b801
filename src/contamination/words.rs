//! Text to hashes of its words, and of runs of them.

use crate::letters::{BareWords, bare};

const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd; // murmur3's finaliser
/// Base of the polynomial over words; odd, so that no word of a run is lost.
const BASE: u64 = 0xc4ce_b9fe_1a85_ec53; // murmur3's finaliser

fn mix(h: u64) -> u64 {
    let h = (h ^ (h >> 32)).wrapping_mul(MULTIPLIER);
    h ^ (h >> 29)
}

/// Byte ranges of the words of a text, in order.
pub(super) fn spans(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    let mut first = None;
    for (at, c) in text.char_indices() {
        match (bare(c), first) {
            (None, _) => {} // a mark on a letter, or on nothing
            (Some(' '), Some(from)) => {
                spans.push(from..at);
                first = None;
            }
            (Some(' '), None) => {}
            (Some(_), _) => first = first.or(Some(at)),
        }
    }
    spans.extend(first.map(|from| from..text.len()));
    spans
}

/// Calls `found` with the hash of each word.
#[inline]
fn each_word(text: &str, mut found: impl FnMut(u64)) {
    let (mut words, mut hashes) = (BareWords::new(text), [0; 256]);
    loop {
        let n = words.fill(&mut hashes);
        hashes.iter().take(n).for_each(|hash| found(mix(*hash)));
        if n < hashes.len() {
            break;
        }
    }
}

/// The words of a text as a polynomial over their hashes, from which the hash of any run of
/// words comes in one step.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// `sums[i]` is the polynomial of the first `i` words.
    sums: Vec<u64>,
}

impl Words {
    pub(super) fn read(&mut self, text: &str) {
        self.sums.clear();
        let mut sum = 0u64;
        self.sums.push(sum);
        let sums = &mut self.sums;
        each_word(text, |word| {
            sum = sum.wrapping_mul(BASE).wrapping_add(word);
            sums.push(sum);
        });
    }

    /// Words in the text.
    pub(super) fn len(&self) -> usize {
        self.sums.len().saturating_sub(1)
    }

    /// Calls `found` with the hash of every run of `n` words and the place of its first word.
    #[inline]
    pub(super) fn each_run(&self, n: usize, mut found: impl FnMut(u64, usize)) {
        let Some(ahead) = self.sums.get(n..).filter(|_| n > 0) else {
            return;
        };
        let power = power(n);
        for (at, (after, before)) in ahead.iter().zip(&self.sums).enumerate() {
            let run = after.wrapping_sub(before.wrapping_mul(power));
            found(mix(run ^ (n as u64) << 56), at);
        }
    }
}

/// The base to the power of `n`.
fn power(n: usize) -> u64 {
    (0..n).fold(1u64, |power, _| power.wrapping_mul(BASE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        each_word(text, |hash| found.push(hash));
        found
    }

    #[test]
    fn marks_case_digits_and_punctuation_do_not_count() {
        let a = hashes("P\u{159}íli\u{161} \u{17e}lu\u{165}ou\u{10d}ký k\u{16f}\u{148}, 12 — ÓDY!");
        assert_eq!(a, hashes("prilis zlutoucky kun 99 ody"));
        assert_eq!(a.len(), 5);
        assert_eq!(hashes(" … \u{301} "), Vec::<u64>::new());
        assert_ne!(hashes("ab c"), hashes("a bc"));
        assert_eq!(hashes("ΛΌΓΟΣ DIŞI"), hashes("λόγος dışı"));
        assert_eq!(hashes("Ġolja \u{1f600} x"), hashes("golja x"));
    }

    #[test]
    fn spans_are_the_words() {
        let text = "«L'État,» c\u{327}a 12½ \u{1f600}…";
        let words: Vec<&str> = spans(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(words, ["L", "État", "c\u{327}a", "12½"]);
    }

    #[test]
    fn a_run_has_one_hash_wherever_it_stands() {
        let runs = |text: &str, n| {
            let (mut words, mut found) = (Words::default(), Vec::new());
            words.read(text);
            words.each_run(n, |hash, _| found.push(hash));
            found
        };
        let (a, b) = (runs("x y a b c z", 3), runs("a b c", 3));
        assert_eq!(a.iter().position(|h| *h == b[0]), Some(2));
        assert_ne!(runs("a b c", 3), runs("c b a", 3));
        assert_ne!(runs("a a a", 3), runs("a a a a", 4));
        assert!(runs("a b", 3).is_empty() && runs("", 3).is_empty());
    }
}
