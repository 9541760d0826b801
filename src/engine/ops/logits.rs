//! Rows of logits: what tokens cost by them, and how far two models are apart on the same token.

use super::gemm::Shared;
use super::simd::{Isa, LANES, exp, fma, max, simd, sum_lanes};
use super::team::Team;

/// Terms that are added up in f32 before they go to a sum in f64: a vocabulary has up to a quarter
/// of a million, of which a sum in f32 would lose the smallest.
const TERMS: usize = 64 * LANES;

/// What two models expect in one place of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::engine) struct Compared {
    /// −ln of the probability of the right token: by the first model, by the second.
    pub(in crate::engine) nats: [f64; 2],
    /// Kullback-Leibler divergence of the second from the first, Σ p ln(p/q), in nats; exact to
    /// about 1e-6. NaN when a logit is no finite number.
    pub(in crate::engine) kl: f64,
    /// Whether the second finds the first's most probable token the most probable.
    pub(in crate::engine) is_same_top: bool,
}

simd! {
    /// The largest number and where it first is.
    fn top<FMA>(x: &[f32]) -> (f32, usize) {
        let (mut top, mut place) = (f32::NEG_INFINITY, 0);
        for (at, x) in x.chunks(TERMS).enumerate() {
            let here = max(x);
            if here > top {
                (top, place) = (here, at);
            }
        }
        let from = place * TERMS;
        let within = x.get(from..).and_then(|x| x.iter().position(|x| *x == top));
        (top, from + within.unwrap_or(0))
    }
}

simd! {
    /// Σ e^(x − top)
    fn sum_exp<FMA>(x: &[f32], top: f32) -> f64 {
        let mut total = 0.0;
        for x in x.chunks(TERMS) {
            let mut sums = [0.0; LANES];
            let (whole, rest) = x.as_chunks::<LANES>();
            for x in whole {
                for lane in 0..LANES {
                    sums[lane] += exp::<FMA>(x[lane] - top);
                }
            }
            for (sum, x) in sums.iter_mut().zip(rest) {
                *sum += exp::<FMA>(x - top);
            }
            total += f64::from(sum_lanes(sums));
        }
        total
    }
}

simd! {
    /// Σ e^a, Σ e^b and Σ e^a·(a − b) of a = x − its top and b = y − its top.
    fn sums_of_both<FMA>(x: &[f32], y: &[f32], tops: [f32; 2]) -> [f64; 3] {
        let mut totals = [0.0; 3];
        for (x, y) in x.chunks(TERMS).zip(y.chunks(TERMS)) {
            let mut sums = [[0.0; LANES]; 3];
            let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
            for (x, y) in xs.iter().zip(ys) {
                for lane in 0..LANES {
                    let (a, b) = (x[lane] - tops[0], y[lane] - tops[1]);
                    let p = exp::<FMA>(a);
                    sums[0][lane] += p;
                    sums[1][lane] += exp::<FMA>(b);
                    sums[2][lane] = fma::<FMA>(p, a - b, sums[2][lane]);
                }
            }
            for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
                let (a, b) = (x - tops[0], y - tops[1]);
                let p = exp::<FMA>(a);
                sums[0][lane] += p;
                sums[1][lane] += exp::<FMA>(b);
                sums[2][lane] = fma::<FMA>(p, a - b, sums[2][lane]);
            }
            for (total, sums) in totals.iter_mut().zip(sums) {
                *total += f64::from(sum_lanes(sums));
            }
        }
        totals
    }
}

/// −ln of the probability of a token; NaN of one that is not there.
pub(in crate::engine) fn nats(isa: Isa, logits: &[f32], token: u32) -> f64 {
    let (top, _) = top(isa, logits);
    cost(logits, token, top, sum_exp(isa, logits, top).ln())
}

fn cost(logits: &[f32], token: u32, top: f32, ln_sum: f64) -> f64 {
    let logit = logits.get(token as usize);
    logit.map_or(f64::NAN, |x| f64::from(top) - f64::from(*x) + ln_sum)
}

