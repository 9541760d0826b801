//! How likely a token was among all: a look at every logit, which must not cost more than choosing.

use super::candidates::best;

/// Natural logarithms of probabilities, by the logits they belong to.
pub(super) struct Logprobs {
    /// Logarithm of the sum of all likelihoods.
    total: f64,
}

impl Logprobs {
    /// Of all tokens; none where no logit is a number.
    pub(super) fn of(logits: &[f32]) -> Option<Self> {
        let highest = best(logits)?.logit;
        let total: f64 = logits
            .chunks(4096)
            .map(|block| f64::from(weights(block, highest)))
            .sum();
        let total = f64::from(highest) + total.ln();
        Some(Logprobs { total })
    }

    /// That of a token with this logit.
    pub(super) fn at(&self, logit: f32) -> f32 {
        (f64::from(logit) - self.total) as f32
    }
}

/// Sum of the likelihoods of `block` relative to that of the logit `best`, in lanes.
fn weights(block: &[f32], best: f32) -> f32 {
    // What is e^-40 of the likeliest changes no digit, however many there are.
    let weight = |x: f32| {
        let below = x - best;
        let counts = (-40.0..=0.0).contains(&below);
        let weight = exp(if counts { below } else { 0.0 });
        if counts { weight } else { 0.0 }
    };
    let mut lanes = [0f32; 16];
    let mut rows = block.chunks_exact(lanes.len());
    for row in &mut rows {
        for (lane, x) in lanes.iter_mut().zip(row) {
            *lane += weight(*x);
        }
    }
    let rest: f32 = rows.remainder().iter().map(|x| weight(*x)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// e^x for x from -80 to 0, to three millionths, without a branch: 2^n times a polynomial.
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: what is added to it loses its fraction
    let y = x * std::f32::consts::LOG2_E;
    let n = y + ROUND;
    let r = y - (n - ROUND); // in [-0.5, 0.5]
    // 2^r by its Taylor series: ln(2)^k / k!
    let terms = [
        1.540_353e-4,
        1.333_355_8e-3,
        9.618_129e-3,
        5.550_411e-2,
        0.240_226_5,
        std::f32::consts::LN_2,
    ];
    let power = terms.iter().fold(0.0, |sum, term| sum * r + term) * r + 1.0;
    // The lowest bits of n are the exponent.
    power * f32::from_bits((n.to_bits() << 23).wrapping_add(1f32.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_near_that_of_the_library() {
        for i in 0..=8000 {
            let x = -0.01 * i as f32;
            let true_value = f64::from(x).exp();
            let off = (f64::from(exp(x)) - true_value).abs() / true_value;
            assert!(off < 4e-6, "{x}: off by {off}");
        }
    }
}
