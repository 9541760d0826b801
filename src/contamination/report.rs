//! What was found in a corpus: by evaluation set, by language, and by item.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{Hit, Rule};
use super::index::Index;

/// What one text gives away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Met {
    /// Number of each item, and the largest share of a part of it; by number.
    items: Vec<(u32, f64)>,
}

impl Met {
    /// True when the text gives nothing away.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Index {
    /// The items that `hits` of one text give away, by `rule`.
    pub fn met(&self, hits: &[Hit<'_>], rule: &Rule) -> Met {
        let given = hits.iter().filter(|hit| self.contaminates(hit, rule));
        let mut items: Vec<(u32, f64)> = given.map(|hit| (hit.item, hit.share)).collect();
        items.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        items.dedup_by_key(|(item, _)| *item);
        Met { items }
    }
}

/// Counts over many texts; those of parts of the work add up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Texts asked about.
    pub n_docs: u64,
    /// Texts that give something away.
    pub n_docs_hit: u64,
    /// Texts by number of the set and code of the language.
    docs: BTreeMap<u32, BTreeMap<String, u64>>,
    /// Texts and the largest share seen, by number of the item.
    items: BTreeMap<u32, (u64, f64)>,
}

impl Tally {
    /// Counts a text in a language, by its code.
    pub fn count(&mut self, index: &Index, met: &Met, lang: &str) {
        self.n_docs += 1;
        self.n_docs_hit += u64::from(!met.is_empty());
        let set = |item: u32| index.items.get(item as usize).map(|(set, _)| *set);
        let mut sets: Vec<u32> = met
            .items
            .iter()
            .filter_map(|(item, _)| set(*item))
            .collect();
        sets.dedup(); // items are in the order of their sets
        for set in sets {
            let langs = self.docs.entry(set).or_default();
            *langs.entry(lang.into()).or_default() += 1;
        }
        for (item, share) in &met.items {
            let (n, most) = self.items.entry(*item).or_default();
            *n += 1;
            *most = most.max(*share);
        }
    }

    /// Adds the counts of another part.
    pub fn add(&mut self, other: &Tally) {
        self.n_docs += other.n_docs;
        self.n_docs_hit += other.n_docs_hit;
        for (set, langs) in &other.docs {
            let own = self.docs.entry(*set).or_default();
            for (lang, n) in langs {
                *own.entry(lang.clone()).or_default() += n;
            }
        }
        for (item, (n, share)) in &other.items {
            let (mine, most) = self.items.entry(*item).or_default();
            *mine += n;
            *most = most.max(*share);
        }
    }

    /// The report of all that was counted with `index`.
    pub fn report(&self, index: &Index) -> Report {
        let mut benchmarks: Vec<BenchmarkRow> = index
            .benchmarks
            .iter()
            .zip(0u32..)
            .map(|(set, number)| {
                let langs = self.docs.get(&number).cloned().unwrap_or_default();
                BenchmarkRow {
                    counts: BenchmarkCounts {
                        name: set.name.clone(),
                        n_items: set.n_items.into(),
                        n_short: set.n_short.into(),
                        n_hashes: 0,
                        n_common: set.n_common.into(),
                        n_items_hit: 0,
                        n_docs_hit: langs.values().sum(),
                        langs,
                    },
                    items: Vec::new(),
                }
            })
            .collect();
        for row in &index.row_of {
            let set = index.rows.get(*row as usize).map(|row| row.benchmark);
            if let Some(row) = set.and_then(|set| benchmarks.get_mut(set as usize)) {
                row.counts.n_hashes += 1;
            }
        }
        for (item, (n_docs, share)) in &self.items {
            let Some((set, id)) = index.items.get(*item as usize) else {
                continue; // counted with another index
            };
            if let Some(row) = benchmarks.get_mut(*set as usize) {
                row.counts.n_items_hit += 1;
                row.items.push(Contaminated {
                    id: id.clone(),
                    n_docs: *n_docs,
                    share: *share,
                });
            }
        }
        Report {
            schema: Report::SCHEMA.into(),
            n_docs: self.n_docs,
            n_docs_hit: self.n_docs_hit,
            benchmarks,
        }
    }

    /// The part of `index` that is of the items given away: what scores are marked by.
    pub fn given_away(&self, index: &Index) -> Index {
        index.only(&|item| self.items.contains_key(&item))
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

/// How much was found of one evaluation set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkCounts {
    /// Its name.
    pub name: String,
    /// Items in it.
    pub n_items: u64,
    /// Items of too few words to be looked for.
    pub n_short: u64,
    /// Runs of words that are looked for.
    pub n_hashes: u64,
    /// Runs of words that are not, since so many of its items have them.
    pub n_common: u64,
    /// Items given away.
    pub n_items_hit: u64,
    /// Texts that give some of them away.
    pub n_docs_hit: u64,
    /// These texts by code of their language.
    pub langs: BTreeMap<String, u64>,
}

/// What was found of one evaluation set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkRow {
    /// In numbers.
    #[serde(flatten)]
    pub counts: BenchmarkCounts,
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
    /// Its file in a prepared folder.
    pub const NAME: &str = "contamination.json";
    /// Beside it, the index of the items given away.
    pub const INDEX: &str = "contamination.eui";
}
