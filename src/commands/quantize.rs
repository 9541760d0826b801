//! `eu quantize`: a model as a GGUF file in fewer bits, and what that costs per language.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::{self, Out};
use super::preview::{Input, Preview};
use super::settings::Files;
use super::table::Table;
use super::{losses, model, signals, sinks, text};
use crate::engine::quant::{About, Guide, Importance, Plan, Report};
use crate::event::{Control, Sink};
use crate::fault::{Fault, Kind};
use crate::{disk, engine};

const EXAMPLES: &str = "\
Examples:
  eu quantize run                          run/model-q4_k_m.gguf
  eu quantize run --type q8_0 -o out.gguf  another type, elsewhere
  eu quantize run --tensor ffn_down=q6_k   more bits for some of its matrices
  eu quantize run --data data              with what each language lost
  eu quantize run --data data --max-kld 0.05 --plot lost.svg
                                           exit code 5 when a language lost more
  eu quantize run --importance-data data   errors count where languages feel them, each alike
  eu quantize run --importance-data data --target-bpw 4.5";

/// Types of files that can be written.
pub const TYPES: [&str; 18] = [
    "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q5_k_s", "q5_1", "q5_0", "q4_k_m", "q4_k_s", "q4_1",
    "q4_0", "iq4_nl", "iq4_xs", "q3_k_l", "q3_k_m", "q3_k_s", "q2_k",
];

/// Languages whose expected loss is told.
const EXPECTED: usize = 5;

/// What can be typed after `eu quantize`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Hugging Face folder, run directory, or a hub id already pulled.
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// GGUF file to write; without it model-TYPE.gguf beside the model.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Type of the file.
    #[arg(long, value_name = "TYPE", value_parser = TYPES)]
    pub r#type: Option<String>,
    /// Type of the tensors whose name in the file REGEX meets; of several rules the first counts.
    #[arg(long, value_name = "REGEX=TYPE", help_heading = "Mix of types")]
    pub tensor: Option<Vec<String>>,
    /// Type of the output matrix, or of the embedding that serves as such.
    #[arg(long, value_name = "TYPE", help_heading = "Mix of types")]
    pub output_type: Option<String>,
    /// Type of the token embedding.
    #[arg(long, value_name = "TYPE", help_heading = "Mix of types")]
    pub embedding_type: Option<String>,
    /// Give every matrix the type the file is named for, and none more bits.
    #[arg(long, value_name = "BOOL", help_heading = "Mix of types", num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "true")]
    pub pure: Option<bool>,
    /// Importance of columns, as llama.cpp writes it: errors count more where it is large.
    #[arg(long, value_name = "FILE", help_heading = "Importance")]
    pub imatrix: Option<PathBuf>,
    /// Text to compute importance from: a prepared folder, or files of records.
    #[arg(long, value_name = "PATH", help_heading = "Importance")]
    pub importance_data: Option<Vec<PathBuf>>,
    /// Tokens of that text to read, from each language the same number.
    #[arg(long, value_name = "N", help_heading = "Importance")]
    pub importance_tokens: Option<u64>,
    /// Compute importance of the output matrix too.
    #[arg(long, value_name = "BOOL", help_heading = "Importance", num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "true")]
    pub importance_output: Option<bool>,
    /// Compute importance, and make no file of a model.
    #[arg(long, value_name = "BOOL", help_heading = "Importance", num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "true")]
    pub importance_only: Option<bool>,
    /// File of importance to write, once it is computed.
    #[arg(long, value_name = "FILE", help_heading = "Importance")]
    pub imatrix_out: Option<PathBuf>,
    /// Most bits a weight: types are chosen so that the language which loses most loses least.
    #[arg(long, value_name = "BITS", help_heading = "Mix of types")]
    pub target_bpw: Option<f64>,
    /// Text to compare before and after on: a prepared folder, or files of records.
    #[arg(long, value_name = "PATH", help_heading = "What each language lost")]
    pub data: Option<Vec<PathBuf>>,
    /// Fail (exit code 5) when the mean KL divergence of a language from the model is more nats
    /// per token; the file stays.
    #[arg(long, value_name = "X", help_heading = "What each language lost")]
    pub max_kld: Option<f64>,
    /// Fail (exit code 5) when the worst language needs more bits per byte of the file.
    #[arg(long, value_name = "X", help_heading = "What each language lost")]
    pub max_worst_bpb: Option<f64>,
    /// SVG picture of what each language lost.
    #[arg(long, value_name = "FILE", help_heading = "What each language lost")]
    pub plot: Option<PathBuf>,
    /// What text is scored in: f32, or bf16, which is faster and as `eu chat` computes.
    #[arg(long, value_name = "NAME", value_parser = ["bf16", "f32"])]
    #[arg(help_heading = "What each language lost")]
    pub precision: Option<String>,
}

