//! What `eu prepare` will do, checked before anything is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::quantity::{Bytes, ShardOf};
use crate::data::dedup::{Bands, Rehydration};
use crate::data::error::{Error, Result};
use crate::data::filter::Families;
use crate::data::mix::{Unit, Wish};
use crate::data::optout::Check;
use crate::data::tokenize::{MIN_VOCAB, Repeats};
use crate::hardware::MAX_THREADS;
use crate::lang::Lang;

/// Largest vocabulary trained: four times that of any model known to us.
pub(super) const MAX_VOCAB: usize = 1 << 20;

/// What is told where a limit on premiums has nothing it can be held against, and what to do.
pub(super) const NO_PARALLEL: (&str, &str) = (
    "max_premium needs parallel text to be held against",
    "name some with --parallel, such as the same sentences in every language",
);

/// A step of the walk that a recipe can name; they are taken in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Take the main text out of web pages.
    Extract,
    /// Ask whether the people behind a page allow its use.
    Lawful,
    /// Give every record its language, and drop those not asked for.
    Identify,
    /// Judge the quality of the text.
    Filter,
    /// Drop what evaluation sets hold.
    Decontaminate,
    /// Mask personal data.
    Redact,
    /// Keep one of those that are equal or nearly so.
    Dedup,
    /// Train a vocabulary, or take one.
    Tokenizer,
    /// Write tokens to train on, and the mix.
    Pack,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Step; 9] = [
        Step::Extract,
        Step::Lawful,
        Step::Identify,
        Step::Filter,
        Step::Decontaminate,
        Step::Redact,
        Step::Dedup,
        Step::Tokenizer,
        Step::Pack,
    ];
}

/// Kind of a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    /// Byte-level BPE, the one that GGUF can hold.
    Bpe,
    /// Byte-level Unigram (arXiv 1804.10959).
    Unigram,
}

/// How tokens are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `.bin` and `.idx`.
    Megatron,
    /// `.ds`, `.ds.index`, `.ds.metadata` of datatrove.
    Datatrove,
    /// `.npy` and `.csv.gz` of dolma and OLMo.
    Olmo,
}

/// What is done with personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redact {
    /// The text stays; `pii` tells where it is.
    Annotate,
    /// Its kind stands in its place: `<EMAIL>`.
    Mask,
    /// Something of the same shape stands in its place, the same for the same value.
    Pseudonymise,
}

