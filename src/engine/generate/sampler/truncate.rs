//! Stages that leave candidates out: top-n-sigma, top-k, typical, top-p, min-p, XTC.

use rand_chacha::ChaCha8Rng;

use super::super::Plan;
use super::candidates::{Candidates, first_with, likelier, unit};

/// Settings of these stages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truncate {
    top_n_sigma: f64,
    top_k: usize,
    typical_p: f64,
    top_p: f64,
    min_p: f64,
    xtc_probability: f64,
    xtc_threshold: f64,
}

impl Truncate {
    pub(super) fn new(plan: &Plan) -> Self {
        Truncate {
            top_n_sigma: plan.top_n_sigma,
            top_k: plan.top_k,
            typical_p: plan.typical_p,
            top_p: plan.top_p,
            min_p: plan.min_p,
            xtc_probability: plan.xtc_probability,
            xtc_threshold: plan.xtc_threshold,
        }
    }

    /// Takes candidates from `logits` and leaves out what each stage does; at least one stays
    /// where a logit is a number.
    pub(super) fn apply(&self, candidates: &mut Candidates, logits: &[f32], rng: &mut ChaCha8Rng) {
        let bound = match self.top_n_sigma > 0.0 {
            true => sigma_bound(logits, self.top_n_sigma),
            false => f32::NEG_INFINITY,
        };
        candidates.gather(logits, self.top_k, bound);
        typical(candidates, self.typical_p);
        top_p(candidates, self.top_p);
        min_p(candidates, self.min_p);
        xtc(candidates, self.xtc_probability, self.xtc_threshold, rng);
    }
}

/// The lowest logit that is within `n` standard deviations of the highest (arXiv 2411.07641).
fn sigma_bound(logits: &[f32], n: f64) -> f32 {
    let numbers = || {
        logits
            .iter()
            .filter(|x| x.is_finite())
            .map(|x| f64::from(*x))
    };
    let (mut count, mut sum, mut highest) = (0u64, 0.0, f64::NEG_INFINITY);
    for x in numbers() {
        count += 1;
        sum += x;
        highest = highest.max(x);
    }
    if count < 2 {
        return f32::NEG_INFINITY;
    }
    let mean = sum / count as f64;
    let variance = numbers().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
    (highest - n * variance.sqrt()) as f32
}

/// Keeps the candidates whose surprise is nearest to the entropy until they make up more than
/// `p` (arXiv 2202.00666).
fn typical(candidates: &mut Candidates, p: f64) {
    if p >= 1.0 {
        return;
    }
    let (total, highest) = candidates.total();
    let entropy = candidates.entropy();
    let mut scored: Vec<_> = candidates
        .list
        .iter()
        .map(|c| {
            let share = Candidates::weight(c, highest) / total;
            let surprise = f64::from(highest) - f64::from(c.logit) + total.ln();
            ((surprise - entropy).abs(), share, *c)
        })
        .collect();
    let n = first_with(
        &mut scored,
        |a, b| a.0.total_cmp(&b.0).then_with(|| likelier(&a.2, &b.2)),
        |(_, share, _)| *share,
        |sum| sum > p,
    );
    candidates.list.clear();
    candidates
        .list
        .extend(scored[..n].iter().map(|(_, _, c)| *c));
}

/// Keeps the likeliest candidates that together make up `p`: always at least one.
fn top_p(candidates: &mut Candidates, p: f64) {
    if p >= 1.0 {
        return;
    }
    let (total, highest) = candidates.total();
    let n = first_with(
        &mut candidates.list,
        likelier,
        |c| Candidates::weight(c, highest) / total,
        |sum| sum >= p,
    );
    candidates.list.truncate(n);
}

/// Keeps candidates at least `p` times as likely as the likeliest, which always stays.
fn min_p(candidates: &mut Candidates, p: f64) {
    if p <= 0.0 {
        return;
    }
    let bound = f64::from(candidates.highest()) + p.min(1.0).ln();
    candidates.list.retain(|c| f64::from(c.logit) >= bound);
}

/// With `probability` leaves out all candidates that make up `threshold` but the least likely of
/// them, so that a good choice that is not the first gets its turn.
fn xtc(candidates: &mut Candidates, probability: f64, threshold: f64, rng: &mut ChaCha8Rng) {
    // Above a half at most one candidate is that likely, and it stays.
    if probability <= 0.0 || threshold > 0.5 || candidates.list.len() < 2 {
        return;
    }
    if unit(rng) >= probability {
        return;
    }
    let (total, highest) = candidates.total();
    let least = candidates
        .list
        .iter()
        .filter(|c| Candidates::weight(c, highest) / total >= threshold)
        .max_by(|a, b| likelier(a, b))
        .copied();
    if let Some(least) = least {
        candidates.list.retain(|c| likelier(c, &least).is_ge());
    }
}
