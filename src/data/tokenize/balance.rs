//! Parity: while merges are learnt, languages that pay more than others for the same text gain
//! weight, in the manner of parity-aware BPE (arXiv 2508.04796).
//!
//! That paper takes every merge from the language that pays most. Here every merge is the best of
//! all languages together, counts weighed; the weights follow what each language pays for
//! parallel text. Merges that several languages share keep their worth so, and the whole grows
//! less than if one language spoke at a time.

use super::merges::Learner;

/// How hard languages that pay more than others are preferred.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// Exponent: a language that pays `r` times the mean weighs `r` to this power as much. 0 is
    /// plain BPE.
    pub pressure: f64,
    /// Most a weight may be changed, up or down.
    pub bound: f64,
}

impl Default for Balance {
    fn default() -> Self {
        Balance {
            pressure: 8.0,
            bound: 32.0,
        }
    }
}

/// How often weights are set anew on the way to the full vocabulary.
const ROUNDS: usize = 24;

/// Merges until there are `limits.0` tokens or no pair weighs `limits.1`. `weights` are those of
/// the groups with the languages' texts, and become those they have in the end; `parallel` pairs
/// such a group with that of its parallel text. False when `go_on` said no.
pub(super) fn merge_in_balance(
    learner: &mut Learner,
    weights: &mut [u64],
    parallel: &[(usize, usize)],
    balance: &Balance,
    limits: (usize, u64),
    go_on: &impl Fn() -> bool,
) -> bool {
    let given = weights.to_vec();
    learner.set_weights(weights);
    let first = learner.len();
    let rounds = if parallel.len() > 1 && balance.pressure != 0.0 {
        ROUNDS
    } else {
        1
    };
    for round in 0..rounds {
        if round > 0 {
            weights.copy_from_slice(&tilted(learner, &given, parallel, balance));
            learner.set_weights(weights);
        }
        // Rounds grow with the vocabulary: the first merges are the same whatever the weights.
        let share = ((round + 1) as f64 / rounds as f64).powi(2);
        let until = first + (limits.0.saturating_sub(first) as f64 * share).ceil() as usize;
        let mut next = learner.len();
        loop {
            if !go_on() {
                return false;
            }
            next = (next + 1000).min(until.min(limits.0));
            if !learner.merge_until(next, limits.1) || next == until.min(limits.0) {
                break;
            }
        }
    }
    true
}

fn tilted(
    learner: &Learner,
    weights: &[u64],
    parallel: &[(usize, usize)],
    balance: &Balance,
) -> Vec<u64> {
    let pays = |group: usize| (learner.n_tokens(group).max(1) as f64).ln();
    let mean = parallel.iter().map(|(_, group)| pays(*group)).sum::<f64>() / parallel.len() as f64;
    let mut tilted = weights.to_vec();
    for (texts, group) in parallel {
        let factor = (balance.pressure * (pays(*group) - mean)).exp();
        let factor = factor.clamp(1.0 / balance.bound, balance.bound);
        tilted[*texts] = (weights[*texts] as f64 * factor).round().max(1.0) as u64;
    }
    tilted
}