/// What `eu prepare` will do; section `[prepare]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Files and folders to read: JSONL (`.gz`, `.zst`), plain text, UDHR-style folders.
    pub inputs: Vec<PathBuf>,
    /// Folder to make.
    pub output: PathBuf,
    /// Text to score on, never trained on; without it `heldout_share` is set aside.
    pub heldout: Vec<PathBuf>,
    /// Share of each language's unique records set aside for scoring where `heldout` is empty;
    /// above 0, at least one record of two or more.
    pub heldout_share: f64,
    /// Parallel text for the parity table; records with the same `id` say the same thing.
    pub parallel: Vec<PathBuf>,
    /// Steps to take, in their own order.
    pub steps: Vec<Step>,
    /// Languages to keep: codes or sets.
    pub langs: Vec<String>,
    /// Field of a JSON record that holds its text.
    pub text_key: String,
    /// Take a record's own language label where it has one, instead of identifying it.
    pub trust_labels: bool,
    /// Least probability of the identified language.
    pub min_lang_prob: f64,
    /// Name of the crawl, noted in the records made of its pages.
    pub crawl_id: Option<String>,
    /// Keep what readers wrote under a page's text.
    pub comments: bool,
    /// Files of sites (robots.txt, tdmrep.json, ai.txt): crawls of them, or lines of JSON.
    pub robots: Vec<PathBuf>,
    /// Crawlers as which robots.txt is read, or groups: `hplt`, `train`, `all`.
    pub agents: Vec<String>,
    /// Checks of lawfulness that are made, by name.
    pub checks: Vec<String>,
    /// Licences wanted and not wanted, a rule a line.
    pub licences: Option<PathBuf>,
    /// Lists of domains and addresses not wanted.
    pub block_lists: Vec<PathBuf>,
    /// Thresholds instead of our own, or beside them.
    pub thresholds: Option<PathBuf>,
    /// Families of filters, in place of those the thresholds name.
    pub families: Option<Families>,
    /// Words nobody wants, one a line.
    pub bad_words: Option<PathBuf>,
    /// Evaluation sets, or the one index made of them.
    pub contamination: Vec<PathBuf>,
    /// What is done with personal data.
    pub redact: Redact,
    /// Secret under which pseudonyms are drawn.
    pub pii_key: Option<PathBuf>,
    /// Note HPLT's document scores in every record that stays.
    pub annotate: bool,
    /// Judge quality with the per-language thresholds.
    pub filter: bool,
    /// Take out paragraphs of five words or more that this many records of one site have, or a
    /// hundred times as many of all; 0: none.
    pub dedup_lines: u64,
    /// Remove records of one address, all but the newest.
    pub dedup_url: bool,
    /// Remove records whose text is equal.
    pub dedup_exact: bool,
    /// Remove near-duplicates (MinHash).
    pub dedup_fuzzy: bool,
    /// Bands of the MinHash index.
    pub minhash_bands: usize,
    /// Rows of each band.
    pub minhash_rows: usize,
    /// Words of a shingle.
    pub minhash_ngram: usize,
    /// What the shares of languages are counted in.
    pub mix_unit: Unit,
    /// Shares in proportion to n^(1/T); none: the same for all (UniMax).
    pub temperature: Option<f64>,
    /// How much more (or less) than its share a language gets, by code.
    pub weights: BTreeMap<String, f64>,
    /// How often records of a source are packed, by its name (or its beginning and `*`).
    pub source_weights: BTreeMap<String, f64>,
    /// Pack a record that stands for copies more than once, by their number, as FineWeb-2 does.
    pub rehydrate: bool,
    /// Tokens of the mix over all languages; none: as many as there are to train on.
    pub budget_tokens: Option<u64>,
    /// Bytes of the mix over all languages, instead of tokens.
    pub budget_bytes: Option<Bytes>,
    /// Refuse a vocabulary that charges a language more than this many times the tokens of the
    /// reference language for the same text.
    pub max_premium: Option<f64>,
    /// How often the text of one language may be repeated at most (UniMax's N).
    pub max_epochs: f64,
    /// Tokens of the vocabulary to train.
    pub vocab_size: usize,
    /// Kind of vocabulary to train.
    pub model: Model,
    /// How hard languages that pay more tokens than others are preferred while merges are learnt:
    /// one that pays r times the mean weighs r to this power. 0 is plain BPE.
    pub pressure: f64,
    /// An existing `tokenizer.json` to use instead of training one.
    pub tokenizer: Option<PathBuf>,
    /// Write `unique/` and `heldout/` as Parquet as well.
    pub parquet: bool,
    /// Layouts tokens are written in; Megatron's is the one that is trained on here.
    pub layouts: Vec<Layout>,
    /// Memory to keep to where there is a choice: sorting, comparing, shuffling.
    pub memory: Bytes,
    /// Input of a unit, in bytes as stored: what a kill can cost at most.
    pub unit_bytes: Bytes,
    /// Do only this share of the reading and judging, for others to do the rest.
    pub shard: Option<ShardOf>,
    /// Replace an output that exists.
    pub force: bool,
    /// Seed of every random choice.
    pub seed: u64,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            inputs: Vec::new(),
            output: "data".into(),
            heldout: Vec::new(),
            heldout_share: 0.01,
            parallel: Vec::new(),
            steps: Step::ALL.to_vec(),
            langs: vec!["europe".into()],
            text_key: "text".into(),
            trust_labels: false,
            min_lang_prob: 0.5,
            crawl_id: None,
            comments: false,
            robots: Vec::new(),
            agents: vec!["train".into()],
            checks: Check::ALL.map(|check| check.name().to_string()).to_vec(),
            licences: None,
            block_lists: Vec::new(),
            thresholds: None,
            families: None,
            bad_words: None,
            contamination: Vec::new(),
            redact: Redact::Mask,
            pii_key: None,
            annotate: false,
            filter: true,
            dedup_lines: 0,
            dedup_url: false,
            dedup_exact: true,
            dedup_fuzzy: true,
            minhash_bands: 14,
            minhash_rows: 8,
            minhash_ngram: 5,
            mix_unit: Unit::Bytes,
            temperature: None,
            weights: BTreeMap::new(),
            source_weights: BTreeMap::new(),
            rehydrate: false,
            budget_tokens: None,
            budget_bytes: None,
            max_premium: None,
            max_epochs: 4.0,
            vocab_size: 32_768,
            model: Model::Bpe,
            pressure: 8.0,
            tokenizer: None,
            parquet: false,
            layouts: vec![Layout::Megatron],
            memory: Bytes(4 << 30),
            unit_bytes: Bytes(32 << 20),
            shard: None,
            force: false,
            seed: 1,
            threads: 0,
        }
    }
}

