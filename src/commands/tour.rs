//! `eu tour`: all five stages on the embedded corpus.

use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  eu tour                                  everything in a folder named eu-tour
  eu tour --dir /tmp/tour --minutes 1      elsewhere, shorter
  eu tour --json | jq .                    as a filter";

/// What can be typed after `eu tour`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Folder to make.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Minutes to train.
    #[arg(long, value_name = "MINUTES", default_value_t = 2.0)]
    pub minutes: f64,
}

/// Walks.
///
/// # Errors
/// As the five stages.
pub fn run(_: &Args, _: &super::cli::Shared, _: &super::out::Out) -> super::fail::Result<()> {
    Err(super::fail::Failure::usage("the tour is not part of this build").into())
}
