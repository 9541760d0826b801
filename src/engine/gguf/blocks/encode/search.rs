//! The searches: of some twenty scales the one that loses least, for `P` parts side by side.

use super::{Side, nearest};

/// Parts whose largest weight is smaller than this are zero (`GROUP_MAX_EPS`).
const NOTHING: f32 = 1e-15;

/// What a search found for each part.
pub(super) struct Fit<const P: usize> {
    /// One step between levels.
    pub(super) scale: [f32; P],
    /// What is taken off every weight; nothing where levels stand on both sides of zero.
    pub(super) offset: [f32; P],
    /// Steps per unit of the trial that won, with which its levels were counted.
    inverse: [f32; P],
    /// Where its levels were counted from.
    floor: [f32; P],
}

impl<const P: usize> Fit<P> {
    /// The level, of 0 to `top`, that the search gave a weight of a part.
    #[inline(always)]
    pub(super) fn level(&self, part: usize, x: f32, top: i32) -> u8 {
        let steps = self.inverse[part] * (x - self.floor[part]);
        nearest(steps).clamp(0, top) as u8
    }

    /// The level, of 0 to 2·`top` − 1 with zero at `top`, that the search gave a weight of a part;
    /// of a part that is nothing, 0.
    #[inline(always)]
    pub(super) fn signed_level(&self, part: usize, x: f32, top: i32) -> u8 {
        match self.inverse[part] == 0.0 {
            true => 0,
            false => (nearest(self.inverse[part] * x).clamp(-top, top - 1) + top) as u8,
        }
    }
}

/// The weight of the largest size of each part, the first of several, with its sign.
#[inline(always)]
pub(super) fn peaks<const P: usize, const N: usize>(x: &Side<P, N>) -> [f32; P] {
    let (mut sizes, mut peaks) = ([0.0; P], [0.0; P]);
    for x in x {
        for p in 0..P {
            let size = x[p].abs();
            peaks[p] = if size > sizes[p] { x[p] } else { peaks[p] };
            sizes[p] = if size > sizes[p] { size } else { sizes[p] };
        }
    }
    peaks
}

/// Σ cost·x·level and Σ cost·level² of levels counted by `inverse`.
#[inline(always)]
fn moments<const P: usize, const N: usize>(
    x: &Side<P, N>,
    cost: &Side<P, N>,
    costly: &Side<P, N>,
    inverse: &[f32; P],
    top: i32,
) -> ([f32; P], [f32; P]) {
    let (mut by_x, mut by_level) = ([0.0; P], [0.0; P]);
    for i in 0..N {
        for p in 0..P {
            let level = nearest(inverse[p] * x[i][p]).max(-top).min(top - 1) as f32;
            by_x[p] += costly[i][p] * level;
            by_level[p] += cost[i][p] * level * level;
        }
    }
    (by_x, by_level)
}

/// Levels −`top` to `top` − 1 around zero: the largest weight becomes the outermost, a little more
/// or less in nineteen trials, and the scale is the least squares fit to the levels that gives.
#[inline(always)]
pub(super) fn symmetric<const P: usize, const N: usize>(
    x: &Side<P, N>,
    cost: &Side<P, N>,
    top: i32,
) -> Fit<P> {
    const TRIALS: i32 = 9;
    const STEP: f32 = 0.1;
    let peak = peaks(x);
    let mut costly = *cost;
    for i in 0..N {
        for p in 0..P {
            costly[i][p] *= x[i][p];
        }
    }
    let mut inverse = peak.map(|peak| -(top as f32) / peak);
    let (by_x, by_level) = moments(x, cost, &costly, &inverse, top);
    let (mut scale, mut best) = ([0.0; P], [0.0; P]);
    for p in 0..P {
        let fit = by_x[p] / by_level[p];
        scale[p] = if by_level[p] == 0.0 { 0.0 } else { fit };
        best[p] = scale[p] * by_x[p];
    }
    for trial in (-TRIALS..=TRIALS).filter(|trial| *trial != 0) {
        let steps = top as f32 + STEP * trial as f32;
        let tried = peak.map(|peak| -steps / peak);
        let (by_x, by_level) = moments(x, cost, &costly, &tried, top);
        for p in 0..P {
            let explains_more = by_x[p] * by_x[p] > best[p] * by_level[p];
            let is_better = (by_level[p] > 0.0) & explains_more;
            let fit = by_x[p] / by_level[p];
            scale[p] = if is_better { fit } else { scale[p] };
            best[p] = if is_better { fit * by_x[p] } else { best[p] };
            inverse[p] = if is_better { tried[p] } else { inverse[p] };
        }
    }
    for p in 0..P {
        let is_nothing = peak[p].abs() < NOTHING;
        scale[p] = if is_nothing { 0.0 } else { scale[p] };
        inverse[p] = if is_nothing { 0.0 } else { inverse[p] };
    }
    Fit {
        scale,
        offset: [0.0; P],
        inverse,
        floor: [0.0; P],
    }
}

