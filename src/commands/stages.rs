//! `eu prepare STAGE`: one stage alone, as a filter.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::{self, Out};
use super::{browse, langid, mix, pack, signals};
use crate::contamination::Index;
use crate::data::{self, Plan};
use crate::disk;
use crate::event::Control;

/// One stage alone: JSONL in, JSONL out, order kept.
#[derive(Debug, clap::Subcommand)]
pub enum Stage {
    /// Take the main text and the facts out of web pages.
    #[command(before_help = EXTRACT)]
    Extract(StageArgs),
    /// Say of each record whether the people behind it allow its use, and who said so.
    #[command(before_help = LAWFUL)]
    Lawful(LawfulArgs),
    /// Add the language of each record.
    #[command(before_help = IDENTIFY)]
    Identify(StageArgs),
    /// Keep the records that pass the thresholds of their language.
    #[command(before_help = FILTER)]
    Filter(StageArgs),
    /// Find personal data, and mask it.
    #[command(before_help = REDACT)]
    Redact(RedactArgs),
    /// Check identity, tax, company and account numbers, each by the rules of its country.
    #[command(before_help = NUMBERS)]
    Numbers(StageArgs),
    /// Keep the records that hold nothing of evaluation sets.
    #[command(before_help = DECONTAMINATE)]
    Decontaminate(DecontaminateArgs),
    /// Keep the first of records that are equal or nearly so.
    #[command(before_help = DEDUP)]
    Dedup(DedupArgs),
    /// Train a vocabulary in which languages pay alike, and tell what each pays.
    #[command(before_help = TOKENIZER)]
    Tokenizer(TokenizerArgs),
    /// Give the token ids of each record's text.
    #[command(before_help = ENCODE)]
    Encode(EncodeArgs),
    /// Write the tokens of records, shuffled, a pair of files for each language and split.
    #[command(before_help = pack::EXAMPLES)]
    Pack(pack::Args),
    /// Tell what share of a mix each language has, and how often its text is repeated.
    #[command(before_help = mix::EXAMPLES)]
    Mix(mix::Args),
    /// Count records, bytes and words per language.
    #[command(before_help = STATS)]
    Stats(StageArgs),
    /// Say for each record, or one of a prepared folder, what every filter measured.
    #[command(before_help = EXPLAIN)]
    Explain(ExplainArgs),
    /// Tell what each filter would drop, on a sample.
    #[command(before_help = WHATIF)]
    Whatif(WhatifArgs),
    /// Derive thresholds from good text of your own.
    #[command(before_help = CALIBRATE)]
    Calibrate(StageArgs),
    /// Look at the documents that stayed and those that were dropped, and why.
    #[command(before_help = browse::EXAMPLES)]
    View(browse::Args),
    /// Make the identifier of languages anew (for those who work on it).
    #[command(hide = true, before_help = langid::EXAMPLES)]
    LangidTrain(langid::Args),
}

const EXTRACT: &str = "\
Examples:
  eu prepare extract page.html | jq -r .text
  eu prepare extract crawl.warc.gz > pages.jsonl";
const REDACT: &str = "\
Examples:
  eu prepare redact < in.jsonl > masked.jsonl
  eu prepare redact --mode annotate in.jsonl | jq -c .pii_kinds
  head -c 32 /dev/urandom > key
  eu prepare redact --mode pseudonymise --key key in.jsonl > out.jsonl";
const NUMBERS: &str = "\
Examples:
  echo '{\"country\":\"dk\",\"scheme\":\"cvr\",\"number\":\"DK 13585628\"}' | eu prepare numbers
  eu prepare numbers in.jsonl | jq -c '[.number, .valid, .schemes]'";
const TOKENIZER: &str = "\
Examples:
  eu prepare tokenizer text/ --output tok --vocab-size 65536
  eu prepare tokenizer text/ --output tok --parallel sib200.jsonl --compare";
const ENCODE: &str = "\
Examples:
  eu prepare encode --tokenizer tok/tokenizer.json < in.jsonl | jq '.ids | length'";
const LAWFUL: &str = "\
Examples:
  eu prepare lawful --hosts robots.jsonl in.jsonl | jq -c '[.u, .allowed, .optout]'";
