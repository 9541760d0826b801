//! Formats with 256 weights a block whose parts have a scale and an offset: Q2_K, Q4_K, Q5_K.

use super::scales::{Ladder, by_cost, by_largest};
use super::search::{Fit, Trials, affine};
use super::{
    Format, PARTS, Side, columns, half, halved, nearest, side_by_side, sum_of_squares, sums,
    weighed,
};
use crate::engine::gguf::blocks::SUPER;

/// Two bits a weight, parts of 16.
pub(in crate::engine::gguf) struct Q2K;
/// Four bits a weight, parts of 32.
pub(in crate::engine::gguf) struct Q4K;
/// Five bits a weight, parts of 32.
pub(in crate::engine::gguf) struct Q5K;

/// What the search found for the parts of one block, or of two.
struct Found {
    fit: Fit<PARTS>,
    /// What each part weighs, where columns have importance.
    costs: Option<[f32; PARTS]>,
    /// The highest level.
    top: i32,
}

/// A block before its bits are packed.
struct Coded<const P: usize> {
    scales: Ladder<P>,
    offsets: Ladder<P>,
    /// Of each weight, in order.
    levels: [u8; SUPER],
}

impl Found {
    /// The block whose parts begin with `first`: their scales and offsets rounded to levels up to
    /// `scale_top`, and the weights to the levels those give. Where a scale has become zero the
    /// levels say nothing and stay those of the search.
    #[inline(always)]
    fn coded<const P: usize, const N: usize>(
        &self,
        weights: &[f32; SUPER],
        first: usize,
        scale_top: u8,
    ) -> Coded<P> {
        let scales = self.ladder::<P>(&self.fit.scale, first, scale_top);
        let offsets = self.ladder::<P>(&self.fit.offset, first, scale_top);
        let (step, offset_step) = (halved(scales.step), halved(offsets.step));
        let mut levels = [0; SUPER];
        let parts = weights.as_chunks::<N>().0.iter();
        for (p, (x, levels)) in parts.zip(levels.as_chunks_mut::<N>().0).enumerate() {
            let scale = step * f32::from(scales.levels[p]);
            let offset = offset_step * f32::from(offsets.levels[p]);
            if scale == 0.0 {
                for i in 0..N {
                    levels[i] = self.fit.level(first + p, x[i], self.top);
                }
                continue;
            }
            for i in 0..N {
                levels[i] = nearest((x[i] + offset) / scale).max(0).min(self.top) as u8;
            }
        }
        Coded {
            scales,
            offsets,
            levels,
        }
    }

    #[inline(always)]
    fn ladder<const P: usize>(&self, all: &[f32; PARTS], first: usize, top: u8) -> Ladder<P> {
        let numbers = taken(all, first);
        match &self.costs {
            Some(costs) => by_cost(&numbers, &taken(costs, first), i32::from(top)),
            None => by_largest(&numbers, top),
        }
    }
}

/// `P` numbers from `first`.
#[inline(always)]
fn taken<const P: usize>(all: &[f32; PARTS], first: usize) -> [f32; P] {
    let mut taken = [0.0; P];
    taken.copy_from_slice(&all[first..first + P]);
    taken
}

impl<const P: usize> Coded<P> {
    /// The steps of scales and of offsets.
    #[inline(always)]
    fn put_steps(&self, out: &mut [u8]) {
        out[..2].copy_from_slice(&half(self.scales.step));
        out[2..4].copy_from_slice(&half(self.offsets.step));
    }
}

impl Format for Q2K {
    const WEIGHTS: usize = SUPER;
    const BYTES: usize = 84;
    const HALVES: &'static [usize] = &[80, 82];

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        const TOP: i32 = 3;
        const SCALE_TOP: u8 = 15;
        const PLAIN: Trials = Trials {
            first: -0.5,
            step: 0.1,
            last: 15,
            absolute: true,
        };
        let blocks = weights.as_chunks::<SUPER>().0.iter();
        for (at, (weights, out)) in blocks.zip(out.as_chunks_mut::<84>().0).enumerate() {
            let side: Side<PARTS, 16> = side_by_side(weights);
            let (fit, costs) = match importance {
                Some(importance) => {
                    let importance = columns(importance, at * SUPER, SUPER);
                    let floor = sum_of_squares(weights) / SUPER as f32;
                    let cost = weighed(&side, importance, &[floor; PARTS]);
                    (
                        affine(&side, &cost, TOP, &Trials::WEIGHED),
                        Some(sums(&cost)),
                    )
                }
                None => {
                    let mut cost = side;
                    for cost in cost.as_flattened_mut() {
                        *cost = cost.abs();
                    }
                    (affine(&side, &cost, TOP, &PLAIN), None)
                }
            };
            let found = Found {
                fit,
                costs,
                top: TOP,
            };
            let coded = found.coded::<PARTS, 16>(weights, 0, SCALE_TOP);
            let scales = coded.scales.levels.iter().zip(&coded.offsets.levels);
            for (out, (scale, offset)) in out.iter_mut().zip(scales) {
                *out = scale | offset << 4;
            }
            // Two bits of each weight: the first 32 of a half in the lowest bits of 32 bytes.
            let halves = coded.levels.as_chunks::<128>().0.iter();
            for (levels, out) in halves.zip(out[16..80].as_chunks_mut::<32>().0) {
                for i in 0..32 {
                    let (low, high) = (levels[i] | levels[i + 32] << 2, levels[i + 64] << 4);
                    out[i] = low | high | levels[i + 96] << 6;
                }
            }
            coded.put_steps(&mut out[80..84]);
        }
    }
}

