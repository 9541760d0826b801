//! `report.json`: every stage and every language, in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::domains::DomainRow;
use super::gather::Supplied;
use super::lines::BoilerplateLines;
use super::plan::Plan;
use crate::contamination::BenchmarkCounts;
use crate::data::dedup::{SCurvePoint, SelfCheck};
use crate::data::error::{Error, Result};
use crate::data::tokenize::{Packed, Parity};
use crate::lang::Lang;
use crate::shard::{Mix, MixRow};

/// What `eu prepare` made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `prepare/1`.
    pub schema: String,
    /// Records read.
    pub n_seen: u64,
    /// Records to train on.
    pub n_kept: u64,
    /// Records set aside for scoring, of those read.
    pub n_heldout: u64,
    /// Records dropped, by reason. `n_seen = n_kept + n_heldout + Σ dropped`.
    pub dropped: BTreeMap<String, u64>,
    /// Tokens to train on.
    pub n_tokens: u64,
    /// Tokens of the vocabulary.
    pub n_vocab: u64,
    /// Stages in their order.
    pub stages: Vec<StageRow>,
    /// Languages in the order of the table.
    pub langs: Vec<LangRow>,
    /// What was met on the way, by sort and kind.
    pub found: BTreeMap<String, BTreeMap<String, u64>>,
    /// Domains with the most records.
    pub domains: Vec<DomainRow>,
    /// What was met of evaluation sets, a row a set; `contamination.json` names the items.
    #[serde(default)]
    pub evaluation_sets: Vec<BenchmarkCounts>,
    /// Similarity from which texts count as near-duplicates.
    pub min_jaccard: f64,
    /// How probably near-duplicates of each similarity are found.
    pub s_curve: Vec<SCurvePoint>,
    /// How well they were found among a thousand records of this walk and copies planted there.
    pub dedup_check: Option<SelfCheck>,
    /// How many clusters of copies there are of each size.
    pub cluster_sizes: BTreeMap<u64, u64>,
    /// What was taken out of records as boilerplate; none where it was not looked for.
    #[serde(default)]
    pub boilerplate_lines: Option<BoilerplateLines>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRow {
    /// Its name.
    pub stage: String,
    /// Records that came in.
    pub n_in: u64,
    /// Records that went on.
    pub n_out: u64,
    /// Records that did not, by reason.
    pub dropped: BTreeMap<String, u64>,
}

/// One language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LangRow {
    /// Code of the language; `und` for records without one.
    pub lang: String,
    /// Its English name.
    pub name: String,
    /// Documents to train on.
    pub n_docs: u64,
    /// Their bytes of UTF-8.
    pub n_bytes: u64,
    /// Their tokens, ends of text included.
    pub n_tokens: u64,
    /// Documents to score on.
    pub n_heldout: u64,
    /// Tokens over those of the reference language for the same text.
    pub parity: Option<f64>,
    /// Tokens a word, on the text that parity was measured on.
    pub tokens_per_word: Option<f64>,
    /// Share of the training mix.
    pub weight: f64,
    /// How often its text is seen when the mix is used up.
    pub epochs: f64,
    /// Documents dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
}

/// What a walk made, to report on.
pub(super) struct Made<'a> {
    pub(super) plan: &'a Plan,
    pub(super) counts: &'a Counts,
    pub(super) stages: Vec<StageRow>,
    pub(super) domains: Vec<DomainRow>,
    pub(super) evaluation_sets: Vec<BenchmarkCounts>,
    pub(super) heldout: &'a [Supplied],
    pub(super) unique: &'a [Supplied],
    pub(super) dedup_check: Option<&'a SelfCheck>,
    pub(super) cluster_sizes: &'a BTreeMap<u64, u64>,
    pub(super) boilerplate: Option<&'a BoilerplateLines>,
    pub(super) n_vocab: usize,
    pub(super) packed: Vec<Packed>,
    pub(super) parity: Option<Parity>,
    pub(super) mix: Option<Mix>,
}

