//! From what was typed to an exit code.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::{ContextKind, ErrorKind};

use super::cli::{self, Cli, Command};
use super::fail::{self, Error, Failure, Result};
use super::out::Out;
use super::settings::Files;
use super::{
    chat, completions, doctor, eval, init, inspect, man, prepare, pull, quantize, train, watch,
};

/// Runs the program and gives its exit code; nothing below decides one.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut out = Arc::new(Out::bare(asks_for_json(&args)));
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| run(args, &mut out)));
    let ended = ended.unwrap_or_else(|panic| Err(fail::of_panic(&*panic)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            out.error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn run(args: Vec<OsString>, out: &mut Arc<Out>) -> Result<()> {
    let (mut cli, matches) = match cli::parse(args) {
        Ok(parsed) => parsed,
        Err(e) if matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return out.help(&e.render());
        }
        Err(e) => return Err(usage(&e)),
    };
    let files = Files::read(cli.shared.recipe())?;
    cli.shared.fill(&files.common());
    *out = Arc::new(Out::new(&cli.shared)?);
    let Cli { command, shared } = &cli;
    match command {
        Command::Prepare(args) => prepare::run(args, shared, &files, out),
        Command::Train(args) => train::run(args, shared, &files, out),
        Command::Eval(args) => eval::run(args, shared, &files, out),
        Command::Quantize(args) => quantize::run(args, shared, &files, out),
        Command::Chat(args) => chat::run(args, shared, &files, out),
        Command::Tour(args) => super::tour::run(args, shared, &files, out),
        Command::Init(args) => init::run(args, shared, out),
        Command::Pull(args) => pull::run(args, shared, out),
        Command::Inspect(args) => inspect::run(args, out),
        Command::Doctor(args) => doctor::run(args, shared, &matches, &files, out),
        Command::Watch(args) => watch::run(args, out),
        Command::Completions(args) => completions::run(args, out),
        Command::Man(args) => man::run(args, out),
    }
}

/// True when `--json` was typed or set, known even when the rest makes no sense.
fn asks_for_json(args: &[OsString]) -> bool {
    let typed = args
        .iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--json");
    typed || super::settings::environment("EU_JSON").is_some_and(|v| v != "0" && v != "false")
}

/// Clap's complaint in our form: what, and what would make sense.
fn usage(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("this makes no sense");
    let mut message = first.strip_prefix("error: ").unwrap_or(first).to_string();
    if message.ends_with(':') {
        // The names follow on lines of their own.
        let names: Vec<&str> = lines
            .take_while(|line| !line.starts_with("Usage:"))
            .collect();
        message = format!("{message} {}", names.join(", "));
    }
    let suggested = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .find_map(|kind| error.get(kind))
    .map(|near| format!("did you mean `{near}`?"));
    let hint = suggested.unwrap_or_else(|| "`eu --help` and `eu COMMAND --help` say more".into());
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("no command was given")
            .hint("try `eu tour`, or `eu --help`")
            .into();
    }
    Failure::usage(message).hint(hint).into()
}
