//! `eu chat`: a conversation on a terminal, a filter elsewhere.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::preview::{Input, Preview};
use super::settings::Files;
use crate::engine::generate::Plan;

const EXAMPLES: &str = "\
Examples:
  eu chat run                              a conversation, on a terminal
  eu chat model.gguf -p 'Kas yra Europa?'  one answer on standard output
  eu chat run --raw -p 'Alle Menschen sind' --seed 1
  cat letter.txt | eu chat run -p 'Summarise this letter.'
  eu chat run -p hi --json | jq -j 'select(.event == \"piece\").text'";

/// What can be typed after `eu chat`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Hugging Face folder, GGUF file, run directory, or a hub id already pulled.
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Answer TEXT and end; what is piped in stands before it.
    #[arg(short, long, value_name = "TEXT")]
    #[serde(skip)]
    pub prompt: Option<String>,
    /// Continue text as it is, without a chat template.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub raw: Option<bool>,
    /// System prompt of the conversation.
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Most tokens to generate; 0: until the context is full.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// Largest context used; 0: the model's own.
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Divides the logits; 0: always the likeliest token.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub temperature: Option<f64>,
    /// Keep this many likeliest tokens; 0: all.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub top_k: Option<usize>,
    /// Keep the likeliest tokens that make up this probability; 1: all.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub top_p: Option<f64>,
    /// Keep tokens at least this likely, relative to the likeliest; 0: all.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub min_p: Option<f64>,
}

/// Talks.
///
/// # Errors
/// When the model cannot be read, or nothing was asked where nobody can be.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let plan: Plan = files.plan("chat", args, shared)?;
    if shared.dry_run {
        return preview(plan).print(out);
    }
    Err(Failure::usage("chat is not wired").into())
}

fn preview(plan: Plan) -> Preview<Plan> {
    Preview {
        command: "chat",
        memory_bytes: None,
        time_ms: None,
        disk_bytes: None,
        inputs: vec![Input::of(&plan.model)],
        outputs: Vec::new(),
        notes: Vec::new(),
        plan,
    }
}