impl Made<'_> {
    fn mix_rows(&self) -> &[MixRow] {
        self.mix.as_ref().map_or(&[], |mix| &mix.rows)
    }
}

impl Report {
    /// Gathers the numbers and checks that every record seen is accounted for.
    pub(super) fn of(made: Made) -> Result<Report> {
        let mut dropped: BTreeMap<String, u64> = BTreeMap::new();
        for (reason, n) in made.stages.iter().flat_map(|stage| &stage.dropped) {
            *dropped.entry(reason.clone()).or_default() += n;
        }
        let n_heldout = dropped.remove("heldout").unwrap_or(0);
        let n_seen = made.counts.n_seen;
        let n_kept = made.unique.iter().map(|own| own.n_docs).sum();
        let accounted = n_kept + n_heldout + dropped.values().sum::<u64>();
        if accounted != n_seen {
            return Err(Error::Lost {
                stage: "prepare".into(),
                n_in: n_seen,
                n_out: accounted,
            });
        }
        let shape = made.plan.bands();
        Ok(Report {
            schema: "prepare/1".into(),
            n_seen,
            n_kept,
            n_heldout,
            dropped,
            n_tokens: made.mix_rows().iter().map(|row| row.n_tokens).sum(),
            n_vocab: made.n_vocab as u64,
            langs: lang_rows(&made),
            found: found(&made),
            stages: made.stages,
            domains: made.domains,
            evaluation_sets: made.evaluation_sets,
            min_jaccard: shape.min_jaccard,
            s_curve: shape.s_curve(),
            dedup_check: made.dedup_check.cloned(),
            cluster_sizes: made.cluster_sizes.clone(),
            boilerplate_lines: made.boilerplate.cloned(),
        })
    }
}

/// What was met on the way, and how often records were packed where that was not once each.
fn found(made: &Made) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut found = made.counts.found.clone();
    let mut add = |what: &str, kind: &str, n: u64| {
        let kinds = found.entry(what.into()).or_default();
        *kinds.entry(kind.into()).or_default() += n;
    };
    for packed in &made.packed {
        for (repeats, n) in &packed.by_repeats {
            add("records by times packed", &repeats.to_string(), *n);
        }
        for (source, (n_records, n_docs)) in &packed.by_source {
            add("records of weighted sources", source, *n_records);
            add("documents packed of weighted sources", source, *n_docs);
        }
    }
    found
}

/// A row for every language that was met, and one for records in none.
fn lang_rows(made: &Made) -> Vec<LangRow> {
    let by_lang = made.counts.by_lang();
    let codes = Lang::all()
        .iter()
        .map(|l| (l.code.as_str(), l.name.as_str()));
    let row = |(code, name): (&str, &str)| {
        let own = made.unique.iter().find(|own| own.lang == code);
        let mix = made.mix_rows().iter().find(|row| row.lang == code);
        let costs = made.parity.iter().flat_map(|costs| &costs.rows);
        let cost = costs.into_iter().find(|row| row.lang == code);
        let mut dropped = by_lang.get(code).cloned().unwrap_or_default();
        dropped.remove("heldout"); // set aside, not dropped
        let heldout = made.heldout.iter().find(|own| own.lang == code);
        let n_heldout = heldout.map_or(0, |own| own.n_docs);
        if own.is_none() && dropped.is_empty() && n_heldout == 0 {
            return None;
        }
        Some(LangRow {
            lang: code.into(),
            name: name.into(),
            n_docs: own.map_or(0, |own| own.n_docs),
            n_bytes: own.map_or(0, |own| own.n_bytes),
            n_tokens: mix.map_or(0, |row| row.n_tokens),
            n_heldout,
            parity: cost.and_then(|row| row.ratio),
            tokens_per_word: cost.map(|row| row.tokens_per_word),
            weight: mix.map_or(0.0, |row| row.weight),
            epochs: mix.map_or(0.0, |row| row.epochs),
            dropped,
        })
    };
    codes
        .chain([("und", "undetermined")])
        .filter_map(row)
        .collect()
}
