//! Token embedding, plainly.

use crate::engine::ops::Real;

pub(in crate::engine::ops) fn forward<T: Real>(x: &mut [T], w: &[T], tokens: &[u32]) {
    let d = x.len() / tokens.len();
    for (x, &token) in x.chunks_exact_mut(d).zip(tokens) {
        x.copy_from_slice(&w[token as usize * d..][..d]);
    }
}

pub(in crate::engine::ops) fn backward<T: Real>(dw: &mut [T], dx: &[T], tokens: &[u32]) {
    let d = dx.len() / tokens.len();
    for (dx, &token) in dx.chunks_exact(d).zip(tokens) {
        let dw = &mut dw[token as usize * d..][..d];
        dw.iter_mut().zip(dx).for_each(|(dw, &dx)| *dw += dx);
    }
}
