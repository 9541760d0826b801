//! Formats with sixteen uneven levels, IQ4_NL and IQ4_XS.

use super::scales::largest_size;
use super::search::peaks;
use super::{
    Format, PARTS, Side, columns, half, inverse, nearest, side_by_side, squares, sum_of_squares,
    weighed,
};
use crate::engine::gguf::blocks::{SUPER, UNEVEN};

/// Blocks of 32 with a scale.
pub(in crate::engine::gguf) struct Iq4Nl;
/// Blocks of 256 with scales of six bits for each 32.
pub(in crate::engine::gguf) struct Iq4Xs;

/// Weights of a part.
const N: usize = 32;
/// Parts side by side.
const P: usize = PARTS;

/// Half way between each value and the next, where the nearer one changes.
const BETWEEN: [f32; 15] = {
    let mut between = [0.0; 15];
    let mut i = 0;
    while i < 15 {
        between[i] = (UNEVEN[i] as f32 + UNEVEN[i + 1] as f32) / 2.0;
        i += 1;
    }
    between
};

/// How far apart each value and the next are.
const APART: [f32; 15] = {
    let mut apart = [0.0; 15];
    let mut i = 0;
    while i < 15 {
        apart[i] = UNEVEN[i + 1] as f32 - UNEVEN[i] as f32;
        i += 1;
    }
    apart
};

/// The value nearest to a number; the upper one of two.
#[inline(always)]
fn nearest_value(x: f32) -> f32 {
    let mut value = f32::from(UNEVEN[0]);
    for step in 0..15 {
        value += if x >= BETWEEN[step] { APART[step] } else { 0.0 };
    }
    value
}

/// The index of the value nearest to each weight times `inverse`.
#[inline(always)]
fn indices(weights: &[f32; N], inverse: f32) -> [u8; N] {
    let mut indices = [0; N];
    for i in 0..N {
        let mut index = 0;
        for between in BETWEEN {
            index += i32::from(inverse * weights[i] >= between);
        }
        indices[i] = index as u8;
    }
    indices
}

/// Σ cost·x·value and Σ cost·value² of the values nearest to `inverse`·x.
#[inline(always)]
fn moments(x: &Side<P, N>, cost: &Side<P, N>, inverse: &[f32; P]) -> ([f32; P], [f32; P]) {
    let (mut by_x, mut by_value) = ([0.0; P], [0.0; P]);
    for i in 0..N {
        for p in 0..P {
            let value = nearest_value(inverse[p] * x[i][p]);
            let costly = cost[i][p] * value;
            by_x[p] += costly * x[i][p];
            by_value[p] += costly * value;
        }
    }
    (by_x, by_value)
}

/// The scale of each part: its largest weight becomes the lowest value, or one up to seven steps
/// beside it, and the scale is the least squares fit to the values that gives.
#[inline(always)]
fn search(x: &Side<P, N>, cost: &Side<P, N>) -> [f32; P] {
    const TRIALS: i32 = 7;
    /// Parts whose largest weight is smaller than this are zero (`GROUP_MAX_EPS`).
    const NOTHING: f32 = 1e-15;
    let lowest = f32::from(UNEVEN[0]);
    let peak = peaks(x);
    let (by_x, by_value) = moments(x, cost, &peak.map(|peak| 1.0 / (-peak / lowest)));
    let (mut scale, mut best) = ([0.0; P], [0.0; P]);
    for p in 0..P {
        let fit = by_x[p] / by_value[p];
        scale[p] = if by_value[p] > 0.0 { fit } else { 0.0 };
        best[p] = scale[p] * by_x[p];
    }
    for trial in -TRIALS..=TRIALS {
        let outermost = (trial + i32::from(UNEVEN[0])) as f32;
        let (by_x, by_value) = moments(x, cost, &peak.map(|peak| outermost / peak));
        for p in 0..P {
            let explains_more = by_x[p] * by_x[p] > best[p] * by_value[p];
            let is_better = (by_value[p] > 0.0) & explains_more;
            let fit = by_x[p] / by_value[p];
            scale[p] = if is_better { fit } else { scale[p] };
            best[p] = if is_better { fit * by_x[p] } else { best[p] };
        }
    }
    for p in 0..P {
        scale[p] = if peak[p].abs() < NOTHING {
            0.0
        } else {
            scale[p]
        };
    }
    scale
}

