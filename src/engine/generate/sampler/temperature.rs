//! Temperature, constant or by how sure the model is.

use super::super::Plan;
use super::candidates::Candidates;

/// Divides logits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Temperature {
    middle: f64,
    range: f64,
    exponent: f64,
}

/// Least temperature that is divided by: beyond it there is one candidate anyway.
const LEAST: f64 = 1e-4;

impl Temperature {
    pub(super) fn new(plan: &Plan) -> Self {
        Temperature {
            middle: plan.temperature,
            range: plan.dynatemp_range,
            exponent: plan.dynatemp_exponent,
        }
    }

    /// True where always the likeliest token is chosen.
    pub(super) fn is_greedy(&self) -> bool {
        self.middle <= 0.0
    }

    /// Divides the logits of the candidates.
    pub(super) fn apply(&self, candidates: &mut Candidates) {
        let temperature = self.of(candidates).max(LEAST);
        for candidate in &mut candidates.list {
            candidate.logit = (f64::from(candidate.logit) / temperature) as f32;
        }
    }

    /// The temperature for these candidates: with a range it goes from its lower end, where one
    /// candidate is certain, to its upper, where all are alike (arXiv 2309.02772).
    fn of(&self, candidates: &Candidates) -> f64 {
        let n = candidates.list.len();
        if self.range <= 0.0 || n < 2 {
            return self.middle;
        }
        let low = (self.middle - self.range).max(0.0);
        let high = self.middle + self.range;
        let doubt = (candidates.entropy() / (n as f64).ln()).clamp(0.0, 1.0);
        low + (high - low) * doubt.powf(self.exponent)
    }
}
