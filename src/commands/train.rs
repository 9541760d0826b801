//! `eu train`: tokens to a model, with a dashboard, plain lines or NDJSON.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::cli::Shared;
#[cfg(feature = "tui")]
use super::fail;
use super::fail::{Failure, Result};
use super::out::{self, Out};
use super::preview::{Input, Preview};
use super::run_log::RunLog;
use super::settings::Files;
use super::sinks::Tee;
#[cfg(feature = "tui")]
use super::sinks::{Lines, Screen};
use super::table::Table;
use super::{signals, sinks};
use crate::engine::train::{Bench, Plan, Report, Scores};
use crate::event::{Control, Event, LangScore, Sink};
#[cfg(feature = "tui")]
use crate::tui;
use crate::{disk, engine};

const EXAMPLES: &str = "\
Examples:
  eu train data -o run                     the defaults, one pass over the mix
  eu train data -o run --minutes 10        as many steps as fit
  eu train data -o run --resume            go on from the newest checkpoint
  eu train data -o run --d-model 512 --n-layers 12 --n-heads 8
  eu train data -o run -n                  show memory, time and disk first
  eu train --bench --d-model 768 --layers 12 --heads 12    how fast is this machine?
  kill -USR1 PID                           checkpoint now; Ctrl-C: checkpoint and end";

/// What can be typed after `eu train`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Prepared folder: tokenizer, token shards, mix.
    #[arg(value_name = "DATA")]
    pub data: Option<PathBuf>,
    /// Run directory to make or to resume.
    #[arg(short, long, value_name = "RUN")]
    pub output: Option<PathBuf>,
    /// Go on from the newest whole checkpoint of the run directory.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub resume: Option<bool>,
    /// Optimiser steps; without it one pass over the mix, or what fits --minutes.
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Minutes to train; the number of steps is measured at the start and then fixed.
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<f64>,
    /// Width of the residual stream.
    #[arg(long, value_name = "N", help_heading = "Shape")]
    pub d_model: Option<usize>,
    /// Decoder layers.
    #[arg(
        long,
        value_name = "N",
        help_heading = "Shape",
        visible_alias = "layers"
    )]
    pub n_layers: Option<usize>,
    /// Query heads.
    #[arg(
        long,
        value_name = "N",
        help_heading = "Shape",
        visible_alias = "heads"
    )]
    pub n_heads: Option<usize>,
    /// Key and value heads; divides --n-heads.
    #[arg(
        long,
        value_name = "N",
        help_heading = "Shape",
        visible_alias = "kv-heads"
    )]
    pub n_kv_heads: Option<usize>,
    /// Width inside the feed-forward block.
    #[arg(long, value_name = "N", help_heading = "Shape", visible_alias = "ff")]
    pub d_ff: Option<usize>,
    /// Use the embedding as output matrix too.
    #[arg(long, value_name = "BOOL", help_heading = "Shape", num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "true")]
    pub tied: Option<bool>,
    /// Base of the rotary angles.
    #[arg(long, value_name = "X", help_heading = "Shape")]
    pub rope_theta: Option<f64>,
    /// Epsilon of RMSNorm.
    #[arg(long, value_name = "X", help_heading = "Shape")]
    pub norm_eps: Option<f64>,
    /// Tokens of a sequence.
    #[arg(long, value_name = "N", help_heading = "Shape", visible_alias = "seq")]
    pub context: Option<usize>,
    /// Sequences of one optimiser step.
    #[arg(long, value_name = "N", help_heading = "Optimiser")]
    pub batch: Option<usize>,
    /// Sequences computed at once; divides --batch; 0: all.
    #[arg(long, value_name = "N", help_heading = "Optimiser")]
    pub micro_batch: Option<usize>,
    /// Peak learning rate.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub lr: Option<f64>,
    /// Learning rate at the end, as a share of the peak.
    #[arg(long, value_name = "SHARE", help_heading = "Optimiser")]
    pub min_lr_share: Option<f64>,
    /// Course of the learning rate.
    #[arg(long, value_name = "NAME", help_heading = "Optimiser")]
    #[arg(value_parser = ["wsd", "cosine"])]
    pub schedule: Option<String>,
    /// Share of the steps that warm up.
    #[arg(long, value_name = "SHARE", help_heading = "Optimiser")]
    pub warmup_share: Option<f64>,
    /// Share of the steps that decay (wsd).
    #[arg(long, value_name = "SHARE", help_heading = "Optimiser")]
    pub decay_share: Option<f64>,
    /// Who moves the weights: adamw, or muon for the matrices inside of layers.
    #[arg(long, value_name = "NAME", help_heading = "Optimiser")]
    #[arg(value_parser = ["adamw", "muon"])]
    pub optimizer: Option<String>,
    /// Share of its momentum that Muon keeps each step.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub momentum: Option<f64>,
    /// AdamW's first moment decay.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub beta1: Option<f64>,
    /// AdamW's second moment decay.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub beta2: Option<f64>,
    /// AdamW's epsilon.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub adam_eps: Option<f64>,
    /// Weight decay of matrices.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub weight_decay: Option<f64>,
    /// Largest gradient norm; 0: no clipping.
    #[arg(long, value_name = "X", help_heading = "Optimiser")]
    pub clip: Option<f64>,
    /// What activations and products are computed in; the rest is f32.
    #[arg(long, value_name = "NAME", help_heading = "Speed and memory")]
    #[arg(value_parser = ["bf16", "f32"])]
    pub precision: Option<String>,
    /// Layers computed again on the way back instead of being kept: less memory, more time.
    #[arg(long, value_name = "LAYERS", help_heading = "Speed and memory")]
    pub recompute: Option<usize>,
    /// Tokens do not see documents before their own.
    #[arg(long, value_name = "BOOL", help_heading = "Optimiser", num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "true")]
    pub document_mask: Option<bool>,
    /// Steps between scores on held-out text; 0: only at the start and the end.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub eval_every: Option<u64>,
    /// Most held-out tokens scored per language during training; 0: all.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub eval_tokens: Option<u64>,
    /// Steps between checkpoints; 0: only at the end.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub checkpoint_every: Option<u64>,
    /// Checkpoints kept; 0: all.
    #[arg(long, value_name = "N", help_heading = "Watching")]
    pub keep_checkpoints: Option<usize>,
    /// Time steps on random tokens instead of training; reads and writes no file.
    #[arg(long, help_heading = "Speed and memory")]
    #[serde(skip)]
    pub bench: bool,
    /// Tokens of the vocabulary, for --bench.
    #[arg(
        long,
        value_name = "N",
        help_heading = "Speed and memory",
        requires = "bench"
    )]
    #[arg(default_value_t = 8192)]
    #[serde(skip)]
    pub vocab: usize,
}

