//! Output matrix and cross-entropy, plainly: one row at a time.

use super::{Dims, Grads, IGNORED, Out, Saved};
use crate::engine::ops::Real;

fn row_of_logits<T: Real>(logits: &mut [T], h: &[T], w: &[T]) {
    for (logit, w) in logits.iter_mut().zip(w.chunks_exact(h.len())) {
        *logit = h.iter().zip(w).map(|(&h, &w)| h * w).sum();
    }
}

pub(in crate::engine::ops) fn forward<T: Real>(
    out: Out<'_, T>,
    h: &[T],
    w: &[T],
    targets: &[u32],
    dims: Dims,
) {
    let logits = &mut out.scratch[..dims.v];
    for (i, h) in h.chunks_exact(dims.d).enumerate() {
        out.nats[i] = T::ZERO;
        if targets[i] == IGNORED {
            continue;
        }
        row_of_logits(logits, h, w);
        let max = logits.iter().fold(logits[0], |max, &x| max.max(x));
        out.lse[i] = logits.iter().map(|&x| (x - max).exp()).sum::<T>().ln() + max;
        out.nats[i] = out.lse[i] - logits[targets[i] as usize];
    }
}

pub(in crate::engine::ops) fn backward<T: Real>(
    grads: Grads<'_, T>,
    saved: Saved<'_, T>,
    scale: T,
    dims: Dims,
) {
    let logits = &mut grads.scratch[..dims.v];
    let rows = grads
        .dh
        .chunks_exact_mut(dims.d)
        .zip(saved.h.chunks_exact(dims.d));
    for (i, (dh, h)) in rows.enumerate() {
        dh.fill(T::ZERO);
        if saved.targets[i] == IGNORED {
            continue;
        }
        row_of_logits(logits, h, saved.w);
        for (token, &logit) in logits.iter().enumerate() {
            let is_target = token == saved.targets[i] as usize;
            let wanted = if is_target { T::ONE } else { T::ZERO };
            let d_logit = scale * ((logit - saved.lse[i]).exp() - wanted);
            let w = &saved.w[token * dims.d..][..dims.d];
            let dw = &mut grads.dw[token * dims.d..][..dims.d];
            for j in 0..dims.d {
                dh[j] += d_logit * w[j];
                dw[j] += d_logit * h[j];
            }
        }
    }
}
