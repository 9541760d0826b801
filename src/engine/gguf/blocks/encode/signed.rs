//! Formats with 256 weights a block in parts of 16 with levels on both sides of zero: Q3_K, Q6_K.

use super::scales::largest_size;
use super::search::{Fit, descent, symmetric};
use super::{
    Format, Side, columns, half, halved, nearest, side_by_side, squares, sum_of_squares, sums,
    weighed,
};
use crate::engine::gguf::blocks::SUPER;

/// Three bits a weight.
pub(in crate::engine::gguf) struct Q3K;
/// Six bits a weight.
pub(in crate::engine::gguf) struct Q6K;

/// Parts of a block, and weights of a part.
const N: usize = 16;
/// Parts of two blocks.
const PAIR: usize = 2 * N;

/// The levels a search gave: by its fit, or one by one.
enum Searched<'a> {
    Fit(&'a Fit<N>),
    /// Of two blocks; the parts of one begin with that number.
    Levels(&'a [[u8; PAIR]; N], usize),
}

/// The level of every weight, from 0, by the rounded scale of its part; where the scale has become
/// zero the level says nothing and stays that of the search.
#[inline(always)]
fn levels(weights: &[f32; SUPER], scales: &[f32; N], top: i32, searched: &Searched) -> [u8; SUPER] {
    let mut levels = [0; SUPER];
    let parts = weights.as_chunks::<N>().0.iter();
    for (p, (x, levels)) in parts.zip(levels.as_chunks_mut::<N>().0).enumerate() {
        if scales[p] == 0.0 {
            for i in 0..N {
                levels[i] = match searched {
                    Searched::Fit(fit) => fit.signed_level(p, x[i], top),
                    Searched::Levels(levels, first) => levels[i][first + p],
                };
            }
            continue;
        }
        for i in 0..N {
            let level = nearest(x[i] / scales[p]).max(-top).min(top - 1);
            levels[i] = (level + top) as u8;
        }
    }
    levels
}

/// Scales of the parts as levels −32 to 31, counted from 0, and one step between them.
struct Scales {
    step: f32,
    levels: [u8; N],
}

impl Scales {
    const TOP: i32 = 32;

    #[inline(always)]
    fn by_largest(scales: &[f32; N]) -> Self {
        let largest = largest_size(scales);
        if largest == 0.0 {
            return Scales {
                step: 0.0,
                levels: [0; N],
            };
        }
        let inverse = -(Self::TOP as f32) / largest;
        let mut levels = [0; N];
        for p in 0..N {
            let level = i32::from(nearest(inverse * scales[p]) as i8);
            levels[p] = (level.clamp(-Self::TOP, Self::TOP - 1) + Self::TOP) as u8;
        }
        Scales {
            step: 1.0 / inverse,
            levels,
        }
    }

    #[inline(always)]
    fn by_cost(scales: &[f32; N], costs: &[f32; N]) -> Self {
        let fit = symmetric::<1, N>(&scales.map(|x| [x]), &costs.map(|x| [x]), Self::TOP);
        let mut levels = [0; N];
        for p in 0..N {
            levels[p] = fit.signed_level(0, scales[p], Self::TOP);
        }
        Scales {
            step: fit.scale[0],
            levels,
        }
    }

    /// The scales a reader will find.
    #[inline(always)]
    fn rounded(&self) -> [f32; N] {
        let step = halved(self.step);
        self.levels
            .map(|level| step * (i32::from(level) - Self::TOP) as f32)
    }

    /// Six bits of each of sixteen scales in twelve bytes: see the decoder.
    #[inline(always)]
    fn packed(&self) -> [u8; 12] {
        let mut packed = [0; 12];
        for (i, level) in self.levels.iter().enumerate() {
            packed[i % 8] |= (level & 15) << (i / 8 * 4);
            packed[8 + i % 4] |= level >> 4 << (i / 4 * 2);
        }
        packed
    }
}

impl Format for Q3K {
    const WEIGHTS: usize = SUPER;
    const BYTES: usize = 110;
    const HALVES: &'static [usize] = &[108];

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        let pairs = weights.chunks(2 * SUPER).zip(out.chunks_mut(2 * 110));
        for (pair, (weights, out)) in pairs.enumerate() {
            // Every step of the descent waits for the one before it: two blocks take turns.
            let found = match importance {
                Some(_) => None,
                None => Some(descent(&side_by_side(weights), Q3_TOP)),
            };
            let blocks = weights.as_chunks().0.iter().zip(out.as_chunks_mut().0);
            for (block, (weights, out)) in blocks.enumerate() {
                let (scales, levels) = match (&found, importance) {
                    (Some((all, found)), _) => {
                        let mut scale = [0.0; N];
                        scale.copy_from_slice(&all[block * N..(block + 1) * N]);
                        let scales = Scales::by_largest(&scale);
                        let searched = Searched::Levels(found, block * N);
                        let levels = levels(weights, &scales.rounded(), Q3_TOP, &searched);
                        (scales, levels)
                    }
                    (None, all) => {
                        let at = (2 * pair + block) * SUPER;
                        weighed_q3(weights, columns(all.unwrap_or(&[]), at, SUPER))
                    }
                };
                put_q3(&scales, &levels, out);
            }
        }
    }
}

