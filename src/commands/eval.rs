//! `eu eval`: bits per byte of a model, per language, the worst first.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::preview::{Input, Preview};
use super::settings::Files;
use crate::engine::eval::Plan;

const EXAMPLES: &str = "\
Examples:
  eu eval run                              on the held-out text of the run's own data
  eu eval model.gguf --data data           on the held-out text of a prepared folder
  eu eval run --data text.jsonl --json | jq -r '.scores[0].lang'
  eu eval run --max-worst-bpb 2.5          exit code 5 when a language is worse";

/// What can be typed after `eu eval`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Hugging Face folder, GGUF file, run directory, or a hub id already pulled.
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Text to score on: a prepared folder (its held-out text), or files of records.
    #[arg(long, value_name = "PATH")]
    pub data: Option<Vec<PathBuf>>,
    /// Folder for results_*.json.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Languages to score: codes or sets, with commas between.
    #[arg(long, value_name = "LANGS", value_delimiter = ',')]
    pub langs: Option<Vec<String>>,
    /// Most bytes of text scored per language; 0: all.
    #[arg(long, value_name = "N")]
    pub max_bytes: Option<u64>,
    /// Largest context used; 0: the model's own.
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Fail (exit code 5) when the worst language needs more bits per byte.
    #[arg(long, value_name = "X")]
    pub max_worst_bpb: Option<f64>,
}

/// Scores.
///
/// # Errors
/// When model or text cannot be read, or the gate does not hold.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let plan: Plan = files.plan("eval", args, shared)?;
    if shared.dry_run {
        return preview(plan).print(out);
    }
    Err(Failure::usage("eval is not wired").into())
}

fn preview(plan: Plan) -> Preview<Plan> {
    let model = Input::of(&plan.model);
    let inputs = plan.data.iter().map(|path| Input::of(path));
    Preview {
        command: "eval",
        memory_bytes: None,
        time_ms: None,
        disk_bytes: None,
        inputs: std::iter::once(model).chain(inputs).collect(),
        outputs: plan.output.clone().into_iter().collect(),
        notes: Vec::new(),
        plan,
    }
}
