//! Stages with their counts: what came in went on or was dropped, and nothing else.

use std::collections::BTreeMap;
use std::time::Instant;

use rayon::prelude::*;

use super::output::Output;
use super::report::StageRow;
use super::steps::Verdict;
use crate::data::error::{Error, Result};
use crate::data::record::Record;
use crate::event::{Control, Event, Sink};

/// Records judged between two looks at the clock and the signals.
const CHUNK: usize = 1024;

/// Counts of every stage so far.
pub(super) struct Tally<'a> {
    pub(super) control: &'a Control,
    pub(super) sink: &'a dyn Sink,
    pub(super) output: &'a Output,
    /// One row a stage.
    pub(super) stages: Vec<StageRow>,
    /// Records dropped, by language code and reason.
    pub(super) by_lang: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// A stage that has begun.
pub(super) struct Open {
    name: &'static str,
    began: Instant,
    done: u64,
}

impl Tally<'_> {
    /// Announces a stage.
    pub(super) fn begin(&self, name: &'static str, total: Option<usize>, unit: &str) -> Open {
        self.sink.emit(Event::StageStarted {
            stage: name.into(),
            total: total.map(|n| n as u64),
            unit: unit.into(),
        });
        Open {
            name,
            began: Instant::now(),
            done: 0,
        }
    }

    /// Tells how far a stage is.
    ///
    /// # Errors
    /// When a stop was asked for.
    pub(super) fn advance(&self, open: &mut Open, n: usize) -> Result<()> {
        open.done += n as u64;
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

    /// Ends a stage over records: writes down what was dropped and checks that nothing is lost.
    pub(super) fn end(
        &mut self,
        open: Open,
        n_in: usize,
        n_out: usize,
        dropped: Vec<(Record, Verdict)>,
    ) -> Result<()> {
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for (record, verdict) in &dropped {
            *reasons.entry(verdict.reason.into()).or_default() += 1;
            let own = self.by_lang.entry(record.code()).or_default();
            *own.entry(verdict.reason.into()).or_default() += 1;
        }
        self.output.dropped(dropped)?;
        self.close(open, n_in, n_out, reasons)
    }

    /// Ends a stage whose drops are written down elsewhere.
    pub(super) fn close(
        &mut self,
        open: Open,
        n_in: usize,
        n_out: usize,
        dropped: BTreeMap<String, u64>,
    ) -> Result<()> {
        let (n_in, n_out) = (n_in as u64, n_out as u64);
        let accounted = n_out + dropped.values().sum::<u64>();
        if accounted != n_in {
            return Err(Error::Lost {
                stage: open.name.into(),
                n_in,
                n_out: accounted,
            });
        }
        self.sink.emit(Event::StageDone {
            stage: open.name.into(),
            n_in,
            n_out,
            dropped: dropped.clone(),
            elapsed_ms: open.began.elapsed().as_millis() as u64,
        });
        self.stages.push(StageRow {
            stage: open.name.into(),
            n_in,
            n_out,
            dropped,
        });
        self.stop_point(open.name)
    }

    /// A stage that judges each record by itself, many at a time, in order. `with` makes what a
    /// thread keeps between records.
    pub(super) fn each<T>(
        &mut self,
        name: &'static str,
        mut records: Vec<Record>,
        with: impl Fn() -> T + Sync + Send,
        judge: impl Fn(&mut T, &mut Record) -> Option<Verdict> + Sync + Send,
    ) -> Result<Vec<Record>> {
        let mut open = self.begin(name, Some(records.len()), "records");
        let mut verdicts = Vec::with_capacity(records.len());
        for chunk in records.chunks_mut(CHUNK) {
            let judged = chunk.par_iter_mut().map_init(&with, &judge);
            verdicts.extend(judged.collect::<Vec<Option<Verdict>>>());
            self.advance(&mut open, chunk.len())?;
        }
        self.sift(open, records, verdicts)
    }

    /// A stage that knows the fate of every record already.
    pub(super) fn sift(
        &mut self,
        open: Open,
        records: Vec<Record>,
        verdicts: Vec<Option<Verdict>>,
    ) -> Result<Vec<Record>> {
        let n_in = records.len();
        let (mut kept, mut dropped) = (Vec::with_capacity(n_in), Vec::new());
        for (record, verdict) in records.into_iter().zip(verdicts) {
            match verdict {
                None => kept.push(record),
                Some(verdict) => dropped.push((record, verdict)),
            }
        }
        self.end(open, n_in, kept.len(), dropped)?;
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Silent;

    #[test]
    fn a_lost_record_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path());
        let control = Control::default();
        let mut tally = Tally {
            control: &control,
            sink: &Silent,
            output: &output,
            stages: Vec::new(),
            by_lang: BTreeMap::new(),
        };
        let open = tally.begin("x", None, "records");
        assert!(matches!(
            tally.close(open, 3, 2, BTreeMap::new()),
            Err(Error::Lost {
                n_in: 3,
                n_out: 2,
                ..
            })
        ));
        let open = tally.begin("x", None, "records");
        tally
            .close(open, 3, 2, BTreeMap::from([("y".into(), 1)]))
            .unwrap();
    }
}