/// Trains.
///
/// # Errors
/// When the plan makes no sense, the data is damaged, or the run was interrupted (exit code 6).
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let plan: Plan = files.plan("train", args, shared)?;
    if args.bench {
        let bench = engine::train::bench(&plan, args.vocab)?;
        return out.result("train-bench/1", &bench, || bench_text(&bench));
    }
    if shared.dry_run {
        return preview(plan)?.print(out);
    }
    if !plan.resume && !plan.force && disk::refuse_existing(&plan.output).is_err() {
        let run = plan.output.display();
        return Err(Failure::usage(format!("{run}: exists already"))
            .hint("--resume goes on with it, --force replaces it")
            .into());
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    let report = train(&plan, &control, out)?;
    out.result("train/1", &report, || text(&report))
}

/// Trains as planned and shows it: on a full screen where there is one, else as lines or NDJSON;
/// `events.ndjson` of the run has every event in any case.
///
/// # Errors
/// As the engine's.
pub fn train(plan: &Plan, control: &Arc<Control>, out: &Arc<Out>) -> Result<Report> {
    #[cfg(feature = "tui")]
    if out.may_take_screen() {
        return on_screen(plan, control, out);
    }
    let sink = Tee(vec![Box::new(RunLog::default()), sinks::for_command(out)]);
    Ok(to_the_end(plan, control, &sink)?)
}

/// The engine's run, and how it ended as the last event: whoever watches the run waits for it.
fn to_the_end(plan: &Plan, control: &Control, sink: &dyn Sink) -> engine::Result<Report> {
    let began = Instant::now();
    let ended = engine::train::run(plan, control, sink);
    let outcome = match &ended {
        Ok(_) => "done",
        Err(engine::Error::Interrupted { .. }) => "interrupted",
        Err(_) => "failed",
    };
    sink.emit(Event::Ended {
        outcome: outcome.into(),
        elapsed_ms: began.elapsed().as_millis() as u64,
    });
    ended
}