/// Quantises.
///
/// # Errors
/// When the model cannot be read or the file not be written.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let mut plan: Plan = files.plan("quantize", args, shared)?;
    plan.model = model::resolve(&plan.model)?;
    if shared.dry_run {
        return preview(plan)?.print(out);
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    if plan.importance_only {
        let importance = importance(&plan, &control, out)?;
        return out.result("importance/1", &importance, || told_of(&importance));
    }
    let report = quantize(&plan, &control, out)?;
    out.result("quantize/1", &report, || told(&report))?;
    Ok(report.judge(&plan)?)
}

/// Quantises as planned; with text, scores both models on it.
///
/// # Errors
/// As the engine's, and when the text cannot be read.
pub fn quantize(plan: &Plan, control: &Control, out: &Arc<Out>) -> Result<Report> {
    plan.check()?;
    if !plan.force {
        disk::refuse_existing(&output(plan))?; // before the model is read
        plan.plot.as_deref().map_or(Ok(()), disk::refuse_existing)?;
    }
    let requests = match plan.data.is_empty() {
        true => Vec::new(),
        false => text::requests(&plan.data)?.0,
    };
    let sink = sinks::quiet_with_json(out);
    let plan = Plan {
        output: Some(output(plan)),
        ..plan.clone()
    };
    let source = engine::load::resolve(&plan.model)?;
    let guide = match plan.importance_data.is_empty() {
        true => Guide::default(),
        false => study(&plan, &source, control, &*sink)?,
    };
    if source.is_file() {
        let made = engine::quant::run_file(&plan, &source, &guide, &requests, control, &*sink);
        return Ok(made?);
    }
    let data = text::data_of_run(&plan.model);
    let about = About {
        languages: data.map_or_else(Vec::new, |data| text::languages(&data)),
        ..About::default()
    };
    let loaded = match engine::load::load(&source) {
        Ok(loaded) => loaded,
        // of an architecture that is not trained here, and perhaps computed
        Err(e) if e.kind() == Kind::Usage => {
            let speaker = engine::load::open(&source)?;
            let made = engine::quant::run_folder(
                &plan, speaker, &about, &guide, &requests, control, &*sink,
            );
            return Ok(made?);
        }
        Err(e) => return Err(e.into()),
    };
    let made = engine::quant::run(&plan, &loaded, &about, &guide, &requests, control, &*sink);
    Ok(made?)
}

/// Computes importance alone.
fn importance(plan: &Plan, control: &Control, out: &Arc<Out>) -> Result<Importance> {
    plan.check()?;
    let sink = sinks::quiet_with_json(out);
    let source = engine::load::resolve(&plan.model)?;
    let found = study(plan, &source, control, &*sink)?.importance;
    found.ok_or_else(|| Failure::usage("there is no text to compute importance from").into())
}

fn study(plan: &Plan, source: &Path, control: &Control, sink: &dyn Sink) -> Result<Guide> {
    if let Some(path) = plan.imatrix_out.as_deref().filter(|_| !plan.force) {
        disk::refuse_existing(path)?; // before text is read
    }
    let requests = text::to_weigh(&plan.importance_data, plan.importance_tokens)?;
    Ok(engine::quant::study(
        plan, source, &requests, control, sink,
    )?)
}

