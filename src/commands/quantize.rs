//! `eu quantize`: a model as a GGUF file in fewer bits, and what that costs per language.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::preview::{Input, Preview};
use super::settings::Files;
use crate::engine::quant::Plan;

const EXAMPLES: &str = "\
Examples:
  eu quantize run                          run/model-q4_k_m.gguf
  eu quantize run --type q8_0 -o out.gguf  another type, elsewhere
  eu quantize run --data data              with bits per byte before and after";

/// Types of files that can be written.
pub const TYPES: [&str; 5] = ["f16", "bf16", "q8_0", "q4_0", "q4_k_m"];

/// What can be typed after `eu quantize`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Hugging Face folder, run directory, or a hub id already pulled.
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// GGUF file to write; without it model-<type>.gguf beside the model.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Type of the file.
    #[arg(long, value_name = "TYPE", value_parser = TYPES)]
    pub r#type: Option<String>,
    /// Text to compare before and after on: a prepared folder, or files of records.
    #[arg(long, value_name = "PATH")]
    pub data: Option<Vec<PathBuf>>,
}

/// Quantises.
///
/// # Errors
/// When the model cannot be read or the file not be written.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let plan: Plan = files.plan("quantize", args, shared)?;
    if shared.dry_run {
        return preview(plan).print(out);
    }
    Err(Failure::usage("quantize is not wired").into())
}

fn preview(plan: Plan) -> Preview<Plan> {
    let model = Input::of(&plan.model);
    let inputs = plan.data.iter().map(|path| Input::of(path));
    Preview {
        command: "quantize",
        memory_bytes: None,
        time_ms: None,
        disk_bytes: None,
        inputs: std::iter::once(model).chain(inputs).collect(),
        outputs: plan.output.clone().into_iter().collect(),
        notes: Vec::new(),
        plan,
    }
}
