//! The whole table as numbers: what `eu doctor --ops` and `cargo bench --bench ops` print.

use serde::Serialize;

use super::{Case, Peak, cases, check, finite_differences, peak, speed, speed_cases};
use crate::engine::Result;
use crate::engine::ops::{Executor, ISAS, Precision};

/// The whole table.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `ops/1`.
    pub schema: &'static str,
    /// Largest difference of the reference's gradients from finite differences, in f64.
    pub finite_differences: f64,
    /// One executor after the other, the widest instruction set first.
    pub executors: Vec<Tried>,
}

/// One executor in one precision.
#[derive(Debug, Serialize)]
pub struct Tried {
    /// Its name.
    pub executor: String,
    /// Its precision.
    pub precision: Precision,
    /// Why this machine cannot; none where it can.
    pub missing: Option<String>,
    /// Operations a second of one core at most.
    pub peak_flop_per_s: f64,
    /// Bytes a second from memory of one core at most.
    pub peak_bytes_per_s: f64,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// One operation: how exact over all its cases, and how fast at one shape.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The operation.
    pub op: &'static str,
    /// Cases compared with the reference in f64, or the shape that was timed.
    pub shape: String,
    /// Which way was timed; empty where values were compared.
    pub way: &'static str,
    /// Largest difference of values, as a share of the largest.
    pub forward: Option<f64>,
    /// Largest difference of gradients.
    pub backward: Option<f64>,
    /// Seconds of a call.
    pub seconds: Option<f64>,
    /// Floating-point operations a second.
    pub flop_per_s: Option<f64>,
    /// Bytes a second.
    pub bytes_per_s: Option<f64>,
    /// Share of the peak: of products where there are any, else of memory.
    pub peak_share: Option<f64>,
}

/// Works the table out: every instruction set and precision of this machine, or the one that is
/// named, on `n_threads` threads. It lasts some seconds each.
///
/// # Errors
/// When threads cannot be started.
pub fn report(only: Option<&str>, n_threads: usize) -> Result<Report> {
    let differences = cases()
        .iter()
        .filter_map(finite_differences)
        .fold(0.0, f64::max);
    let mut executors = Vec::new();
    for isa in ISAS
        .iter()
        .filter(|isa| only.is_none_or(|only| only == **isa))
    {
        for precision in [Precision::Bf16, Precision::F32] {
            executors.push(match Executor::choose("cpu", isa, n_threads) {
                Ok(executor) => tried(&executor.in_precision(precision)),
                Err(error) => Tried {
                    executor: format!("cpu ({isa})"),
                    precision,
                    missing: Some(error.to_string()),
                    peak_flop_per_s: 0.0,
                    peak_bytes_per_s: 0.0,
                    rows: Vec::new(),
                },
            });
        }
    }
    Ok(Report {
        schema: "ops/1",
        finite_differences: differences,
        executors,
    })
}

fn tried(executor: &Executor) -> Tried {
    let best = peak(executor);
    let mut rows = compared(executor);
    let cases = speed_cases();
    rows.extend(cases.iter().flat_map(|case| times(case, executor, best)));
    Tried {
        executor: executor.name(),
        precision: executor.precision(),
        missing: None,
        peak_flop_per_s: best.flop_per_s,
        peak_bytes_per_s: best.bytes_per_s,
        rows,
    }
}

/// A row for each operation: the worst of its cases.
fn compared(executor: &Executor) -> Vec<Row> {
    let mut rows: Vec<(usize, Row)> = Vec::new();
    for case in cases() {
        let found = check(&case, executor);
        let at = rows.iter().position(|(_, row)| row.op == case.op());
        let at = at.unwrap_or_else(|| {
            rows.push((0, blank(&case)));
            rows.len() - 1
        });
        let (n, row) = &mut rows[at];
        *n += 1;
        row.shape = format!("{n} shapes");
        row.backward = worst(row.backward, found.backward);
        row.forward = worst(row.forward, Some(found.forward));
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

fn worst(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (one, other) => one.or(other),
    }
}

fn blank(case: &Case) -> Row {
    Row {
        op: case.op(),
        shape: case.shape(),
        way: "",
        forward: None,
        backward: None,
        seconds: None,
        flop_per_s: None,
        bytes_per_s: None,
        peak_share: None,
    }
}

fn times(case: &Case, executor: &Executor, best: Peak) -> Vec<Row> {
    let n_threads = executor.n_threads() as f64;
    let row = |found: super::Speed| {
        let bytes_per_s = found.bytes / found.seconds;
        let flop_per_s = (found.flop > 0.0).then(|| found.flop / found.seconds);
        let share = flop_per_s.map_or(bytes_per_s / best.bytes_per_s, |f| f / best.flop_per_s);
        Row {
            way: found.way,
            seconds: Some(found.seconds),
            flop_per_s,
            bytes_per_s: Some(bytes_per_s),
            peak_share: Some(share / n_threads),
            ..blank(case)
        }
    };
    speed(case, executor).into_iter().map(row).collect()
}
