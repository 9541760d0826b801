//! `eu watch`: follow a run by its `events.ndjson`, also from another terminal.

use std::path::PathBuf;

use super::fail::Result;
use super::out::Out;

const EXAMPLES: &str = "\
Examples:
  eu watch run                             the dashboard of a run, live or finished
  eu watch run --plain                     the same facts as lines
  eu watch run --json | jq 'select(.event == \"held_out\")'";

/// What can be typed after `eu watch`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Run directory.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}

/// Watches.
///
/// # Errors
/// When there is no such run.
pub fn run(args: &Args, out: &Out) -> Result<()> {
    let _ = (args, out);
    Ok(())
}
