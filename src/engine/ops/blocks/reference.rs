//! Weights decoded to f32, times what eight bits left of the activations.

use super::{Eights, Matrix};

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ
pub(super) fn matmul(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    let n = x.n();
    let rows: Vec<Vec<f32>> = (0..n)
        .map(|n| {
            let row = x.row(n);
            let whole = |(i, q): (usize, &i8)| f32::from(*q) * row.d[i / super::PART];
            row.q[..w.i].iter().enumerate().map(whole).collect()
        })
        .collect();
    let mut weights = vec![0.0; w.i];
    for (y, bytes) in y.chunks_exact_mut(n).zip(w.bytes.chunks_exact(w.row_bytes())) {
        if w.kind.decode_here(bytes, &mut weights).is_err() {
            y.fill(f32::NAN); // lengths were compared when the matrix was made
            continue;
        }
        for (y, x) in y.iter_mut().zip(&rows) {
            let mut sums = [0.0; 16];
            let (x, _) = x.as_chunks::<16>();
            for (w, x) in weights.as_chunks::<16>().0.iter().zip(x) {
                for ((sum, w), x) in sums.iter_mut().zip(w).zip(x) {
                    *sum += w * x;
                }
            }
            *y = sums.iter().sum();
        }
    }
}
