//! `eu quantize`: a model as a GGUF file in fewer bits, and what that costs per language.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::Result;
use super::out::{self, Out};
use super::preview::{Input, Preview};
use super::settings::Files;
use super::table::Table;
use super::{model, signals, sinks, text};
use crate::engine::quant::{About, Plan, Report};
use crate::event::Control;
use crate::{disk, engine};

const EXAMPLES: &str = "\
Examples:
  eu quantize run                          run/model-q4_k_m.gguf
  eu quantize run --type q8_0 -o out.gguf  another type, elsewhere
  eu quantize run --tensor ffn_down=q6_k   more bits for some of its matrices
  eu quantize run --data data              with bits per byte before and after";

/// Types of files that can be written.
pub const TYPES: [&str; 18] = [
    "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q5_k_s", "q5_1", "q5_0", "q4_k_m", "q4_k_s", "q4_1",
    "q4_0", "iq4_nl", "iq4_xs", "q3_k_l", "q3_k_m", "q3_k_s", "q2_k",
];

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
    #[arg(long, value_name = "FILE", help_heading = "Mix of types")]
    pub imatrix: Option<PathBuf>,
    /// Text to compare before and after on: a prepared folder, or files of records.
    #[arg(long, value_name = "PATH")]
    pub data: Option<Vec<PathBuf>>,
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
    let report = quantize(&plan, &control, out)?;
    out.result("quantize/1", &report, || told(&report))
}

/// Quantises as planned; with text, scores both models on it.
///
/// # Errors
/// As the engine's, and when the text cannot be read.
pub fn quantize(plan: &Plan, control: &Control, out: &Arc<Out>) -> Result<Report> {
    plan.check()?;
    if !plan.force {
        disk::refuse_existing(&output(plan))?; // before the model is read
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
    if source.is_file() {
        let made = engine::quant::run_file(&plan, &source, &requests, control, &*sink);
        return Ok(made?);
    }
    let loaded = engine::load::load(&source)?;
    let data = text::data_of_run(&plan.model);
    let about = About {
        languages: data.map_or_else(Vec::new, |data| text::languages(&data)),
        ..About::default()
    };
    let made = engine::quant::run(&plan, &loaded, &about, &requests, control, &*sink);
    Ok(made?)
}

/// Where the file goes: as asked, else beside the model: RUN/model-q4_k_m.gguf.
fn output(plan: &Plan) -> PathBuf {
    let beside = || {
        let name = format!("model-{}.gguf", plan.r#type);
        match plan.model.is_file() {
            true => plan.model.with_file_name(name),
            false => plan.model.join(name),
        }
    };
    plan.output.clone().unwrap_or_else(beside)
}

fn told(report: &Report) -> String {
    let mut text = String::new();
    if !report.losses.is_empty() {
        let mut table = Table::new(&["lang", ">before", ">after", ">loss"]);
        for row in &report.losses {
            table.row([
                sinks::short(&row.lang),
                format!("{:.4}", row.before),
                format!("{:.4}", row.after),
                format!("{:+.4}", row.loss),
            ]);
        }
        text.push_str("bits per byte, the language that lost most first\n");
        text.push_str(&table.text());
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

fn preview(plan: Plan) -> Result<Preview<Plan>> {
    let quant = plan.check()?;
    let weights = Input::of(&plan.model);
    let beside = plan.imatrix.iter().chain(&plan.data);
    let inputs = beside.map(|path| Input::of(path));
    // Weights are four bytes each in memory; 16 bits is the most a file here has. A GGUF file is
    // read tensor by tensor, of which only the new bytes are kept.
    let whole = model::memory_bytes(&plan.model);
    let memory_bytes = match plan.model.is_file() && plan.data.is_empty() {
        true => model::largest_tensor(&plan.model).map(|n| 2 * n),
        false => whole,
    };
    Ok(Preview {
        command: "quantize",
        memory_bytes,
        time_ms: None,
        disk_bytes: whole.map(|n| n / 2),
        inputs: std::iter::once(weights).chain(inputs).collect(),
        outputs: vec![output(&plan)],
        notes: vec![format!("{}: {}", quant.name, quant.about)],
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
