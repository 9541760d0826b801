//! How well a run deduplicates, by its own texts: edited copies of a sample are planted, and
//! every pair of the sample is compared, which tells what should have been found.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::cluster::{Document, Fate, near_duplicates};
use super::minhash::{Bands, Signer};
use super::shingles::{ShingleSets, jaccard};
use crate::event::Control;

/// Most texts of a sample: pairs grow with the square.
const MAX_SAMPLE: usize = 1500;
/// Longest text of a sample, in bytes.
const MAX_BYTES: usize = 100_000;
/// Shares of words that are edited in a planted copy: with shingles of 5 words, similarities of
/// about 0.98 to 0.5.
const RATES: [f64; 7] = [0.002, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08];
/// Least similarity that is told of.
const LEAST: f64 = 0.5;
/// Width of a row of the table.
const WIDTH: f64 = 0.05;

/// Pairs of about one similarity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckRow {
    /// Least similarity of a pair.
    pub from: f64,
    /// Pairs of a text and a planted copy of it.
    pub n_planted: u64,
    /// Of these, the pairs that share a band.
    pub n_candidates: u64,
    /// How many of these the curve of the index expects.
    pub expected: f64,
    /// Of the planted pairs, those that came into one cluster.
    pub n_joined: u64,
    /// Pairs of texts of the sample itself, found by comparing each with each.
    pub n_sampled: u64,
    /// Of these, the pairs that came into one cluster.
    pub n_sampled_joined: u64,
}

/// How well a sample was deduplicated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SelfCheck {
    /// Texts of the sample.
    pub n_sample: u64,
    /// Copies planted.
    pub n_planted: u64,
    /// By similarity, from 0.5 to 1.
    pub rows: Vec<CheckRow>,
    /// Of the pairs at or above the threshold, the share that came into one cluster.
    pub recall: f64,
    /// Of the texts that went, the share that is as similar as the threshold to the one that
    /// stayed; the others were joined by a chain.
    pub precision: f64,
}

/// Plants copies among `documents` and deduplicates all as [`near_duplicates`] does; none when a
/// stop was asked for. Of more than 1500 documents those with the smallest hashes are the sample:
/// give those of a run in any order.
pub fn self_check(
    documents: &[Document],
    shape: Bands,
    seed: u64,
    control: &Control,
) -> Option<SelfCheck> {
    let hash = |document: &Document| xxh3_64_with_seed(document.text.as_bytes(), seed);
    let mut sample: Vec<(u64, &Document)> = documents
        .iter()
        .filter(|document| document.text.len() <= MAX_BYTES)
        .map(|document| (hash(document), document))
        .collect();
    sample.sort_by_key(|(hash, document)| (*hash, document.id));
    sample.dedup_by_key(|(hash, _)| *hash);
    sample.truncate(MAX_SAMPLE);
    // One copy of each, at the rates by turns: several of one text would be joined by it as a
    // chain, and say more of themselves than of the run.
    let copies: Vec<String> = sample
        .iter()
        .zip(RATES.iter().cycle())
        .map(|((hash, document), rate)| edited(document.text, *rate, *hash))
        .collect();
    let texts = sample.iter().map(|(_, document)| document.text);
    let texts: Vec<&str> = texts.chain(copies.iter().map(|text| &text[..])).collect();
    let pool = texts.iter().map(|text| Document { id: "", text });
    let pool: Vec<Document> = pool.collect();
    let fates = near_duplicates(&pool, shape, control)?;
    let cluster = |i: usize| match fates.get(i) {
        Some(Fate::Dropped { survivor, .. }) => *survivor,
        _ => i,
    };
    let tools = || (ShingleSets::new(shape.ngram), Signer::new(shape));
    let signed: Vec<(Vec<u32>, Vec<u64>)> = texts
        .par_iter()
        .map_init(tools, |(sets, signer), text| {
            (sets.of(text), signer.keys(text))
        })
        .collect();

    let mut table = Table::new(shape);
    for original in 0..copies.len() {
        let copy = sample.len() + original;
        if let (Some(a), Some(b)) = (signed.get(original), signed.get(copy)) {
            let shares = a.1.iter().zip(&b.1).any(|(a, b)| a == b);
            let is_joined = cluster(original) == cluster(copy);
            table.plant(jaccard(&a.0, &b.0), shares, is_joined);
        }
    }
    let pairs: Vec<Vec<(f64, bool)>> = (0..sample.len())
        .into_par_iter()
        .map(|i| match control.stop_requested() {
            true => Vec::new(),
            false => similar_before(&signed, i)
                .map(|(j, similarity)| (similarity, cluster(i) == cluster(j)))
                .collect(),
        })
        .collect();
    if control.stop_requested() {
        return None;
    }
    let pairs = pairs.into_iter().flatten();
    pairs.for_each(|(similarity, is_joined)| table.sample(similarity, is_joined));
    Some(table.told(sample.len(), copies.len(), &fates))
}

/// The texts before `i` that are at least [`LEAST`] similar to it, with the similarity.
fn similar_before(signed: &[(Vec<u32>, Vec<u64>)], i: usize) -> impl Iterator<Item = (usize, f64)> {
    let own = signed.get(i).map_or(&[][..], |(set, _)| set);
    let before = signed.iter().take(i).enumerate();
    before.filter_map(move |(j, (set, _))| {
        let (small, large) = (own.len().min(set.len()), own.len().max(set.len()));
        let similarity = match small as f64 >= LEAST * large as f64 {
            true => jaccard(own, set),
            false => 0.0,
        };
        (similarity >= LEAST).then_some((j, similarity))
    })
}

