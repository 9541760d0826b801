//! `eu prepare langid-train`: the identifier of languages, made anew from its texts.

use std::path::PathBuf;

use serde::Serialize;

use super::cli::Shared;
use super::fail::Result;
use super::out::{self, Out};
use crate::data::langid::{self, TrainPlan};
use crate::disk;

/// Shown in front of the help.
pub const EXAMPLES: &str = "\
Examples:
  eu prepare langid-train corpus/ --exclude gold.tsv -o assets/langid.bin";

/// What can be typed after `eu prepare langid-train`; `assets/langid.md` tells the layout.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of labelled text.
    #[arg(value_name = "CORPUS")]
    pub corpus: PathBuf,
    /// Texts that must not be learnt, because they judge the result; may be repeated.
    #[arg(long, value_name = "GOLD")]
    pub exclude: Vec<PathBuf>,
    /// File to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// What was made: schema `langid-train/1`.
#[derive(Debug, Serialize)]
struct Made {
    path: PathBuf,
    len_bytes: usize,
    n_texts: usize,
    n_excluded: usize,
    n_unreadable: u64,
}

/// Learns.
///
/// # Errors
/// When a text cannot be read or the file not be written.
pub fn run(args: &Args, shared: &Shared, out: &Out) -> Result<()> {
    if !shared.force {
        disk::refuse_existing(&args.output)?;
    }
    let mut plan = TrainPlan::default();
    plan.seed = shared.seed.unwrap_or(plan.seed);
    for gold in &args.exclude {
        langid::read_gold(gold, &mut plan.exclude)?;
    }
    let mut samples = Vec::new();
    let n_unreadable = langid::read_samples(&args.corpus, |sample| samples.push(sample))?;
    let n_texts = samples.len();
    out.say(&format!(
        "learning from {} texts",
        out::count(n_texts as u64)
    ));
    let model = langid::train(samples, &plan);
    disk::replace_bytes(&args.output, &model)?;
    let made = Made {
        path: args.output.clone(),
        len_bytes: model.len(),
        n_texts,
        n_excluded: plan.exclude.len(),
        n_unreadable,
    };
    out.result("langid-train/1", &made, || {
        format!("{}\n", made.path.display())
    })
}
