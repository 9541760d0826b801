//! RMSNorm, plainly.

use super::{Back, Norm, Saved};
use crate::engine::ops::{Real, Stored};

pub(in crate::engine::ops) fn forward<T: Real, A: Stored<T>>(
    y: &mut [A],
    r: &mut [T],
    x: &[T],
    norm: Norm<'_, T>,
) {
    let d = norm.w.len();
    for ((y, r), x) in y.chunks_exact_mut(d).zip(r).zip(x.chunks_exact(d)) {
        let mean = x.iter().map(|&x| x * x).sum::<T>() / T::of(d as f64);
        *r = T::ONE / (mean + norm.eps).sqrt();
        for ((y, &x), &w) in y.iter_mut().zip(x).zip(norm.w) {
            *y = A::put(x * *r * w);
        }
    }
}

pub(in crate::engine::ops) fn backward<T: Real, A: Stored<T>>(
    back: Back<'_, T, A>,
    dy: &[A],
    saved: Saved<'_, T>,
) {
    let d = saved.w.len();
    for (n, &r) in saved.r.iter().enumerate() {
        let row = n * d..(n + 1) * d;
        let (x, dy) = (&saved.x[row.clone()], &dy[row.clone()]);
        let mut mean = T::ZERO;
        for j in 0..d {
            mean += x[j] * saved.w[j] * dy[j].get();
        }
        mean = mean / T::of(d as f64);
        for (j, at) in row.enumerate() {
            let dy = dy[j].get();
            back.dx[at] += r * (saved.w[j] * dy - x[j] * r * r * mean);
            back.dx_kept[at] = A::put(back.dx[at]);
            back.y[at] = A::put(x[j] * r * saved.w[j]);
            back.dw[j] += dy * x[j] * r;
        }
    }
}
