//! The facts the dashboard keeps: plain records, their words harmless already.

use std::collections::BTreeMap;

use crate::tui::widgets::{clock, count, grouped};

/// How the work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `done`, `interrupted` or `failed`.
    pub outcome: String,
    /// Milliseconds it took.
    pub elapsed_ms: u64,
}

/// The run, as it was announced.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) n_params: u64,
    pub(super) n_steps: u64,
    pub(super) first_step: u64,
    pub(super) tokens_per_step: u64,
    pub(super) executor: String,
    pub(super) n_threads: usize,
    pub(super) n_langs: usize,
}

/// The latest step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Step {
    pub(super) step: u64,
    pub(super) loss: f64,
    pub(super) lr: f64,
    pub(super) grad_norm: f64,
    pub(super) n_tokens: u64,
    pub(super) tokens_per_s: f64,
    pub(super) elapsed_ms: u64,
}

/// Bits per byte of one language now, and when they were first taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Score {
    pub(super) lang: String,
    pub(super) now: f64,
    pub(super) start: f64,
}

/// A continuation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) step: u64,
    pub(super) lang: String,
    pub(super) prompt: String,
    pub(super) text: String,
}

/// One stage of a pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) total: Option<u64>,
    pub(super) done: u64,
    /// Set once it ended: in, out, milliseconds.
    pub(super) end: Option<(u64, u64, u64)>,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) warning: bool,
    pub(super) text: String,
}

/// `dedup: 1 234 in, 1 200 out, 34 dropped (exact 30, fuzzy 4), 0:12`.
pub(super) fn stage_line(
    stage: &str,
    n_in: u64,
    n_out: u64,
    dropped: &BTreeMap<String, u64>,
    elapsed_ms: u64,
) -> String {
    let mut reasons: Vec<(&String, u64)> = dropped.iter().map(|(r, n)| (r, *n)).collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let lost: u64 = reasons.iter().fold(0, |sum, (_, n)| sum.saturating_add(*n));
    let mut line = format!("{stage}: {} in, {} out", grouped(n_in), grouped(n_out));
    if lost > 0 {
        let named: Vec<String> = reasons
            .iter()
            .take(3)
            .map(|(r, n)| format!("{r} {}", count(*n)))
            .collect();
        line += &format!(", {} dropped ({})", grouped(lost), named.join(", "));
    }
    line + &format!(", {}", clock(elapsed_ms))
}
