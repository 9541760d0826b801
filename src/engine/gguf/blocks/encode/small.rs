//! Formats with blocks of 32 weights: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0.
//!
//! Without importance the largest weights fix the scale; with it, scales are searched for sixteen
//! blocks side by side.

use super::search::{Fit, Trials, affine, symmetric};
use super::{Format, PARTS, Side, columns, half, inverse, side_by_side, sum_of_squares, weighed};

/// Weights of a block.
const N: usize = 32;
/// Numbers of one vector.
const LANES: usize = 8;

/// Four or five bits, around zero or above an offset.
pub(in crate::engine::gguf) struct Small<const BITS: u32, const HAS_OFFSET: bool>;
/// Eight bits around zero.
pub(in crate::engine::gguf) struct Q8_0;

pub(in crate::engine::gguf) type Q4_0 = Small<4, false>;
pub(in crate::engine::gguf) type Q4_1 = Small<4, true>;
pub(in crate::engine::gguf) type Q5_0 = Small<5, false>;
pub(in crate::engine::gguf) type Q5_1 = Small<5, true>;

/// The lowest and the highest weight; a zero may be of either sign.
#[inline(always)]
fn extremes(x: &[f32; N]) -> (f32, f32) {
    let mut low = [0.0; LANES];
    low.copy_from_slice(&x[..LANES]);
    let mut high = low;
    for x in x.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            low[lane] = if x[lane] < low[lane] {
                x[lane]
            } else {
                low[lane]
            };
            high[lane] = if x[lane] > high[lane] {
                x[lane]
            } else {
                high[lane]
            };
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let (a, b) = (low[lane], low[lane + width]);
            low[lane] = if b < a { b } else { a };
            let (a, b) = (high[lane], high[lane + width]);
            high[lane] = if b > a { b } else { a };
        }
        width /= 2;
    }
    (low[0], high[0])
}

/// The lowest and the highest weight. Of zeros of either sign the first counts, as it does where
/// one weight is compared after the other: it decides the sign of a zero in the file.
#[inline(always)]
fn range(x: &[f32; N]) -> (f32, f32) {
    let (mut low, mut high) = extremes(x);
    if low == 0.0 || high == 0.0 {
        let zero = x.iter().copied().find(|x| *x == 0.0).unwrap_or(0.0);
        low = if low == 0.0 { zero } else { low };
        high = if high == 0.0 { zero } else { high };
    }
    (low, high)
}

/// The weight of the largest size, the first of several, with its sign.
#[inline(always)]
fn peak(x: &[f32; N]) -> f32 {
    let (low, high) = extremes(x);
    if high > -low {
        return high;
    }
    if high < -low {
        return low;
    }
    let first = x.iter().copied().find(|x| x.abs() == high);
    first.filter(|x| *x != 0.0).unwrap_or(0.0)
}

/// The whole number of a number that is one, as its lowest byte; 0 where it is none or infinite.
#[inline(always)]
fn byte(x: f32) -> u8 {
    (x + 12_582_912.0).to_bits() as u8 // 1.5·2^23: whole numbers are in the lowest bits
}

