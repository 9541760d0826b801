//! What a vocabulary is trained on: how much of each language, and how much each counts.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::merges::ONE;
use crate::data::mix::{Taker, allot};

/// Characters of text read at most, all languages together. More changes a vocabulary little.
const MAX_CHARS: u64 = 256 << 20;

/// One language's part: texts, and what a word of them counts in parts of [`ONE`].
pub(super) struct Part<'a> {
    pub(super) texts: Vec<&'a str>,
    pub(super) weight: u64,
}

/// Picks from `texts`, one list a language. Shares of characters (bytes would leave Georgian a
/// third of what Latin script gets) are proportional to size to the power of `temperature`: 0
/// gives every language the same, 1 as much as there is of it; but none counts more than
/// `max_epochs` times what it has, and what it cannot use is shared by the rest.
///
/// Everything is read where it fits in [`MAX_CHARS`]; a language that has more than its share of
/// that gives the texts whose hashes are smallest, so the order of texts never matters.
pub(super) fn pick<'a>(texts: &[Vec<&'a str>], temperature: f64, max_epochs: f64) -> Vec<Part<'a>> {
    let sizes: Vec<u64> = texts
        .par_iter()
        .map(|texts| texts.iter().map(|text| n_chars(text)).sum())
        .collect();
    let total: u64 = sizes.iter().sum();
    let budget = total.min(MAX_CHARS) as f64;
    let read = shares(&sizes, budget, temperature, 1.0);
    let counted = shares(&sizes, budget, temperature, max_epochs);
    let part = |i: usize| {
        let (texts, n_read) = if total <= MAX_CHARS {
            (texts[i].clone(), sizes[i])
        } else {
            smallest_hashes(&texts[i], read[i])
        };
        Part {
            texts,
            weight: (ONE as f64 * counted[i] / n_read.max(1) as f64).round() as u64,
        }
    };
    (0..texts.len()).into_par_iter().map(part).collect()
}

fn n_chars(text: &str) -> u64 {
    text.chars().count() as u64
}

/// The texts of smallest hash until they have `share` characters, and how many they have.
fn smallest_hashes<'a>(texts: &[&'a str], share: f64) -> (Vec<&'a str>, u64) {
    let mut order: Vec<(u64, &str)> = texts
        .iter()
        .map(|text| (xxh3_64(text.as_bytes()), *text))
        .collect();
    order.sort_unstable();
    let mut n_read = 0;
    let taken = order.into_iter().map(|(_, text)| text);
    let taken: Vec<&str> = taken
        .take_while(|text| {
            let fits = (n_read as f64) < share;
            n_read += if fits { n_chars(text) } else { 0 };
            fits
        })
        .collect();
    (taken, n_read)
}

/// Parts of `budget`, proportional to `sizes` to the power of `temperature`, each at most
/// `max_epochs` times its size.
fn shares(sizes: &[u64], budget: f64, temperature: f64, max_epochs: f64) -> Vec<f64> {
    let taker = |size: &u64| Taker {
        weight: match size {
            0 => 0.0,
            size => (*size as f64).powf(temperature),
        },
        cap: max_epochs * *size as f64,
        price: 1.0,
    };
    allot(&sizes.iter().map(taker).collect::<Vec<_>>(), budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_count_alike_and_small_ones_are_capped() {
        let (large, small) = (vec!["abcdefghij"; 100], vec!["xyxyxyxyxy"; 10]);
        let parts = pick(&[large, small, vec![]], 0.0, 4.0);
        let weights: Vec<u64> = parts.iter().map(|p| p.weight).collect();
        assert_eq!(weights, [717, ONE * 4, 0]); // 0.7 and 4 of 1024
    }

    #[test]
    fn temperature_goes_from_alike_to_as_they_are() {
        let sizes = [1000, 20, 500];
        assert_eq!(shares(&sizes, 900.0, 0.0, 4.0), [410.0, 80.0, 410.0]);
        let natural = shares(&sizes, 760.0, 1.0, 4.0);
        for (got, want) in natural.iter().zip([500.0, 10.0, 250.0]) {
            assert!((got - want).abs() < 1e-9, "{natural:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_picked_without_regard_to_order() {
        let texts: Vec<String> = (0..100).map(|n| format!("text {n:05}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let reversed: Vec<&str> = texts.iter().rev().copied().collect();
        let (picked, n_read) = smallest_hashes(&texts, 255.0);
        assert_eq!((picked.len(), n_read), (26, 260));
        assert_eq!(smallest_hashes(&reversed, 255.0).0, picked);
    }
}
