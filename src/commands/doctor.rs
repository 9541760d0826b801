//! `eu doctor`: what this machine can do, what will be used and why, where settings come from.

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Serialize;

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
  EU_LR=0.001 eu doctor --config | grep -w lr";

/// What can be typed after `eu doctor`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Show each setting of the five commands and where its value comes from.
    // The shared --config FILE takes a value; without one, here, it asks for this list.
    #[arg(long = "settings", visible_alias = "show-config")]
    pub settings: bool,
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
    let _ = (args, shared, matches, files, out);
    Ok(())
}
