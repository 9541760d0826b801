//! A text as the set of its shingles: runs of a few bare words.

use crate::letters::BareWords;

/// Words read at a time.
pub(super) const WORDS_AT_ONCE: usize = 4096;

const WORD: u64 = 0xa076_1d64_78bd_642f; // odd, of even weight: wyhash's constants
const STEP: u64 = 0xe703_7ed1_a0b4_28db;
const LAST: u64 = 0x8ebc_6af0_9c88_c6e3;

/// Both halves of the product of `a` and `b`, folded: each bit depends on all of both.
#[inline]
pub(super) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

/// Joins words to shingles as they come. The hash of a shingle is a polynomial of the hashes of
/// its words, moved on by a word in two multiplications whatever its length.
pub(super) struct Shingler {
    ngram: usize,
    /// [`STEP`] to the power of `ngram`: what the word that leaves is weighed with.
    oldest: u64,
    sum: u64,
    n_words: usize,
    /// The last `ngram` words, and those being read.
    window: Vec<u64>,
}

impl Shingler {
    /// Shingles of `ngram` words; of one at least.
    pub(super) fn new(ngram: usize) -> Self {
        let ngram = ngram.max(1);
        Shingler {
            ngram,
            oldest: (0..ngram).fold(1, |power: u64, _| power.wrapping_mul(STEP)),
            sum: 0,
            n_words: 0,
            window: Vec::new(),
        }
    }

    /// Forgets what was read.
    pub(super) fn clear(&mut self) {
        (self.sum, self.n_words) = (0, 0);
        self.window.clear();
    }

    /// Words read since the last [`Shingler::clear`].
    pub(super) fn n_words(&self) -> usize {
        self.n_words
    }

    /// Goes on by `words`; every shingle they complete is `found`.
    #[inline]
    pub(super) fn push(&mut self, words: &[u64], mut found: impl FnMut(u64)) {
        let first = self.window.len();
        self.window
            .extend(words.iter().map(|word| fold(word ^ WORD, LAST)));
        self.n_words += words.len();
        let mut sum = self.sum;
        // The window holds all words until it is full: the first full run ends at `ngram`.
        let (beginning, rest) = self.window.split_at(self.ngram.min(self.window.len()));
        for (i, word) in beginning.iter().enumerate().skip(first) {
            sum = sum.wrapping_mul(STEP).wrapping_add(*word);
            if i + 1 == self.ngram {
                found(fold(sum, LAST));
            }
        }
        let skip = first.saturating_sub(self.ngram);
        for (new, old) in rest.iter().zip(&self.window).skip(skip) {
            let gone = old.wrapping_mul(self.oldest);
            sum = sum.wrapping_mul(STEP).wrapping_add(*new).wrapping_sub(gone);
            found(fold(sum, LAST));
        }
        self.sum = sum;
        let drop = self.window.len().saturating_sub(self.ngram);
        self.window.drain(..drop);
    }

    /// Ends the text: one that is shorter than a shingle is one shingle.
    pub(super) fn finish(&mut self, mut found: impl FnMut(u64)) {
        if (1..self.ngram).contains(&self.n_words) {
            found(fold(self.sum, LAST));
        }
    }
}

/// The sets of shingles of texts, one after the other.
pub(super) struct ShingleSets {
    shingler: Shingler,
    words: Vec<u64>,
}

impl ShingleSets {
    pub(super) fn new(ngram: usize) -> Self {
        ShingleSets {
            shingler: Shingler::new(ngram),
            words: vec![0; WORDS_AT_ONCE],
        }
    }

    /// The set of shingles of `text`, sorted. 32 bits of each hash are kept: two texts of n
    /// shingles seem to share n² / 2³² more than they do, 0.0002 of a thousand.
    pub(super) fn of(&mut self, text: &str) -> Vec<u32> {
        let mut set = Vec::new();
        let mut reader = BareWords::new(text);
        self.shingler.clear();
        loop {
            let n = reader.fill(&mut self.words);
            let words = self.words.get(..n).unwrap_or_default();
            self.shingler.push(words, |h| set.push((h >> 32) as u32));
            if n < WORDS_AT_ONCE {
                break;
            }
        }
        self.shingler.finish(|h| set.push((h >> 32) as u32));
        set.sort_unstable();
        set.dedup();
        set.shrink_to_fit();
        set
    }
}

/// Shared shingles over all shingles of two sorted sets; 0 of two empty ones.
pub(super) fn jaccard(a: &[u32], b: &[u32]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        shared += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    let all = a.len() + b.len() - shared;
    if all == 0 {
        0.0
    } else {
        shared as f64 / all as f64
    }
}

/// True when the Jaccard similarity is at least `min`; sizes alone often say no.
pub(super) fn is_similar(a: &[u32], b: &[u32], min: f64) -> bool {
    let (small, large) = (a.len().min(b.len()), a.len().max(b.len()));
    small as f64 >= min * large as f64 && jaccard(a, b) >= min
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shingle_set(text: &str, ngram: usize) -> Vec<u32> {
        ShingleSets::new(ngram).of(text)
    }

    #[test]
    fn marks_case_digits_and_punctuation_do_not_count() {
        let a = shingle_set("Příliš žluťoučký kůň, 12 úpěl — ďábelské ódy!", 5);
        let b = shingle_set("prilis zlutoucky kun 99 upel dabelske ody", 5);
        assert_eq!(a, b);
        assert_eq!(a.len(), 3);
        assert_eq!(shingle_set("kurz", 5).len(), 1);
        assert_eq!(shingle_set(" … ", 5).len(), 0);
    }

    #[test]
    fn jaccard_counts_sets() {
        assert_eq!(jaccard(&[1, 2, 3, 4], &[2, 4, 6]), 2.0 / 5.0);
        assert_eq!(jaccard(&[], &[]), 0.0);
        assert_eq!(jaccard(&[7], &[7]), 1.0);
    }

    proptest! {
        #[test]
        fn shingles_are_those_of_each_run_alone(
            words in proptest::collection::vec(0u64..6, 0..40), ngram in 1usize..7, piece in 1usize..9
        ) {
            let all = |words: &[u64], piece: usize| {
                let mut found = Vec::new();
                let mut shingler = Shingler::new(ngram);
                words.chunks(piece).for_each(|words| shingler.push(words, |h| found.push(h)));
                shingler.finish(|h| found.push(h));
                found
            };
            let alone: Vec<u64> = match words.len() {
                0 => Vec::new(),
                n if n < ngram => all(&words, n),
                _ => words.windows(ngram).flat_map(|run| all(run, ngram)).collect(),
            };
            prop_assert_eq!(all(&words, piece), alone);
        }
    }
}
