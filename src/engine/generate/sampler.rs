//! Logits to a token.
//!
//! The filters come in llama.cpp's order: top-k, top-p, min-p, then temperature, so that the same
//! settings keep the same candidates there and here.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher, RandomState};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::Plan;

/// A token and how likely it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Its id.
    pub token: u32,
    /// Natural logarithm of its probability before any filter and at temperature 1.
    pub logprob: f32,
}

/// Chooses tokens; the same seed and logits give the same choices.
pub struct Sampler {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    min_p: f64,
    rng: ChaCha8Rng,
    candidates: Vec<Candidate>,
}

#[derive(Clone, Copy)]
struct Candidate {
    id: u32,
    logit: f32,
}

/// Likelier first; of two alike the lower id.
fn likelier(a: &Candidate, b: &Candidate) -> Ordering {
    b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id))
}

/// A seed for when none is asked for: another one each time.
pub fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl Sampler {
    /// Chooses as `plan` says, with the random numbers of `seed`.
    pub fn new(plan: &Plan, seed: u64) -> Self {
        Sampler {
            temperature: plan.temperature,
            top_k: plan.top_k,
            top_p: plan.top_p,
            min_p: plan.min_p,
            rng: ChaCha8Rng::seed_from_u64(seed),
            candidates: Vec::new(),
        }
    }

    /// Chooses a token; none where no logit is a number.
    pub fn choose(&mut self, logits: &[f32]) -> Option<Choice> {
        self.candidates.clear();
        let numbers = logits
            .iter()
            .enumerate()
            .filter(|(_, logit)| logit.is_finite());
        let candidates = numbers.map(|(id, logit)| Candidate {
            id: id as u32,
            logit: *logit,
        });
        self.candidates.extend(candidates);
        let best = self.candidates.iter().copied().min_by(likelier)?;
        let chosen = match self.temperature > 0.0 {
            true => self.draw(),
            false => best,
        };
        let above = |x: f32| f64::from(x) - f64::from(best.logit);
        let total: f64 = logits
            .iter()
            .filter(|x| x.is_finite())
            .map(|x| above(*x).exp())
            .sum();
        Some(Choice {
            token: chosen.id,
            logprob: (above(chosen.logit) - total.ln()) as f32,
        })
    }

    /// Filters the candidates, of which there is at least one, and draws one of those left.
    fn draw(&mut self) -> Candidate {
        let candidates = &mut self.candidates;
        let k = match self.top_k {
            0 => candidates.len(),
            k => k.min(candidates.len()),
        };
        if k < candidates.len() {
            candidates.select_nth_unstable_by(k - 1, likelier);
            candidates.truncate(k);
        }
        candidates.sort_unstable_by(likelier);
        keep_top_p(candidates, self.top_p);
        keep_min_p(candidates, self.min_p);
        let weights = softmax(candidates, self.temperature);
        // 53 random bits make a number in [0, 1).
        let mut left = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        for (candidate, weight) in candidates.iter().zip(&weights) {
            left -= weight;
            if left < 0.0 {
                return *candidate;
            }
        }
        candidates[0] // what rounding left over goes to the likeliest
    }
}

/// Probabilities of candidates sorted by [`likelier`].
fn softmax(candidates: &[Candidate], temperature: f64) -> Vec<f64> {
    let best = candidates.first().map_or(0.0, |c| f64::from(c.logit));
    let weight = |c: &Candidate| ((f64::from(c.logit) - best) / temperature).exp();
    let mut weights: Vec<f64> = candidates.iter().map(weight).collect();
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= total);
    weights
}

/// Keeps the likeliest candidates that together make up `p`: always at least one.
fn keep_top_p(candidates: &mut Vec<Candidate>, p: f64) {
    if p >= 1.0 {
        return;
    }
    let mut sum = 0.0;
    let reached = softmax(candidates, 1.0).iter().position(|weight| {
        sum += weight;
        sum >= p
    });
    candidates.truncate(reached.map_or(candidates.len(), |at| at + 1));
}

