//! What the filters would drop, before it is done: survivors for each language and filter, alone
//! and after those before it, and with each threshold moved by a tenth and a fifth.
//!
//! Memory is one row a filter and language, however many texts there are.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::checks::{FILTERS, Family, N_FILTERS};
use super::load::RuleBook;
use super::metrics::Metrics;
use super::rules::Rules;
use crate::lang::Lang;

/// By how much thresholds are moved, in percent of themselves.
pub const MOVES: [i32; 4] = [-20, -10, 10, 20];

/// A number of texts and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Texts.
    pub n_texts: u64,
    /// Their bytes of UTF-8.
    pub n_bytes: u64,
}

impl Count {
    fn add(&mut self, n_bytes: u64, yes: bool) {
        if yes {
            self.n_texts += 1;
            self.n_bytes += n_bytes;
        }
    }
}

/// One language.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LangTable {
    /// Its code.
    pub lang: String,
    /// What was looked at.
    pub seen: Count,
    /// What is left after all filters.
    pub kept: Count,
    /// What would be left with every threshold moved, in the order of [`MOVES`]: all stricter by
    /// 20 and 10 percent, then all milder.
    pub all_moved: [Count; 4],
    /// One row a filter that is on, in the order they are asked.
    pub filters: Vec<FilterRow>,
}

/// One filter on one language.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilterRow {
    /// Its family.
    pub family: Family,
    /// The reason of its drops.
    pub reason: &'static str,
    /// Its threshold's name.
    pub key: &'static str,
    /// Its threshold.
    pub threshold: f64,
    /// What is left where it is the only one.
    pub alone: Count,
    /// What is left after it and all before it.
    pub after: Count,
    /// What only this filter drops.
    pub only: Count,
    /// What is left after all filters, with this threshold moved.
    pub moved: [Moved; 4],
}

/// One threshold moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Moved {
    /// By how much, in percent.
    pub percent: i32,
    /// Where to.
    pub threshold: f64,
    /// What is left after all filters.
    pub kept: Count,
}

/// Whether a text is in a sample of this share; the same texts in every run and every order.
pub fn sampled(id: &str, share: f64) -> bool {
    (xxh3_64(id.as_bytes()) as f64) < share * 2f64.powi(64)
}

/// Judges texts by the rules of a book, one after the other.
pub struct WhatIf<'a> {
    book: &'a RuleBook,
    /// One a language, none where no text of it was seen.
    tallies: Vec<Option<Tally>>,
}

impl<'a> WhatIf<'a> {
    /// One that has seen nothing.
    pub fn new(book: &'a RuleBook) -> Self {
        WhatIf {
            book,
            tallies: Lang::all().iter().map(|_| None).collect(),
        }
    }

    /// Judges a text of `n_bytes`. Filters whose family was not measured on it keep it.
    pub fn add(&mut self, lang: &Lang, n_bytes: u64, metrics: &Metrics) {
        let rules = self.book.of(lang);
        if let Some(tally) = self.tallies.get_mut(lang.index()) {
            tally
                .get_or_insert_with(|| Tally::new(rules))
                .add(rules, n_bytes, metrics);
        }
    }

    /// A table for each language seen, in table order.
    pub fn finish(self) -> Vec<LangTable> {
        let rows = Lang::all().iter().zip(self.tallies);
        rows.filter_map(|(lang, tally)| Some(tally?.table(lang, self.book.of(lang))))
            .collect()
    }
}

/// Counts of one language.
struct Tally {
    /// Positions of the filters that are on.
    on: Vec<usize>,
    seen: Count,
    kept: Count,
    all_moved: [Count; 4],
    rows: Vec<Counts>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    alone: Count,
    after: Count,
    only: Count,
    moved: [Count; 4],
}

/// The threshold at `at`, moved by `percent` of itself.
fn moved(rules: &Rules, at: usize, percent: i32) -> f64 {
    rules.threshold_at(at) * (1.0 + f64::from(percent) / 100.0)
}

impl Tally {
    fn new(rules: &Rules) -> Self {
        let on = |at: &usize| {
            FILTERS
                .get(*at)
                .is_some_and(|f| rules.families.has(f.family))
        };
        let on: Vec<usize> = (0..N_FILTERS).filter(on).collect();
        Tally {
            rows: vec![Counts::default(); on.len()],
            on,
            seen: Count::default(),
            kept: Count::default(),
            all_moved: [Count::default(); 4],
        }
    }

