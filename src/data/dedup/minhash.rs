//! MinHash signatures cut into bands (Broder 1997; Leskovec, Rajaraman, Ullman, chapter 3): texts
//! of similarity s share a band with probability 1 − (1 − s^rows)^bands.
//!
//! A permutation for each of the 112 minima of 14 bands of 8 rows would cost 112 hashes a
//! shingle; here there is one for each row. Its values are parted into as many bins as there are
//! bands, and the least of a bin is the minimum of that row in that band (one-permutation
//! hashing: Li, Owen, Zhang 2012). A bin that no shingle fell into, which only short texts have,
//! takes the least of a permutation of its own. The minimum of a bin is then, for any two texts,
//! that of a shingle drawn evenly from all of both, so it is shared with probability s; the rows
//! of a band come from different permutations, so a band is shared with probability s^rows, as
//! with 112 permutations.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::shingles::{Shingler, WORDS_AT_ONCE, fold};
use crate::letters::BareWords;

/// Shape of the index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bands {
    /// Bands of a signature.
    pub bands: usize,
    /// Minima of a band.
    pub rows: usize,
    /// Words of a shingle.
    pub ngram: usize,
    /// Candidates are duplicates when their true Jaccard similarity is at least this.
    pub min_jaccard: f64,
}

/// How probably texts of one similarity become candidates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SCurvePoint {
    /// Jaccard similarity.
    pub similarity: f64,
    /// Probability that they share a band.
    pub found: f64,
}

impl Bands {
    /// The curve of the index, in steps of 0.05 from 0.5 to 1.
    pub fn s_curve(&self) -> Vec<SCurvePoint> {
        let point = |step: u32| {
            let similarity = f64::from(step) / 20.0;
            SCurvePoint {
                similarity,
                found: self.found(similarity),
            }
        };
        (10..=20).map(point).collect()
    }

    /// Probability that texts of this similarity share a band.
    pub fn found(&self, similarity: f64) -> f64 {
        1.0 - (1.0 - similarity.powi(self.rows as i32)).powi(self.bands as i32)
    }
}

/// No shingle fell into this bin.
const EMPTY: u64 = u64::MAX;
/// Different shingles kept for each band at most: with so many, a bin is empty once in 10^11
/// texts.
const KEPT_A_BAND: usize = 64;

/// Makes band keys; one a thread.
pub struct Signer {
    bands: usize,
    /// Summand and multiplier of each row's permutation.
    rows: Vec<(u64, u64)>,
    /// Least value of each band in a row, row after row.
    minima: Vec<u64>,
    shingler: Shingler,
    /// The shingles so far, for the bins that stay empty.
    kept: Vec<u64>,
    /// No bin is empty, or there are more shingles than `kept` holds.
    is_full: bool,
    words: Vec<u64>,
    bytes: Vec<u8>,
}

impl Signer {
    /// A signer of this shape; a shape without bands or rows is taken to have one.
    pub fn new(shape: Bands) -> Self {
        let (bands, rows) = (shape.bands.max(1), shape.rows.max(1));
        let mut state = 1u64; // fixed: signatures are the same in every run and on every machine
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15); // splitmix64
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Signer {
            bands,
            rows: (0..rows).map(|_| (draw(), draw() | 1)).collect(),
            minima: vec![EMPTY; bands * rows],
            shingler: Shingler::new(shape.ngram),
            kept: Vec::new(),
            is_full: false,
            words: vec![0; WORDS_AT_ONCE],
            bytes: Vec::new(),
        }
    }

    /// One key a band, each of its own range of numbers; none for a text without a word.
    pub fn keys(&mut self, text: &str) -> Vec<u64> {
        let mut reader = BareWords::new(text);
        let mut words = std::mem::take(&mut self.words);
        loop {
            let n = reader.fill(&mut words);
            self.push(words.get(..n).unwrap_or_default());
            if n < words.len() {
                break;
            }
        }
        self.words = words;
        self.finish()
    }

    /// Goes on by the words of these hashes: for a reader that splits the text itself.
    /// [`Signer::finish`] ends the text.
    pub fn push(&mut self, words: &[u64]) {
        let Signer {
            bands,
            rows,
            minima,
            shingler,
            kept,
            is_full,
            ..
        } = self;
        let n_bands = *bands as u64;
        shingler.push(words, |shingle| {
            if !*is_full {
                kept.push(shingle);
                *is_full = kept.len().is_multiple_of(64) && is_settled(kept, minima, *bands);
            }
            for ((summand, multiplier), minima) in rows.iter().zip(minima.chunks_exact_mut(*bands))
            {
                let h = fold(shingle ^ summand, *multiplier);
                let bin = (u128::from(h) * u128::from(n_bands)) >> 64;
                if let Some(least) = minima.get_mut(bin as usize)
                    && h < *least
                {
                    *least = h;
                }
            }
        });
    }

    /// Words of the text so far.
    pub fn n_words(&self) -> usize {
        self.shingler.n_words()
    }

    /// Ends the text: one key a band; none for a text without a word.
    pub fn finish(&mut self) -> Vec<u64> {
        let mut short = None;
        self.shingler.finish(|shingle| short = Some(shingle));
        self.kept.extend(short);
        let is_empty = self.kept.is_empty();
        if !is_empty && !self.is_full {
            self.fill_empty();
        }
        let keys = match is_empty {
            true => Vec::new(),
            false => (0..self.bands).map(|band| self.key(band)).collect(),
        };
        self.shingler.clear();
        self.kept.clear();
        self.is_full = false;
        self.minima.fill(EMPTY);
        keys
    }

    /// Gives bins that no shingle fell into the least value of a permutation of their own.
    fn fill_empty(&mut self) {
        if !self.minima.contains(&EMPTY) {
            return;
        }
        self.kept.sort_unstable();
        self.kept.dedup();
        for (row, (summand, multiplier)) in self.rows.iter().enumerate() {
            for band in 0..self.bands {
                let Some(least) = self.minima.get_mut(row * self.bands + band) else {
                    continue;
                };
                if *least == EMPTY {
                    let summand = fold(summand.wrapping_add(band as u64 + 1), *multiplier);
                    let values = self.kept.iter().map(|s| fold(s ^ summand, *multiplier));
                    *least = values.min().unwrap_or(EMPTY);
                }
            }
        }
    }

    fn key(&mut self, band: usize) -> u64 {
        self.bytes.clear();
        let rows = self.minima.chunks_exact(self.bands);
        let minima = rows.filter_map(|row| row.get(band));
        self.bytes.extend(minima.flat_map(|m| m.to_le_bytes()));
        xxh3_64_with_seed(&self.bytes, band as u64)
    }
}

