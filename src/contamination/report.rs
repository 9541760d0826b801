//! What was found in a corpus: by evaluation set and by item.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{Hit, Rule};
use super::index::Index;

/// Counts over many texts; those of parts of the work add up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Texts asked about.
    pub n_docs: u64,
    /// Texts that give something away.
    pub n_docs_hit: u64,
    /// Texts by number of the set.
    docs: BTreeMap<u32, u64>,
    /// Texts and the largest share seen, by number of the item.
    items: BTreeMap<usize, (u64, f64)>,
}

impl Tally {
    /// Counts a text and tells whether it is contaminated: whether any hit is, by `rule`.
    pub fn count(&mut self, index: &Index, hits: &[Hit<'_>], rule: &Rule) -> bool {
        self.n_docs += 1;
        let mut items: Vec<(usize, f64)> = hits
            .iter()
            .filter(|hit| index.contaminates(hit, rule))
            .map(|hit| (hit.item, hit.share))
            .collect();
        items.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        items.dedup_by_key(|(item, _)| *item);
        let set = |item: usize| index.items.get(item).map_or(u32::MAX, |(set, _)| *set);
        let mut sets: Vec<u32> = items.iter().map(|(item, _)| set(*item)).collect();
        sets.dedup(); // items are in the order of their sets
        for set in &sets {
            *self.docs.entry(*set).or_default() += 1;
        }
        for (item, share) in &items {
            let (n, most) = self.items.entry(*item).or_default();
            *n += 1;
            *most = most.max(*share);
        }
        self.n_docs_hit += u64::from(!items.is_empty());
        !items.is_empty()
    }

    /// Adds the counts of another part.
    pub fn add(&mut self, other: &Tally) {
        self.n_docs += other.n_docs;
        self.n_docs_hit += other.n_docs_hit;
        for (set, n) in &other.docs {
            *self.docs.entry(*set).or_default() += n;
        }
        for (item, (n, share)) in &other.items {
            let (mine, most) = self.items.entry(*item).or_default();
            *mine += n;
            *most = most.max(*share);
        }
    }

    /// The report of all that was counted.
    pub fn report(&self, index: &Index) -> Report {
        let rows = index.benchmarks.iter().zip(0u32..);
        let benchmarks = rows.map(|(benchmark, set)| {
            let of_set = self.items.iter().filter_map(|(item, (n_docs, share))| {
                let (of, id) = index.items.get(*item).filter(|(of, _)| *of == set)?;
                debug_assert_eq!(*of, set);
                Some(Contaminated {
                    id: id.clone(),
                    n_docs: *n_docs,
                    share: *share,
                })
            });
            let items: Vec<Contaminated> = of_set.collect();
            BenchmarkRow {
                name: benchmark.name.clone(),
                n_items: u64::from(benchmark.n_items),
                n_short: u64::from(benchmark.n_short),
                n_items_hit: items.len() as u64,
                n_docs_hit: self.docs.get(&set).copied().unwrap_or(0),
                items,
            }
        });
        Report {
            schema: Report::SCHEMA.into(),
            n_docs: self.n_docs,
            n_docs_hit: self.n_docs_hit,
            benchmarks: benchmarks.collect(),
        }
    }
}

/// An item that a corpus gives away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contaminated {
    /// What it is called in its set.
    pub id: String,
    /// Texts that give it away.
    pub n_docs: u64,
    /// Largest share of a part of it that one text holds.
    pub share: f64,
}

/// What was found of one evaluation set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkRow {
    /// Its name.
    pub name: String,
    /// Items in it.
    pub n_items: u64,
    /// Items of too few words to be looked for.
    pub n_short: u64,
    /// Items given away.
    pub n_items_hit: u64,
    /// Texts that give some of them away.
    pub n_docs_hit: u64,
    /// The items given away, by id.
    pub items: Vec<Contaminated>,
}

/// What was found of all evaluation sets: `contamination.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `contamination/1`.
    pub schema: String,
    /// Texts asked about.
    pub n_docs: u64,
    /// Texts that give something away.
    pub n_docs_hit: u64,
    /// One row a set.
    pub benchmarks: Vec<BenchmarkRow>,
}

impl Report {
    /// The `schema` of reports written now.
    pub const SCHEMA: &str = "contamination/1";

    /// Whether an item was given away by the corpus that the report is of.
    pub fn is_contaminated(&self, benchmark: &str, id: &str) -> bool {
        let row = self.benchmarks.iter().find(|row| row.name == benchmark);
        row.is_some_and(|row| {
            let of_id = row.items.binary_search_by(|item| item.id.as_str().cmp(id));
            of_id.is_ok()
        })
    }
}
