//! How often a record stands among the tokens: more than once where the web had many copies of it
//! or its source is wanted more, not at all where it is wanted less.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::data::dedup::{Rehydration, repeats};
use crate::data::error::{Error, Result};
use crate::data::record::CLUSTER_SIZE;
use crate::disk;

/// Fields that name the source of a record, the first that does counts: dolma's, HPLT's, that of
/// pages read here, FineWeb's.
pub const SOURCE_FIELDS: [&str; 4] = ["source", "collection", "crawl_id", "dump"];

/// A rule for how often records are packed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Repeats {
    /// By the number of copies a record stands for; empty: none counts more than another.
    pub by_copies: Vec<Rehydration>,
    /// By the source of a record, each a name or, with `*` at its end, how names begin; 1 for
    /// those of no name here.
    pub by_source: BTreeMap<String, f64>,
    /// Seed of the lots that decide over a part of a time.
    pub seed: u64,
}

/// What is said of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// How often it is packed.
    pub n: u32,
    /// The weight that counted, as it was written.
    pub source: Option<&'a str>,
}

impl Repeats {
    /// True when every record is packed once.
    pub fn is_once(&self) -> bool {
        self.by_copies.is_empty() && self.by_source.is_empty()
    }

    /// How often the record of this line is packed: the product of both weights, and what is left
    /// of it beyond a whole number by lot, so that 0.5 takes every second record.
    ///
    /// # Errors
    /// When it is no record.
    pub fn of(&self, line: &[u8]) -> Result<Said<'_>> {
        if self.is_once() {
            return Ok(Said { n: 1, source: None });
        }
        let read = serde_json::from_slice::<Map<String, Value>>(line);
        let fields = read.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?;
        let copies = fields.get(CLUSTER_SIZE).and_then(Value::as_u64);
        let copies = repeats(copies.unwrap_or(1), &self.by_copies);
        let mut names = SOURCE_FIELDS
            .iter()
            .filter_map(|key| fields.get(*key)?.as_str());
        let source = names.next().and_then(|name| self.source(name));
        let weight = f64::from(copies) * source.map_or(1.0, |(_, weight)| weight);
        let whole = weight.floor();
        let lot = xxh3_64_with_seed(line, self.seed ^ 2); // 1 is that of what is set aside
        let chance = (lot >> 11) as f64 / (1u64 << 53) as f64;
        Ok(Said {
            n: whole as u32 + u32::from(chance < weight - whole),
            source: source.map(|(name, _)| name),
        })
    }

    /// The weight of a source: of its name, else of the longest beginning of it.
    fn source(&self, name: &str) -> Option<(&str, f64)> {
        if let Some((own, weight)) = self.by_source.get_key_value(name) {
            return Some((own, *weight));
        }
        let begins = self.by_source.iter().filter(|(pattern, _)| {
            let stem = pattern.strip_suffix('*');
            stem.is_some_and(|stem| name.starts_with(stem))
        });
        let longest = begins.max_by_key(|(pattern, _)| pattern.len())?;
        Some((longest.0, *longest.1))
    }
}

/// The lines of a file of records in the order they are packed: each once that is packed at all,
/// then each again that is packed twice or more, and so on. The file is in the order of lots, so
/// every round is, and what is repeated stands far from where it stood before.
pub struct Rounds<'a> {
    records: &'a Path,
    repeats: &'a Repeats,
    source: disk::Source,
    place: u64,
    round: u32,
    n_rounds: u32,
}

impl<'a> Rounds<'a> {
    /// Opens a file of records.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(records: &'a Path, repeats: &'a Repeats) -> Result<Self> {
        Ok(Rounds {
            records,
            repeats,
            source: disk::Source::open(records)?,
            place: 0,
            round: 1,
            n_rounds: 1,
        })
    }

    /// Reads the next line into `line`; its place in the file, from 1, and what is said of it. In
    /// the first round also those that are not packed; none at the end of the last round.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<(u64, Said<'a>)>> {
        loop {
            if self.source.read_line(line)? {
                self.place += 1;
                let said = self.repeats.of(line)?;
                self.n_rounds = self.n_rounds.max(said.n);
                if self.round == 1 || said.n >= self.round {
                    return Ok(Some((self.place, said)));
                }
            } else if self.round < self.n_rounds {
                self.round += 1;
                self.place = 0;
                self.source = disk::Source::open(self.records)?;
            } else {
                return Ok(None);
            }
        }
    }

    /// True in the first round, which meets every record.
    pub fn is_first(&self) -> bool {
        self.round == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(sources: &[(&str, f64)]) -> Repeats {
        Repeats {
            by_copies: Rehydration::DEFAULT.to_vec(),
            by_source: (sources.iter())
                .map(|(name, weight)| (name.to_string(), *weight))
                .collect(),
            seed: 7,
        }
    }

    fn n(rule: &Repeats, record: serde_json::Value) -> u32 {
        rule.of(record.to_string().as_bytes()).unwrap().n
    }

    #[test]
    fn copies_and_the_source_decide_together() {
        use serde_json::json;
        let rule = rule(&[("wiki", 2.0), ("CC-*", 0.0), ("CC-NEWS*", 1.0)]);
        assert_eq!(n(&rule, json!({"text": "a"})), 1);
        assert_eq!(n(&rule, json!({"cluster_size": 5})), 5);
        assert_eq!(n(&rule, json!({"cluster_size": 3, "source": "wiki"})), 6);
        assert_eq!(n(&rule, json!({"crawl_id": "CC-MAIN-2020"})), 0);
        assert_eq!(n(&rule, json!({"crawl_id": "CC-NEWS-2020"})), 1);
        // The first field that names a source counts.
        assert_eq!(n(&rule, json!({"crawl_id": "CC-1", "source": "wiki"})), 2);
        assert_eq!(n(&rule, json!({"source": 3, "collection": "wiki"})), 2);
        let once = Repeats::default();
        assert_eq!(once.of(b"no record").unwrap().n, 1);
        assert!(rule.of(b"no record").is_err());
    }

    #[test]
    fn a_part_of_a_time_is_drawn_by_lot() {
        let rule = rule(&[("a", 1.25)]);
        let drawn = |i: u32| n(&rule, serde_json::json!({"id": i, "source": "a"}));
        let all: Vec<u32> = (0..4000).map(drawn).collect();
        assert!(all.iter().all(|n| *n == 1 || *n == 2));
        let sum: u32 = all.iter().sum();
        assert!((4850..5150).contains(&sum), "{sum}"); // 5000, five deviations of 27
        assert_eq!(drawn(17), all[17]);
    }

    #[test]
    fn rounds_are_in_the_order_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        let sizes = [2, 1, 5, 3];
        let lines = sizes.map(|n| format!("{{\"cluster_size\": {n}}}\n"));
        disk::replace_bytes(&path, lines.concat().as_bytes()).unwrap();
        let rule = rule(&[]);
        let mut rounds = Rounds::open(&path, &rule).unwrap();
        let mut line = Vec::new();
        let mut places = Vec::new();
        while let Some((place, _)) = rounds.next(&mut line).unwrap() {
            places.push(place);
        }
        assert_eq!(places, [1, 2, 3, 4, 1, 3, 4, 3, 4, 3, 3]);
    }
}
