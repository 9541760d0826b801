//! Bounds that the worst language is held to: a mean would let the others pay for it.

use super::tax::Loss;
use crate::engine::{Error, Result};

/// Bounds of what each language may come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gates {
    /// Largest mean divergence from the model compared with, in nats per token.
    pub max_kld: Option<f64>,
    /// Most bits per byte.
    pub max_worst_bpb: Option<f64>,
}

impl Gates {
    /// Whether there is a bound.
    pub fn is_some(&self) -> bool {
        self.max_kld.is_some() || self.max_worst_bpb.is_some()
    }

    /// Holds languages to the bounds: their bits per byte, and what they lost. What is no number
    /// passes none, and neither do no languages.
    ///
    /// # Errors
    /// When a bound is passed, with the language, its value and the bound.
    pub fn judge<'a>(
        &self,
        bits_per_byte: impl Iterator<Item = (&'a str, f64)>,
        losses: &[Loss],
    ) -> Result<()> {
        let divergences = losses.iter().map(|loss| (loss.lang.as_str(), loss.kl_mean));
        let failed = [
            failed(bits_per_byte, self.max_worst_bpb, "needs", "bits per byte"),
            failed(
                divergences,
                self.max_kld,
                "is",
                "nats per token from the model it is compared with",
            ),
        ];
        let failed: Vec<String> = failed.into_iter().flatten().collect();
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Error::Gate {
                what: failed.join("; "),
            }),
        }
    }
}

fn failed<'a>(
    langs: impl Iterator<Item = (&'a str, f64)>,
    max: Option<f64>,
    verb: &str,
    unit: &str,
) -> Option<String> {
    let max = max?;
    let size = |x: f64| if x.is_nan() { f64::INFINITY } else { x };
    match langs.max_by(|a, b| size(a.1).total_cmp(&size(b.1))) {
        // Written so that neither a value nor a bound that is no number passes.
        Some((_, value)) if value <= max => None,
        Some((lang, value)) => Some(format!(
            "{lang} {verb} {value:.4} {unit}, more than the {max} allowed"
        )),
        None => Some(format!("no language was held to {max} {unit}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tax::tests::loss;
    use super::*;

    fn judge(max_kld: Option<f64>, max_worst_bpb: Option<f64>, losses: &[Loss]) -> String {
        let gates = Gates {
            max_kld,
            max_worst_bpb,
        };
        let bits = losses.iter().map(|l| (l.lang.as_str(), l.after));
        let judged = gates.judge(bits, losses);
        judged.map_or_else(|e| e.to_string(), |()| String::new())
    }

    #[test]
    fn the_worst_language_is_judged_and_nothing_that_is_no_number_passes() {
        let losses = [loss("a", 0.1, 0.3), loss("b", 0.4, 0.2)];
        assert_eq!(judge(None, None, &[]), "");
        assert_eq!(judge(Some(0.31), Some(2.0), &losses), "");
        let both = judge(Some(0.25), Some(0.5), &losses);
        assert!(
            both.starts_with("b needs 1.4")
                && both.contains("more than the 0.5 allowed; a is 0.3000 nats"),
            "{both}"
        );
        assert!(both.ends_with("more than the 0.25 allowed"), "{both}");
        assert_ne!(judge(Some(f64::NAN), None, &losses), "");
        assert_ne!(judge(Some(1.0), None, &[]), "");
        for bad in [f64::NAN, -f64::NAN, f64::INFINITY] {
            let mut losses = losses.clone();
            (losses[0].kl_mean, losses[0].after) = (bad, bad);
            assert!(judge(Some(9.0), None, &losses).starts_with("a is"));
            assert!(judge(None, Some(9.0), &losses).starts_with("a needs"));
        }
    }
}
