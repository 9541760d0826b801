//! `eu prepare`: text on disk to tokens on disk; one stage alone as a filter.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::{self, Out};
use super::preview::{Input, Preview};
use super::settings::Files;
use super::stages::{self, Stage};
use super::table::Table;
use super::{signals, sinks};
use crate::data;
use crate::data::{Plan, Report, Walked};
use crate::event::Control;

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
    /// Files and folders to read: WARC, HTML, JSONL, Parquet, plain text, also .gz and .zst.
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
    /// Steps to take, with commas between: extract, lawful, identify, filter, decontaminate,
    /// redact, dedup, tokenizer, pack.
    #[arg(long, value_name = "STEPS", value_delimiter = ',')]
    pub steps: Option<Vec<String>>,
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
    /// Name of the crawl, noted in the records made of its pages.
    #[arg(long, value_name = "NAME")]
    pub crawl_id: Option<String>,
    /// Keep what readers wrote under a page's text.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub comments: Option<bool>,
    /// Files of sites (robots.txt, tdmrep.json, ai.txt): a crawl of them, or lines of JSON.
    #[arg(long, value_name = "FILE")]
    pub robots: Option<Vec<PathBuf>>,
    /// Crawlers as which robots.txt is read, or groups: hplt, train, all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub agents: Option<Vec<String>>,
    /// Checks of lawfulness that are made, with commas between; without it all.
    #[arg(long, value_name = "CHECKS", value_delimiter = ',')]
    pub checks: Option<Vec<String>>,
    /// Licences wanted and not wanted: lines such as `deny *-NC*`.
    #[arg(long, value_name = "FILE")]
    pub licences: Option<PathBuf>,
    /// Domains and addresses not wanted: a list, or folders as UT1 has them.
    #[arg(long, value_name = "PATH")]
    pub block_lists: Option<Vec<PathBuf>>,
    /// Thresholds to lay over our own, such as `eu prepare calibrate` writes.
    #[arg(long, value_name = "FILE")]
    pub thresholds: Option<PathBuf>,
    /// Families of filters to judge by, with commas between.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub families: Option<Vec<String>>,
    /// Words nobody wants, one a line.
    #[arg(long, value_name = "FILE")]
    pub bad_words: Option<PathBuf>,
    /// Evaluation sets that must not be trained on: files or folders of them.
    #[arg(long, value_name = "PATH")]
    pub contamination: Option<Vec<PathBuf>>,
    /// What is done with personal data.
    #[arg(long, value_name = "MODE", value_parser = stages::MODES)]
    pub redact: Option<String>,
    /// Secret under which pseudonyms are drawn: a file of random bytes.
    #[arg(long, value_name = "FILE")]
    pub pii_key: Option<PathBuf>,
    /// Note HPLT's document scores in every record that stays.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub annotate: Option<bool>,
    /// Judge quality with the per-language thresholds.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub filter: Option<bool>,
    /// Take out paragraphs that this many records of one site have, or a hundred times as many of
    /// all; 0: none.
    #[arg(long, value_name = "N")]
    pub dedup_lines: Option<u64>,
    /// Remove records of one address, all but the newest.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub dedup_url: Option<bool>,
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
    /// Tokens of the mix over all languages; without it as many as there are.
    #[arg(long, value_name = "N")]
    pub budget_tokens: Option<u64>,
    /// Bytes of text of the mix over all languages, instead of tokens.
    #[arg(long, value_name = "BYTES", conflicts_with = "budget_tokens")]
    pub budget_bytes: Option<data::Bytes>,
    /// What the shares of languages are counted in.
    #[arg(long, value_name = "UNIT", value_parser = ["bytes", "tokens"])]
    pub mix_unit: Option<String>,
    /// Shares in proportion to n^(1/T), 1 taking languages as they come; without it all alike.
    #[arg(long, value_name = "T")]
    pub temperature: Option<f64>,
    /// How much more (or less) than its share a language gets: de=0.5,mt=2.
    #[arg(long, value_name = "LANG=W,…", value_parser = weights)]
    pub weights: Option<BTreeMap<String, f64>>,
    /// How often records of a source are packed, such as wiki=2,CC-MAIN-2019*=0.5.
    #[arg(long, value_name = "NAME=W,…", value_parser = weights)]
    pub source_weights: Option<BTreeMap<String, f64>>,
    /// Pack a record that stands for copies more than once, by their number.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub rehydrate: Option<bool>,
    /// Refuse a vocabulary that charges a language more than this many times English.
    #[arg(long, value_name = "X")]
    pub max_premium: Option<f64>,
    /// How often the text of one language may be repeated at most.
    #[arg(long, value_name = "N")]
    pub max_epochs: Option<f64>,
    /// Tokens of the vocabulary to train.
    #[arg(long, value_name = "N")]
    pub vocab_size: Option<usize>,
    /// Kind of vocabulary to train.
    #[arg(long, value_name = "KIND", value_parser = ["bpe", "unigram"])]
    pub model: Option<String>,
    /// How hard languages that pay more tokens than others are preferred; 0: plain BPE.
    #[arg(long, value_name = "X")]
    pub pressure: Option<f64>,
    /// An existing tokenizer.json to use instead of training one.
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<PathBuf>,
    /// Write the records as Parquet as well.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub parquet: Option<bool>,
    /// Layouts of tokens, with commas between: megatron, datatrove, olmo.
    #[arg(long, value_name = "LAYOUTS", value_delimiter = ',')]
    pub layouts: Option<Vec<String>>,
    /// Memory to keep to where there is a choice, such as 4G.
    #[arg(long, value_name = "BYTES")]
    pub memory: Option<data::Bytes>,
    /// Input of a piece of work, as stored: what a kill can cost at most.
    #[arg(long, value_name = "BYTES")]
    pub unit_bytes: Option<data::Bytes>,
    /// Read and judge only this share of the input (1/16 to 16/16); then once without, to merge.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<data::ShardOf>,
}

