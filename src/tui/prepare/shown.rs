//! One document made harmless for a terminal and laid out in rows.

use std::ops::Range;

use super::library::{Check, Document};
use crate::tui::widgets::{grouped, plain, plain_line, short, width, wrap};

/// Most spans drawn on one row: letters without width may put any number there.
const MAX_SPANS: usize = 256;

/// What of a document is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Face {
    /// Its text.
    #[default]
    Text,
    /// Every measure beside its threshold.
    Checks,
    /// What else its record says.
    Fields,
}

/// A document as it is drawn. Rows are laid out once for each width and face.
pub(super) struct Shown {
    /// Its id, why it is where it is, where it came from.
    pub(super) head: Vec<String>,
    /// Text of the face, harmless.
    pub(super) body: String,
    /// Bytes of the body that tell why.
    pub(super) marks: Vec<Range<usize>>,
    /// Bytes of the body that were searched for.
    pub(super) hits: Vec<Range<usize>>,
    /// Bytes of the body on each row.
    pub(super) rows: Vec<Range<usize>>,
    document: Document,
    cells: usize,
}

impl Shown {
    pub(super) fn of(document: Document, stays_as: &str) -> Self {
        let mut head = vec![format!("id {}", plain_line(&document.id))];
        match document.why.is_empty() {
            true => head.push(plain_line(stays_as)),
            false => head.extend(document.why.iter().map(|line| plain_line(line))),
        }
        let address = |(name, _): &&(String, String)| ["u", "url"].contains(&name.as_str());
        head.extend(
            document
                .facts
                .iter()
                .find(address)
                .map(|(_, said)| plain_line(said)),
        );
        if document.text.len() < document.n_bytes {
            head.push(format!(
                "shown are the first {} of {} bytes",
                grouped(document.text.len() as u64),
                grouped(document.n_bytes as u64)
            ));
        }
        Shown {
            head,
            body: String::new(),
            marks: Vec::new(),
            hits: Vec::new(),
            rows: Vec::new(),
            document,
            cells: 0,
        }
    }

    /// Shows a face; `checks` is what is said of the measures, or why nothing is.
    pub(super) fn turn(&mut self, face: Face, checks: Option<&Result<Vec<Check>, String>>) {
        self.marks.clear();
        self.body.clear();
        match face {
            Face::Text => self.lay_text(),
            Face::Fields => {
                let facts = self.document.facts.iter();
                let lines = facts
                    .map(|(name, said)| format!("{}  {}\n", plain_line(name), plain_line(said)));
                self.body = lines.collect();
            }
            Face::Checks => match checks {
                Some(Ok(checks)) if !checks.is_empty() => self.lay_checks(checks),
                Some(Err(error)) => self.body = format!("! {}", plain_line(error)),
                _ => self.body.push_str("no checks for text without a language"),
            },
        }
        self.cells = 0;
    }

    /// The text, its marks moved along with what is made harmless.
    fn lay_text(&mut self) {
        let Document { text, marks, .. } = &self.document;
        let mut done = 0;
        for mark in marks {
            let parts = (text.get(done..mark.start), text.get(mark.clone()));
            let (Some(before), Some(inside)) = parts else {
                continue; // not on a boundary, or out of order: shown without the mark
            };
            self.body.push_str(&plain(before));
            let start = self.body.len();
            self.body.push_str(&plain(inside));
            if start < self.body.len() {
                self.marks.push(start..self.body.len());
            }
            done = mark.end;
        }
        self.body
            .push_str(&plain(text.get(done..).unwrap_or_default()));
    }

    /// A line for each check, those that failed first: a sign, the reason, the measure, the
    /// threshold.
    fn lay_checks(&mut self, checks: &[Check]) {
        let failed = |check: &&Check| check.on && !check.ok;
        let others = checks.iter().filter(|check| !failed(check));
        let widest = |cells: &dyn Fn(&Check) -> usize| checks.iter().map(cells).max().unwrap_or(0);
        let names = widest(&|check| width(&check.reason));
        let values = widest(&|check| width(&number(check.value)));
        for check in checks.iter().filter(failed).chain(others) {
            let start = self.body.len();
            self.body.push_str(&format!(
                "{} {:<names$}  {:>values$}  {} {}{}",
                if failed(&check) { "!" } else { " " },
                check.reason,
                number(check.value),
                check.bound,
                number(check.threshold),
                if check.on { "" } else { ", off" }
            ));
            if failed(&check) {
                self.marks.push(start..self.body.len());
            }
            self.body.push('\n');
        }
    }

    /// Lays the rows out for a pane of so many cells, if that is new.
    pub(super) fn lay_out(&mut self, cells: usize) {
        if self.cells != cells {
            self.rows = wrap(&self.body, cells);
            self.cells = cells;
        }
    }

    /// Marks where words stand.
    pub(super) fn seek(&mut self, words: &str) {
        let words = plain(words);
        self.hits = match words.is_empty() {
            true => Vec::new(),
            false => self
                .body
                .match_indices(&words)
                .map(|(at, hit)| at..at + hit.len())
                .collect(),
        };
    }

    /// The first row at or below `row` with one of `spans`.
    pub(super) fn row_of(&self, spans: &[Range<usize>], row: usize) -> Option<usize> {
        let below = self.rows.get(row)?.start;
        let span = spans.get(spans.partition_point(|span| span.end <= below))?;
        let at = self.rows.partition_point(|row| row.end <= span.start);
        Some(at.max(row))
    }

    /// The parts of a row, each with whether it is marked and whether it was searched for.
    pub(super) fn parts(&self, row: &Range<usize>) -> Vec<(Range<usize>, bool, bool)> {
        let on = |spans: &[Range<usize>]| -> Vec<Range<usize>> {
            let first = spans.partition_point(|span| span.end <= row.start);
            let rest = spans.get(first..).unwrap_or_default().iter();
            rest.take_while(|span| span.start < row.end)
                .take(MAX_SPANS)
                .cloned()
                .collect()
        };
        let (marks, hits) = (on(&self.marks), on(&self.hits));
        let ends = marks
            .iter()
            .chain(&hits)
            .flat_map(|span| [span.start, span.end]);
        let mut cuts: Vec<usize> = ends.map(|at| at.clamp(row.start, row.end)).collect();
        cuts.extend([row.start, row.end]);
        cuts.sort_unstable();
        cuts.dedup();
        let within = |spans: &[Range<usize>], at| spans.iter().any(|span| span.contains(&at));
        let pairs = cuts.array_windows().map(|[start, end]| *start..*end);
        pairs
            .map(|part| {
                let start = part.start;
                (part, within(&marks, start), within(&hits, start))
            })
            .collect()
    }
}

/// A count whole, another measure in three digits or so.
fn number(x: f64) -> String {
    match x.fract() == 0.0 && x.abs() < 1e9 {
        true => format!("{x}"),
        false => short(x),
    }
}