impl Plan {
    /// Shape of the index of near-duplicates. Texts count as such from the similarity at which
    /// the index begins to find them: (1 / bands)^(1 / rows).
    pub fn bands(&self) -> Bands {
        let (bands, rows) = (self.minhash_bands, self.minhash_rows);
        Bands {
            bands,
            rows,
            ngram: self.minhash_ngram,
            min_jaccard: (1.0 / bands as f64).powf(1.0 / rows as f64),
        }
    }

    /// The threads all of the work is done on.
    ///
    /// # Errors
    /// When the system gives no such number.
    pub(super) fn pool(&self) -> Result<rayon::ThreadPool> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads);
        let told = |e| Error::Failed(format!("cannot start {} threads: {e}", self.threads));
        pool.build().map_err(told)
    }

    /// True for a step the plan takes.
    pub fn has(&self, step: Step) -> bool {
        let is_on = match step {
            Step::Filter => self.filter,
            Step::Dedup => {
                self.dedup_url || self.dedup_exact || self.dedup_fuzzy || self.dedup_lines > 0
            }
            _ => true,
        };
        is_on && self.steps.contains(&step)
    }

    /// Files that are looked things up in, each with what it is to the walk.
    pub(super) fn looked_up(&self) -> Vec<(&'static str, &Path)> {
        let many = [
            ("robots", &self.robots),
            ("block_list", &self.block_lists),
            ("evaluation", &self.contamination),
        ];
        let one = [
            ("licences", &self.licences),
            ("thresholds", &self.thresholds),
            ("bad_words", &self.bad_words),
            ("tokenizer", &self.tokenizer),
        ];
        let many = many
            .into_iter()
            .flat_map(|(role, paths)| paths.iter().map(move |path| (role, path.as_path())));
        let one = one
            .into_iter()
            .filter_map(|(role, path)| Some((role, path.as_deref()?)));
        many.chain(one).collect()
    }

    /// How often records are packed.
    pub(super) fn repeats(&self) -> Repeats {
        let table = self.rehydrate.then_some(Rehydration::DEFAULT);
        Repeats {
            by_copies: table.into_iter().flatten().collect(),
            by_source: self.source_weights.clone(),
            seed: self.seed,
        }
    }

    /// What the mix should be like.
    pub(super) fn wish(&self) -> Wish {
        let of_code = |(name, weight): (&String, &f64)| {
            let code = Lang::find(name).map_or(name.clone(), |lang| lang.code.clone());
            (code, *weight)
        };
        Wish {
            unit: self.mix_unit,
            temperature: self.temperature,
            max_epochs: self.max_epochs,
            budget_tokens: self.budget_tokens,
            budget_bytes: self.budget_bytes.map(|n| n.0),
            weights: self.weights.iter().map(of_code).collect(),
        }
    }

    /// Refuses settings that make no sense; the languages asked for.
    pub(super) fn check(&self) -> Result<Vec<&'static Lang>> {
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let minhash = self.minhash_bands.saturating_mul(self.minhash_rows);
        for (ok, what, hint) in [
            (
                !self.inputs.is_empty(),
                "no input",
                "name files or folders of text, or - for standard input",
            ),
            (
                self.steps.is_sorted_by(|a, b| a < b),
                "steps are not in their own order",
                "name them as: extract lawful identify filter decontaminate redact dedup \
                 tokenizer pack",
            ),
            (
                !self.steps.contains(&Step::Pack) || self.steps.contains(&Step::Tokenizer),
                "steps has pack and no tokenizer",
                "add the step tokenizer: it also takes an existing one",
            ),
            (
                self.layouts.contains(&Layout::Megatron),
                "layouts lacks megatron",
                "add it: the mix and the counts are those of its files",
            ),
            (
                share(self.heldout_share) && self.heldout_share < 1.0,
                "heldout_share is not a share",
                "give a number from 0 to below 1, such as 0.01",
            ),
            (
                share(self.min_lang_prob),
                "min_lang_prob is not a probability",
                "give a number from 0 to 1, such as 0.5",
            ),
            (
                self.max_epochs > 0.0 && self.max_epochs.is_finite(),
                "max_epochs is not above 0",
                "give a number such as 4",
            ),
            (
                (1..=4096).contains(&minhash) && self.minhash_ngram > 0,
                "the MinHash index has no such shape",
                "give bands, rows and words above 0, bands x rows at most 4096",
            ),
            (
                self.tokenizer.is_some() || self.vocab_size >= MIN_VOCAB,
                "vocab_size is too small for every byte",
                "give at least 259, such as 32768",
            ),
            (
                self.tokenizer.is_some() || self.vocab_size <= MAX_VOCAB,
                "vocab_size is larger than a million",
                "give a number such as 32768",
            ),
            (
                self.budget_tokens != Some(0),
                "budget_tokens = 0 leaves nothing to train on",
                "give a number above 0, or leave it out for all that max_epochs allows",
            ),
            (
                self.budget_tokens.is_none() || self.budget_bytes.is_none(),
                "budget_tokens and budget_bytes are both given",
                "give one of them",
            ),
            (
                (0.0..=32.0).contains(&self.pressure),
                "pressure is no number from 0 to 32",
                "give 0 for plain BPE, 8 for languages alike",
            ),
            (
                self.temperature.is_none_or(|t| t.is_finite() && t >= 1.0),
                "temperature is below 1",
                "1 takes languages as they come, 3 lifts the small ones; without one all get the same",
            ),
            (
                self.weights.values().all(|w| w.is_finite() && *w >= 0.0),
                "a weight is below 0",
                "give each language a number such as 1.5; those not named have 1",
            ),
            (
                (self.source_weights.values()).all(|w| (0.0..=10.0).contains(w)),
                "a weight of a source is no number from 0 to 10",
                "2.5 packs its records two or three times, 0.5 every second one",
            ),
            (
                self.max_premium.is_none_or(|p| p.is_finite() && p >= 1.0),
                "max_premium is below 1",
                "give a number such as 1.6",
            ),
            (
                self.max_premium.is_none()
                    || !self.has(Step::Tokenizer)
                    || !(self.parallel.is_empty() && self.heldout.is_empty()),
                NO_PARALLEL.0,
                NO_PARALLEL.1,
            ),
            (
                self.threads <= MAX_THREADS,
                "threads is more than any machine has",
                "give 0 for one a core",
            ),
        ] {
            if !ok {
                return Err(Error::usage(what, hint));
            }
        }
        let named: Vec<String> = self.weights.keys().cloned().collect();
        Lang::select(&named)?;
        Ok(Lang::select(&self.langs)?)
    }
}
