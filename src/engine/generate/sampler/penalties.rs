//! Penalties on tokens that were there lately.

use std::collections::{HashMap, VecDeque};

use super::super::Plan;

/// Repetition, presence and frequency penalties over the last tokens.
#[derive(Debug, Clone)]
pub(super) struct Penalties {
    repeat: f32,
    presence: f32,
    frequency: f32,
    /// Tokens looked back at; 0: all.
    window: usize,
    recent: VecDeque<u32>,
    counts: HashMap<u32, u32>,
}

impl Penalties {
    /// None where they would change nothing.
    pub(super) fn new(plan: &Plan) -> Option<Self> {
        let (repeat, presence, frequency) = (
            plan.repeat_penalty as f32,
            plan.presence_penalty as f32,
            plan.frequency_penalty as f32,
        );
        (repeat != 1.0 || presence != 0.0 || frequency != 0.0).then(|| Penalties {
            repeat,
            presence,
            frequency,
            window: plan.repeat_last_n,
            recent: VecDeque::new(),
            counts: HashMap::new(),
        })
    }

    /// Forgets all tokens.
    pub(super) fn clear(&mut self) {
        self.recent.clear();
        self.counts.clear();
    }

    /// Remembers a token.
    pub(super) fn accept(&mut self, token: u32) {
        *self.counts.entry(token).or_default() += 1;
        if self.window == 0 {
            return; // nothing will leave the window
        }
        self.recent.push_back(token);
        if self.recent.len() > self.window
            && let Some(old) = self.recent.pop_front()
            && let Some(n) = self.counts.get_mut(&old)
        {
            *n -= 1;
            if *n == 0 {
                self.counts.remove(&old);
            }
        }
    }

    /// Lowers the logits of the tokens remembered.
    pub(super) fn apply(&self, logits: &mut [f32]) {
        for (token, n) in &self.counts {
            let Some(logit) = logits.get_mut(*token as usize) else {
                continue;
            };
            // The paper divides (arXiv 1909.05858), which would raise what is below zero.
            match *logit > 0.0 {
                true => *logit /= self.repeat,
                false => *logit *= self.repeat,
            }
            *logit -= *n as f32 * self.frequency + self.presence;
        }
    }
}
