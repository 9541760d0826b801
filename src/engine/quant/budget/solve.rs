//! One choice for each thing, within a budget, so that the largest of several sums of costs is
//! least.
//!
//! The largest sum is at least any mean of the sums, however languages are weighted. So for
//! weights that sum to one the least weighted mean is a bound from below, which a knapsack gives:
//! take for each thing the cheapest choice, then whatever improves most for its bytes (the lower
//! convex hull of each thing's choices; Sinha and Zoltners 1979). Filled to the last byte, where
//! the last step is taken in part, it is the bound; without that part it is a choice. Languages
//! that fare badly under it then weigh more (multiplicative weights; Arora, Hazan and Kale 2012),
//! and the best choice of all rounds is mended by exchanges.

/// Rounds of weighting.
const ROUNDS: usize = 300;
/// How much more the worst language weighs in the next round, as a power of e.
const RATE: f64 = 0.15;
/// A thing, the choice it would get, and the bytes that takes more.
type Move = (usize, usize, i64);
/// Exchanges that are made, at most.
const SWEEPS: usize = 32;
/// Pairs of exchanges tried in a sweep, at most.
const MAX_PAIRS: usize = 20_000_000;

/// A choice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub(super) len_bytes: u64,
    /// What it costs each language.
    pub(super) costs: Vec<f64>,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solved {
    /// The number of each thing's choice.
    pub(super) picked: Vec<usize>,
    /// What it costs each language.
    pub(super) sums: Vec<f64>,
    /// No choice within the budget costs the worst language less.
    pub(super) bound: f64,
}

/// A step from one choice of a thing to a larger one.
struct Step {
    thing: usize,
    to: usize,
    len_bytes: u64,
    gain: f64,
}

/// Solves; none where the smallest choices are more than `budget` bytes.
pub(super) fn solve(things: &[Vec<Choice>], budget: u64) -> Option<Solved> {
    let smallest = |choices: &Vec<Choice>| choices.iter().map(|c| c.len_bytes).min();
    let least: u64 = things.iter().map(smallest).sum::<Option<u64>>()?;
    if least > budget {
        return None;
    }
    let n_langs = things.first()?.first()?.costs.len();
    let mut weights = vec![1.0 / n_langs.max(1) as f64; n_langs];
    let mut best: Option<Solved> = None;
    let mut bound = 0.0f64;
    for _ in 0..ROUNDS {
        let (picked, mean) = knapsack(things, &weights, budget);
        bound = bound.max(mean);
        let sums = sums(things, &picked, n_langs);
        let worst = largest(&sums);
        let scale = worst.max(f64::MIN_POSITIVE);
        for (weight, sum) in weights.iter_mut().zip(&sums) {
            *weight *= (RATE * (sum / scale - 1.0)).exp();
        }
        let all: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= all);
        if best.as_ref().is_none_or(|best| worst < largest(&best.sums)) {
            best = Some(Solved {
                picked,
                sums,
                bound,
            });
        }
    }
    let mut best = best?;
    best.bound = bound.min(largest(&best.sums));
    mend(things, &mut best, budget);
    Some(best)
}

fn largest(sums: &[f64]) -> f64 {
    sums.iter().copied().fold(0.0, f64::max)
}

fn sums(things: &[Vec<Choice>], picked: &[usize], n_langs: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_langs];
    for (choices, at) in things.iter().zip(picked) {
        for (sum, cost) in sums.iter_mut().zip(&choices[*at].costs) {
            *sum += cost;
        }
    }
    sums
}