/// A copy with some words left out, said twice or replaced by another of the text.
fn edited(text: &str, rate: f64, seed: u64) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut n_drawn = 0u64;
    let mut draw = || {
        n_drawn += 1;
        xxh3_64_with_seed(&n_drawn.to_le_bytes(), seed)
    };
    let mut copy = Vec::with_capacity(words.len());
    for word in &words {
        let chance = (draw() >> 11) as f64 / (1u64 << 53) as f64;
        if chance >= rate {
            copy.push(*word);
            continue;
        }
        match draw() % 3 {
            0 => {}
            1 => copy.extend([*word, *word]),
            _ => {
                let other = draw() as usize % words.len();
                copy.extend(words.get(other).copied());
            }
        }
    }
    copy.join(" ")
}

struct Table {
    shape: Bands,
    rows: Vec<CheckRow>,
    n_similar: u64,
    n_found: u64,
}

impl Table {
    fn new(shape: Bands) -> Self {
        let n = ((1.0 - LEAST) / WIDTH).round() as u32;
        let row = |i: u32| CheckRow {
            from: f64::from(50 + 5 * i) / 100.0,
            ..CheckRow::default()
        };
        Table {
            shape,
            rows: (0..n).map(row).collect(),
            n_similar: 0,
            n_found: 0,
        }
    }

    fn row(&mut self, similarity: f64, is_joined: bool) -> Option<&mut CheckRow> {
        if similarity >= self.shape.min_jaccard {
            self.n_similar += 1;
            self.n_found += u64::from(is_joined);
        }
        let last = self.rows.len().checked_sub(1)?;
        let row = self.rows.iter().rposition(|row| similarity >= row.from)?;
        self.rows.get_mut(row.min(last))
    }

    fn plant(&mut self, similarity: f64, is_candidate: bool, is_joined: bool) {
        let expected = self.shape.found(similarity);
        if let Some(row) = self.row(similarity, is_joined) {
            row.n_planted += 1;
            row.n_candidates += u64::from(is_candidate);
            row.expected += expected;
            row.n_joined += u64::from(is_joined);
        }
    }

    fn sample(&mut self, similarity: f64, is_joined: bool) {
        if let Some(row) = self.row(similarity, is_joined) {
            row.n_sampled += 1;
            row.n_sampled_joined += u64::from(is_joined);
        }
    }

    fn told(self, n_sample: usize, n_planted: usize, fates: &[Fate]) -> SelfCheck {
        let min = self.shape.min_jaccard;
        let gone = fates.iter().filter_map(|fate| match fate {
            Fate::Dropped { similarity, .. } => Some(*similarity),
            Fate::Kept { .. } => None,
        });
        let (n_gone, n_close) =
            gone.fold((0, 0), |(n, close), s| (n + 1, close + u64::from(s >= min)));
        SelfCheck {
            n_sample: n_sample as u64,
            n_planted: n_planted as u64,
            rows: self.rows,
            recall: share(self.n_found, self.n_similar),
            precision: share(n_close, n_gone),
        }
    }
}

/// A share; 1 of nothing.
fn share(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 1.0,
        _ => part as f64 / whole as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    const SHAPE: Bands = Bands {
        bands: 14,
        rows: 8,
        ngram: 5,
        min_jaccard: 0.72,
    };

    fn texts(n: usize) -> Vec<String> {
        let word = |i: u64| {
            let letters = xxh3_64(&i.to_le_bytes()).to_string().into_bytes();
            letters
                .iter()
                .map(|d| char::from(d - b'0' + b'a'))
                .collect::<String>()
        };
        let text = |i: usize| {
            (0..300)
                .map(|j| word((i * 1000 + j) as u64))
                .collect::<Vec<_>>()
                .join(" ")
        };
        (0..n).map(text).collect()
    }

    fn checked(shape: Bands) -> SelfCheck {
        let texts = texts(350);
        let documents: Vec<Document> = texts.iter().map(|text| Document { id: "", text }).collect();
        let told = self_check(&documents, shape, 3, &Control::default()).unwrap();
        let mut turned = documents.clone();
        turned.reverse();
        assert_eq!(
            self_check(&turned, shape, 3, &Control::default()).unwrap(),
            told
        );
        told
    }

    #[test]
    fn planted_copies_are_found_as_often_as_the_curve_says() {
        let told = checked(SHAPE);
        assert_eq!((told.n_sample, told.n_planted), (350, 350));
        assert!(told.recall > 0.9 && told.precision > 0.95, "{told:?}");
        for row in &told.rows {
            let miss = (row.n_candidates as f64 - row.expected).abs();
            // Five standard deviations of a sum of so many draws.
            assert!(miss < 2.5 * (row.n_planted as f64).sqrt() + 1.0, "{row:?}");
            assert!(
                row.from < 0.75 || row.n_joined >= row.n_candidates,
                "{row:?}"
            );
        }
        assert!(
            told.rows.iter().filter(|row| row.n_planted > 10).count() > 5,
            "{told:?}"
        );
    }

    #[test]
    fn an_index_that_misses_is_told_to() {
        let told = checked(Bands {
            bands: 1,
            rows: 20,
            ..SHAPE
        });
        assert!(told.recall < 0.5, "{}", told.recall);
    }

    #[test]
    fn nothing_is_checked_of_nothing() {
        let told = self_check(&[], SHAPE, 0, &Control::default()).unwrap();
        assert_eq!((told.n_sample, told.recall, told.precision), (0, 1.0, 1.0));
    }
}
