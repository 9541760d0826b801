//! Matrices of plain numbers, times activations in f32: every product is of two f32, whatever the
//! weights are kept in.

use super::super::simd::{Isa, LANES, fma, simd, sum_lanes};
use super::Matrix;

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ, on this thread.
pub(super) fn matmul(isa: Isa, y: &mut [f32], x: &[f32], w: &Matrix<'_>) {
    let n = x.len() / w.i;
    let mut weights = vec![0.0; w.i];
    for (o, y) in y.chunks_exact_mut(n).enumerate() {
        w.decode_row(o, &mut weights);
        row(isa, y, x, &weights);
    }
}

simd! {
    /// Products of one row of weights with every row of activations.
    fn row<FMA>(y: &mut [f32], x: &[f32], w: &[f32]) {
        let i = w.len();
        let (mut y, mut x) = (y, x);
        while y.len() >= 4 {
            let rows = [&x[..i], &x[i..2 * i], &x[2 * i..3 * i], &x[3 * i..4 * i]];
            y[..4].copy_from_slice(&dots::<FMA, 4>(rows, w));
            (y, x) = (&mut y[4..], &x[4 * i..]);
        }
        for (y, x) in y.iter_mut().zip(x.chunks_exact(i)) {
            [*y] = dots::<FMA, 1>([x], w);
        }
    }
}

/// Σ w·x of some rows.
#[inline(always)]
pub(super) fn dots<const FMA: bool, const N: usize>(x: [&[f32]; N], w: &[f32]) -> [f32; N] {
    let mut sums = [[0.0; LANES]; N];
    let (whole, rest) = w.as_chunks::<LANES>();
    let lines = x.map(|x| &x.as_chunks::<LANES>().0[..whole.len()]);
    for (at, w) in whole.iter().enumerate() {
        for n in 0..N {
            for lane in 0..LANES {
                sums[n][lane] = fma::<FMA>(w[lane], lines[n][at][lane], sums[n][lane]);
            }
        }
    }
    for (lane, w) in rest.iter().enumerate() {
        for n in 0..N {
            sums[n][lane] = fma::<FMA>(*w, x[n][whole.len() * LANES + lane], sums[n][lane]);
        }
    }
    sums.map(sum_lanes)
}
