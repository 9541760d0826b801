//! `eu prepare pack`: records to token files, with no step of the walk before.

use std::path::PathBuf;
use std::sync::Arc;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::prepare;
use super::stages::{StageArgs, inputs};
use crate::data::{Layout, Plan, Step};
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
        plan.layouts = names.iter().map(|n| layout(n)).collect::<Result<_>>()?;
    }
    plan.heldout_share = args.heldout_share.unwrap_or(plan.heldout_share);
    plan.inputs = inputs(&args.stage);
    plan.output.clone_from(&args.output);
    plan.tokenizer = Some(args.tokenizer.clone());
    // Every record is packed, under the label it came with: nothing else is this stage's.
    plan.steps = vec![Step::Tokenizer, Step::Pack];
    plan.contamination = Vec::new();
    prepare::walk(plan, shared, control, out)
}

fn layout(name: &str) -> Result<Layout> {
    match name {
        "megatron" => Ok(Layout::Megatron),
        "datatrove" => Ok(Layout::Datatrove),
        "olmo" => Ok(Layout::Olmo),
        _ => Err(Failure::usage(format!("{name}: no layout"))
            .hint("there are megatron, datatrove and olmo")
            .into()),
    }
}