fn told_of(importance: &Importance) -> String {
    let mut table = Table::new(&["lang", ">tokens"]);
    for row in &importance.languages {
        table.row([sinks::short(&row.lang), row.n_tokens.to_string()]);
    }
    let path = importance.path.as_deref().map(|path| path.display());
    format!(
        "{}importance of {} matrices, {}\n{}\n",
        table.text(),
        importance.n_matrices,
        out::span(importance.elapsed_ms),
        path.map_or_else(String::new, |path| path.to_string())
    )
}

/// Where the file goes: as asked, else beside the model: RUN/model-q4_k_m.gguf.
fn output(plan: &Plan) -> PathBuf {
    let beside = || {
        let name = format!("model-{}.gguf", plan.name());
        match plan.model.is_file() {
            true => plan.model.with_file_name(name),
            false => plan.model.join(name),
        }
    };
    plan.output.clone().unwrap_or_else(beside)
}

fn told(report: &Report) -> String {
    let mut text = String::new();
    if let Some(budget) = &report.budget {
        let mut table = Table::new(&["lang", ">expected"]);
        for row in budget.langs.iter().take(EXPECTED) {
            table.row([sinks::short(&row.lang), format!("{:.4}", row.kld)]);
        }
        text.push_str("divergence in nats a token that is expected, worst first\n");
        text.push_str(&table.text());
        text.push_str(&format!(
            "no choice of types is below {:.4}\n",
            budget.bound
        ));
    }
    if !report.losses.is_empty() {
        text.push_str(&losses::text(&report.losses, report.mean_loss.as_ref()));
    }
    text.push_str(&format!(
        "{}, {}, {:.2} bits a weight, {}\n{}\n",
        report.r#type,
        out::bytes(report.len_bytes),
        report.bits_per_weight,
        out::span(report.elapsed_ms),
        report.path.display()
    ));
    text
}

/// The files that would be made.
fn outputs(plan: &Plan) -> Vec<PathBuf> {
    let model = (!plan.importance_only).then(|| output(plan));
    let written = plan.imatrix_out.iter().cloned().chain(model);
    written.chain(plan.plot.clone()).collect()
}

fn preview(plan: Plan) -> Result<Preview<Plan>> {
    let quant = plan.check()?;
    let weights = Input::of(&plan.model);
    let beside = plan.imatrix.iter().chain(&plan.importance_data);
    let beside = beside.chain(&plan.data);
    let inputs = beside.map(|path| Input::of(path));
    // Weights are four bytes each in memory; 16 bits is the most a file here has. A GGUF file is
    // read tensor by tensor, of which only the new bytes are kept.
    let whole = model::memory_bytes(&plan.model);
    let made = match plan.model.is_file() {
        true => model::largest_tensor(&plan.model).map(|n| 2 * n),
        false => whole,
    };
    let memory_bytes = match plan.data.is_empty() {
        true => made,
        // the model and the file made of it, which is no larger
        false => made.max(model::scoring_bytes([&plan.model; 2].into_iter())),
    };
    let about = match plan.target_bpw {
        Some(bits) => format!("{}: types of matrices by what they cost each language", {
            let n = whole.map(|n| n / 4);
            n.map_or_else(
                || format!("at most {bits} bits a weight"),
                |n| {
                    let len_bytes = (bits * n as f64 / 8.0) as u64;
                    format!(
                        "at most {bits} bits a weight, {} in all",
                        out::bytes(len_bytes)
                    )
                },
            )
        }),
        None => format!("{}: {}", quant.name, quant.about),
    };
    Ok(Preview {
        command: "quantize",
        memory_bytes,
        time_ms: None,
        disk_bytes: whole.map(|n| n / 2),
        inputs: std::iter::once(weights).chain(inputs).collect(),
        outputs: outputs(&plan),
        notes: vec![about],
        plan,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::quant::QUANTS;

    #[test]
    fn every_type_of_the_engine_can_be_asked_for() {
        let mut names: Vec<&str> = QUANTS.iter().map(|q| q.name).collect();
        let mut types = TYPES.to_vec();
        names.sort_unstable();
        types.sort_unstable();
        assert_eq!(names, types);
    }
}
