//! `eu eval`: bits per byte of a model, per language, the worst first.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::{self, Out};
use super::preview::{Input, Preview};
use super::settings::Files;
use super::table::Table;
use super::{losses, model, signals, sinks, text};
use crate::contamination::Scratch;
use crate::data::contamination::{self, Opened};
use crate::engine::eval::{Plan, Report, Request};
use crate::event::Control;
use crate::lang::Lang;
use crate::{disk, engine};

const EXAMPLES: &str = "\
Examples:
  eu eval run                              on the held-out text of the run's own data
  eu eval model.gguf --data data           on the held-out text of a prepared folder
  eu eval run --data text.jsonl --json | jq -r '.scores[0].lang'
  eu eval run --data bench.jsonl --contamination data/contamination.eui
                                           also without the items met in training text
  eu eval run --max-worst-bpb 2.5          exit code 5 when a language is worse
  eu eval small.gguf --against run --data data --plot lost.svg
                                           what each language lost beside another model";

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
    /// Score texts that hold an item of these apart too: evaluation sets, or an index (.eui).
    /// Without it, of a run, the items that were met in its own training text.
    #[arg(long, value_name = "PATH")]
    pub contamination: Option<Vec<PathBuf>>,
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
    /// What activations and products are computed in.
    #[arg(long, value_name = "NAME", value_parser = ["bf16", "f32"])]
    pub precision: Option<String>,
    /// Fail (exit code 5) when the worst language needs more bits per byte.
    #[arg(long, value_name = "X")]
    pub max_worst_bpb: Option<f64>,
    /// Tell what the model lost beside this one, of the same vocabulary, on the same text.
    #[arg(long, value_name = "MODEL", help_heading = "Beside another model")]
    pub against: Option<PathBuf>,
    /// Fail (exit code 5) when the mean KL divergence of a language is more nats per token.
    #[arg(long, value_name = "X", help_heading = "Beside another model")]
    pub max_kld: Option<f64>,
    /// SVG picture of what each language lost.
    #[arg(long, value_name = "FILE", help_heading = "Beside another model")]
    pub plot: Option<PathBuf>,
}

/// Scores.
///
/// # Errors
/// When model or text cannot be read, or the gate does not hold.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let mut plan: Plan = files.plan("eval", args, shared)?;
    plan.check()?;
    plan.model = model::resolve(&plan.model)?;
    if let Some(base) = &mut plan.against {
        *base = model::resolve(base)?;
    }
    if let Some(plot) = plan.plot.as_deref().filter(|_| !plan.force) {
        disk::refuse_existing(plot)?; // before anything is scored
    }
    let own = text::data_of_run(&plan.model);
    if plan.contamination.is_empty() {
        plan.contamination
            .extend(own.as_deref().and_then(text::met_in));
    }
    if plan.data.is_empty() {
        plan.data.extend(own);
    }
    if plan.data.is_empty() {
        return Err(Failure::usage("there is no text to score on")
            .hint("give text with --data: a prepared folder, or files of records")
            .into());
    }
    if shared.dry_run {
        return preview(plan).print(out);
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    let report = eval(&plan, &control, out)?;
    out.result("eval/1", &report, || told(&report))?;
    Ok(report.judge(&plan)?)
}

/// Scores as planned, without the gate, so that its scores can be shown when it does not hold.
///
/// # Errors
/// As the engine's, and when the text cannot be read.
pub fn eval(plan: &Plan, control: &Control, out: &Arc<Out>) -> Result<Report> {
    let speaker = engine::load::open(&plan.model)?;
    let (mut requests, n_unknown) = text::requests(&plan.data)?;
    if n_unknown > 0 {
        out.warn(&format!(
            "{n_unknown} texts in no language we know were passed over"
        ));
    }
    if !plan.contamination.is_empty() {
        mark(&mut requests, plan, out)?;
    }
    let ungated = Plan {
        max_worst_bpb: None,
        max_kld: None,
        ..plan.clone()
    };
    let sink = sinks::quiet_with_json(out);
    Ok(engine::eval::run(
        &ungated, &speaker, requests, control, &*sink,
    )?)
}

/// Marks the texts that hold an item of the evaluation sets.
fn mark(requests: &mut [Request], plan: &Plan, out: &Out) -> Result<()> {
    let Opened { index, warnings } = contamination::open(&plan.contamination)?;
    warnings.iter().for_each(|warning| out.warn(warning));
    let mut scratch = Scratch::default();
    for request in requests {
        request.is_met = index.is_met(&request.text, &mut scratch);
    }
    Ok(())
}

fn told(report: &Report) -> String {
    let columns = [
        "lang",
        "name",
        ">bits per byte",
        ">bytes",
        ">tokens",
        ">met",
        ">without",
    ];
    let n_columns = if report.clean.is_some() { 7 } else { 5 };
    let mut table = Table::new(&columns[..n_columns]);
    for row in &report.scores {
        let name = Lang::find(&row.lang).map_or("", |lang| lang.name.as_str());
        let mut cells = vec![
            sinks::short(&row.lang),
            name.to_string(),
            format!("{:.4}", row.bits_per_byte),
            out::count(row.n_bytes),
            out::count(row.n_tokens),
        ];
        if let Some(clean) = &report.clean {
            let left = clean.scores.iter().find(|own| own.lang == row.lang);
            cells.push(out::count(clean.n_met.get(&row.lang).copied().unwrap_or(0)));
            cells.push(left.map_or("-".into(), |own| format!("{:.4}", own.bits_per_byte)));
        }
        table.row(cells);
    }
    let mut text = table.text();
    text.push_str(&format!(
        "mean {:.4}, worst {} {:.4}, worst minus best {:.4}\n",
        report.mean_bits_per_byte,
        sinks::short(&report.worst),
        report.worst_bits_per_byte,
        report.spread
    ));
    if let Some(clean) = &report.clean {
        text.push_str(&format!(
            "texts that hold items of evaluation sets: {}; mean without them {:.4}\n",
            out::count(clean.n_met.values().sum()),
            clean.mean_bits_per_byte
        ));
    }
    if let Some(base) = &report.against {
        text.push_str(&format!(
            "\nbeside {}:\n",
            out::clean(&base.to_string_lossy())
        ));
        text.push_str(&losses::text(&report.losses, report.mean_loss.as_ref()));
    }
    text
}

fn preview(plan: Plan) -> Preview<Plan> {
    let weights = Input::of(&plan.model);
    let inputs = plan.against.iter().chain(&plan.data);
    let inputs = inputs.chain(&plan.contamination);
    let inputs = inputs.map(|path| Input::of(path));
    Preview {
        command: "eval",
        memory_bytes: model::scoring_bytes(std::iter::once(&plan.model).chain(&plan.against)),
        time_ms: None,
        disk_bytes: Some(0),
        inputs: std::iter::once(weights).chain(inputs).collect(),
        outputs: plan.output.iter().chain(&plan.plot).cloned().collect(),
        notes: Vec::new(),
        plan,
    }
}
