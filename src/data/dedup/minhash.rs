//! MinHash signatures cut into bands (Broder 1997; Leskovec, Rajaraman, Ullman, chapter 3): texts
//! of similarity s share a band with probability 1 − (1 − s^rows)^bands.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::shingles::each_shingle;

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
            let missed = (1.0 - similarity.powi(self.rows as i32)).powi(self.bands as i32);
            SCurvePoint {
                similarity,
                found: 1.0 - missed,
            }
        };
        (10..=20).map(point).collect()
    }
}

/// Makes band keys; one a thread.
pub(super) struct Signer {
    shape: Bands,
    /// Odd multiplier and summand of each of the hash functions.
    multipliers: Vec<u32>,
    summands: Vec<u32>,
    minima: Vec<u32>,
    words: Vec<u64>,
    bytes: Vec<u8>,
}

impl Signer {
    pub(super) fn new(shape: Bands) -> Self {
        let n = shape.bands * shape.rows;
        let mut state = 1u64; // fixed: signatures are the same in every run and on every machine
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15); // splitmix64
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 32) as u32
        };
        Signer {
            shape,
            multipliers: (0..n).map(|_| draw() | 1).collect(),
            summands: (0..n).map(|_| draw()).collect(),
            minima: vec![u32::MAX; n],
            words: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// One key a band; none for a text without a word.
    pub(super) fn keys(&mut self, text: &str) -> Vec<u64> {
        self.minima.fill(u32::MAX);
        let (minima, multipliers, summands) = (&mut self.minima, &self.multipliers, &self.summands);
        let mut n = 0usize;
        each_shingle(text, self.shape.ngram, &mut self.words, |shingle| {
            n += 1;
            let shingle = (shingle >> 32) as u32;
            for ((least, a), b) in minima.iter_mut().zip(multipliers).zip(summands) {
                let h = shingle.wrapping_mul(*a).wrapping_add(*b);
                let h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d); // one round of lowbias32
                *least = (*least).min(h);
            }
        });
        if n == 0 {
            return Vec::new();
        }
        let bands = self.minima.chunks_exact(self.shape.rows).enumerate();
        bands
            .map(|(band, rows)| {
                self.bytes.clear();
                self.bytes.extend(rows.iter().flat_map(|m| m.to_le_bytes()));
                xxh3_64_with_seed(&self.bytes, band as u64)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dedup::shingles::{jaccard, shingle_set};

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

    #[test]
    fn signatures_find_similar_texts_as_often_as_the_curve_says() {
        // Texts of 200 words with the last k replaced, over many different vocabularies.
        let mut signer = Signer::new(SHAPE);
        for k in [0, 12, 25, 60] {
            let (mut found, mut expected, n) = (0, 0.0, 200);
            for round in 0..n {
                let word = |i: usize| {
                    let letters = (round * 30_000 + i).to_string().into_bytes();
                    letters
                        .iter()
                        .map(|d| char::from(d - b'0' + b'a'))
                        .collect::<String>()
                };
                let a: Vec<String> = (0..200).map(word).collect();
                let b: Vec<String> = (0..200)
                    .map(|i| word(if i < 200 - k { i } else { i + 20_000 }))
                    .collect();
                let (a, b) = (a.join(" "), b.join(" "));
                let s = jaccard(&shingle_set(&a, 5), &shingle_set(&b, 5));
                expected += 1.0 - (1.0 - s.powi(8)).powi(14);
                let (a, b) = (signer.keys(&a), signer.keys(&b));
                found += usize::from(a.iter().zip(&b).any(|(a, b)| a == b));
            }
            let (found, expected) = (found as f64 / n as f64, expected / n as f64);
            assert!(
                (found - expected).abs() < 0.1,
                "{k}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn a_text_without_words_has_no_keys() {
        assert!(Signer::new(SHAPE).keys(" … 🎈").is_empty());
    }
}