/// `de=0.5,mt=2`.
pub fn weights(text: &str) -> std::result::Result<BTreeMap<String, f64>, String> {
    let one = |part: &str| {
        let (lang, weight) = part.split_once('=')?;
        Some((lang.trim().to_string(), weight.trim().parse().ok()?))
    };
    let refused = |part: &str| format!("{part}: not a weight, such as mt=2");
    text.split(',')
        .map(|part| one(part).ok_or_else(|| refused(part)))
        .collect()
}

/// Prepares data, or runs one stage.
///
/// # Errors
/// When the plan makes no sense, an input cannot be read or the output not be written.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let plan: Plan = files.plan("prepare", args, shared)?;
    let control = Arc::new(Control::default());
    if let Some(stage) = &args.stage {
        return stages::run(stage, plan, shared, &control, out);
    }
    if plan.inputs.is_empty() {
        return Err(Failure::usage("nothing to prepare: no input was given")
            .hint("eu prepare INPUT… -o DIR, or `inputs` in the [prepare] section of a recipe")
            .into());
    }
    refuse_stage_names(&plan)?;
    walk(plan, shared, &control, out)
}

/// Walks as planned, and tells what came of it; with `--dry-run` only what would be done.
///
/// # Errors
/// As the data room's.
pub fn walk(plan: Plan, shared: &Shared, control: &Arc<Control>, out: &Arc<Out>) -> Result<()> {
    if shared.dry_run {
        return preview(plan)?.print(out);
    }
    signals::listen(control, out)?;
    let sink = sinks::for_command(out);
    match data::run(&plan, control, &*sink)? {
        Walked::All(report) => out.result("prepare/1", &*report, || text(&report, &plan)),
        Walked::Shard { n_done, n_units } => {
            let told = ShardDone { n_done, n_units };
            out.result("shard/1", &told, || told.text(&plan))
        }
    }
}

