//! How far a changed model's predictions are from those of the model as it was.

use super::super::importance::Texts;
use crate::engine::Result;
use crate::engine::infer::{Ask, Decoder, Wants, Weights};
use crate::engine::ops::{Executor, Work, exp, widest};

/// Tokens of all languages together, as far as there are some.
const TOKENS: usize = 8192;
/// Fewest and most tokens of a language.
const EACH: [usize; 2] = [128, 2048];
/// Tokens of a window.
const WINDOW: usize = 256;
/// Tokens that are read side by side.
const ROWS: usize = 512;
/// The likeliest tokens, whose probabilities are kept one by one; of the rest the sum is kept.
/// The divergence of what is so thrown together is never above that of the whole (the data
/// processing inequality; Cover and Thomas, Elements of Information Theory, 2.8).
const KEPT: usize = 128;
/// Least probability that is told from none.
const LEAST: f64 = 1e-9;

/// What the model expects after one token.
struct Known {
    /// The likeliest tokens and the logarithms of their probabilities.
    likely: Vec<(u32, f64)>,
    /// Probability of all others.
    rest: f64,
}

/// Some text and what the model makes of it.
pub(super) struct Probe<'a> {
    n_langs: usize,
    windows: Vec<(usize, &'a [u32])>,
    /// Of each token of each window.
    known: Vec<Vec<Known>>,
}

impl<'a> Probe<'a> {
    /// Reads the beginning of the texts of each language.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub(super) fn new(weights: &Weights, texts: &'a Texts, executor: &Executor) -> Result<Self> {
        let n_langs = texts.langs.len();
        let share = (TOKENS / n_langs.max(1)).clamp(EACH[0], EACH[1]);
        let mut windows = Vec::new();
        for (lang, spoken) in texts.langs.iter().enumerate() {
            let mut left = share;
            for piece in &spoken.pieces {
                for window in piece.chunks(WINDOW) {
                    let n = window.len().min(left);
                    left -= n;
                    if n > 1 {
                        windows.push((lang, &window[..n]));
                    }
                }
            }
        }
        let known = windows.iter().map(|_| Vec::new()).collect();
        let mut probe = Probe {
            n_langs,
            windows,
            known,
        };
        let mut known: Vec<Vec<Known>> = std::mem::take(&mut probe.known);
        let mut order = Vec::new();
        probe.read(weights, executor, |window, _, logits| {
            known[window].push(Known::of(logits, &mut order));
        })?;
        probe.known = known;
        Ok(probe)
    }

    /// Tokens of all windows.
    pub(super) fn n_tokens(&self) -> usize {
        self.windows.iter().map(|(_, window)| window.len()).sum()
    }

    /// Mean divergence of what `weights` expect from what the model did, in nats a token, for
    /// each language.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub(super) fn divergence(&self, weights: &Weights, executor: &Executor) -> Result<Vec<f64>> {
        let (mut sums, mut counts) = (vec![0.0; self.n_langs], vec![0.0; self.n_langs]);
        self.read(weights, executor, |window, at, logits| {
            let lang = self.windows[window].0;
            sums[lang] += self.known[window][at].divergence(logits);
            counts[lang] += 1.0;
        })?;
        let mean = |(sum, n): (&f64, &f64)| sum / f64::max(*n, 1.0);
        Ok(sums.iter().zip(&counts).map(mean).collect())
    }

    /// Reads all windows, some side by side; `hears` is given the number of the window, that of
    /// the token in it, and logits.
    fn read(
        &self,
        weights: &Weights,
        executor: &Executor,
        mut hears: impl FnMut(usize, usize, &[f32]),
    ) -> Result<()> {
        let mut decoder = Decoder::new(weights, executor, WINDOW.min(weights.shape.context))?;
        for (some, windows) in self.windows.chunks(ROWS / WINDOW).enumerate() {
            let texts: Vec<_> = windows.iter().map(|_| decoder.begin()).collect();
            let ask = |(text, (_, tokens)): (&_, &(usize, &'a [u32]))| Ask {
                text: *text,
                tokens,
                wants: Wants::All,
            };
            let asks: Vec<Ask<'_>> = texts.iter().zip(windows).map(ask).collect();
            decoder.read(&asks, &mut |window, at, logits| {
                hears(some * (ROWS / WINDOW) + window, at, logits);
            })?;
            texts.into_iter().for_each(|text| decoder.end(text));
        }
        Ok(())
    }
}