/// Compares two rows of the same length, where `token` is the right one.
pub(in crate::engine) fn compare(isa: Isa, x: &[f32], y: &[f32], token: u32) -> Compared {
    let ((top_x, at), (top_y, _)) = (top(isa, x), top(isa, y));
    let [sum_x, sum_y, product] = sums_of_both(isa, x, y, [top_x, top_y]);
    let (ln_x, ln_y) = (sum_x.ln(), sum_y.ln());
    let kl = product / sum_x - (ln_x - ln_y);
    Compared {
        nats: [cost(x, token, top_x, ln_x), cost(y, token, top_y, ln_y)],
        // it is never below zero; what is rounded may be
        kl: if kl.is_finite() {
            kl.max(0.0)
        } else {
            f64::NAN
        },
        is_same_top: y.get(at) == Some(&top_y),
    }
}

/// Does `of` for each row of a table over the threads of a team, one task a row.
pub(in crate::engine) fn each_row<T: Send>(
    team: &mut Team,
    results: &mut [T],
    of: &(dyn Fn(usize) -> T + Sync),
) {
    let n = results.len();
    let shared = Shared::new(results);
    team.run(n, &|row| {
        // SAFETY: each result is one task's
        let result = unsafe { shared.slice(row, 1) };
        result[0] = of(row);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits as models have them: most far below a few, to some tens.
    fn logits(n: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        (0..n)
            .map(|_| 12.0 * (next() + next() + next()) - 20.0)
            .collect()
    }

    /// Log-probabilities in f64.
    fn log_softmax(x: &[f32]) -> Vec<f64> {
        let top = x.iter().fold(f32::NEG_INFINITY, |m, x| m.max(*x));
        let sum: f64 = x.iter().map(|x| f64::from(x - top).exp()).sum();
        x.iter()
            .map(|x| f64::from(*x) - f64::from(top) - sum.ln())
            .collect()
    }

    #[test]
    fn rows_are_compared_as_by_definition_in_f64() {
        for n in [1, 5, 16, 1000, 1024, 4099, 49_152, 262_144] {
            let x = logits(n, 1);
            for (size, seed) in [(0.0, 2), (1e-3, 3), (0.1, 4), (1.0, 5)] {
                let noise = logits(n, seed);
                let y: Vec<f32> = x.iter().zip(&noise).map(|(x, e)| x + e * size).collect();
                let (p, q) = (log_softmax(&x), log_softmax(&y));
                let terms = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q));
                let kl: f64 = terms.sum();
                let best = |p: &[f64]| (0..n).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap();
                let token = n / 3;
                for isa in Isa::all() {
                    let found = compare(isa, &x, &y, token as u32);
                    let what = format!("{n} {size} {} {found:?} {kl}", isa.name());
                    assert!((found.kl - kl).abs() < 1e-6 + 1e-6 * kl, "{what}");
                    assert!((found.nats[0] + p[token]).abs() < 1e-6, "{what}");
                    assert!((found.nats[1] + q[token]).abs() < 1e-6, "{what}");
                    assert_eq!(found.is_same_top, best(&p) == best(&q), "{what}");
                    let alone = nats(isa, &y, token as u32);
                    assert!((alone - found.nats[1]).abs() < 1e-9, "{what}");
                    if size == 0.0 {
                        assert_eq!(found.kl, 0.0, "a model is as far from itself: {what}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let isa = Isa::detect();
        let x = logits(100, 1);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut y = x.clone();
            y[7] = bad;
            assert!(compare(isa, &x, &y, 3).kl.is_nan(), "{bad}");
            assert!(compare(isa, &y, &x, 3).kl.is_nan(), "{bad}");
        }
        assert!(nats(isa, &x, 100).is_nan(), "a token that is not there");
        let rows = [x.clone(), logits(100, 9)];
        let mut costs = [0.0; 2];
        let mut team = Team::new(2).unwrap();
        each_row(&mut team, &mut costs, &|row| nats(isa, &rows[row], 5));
        assert_eq!(costs, [nats(isa, &rows[0], 5), nats(isa, &rows[1], 5)]);
    }
}
