//! What came in, what was dropped where and why: sums that must agree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::report::StageRow;
use crate::data::error::{Error, Result};

/// Numbers of one unit, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Records (and pages, and pieces of damaged input) that came in.
    pub(super) n_seen: u64,
    /// Those that went on to the end.
    pub(super) n_kept: u64,
    /// Those that did not: by stage, reason and language code.
    pub(super) dropped: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>,
    /// What was met on the way, by kind: personal data, encodings, answers of sites.
    pub(super) found: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Counts {
    /// Counts a record that goes no further.
    pub(super) fn dropped(&mut self, stage: &str, reason: &str, lang: &str, n: u64) {
        let of_stage = entry(&mut self.dropped, stage);
        *entry(entry(of_stage, reason), lang) += n;
    }

    /// Counts something met on the way.
    pub(super) fn found(&mut self, what: &str, kind: &str, n: u64) {
        *entry(entry(&mut self.found, what), kind) += n;
    }

    /// Adds the numbers of another unit.
    pub(super) fn add(&mut self, other: &Counts) {
        self.n_seen += other.n_seen;
        self.n_kept += other.n_kept;
        for (stage, reasons) in &other.dropped {
            for (reason, langs) in reasons {
                for (lang, n) in langs {
                    self.dropped(stage, reason, lang, *n);
                }
            }
        }
        for (what, kinds) in &other.found {
            for (kind, n) in kinds {
                self.found(what, kind, *n);
            }
        }
    }

    /// A row for each of `stages`, in their order: what one drops does not come into the next.
    ///
    /// # Errors
    /// [`Error::Lost`] when what came in is not what was kept and dropped.
    pub(super) fn rows(&self, stages: &[&str]) -> Result<Vec<StageRow>> {
        let mut n_in = self.n_seen;
        let mut rows = Vec::new();
        for stage in stages {
            let reasons = self.dropped.get(*stage);
            let sums = reasons.into_iter().flatten();
            let dropped: BTreeMap<String, u64> = sums
                .map(|(reason, langs)| (reason.clone(), langs.values().sum()))
                .collect();
            let n_out = n_in.checked_sub(dropped.values().sum());
            let lost = Error::Lost {
                stage: (*stage).into(),
                n_in,
                n_out: dropped.values().sum(),
            };
            let n_out = n_out.ok_or(lost)?;
            rows.push(StageRow {
                stage: (*stage).into(),
                n_in,
                n_out,
                dropped,
            });
            n_in = n_out;
        }
        if n_in != self.n_kept {
            return Err(Error::Lost {
                stage: "prepare".into(),
                n_in,
                n_out: self.n_kept,
            });
        }
        Ok(rows)
    }

    /// Records of each language that were dropped, by reason.
    pub(super) fn by_lang(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut by_lang: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (reason, langs) in self.dropped.values().flatten() {
            for (lang, n) in langs {
                *entry(entry(&mut by_lang, lang), reason) += n;
            }
        }
        by_lang
    }
}

/// The value under `key`, made if it is not there; the name is copied only then.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, key: &str) -> &'a mut T {
    if !map.contains_key(key) {
        map.insert(key.into(), T::default());
    }
    map.get_mut(key).expect("put there one line above")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_do_not_agree_are_an_error() {
        let mut counts = Counts {
            n_seen: 5,
            n_kept: 2,
            ..Counts::default()
        };
        counts.dropped("filter", "few_letters", "deu_Latn", 2);
        assert!(matches!(
            counts.rows(&["identify", "filter"]),
            Err(Error::Lost {
                n_in: 3,
                n_out: 2,
                ..
            })
        ));
        counts.dropped("identify", "no_letters", "und", 1);
        let rows = counts.rows(&["identify", "filter"]).unwrap();
        assert_eq!((rows[0].n_in, rows[0].n_out), (5, 4));
        assert_eq!((rows[1].n_in, rows[1].n_out), (4, 2));
        // A stage that is left out is a record lost.
        assert!(counts.rows(&["filter"]).is_err());
        let mut twice = counts.clone();
        twice.add(&counts);
        assert_eq!(twice.by_lang()["deu_Latn"]["few_letters"], 4);
        assert_eq!(twice.rows(&["identify", "filter"]).unwrap()[1].n_out, 4);
    }
}