impl Known {
    fn of(logits: &[f32], order: &mut Vec<u32>) -> Self {
        let whole = log_sum_exp(logits);
        order.clear();
        order.extend(0..logits.len() as u32);
        let kept = KEPT.min(order.len());
        if kept < order.len() {
            let by = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]);
            order.select_nth_unstable_by(kept, by);
        }
        order[..kept].sort_unstable();
        let likely = order[..kept].iter();
        let likely: Vec<(u32, f64)> = likely
            .map(|token| (*token, f64::from(logits[*token as usize]) - whole))
            .collect();
        let rest = 1.0 - likely.iter().map(|(_, p)| p.exp()).sum::<f64>();
        Known { likely, rest }
    }

    /// Divergence of these logits from what is known, in nats.
    fn divergence(&self, logits: &[f32]) -> f64 {
        let whole = log_sum_exp(logits);
        let (mut sum, mut rest) = (0.0, 1.0);
        for (token, p) in &self.likely {
            let q = f64::from(logits[*token as usize]) - whole;
            sum += p.exp() * (p - q);
            rest -= q.exp();
        }
        if self.rest > LEAST {
            sum += self.rest * (self.rest / f64::max(rest, LEAST)).ln();
        }
        f64::max(sum, 0.0)
    }
}

/// ln Σ e^x.
fn log_sum_exp(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    f64::from(largest) + widest(Sum(logits, largest)).ln()
}

/// Σ e^(x − largest).
struct Sum<'a>(&'a [f32], f32);

impl Work for Sum<'_> {
    type Done = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sum = 0.0;
        for some in self.0.chunks(1024) {
            let mut lanes = [0.0f32; 16];
            let (sixteens, left) = some.as_chunks::<16>();
            for sixteen in sixteens {
                for (lane, x) in lanes.iter_mut().zip(sixteen) {
                    *lane += exp::<false>(*x - self.1);
                }
            }
            for x in left {
                lanes[0] += exp::<false>(*x - self.1);
            }
            sum += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_is_that_of_the_formula_and_nothing_where_nothing_changed() {
        let logits: Vec<f32> = (0..100).map(|i| ((i * 37) % 19) as f32 / 4.0).collect();
        let other: Vec<f32> = (0..100).map(|i| ((i * 31) % 23) as f32 / 5.0).collect();
        let p = |x: &[f32]| {
            let all: f64 = x.iter().map(|x| f64::from(*x).exp()).sum();
            x.iter()
                .map(|x| f64::from(*x).exp() / all)
                .collect::<Vec<_>>()
        };
        let (p, q) = (p(&logits), p(&other));
        let wanted: f64 = p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum();
        let known = Known::of(&logits, &mut Vec::new()); // fewer tokens than are kept
        assert!((known.divergence(&other) - wanted).abs() < 1e-5);
        assert!(known.divergence(&logits) < 1e-6);
    }

    #[test]
    fn what_is_thrown_together_diverges_no_more_than_the_whole() {
        let logits: Vec<f32> = (0..1000).map(|i| ((i * 37) % 190) as f32 / 40.0).collect();
        let other: Vec<f32> = (0..1000).map(|i| ((i * 31) % 230) as f32 / 50.0).collect();
        let whole = (log_sum_exp(&logits), log_sum_exp(&other));
        let wanted: f64 = logits
            .iter()
            .zip(&other)
            .map(|(a, b)| {
                let (p, q) = (f64::from(*a) - whole.0, f64::from(*b) - whole.1);
                p.exp() * (p - q)
            })
            .sum();
        let known = Known::of(&logits, &mut Vec::new());
        assert_eq!(known.likely.len(), KEPT);
        let found = known.divergence(&other);
        assert!(found > 0.0 && found <= wanted + 1e-6, "{found} {wanted}");
    }
}
