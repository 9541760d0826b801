//! The command line as it is typed: the one source of help, completions and man pages.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{FalseyValueParser, Styles};
use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use super::{
    chat, completions, doctor, eval, init, inspect, man, prepare, pull, quantize, settings, tour,
    train, watch,
};

const EXAMPLES: &str = "\
Examples:
  eu tour                                  the whole walk on embedded text, two minutes
  eu prepare crawl/ -o data                text in, clean balanced tokens out
  eu train data -o run                     tokens in, model out
  eu eval run                              bits per byte, worst language first
  eu quantize run --type q4_k_m            a GGUF file for llama.cpp and ollama
  eu chat run                              talk to it";

const AFTER: &str = "\
Every option is also read from the environment as EU_<NAME> (EU_THREADS=4) and, for the five \
commands prepare, train, eval, quantize and chat, from the section of that name in a recipe \
(--config) and in $XDG_CONFIG_HOME/eu/config.toml. A flag beats the environment, the environment \
a recipe, a recipe the user's file. `eu doctor --config` shows where each value came from.

Exit codes: 0 done, 1 failed, 2 usage, 3 input damaged, 4 something is missing, 5 a gate failed, \
6 interrupted and can be resumed, 130 or 143 stopped by a second signal.";

/// Make an open, multilingual European language model, from raw text to chat.
#[derive(Debug, Parser)]
#[command(name = "eu", version, before_help = EXAMPLES, after_help = AFTER)]
#[command(styles = Styles::styled(), max_term_width = 100, infer_long_args = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command understands.
    #[command(flatten)]
    pub shared: Shared,
}

/// The subcommands, in the order of the walk.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Turn text into clean, deduplicated, balanced tokens and a tokenizer.
    Prepare(Box<prepare::Args>),
    /// Train a model from scratch on prepared text.
    Train(Box<train::Args>),
    /// Score a model on text, in bits per byte, the worst language first.
    Eval(eval::Args),
    /// Write a model as a GGUF file in fewer bits.
    Quantize(quantize::Args),
    /// Talk to a model, or continue a text.
    Chat(Box<chat::Args>),
    /// See the whole walk on embedded text in every language, in a few minutes.
    Tour(tour::Args),
    /// Write a commented recipe after a few questions.
    Init(init::Args),
    /// Fetch a model from the Hugging Face hub.
    Pull(pull::Args),
    /// Say what a file is, who its parents are and whether it is whole.
    Inspect(inspect::Args),
    /// Say what this machine can do and which settings apply.
    Doctor(doctor::Args),
    /// Follow a training run, also one on another terminal.
    Watch(watch::Args),
    /// Print the completion script of a shell.
    Completions(completions::Args),
    /// Print a manual page, or write all of them to a folder.
    Man(man::Args),
}

/// Stands for the file where `eu doctor --config` has none.
pub const NO_RECIPE: &str = "::";

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// The fastest that is there.
    Auto,
    /// The processor, with the instruction sets it has.
    Cpu,
    /// Plain loops: slow, the measure of the others.
    Reference,
}

impl Device {
    /// As it is typed.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |v| v.get_name().to_string())
    }
}

/// Instruction sets of processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cpu {
    /// The best there is.
    Auto,
    /// Tiles of bf16 (Intel AMX), and AVX-512.
    Amx,
    /// Vectors of 512 bits.
    Avx512,
    /// Vectors of 256 bits with FMA.
    Avx2,
    /// Vectors of 128 bits on Arm.
    Neon,
    /// What every processor has.
    Scalar,
}

impl Cpu {
    /// As it is typed.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |v| v.get_name().to_string())
    }
}

