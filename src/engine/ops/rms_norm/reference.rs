//! RMSNorm, plainly.

use super::{Norm, Saved};
use crate::engine::ops::Real;

pub(in crate::engine::ops) fn forward<T: Real>(
    y: &mut [T],
    r: &mut [T],
    x: &[T],
    norm: Norm<'_, T>,
) {
    let d = norm.w.len();
    for ((y, r), x) in y.chunks_exact_mut(d).zip(r).zip(x.chunks_exact(d)) {
        let mean = x.iter().map(|&x| x * x).sum::<T>() / T::of(d as f64);
        *r = T::ONE / (mean + norm.eps).sqrt();
        for ((y, &x), &w) in y.iter_mut().zip(x).zip(norm.w) {
            *y = x * *r * w;
        }
    }
}

pub(in crate::engine::ops) fn backward<T: Real>(
    dx: &mut [T],
    dw: &mut [T],
    dy: &[T],
    saved: Saved<'_, T>,
) {
    let d = saved.w.len();
    let rows = dx.chunks_exact_mut(d).zip(dy.chunks_exact(d));
    for (((dx, dy), x), &r) in rows.zip(saved.x.chunks_exact(d)).zip(saved.r) {
        let mut mean = T::ZERO;
        for j in 0..d {
            mean += x[j] * saved.w[j] * dy[j];
        }
        mean = mean / T::of(d as f64);
        for j in 0..d {
            dx[j] += r * (saved.w[j] * dy[j] - x[j] * r * r * mean);
            dw[j] += dy[j] * x[j] * r;
        }
    }
}
