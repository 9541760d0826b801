//! `eu prepare pack`: records to token files, with no step of the walk before.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::cli::Shared;
use super::fail::Result;
use super::out::Out;
use super::prepare;
use super::stages::{StageArgs, inputs, named};
use crate::data::{Plan, Step};
use crate::event::Control;

/// Shown above the help.
pub const EXAMPLES: &str = "\
Examples:
  eu prepare pack clean/ --tokenizer tok/tokenizer.json --output packed
  eu prepare identify < in.jsonl | eu prepare pack - --tokenizer tokenizer.json --output packed
  eu prepare pack clean/ --tokenizer tokenizer.json --output packed --layouts megatron,olmo";

/// What can be typed after `pack`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stage: StageArgs,
    /// The vocabulary: a tokenizer.json.
    #[arg(long, value_name = "FILE", required = true)]
    tokenizer: PathBuf,
    /// Folder to make.
    #[arg(short, long, value_name = "DIR", required = true)]
    output: PathBuf,
    /// Layouts of tokens, with commas between: megatron, datatrove, olmo.
    #[arg(long, value_name = "LAYOUTS", value_delimiter = ',')]
    layouts: Option<Vec<String>>,
    /// Share of each language set aside for scoring.
    #[arg(long, value_name = "SHARE")]
    heldout_share: Option<f64>,
    /// How often records of a source are packed, such as wiki=2,CC-MAIN-2019*=0.5.
    #[arg(long, value_name = "NAME=W,…", value_parser = prepare::weights)]
    source_weights: Option<BTreeMap<String, f64>>,
    /// Pack a record that stands for copies more than once, by their number.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    rehydrate: Option<bool>,
}

/// Packs what `args` name: the last steps of a walk, which takes up again what it began.
///
/// # Errors
/// As the walk's.
pub fn run(
    args: &Args,
    mut plan: Plan,
    shared: &Shared,
    control: &Arc<Control>,
    out: &Arc<Out>,
) -> Result<()> {
    if let Some(key) = &args.stage.text_key {
        plan.text_key.clone_from(key);
    }
    if let Some(names) = &args.layouts {
        plan.layouts = names.iter().map(|n| named(n)).collect::<Result<_>>()?;
    }
    plan.heldout_share = args.heldout_share.unwrap_or(plan.heldout_share);
    if let Some(weights) = &args.source_weights {
        plan.source_weights.clone_from(weights);
    }
    plan.rehydrate = args.rehydrate.unwrap_or(plan.rehydrate);
    plan.inputs = inputs(&args.stage);
    plan.output.clone_from(&args.output);
    plan.tokenizer = Some(args.tokenizer.clone());
    // Every record is packed, under the label it came with: nothing else is this stage's.
    plan.steps = vec![Step::Tokenizer, Step::Pack];
    plan.contamination = Vec::new();
    prepare::walk(plan, shared, control, out)
}
