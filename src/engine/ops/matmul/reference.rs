//! Matrix products, plainly.

use super::{Dims, Store};
use crate::engine::ops::{Real, Stored};

pub(in crate::engine::ops) fn forward<T: Real, A: Stored<T>, Y: Stored<T>>(
    y: &mut [Y],
    x: &[A],
    w: &[A],
    dims: Dims,
) {
    for (y, x) in y.chunks_exact_mut(dims.o).zip(x.chunks_exact(dims.i)) {
        for (y, w) in y.iter_mut().zip(w.chunks_exact(dims.i)) {
            *y = Y::put(x.iter().zip(w).map(|(x, w)| x.get() * w.get()).sum());
        }
    }
}

pub(in crate::engine::ops) fn dx<T: Real, A: Stored<T>>(
    dx: &mut [A],
    dy: &[A],
    w: &[A],
    dims: Dims,
) {
    let mut sums = vec![T::ZERO; dims.i];
    for (dx, dy) in dx.chunks_exact_mut(dims.i).zip(dy.chunks_exact(dims.o)) {
        sums.fill(T::ZERO);
        for (dy, w) in dy.iter().zip(w.chunks_exact(dims.i)) {
            let terms = sums.iter_mut().zip(w);
            terms.for_each(|(sum, w)| *sum += dy.get() * w.get());
        }
        dx.iter_mut()
            .zip(&sums)
            .for_each(|(dx, &sum)| *dx = A::put(sum));
    }
}

pub(in crate::engine::ops) fn dw<T: Real, A: Stored<T>>(
    dw: &mut [T],
    dy: &[A],
    x: &[A],
    dims: Dims,
    store: Store,
) {
    if store == Store::Set {
        dw.fill(T::ZERO);
    }
    for (dy, x) in dy.chunks_exact(dims.o).zip(x.chunks_exact(dims.i)) {
        for (dy, dw) in dy.iter().zip(dw.chunks_exact_mut(dims.i)) {
            dw.iter_mut()
                .zip(x)
                .for_each(|(dw, x)| *dw += dy.get() * x.get());
        }
    }
}