/// Levels of Q3_K below zero; above it there is one less.
const Q3_TOP: i32 = 4;

/// Scales and levels of a block of Q3_K whose columns have importance.
#[inline(always)]
fn weighed_q3(weights: &[f32; SUPER], importance: &[f32]) -> (Scales, [u8; SUPER]) {
    let side: Side<N, N> = side_by_side(weights);
    let floor = 2.0 * sum_of_squares(weights) / SUPER as f32;
    let cost = weighed(&side, importance, &[floor; N]);
    let fit = symmetric(&side, &cost, Q3_TOP);
    let scales = Scales::by_cost(&fit.scale, &sums(&cost));
    let levels = levels(weights, &scales.rounded(), Q3_TOP, &Searched::Fit(&fit));
    (scales, levels)
}

/// Packs a block of Q3_K: the uppermost bits of the levels, the others, scales and their step.
#[inline(always)]
fn put_q3(scales: &Scales, levels: &[u8; SUPER], out: &mut [u8; 110]) {
    let (mut third, mut low) = ([0; 32], [0; 64]);
    for (part, levels) in levels.as_chunks::<32>().0.iter().enumerate() {
        let low = &mut low[part / 4 * 32..][..32];
        for i in 0..32 {
            third[i] |= levels[i] >> 2 << part;
            low[i] |= (levels[i] & 3) << (part % 4 * 2);
        }
    }
    out[..32].copy_from_slice(&third);
    out[32..96].copy_from_slice(&low);
    out[96..108].copy_from_slice(&scales.packed());
    out[108..].copy_from_slice(&half(scales.step));
}

impl Format for Q6K {
    const WEIGHTS: usize = SUPER;
    const BYTES: usize = 210;
    const HALVES: &'static [usize] = &[208];

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        const TOP: i32 = 32;
        /// Blocks whose largest scale is smaller than this are zero (`GROUP_MAX_EPS`).
        const NOTHING: f32 = 1e-15;
        let blocks = weights.as_chunks().0.iter().zip(out.as_chunks_mut().0);
        for (at, (weights, out)) in blocks.enumerate() {
            let out: &mut [u8; 210] = out;
            let side: Side<N, N> = side_by_side(weights);
            let cost = match importance {
                Some(importance) => side_by_side(columns(importance, at * SUPER, SUPER)),
                None => squares(&side),
            };
            let fit = symmetric(&side, &cost, TOP);
            let largest = largest_size(&fit.scale);
            if largest.abs() < NOTHING {
                *out = [0; 210];
                continue;
            }
            let inverse = -128.0 / largest;
            let scales = fit.scale.map(|x| nearest(inverse * x).min(127) as i8);
            let step = 1.0 / inverse;
            let rounded = scales.map(|scale| halved(step) * f32::from(scale));
            let levels = levels(weights, &rounded, TOP, &Searched::Fit(&fit));
            let (mut low, mut high) = ([0; 128], [0; 64]);
            for (half, levels) in levels.as_chunks::<128>().0.iter().enumerate() {
                let (low, high) = (&mut low[half * 64..][..64], &mut high[half * 32..][..32]);
                for i in 0..64 {
                    low[i] = levels[i] & 15 | levels[i + 64] << 4;
                }
                for i in 0..32 {
                    let pair = levels[i] >> 4 | levels[i + 32] >> 4 << 2;
                    high[i] = pair | levels[i + 64] >> 4 << 4 | levels[i + 96] >> 4 << 6;
                }
            }
            out[..128].copy_from_slice(&low);
            out[128..192].copy_from_slice(&high);
            out[192..208].copy_from_slice(&scales.map(i8::cast_unsigned));
            out[208..].copy_from_slice(&half(step));
        }
    }
}