const DECONTAMINATE: &str = "\
Examples:
  eu prepare decontaminate --against bench/ < in.jsonl > clean.jsonl
  eu prepare decontaminate --against bench/ --mark in.jsonl | jq .contaminated
  eu prepare decontaminate --index bench.eui bench/     hashes alone, to hand on
  eu prepare decontaminate --against bench.eui < in.jsonl > clean.jsonl";
const WHATIF: &str = "\
Examples:
  eu prepare whatif crawl/ --sample 0.01
  eu prepare whatif in.jsonl.zst --json | jq -c '{lang, seen, kept}'";
const CALIBRATE: &str = "\
Examples:
  eu prepare calibrate good/ > thresholds.json
  eu prepare crawl/ -o data --thresholds thresholds.json";
const IDENTIFY: &str = "\
Examples:
  eu prepare identify < in.jsonl > out.jsonl
  eu prepare identify in.jsonl.zst | jq -r '.lang[0]' | sort | uniq -c";
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
  head -n 5 in.jsonl | eu prepare explain
  eu prepare explain 3f2a9c… --data data     one record of a prepared folder";

/// What can be typed after a stage.
#[derive(Debug, Default, clap::Args)]
pub struct StageArgs {
    /// JSONL, WARC, HTML, Parquet, text, folders of them; - or nothing: standard input.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Field of a JSON record that holds its text.
    #[arg(long, value_name = "KEY")]
    pub text_key: Option<String>,
}

/// What can be typed after `redact`.
#[derive(Debug, Default, clap::Args)]
pub struct RedactArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// What is done with what is found.
    #[arg(long, value_name = "MODE", value_parser = MODES)]
    mode: Option<String>,
    /// Secret under which pseudonyms are drawn: a file of random bytes.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// What can be done with personal data.
pub const MODES: [&str; 3] = ["annotate", "mask", "pseudonymise"];

/// What can be typed after `decontaminate`.
#[derive(Debug, Default, clap::Args)]
pub struct DecontaminateArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Evaluation sets: files or folders of JSONL, JSON, TSV, or the index made of them.
    #[arg(long, value_name = "PATH", required_unless_present = "index")]
    against: Vec<PathBuf>,
    /// Make the index of evaluation sets, which FILE then names, and write it here: FILE.eui.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["against", "mark", "text_key"])]
    index: Option<PathBuf>,
    /// Keep all records, with `contaminated` in each.
    #[arg(long)]
    mark: bool,
}

/// What can be typed after `lawful`.
#[derive(Debug, Default, clap::Args)]
pub struct LawfulArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Files of sites (robots.txt, tdmrep.json, ai.txt): a crawl of them, or lines of JSON.
    #[arg(long, value_name = "FILE")]
    hosts: Vec<PathBuf>,
    /// Crawlers as which robots.txt is read, or groups: hplt, train, all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    agents: Option<Vec<String>>,
    /// Checks that are made, with commas between; without it all.
    #[arg(long, value_name = "CHECKS", value_delimiter = ',')]
    checks: Option<Vec<String>>,
}

/// What can be typed after `dedup`.
#[derive(Debug, Default, clap::Args)]
pub struct DedupArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Only write the sketches that copies are found by, into this folder.
    #[arg(long, value_name = "DIR")]
    sketch: Option<PathBuf>,
}

/// What can be typed after `tokenizer`.
#[derive(Debug, Default, clap::Args)]
pub struct TokenizerArgs {
    #[command(flatten)]
    pub(super) stage: StageArgs,
    /// Folder for the tokenizer.json.
    #[arg(short, long, value_name = "DIR", required = true)]
    pub(super) output: PathBuf,
    /// Tokens of the vocabulary.
    #[arg(long, value_name = "N")]
    pub(super) vocab_size: Option<usize>,
    /// Kind of vocabulary.
    #[arg(long, value_name = "KIND", value_parser = ["bpe", "unigram"])]
    pub(super) model: Option<String>,
    /// Take all text as it comes, whatever its language.
    #[arg(long)]
    pub(super) plain: bool,
    /// Texts in several languages that say the same under the same id: tells what each pays.
    #[arg(long, value_name = "FILE")]
    pub(super) parallel: Vec<PathBuf>,
    /// Train plain BPE of the same size on the same sample too, and put both side by side.
    #[arg(long, conflicts_with = "plain")]
    pub(super) compare: bool,
}

