//! Sums of texts to means with their intervals.
//!
//! Tokens of a text hang together: a model that is wrong about a name is wrong about it in the
//! whole text. What varies independently are texts, so a mean over tokens (or bytes) is a ratio of
//! two sums over texts, whose variance is found by linearisation, the delta method (Cochran 1977,
//! Sampling Techniques, §§ 2.11 and 9A; Miller 2024, arXiv 2411.00640, for language models), with
//! Student's t for as many degrees of freedom as there are texts less one.

use super::report::Interval;
use crate::engine::ops::logits::Compared;

/// What is summed up of one text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct TextSums {
    pub(super) n_bytes: u64,
    pub(super) n_tokens: u64,
    /// Σ −ln p of the right tokens: by the base, by the other.
    pub(super) nats: [f64; 2],
    /// Σ of divergences.
    pub(super) kl: f64,
    /// Tokens where both find the same most probable.
    pub(super) n_same_top: u64,
    /// Σ of changes of the probability of the right token, and of their squares.
    pub(super) change: f64,
    pub(super) change_squared: f64,
}

impl TextSums {
    pub(super) fn add(&mut self, row: &Compared) {
        let [before, after] = row.nats;
        let change = (-after).exp() - (-before).exp();
        self.n_tokens += 1;
        self.nats[0] += before;
        self.nats[1] += after;
        self.kl += row.kl;
        self.n_same_top += u64::from(row.is_same_top);
        self.change += change;
        self.change_squared += change * change;
    }
}

/// A value that was estimated from texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    /// Its variance and the degrees of freedom of that; none of a single text.
    pub(super) variance: Option<(f64, f64)>,
}

impl Estimate {
    /// Σ y / Σ x over texts.
    pub(super) fn ratio(texts: &[TextSums], of: impl Fn(&TextSums) -> (f64, f64)) -> Self {
        let n = texts.len() as f64;
        let (y, x) = texts
            .iter()
            .map(&of)
            .fold((0.0, 0.0), |sums, (y, x)| (sums.0 + y, sums.1 + x));
        let value = y / x;
        let residual = |text: &TextSums| {
            let (y, x) = of(text);
            (y - value * x).powi(2)
        };
        let squares: f64 = texts.iter().map(residual).sum();
        let variance = squares * n / (n - 1.0) / (x * x);
        Estimate {
            value,
            variance: (texts.len() > 1).then_some((variance, n - 1.0)),
        }
    }

    /// Mean of estimates from different texts, each counting the same; its degrees of freedom are
    /// those of Welch (1947) and Satterthwaite (1946).
    pub(super) fn mean(all: &[Estimate]) -> Self {
        let n = all.len() as f64;
        let variances: Option<Vec<(f64, f64)>> = all.iter().map(|e| e.variance).collect();
        let variance = variances.filter(|all| !all.is_empty()).map(|all| {
            let sum: f64 = all.iter().map(|(v, _)| v).sum();
            let squares: f64 = all.iter().map(|(v, free)| v * v / free).sum();
            let free = if squares > 0.0 {
                sum * sum / squares
            } else {
                1.0
            };
            (sum / (n * n), free)
        });
        Estimate {
            value: all.iter().map(|e| e.value).sum::<f64>() / n,
            variance,
        }
    }

    /// Where the value lies with 95 % confidence, within bounds that it cannot pass.
    pub(super) fn interval(&self, bounds: [f64; 2]) -> Option<Interval> {
        let (variance, free) = self.variance?;
        let half = students_t(free) * variance.sqrt();
        let low = (self.value - half).max(bounds[0]);
        let high = (self.value + half).min(bounds[1]);
        (half.is_finite() && self.value.is_finite()).then_some([low, high])
    }
}

/// The number that Student's t does not pass with a probability of 97.5 %, for degrees of freedom
/// rounded down.
fn students_t(free: f64) -> f64 {
    const FEW: [f64; 20] = [
        12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004,
        2.262_157, 2.228_139, 2.200_985, 2.178_813, 2.160_369, 2.144_787, 2.131_450, 2.119_905,
        2.109_816, 2.100_922, 2.093_024, 2.085_963,
    ];
    const Z: f64 = 1.959_963_985;
    if free < 21.0 {
        let at = (free as usize).clamp(1, FEW.len());
        return FEW[at - 1];
    }
    // Abramowitz and Stegun 1964, 26.7.5: to 1e-5 from 21 on
    let (n, z) = (free.floor(), Z);
    z + (z.powi(3) + z) / (4.0 * n)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3))
}