/// What every command understands.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct Shared {
    /// Print JSON on standard output: events where there are any, then one final object.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say only warnings and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to colour; NO_COLOR is obeyed.
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
    /// Append everything that is said to FILE, with the time.
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Seed of every random choice.
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads; 0: one a core.
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Where the work is done.
    #[arg(long, global = true, value_name = "DEVICE")]
    pub device: Option<Device>,
    /// Instruction set of the processor; without it the best there is.
    #[arg(long, global = true, value_name = "NAME")]
    pub cpu: Option<Cpu>,
    /// Show what would be done: inputs, outputs, memory, time and disk.
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,
    /// Replace what exists.
    #[arg(short, long, global = true)]
    pub force: bool,
    /// Refuse to open connections.
    #[arg(long, global = true)]
    pub offline: bool,
    /// No full screen and no moving bars: plain lines.
    #[arg(long, global = true)]
    pub plain: bool,
    /// Read settings from a recipe.
    #[arg(long, global = true, value_name = "FILE", visible_alias = "recipe")]
    pub config: Option<PathBuf>,
}

impl Shared {
    /// The recipe that was given.
    pub fn recipe(&self) -> Option<&Path> {
        self.config
            .as_deref()
            .filter(|p| *p != Path::new(NO_RECIPE))
    }

    /// Takes over what the files say and no flag or variable does.
    pub fn fill(&mut self, common: &settings::Common) {
        self.color = self.color.or(common.color);
        self.offline |= common.offline.unwrap_or(false);
        self.plain |= common.plain.unwrap_or(false);
    }

    /// The shared options that are keys of a plan too, where they were given.
    pub fn plan_keys(&self, keys: &[String]) -> toml::Table {
        let given = [
            ("seed", self.seed.and_then(integer)),
            ("threads", self.threads.and_then(|n| integer(n as u64))),
            ("device", self.device.map(|d| d.name().into())),
            ("cpu", self.cpu.map(|c| c.name().into())),
            ("force", self.force.then_some(true.into())),
        ];
        given
            .into_iter()
            .filter(|(key, _)| keys.iter().any(|k| k == key))
            .filter_map(|(key, value)| Some((key.to_string(), value?)))
            .collect()
    }
}

/// TOML has no integers above i64; such a seed keeps its bits.
fn integer(n: u64) -> Option<toml::Value> {
    i64::try_from(n).ok().map(toml::Value::Integer)
}

/// The whole command line, each option with its variable of the environment.
pub fn command() -> clap::Command {
    with_variables(Cli::command())
}

fn with_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        if matches!(arg.get_id().as_str(), "help" | "version") {
            return arg;
        }
        // The id is the field's name, which is the plan's key: positional arguments have one too.
        let name = format!("EU_{}", arg.get_id().as_str().to_uppercase());
        let arg = match arg.get_action() {
            ArgAction::SetTrue => arg.value_parser(FalseyValueParser::new()),
            _ => arg,
        };
        arg.env(name).hide_env(true)
    });
    command.mut_subcommands(with_variables)
}

/// Reads what was typed.
///
/// # Errors
/// When it makes no sense; also for `--help` and `--version`, whose text is in the error.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Cli, ArgMatches), clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(args)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
    Ok((cli, matches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn help_of_every_command_begins_with_examples() {
        fn check(command: &clap::Command) {
            let help = command.clone().render_long_help().to_string();
            assert!(help.starts_with("Examples:\n  "), "{help}");
            command
                .get_subcommands()
                .filter(|c| c.get_name() != "help")
                .for_each(check);
        }
        let mut command = command();
        command.build();
        check(&command);
    }

    #[test]
    fn every_key_of_a_plan_is_an_option_of_its_command() {
        let mut command = command();
        command.build();
        for section in settings::SECTIONS {
            let sub = command.find_subcommand(section).unwrap();
            for key in settings::section_keys(section) {
                let found = sub.get_arguments().find(|arg| arg.get_id() == key.as_str());
                let arg = found.unwrap_or_else(|| panic!("eu {section} has no option for {key}"));
                if let Some(long) = arg.get_long() {
                    assert_eq!(long.replace('-', "_"), key);
                }
            }
        }
    }

    #[test]
    fn every_option_has_help_that_ends_as_a_sentence() {
        fn check(command: &clap::Command) {
            for arg in command.get_arguments() {
                let help = arg.get_help().map(|h| h.to_string()).unwrap_or_default();
                assert!(!help.is_empty(), "{} {}", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&command());
    }
}
