//! Repetition: runs of words that come again and again (Gopher, arXiv 2112.11446, table A1).

use super::metrics::{Metrics, Page, Tables, ratio};
use super::ngrams::Table;
use super::words::{Word, mix};

/// Buffers kept from text to text.
#[derive(Default)]
pub(super) struct Buffers {
    /// Where a run of the present length begins that comes again, left to right.
    runs: Vec<Run>,
    /// Characters of the words before each word.
    chars: Vec<u32>,
}

/// A run of words.
#[derive(Clone, Copy)]
struct Run {
    hash: u64,
    /// Its first word.
    at: u32,
    /// Its slot in the table.
    slot: u32,
}

/// Lengthens runs from 2 to 10 words. A run can only come again if the run shorter by a word
/// does, so each length looks at what the one before left over: mostly nothing.
pub(super) fn measure(page: &Page, tables: &mut Tables, metrics: &mut Metrics) {
    let Tables {
        first: table,
        ngrams: Buffers { runs, chars },
        ..
    } = tables;
    let words = page.words;
    chars.clear();
    chars.push(0);
    chars.extend(words.iter().scan(0u32, |sum, word| {
        *sum = sum.saturating_add(word.n_chars() as u32);
        Some(*sum)
    }));
    let share = |n_chars: usize| ratio(n_chars, page.n_chars);
    for n in 2..=10 {
        // Characters of the run of n words at a word.
        let len = |at: u32| {
            let at = at as usize;
            match (chars.get(at), chars.get(at + n)) {
                (Some(begin), Some(end)) => (end - begin) as usize,
                _ => 0,
            }
        };
        if n == 2 {
            first_pairs(words, runs, table);
        } else {
            lengthen(words, n, runs, table);
        }
        if n <= 4 {
            // The most frequent run, the first of those; its spaces count. Where none comes
            // again it is the text's first.
            let mut best = (1, 0);
            for run in runs.iter() {
                let count = table.count(run.slot as usize);
                if count > best.0 {
                    best = (count, run.at);
                }
            }
            let n_chars = best.0 as usize * (len(best.1) + n - 1);
            let top = if words.len() < n { 0.0 } else { share(n_chars) };
            if let Some(metric) = metrics.top_ngram.get_mut(n - 2) {
                *metric = top;
            }
        } else {
            // Left to right: a run seen before counts whole, and the next begins behind it.
            let (mut n_chars, mut next) = (0, 0);
            for run in runs.iter() {
                if run.at >= next && table.take(run.slot as usize) {
                    n_chars += len(run.at);
                    next = run.at + n as u32;
                }
            }
            if let Some(metric) = metrics.dup_ngram.get_mut(n - 5) {
                *metric = share(n_chars);
            }
        }
    }
}

/// Runs of two words that come again.
fn first_pairs(words: &[Word], runs: &mut Vec<Run>, table: &mut Table) {
    table.clear(words.len());
    runs.clear();
    runs.extend(words.array_windows().enumerate().map(|(at, [a, b])| {
        let hash = mix(a.hash, b.hash);
        let slot = table.add(hash) as u32;
        let at = at as u32;
        Run { hash, at, slot }
    }));
    keep_repeated(runs, table);
}

/// Of `runs` of one word less, those of `n` words that come again.
fn lengthen(words: &[Word], n: usize, runs: &mut Vec<Run>, table: &mut Table) {
    // Runs stand left to right: only the last can reach beyond the text.
    while runs
        .last()
        .is_some_and(|run| run.at as usize + n > words.len())
    {
        runs.pop();
    }
    table.clear(runs.len());
    for run in runs.iter_mut() {
        if let Some(last) = words.get(run.at as usize + n - 1) {
            run.hash = mix(run.hash, last.hash);
            run.slot = table.add(run.hash) as u32;
        }
    }
    keep_repeated(runs, table);
}

/// Drops the runs that come once. Every run is written and the place moves on where it is kept:
/// no branch hangs on a count.
fn keep_repeated(runs: &mut Vec<Run>, table: &Table) {
    let mut kept = 0;
    for i in 0..runs.len() {
        let run = runs[i];
        runs[kept] = run;
        kept += usize::from(table.count(run.slot as usize) > 1);
    }
    runs.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;
    use std::collections::HashSet;

    /// The definition, word by word, without any narrowing.
    fn by_the_book(words: &[Word], n_chars: usize) -> ([f64; 3], [f64; 6]) {
        let (mut top, mut dup) = ([0.0; 3], [0.0; 6]);
        for n in 2..=10 {
            let runs: Vec<Vec<u64>> = words
                .windows(n)
                .map(|w| w.iter().map(|w| w.hash).collect())
                .collect();
            let len = |at: usize| words[at..at + n].iter().map(|w| w.n_chars()).sum::<usize>();
            if n <= 4 {
                let mut counts: Vec<(&[u64], usize, usize)> = Vec::new();
                for (at, run) in runs.iter().enumerate() {
                    match counts.iter_mut().find(|(seen, ..)| *seen == run.as_slice()) {
                        Some(entry) => entry.1 += 1,
                        None => counts.push((run, 1, len(at) + n - 1)),
                    }
                }
                let most = counts.iter().map(|(_, count, _)| *count).max();
                let best = counts.iter().find(|(_, count, _)| Some(*count) == most);
                let n_covered = best.map_or(0, |(_, count, len)| count * len);
                top[n - 2] = ratio(n_covered, n_chars);
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
            let marks = split(&text, &mut words);
            let page = Page { text: &text, n_chars: text.chars().count(), words: &words, marks };
            let mut metrics = Metrics::default();
            measure(&page, &mut Tables::default(), &mut metrics);
            let expected = by_the_book(&words, page.n_chars);
            proptest::prop_assert_eq!((metrics.top_ngram, metrics.dup_ngram), expected);
        }
    }
}
