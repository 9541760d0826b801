//! Mirostat: as many candidates as keep the surprise of the text near a target (arXiv 2007.14966).

use rand_chacha::ChaCha8Rng;

use super::super::Plan;
use super::candidates::{Candidate, Candidates, likelier};

/// Candidates that the exponent of the distribution is estimated from; the paper's m.
const N_ESTIMATED: usize = 100;

/// The controller; surprises in bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mirostat {
    version: u8,
    target: f64,
    rate: f64,
    /// Most surprise allowed now.
    most: f64,
}

impl Mirostat {
    /// None where the plan asks for none.
    pub(super) fn new(plan: &Plan) -> Option<Self> {
        (plan.mirostat > 0).then_some(Mirostat {
            version: plan.mirostat,
            target: plan.mirostat_tau,
            rate: plan.mirostat_eta,
            most: 2.0 * plan.mirostat_tau,
        })
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.most = 2.0 * self.target;
    }

    /// Draws a candidate and learns from it; none where there are none.
    pub(super) fn draw(
        &mut self,
        candidates: &mut Candidates,
        n_vocab: usize,
        rng: &mut ChaCha8Rng,
    ) -> Option<Candidate> {
        self.narrow(candidates, n_vocab);
        let chosen = candidates.draw(rng)?;
        self.learn(candidates, &chosen);
        Some(chosen)
    }

    /// Leaves out the candidates that would surprise too much.
    pub(super) fn narrow(&self, candidates: &mut Candidates, n_vocab: usize) {
        match self.version {
            1 => {
                let k = self.top_k(candidates, n_vocab);
                candidates.keep_top(k);
            }
            _ => {
                let (total, highest) = candidates.total();
                // -log2 p <= most, in logits
                let bound = f64::from(highest) + total.ln() - self.most * 2f64.ln();
                let likeliest = candidates.list.iter().copied().min_by(likelier);
                candidates.list.retain(|c| f64::from(c.logit) >= bound);
                if candidates.list.is_empty() {
                    candidates.list.extend(likeliest);
                }
            }
        }
    }

    /// Moves the bound by how far `chosen` was from the target.
    pub(super) fn learn(&mut self, candidates: &Candidates, chosen: &Candidate) {
        let (total, highest) = candidates.total();
        let surprise = (total.ln() + f64::from(highest) - f64::from(chosen.logit)) / 2f64.ln();
        self.most -= self.rate * (surprise - self.target);
    }

    /// How many candidates have the surprise allowed, if likelihoods fall as Zipf's law says with
    /// the exponent of the likeliest hundred.
    fn top_k(&self, candidates: &mut Candidates, n_vocab: usize) -> usize {
        let n = N_ESTIMATED.min(candidates.list.len());
        if n < 2 {
            return 1;
        }
        candidates.list.select_nth_unstable_by(n - 1, likelier);
        candidates.list[..n].sort_unstable_by(likelier);
        let (mut fall, mut square) = (0.0, 0.0);
        for (i, pair) in candidates.list[..n].windows(2).enumerate() {
            let t = ((i + 2) as f64 / (i + 1) as f64).ln();
            fall += t * (f64::from(pair[0].logit) - f64::from(pair[1].logit));
            square += t * t;
        }
        let exponent = fall / square;
        let excess = exponent - 1.0;
        let rest = 1.0 - (n_vocab as f64).powf(-excess);
        let k = (excess * self.most.exp2() / rest).powf(1.0 / exponent);
        // No number where all candidates are alike: then only the likeliest, as for one below 1.
        if k >= 1.0 { k as usize } else { 1 }
    }
}