/// What can be typed after `encode`.
#[derive(Debug, Default, clap::Args)]
pub struct EncodeArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// The vocabulary: a tokenizer.json.
    #[arg(long, value_name = "FILE", required = true)]
    tokenizer: PathBuf,
    /// Tell how many ids there are and their hash, instead of the ids.
    #[arg(long)]
    count: bool,
}

/// What can be typed after `explain`.
#[derive(Debug, Default, clap::Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// The prepared folder in which the record of this id is looked for.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What can be typed after `whatif`.
#[derive(Debug, Default, clap::Args)]
pub struct WhatifArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Share of the records that is looked at, the same ones every time.
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    sample: f64,
}

/// Runs the stage that was asked for, its own settings laid over the plan's.
///
/// # Errors
/// When its settings make no sense, its input is damaged, or its output cannot be written.
pub fn run(
    stage: &Stage,
    mut plan: Plan,
    shared: &Shared,
    control: &Arc<Control>,
    out: &Arc<Out>,
) -> Result<()> {
    let (stage, args) = match stage {
        Stage::Extract(args) => (data::Stage::Extract, args),
        Stage::Identify(args) => (data::Stage::Identify, args),
        Stage::Filter(args) => (data::Stage::Filter, args),
        Stage::Redact(args) => {
            match args.mode.as_deref() {
                Some("annotate") => plan.redact = data::Redact::Annotate,
                Some("pseudonymise") => plan.redact = data::Redact::Pseudonymise,
                Some(_) => plan.redact = data::Redact::Mask,
                None => {}
            }
            plan.pii_key = args.key.clone().or(plan.pii_key);
            (data::Stage::Redact, &args.stage)
        }
        Stage::Numbers(args) => {
            plan.text_key = "number".into();
            (data::Stage::Numbers, args)
        }
        Stage::Decontaminate(args) => {
            if let Some(target) = &args.index {
                return index(target, &args.stage.files, out);
            }
            plan.contamination.clone_from(&args.against);
            let mark = args.mark;
            (data::Stage::Decontaminate { mark }, &args.stage)
        }
        Stage::Lawful(args) => {
            plan.robots.extend(args.hosts.iter().cloned());
            if let Some(agents) = &args.agents {
                plan.agents.clone_from(agents);
            }
            if let Some(checks) = &args.checks {
                plan.checks.clone_from(checks);
            }
            (data::Stage::Lawful, &args.stage)
        }
        Stage::Dedup(args) => {
            if let Some(folder) = &args.sketch {
                signals::listen(control, out)?;
                let target = folder.join("sketch.bin");
                let n = data::sketch(&inputs(&args.stage), &plan, &target, control)?;
                out.say(&format!(
                    "{} sketches in {}",
                    out::count(n),
                    target.display()
                ));
                return Ok(());
            }
            (data::Stage::Dedup, &args.stage)
        }
        Stage::Tokenizer(args) => {
            signals::listen(control, out)?;
            return super::vocabulary::run(args, plan, control, out);
        }
        Stage::Encode(args) => {
            plan.tokenizer = Some(args.tokenizer.clone());
            let count = args.count;
            (data::Stage::Encode { count }, &args.stage)
        }
        Stage::Pack(args) => return pack::run(args, plan, shared, control, out),
        Stage::Mix(args) => return mix::run(args, plan, control, out),
        Stage::Stats(args) => (data::Stage::Stats, args),
        Stage::Explain(args) => match found(args, &plan)? {
            Some(record) => {
                // Read back as the stage reads everything else.
                let folder = tempfile::tempdir().map_err(|e| {
                    disk::Error::io(std::path::Path::new("temporary folder"), "create", e)
                })?;
                let path = folder.path().join("record.jsonl");
                disk::replace_bytes(&path, format!("{record}\n").as_bytes())?;
                let args = StageArgs {
                    files: vec![path],
                    text_key: None,
                };
                return filter(data::Stage::Explain, &args, plan, control, out);
            }
            None => (data::Stage::Explain, &args.stage),
        },
        Stage::Whatif(args) => {
            let share = args.sample;
            if !(share > 0.0 && share <= 1.0) {
                return Err(Failure::usage(format!("{share}: not a share"))
                    .hint("give --sample a number above 0, up to 1")
                    .into());
            }
            (data::Stage::Whatif { share }, &args.stage)
        }
        Stage::Calibrate(args) => (data::Stage::Calibrate, args),
        Stage::View(args) => return browse::run(args, out),
        Stage::LangidTrain(args) => return langid::run(args, shared, out),
    };
    signals::listen(control, out)?;
    filter(stage, args, plan, control, out)
}

