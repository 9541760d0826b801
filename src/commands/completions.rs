//! `eu completions`: what a shell needs to complete our command line.

use clap_complete::{Shell, generate};

use super::cli;
use super::fail::Result;
use super::out::Out;

const EXAMPLES: &str = "\
Examples:
  eu completions bash > ~/.local/share/bash-completion/completions/eu
  eu completions zsh > ~/.zfunc/_eu
  eu completions fish > ~/.config/fish/completions/eu.fish
  eu completions powershell >> $PROFILE
  eu completions elvish >> ~/.config/elvish/rc.elv";

/// What can be typed after `eu completions`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args, out: &Out) -> Result<()> {
    out.bytes(&script(args.shell))
}

/// The completion script of a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut cli::command(), "eu", &mut script);
    script
}

/// Each shell with the name of its file in `completions/`.
pub const FILES: [(Shell, &str); 5] = [
    (Shell::Bash, "eu.bash"),
    (Shell::Elvish, "eu.elv"),
    (Shell::Fish, "eu.fish"),
    (Shell::PowerShell, "_eu.ps1"),
    (Shell::Zsh, "_eu"),
];
