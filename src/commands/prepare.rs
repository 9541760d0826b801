//! `eu prepare`: text on disk to tokens on disk; one stage alone as a filter.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::preview::{Input, Preview};
use super::settings::Files;
use crate::data::Plan;

const EXAMPLES: &str = "\
Examples:
  eu prepare crawl/ -o data                everything, with the defaults
  eu prepare crawl/ -o data -n             show what would be done
  eu prepare a.jsonl.zst --langs eu24,ka   only these languages
  eu prepare identify < in.jsonl           one stage alone, as a filter
  zstdcat in.zst | eu prepare filter - | eu prepare dedup > out.jsonl";

/// What can be typed after `eu prepare`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(subcommand_help_heading = "Stages", subcommand_value_name = "STAGE")]
pub struct Args {
    /// One stage alone, as a filter over JSONL.
    #[command(subcommand)]
    #[serde(skip)]
    pub stage: Option<Stage>,
    /// Files and folders to read: JSONL (.gz, .zst), plain text, UDHR-style folders.
    #[arg(value_name = "INPUT")]
    pub inputs: Option<Vec<PathBuf>>,
    /// Folder to make.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Text to score on, never trained on; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub heldout: Option<Vec<PathBuf>>,
    /// Share of each language set aside for scoring, without --heldout.
    #[arg(long, value_name = "SHARE")]
    pub heldout_share: Option<f64>,
    /// Parallel text for the parity table: records with one id say one thing.
    #[arg(long, value_name = "FILE")]
    pub parallel: Option<Vec<PathBuf>>,
    /// Languages to keep: codes or sets (eu24, europe), with commas between.
    #[arg(long, value_name = "LANGS", value_delimiter = ',')]
    pub langs: Option<Vec<String>>,
    /// Field of a JSON record that holds its text.
    #[arg(long, value_name = "KEY")]
    pub text_key: Option<String>,
    /// Take a record's own language label where it has one.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub trust_labels: Option<bool>,
    /// Least probability of the identified language.
    #[arg(long, value_name = "P")]
    pub min_lang_prob: Option<f64>,
    /// Judge quality with the per-language thresholds.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub filter: Option<bool>,
    /// Remove records whose text is equal.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub dedup_exact: Option<bool>,
    /// Remove near-duplicates (MinHash).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub dedup_fuzzy: Option<bool>,
    /// Bands of the MinHash index.
    #[arg(long, value_name = "N")]
    pub minhash_bands: Option<usize>,
    /// Rows of each band.
    #[arg(long, value_name = "N")]
    pub minhash_rows: Option<usize>,
    /// Words of a shingle.
    #[arg(long, value_name = "N")]
    pub minhash_ngram: Option<usize>,
    /// Tokens of the mix over all languages; without it all that --max-epochs allows.
    #[arg(long, value_name = "N")]
    pub budget_tokens: Option<u64>,
    /// How often the text of one language may be repeated at most.
    #[arg(long, value_name = "N")]
    pub max_epochs: Option<f64>,
    /// Tokens of the vocabulary to train.
    #[arg(long, value_name = "N")]
    pub vocab_size: Option<usize>,
    /// An existing tokenizer.json to use instead of training one.
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<PathBuf>,
}

/// One stage alone: JSONL in, JSONL out, order kept.
#[derive(Debug, clap::Subcommand)]
pub enum Stage {
    /// Add the language of each record.
    #[command(before_help = IDENTIFY)]
    Identify(StageArgs),
    /// Keep the records that pass the thresholds of their language.
    #[command(before_help = FILTER)]
    Filter(StageArgs),
    /// Keep the first of records that are equal or nearly so.
    #[command(before_help = DEDUP)]
    Dedup(StageArgs),
    /// Count records, bytes and words per language.
    #[command(before_help = STATS)]
    Stats(StageArgs),
    /// Say for each record what every filter measured and why it would go.
    #[command(before_help = EXPLAIN)]
    Explain(StageArgs),
}

const IDENTIFY: &str = "\
Examples:
  eu prepare identify < in.jsonl > out.jsonl
  eu prepare identify in.jsonl.zst | jq -r .lang | sort | uniq -c";
const FILTER: &str = "\
Examples:
  eu prepare filter < in.jsonl > kept.jsonl";
const DEDUP: &str = "\
Examples:
  eu prepare dedup < in.jsonl > unique.jsonl";
const STATS: &str = "\
Examples:
  eu prepare stats in.jsonl.zst
  eu prepare stats --json in.jsonl.zst | jq .";
const EXPLAIN: &str = "\
Examples:
  head -n 5 in.jsonl | eu prepare explain";

/// What can be typed after a stage.
#[derive(Debug, Default, clap::Args)]
pub struct StageArgs {
    /// JSONL (.gz, .zst); - or nothing: standard input.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Field of a JSON record that holds its text.
    #[arg(long, value_name = "KEY")]
    pub text_key: Option<String>,
}

/// Prepares data, or runs one stage.
///
/// # Errors
/// When the plan makes no sense, an input cannot be read or the output not be written.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let plan: Plan = files.plan("prepare", args, shared)?;
    if plan.inputs.is_empty() {
        return Err(Failure::usage("nothing to prepare: no input was given")
            .hint("eu prepare INPUT… -o DIR, or `inputs` in the [prepare] section of a recipe")
            .into());
    }
    if shared.dry_run {
        return preview(plan).print(out);
    }
    Err(Failure::usage("prepare is not wired").into())
}

fn preview(plan: Plan) -> Preview<Plan> {
    let read = plan
        .inputs
        .iter()
        .chain(&plan.heldout)
        .chain(&plan.parallel);
    let inputs: Vec<Input> = read
        .chain(&plan.tokenizer)
        .map(|path| Input::of(path))
        .collect();
    Preview {
        command: "prepare",
        inputs,
        outputs: vec![plan.output.clone()],
        memory_bytes: None,
        time_ms: None,
        disk_bytes: None,
        notes: Vec::new(),
        plan,
    }
}
