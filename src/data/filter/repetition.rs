//! Repetition: runs of words that come again and again (Gopher, arXiv 2112.11446, table A1).

use super::family::{Bound, Family, Metrics, Page, Row, Tables};
use super::words::mix;

pub(super) const FAMILY: Family = Family {
    measure,
    rows: &[
        row("top_2_gram", |m| m.top_ngram[0], |r| r.max_top_ngram[0]),
        row("top_3_gram", |m| m.top_ngram[1], |r| r.max_top_ngram[1]),
        row("top_4_gram", |m| m.top_ngram[2], |r| r.max_top_ngram[2]),
        row("dup_5_gram", |m| m.dup_ngram[0], |r| r.max_dup_ngram[0]),
        row("dup_6_gram", |m| m.dup_ngram[1], |r| r.max_dup_ngram[1]),
        row("dup_7_gram", |m| m.dup_ngram[2], |r| r.max_dup_ngram[2]),
        row("dup_8_gram", |m| m.dup_ngram[3], |r| r.max_dup_ngram[3]),
        row("dup_9_gram", |m| m.dup_ngram[4], |r| r.max_dup_ngram[4]),
        row("dup_10_gram", |m| m.dup_ngram[5], |r| r.max_dup_ngram[5]),
    ],
};

const fn row(
    metric: &'static str,
    value: fn(&Metrics) -> f64,
    threshold: fn(&super::Rules) -> f64,
) -> Row {
    Row {
        reason: metric,
        metric,
        bound: Bound::AtMost,
        value,
        threshold,
    }
}

/// Buffers kept from text to text.
#[derive(Default)]
pub(super) struct Buffers {
    /// Hash of the run that begins at each word, at the present length.
    hashes: Vec<u64>,
    /// Characters before each word.
    chars: Vec<usize>,
    /// Positions where a run begins that comes again.
    again: Vec<u32>,
    /// Slot of the run at each position of `again`.
    slots: Vec<u32>,
}

/// Lengthens runs from 2 to 10 words. A run can only come again if the run shorter by a word
/// does, so each length looks at what the one before left over: mostly nothing.
fn measure(page: &Page, _: &super::Rules, tables: &mut Tables, metrics: &mut Metrics) {
    let Tables {
        first: table,
        ngrams,
        ..
    } = tables;
    let Buffers {
        hashes,
        chars,
        again,
        slots,
    } = ngrams;
    hashes.clear();
    hashes.extend(page.words.iter().map(|w| w.hash));
    chars.clear();
    chars.push(0);
    chars.extend(page.words.iter().scan(0, |sum, word| {
        *sum += word.n_chars as usize;
        Some(*sum)
    }));
    again.clear();
    again.extend(0..page.words.len() as u32);
    let share = |n_chars: usize| super::family::ratio(n_chars, page.n_chars);
    for n in 2..=10 {
        again.retain(|&at| at as usize + n <= page.words.len());
        if again.is_empty() {
            return;
        }
        table.clear(again.len());
        slots.clear();
        for &at in again.iter() {
            let at = at as usize;
            hashes[at] = mix(hashes[at], page.words[at + n - 1].hash);
            slots.push(table.add(hashes[at]) as u32);
        }
        let mut kept = 0;
        for i in 0..again.len() {
            if table.count(slots[i] as usize) > 1 {
                (again[kept], slots[kept]) = (again[i], slots[i]);
                kept += 1;
            }
        }
        again.truncate(kept);
        slots.truncate(kept);
        let len = |at: u32| chars[at as usize + n] - chars[at as usize];
        if n <= 4 {
            // The most frequent run, the longest of those; its spaces count.
            let runs = again.iter().zip(slots.iter());
            let best =
                runs.map(|(at, slot)| (table.count(*slot as usize) as usize, len(*at) + n - 1));
            metrics.top_ngram[n - 2] = best.max().map_or(0.0, |(count, len)| share(count * len));
        } else {
            // Left to right: a run seen before counts whole, and the next begins behind it.
            let (mut n_chars, mut next) = (0, 0);
            for (at, slot) in again.iter().zip(slots.iter()) {
                if *at < next {
                    continue;
                }
                if table.take(*slot as usize) {
                    n_chars += len(*at);
                    next = *at + n as u32;
                }
            }
            metrics.dup_ngram[n - 5] = share(n_chars);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::{Word, split};
    use super::*;
    use std::collections::{HashMap, HashSet};

    /// The definition, word by word, without any narrowing.
    fn by_the_book(words: &[Word], n_chars: usize) -> ([f64; 3], [f64; 6]) {
        let (mut top, mut dup) = ([0.0; 3], [0.0; 6]);
        for n in 2..=10 {
            let runs: Vec<Vec<u64>> = words
                .windows(n)
                .map(|w| w.iter().map(|w| w.hash).collect())
                .collect();
            let len = |at: usize| {
                words[at..at + n]
                    .iter()
                    .map(|w| w.n_chars as usize)
                    .sum::<usize>()
            };
            if n <= 4 {
                let mut counts: HashMap<&[u64], (usize, usize)> = HashMap::new();
                for (at, run) in runs.iter().enumerate() {
                    let entry = counts.entry(run).or_default();
                    *entry = (entry.0 + 1, len(at) + n - 1);
                }
                let best = counts.values().filter(|(count, _)| *count > 1).max();
                top[n - 2] = best.map_or(0.0, |(count, len)| (count * len) as f64 / n_chars as f64);
            } else {
                let (mut seen, mut at, mut sum) = (HashSet::new(), 0, 0);
                while at < runs.len() {
                    if seen.insert(&runs[at]) {
                        at += 1;
                    } else {
                        sum += len(at);
                        at += n;
                    }
                }
                dup[n - 5] = sum as f64 / n_chars as f64;
            }
        }
        (top, dup)
    }

    proptest::proptest! {
        #[test]
        fn narrowing_changes_no_value(picks in proptest::collection::vec(0u8..4, 1..200)) {
            let text: String = picks.iter().map(|p| ["ein ", "zwei ", "drei, ", "vier "][*p as usize]).collect();
            let mut words = Vec::new();
            split(&text, &mut words);
            let page = Page { text: &text, n_chars: text.chars().count(), words: &words };
            let mut metrics = Metrics::default();
            let rules = super::super::Rules::of(&crate::lang::Lang::all()[0]);
            measure(&page, rules, &mut Tables::default(), &mut metrics);
            let expected = by_the_book(&words, page.n_chars);
            proptest::prop_assert_eq!((metrics.top_ngram, metrics.dup_ngram), expected);
        }
    }
}
