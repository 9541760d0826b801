//! The whole of `eu prepare`: read, identify, filter, deduplicate, mix, tokenise, pack.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// Share of each language's unique records set aside for scoring where `heldout` is empty.
    pub heldout_share: f64,
    /// Parallel text for the parity table; records with the same `id` say the same thing.
    pub parallel: Vec<PathBuf>,
    /// Languages to keep: codes or sets.
    pub langs: Vec<String>,
    /// Field of a JSON record that holds its text.
    pub text_key: String,
    /// Take a record's own language label where it has one, instead of identifying it.
    pub trust_labels: bool,
    /// Least probability of the identified language.
    pub min_lang_prob: f64,
    /// Judge quality with the per-language thresholds.
    pub filter: bool,
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
    /// Tokens of the mix over all languages; none: all that `max_epochs` allows.
    pub budget_tokens: Option<u64>,
    /// How often the text of one language may be repeated at most (UniMax's N).
    pub max_epochs: f64,
    /// Tokens of the vocabulary to train.
    pub vocab_size: usize,
    /// An existing `tokenizer.json` to use instead of training one.
    pub tokenizer: Option<PathBuf>,
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
            langs: vec!["europe".into()],
            text_key: "text".into(),
            trust_labels: false,
            min_lang_prob: 0.5,
            filter: true,
            dedup_exact: true,
            dedup_fuzzy: true,
            minhash_bands: 14,
            minhash_rows: 8,
            minhash_ngram: 5,
            budget_tokens: None,
            max_epochs: 4.0,
            vocab_size: 32_768,
            tokenizer: None,
            force: false,
            seed: 1,
            threads: 0,
        }
    }
}