    fn add(&mut self, rules: &Rules, n_bytes: u64, metrics: &Metrics) {
        let holds = |at: usize, threshold: f64| {
            FILTERS.get(at).is_none_or(|filter| {
                !metrics.measured.has(filter.family)
                    || filter.holds((filter.value)(metrics), threshold)
            })
        };
        let failed: Vec<bool> = self
            .on
            .iter()
            .map(|at| !holds(*at, rules.threshold_at(*at)))
            .collect();
        let n_failed = failed.iter().filter(|failed| **failed).count();
        self.seen.add(n_bytes, true);
        self.kept.add(n_bytes, n_failed == 0);
        let mut before = true;
        for ((at, failed), row) in self.on.iter().zip(&failed).zip(&mut self.rows) {
            before &= !failed;
            row.alone.add(n_bytes, !failed);
            row.after.add(n_bytes, before);
            row.only.add(n_bytes, *failed && n_failed == 1);
            if n_failed == usize::from(*failed) {
                for (count, percent) in row.moved.iter_mut().zip(MOVES) {
                    count.add(n_bytes, holds(*at, moved(rules, *at, percent)));
                }
            }
        }
        for (count, percent) in self.all_moved.iter_mut().zip(MOVES) {
            // Stricter is less for a most and more for a least.
            let all = self.on.iter().all(|at| {
                let strict = FILTERS
                    .get(*at)
                    .is_some_and(|f| f.bound == super::Bound::AtMost);
                holds(
                    *at,
                    moved(rules, *at, if strict { percent } else { -percent }),
                )
            });
            count.add(n_bytes, all);
        }
    }

    fn table(self, lang: &Lang, rules: &Rules) -> LangTable {
        let rows = self.on.iter().zip(&self.rows);
        let filters = rows.filter_map(|(at, counts)| {
            let filter = FILTERS.get(*at)?;
            let mut told = [Moved::default(); 4];
            for ((told, kept), percent) in told.iter_mut().zip(counts.moved).zip(MOVES) {
                *told = Moved {
                    percent,
                    threshold: moved(rules, *at, percent),
                    kept,
                };
            }
            Some(FilterRow {
                family: filter.family,
                reason: filter.reason,
                key: filter.key,
                threshold: rules.threshold_at(*at),
                alone: counts.alone,
                after: counts.after,
                only: counts.only,
                moved: told,
            })
        });
        LangTable {
            lang: lang.code.clone(),
            seen: self.seen,
            kept: self.kept,
            all_moved: self.all_moved,
            filters: filters.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Families, first_failure};
    use super::*;

    fn metrics(n_words: u64, dup_lines: f64) -> Metrics {
        Metrics {
            measured: Families::cheap(),
            n_words,
            dup_lines,
            mean_word_length: 5.0,
            alpha_ratio: 1.0,
            stop_words: 5,
            line_punctuation: 1.0,
            lang_prob: 1.0,
            lang_share: 1.0,
            ..Metrics::default()
        }
    }

    #[test]
    fn rows_agree_with_the_verdict_and_thresholds_move() {
        let book = RuleBook::default();
        let lang = Lang::find("fr").unwrap();
        let texts = [
            (100, 0.0),
            (48, 0.0),
            (41, 0.9),
            (100, 0.27),
            (55, 0.9),
            (58, 0.1),
        ];
        let texts: Vec<Metrics> = texts.iter().map(|(n, dup)| metrics(*n, *dup)).collect();
        let rules = book.of(lang);
        let kept = texts
            .iter()
            .filter(|m| first_failure(m, rules).is_none())
            .count();
        let mut judged = WhatIf::new(&book);
        texts.iter().for_each(|m| judged.add(lang, 10, m));
        let tables = judged.finish();
        let [table] = tables.as_slice() else {
            panic!("one language")
        };
        assert_eq!((table.seen.n_texts, table.kept.n_texts), (6, kept as u64));
        assert_eq!(
            table.kept,
            Count {
                n_texts: 2,
                n_bytes: 20
            }
        );
        let row = |reason| table.filters.iter().find(|r| r.reason == reason).unwrap();
        let words = row("too_few_words");
        assert_eq!(
            (words.alone.n_texts, words.after.n_texts, words.only.n_texts),
            (4, 4, 1)
        );
        let moved: Vec<u64> = words.moved.iter().map(|m| m.kept.n_texts).collect();
        assert_eq!(moved, [3, 3, 2, 1]);
        let lines = row("dup_lines");
        assert_eq!(
            (lines.alone.n_texts, lines.after.n_texts, lines.only.n_texts),
            (3, 2, 2)
        );
        assert_eq!(lines.moved.map(|m| m.kept.n_texts), [2, 2, 3, 3]);
        assert_eq!(table.all_moved.map(|c| c.n_texts), [1, 2, 4, 4]);
        assert_eq!(table.filters.last().unwrap().after, table.kept);
        assert!(serde_json::to_string(&tables).unwrap().contains("\"only\""));
    }

    #[test]
    fn a_sample_is_the_same_share_of_any_ids() {
        let n = (0..100_000)
            .filter(|i| sampled(&format!("doc-{i}"), 0.01))
            .count();
        assert!((800..1200).contains(&n), "{n}");
        assert!(sampled("x", 1.0) && !sampled("x", 0.0));
    }
}