/// The fifth bits of eight levels, that of the first in the lowest bit.
#[inline(always)]
fn fifth_bits(levels: &[u8; 8]) -> u8 {
    // the product puts bit 0 of byte i at 56 + i, and nothing else there
    let bits = u64::from_le_bytes(*levels) >> 4 & 0x0101_0101_0101_0101;
    (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

impl<const BITS: u32, const HAS_OFFSET: bool> Small<BITS, HAS_OFFSET> {
    /// The highest level.
    const TOP: u8 = (1 << BITS) - 1;
    /// The level of zero, where there is no offset.
    const ZERO: u8 = 1 << (BITS - 1);

    /// Without importance: the largest weight, or the lowest and highest, fix the levels.
    #[inline(always)]
    fn plain(x: &[f32; N], out: &mut [u8]) {
        let (scale, shift, up) = if HAS_OFFSET {
            let (low, high) = range(x);
            ((high - low) / f32::from(Self::TOP), low, 0.5)
        } else {
            let zero = f32::from(Self::ZERO);
            (peak(x) / -zero, 0.0, zero + 0.5)
        };
        let inverse = inverse(scale);
        let mut levels = [0; N];
        for i in 0..N {
            levels[i] = byte(((x[i] - shift) * inverse + up).trunc()).min(Self::TOP);
        }
        Self::put(scale, shift, &levels, out);
    }

    /// What the search found for the block that was the part `part`.
    #[inline(always)]
    fn found(x: &[f32; N], fit: &Fit<PARTS>, part: usize, out: &mut [u8]) {
        let mut levels = [0; N];
        for i in 0..N {
            levels[i] = match HAS_OFFSET {
                true => fit.level(part, x[i], i32::from(Self::TOP)),
                false => fit.signed_level(part, x[i], i32::from(Self::ZERO)),
            };
        }
        Self::put(fit.scale[part], -fit.offset[part], &levels, out);
    }

    /// Packs a block: scale, offset, fifth bits, and the low four bits of each level, the first
    /// sixteen in the low halves of sixteen bytes.
    #[inline(always)]
    fn put(scale: f32, shift: f32, levels: &[u8; N], out: &mut [u8]) {
        out[..2].copy_from_slice(&half(scale));
        let mut at = 2;
        if HAS_OFFSET {
            out[at..at + 2].copy_from_slice(&half(shift));
            at += 2;
        }
        if BITS == 5 {
            for (levels, out) in levels.as_chunks().0.iter().zip(&mut out[at..at + 4]) {
                *out = fifth_bits(levels);
            }
            at += 4;
        }
        let out = &mut out[at..at + N / 2];
        for i in 0..N / 2 {
            out[i] = levels[i] & 15 | levels[i + N / 2] << 4;
        }
    }
}

impl<const BITS: u32, const HAS_OFFSET: bool> Format for Small<BITS, HAS_OFFSET> {
    const WEIGHTS: usize = N;
    const BYTES: usize = 2 + if HAS_OFFSET { 2 } else { 0 } + if BITS == 5 { 4 } else { 0 } + N / 2;
    const HALVES: &'static [usize] = if HAS_OFFSET { &[0, 2] } else { &[0] };

    #[inline(always)]
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]) {
        let Some(importance) = importance else {
            let blocks = weights.as_chunks().0.iter();
            for (x, out) in blocks.zip(out.chunks_exact_mut(Self::BYTES)) {
                Self::plain(x, out);
            }
            return;
        };
        let floor = sum_of_squares(weights) / weights.len() as f32;
        let groups = weights
            .chunks(PARTS * N)
            .zip(out.chunks_mut(PARTS * Self::BYTES));
        for (at, (weights, out)) in groups.enumerate() {
            let side: Side<PARTS, N> = side_by_side(weights);
            let importance = columns(importance, at * PARTS * N, weights.len());
            let cost = weighed(&side, importance, &[floor; PARTS]);
            let fit = match HAS_OFFSET {
                true => affine(&side, &cost, i32::from(Self::TOP), &Trials::WEIGHED),
                false => symmetric(&side, &cost, i32::from(Self::ZERO)),
            };
            let blocks = weights.as_chunks().0.iter();
            for (part, (x, out)) in blocks.zip(out.chunks_exact_mut(Self::BYTES)).enumerate() {
                Self::found(x, &fit, part, out);
            }
        }
    }
}

impl Format for Q8_0 {
    const WEIGHTS: usize = N;
    const BYTES: usize = 34;
    const HALVES: &'static [usize] = &[0];

    /// Importance changes nothing: the largest weight fixes the scale.
    #[inline(always)]
    fn row(weights: &[f32], _: Option<&[f32]>, out: &mut [u8]) {
        let blocks = weights.as_chunks::<N>().0.iter();
        for (x, out) in blocks.zip(out.as_chunks_mut::<34>().0) {
            let (low, high) = extremes(x);
            let scale = if high > -low { high } else { -low }.abs() / 127.0;
            let inverse = inverse(scale);
            out[..2].copy_from_slice(&half(scale));
            let mut levels = [0; N];
            for i in 0..N {
                levels[i] = byte((x[i] * inverse).round());
            }
            out[2..].copy_from_slice(&levels);
        }
    }
}