/// Which scales [`affine`] tries, and how it judges them.
pub(super) struct Trials {
    /// Levels the range is cut into, less those there are, in the first trial.
    pub(super) first: f32,
    /// By how much more each next one.
    pub(super) step: f32,
    /// The last trial, counted from zero.
    pub(super) last: i32,
    /// Errors count as they are, not squared.
    pub(super) absolute: bool,
}

impl Trials {
    /// Those that go with importance.
    pub(super) const WEIGHED: Trials = Trials {
        first: -0.9,
        step: 0.05,
        last: 36,
        absolute: false,
    };
}

/// Σ cost·error of levels counted by `inverse` from `floor`, given a scale and a lowest value.
#[inline(always)]
fn errors<const P: usize, const N: usize>(
    x: &Side<P, N>,
    cost: &Side<P, N>,
    levels: &Side<P, N>,
    (scale, lowest): (&[f32; P], &[f32; P]),
    absolute: bool,
) -> [f32; P] {
    let mut sum = [0.0; P];
    for i in 0..N {
        for p in 0..P {
            let off = scale[p] * levels[i][p] + lowest[p] - x[i][p];
            sum[p] += cost[i][p] * if absolute { off.abs() } else { off * off };
        }
    }
    sum
}

/// Levels 0 to `top` above a lowest value, which is zero or less: both are fitted by least squares
/// to the levels that each of the `trials` gives.
#[inline(always)]
pub(super) fn affine<const P: usize, const N: usize>(
    x: &Side<P, N>,
    cost: &Side<P, N>,
    top: i32,
    trials: &Trials,
) -> Fit<P> {
    let (mut lowest, mut highest) = (x[0], x[0]);
    let (mut sum_cost, mut sum_x) = (cost[0], [0.0; P]);
    for p in 0..P {
        sum_x[p] = sum_cost[p] * x[0][p];
    }
    for i in 1..N {
        for p in 0..P {
            let (x, cost) = (x[i][p], cost[i][p]);
            lowest[p] = if x < lowest[p] { x } else { lowest[p] };
            highest[p] = if x > highest[p] { x } else { highest[p] };
            sum_cost[p] += cost;
            sum_x[p] += cost * x;
        }
    }
    let mut is_flat = [false; P];
    let mut inverse = [0.0; P];
    let mut scale = [0.0; P];
    for p in 0..P {
        lowest[p] = if lowest[p] > 0.0 { 0.0 } else { lowest[p] };
        is_flat[p] = highest[p] <= lowest[p];
        inverse[p] = top as f32 / (highest[p] - lowest[p]);
        scale[p] = 1.0 / inverse[p];
    }
    let (mut floor, flat) = (lowest, lowest);
    let mut levels = [[0.0; P]; N];
    for i in 0..N {
        for p in 0..P {
            let steps = inverse[p] * (x[i][p] - lowest[p]);
            levels[i][p] = nearest(steps).max(0).min(top) as f32;
        }
    }
    let mut least = errors(x, cost, &levels, (&scale, &lowest), trials.absolute);
    for trial in 0..=trials.last {
        let steps = trials.first + trials.step * trial as f32 + top as f32;
        let mut tried = [0.0; P];
        for p in 0..P {
            tried[p] = steps / (highest[p] - lowest[p]);
        }
        let (mut by_1, mut by_level, mut by_x) = ([0.0; P], [0.0; P], [0.0; P]);
        for i in 0..N {
            for p in 0..P {
                let level = nearest(tried[p] * (x[i][p] - lowest[p])).max(0).min(top) as f32;
                let costly = cost[i][p] * level;
                levels[i][p] = level;
                by_1[p] += costly;
                by_level[p] += costly * level;
                by_x[p] += costly * x[i][p];
            }
        }
        let (mut fit, mut fit_lowest, mut is_sound) = ([0.0; P], [0.0; P], [false; P]);
        for p in 0..P {
            let spread = sum_cost[p] * by_level[p] - by_1[p] * by_1[p];
            let low = (by_level[p] * sum_x[p] - by_1[p] * by_x[p]) / spread;
            let with_low = (sum_cost[p] * by_x[p] - sum_x[p] * by_1[p]) / spread;
            is_sound[p] = spread > 0.0;
            fit[p] = if low > 0.0 {
                by_x[p] / by_level[p]
            } else {
                with_low
            };
            fit_lowest[p] = if low > 0.0 { 0.0 } else { low };
        }
        let error = errors(x, cost, &levels, (&fit, &fit_lowest), trials.absolute);
        for p in 0..P {
            let is_better = is_sound[p] & (error[p] < least[p]);
            least[p] = if is_better { error[p] } else { least[p] };
            scale[p] = if is_better { fit[p] } else { scale[p] };
            inverse[p] = if is_better { tried[p] } else { inverse[p] };
            floor[p] = if is_better { lowest[p] } else { floor[p] };
            lowest[p] = if is_better { fit_lowest[p] } else { lowest[p] };
        }
    }
    for p in 0..P {
        scale[p] = if is_flat[p] { 0.0 } else { scale[p] };
        inverse[p] = if is_flat[p] { 0.0 } else { inverse[p] };
        lowest[p] = if is_flat[p] { flat[p] } else { lowest[p] };
    }
    Fit {
        scale,
        offset: lowest.map(|lowest| -lowest),
        inverse,
        floor,
    }
}

