//! Weights decoded to f32, times what eight bits left of the activations.

use super::super::simd::Isa;
use super::{Eights, Matrix, plain};

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ
pub(super) fn matmul(isa: Isa, y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    let mut rows = Vec::with_capacity(x.n() * w.i);
    for n in 0..x.n() {
        let row = x.row(n);
        let whole = |(i, q): (usize, &i8)| f32::from(*q) * row.d[i / super::PART];
        rows.extend(row.q[..w.i].iter().enumerate().map(whole));
    }
    plain::matmul(isa, y, &rows, w);
}
