//! Matrix products, plainly.

use super::{Dims, Store};
use crate::engine::ops::Real;

pub(in crate::engine::ops) fn forward<T: Real>(
    y: &mut [T],
    x: &[T],
    w: &[T],
    dims: Dims,
    store: Store,
) {
    for (y, x) in y.chunks_exact_mut(dims.o).zip(x.chunks_exact(dims.i)) {
        for (y, w) in y.iter_mut().zip(w.chunks_exact(dims.i)) {
            let dot: T = x.iter().zip(w).map(|(&x, &w)| x * w).sum();
            *y = if store == Store::Add { *y + dot } else { dot };
        }
    }
}

pub(in crate::engine::ops) fn dx<T: Real>(
    dx: &mut [T],
    dy: &[T],
    w: &[T],
    dims: Dims,
    store: Store,
) {
    for (dx, dy) in dx.chunks_exact_mut(dims.i).zip(dy.chunks_exact(dims.o)) {
        if store == Store::Set {
            dx.fill(T::ZERO);
        }
        for (&dy, w) in dy.iter().zip(w.chunks_exact(dims.i)) {
            dx.iter_mut().zip(w).for_each(|(dx, &w)| *dx += dy * w);
        }
    }
}

pub(in crate::engine::ops) fn dw<T: Real>(dw: &mut [T], dy: &[T], x: &[T], dims: Dims) {
    for (dy, x) in dy.chunks_exact(dims.o).zip(x.chunks_exact(dims.i)) {
        for (&dy, dw) in dy.iter().zip(dw.chunks_exact_mut(dims.i)) {
            dw.iter_mut().zip(x).for_each(|(dw, &x)| *dw += dy * x);
        }
    }
}