/// Levels −`top` to `top` − 1 around zero by descent: one weight after the other moves to the
/// level that suits the rest, while that explains more, five times at most. Large weights cost
/// more. Gives scales, and levels from 0.
#[inline(always)]
pub(super) fn descent<const P: usize, const N: usize>(
    x: &Side<P, N>,
    top: i32,
) -> ([f32; P], [[u8; P]; N]) {
    const ROUNDS: usize = 5;
    let peak = peaks(x);
    let inverse = peak.map(|peak| -(top as f32) / peak);
    let mut levels = [[0.0f32; P]; N];
    let (mut by_x, mut by_level) = ([0.0f32; P], [0.0f32; P]);
    for i in 0..N {
        for p in 0..P {
            let x = x[i][p];
            let level = nearest(inverse[p] * x).max(-top).min(top - 1) as f32;
            let cost = x * x;
            levels[i][p] = level;
            by_x[p] += cost * x * level;
            by_level[p] += cost * level * level;
        }
    }
    for _ in 0..ROUNDS {
        let mut has_moved = [false; P];
        for i in 0..N {
            for p in 0..P {
                let (x, old) = (x[i][p], levels[i][p]);
                let cost = x * x;
                let rest_x = by_x[p] - cost * x * old;
                let rest_level = by_level[p] - cost * old * old;
                let new = nearest(x * rest_level / rest_x).max(-top).min(top - 1) as f32;
                let with_x = rest_x + cost * x * new;
                let with_level = rest_level + cost * new * new;
                let explains_more = with_x * with_x * by_level[p] > by_x[p] * by_x[p] * with_level;
                let moves = (rest_x > 0.0) & (new != old) & (with_level > 0.0) & explains_more;
                levels[i][p] = if moves { new } else { old };
                by_x[p] = if moves { with_x } else { by_x[p] };
                by_level[p] = if moves { with_level } else { by_level[p] };
                has_moved[p] |= moves;
            }
        }
        if !has_moved.contains(&true) {
            break;
        }
    }
    let (mut scale, mut from_0) = ([0.0; P], [[0; P]; N]);
    for p in 0..P {
        let is_nothing = peak[p].abs() < NOTHING;
        let fits = by_level[p] > 0.0;
        scale[p] = if fits && !is_nothing {
            by_x[p] / by_level[p]
        } else {
            0.0
        };
        for i in 0..N {
            from_0[i][p] = if is_nothing {
                0
            } else {
                (levels[i][p] as i32 + top) as u8
            };
        }
    }
    (scale, from_0)
}
