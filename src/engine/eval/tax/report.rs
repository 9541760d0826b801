//! What each language lost.

use serde::Serialize;

use super::statistics::{Estimate, TextSums, quantile};

/// Where a value lies with 95 % confidence: from, to.
pub type Interval = [f64; 2];

/// Any number.
const ANY: Interval = [f64::NEG_INFINITY, f64::INFINITY];
/// What is never below zero.
const ABOVE: Interval = [0.0, f64::INFINITY];
/// A share.
const SHARE: Interval = [0.0, 1.0];

/// What one language lost. Intervals are of 95 %, from one text to the next; null where there is
/// only one text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loss {
    /// Code of the language.
    pub lang: String,
    /// Bits per byte of the model compared with.
    pub before: f64,
    /// Bits per byte of the model itself.
    pub after: f64,
    /// The difference; above zero is worse.
    pub loss: f64,
    /// Interval of the difference.
    pub loss_interval: Option<Interval>,
    /// Kullback-Leibler divergence from the model compared with: nats per token, the mean.
    pub kl_mean: f64,
    /// Interval of the mean.
    pub kl_interval: Option<Interval>,
    /// Half of all tokens have less.
    pub kl_median: f64,
    /// Of a hundred tokens 99 have less.
    pub kl_p99: f64,
    /// Of a thousand tokens 999 have less.
    pub kl_p999: f64,
    /// The largest of any token.
    pub kl_max: f64,
    /// Share of tokens for which both models find the same token most probable.
    pub same_top: f64,
    /// Interval of the share.
    pub same_top_interval: Option<Interval>,
    /// Mean change of the probability of the right token; below zero is worse.
    pub p_change: f64,
    /// Interval of the mean change.
    pub p_change_interval: Option<Interval>,
    /// Root of the mean square of the change.
    pub p_change_rms: f64,
    /// Texts.
    pub n_texts: u64,
    /// Tokens.
    pub n_tokens: u64,
    /// Bytes of text.
    pub n_bytes: u64,
    #[serde(skip)]
    pub(super) estimates: Estimates,
}

/// What a mean over languages is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimates {
    loss: Estimate,
    kl: Estimate,
    same_top: Estimate,
    change: Estimate,
}

/// Mean over languages, each counting the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeanLoss {
    /// Languages.
    pub n_langs: u64,
    /// Bits per byte of the model compared with.
    pub before: f64,
    /// Bits per byte of the model itself.
    pub after: f64,
    /// The difference.
    pub loss: f64,
    /// Interval of the difference; null where a language has only one text.
    pub loss_interval: Option<Interval>,
    /// Kullback-Leibler divergence, nats per token.
    pub kl_mean: f64,
    /// Interval of it.
    pub kl_interval: Option<Interval>,
    /// Share of tokens for which both find the same token most probable.
    pub same_top: f64,
    /// Interval of the share.
    pub same_top_interval: Option<Interval>,
    /// Mean change of the probability of the right token.
    pub p_change: f64,
    /// Interval of the mean change.
    pub p_change_interval: Option<Interval>,
    /// Mean over languages of the root of the mean square of the change.
    pub p_change_rms: f64,
}

impl Loss {
    /// Sums up the texts of a language; none where nothing was predicted.
    pub(super) fn of(lang: &str, texts: &[TextSums], mut divergences: Vec<f32>) -> Option<Self> {
        let sum = |of: fn(&TextSums) -> u64| texts.iter().map(of).sum::<u64>();
        let (n_tokens, n_bytes) = (sum(|t| t.n_tokens), sum(|t| t.n_bytes));
        if n_tokens == 0 {
            return None;
        }
        let bits = |nats: f64| nats / std::f64::consts::LN_2;
        let by_bytes = |nats: fn(&TextSums) -> f64| {
            Estimate::ratio(texts, |t| (bits(nats(t)), t.n_bytes as f64))
        };
        let by_tokens =
            |of: fn(&TextSums) -> f64| Estimate::ratio(texts, |t| (of(t), t.n_tokens as f64));
        let estimates = Estimates {
            loss: by_bytes(|t| t.nats[1] - t.nats[0]),
            kl: by_tokens(|t| t.kl),
            same_top: by_tokens(|t| t.n_same_top as f64),
            change: by_tokens(|t| t.change),
        };
        divergences.sort_unstable_by(f32::total_cmp);
        let percentile = |share| quantile(&divergences, share);
        let (before, after) = (by_bytes(|t| t.nats[0]).value, by_bytes(|t| t.nats[1]).value);
        Some(Loss {
            lang: lang.into(),
            before,
            after,
            loss: after - before,
            loss_interval: estimates.loss.interval(ANY),
            kl_mean: estimates.kl.value,
            kl_interval: estimates.kl.interval(ABOVE),
            kl_median: percentile(0.5),
            kl_p99: percentile(0.99),
            kl_p999: percentile(0.999),
            kl_max: percentile(1.0),
            same_top: estimates.same_top.value,
            same_top_interval: estimates.same_top.interval(SHARE),
            p_change: estimates.change.value,
            p_change_interval: estimates.change.interval([-1.0, 1.0]),
            p_change_rms: by_tokens(|t| t.change_squared).value.sqrt(),
            n_texts: texts.len() as u64,
            n_tokens,
            n_bytes,
            estimates,
        })
    }
}

