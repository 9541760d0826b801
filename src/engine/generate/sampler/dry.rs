//! DRY: the longer a token would go on repeating what was said, the less likely it becomes.
//!
//! By p-e-w, <https://github.com/oobabooga/text-generation-webui/pull/5677>: a token that would make
//! a repetition of n tokens longer loses `multiplier * base^(n - allowed)`. No repetition reaches
//! across a breaker, and breakers themselves may always be repeated.

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memmem;

use super::super::Plan;
use super::super::pieces::Pieces;

/// Longest repetition that is told from longer ones, in tokens: the penalty has long decided.
const LONGEST: usize = 1024;

/// What is remembered to find repetitions.
#[derive(Debug, Clone)]
pub(super) struct Dry {
    multiplier: f32,
    base: f32,
    allowed: usize,
    /// Tokens looked back at; 0: all.
    window: usize,
    breakers: Arc<[Vec<u8>]>,
    pieces: Arc<Pieces>,
    tokens: Vec<u32>,
    /// Tokens since the last breaker ended; none: since the beginning, where there was none.
    since_breaker: Option<usize>,
    /// Bytes at the end of the text in which a breaker may have begun.
    tail: Vec<u8>,
}

impl Dry {
    /// None where it would change nothing.
    pub(super) fn new(plan: &Plan, pieces: impl FnOnce() -> Arc<Pieces>) -> Option<Self> {
        (plan.dry_multiplier > 0.0).then(|| Dry {
            multiplier: plan.dry_multiplier as f32,
            base: plan.dry_base as f32,
            allowed: plan.dry_allowed_length,
            window: plan.dry_last_n,
            breakers: plan
                .dry_breakers
                .iter()
                .filter(|text| !text.is_empty())
                .map(|text| text.clone().into_bytes())
                .collect(),
            pieces: pieces(),
            tokens: Vec::new(),
            since_breaker: None,
            tail: Vec::new(),
        })
    }

    /// Forgets all tokens.
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.since_breaker = None;
        self.tail.clear();
    }

    /// Remembers a token.
    pub(super) fn accept(&mut self, token: u32) {
        self.tokens.push(token);
        if self.window > 0
            && self.tokens.len() > self.window.saturating_mul(2).saturating_add(LONGEST)
        {
            self.tokens.drain(..self.tokens.len() - self.window);
        }
        self.tail.extend_from_slice(self.pieces.bytes(token));
        // Of the text before this token as much is left as was not a breaker yet.
        let is_broken = self
            .breakers
            .iter()
            .any(|b| memmem::find(&self.tail, b).is_some());
        match (is_broken, &mut self.since_breaker) {
            (true, since) => *since = Some(0),
            (false, Some(n)) => *n += 1,
            (false, None) => {}
        }
        let longest = self.breakers.iter().map(Vec::len).max().unwrap_or(1);
        let keep = match is_broken {
            true => self.tail_after_breaker(),
            false => self.tail.len(),
        };
        let keep = keep.min(longest - 1);
        self.tail.drain(..self.tail.len() - keep);
    }

    /// Bytes behind the breaker in the tail that ends last.
    fn tail_after_breaker(&self) -> usize {
        let ends = self.breakers.iter();
        let ends = ends.filter_map(|b| memmem::rfind(&self.tail, b).map(|at| at + b.len()));
        self.tail.len() - ends.max().unwrap_or(0)
    }

    /// Lowers the logits of tokens that would go on repeating.
    pub(super) fn apply(&self, logits: &mut [f32]) {
        let n = match self.window {
            0 => self.tokens.len(),
            window => window.min(self.tokens.len()),
        };
        let limit = self.since_breaker.unwrap_or(n).min(n).min(LONGEST);
        if n <= self.allowed || limit < self.allowed {
            return;
        }
        let recent = &self.tokens[self.tokens.len() - n..];
        let mut longest: HashMap<u32, usize> = HashMap::new();
        for (end, len) in repeats(recent).into_iter().enumerate() {
            let len = len.min(limit);
            if len >= self.allowed && len > 0 {
                let so_far = longest.entry(recent[end + 1]).or_default();
                *so_far = len.max(*so_far);
            }
        }
        for (token, len) in longest {
            let piece = self.pieces.bytes(token);
            if self
                .breakers
                .iter()
                .any(|b| memmem::find(piece, b).is_some())
            {
                continue;
            }
            if let Some(logit) = logits.get_mut(token as usize) {
                let power = (len - self.allowed) as i32;
                let penalty = self.multiplier * self.base.powi(power);
                *logit -= penalty.min(f32::MAX / 4.0);
            }
        }
    }
}

/// For each token but the last: how many tokens up to it are also the last tokens of all. In
/// linear time, by the Z-algorithm from the end.
fn repeats(tokens: &[u32]) -> Vec<usize> {
    let n = tokens.len();
    let back = |i: usize| tokens[n - 1 - i];
    let mut z = vec![0; n];
    let (mut left, mut right) = (0, 0); // the match that reaches farthest back: [left, right)
    for k in 1..n {
        let mut len = match k < right {
            true => z[k - left].min(right - k),
            false => 0,
        };
        if k + len >= right {
            while k + len < n && back(len) == back(k + len) {
                len += 1;
            }
            (left, right) = (k, k + len);
        }
        z[k] = len;
    }
    (0..n.saturating_sub(1)).map(|end| z[n - 1 - end]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_those_of_comparing_every_pair() {
        let mut state = 7u32;
        for round in 0..300 {
            let tokens: Vec<u32> = (0..round % 40)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) % (1 + round % 3)
                })
                .collect();
            let n = tokens.len();
            let plain: Vec<usize> = (0..n.saturating_sub(1))
                .map(|end| {
                    let pairs = (0..=end).rev().zip((0..n).rev());
                    pairs.take_while(|(a, b)| tokens[*a] == tokens[*b]).count()
                })
                .collect();
            assert_eq!(repeats(&tokens), plain, "{tokens:?}");
        }
    }
}
