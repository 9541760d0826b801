//! `eu doctor`: what this machine can do, what will be used and why, where settings come from.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cli::{self, Shared};
use super::fail::Result;
use super::out::{self, Out};
use super::settings::{self, Files};
use super::table::Table;
use crate::hardware::Machine;
use crate::{data, disk, engine};

const EXAMPLES: &str = "\
Examples:
  eu doctor                                the machine, and what will be used
  eu doctor --config                       every setting and where it comes from
  eu doctor --config recipe.toml           the same, with a recipe
  EU_LR=0.001 eu doctor --config | grep -w lr";

/// What can be typed after `eu doctor`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Show each setting of the five commands and where its value comes from.
    // The same name as the shared option, so that a recipe can be given with it.
    #[arg(long, value_name = "FILE", visible_alias = "recipe", num_args = 0..=1)]
    #[arg(default_missing_value = cli::NO_RECIPE)]
    pub config: Option<PathBuf>,
    /// Show how exact and how fast every operation is with every instruction set.
    #[arg(long, hide = true)]
    pub ops: bool,
}

/// What is known of the machine: schema `doctor/1`.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    machine: Machine,
    executor: String,
    executor_why: String,
    cuda: Cuda,
    disk_free_bytes: Option<u64>,
    terminal: Terminal,
}

#[derive(Debug, Serialize)]
struct Cuda {
    devices: Vec<CudaDevice>,
    reason: Option<String>,
}

#[cfg(feature = "cuda")]
type CudaDevice = engine::cuda::Device;
#[cfg(not(feature = "cuda"))]
type CudaDevice = Value;

#[derive(Debug, Serialize)]
struct Terminal {
    stdin: bool,
    stdout: bool,
    stderr: bool,
    colors: bool,
    full_screen: bool,
}

/// One setting: a row of schema `settings/1`.
#[derive(Debug, Serialize, Deserialize)]
struct Setting {
    section: String,
    key: String,
    value: Value,
    origin: String,
}

/// Reports.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(
    args: &Args,
    shared: &Shared,
    matches: &ArgMatches,
    files: &Files,
    out: &Out,
) -> Result<()> {
    if args.config.is_some() {
        return show_settings(matches, files, out);
    }
    if args.ops {
        let only = shared.cpu.map(cli::Cpu::name).filter(|name| name != "auto");
        let n_threads = shared.threads.unwrap_or(1);
        let report = engine::ops::table::report(only.as_deref(), n_threads)?;
        return out.result("ops/1", &report, || ops_text(&report));
    }
    let report = examine(shared, out)?;
    out.result("doctor/1", &report, || text(&report))
}

fn examine(shared: &Shared, out: &Out) -> Result<Report> {
    let isa = shared.cpu.map_or_else(|| "auto".into(), cli::Cpu::name);
    let executor = engine::ops::Executor::choose("auto", &isa, 0)?;
    let machine = Machine::probe();
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        executor: executor.name(),
        executor_why: executor.why().into(),
        machine,
        cuda: cuda(),
        disk_free_bytes: disk::free_bytes(Path::new(".")),
        terminal: Terminal {
            stdin: io::stdin().is_terminal(),
            stdout: io::stdout().is_terminal(),
            stderr: io::stderr().is_terminal(),
            colors: out.colors(),
            full_screen: out.may_take_screen(),
        },
    })
}

#[cfg(feature = "cuda")]
fn cuda() -> Cuda {
    let (devices, reason) = match engine::cuda::devices() {
        Ok(devices) => (devices, None),
        Err(reason) => (Vec::new(), Some(reason)),
    };
    Cuda { devices, reason }
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Cuda {
    Cuda {
        devices: Vec::new(),
        reason: Some("this program was built without CUDA".into()),
    }
}

fn text(report: &Report) -> String {
    let machine = &report.machine;
    let known = |n: Option<u64>| n.map_or_else(|| "not known".into(), out::bytes);
    let mut table = Table::new(&["eu", report.version]);
    let cpu = machine.cpu.as_deref().unwrap_or("not known");
    table.row(["system", &format!("{} on {}", machine.os, machine.arch)]);
    table.row(["processor", cpu]);
    table.row(["cores", &machine.n_cores.to_string()]);
    table.row(["instructions", &machine.instruction_sets.join(" ")]);
    let (all, free) = (
        known(machine.memory_bytes),
        known(machine.free_memory_bytes),
    );
    table.row(["memory", &format!("{all}, {free} free")]);
    table.row([
        "disk here",
        &format!("{} free", known(report.disk_free_bytes)),
    ]);
    table.row([
        "executor",
        &format!("{}: {}", report.executor, report.executor_why),
    ]);
    if let Some(reason) = &report.cuda.reason {
        table.row(["cuda", reason]);
    }
    #[cfg(feature = "cuda")]
    for device in &report.cuda.devices {
        let (major, minor) = device.capability;
        table.row([
            format!("cuda:{}", device.ordinal),
            format!(
                "{}, {}, {} multiprocessors, compute {major}.{minor} (found; no kernels yet)",
                device.name,
                out::bytes(device.memory_bytes),
                device.n_multiprocessors
            ),
        ]);
    }
    let yes = |is: bool| if is { "yes" } else { "no" };
    let terminal = &report.terminal;
    let words = format!(
        "stdin {}, stdout {}, stderr {}; colours {}, full screen {}",
        yes(terminal.stdin),
        yes(terminal.stdout),
        yes(terminal.stderr),
        yes(terminal.colors),
        yes(terminal.full_screen)
    );
    table.row(["terminal", &words]);
    table.text()
}

/// Every executor: first what was compared with the reference, then what was timed.
fn ops_text(report: &engine::ops::table::Report) -> String {
    let mut text = format!(
        "gradients of the reference are off finite differences by {:.0e} at most\n",
        report.finite_differences
    );
    for tried in &report.executors {
        let name = format!("{} in {}", tried.executor, tried.precision.name());
        if let Some(why) = &tried.missing {
            text.push_str(&format!("\n{name}: {why}\n"));
            continue;
        }
        text.push_str(&format!(
            "\n{name}: at most {:.0} GFLOP/s a core, {:.0} GB/s from memory\n",
            tried.peak_flop_per_s / 1e9,
            tried.peak_bytes_per_s / 1e9
        ));
        let mut exact = Table::new(&["operation", "cases", ">values off", ">gradients off"]);
        let mut fast = Table::new(&[
            "operation",
            "shape",
            "way",
            ">ms",
            ">GFLOP/s",
            ">GB/s",
            ">share",
        ]);
        let off = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.0e}"));
        let giga = |x: Option<f64>| x.map_or("-".into(), |x| format!("{:.0}", x / 1e9));
        for row in &tried.rows {
            let Some(seconds) = row.seconds else {
                exact.row([row.op, &row.shape, &off(row.forward), &off(row.backward)]);
                continue;
            };
            let share = row
                .peak_share
                .map_or("-".into(), |x| format!("{:.0} %", 100.0 * x));
            let ms = format!("{:.2}", seconds * 1e3);
            let (flop, bytes) = (giga(row.flop_per_s), giga(row.bytes_per_s));
            fast.row([row.op, &row.shape, row.way, &ms, &flop, &bytes, &share]);
        }
        text.push_str(&exact.text());
        text.push_str(&fast.text());
    }
    text
}