impl MeanLoss {
    /// None of no languages.
    pub(super) fn of(losses: &[Loss]) -> Option<Self> {
        if losses.is_empty() {
            return None;
        }
        let mean = |of: fn(&Loss) -> f64| losses.iter().map(of).sum::<f64>() / losses.len() as f64;
        let estimate = |of: fn(&Estimates) -> Estimate| {
            let all: Vec<Estimate> = losses.iter().map(|l| of(&l.estimates)).collect();
            Estimate::mean(&all)
        };
        Some(MeanLoss {
            n_langs: losses.len() as u64,
            before: mean(|l| l.before),
            after: mean(|l| l.after),
            loss: mean(|l| l.loss),
            loss_interval: estimate(|e| e.loss).interval(ANY),
            kl_mean: mean(|l| l.kl_mean),
            kl_interval: estimate(|e| e.kl).interval(ABOVE),
            same_top: mean(|l| l.same_top),
            same_top_interval: estimate(|e| e.same_top).interval(SHARE),
            p_change: mean(|l| l.p_change),
            p_change_interval: estimate(|e| e.change).interval([-1.0, 1.0]),
            p_change_rms: mean(|l| l.p_change_rms),
        })
    }
}

/// Puts the language that lost most bits per byte first; what is no number is worse than any.
pub(super) fn rank(mut losses: Vec<Loss>) -> Vec<Loss> {
    losses.sort_by(|a, b| {
        worst_last(b.loss)
            .total_cmp(&worst_last(a.loss))
            .then_with(|| a.lang.cmp(&b.lang))
    });
    losses
}

fn worst_last(x: f64) -> f64 {
    if x.is_nan() { f64::INFINITY } else { x }
}

#[cfg(test)]
mod tests {
    use super::super::tests::loss;
    use super::*;

    #[test]
    fn a_language_is_summed_up_and_the_one_that_lost_most_comes_first() {
        let losses = rank(vec![
            loss("a", 0.1, 0.3),
            loss("b", 0.4, 0.2),
            loss("c", -0.1, 0.0),
        ]);
        let order: Vec<&str> = losses.iter().map(|l| l.lang.as_str()).collect();
        assert_eq!(order, ["b", "a", "c"]);
        let b = &losses[0];
        assert!((b.loss - 0.4).abs() < 1e-12 && (b.after - b.before - b.loss).abs() < 1e-12);
        let [low, high] = b.loss_interval.unwrap();
        assert!(low < 0.4 && 0.4 < high && high - low > 0.1, "{low} {high}");
        assert!((b.kl_mean - 0.2).abs() < 1e-12 && (b.same_top - 0.9).abs() < 1e-12);
        assert!(
            (b.kl_max - 0.2 * 399.0 / 200.0).abs() < 1e-6,
            "{}",
            b.kl_max
        );
        assert!(b.kl_median < b.kl_p99 && b.kl_p99 < b.kl_p999 && b.kl_p999 < b.kl_max);
        assert!((b.p_change + 0.01).abs() < 1e-12);
        assert!((b.p_change_rms - 0.05).abs() < 1e-12);
        assert_eq!((b.n_texts, b.n_tokens, b.n_bytes), (2, 400, 2000));
        let mean = MeanLoss::of(&losses).unwrap();
        assert!((mean.loss - 0.4 / 3.0).abs() < 1e-12 && mean.n_langs == 3);
        assert!(MeanLoss::of(&[]).is_none());
        assert!(Loss::of("d", &[TextSums::default()], Vec::new()).is_none());
    }
}
