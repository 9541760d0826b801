//! What a step of the walk says while it works, and where it looks whether to stop.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::data::error::{Error, Result};
use crate::event::{Control, Event, Sink};

/// Speaks for the steps.
pub(super) struct Progress<'a> {
    pub(super) control: &'a Control,
    pub(super) sink: &'a dyn Sink,
}

/// A step that has begun.
pub(super) struct Open {
    pub(super) name: &'static str,
    began: Instant,
    done: u64,
}

impl Progress<'_> {
    /// Announces a step.
    pub(super) fn begin(&self, name: &'static str, total: Option<u64>, unit: &str) -> Open {
        self.sink.emit(Event::StageStarted {
            stage: name.into(),
            total,
            unit: unit.into(),
        });
        Open {
            name,
            began: Instant::now(),
            done: 0,
        }
    }

    /// Tells how far a step is.
    ///
    /// # Errors
    /// When a stop was asked for.
    pub(super) fn advance(&self, open: &mut Open, n: u64) -> Result<()> {
        open.done += n;
        self.sink.emit(Event::StageProgress {
            stage: open.name.into(),
            done: open.done,
        });
        self.stop_point(open.name)
    }

    /// Ends here if a stop was asked for.
    pub(super) fn stop_point(&self, stage: &str) -> Result<()> {
        match self.control.stop_requested() {
            true => Err(Error::Interrupted {
                stage: stage.into(),
            }),
            false => Ok(()),
        }
    }

    /// Ends a step that drops nothing.
    pub(super) fn end(&self, open: Open, n: u64) -> Result<()> {
        self.tell(open.name, n, n, BTreeMap::new(), Some(open.began));
        self.stop_point(open.name)
    }

    /// Tells what a step did.
    pub(super) fn tell(
        &self,
        stage: &str,
        n_in: u64,
        n_out: u64,
        dropped: BTreeMap<String, u64>,
        began: Option<Instant>,
    ) {
        self.sink.emit(Event::StageDone {
            stage: stage.into(),
            n_in,
            n_out,
            dropped,
            elapsed_ms: began.map_or(0, |t| t.elapsed().as_millis() as u64),
        });
    }
}