/// The record of a prepared folder that `explain` was asked for, if it was asked for one: a name
/// that is no file.
fn found(args: &ExplainArgs, plan: &Plan) -> Result<Option<serde_json::Value>> {
    let [name] = &args.stage.files[..] else {
        return Ok(None);
    };
    if args.data.is_none() && (name.as_os_str() == "-" || name.exists()) {
        return Ok(None);
    }
    let folder = args.data.as_ref().unwrap_or(&plan.output);
    if args.data.is_none() && !folder.is_dir() {
        return Ok(None); // reading it as a file says that it is not there
    }
    let id = name.to_string_lossy();
    match data::browse::find(folder, &id)? {
        Some(mut fields) => {
            fields.remove("verdict");
            Ok(Some(fields.into()))
        }
        None => Err(
            Failure::missing(format!("{}: no record with the id {id}", folder.display()))
                .hint("ids stand in the field `id` of unique/, heldout/ and dropped/")
                .into(),
        ),
    }
}

/// The value of a setting that has a name of its own, as recipes write it.
///
/// # Errors
/// When there is none of that name; the hint says which there are.
pub(super) fn named<T: serde::de::DeserializeOwned>(name: &str) -> Result<T> {
    serde_json::from_value(name.into()).map_err(|e| {
        Failure::usage(format!("{name}: not known"))
            .hint(e.to_string())
            .into()
    })
}

/// Makes the index of evaluation sets: hashes that can be handed on where the sets cannot.
fn index(target: &Path, sets: &[PathBuf], out: &Out) -> Result<()> {
    if target.extension().is_none_or(|e| e != Index::ENDING) {
        let ending = Index::ENDING;
        return Err(
            Failure::usage(format!("{}: not the name of an index", target.display()))
                .hint(format!("end it in .{ending}: it is known by that"))
                .into(),
        );
    }
    if sets.is_empty() {
        return Err(Failure::usage("no evaluation sets to make an index of")
            .hint("name files or folders of JSONL, JSON, TSV")
            .into());
    }
    let data::contamination::Opened { index, warnings } = data::contamination::open(sets)?;
    warnings.iter().for_each(|warning| out.warn(warning));
    index.save(target)?;
    let n_short: u64 = index
        .benchmarks()
        .iter()
        .map(|b| u64::from(b.n_short))
        .sum();
    out.say(&format!(
        "{}: sets {}, items {}, of these too short to be looked for {}",
        target.display(),
        index.benchmarks().len(),
        out::count(index.n_items() as u64),
        out::count(n_short),
    ));
    Ok(())
}

/// The files a stage reads; standard input where none was named.
pub(super) fn inputs(args: &StageArgs) -> Vec<PathBuf> {
    match args.files.is_empty() {
        true => vec!["-".into()],
        false => args.files.clone(),
    }
}

/// One stage over a stream: records in, JSON lines out, order kept.
fn filter(
    stage: data::Stage,
    args: &StageArgs,
    mut plan: Plan,
    control: &Control,
    out: &Out,
) -> Result<()> {
    if let Some(key) = &args.text_key {
        plan.text_key.clone_from(key);
    }
    let files = inputs(args);
    let mut unwritten = None;
    let ended = data::run_stage(stage, &files, &plan, control, &mut |lines| {
        if unwritten.is_none()
            && let Err(e) = out.data(lines)
        {
            unwritten = Some(e);
            control.request_stop(); // nobody reads on
        }
    });
    if let Some(error) = unwritten {
        return Err(error);
    }
    let ended = ended?;
    ended.warnings.iter().for_each(|warning| out.warn(warning));
    for (reason, n) in ended.reasons {
        out.say(&format!("passed over {}: {reason}", out::count(n)));
    }
    Ok(())
}
