//! Token streams to windows that fit the context, and windows to nats.

use super::super::Result;
use super::super::model::{Config, Pass, Use, Weights};
use super::super::ops::Executor;
use super::super::ops::cross_entropy::IGNORED;

/// Tokens computed at once: enough to keep every core busy, little enough to stay in cache.
const TOKENS_AT_ONCE: usize = 2048;
/// Shortest sequence computed; shorter windows are padded to it.
const SHORTEST: usize = 32;

/// A stretch of tokens, of which the last `n_scored` are predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// Whose text it is: an index into the caller's table of languages.
    pub lang: usize,
    /// Context and predicted tokens; at most the context plus one.
    pub ids: Vec<u32>,
    /// How many of the last tokens count.
    pub n_scored: usize,
}

impl Window {
    /// Tokens that a model reads: the last is only predicted.
    pub(super) fn n_inputs(&self) -> usize {
        self.ids.len() - 1
    }
}

/// Cuts `tokens`, with `prefix` in front, so that each is predicted once.
///
/// Each window begins where the one before it ended, so its first token is given the last one of
/// the window before. Only the last window reaches back, to fill its context: so does the
/// rolling log-likelihood of lm-evaluation-harness.
pub(crate) fn cut(lang: usize, prefix: u32, tokens: &[u32], context: usize, out: &mut Vec<Window>) {
    let mut ids = Vec::with_capacity(tokens.len() + 1);
    ids.push(prefix);
    ids.extend_from_slice(tokens);
    for begin in (0..tokens.len()).step_by(context) {
        let end = (begin + context).min(tokens.len());
        out.push(Window {
            lang,
            ids: ids[end.saturating_sub(context)..=end].to_vec(),
            n_scored: end - begin,
        });
    }
}

/// The largest pass that scores windows of a context.
pub(crate) fn largest_pass(context: usize) -> Use {
    Use::scoring(rows_at_once(context), context)
}

/// Windows of a length that are computed at once.
fn rows_at_once(length: usize) -> usize {
    (TOKENS_AT_ONCE / length.max(1)).max(1)
}

/// Sum of nats of the predicted tokens of each of `n_langs` languages; none if `go_on`, which is
/// told after each batch how many tokens are done, says no.
///
/// # Errors
/// When a token is outside of the model's vocabulary.
pub(crate) fn tally(
    config: &Config,
    weights: Weights<'_>,
    executor: &Executor,
    windows: &[Window],
    n_langs: usize,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<Option<Vec<f64>>> {
    let mut nats = vec![0.0; n_langs];
    let mut n_done = 0;
    for (length, group) in by_length(windows) {
        let n_rows = rows_at_once(length).min(group.len());
        let mut pass = Pass::new(config, Use::scoring(n_rows, length), executor);
        let (mut inputs, mut targets) = (vec![0; n_rows * length], vec![0; n_rows * length]);
        for rows in group.chunks(n_rows) {
            inputs.fill(0);
            targets.fill(IGNORED);
            for (i, window) in rows.iter().enumerate() {
                let n = window.ids.len() - 1;
                let unscored = n - window.n_scored;
                inputs[i * length..][..n].copy_from_slice(&window.ids[..n]);
                targets[i * length + unscored..][..window.n_scored]
                    .copy_from_slice(&window.ids[1 + unscored..]);
            }
            let losses = pass.score(weights, &inputs, &targets)?; // [b, t]
            for (row, window) in losses.chunks_exact(length).zip(rows) {
                let n = window.ids.len() - 1;
                let scored = &row[n - window.n_scored..n];
                nats[window.lang] += scored.iter().map(|x| f64::from(*x)).sum::<f64>();
                n_done += window.n_scored as u64;
            }
            if !go_on(n_done) {
                return Ok(None);
            }
        }
    }
    Ok(Some(nats))
}

/// Windows of like length together, each group with the length it is padded to: short texts
/// would otherwise cost as much as a full context.
fn by_length(windows: &[Window]) -> Vec<(usize, Vec<&Window>)> {
    let longest = windows.iter().map(|w| w.ids.len() - 1).max().unwrap_or(0);
    let mut groups: std::collections::BTreeMap<usize, Vec<&Window>> = Default::default();
    for window in windows {
        let n = window.ids.len() - 1;
        let padded = n.next_power_of_two().max(SHORTEST).min(longest);
        groups.entry(padded).or_default().push(window);
    }
    groups.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_predicted_once_whatever_the_length() {
        for n in 0..30u32 {
            for context in 1..9 {
                let tokens: Vec<u32> = (1..=n).collect();
                let mut windows = Vec::new();
                cut(0, 0, &tokens, context, &mut windows);
                let scored: Vec<u32> = windows
                    .iter()
                    .flat_map(|w| &w.ids[w.ids.len() - w.n_scored..])
                    .copied()
                    .collect();
                assert_eq!(scored, tokens);
                for w in &windows {
                    assert!(w.ids.len() <= context + 1);
                    assert!(
                        w.ids.windows(2).all(|pair| pair[1] == pair[0] + 1),
                        "no gap"
                    );
                    assert!(w.n_scored < w.ids.len(), "a token is never its own context");
                }
            }
        }
    }

    #[test]
    fn windows_are_those_of_the_harness() {
        // get_rolling_token_windows(range(1, 11), 0, max_seq_len=4, context_len=1), each pair
        // through make_disjoint_window; lm_eval/utils.py
        let mut windows = Vec::new();
        cut(0, 0, &(1..=10).collect::<Vec<u32>>(), 4, &mut windows);
        let cut: Vec<(Vec<u32>, usize)> =
            windows.into_iter().map(|w| (w.ids, w.n_scored)).collect();
        let expected = [
            (vec![0, 1, 2, 3, 4], 4),
            (vec![4, 5, 6, 7, 8], 4),
            (vec![6, 7, 8, 9, 10], 2),
        ];
        assert_eq!(cut, expected);
    }
}
