//! From weights to blocks: the scales that lose least, byte for byte those of ggml.
//!
//! Every search tries some twenty scales for each part of a block and adds up errors weight by
//! weight, and the order of a sum of floats decides its last bit. So the sums stay in the order of
//! the weights, and what runs side by side are the parts: of each weight, the numbers of 8 or 16
//! parts fill one vector. Algorithms: ggml-quants.c of ggml.
//!
//! Importance says for each column of a row how much an error there costs (the mean square of
//! what the column is multiplied with); without it, large weights count more than small ones.

mod offset;
mod scales;
mod search;
mod signed;
mod small;
#[cfg(test)]
mod tests;
mod uneven;

use std::marker::PhantomData;

use half::f16;

use crate::engine::ops::{Work, widest};

pub(in crate::engine::gguf) use offset::{Q2K, Q4K, Q5K};
pub(in crate::engine::gguf) use signed::{Q3K, Q6K};
pub(in crate::engine::gguf) use small::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
pub(in crate::engine::gguf) use uneven::{Iq4Nl, Iq4Xs};

/// A format of blocks that rows of weights are encoded in.
pub(in crate::engine::gguf) trait Format {
    /// Weights of a block.
    const WEIGHTS: usize;
    /// Bytes of a block.
    const BYTES: usize;
    /// Where in a block numbers in half precision stand.
    const HALVES: &'static [usize];

    /// Encodes a row of whole blocks; `importance` is as long as the row.
    fn row(weights: &[f32], importance: Option<&[f32]>, out: &mut [u8]);
}

/// Encodes rows of `width` weights, whole blocks each, of which every column has its importance.
pub(in crate::engine::gguf) type Encode =
    fn(weights: &[f32], width: usize, importance: Option<&[f32]>, out: &mut [u8]);

/// Encodes rows in the format `F`: see [`Encode`].
pub(in crate::engine::gguf) fn rows<F: Format>(
    weights: &[f32],
    width: usize,
    importance: Option<&[f32]>,
    out: &mut [u8],
) {
    widest(Rows::<F>(weights, width, importance, out, PhantomData));
}

struct Rows<'a, F>(
    &'a [f32],
    usize,
    Option<&'a [f32]>,
    &'a mut [u8],
    PhantomData<F>,
);

impl<F: Format> Work for Rows<'_, F> {
    type Done = ();

    #[inline(always)]
    fn run(self) {
        let Rows(weights, width, importance, out, _) = self;
        let width_bytes = width / F::WEIGHTS * F::BYTES;
        if width_bytes == 0 {
            return; // rows of no weights
        }
        let rows = weights.chunks_exact(width);
        for (row, out) in rows.zip(out.chunks_exact_mut(width_bytes)) {
            F::row(row, importance, out);
        }
    }
}

/// Parts that are searched side by side: a vector of f32 with AVX-512, two with AVX2.
const PARTS: usize = 16;

/// `N` weights of each of `P` parts: `[weight][part]`.
type Side<const P: usize, const N: usize> = [[f32; P]; N];

/// Turns parts one after the other into parts side by side; those that are missing are zero.
#[inline(always)]
fn side_by_side<const P: usize, const N: usize>(weights: &[f32]) -> Side<P, N> {
    let mut side = [[0.0; P]; N];
    for (part, weights) in weights.as_chunks::<N>().0.iter().take(P).enumerate() {
        for i in 0..N {
            side[i][part] = weights[i];
        }
    }
    side
}

/// The square of each weight.
#[inline(always)]
fn squares<const P: usize, const N: usize>(side: &Side<P, N>) -> Side<P, N> {
    let mut squares = *side;
    for x in squares.as_flattened_mut() {
        *x *= *x;
    }
    squares
}

/// Σ x², in the order of the weights.
#[inline(always)]
fn sum_of_squares(weights: &[f32]) -> f32 {
    let mut sum = 0.0;
    for x in weights {
        sum += x * x;
    }
    sum
}

/// The sum over each part.
#[inline(always)]
fn sums<const P: usize, const N: usize>(side: &Side<P, N>) -> [f32; P] {
    let mut sums = [0.0; P];
    for x in side {
        for p in 0..P {
            sums[p] += x[p];
        }
    }
    sums
}

/// How much the error of each weight costs: the importance of its column times its size, which the
/// floor of its part keeps from vanishing near zero.
#[inline(always)]
fn weighed<const P: usize, const N: usize>(
    side: &Side<P, N>,
    importance: &[f32],
    floors: &[f32; P],
) -> Side<P, N> {
    let mut cost = side_by_side(importance);
    for i in 0..N {
        let (cost, x): (&mut [f32; P], &[f32; P]) = (&mut cost[i], &side[i]);
        for p in 0..P {
            cost[p] *= (floors[p] + x[p] * x[p]).sqrt();
        }
    }
    cost
}

/// The importance of `n` columns from `at`; none beyond the last.
#[inline(always)]
fn columns(importance: &[f32], at: usize, n: usize) -> &[f32] {
    importance.get(at..at + n).unwrap_or(&[])
}

/// 1/x, and 0 of 0.
#[inline(always)]
fn inverse(x: f32) -> f32 {
    if x == 0.0 { 0.0 } else { 1.0 / x }
}

/// Adding 1.5·2^23 leaves the nearest whole number, ties to even, in the lowest bits; of numbers
/// beyond 2^22 nothing sensible, as in ggml.
#[inline(always)]
fn nearest(x: f32) -> i32 {
    const ROUND: f32 = 12_582_912.0;
    ((x + ROUND).to_bits() & 0x007f_ffff).cast_signed() - 0x0040_0000
}

/// A number in half precision, as bytes.
#[inline(always)]
fn half(x: f32) -> [u8; 2] {
    f16::from_f32(x).to_le_bytes()
}

/// What is left of a number in half precision.
#[inline(always)]
fn halved(x: f32) -> f32 {
    f16::from_f32(x).to_f32()
}
