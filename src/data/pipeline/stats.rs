//! Counts of one language, as the stage `stats` tells them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::data::record::Record;
use crate::lang::Lang;

/// What was seen of one language.
#[derive(Default)]
pub(super) struct Stats {
    n_records: u64,
    n_bytes: u64,
    n_chars: u64,
    n_words: u64,
    n_lines: u64,
    dropped: BTreeMap<&'static str, u64>,
}

impl Stats {
    pub(super) fn of(record: &Record, reason: Option<&'static str>) -> Self {
        Stats {
            n_records: 1,
            n_bytes: record.text.len() as u64,
            n_chars: record.text.chars().count() as u64,
            n_words: record.text.split_whitespace().count() as u64,
            n_lines: record.text.lines().count() as u64,
            dropped: reason.into_iter().map(|reason| (reason, 1)).collect(),
        }
    }

    pub(super) fn add(&mut self, other: Stats) {
        self.n_records += other.n_records;
        self.n_bytes += other.n_bytes;
        self.n_chars += other.n_chars;
        self.n_words += other.n_words;
        self.n_lines += other.n_lines;
        for (reason, n) in other.dropped {
            *self.dropped.entry(reason).or_default() += n;
        }
    }

    pub(super) fn told(self, at: usize) -> Value {
        let lang = Lang::all().get(at);
        json!({
            "schema": "stats/1",
            "lang": lang.map_or("und", |l| l.code.as_str()),
            "name": lang.map_or("undetermined", |l| l.name.as_str()),
            "n_records": self.n_records,
            "n_bytes": self.n_bytes,
            "n_chars": self.n_chars,
            "n_words": self.n_words,
            "n_lines": self.n_lines,
            "would_drop": self.dropped,
        })
    }
}
