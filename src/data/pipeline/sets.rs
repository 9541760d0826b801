//! What the text that was read gives away of evaluation sets: counted unit by unit, told of all.

use super::progress::Progress;
use super::tools::Tools;
use super::unit_files::Finished;
use super::work::Work;
use crate::contamination::{BenchmarkCounts, Report, Tally};
use crate::data::error::Result;
use crate::disk;
use crate::event::Event;

/// Sums up what the units met, and writes `contamination.json` and, of the items met, the index
/// into the output; the numbers of each set. Nothing where no sets were looked for.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn tell(units: &[Finished], tools: &Tools, work: &Work) -> Result<Vec<BenchmarkCounts>> {
    let Some(index) = &tools.evaluation else {
        return Ok(Vec::new());
    };
    let mut sum = Tally::default();
    for unit in units {
        sum.add(&unit.sets()?);
    }
    let report = sum.report(index);
    disk::replace_json(&work.out().join(Report::NAME), &report)?;
    sum.given_away(index)
        .save(&work.out().join(Report::INDEX))?;
    let rows = report.benchmarks.into_iter();
    Ok(rows.map(|row| row.counts).collect())
}

/// Tells what in the files that were opened was not as one would expect.
pub(super) fn warn(tools: &Tools, progress: &Progress) {
    for text in &tools.warnings {
        progress.sink.emit(Event::Note {
            warning: true,
            text: text.clone(),
        });
    }
}