/// True when no bin is empty, or when there are too many different shingles to keep.
#[cold]
fn is_settled(kept: &mut Vec<u64>, minima: &[u64], bands: usize) -> bool {
    if !minima.contains(&EMPTY) {
        return true;
    }
    let limit = KEPT_A_BAND * bands;
    if kept.len() < 2 * limit {
        return false;
    }
    kept.sort_unstable();
    kept.dedup();
    kept.len() >= limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dedup::shingles::{ShingleSets, jaccard};

    const SHAPE: Bands = Bands {
        bands: 14,
        rows: 8,
        ngram: 5,
        min_jaccard: 0.72,
    };

    #[test]
    fn the_curve_crosses_where_the_formula_says() {
        let curve = SHAPE.s_curve();
        let at = |s: f64| {
            curve
                .iter()
                .find(|p| (p.similarity - s).abs() < 1e-9)
                .unwrap()
                .found
        };
        assert!((at(0.8) - 0.924).abs() < 1e-3, "{}", at(0.8));
        assert!(at(0.5) < 0.06 && at(1.0) == 1.0);
    }

    /// Words of letters, different for different numbers.
    fn word(i: usize) -> String {
        i.to_string()
            .bytes()
            .map(|d| char::from(d - b'0' + b'a'))
            .collect()
    }

    #[test]
    fn bands_and_single_minima_are_shared_as_often_as_the_curve_says() {
        // Texts with the last k words replaced, over many different vocabularies. Standard
        // errors: 0.5 / sqrt(n) of the share found, less of the minima.
        let mut sets = ShingleSets::new(5);
        let mut one = Signer::new(Bands { rows: 1, ..SHAPE });
        let mut signer = Signer::new(SHAPE);
        for (len, replaced) in [
            (5, 0),
            (12, 1),
            (30, 3),
            (60, 7),
            (200, 12),
            (200, 25),
            (900, 100),
        ] {
            let (mut found, mut expected, mut minima, mut similarity) = (0.0, 0.0, 0.0, 0.0);
            let n = 1500;
            for round in 0..n {
                let word = |i: usize| word(round * 30_000 + i);
                let text = |shift: usize| {
                    let at = |i| if i < len - replaced { i } else { i + shift };
                    (0..len).map(|i| word(at(i))).collect::<Vec<_>>().join(" ")
                };
                let (a, b) = (text(0), text(20_000));
                let s = jaccard(&sets.of(&a), &sets.of(&b));
                similarity += s;
                expected += SHAPE.found(s);
                let share = |a: &[u64], b: &[u64]| {
                    a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64
                };
                minima += share(&one.keys(&a), &one.keys(&b));
                found += f64::from(u8::from(share(&signer.keys(&a), &signer.keys(&b)) > 0.0));
            }
            let mean = |sum: f64| sum / n as f64;
            let told = format!(
                "{len} words, {replaced} replaced: minima {:.3} for {:.3}, bands {:.3} for {:.3}",
                mean(minima),
                mean(similarity),
                mean(found),
                mean(expected)
            );
            assert!((mean(minima) - mean(similarity)).abs() < 0.02, "{told}");
            assert!((mean(found) - mean(expected)).abs() < 0.05, "{told}");
        }
    }

    #[test]
    fn a_text_without_words_has_no_keys() {
        assert!(Signer::new(SHAPE).keys(" … 🎈").is_empty());
    }

    #[test]
    fn a_word_said_a_hundred_thousand_times_is_signed_as_said_ten_times() {
        let mut signer = Signer::new(SHAPE);
        let once = signer.keys(&"ja ".repeat(10));
        assert_eq!(signer.keys(&"ja ".repeat(100_000)), once);
    }
}
