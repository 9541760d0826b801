//! Evaluation sets to an index.

use std::collections::BTreeMap;

use super::index::{Benchmark, Index, Row};
use super::words::{self, Words};

/// Longest run, in words.
pub(super) const MAX_LENGTH: u32 = 64;

/// How an index is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Lengths of runs, in words: 1 to 64.
    pub lengths: Vec<u32>,
    /// Fewest words of an item that is matched as a whole.
    pub min_words: u32,
    /// A run that more items of one set have is left out.
    pub max_items: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            lengths: vec![8, 13],
            min_words: 5,
            max_items: 100,
        }
    }
}

/// An item of an evaluation set.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Name of the set.
    pub benchmark: &'a str,
    /// What the item is called in it.
    pub id: &'a str,
    /// Its texts: question, context, choices. No run of words goes from one to another.
    pub parts: &'a [&'a str],
}

/// A part of an item before the whole is sorted.
struct Part {
    n_words: u32,
    /// Hashes of its runs of each length, sorted, each once.
    runs: Vec<Vec<u64>>,
    /// Its hash as a whole, when that is how it is matched.
    whole: Option<u64>,
}

/// Collects items; the order in which they come makes no difference.
pub struct Builder {
    settings: Settings,
    items: BTreeMap<(String, String), Vec<Part>>,
    words: Words,
}

impl Builder {
    /// With nothing in it yet. Lengths are brought into order; if there is none, they are the default ones.
    pub fn new(mut settings: Settings) -> Self {
        settings.lengths.retain(|n| (1..=MAX_LENGTH).contains(n));
        settings.lengths.sort_unstable();
        settings.lengths.dedup();
        if settings.lengths.is_empty() {
            settings.lengths = Settings::default().lengths;
        }
        Builder {
            settings,
            items: BTreeMap::new(),
            words: Words::default(),
        }
    }

    /// Adds an item, or more parts of one that is there.
    pub fn add(&mut self, item: Item<'_>) {
        let name = (item.benchmark.to_string(), item.id.to_string());
        let mut parts: Vec<Part> = item.parts.iter().map(|text| self.part(text)).collect();
        // As a whole only the longest part is matched, and only if no part has runs.
        let has_runs = parts
            .iter()
            .any(|part| part.runs.iter().any(|r| !r.is_empty()));
        let longest = parts
            .iter()
            .filter(|p| p.whole.is_some())
            .map(|p| p.n_words)
            .max();
        for part in &mut parts {
            part.whole = part
                .whole
                .filter(|_| !has_runs && longest == Some(part.n_words));
        }
        parts.retain(|part| part.whole.is_some() || part.runs.iter().any(|r| !r.is_empty()));
        self.items.entry(name).or_default().extend(parts);
    }

    fn part(&mut self, text: &str) -> Part {
        self.words.read(text);
        let numbers = numbers_before(text);
        // A run mostly of numbers, which are all alike here, says nothing.
        let speaks = |at: usize, n: usize| {
            let count = |at: usize| numbers.get(at).copied().unwrap_or(0);
            2 * (count(at + n) - count(at)) as usize <= n
        };
        let n_words = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let runs = self.settings.lengths.iter().map(|n| {
            let mut runs = Vec::new();
            let n = *n as usize;
            self.words
                .each_run(n, |hash, at| runs.extend(speaks(at, n).then_some(hash)));
            runs.sort_unstable();
            runs.dedup();
            runs
        });
        let runs = runs.collect();
        let shortest = self.settings.lengths.first().copied().unwrap_or(1);
        let mut whole = None;
        if n_words < shortest && n_words >= self.settings.min_words {
            let n = n_words as usize;
            self.words
                .each_run(n, |hash, at| whole = speaks(at, n).then_some(hash));
        }
        Part {
            n_words,
            runs,
            whole,
        }
    }

    /// The index of all items.
    pub fn build(self) -> Index {
        let mut benchmarks: Vec<Benchmark> = Vec::new();
        let (mut items, mut rows) = (Vec::new(), Vec::new());
        let mut entries: Vec<(u64, u32)> = Vec::new();
        for ((name, id), mut parts) in self.items {
            if benchmarks.last().is_none_or(|b| b.name != name) {
                benchmarks.push(Benchmark {
                    name,
                    n_items: 0,
                    n_short: 0,
                    n_common: 0,
                });
            }
            // Parts in an order of their own, each once, however they came.
            parts.sort_by(|a, b| (&a.runs, a.whole).cmp(&(&b.runs, b.whole)));
            parts.dedup_by(|a, b| a.runs == b.runs && a.whole == b.whole);
            let index = benchmarks.len() as u32 - 1;
            let item = items.len() as u32;
            let before = rows.len();
            for part in &parts {
                let row = rows.len() as u32;
                let runs = part.runs.iter().flatten().copied();
                entries.extend(runs.chain(part.whole).map(|hash| (hash, row)));
                rows.push(Row {
                    benchmark: index,
                    item,
                    part: (rows.len() - before) as u32,
                    n_words: part.n_words,
                    n_runs: part.runs.iter().map(|r| r.len() as u32).collect(),
                });
            }
            if let Some(benchmark) = benchmarks.last_mut() {
                benchmark.n_items += 1;
                benchmark.n_short += u32::from(rows.len() == before);
            }
            items.push((index, id));
        }
        entries.sort_unstable();
        leave_out_common(
            &mut entries,
            &rows,
            &mut benchmarks,
            self.settings.max_items,
        );
        let (hashes, row_of) = entries.into_iter().unzip();
        Index::assemble(
            self.settings.lengths,
            benchmarks,
            items,
            rows,
            hashes,
            row_of,
        )
    }
}

/// How many of the first words of a text are numbers, for every number of words.
fn numbers_before(text: &str) -> Vec<u32> {
    let mut n = 0;
    let is_number = |word: &str| word.chars().next().is_some_and(char::is_numeric);
    let words = words::spans(text).into_iter();
    let counts = words.map(|span| {
        n += u32::from(text.get(span).is_some_and(is_number));
        n
    });
    std::iter::once(0).chain(counts).collect()
}

/// Drops the runs that more than `max` items of one set have; `entries` are sorted.
fn leave_out_common(
    entries: &mut Vec<(u64, u32)>,
    rows: &[Row],
    benchmarks: &mut [Benchmark],
    max: u32,
) {
    let mut kept = Vec::with_capacity(entries.len());
    for run in entries.chunk_by(|a, b| a.0 == b.0) {
        // Rows are in the order of sets, and of items in a set.
        let row = |entry: &(u64, u32)| rows.get(entry.1 as usize).map(|r| (r.benchmark, r.item));
        for of_set in run.chunk_by(|a, b| row(a).map(|r| r.0) == row(b).map(|r| r.0)) {
            let n_items = of_set.chunk_by(|a, b| row(a) == row(b)).count();
            if n_items <= max as usize {
                kept.extend_from_slice(of_set);
                continue;
            }
            let set = of_set.first().and_then(row).map_or(0, |r| r.0);
            if let Some(benchmark) = benchmarks.get_mut(set as usize) {
                benchmark.n_common += 1;
            }
        }
    }
    *entries = kept;
}