/// Prepares as planned, all of it.
///
/// # Errors
/// As the data room's.
pub fn prepare(plan: &Plan, control: &Control, out: &Arc<Out>) -> Result<Report> {
    let plan = Plan {
        shard: None,
        ..plan.clone()
    };
    let sink = sinks::for_command(out);
    match data::run(&plan, control, &*sink)? {
        Walked::All(report) => Ok(*report),
        Walked::Shard { .. } => {
            Err(Failure::usage("a share of the work is no prepared folder").into())
        }
    }
}

/// What `--shard` tells: how far all shards together are.
#[derive(Debug, Serialize)]
struct ShardDone {
    n_done: usize,
    n_units: usize,
}

impl ShardDone {
    fn text(&self, plan: &Plan) -> String {
        let ShardDone { n_done, n_units } = self;
        let output = plan.output.display();
        let next = match n_done == n_units {
            true => format!("now the same command without --shard makes {output}"),
            false => "the other shards do the rest".to_string(),
        };
        format!("{n_done} of {n_units} units are done; {next}\n")
    }
}

/// `eu prepare --json filter` reads `filter` as a file: say so rather than that it is not there.
fn refuse_stage_names(plan: &Plan) -> Result<()> {
    let is_stage = |path: &PathBuf| path.to_str().is_some_and(Stage::has_subcommand);
    let named = |path: &&PathBuf| !path.exists() && is_stage(path);
    match plan.inputs.iter().find(named) {
        None => Ok(()),
        Some(path) => {
            let name = path.display();
            Err(Failure::usage(format!("{name}: no such file"))
                .hint(format!(
                    "for the stage write `eu prepare {name}`, then its options"
                ))
                .into())
        }
    }
}

/// The result for people: every language, the one whose text costs most tokens first.
fn text(report: &Report, plan: &Plan) -> String {
    let mut rows: Vec<_> = report.langs.iter().filter(|row| row.n_docs > 0).collect();
    let cost = |row: &data::LangRow| row.parity.or(row.tokens_per_word).unwrap_or(0.0);
    rows.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
    let headings = [
        "lang",
        "name",
        ">docs",
        ">bytes",
        ">tokens",
        ">per word",
        ">parity",
        ">share",
        ">epochs",
    ];
    let mut table = Table::new(&headings);
    let known = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.2}"));
    for row in rows {
        table.row([
            sinks::short(&row.lang),
            row.name.clone(),
            out::count(row.n_docs),
            out::count(row.n_bytes),
            out::count(row.n_tokens),
            known(row.tokens_per_word),
            known(row.parity),
            format!("{:.1} %", row.weight * 100.0),
            format!("{:.2}", row.epochs),
        ]);
    }
    let mut text = table.text();
    for (reason, n) in &report.dropped {
        text.push_str(&format!("dropped {}: {reason}\n", out::count(*n)));
    }
    text.push_str(&format!(
        "{} records seen, {} kept, {} held out; {} tokens, vocabulary of {}\n{}\n",
        out::count(report.n_seen),
        out::count(report.n_kept),
        out::count(report.n_heldout),
        out::count(report.n_tokens),
        out::count(report.n_vocab),
        plan.output.display()
    ));
    text
}

fn preview(plan: Plan) -> Result<Preview<Plan>> {
    let estimate = data::estimate(&plan)?;
    let read = plan
        .inputs
        .iter()
        .chain(&plan.heldout)
        .chain(&plan.parallel);
    let inputs: Vec<Input> = read
        .chain(&plan.tokenizer)
        .map(|path| Input::of(path))
        .collect();
    let mut notes = vec![format!(
        "{} files, {} of text",
        out::count(estimate.n_files),
        out::bytes(estimate.text_bytes)
    )];
    if estimate
        .free_bytes
        .is_some_and(|free| free < estimate.output_bytes)
    {
        notes.push("the disk has too little room".into());
    }
    Ok(Preview {
        command: "prepare",
        inputs,
        outputs: vec![plan.output.clone()],
        memory_bytes: Some(estimate.memory_bytes),
        time_ms: None,
        disk_bytes: Some(estimate.output_bytes),
        notes,
        plan,
    })
}