/// The first sixteen indices in the low halves of sixteen bytes.
#[inline(always)]
fn put(indices: &[u8; N], out: &mut [u8]) {
    let out = &mut out[..N / 2];
    for i in 0..N / 2 {
        out[i] = indices[i] | indices[i + N / 2] << 4;
    }
}

/// The cost of each weight where no two parts share the floor: twice the mean square of the
/// weights around it, `n` at a time.
#[inline(always)]
fn cost(weights: &[f32], importance: Option<&[f32]>, side: &Side<P, N>, n: usize) -> Side<P, N> {
    let Some(importance) = importance else {
        return squares(side);
    };
    let mut floors = [0.0; P];
    let around = weights.chunks_exact(n).zip(floors.chunks_mut(n / N));
    for (weights, floors) in around {
        floors.fill(sum_of_squares(weights) * (2.0 / n as f32));
    }
    weighed(side, importance, &floors)
}

impl Format for Iq4Nl {
    const WEIGHTS: usize = N;
    const BYTES: usize = 18;
    const HALVES: &'static [usize] = &[0];

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        let groups = weights.chunks(P * N).zip(out.chunks_mut(P * 18));
        for (at, (weights, out)) in groups.enumerate() {
            let importance = importance.map(|all| columns(all, at * P * N, weights.len()));
            let side = side_by_side(weights);
            let scales = search(&side, &cost(weights, importance, &side, N));
            let blocks = weights
                .as_chunks()
                .0
                .iter()
                .zip(out.as_chunks_mut::<18>().0);
            for (part, (weights, out)) in blocks.enumerate() {
                out[..2].copy_from_slice(&half(scales[part]));
                put(&indices(weights, inverse(scales[part])), &mut out[2..]);
            }
        }
    }
}

impl Format for Iq4Xs {
    const WEIGHTS: usize = SUPER;
    const BYTES: usize = 136;
    const HALVES: &'static [usize] = &[0];

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        let pairs = weights.chunks(2 * SUPER).zip(out.chunks_mut(2 * 136));
        for (at, (weights, out)) in pairs.enumerate() {
            let importance = importance.map(|all| columns(all, at * 2 * SUPER, weights.len()));
            let side = side_by_side(weights);
            let scales = search(&side, &cost(weights, importance, &side, SUPER));
            let blocks = weights.as_chunks().0.iter().zip(scales.as_chunks().0);
            for ((weights, scales), out) in blocks.zip(out.as_chunks_mut().0) {
                put_xs(weights, scales, out);
            }
        }
    }
}

/// A block of IQ4_XS whose parts have these scales.
#[inline(always)]
fn put_xs(weights: &[f32; SUPER], scales: &[f32; 8], out: &mut [u8; 136]) {
    const TOP: i32 = 32;
    let step = -largest_size(scales) / TOP as f32;
    let (mut high, mut low) = (0, [0; 4]);
    for (p, weights) in weights.as_chunks().0.iter().enumerate() {
        let level = nearest(inverse(step) * scales[p]).clamp(-TOP, TOP - 1);
        let indices = indices(weights, inverse(step * level as f32));
        put(&indices, &mut out[8 + p * 16..8 + (p + 1) * 16]);
        let level = (level + TOP) as u16;
        low[p / 2] |= (level as u8 & 15) << (p % 2 * 4);
        high |= level >> 4 << (p * 2);
    }
    out[..2].copy_from_slice(&half(step));
    out[2..4].copy_from_slice(&u16::to_le_bytes(high));
    out[4..8].copy_from_slice(&low);
}