/// The number below which a share of the sorted numbers lies, between two neighbours in proportion
/// (Hyndman and Fan 1996, type 7: numpy's and llama.cpp's).
pub(super) fn quantile(sorted: &[f32], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * last as f64;
    let below = at.floor() as usize;
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    let (a, b) = (f64::from(a), f64::from(b));
    a + (b - a) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(f64, u64)]) -> Vec<TextSums> {
        let text = |(kl, n_tokens): &(f64, u64)| TextSums {
            kl: *kl,
            n_tokens: *n_tokens,
            ..TextSums::default()
        };
        pairs.iter().map(text).collect()
    }

    #[test]
    fn a_ratio_of_texts_of_one_length_is_a_mean_with_its_standard_error() {
        // 1, 2, 3 and 6 a token: mean 3, variance 14/3 over n = 4
        let texts = texts(&[(10.0, 10), (20.0, 10), (30.0, 10), (60.0, 10)]);
        let found = Estimate::ratio(&texts, |t| (t.kl, t.n_tokens as f64));
        assert!((found.value - 3.0).abs() < 1e-12);
        let (variance, free) = found.variance.unwrap();
        assert!((variance - 14.0 / 3.0 / 4.0).abs() < 1e-12 && free == 3.0);
        let [low, high] = found.interval([f64::NEG_INFINITY, f64::INFINITY]).unwrap();
        let half = 3.182_446 * (14.0f64 / 12.0).sqrt();
        assert!((low - 3.0 + half).abs() < 1e-9 && (high - 3.0 - half).abs() < 1e-9);
        assert_eq!(found.interval([0.0, 5.0]).unwrap(), [0.0, 5.0]);
        let one = Estimate::ratio(&texts[..1], |t| (t.kl, t.n_tokens as f64));
        assert_eq!((one.value, one.interval([0.0, 1.0])), (1.0, None));
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        // texts of different length and their own level, many times over
        let mut state = 1u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        let mut n_held = 0;
        for _ in 0..2000 {
            let sample: Vec<(f64, u64)> = (0..12)
                .map(|_| {
                    let n = 50 + (next() * 100.0) as u64;
                    (n as f64 * (0.5 + next() + next() - next()), n)
                })
                .collect();
            let found = Estimate::ratio(&texts(&sample), |t| (t.kl, t.n_tokens as f64));
            let [low, high] = found.interval([f64::NEG_INFINITY, f64::INFINITY]).unwrap();
            n_held += usize::from(low < 1.0 && 1.0 < high);
        }
        assert!((1860..=1940).contains(&n_held), "{n_held} of 2000");
    }

    #[test]
    fn the_mean_of_languages_takes_their_variances_together() {
        let estimate = |value, variance| Estimate {
            value,
            variance: Some((variance, 4.0)),
        };
        let mean = Estimate::mean(&[estimate(1.0, 0.02), estimate(3.0, 0.02)]);
        assert_eq!(mean.value, 2.0);
        let (variance, free) = mean.variance.unwrap();
        assert!((variance - 0.01).abs() < 1e-12 && (free - 8.0).abs() < 1e-9);
        let lacks = Estimate {
            value: 1.0,
            variance: None,
        };
        assert!(Estimate::mean(&[lacks, mean]).variance.is_none());
    }

    #[test]
    fn quantiles_of_t_and_of_numbers_are_those_of_tables() {
        // scipy.stats.t.ppf(0.975, n)
        for (n, t) in [
            (1.0, 12.706_204_7),
            (2.9, 4.302_652_7),
            (10.0, 2.228_138_9),
            (11.0, 2.200_985_2),
            (21.0, 2.079_613_8),
            (30.0, 2.042_272_5),
            (1000.0, 1.962_339_1),
        ] {
            assert!((students_t(n) - t).abs() < 2e-5, "{n}: {}", students_t(n));
        }
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (share, x) in [(0.0, 1.0), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            assert!((quantile(&sorted, share) - x).abs() < 1e-9, "{share}");
        }
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quantile(&[3.0], 0.99), 3.0);
    }
}