fn show_settings(matches: &ArgMatches, files: &Files, out: &Out) -> Result<()> {
    let mut rows = Vec::new();
    section::<data::Plan>("prepare", matches, files, &mut rows);
    section::<engine::train::Plan>("train", matches, files, &mut rows);
    section::<engine::eval::Plan>("eval", matches, files, &mut rows);
    section::<engine::quant::Plan>("quantize", matches, files, &mut rows);
    section::<engine::generate::Plan>("chat", matches, files, &mut rows);
    let unknown = unknown_variables();
    for name in &unknown {
        out.warn(&format!("{name} is set and means nothing"));
    }
    let report = serde_json::json!({
        "user_file": settings::user_file(),
        "settings": rows,
        "unknown_variables": unknown,
    });
    out.result("settings/1", &report, || {
        let mut table = Table::new(&["section", "key", "value", "from"]);
        for row in &rows {
            let value = row.value.to_string();
            table.row([&row.section, &row.key, &value, &row.origin]);
        }
        table.text()
    })
}

/// Every key of a section with its value and origin, weakest source first.
fn section<P: Serialize + Default>(
    name: &str,
    matches: &ArgMatches,
    files: &Files,
    rows: &mut Vec<Setting>,
) {
    let from_files = files.origins::<P>(name);
    // What the command would read from the environment if it were called now.
    let called = cli::command()
        .try_get_matches_from(["eu", name])
        .ok()
        .and_then(|m| m.subcommand_matches(name).cloned());
    let defaults = serde_json::to_value(P::default()).unwrap_or_default();
    for key in settings::keys_of::<P>() {
        let mut row = Setting {
            section: name.into(),
            value: defaults[&key].clone(),
            origin: "default".into(),
            key,
        };
        if let Some((value, origin)) = from_files.get(&row.key) {
            row.value = serde_json::to_value(value).unwrap_or_default();
            row.origin.clone_from(origin);
        }
        let asked = |m: &ArgMatches, source| {
            let here = m.try_contains_id(&row.key).unwrap_or(false);
            (here && m.value_source(&row.key) == Some(source)).then(|| raw(m, &row.key))
        };
        if let Some(value) = called
            .as_ref()
            .and_then(|m| asked(m, ValueSource::EnvVariable))
        {
            row.value = value;
            row.origin = format!("EU_{}", row.key.to_uppercase());
        }
        if let Some(value) = asked(matches, ValueSource::CommandLine) {
            row.value = value;
            row.origin = format!("--{}", row.key.replace('_', "-"));
        }
        rows.push(row);
    }
}

/// The words that were typed or set, as JSON where they are a number or a truth value.
fn raw(matches: &ArgMatches, key: &str) -> Value {
    let words: Vec<String> = matches
        .get_raw(key)
        .map(|values| values.map(|v| v.to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    let one =
        |word: &String| serde_json::from_str(word).unwrap_or_else(|_| Value::from(word.as_str()));
    match &words[..] {
        [] => Value::from(true),
        [word] => one(word),
        several => several.iter().map(one).collect(),
    }
}

/// Variables that begin with `EU_` but belong to no option.
fn unknown_variables() -> Vec<String> {
    fn collect(command: &clap::Command, known: &mut Vec<String>) {
        let names = command.get_arguments().filter_map(|arg| arg.get_env());
        known.extend(names.map(|name| name.to_string_lossy().into_owned()));
        command
            .get_subcommands()
            .for_each(|sub| collect(sub, known));
    }
    let mut known = Vec::new();
    collect(&cli::command(), &mut known);
    let mut set = settings::eu_variables();
    set.retain(|name| !known.contains(name));
    set
}