/// Choices that cost little on the weighted mean, and what no choice within the budget is below.
fn knapsack(things: &[Vec<Choice>], weights: &[f64], budget: u64) -> (Vec<usize>, f64) {
    let mut picked = Vec::with_capacity(things.len());
    let (mut steps, mut len_bytes, mut cost) = (Vec::new(), 0, 0.0);
    for (thing, choices) in things.iter().enumerate() {
        let priced: Vec<(usize, u64, f64)> = choices
            .iter()
            .enumerate()
            .map(|(at, choice)| {
                let cost = choice.costs.iter().zip(weights).map(|(c, w)| c * w);
                (at, choice.len_bytes, cost.sum())
            })
            .collect();
        let hull = hull(priced);
        picked.push(hull[0].0);
        (len_bytes, cost) = (len_bytes + hull[0].1, cost + hull[0].2);
        steps.extend(hull.windows(2).map(|pair| Step {
            thing,
            to: pair[1].0,
            len_bytes: pair[1].1 - pair[0].1,
            gain: pair[0].2 - pair[1].2,
        }));
    }
    // along a hull the gain for each byte falls, so steps of one thing stay in their order
    let rate = |step: &Step| step.gain / step.len_bytes as f64;
    steps.sort_by(|a, b| rate(b).total_cmp(&rate(a)).then(a.thing.cmp(&b.thing)));
    let mut is_closed = vec![false; things.len()];
    let mut bound = None;
    for step in steps {
        let left = budget - len_bytes;
        if step.len_bytes > left {
            // the bound is of the first step that does not fit: what follows gains less
            let part = step.gain * left as f64 / step.len_bytes as f64;
            bound.get_or_insert(cost - part);
            is_closed[step.thing] = true;
        } else if !is_closed[step.thing] {
            picked[step.thing] = step.to;
            (len_bytes, cost) = (len_bytes + step.len_bytes, cost - step.gain);
        }
    }
    (picked, bound.unwrap_or(cost))
}

/// The lower convex hull of choices (number, bytes, cost), from the smallest to the one that costs
/// least.
fn hull(mut priced: Vec<(usize, u64, f64)>) -> Vec<(usize, u64, f64)> {
    priced.sort_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)));
    let mut hull: Vec<(usize, u64, f64)> = Vec::new();
    for point in priced {
        if hull.last().is_some_and(|last| point.2 >= last.2) {
            continue; // larger and no better
        }
        while let [.., a, b] = hull[..] {
            let slope = |p: (usize, u64, f64)| (a.2 - p.2) / (p.1 - a.1) as f64;
            if slope(point) < slope(b) {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    hull
}

/// Exchanges one choice, or two at once, as long as the worst language gains and the budget holds.
fn mend(things: &[Vec<Choice>], solved: &mut Solved, budget: u64) {
    let of = |picked: &[usize]| -> u64 {
        let choices = things.iter().zip(picked);
        choices.map(|(choices, at)| choices[*at].len_bytes).sum()
    };
    let mut left = budget - of(&solved.picked);
    for _ in 0..SWEEPS {
        // every move of one thing: the bytes it takes, and what it changes
        let mut moves = Vec::new();
        for (thing, choices) in things.iter().enumerate() {
            let now = &choices[solved.picked[thing]];
            for (to, choice) in choices.iter().enumerate() {
                if to != solved.picked[thing] {
                    let bytes = choice.len_bytes as i64 - now.len_bytes as i64;
                    moves.push((thing, to, bytes));
                }
            }
        }
        let mut found: Option<(f64, Vec<Move>)> = None;
        let worst = largest(&solved.sums);
        let trial = |some: &[Move], best: &mut Option<_>| {
            let bound = best.as_ref().map_or(worst, |(worst, _)| *worst);
            let mut trial = 0.0f64;
            for (lang, sum) in solved.sums.iter().enumerate() {
                let change = some.iter().map(|(thing, to, _)| {
                    let choices = &things[*thing];
                    choices[*to].costs[lang] - choices[solved.picked[*thing]].costs[lang]
                });
                trial = trial.max(sum + change.sum::<f64>());
                if trial >= bound * (1.0 - 1e-9) {
                    return;
                }
            }
            *best = Some((trial, some.to_vec()));
        };
        for one in moves.iter().filter(|one| one.2 <= left as i64) {
            trial(&[*one], &mut found);
        }
        let up: Vec<_> = moves.iter().filter(|one| one.2 > 0).collect();
        let down: Vec<_> = moves.iter().filter(|one| one.2 <= 0).collect();
        if up.len() * down.len() <= MAX_PAIRS {
            for a in &up {
                for b in down.iter().filter(|b| b.0 != a.0) {
                    if a.2 + b.2 <= left as i64 {
                        trial(&[**a, **b], &mut found);
                    }
                }
            }
        }
        let Some((_, some)) = found else {
            return;
        };
        // both at once: what one takes the other may have to give first
        let taken: i64 = some.iter().map(|(.., bytes)| bytes).sum();
        left = left.saturating_add_signed(-taken);
        for (thing, to, _) in some {
            solved.picked[thing] = to;
        }
        solved.sums = sums(things, &solved.picked, solved.sums.len());
    }
}
