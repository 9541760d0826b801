//! `eu watch`: follow a run by its `events.ndjson`, also from another terminal.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::fail::{Failure, Result};
use super::out::Out;
use super::run_log::RunLog;
use super::sinks;
use crate::disk;
use crate::event::{Event, Sink};
#[cfg(feature = "tui")]
use crate::tui;

/// How often a run that goes on is looked at again.
const AGAIN: Duration = Duration::from_millis(250);

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
/// When there is no such run, or it is not the file of events it should be.
pub fn run(args: &Args, out: &Arc<Out>) -> Result<()> {
    let path = match args.run.is_dir() {
        true => RunLog::path(&args.run),
        false => args.run.clone(),
    };
    if !path.exists() {
        return Err(Failure::missing(format!("{}: no run here", path.display()))
            .hint("give the run directory, the one named after `eu train -o`")
            .into());
    }
    #[cfg(feature = "tui")]
    if out.may_take_screen() {
        let options = tui::train::Options {
            colour: out.colors(),
            hold: false,
        };
        tui::watch(&path, options).map_err(|e| disk::Error::io(&path, "watch", e))?;
        return Ok(());
    }
    follow(&path, &*sinks::for_command(out), out)
}

/// Replays the events and follows them until the run ends or the reader goes away.
fn follow(path: &Path, sink: &dyn Sink, out: &Out) -> Result<()> {
    let mut file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
    let mut pending = Vec::new();
    let (mut ended, mut is_first) = (false, true);
    loop {
        let n = Read::by_ref(&mut file)
            .take(1 << 20)
            .read_to_end(&mut pending)
            .map_err(|e| disk::Error::io(path, "read", e))?;
        // What follows the last line feed may still be growing.
        let whole = pending
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let rest = pending.split_off(whole);
        for line in pending
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
        {
            let is_log = !is_first || serde_json::from_slice::<Value>(line).is_ok();
            is_first = false;
            if !is_log {
                return Err(Failure::damaged(format!(
                    "{}:1: not an event of a run",
                    path.display()
                ))
                .hint("give the run directory, the one named after `eu train -o`")
                .into());
            }
            let Ok(event) = serde_json::from_slice::<Event>(line) else {
                continue; // an event of a newer version, or a line that was never finished
            };
            ended = match &event {
                Event::Ended { .. } => true,
                Event::TrainStarted { .. } => false, // resumed
                _ => ended,
            };
            sink.emit(event);
        }
        pending = rest;
        if n == 0 && ended {
            return Ok(());
        }
        if n == 0 {
            out.check_reader()?;
            std::thread::sleep(AGAIN);
        }
    }
}
