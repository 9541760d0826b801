//! The tokens that may still be chosen, gathered from logits.

use std::cmp::Ordering;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

/// Logits looked at together: their highest is found without a branch for each.
const BLOCK: usize = 256;
/// Candidates sorted at first where only the likeliest few will be needed.
const FIRST_FEW: usize = 256;

/// A token and its logit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) id: u32,
    pub(super) logit: f32,
}

/// Likelier first; of two alike the lower id.
pub(super) fn likelier(a: &Candidate, b: &Candidate) -> Ordering {
    b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id))
}

/// The likeliest token; none where no logit is a number.
pub(super) fn best(logits: &[f32]) -> Option<Candidate> {
    let mut best = Candidate {
        id: 0,
        logit: f32::NEG_INFINITY,
    };
    for (n, block) in logits.chunks(BLOCK).enumerate() {
        let logit = highest(block);
        if logit > best.logit {
            let at = block.iter().position(|x| *x == logit).unwrap_or(0);
            let id = (n * BLOCK + at) as u32;
            best = Candidate { id, logit };
        }
    }
    (best.logit > f32::NEG_INFINITY).then_some(best)
}

/// The highest number of `block`; minus infinity where there is none.
fn highest(block: &[f32]) -> f32 {
    let number = |x: f32| {
        if x < f32::INFINITY {
            x
        } else {
            f32::NEG_INFINITY
        }
    };
    let higher = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 16];
    let mut rows = block.chunks_exact(lanes.len());
    for row in &mut rows {
        for (lane, x) in lanes.iter_mut().zip(row) {
            *lane = higher(*lane, number(*x));
        }
    }
    let rest = rows.remainder().iter().map(|x| number(*x));
    lanes
        .into_iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, higher)
}

/// The candidates left; of the same logits always in the same order.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidates {
    pub(super) list: Vec<Candidate>,
}

impl Candidates {
    /// Takes the `k` likeliest tokens (0: all) whose logits are numbers and at least `bound`.
    pub(super) fn gather(&mut self, logits: &[f32], k: usize, bound: f32) {
        self.list.clear();
        // What is not above the floor is out: at first the bound, then the k-th so far. Ids
        // ascend, so a tie with the k-th loses to it.
        let mut floor = bound.next_down();
        let full = match k {
            0 => usize::MAX,
            k => 2 * k.min(logits.len()) + BLOCK,
        };
        for (n, block) in logits.chunks(BLOCK).enumerate() {
            if highest(block) <= floor {
                continue;
            }
            for (i, logit) in block.iter().copied().enumerate() {
                if logit > floor && logit.is_finite() {
                    let id = (n * BLOCK + i) as u32;
                    self.list.push(Candidate { id, logit });
                }
            }
            if self.list.len() >= full {
                self.keep_likeliest(k);
                floor = self.list.last().map_or(floor, |c| c.logit);
            }
        }
        if k > 0 {
            self.keep_likeliest(k);
            self.list.sort_unstable_by(likelier);
        }
    }

    /// Keeps the `k` likeliest, the least likely of them last.
    fn keep_likeliest(&mut self, k: usize) {
        if k > 0 && k <= self.list.len() {
            self.list.select_nth_unstable_by(k - 1, likelier);
            self.list.truncate(k);
        }
    }

    /// Keeps the `k` likeliest, in order.
    pub(super) fn keep_top(&mut self, k: usize) {
        self.keep_likeliest(k.max(1));
        self.list.sort_unstable_by(likelier);
    }

    /// The highest logit.
    pub(super) fn highest(&self) -> f32 {
        let logits = self.list.iter().map(|c| c.logit);
        logits.fold(f32::NEG_INFINITY, f32::max)
    }

    /// Likelihood of `candidate` relative to the likeliest, whose logit is `highest`.
    pub(super) fn weight(candidate: &Candidate, highest: f32) -> f64 {
        (f64::from(candidate.logit) - f64::from(highest)).exp()
    }

    /// Sum of all weights, and the highest logit they are relative to.
    pub(super) fn total(&self) -> (f64, f32) {
        let highest = self.highest();
        let total = self.list.iter().map(|c| Self::weight(c, highest)).sum();
        (total, highest)
    }

    /// Entropy in nats.
    pub(super) fn entropy(&self) -> f64 {
        let (total, highest) = self.total();
        let term = |c: &Candidate| {
            let log_p = f64::from(c.logit) - f64::from(highest) - total.ln();
            -log_p.exp() * log_p
        };
        self.list.iter().map(term).sum()
    }

    /// Draws one; none where there are no candidates.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Candidate> {
        let (total, highest) = self.total();
        let mut left = unit(rng) * total;
        for candidate in &self.list {
            left -= Self::weight(candidate, highest);
            if left < 0.0 {
                return Some(*candidate);
            }
        }
        // What rounding left over goes to the likeliest.
        self.list.iter().copied().min_by(likelier)
    }
}

/// A number in [0, 1), from 53 random bits.
pub(super) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// How many of `items`, the first in `order`, have weights that sum up to what is `enough`: they
/// are put in front, in order. No more are sorted than a few times what is needed.
pub(super) fn first_with<T>(
    items: &mut [T],
    order: impl Fn(&T, &T) -> Ordering,
    weight: impl Fn(&T) -> f64,
    enough: impl Fn(f64) -> bool,
) -> usize {
    let (mut sum, mut done, mut n) = (0.0, 0, FIRST_FEW.min(items.len()));
    while done < items.len() {
        if n < items.len() {
            items[done..].select_nth_unstable_by(n - done - 1, &order);
        }
        items[done..n].sort_unstable_by(&order);
        for item in &items[done..n] {
            sum += weight(item);
            done += 1;
            if enough(sum) {
                return done;
            }
        }
        n = (n * 8).min(items.len());
    }
    items.len()
}