/// Keeps candidates at least `p` times as likely as the likeliest, which always stays.
fn keep_min_p(candidates: &mut Vec<Candidate>, p: f64) {
    if p <= 0.0 {
        return;
    }
    let best = candidates.first().map_or(0.0, |c| f64::from(c.logit));
    let bound = best + p.min(1.0).ln();
    candidates.retain(|c| f64::from(c.logit) >= bound);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(temperature: f64, top_k: usize, top_p: f64, min_p: f64) -> Plan {
        Plan {
            temperature,
            top_k,
            top_p,
            min_p,
            ..Plan::default()
        }
    }

    /// The tokens drawn in many tries, in order.
    fn drawn(plan: &Plan, logits: &[f32]) -> Vec<u32> {
        let mut sampler = Sampler::new(plan, 3);
        let mut tokens: Vec<u32> = (0..2000)
            .map(|_| sampler.choose(logits).unwrap().token)
            .collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    #[test]
    fn without_temperature_the_likeliest_wins_and_ties_go_to_the_lowest_id() {
        let mut sampler = Sampler::new(&plan(0.0, 40, 0.95, 0.05), 1);
        let choice = sampler
            .choose(&[0.0, 2.0, f32::NAN, 2.0, f32::NEG_INFINITY])
            .unwrap();
        assert_eq!(choice.token, 1);
        let p = 1.0 / (2.0 + (-2f64).exp());
        assert!((f64::from(choice.logprob) - p.ln()).abs() < 1e-6);
        assert_eq!(sampler.choose(&[f32::NAN, f32::INFINITY]), None);
        assert_eq!(sampler.choose(&[]), None);
    }

    #[test]
    fn each_filter_keeps_what_it_says() {
        // Probabilities 0.5, 0.25, 0.125, 0.125.
        let logits = [0.5f32, 0.25, 0.125, 0.125].map(f32::ln);
        assert_eq!(drawn(&plan(1.0, 0, 1.0, 0.0), &logits), [0, 1, 2, 3]);
        assert_eq!(drawn(&plan(1.0, 2, 1.0, 0.0), &logits), [0, 1]);
        assert_eq!(
            drawn(&plan(1.0, 3, 1.0, 0.0), &logits),
            [0, 1, 2],
            "ties keep the lower id"
        );
        assert_eq!(drawn(&plan(1.0, 0, 0.7, 0.0), &logits), [0, 1]);
        assert_eq!(drawn(&plan(1.0, 0, 0.0, 0.0), &logits), [0]);
        assert_eq!(drawn(&plan(1.0, 0, 1.0, 0.4), &logits), [0, 1]);
        assert_eq!(drawn(&plan(1.0, 0, 1.0, 1.0), &logits), [0]);
        // Filters judge before temperature flattens: top-p sees 0.5 + 0.25.
        assert_eq!(drawn(&plan(50.0, 0, 0.7, 0.0), &logits), [0, 1]);
    }

    #[test]
    fn frequencies_follow_probabilities_and_logprobs_ignore_filters() {
        let logits = [0.6f32, 0.3, 0.1].map(f32::ln);
        let mut sampler = Sampler::new(&plan(1.0, 2, 1.0, 0.0), 9);
        let mut n = [0; 3];
        for _ in 0..30_000 {
            let choice = sampler.choose(&logits).unwrap();
            n[choice.token as usize] += 1;
            assert!((choice.logprob - logits[choice.token as usize]).abs() < 1e-6);
        }
        // Of 30 000 draws with p = 2/3 the standard deviation is 82.
        assert!((n[0] - 20_000i32).abs() < 400 && n[2] == 0, "{n:?}");
    }

    #[test]
    fn the_same_seed_draws_the_same_tokens() {
        let logits: Vec<f32> = (0..100).map(|i| (i as f32 * 0.7).sin()).collect();
        let run = |seed| {
            let mut sampler = Sampler::new(&Plan::default(), seed);
            (0..50)
                .map(|_| sampler.choose(&logits).unwrap().token)
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert_ne!(fresh_seed(), fresh_seed());
    }
}