/// The engine on a thread of its own, the dashboard on this one until the run ends or is left.
#[cfg(feature = "tui")]
fn on_screen(plan: &Plan, control: &Arc<Control>, out: &Arc<Out>) -> Result<Report> {
    let (news, events) = std::sync::mpsc::channel();
    let sink = Tee(vec![
        Box::new(RunLog::default()),
        Box::new(Lines::to_log(out)),
        Box::new(Screen(news)),
    ]);
    let (plan, asked) = (plan.clone(), control.clone());
    // The sink goes with the thread: when the run ends the screen hears that nobody speaks.
    let worker = std::thread::spawn(move || to_the_end(&plan, &asked, &sink));
    let shown = tui::train::run(
        events,
        control,
        tui::train::Options {
            colour: out.colors(),
            hold: false,
        },
    );
    if let Err(e) = &shown {
        control.request_stop();
        out.warn(&format!("the screen failed: {e}; saving a checkpoint"));
    }
    match worker.join() {
        Ok(ended) => Ok(ended?),
        Err(panic) => Err(fail::of_panic(&*panic)),
    }
}

/// The result for people: where the model is, and every language before and after, worst first.
fn text(report: &Report) -> String {
    let mut table = Table::new(&["lang", ">before", ">after"]);
    let scores = |scores: &Option<Scores>| scores.as_ref().map(|s| s.scores.clone());
    let before = scores(&report.before).unwrap_or_default();
    let shown =
        |score: Option<&LangScore>| score.map_or("-".into(), |s| format!("{:.3}", s.bits_per_byte));
    for after in scores(&report.after).unwrap_or_default() {
        let first = before.iter().find(|b| b.lang == after.lang);
        table.row([sinks::short(&after.lang), shown(first), shown(Some(&after))]);
    }
    let mut text = String::new();
    if !table.is_empty() {
        text.push_str("bits per byte of held-out text, worst language first\n");
        text.push_str(&table.text());
    }
    let loss = report
        .loss
        .map_or(String::new(), |loss| format!(", loss {loss:.4}"));
    text.push_str(&format!(
        "{} parameters, {} steps, {} tokens{loss}, {}\n{}\n",
        out::count(report.n_params),
        out::count(report.steps),
        out::count(report.n_tokens),
        out::span((report.seconds * 1000.0) as u64),
        report.model.display()
    ));
    text
}

fn bench_text(bench: &Bench) -> String {
    let mut table = Table::new(&["", ">best step", ">median step"]);
    let rate = |x: f64| format!("{x:.0}");
    for (what, best, median) in [
        ("tokens/s", bench.tokens_per_s, bench.tokens_per_s_median),
        (
            "tokens/CPU-s",
            bench.tokens_per_cpu_s,
            bench.tokens_per_cpu_s_median,
        ),
    ] {
        table.row([what.into(), rate(best), rate(median)]);
    }
    let known = |n: Option<u64>| n.map_or_else(|| "not known".into(), out::bytes);
    format!(
        "{} in {}, threads: {}, {} parameters, {} steps of {} tokens\n{}\
         {:.1} % of the peak of {:.0} GFLOP/s a core; matrix products alone {:.1} %\n\
         memory {}, planned {}; first step {:.2} s; loss {:.4} to {:.4}\n",
        bench.executor,
        bench.precision.name(),
        bench.n_threads,
        out::count(bench.n_params),
        bench.steps,
        bench.tokens_per_step,
        table.text(),
        100.0 * bench.peak_share,
        bench.peak_flop_per_s / 1e9,
        100.0 * bench.gemm_peak_share,
        known(bench.peak_rss_bytes),
        out::bytes(bench.planned_bytes),
        bench.first_step_s,
        bench.loss_first,
        bench.loss_last,
    )
}

fn preview(plan: Plan) -> Result<Preview<Plan>> {
    let estimate = engine::train::estimate(&plan)?;
    let steps = estimate
        .steps
        .map_or("as many steps as fit".into(), |n| format!("{n} steps"));
    let notes = vec![
        format!(
            "{} parameters, vocabulary of {}",
            out::count(estimate.n_params),
            estimate.n_vocab
        ),
        format!(
            "{steps} of {} tokens; the mix has {}",
            out::count(estimate.tokens_per_step),
            out::count(estimate.budget_tokens)
        ),
    ];
    Ok(Preview {
        command: "train",
        inputs: vec![Input::of(&plan.data)],
        outputs: vec![plan.output.clone()],
        memory_bytes: Some(estimate.memory_bytes),
        time_ms: plan.minutes.map(|m| (m * 60_000.0) as u64),
        disk_bytes: Some(estimate.disk_bytes),
        notes,
        plan,
    })
}