/// Parts of 32 of one block or two with levels up to `top`; without importance large weights cost
/// more, as the trials of `plain` are judged.
#[inline(always)]
fn by_32(weights: &[f32], importance: Option<&[f32]>, top: i32, plain: &Trials) -> Found {
    let side: Side<PARTS, 32> = side_by_side(weights);
    if let Some(importance) = importance {
        let mut floors = [0.0; PARTS];
        for (block, weights) in weights.as_chunks::<SUPER>().0.iter().take(2).enumerate() {
            let floor = 2.0 * sum_of_squares(weights) / SUPER as f32;
            floors[block * 8..block * 8 + 8].fill(floor);
        }
        let cost = weighed(&side, importance, &floors);
        return Found {
            fit: affine(&side, &cost, top, &Trials::WEIGHED),
            costs: Some(sums(&cost)),
            top,
        };
    }
    let mut sizes = [0.0; PARTS];
    for x in &side {
        for p in 0..PARTS {
            sizes[p] += x[p] * x[p];
        }
    }
    for size in &mut sizes {
        *size = (*size / 32.0).sqrt();
    }
    let mut cost = side;
    for cost in &mut cost {
        for p in 0..PARTS {
            cost[p] = sizes[p] + cost[p].abs();
        }
    }
    Found {
        fit: affine(&side, &cost, top, plain),
        costs: None,
        top,
    }
}

/// What Q4_K and Q5_K share: steps and packed scales in the first sixteen bytes.
#[inline(always)]
fn coded_by_32(found: &Found, weights: &[f32; SUPER], block: usize, out: &mut [u8]) -> [u8; SUPER] {
    const SCALE_TOP: u8 = 63;
    let coded = found.coded::<8, 32>(weights, block * 8, SCALE_TOP);
    coded.put_steps(out);
    let (scales, offsets) = (&coded.scales.levels, &coded.offsets.levels);
    for i in 0..4 {
        let (late, late_offset) = (scales[i + 4], offsets[i + 4]);
        out[4 + i] = scales[i] | late >> 4 << 6;
        out[8 + i] = offsets[i] | late_offset >> 4 << 6;
        out[12 + i] = late & 15 | late_offset << 4;
    }
    coded.levels
}

/// The low four bits of each weight: of 64, the first 32 in the low halves of 32 bytes.
#[inline(always)]
fn put_nibbles(levels: &[u8; SUPER], out: &mut [u8]) {
    let quarters = levels.as_chunks::<64>().0.iter();
    for (levels, out) in quarters.zip(out.as_chunks_mut::<32>().0) {
        for i in 0..32 {
            out[i] = levels[i] & 15 | levels[i + 32] << 4;
        }
    }
}

impl Format for Q4K {
    const WEIGHTS: usize = SUPER;
    const BYTES: usize = 144;
    const HALVES: &'static [usize] = &[0, 2];

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        const PLAIN: Trials = Trials {
            first: -1.0,
            step: 0.1,
            last: 20,
            absolute: false,
        };
        let pairs = weights.chunks(2 * SUPER).zip(out.chunks_mut(2 * 144));
        for (at, (weights, out)) in pairs.enumerate() {
            let importance = importance.map(|all| columns(all, at * 2 * SUPER, weights.len()));
            let found = by_32(weights, importance, 15, &PLAIN);
            let blocks = weights
                .as_chunks()
                .0
                .iter()
                .zip(out.as_chunks_mut::<144>().0);
            for (block, (weights, out)) in blocks.enumerate() {
                let levels = coded_by_32(&found, weights, block, out);
                put_nibbles(&levels, &mut out[16..]);
            }
        }
    }
}

impl Format for Q5K {
    const WEIGHTS: usize = SUPER;
    const BYTES: usize = 176;
    const HALVES: &'static [usize] = &[0, 2];

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        const PLAIN: Trials = Trials {
            first: -0.5,
            step: 0.1,
            last: 15,
            absolute: false,
        };
        let pairs = weights.chunks(2 * SUPER).zip(out.chunks_mut(2 * 176));
        for (at, (weights, out)) in pairs.enumerate() {
            let importance = importance.map(|all| columns(all, at * 2 * SUPER, weights.len()));
            let found = by_32(weights, importance, 31, &PLAIN);
            let blocks = weights
                .as_chunks()
                .0
                .iter()
                .zip(out.as_chunks_mut::<176>().0);
            for (block, (weights, out)) in blocks.enumerate() {
                let levels = coded_by_32(&found, weights, block, out);
                let mut fifth = [0; 32];
                for (part, levels) in levels.as_chunks::<32>().0.iter().enumerate() {
                    for i in 0..32 {
                        fifth[i] |= levels[i] >> 4 << part;
                    }
                }
                out[16..48].copy_from_slice(&fifth);
                put_nibbles(&levels, &mut out[48..]);
            }
        }
    }
}
