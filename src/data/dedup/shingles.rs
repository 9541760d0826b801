//! A text as the set of its shingles: runs of a few bare words.

use crate::data::letters::bare;

const SEED: u64 = 0x9e37_79b9_7f4a_7c15; // golden ratio, as in splitmix64
const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd; // murmur3's finaliser

#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let h = (a.rotate_left(23) ^ b).wrapping_mul(MULTIPLIER);
    h ^ (h >> 32)
}

/// Hashes of the words of `text`: lower case, without marks, digits all alike, split at
/// everything else.
fn words(text: &str, words: &mut Vec<u64>) {
    words.clear();
    let (mut hash, mut half, mut n) = (SEED, 0u64, 0u32);
    for c in text.chars().chain([' ']) {
        match bare(c) {
            None => {}
            Some(' ') if n == 0 => {}
            Some(' ') => {
                words.push(mix(mix(hash, half), u64::from(n)));
                (hash, half, n) = (SEED, 0, 0);
            }
            Some(c) => {
                half = (half << 21) | u64::from(c as u32);
                n += 1;
                if n.is_multiple_of(3) {
                    (hash, half) = (mix(hash, half), 0);
                }
            }
        }
    }
}

/// Calls `found` with the hash of every run of `n` words; a shorter text is one run.
pub(super) fn each_shingle(
    text: &str,
    n: usize,
    buffer: &mut Vec<u64>,
    mut found: impl FnMut(u64),
) {
    words(text, buffer);
    let n = n.max(1).min(buffer.len());
    if n > 0 {
        for run in buffer.windows(n) {
            found(run.iter().fold(SEED, |hash, word| mix(hash, *word)));
        }
    }
}

/// The set of shingles, sorted.
pub(super) fn shingle_set(text: &str, n: usize) -> Vec<u64> {
    let mut set = Vec::new();
    each_shingle(text, n, &mut Vec::new(), |hash| set.push(hash));
    set.sort_unstable();
    set.dedup();
    set
}

/// Shared shingles over all shingles of two sorted sets; 0 of two empty ones.
pub(super) fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0usize);
    while i < a.len() && j < b.len() {
        shared += usize::from(a[i] == b[j]);
        let (next_a, next_b) = (a[i] <= b[j], b[j] <= a[i]);
        i += usize::from(next_a);
        j += usize::from(next_b);
    }
    let all = a.len() + b.len() - shared;
    if all == 0 {
        0.0
    } else {
        shared as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
