//! Output matrix and cross-entropy, plainly: one row at a time.

use super::{Dims, Grads, IGNORED, Rows};
use crate::engine::ops::gemm::Store;
use crate::engine::ops::{Real, Stored};

/// Logits of a row, and ln Σ e^logit.
fn row_of_logits<T: Real, A: Stored<T>>(logits: &mut [A], h: &[A], w: &[A]) -> T {
    for (logit, w) in logits.iter_mut().zip(w.chunks_exact(h.len())) {
        *logit = A::put(h.iter().zip(w).map(|(h, w)| h.get() * w.get()).sum());
    }
    let max = logits
        .iter()
        .fold(logits[0].get(), |max, x| max.max(x.get()));
    logits.iter().map(|x| (x.get() - max).exp()).sum::<T>().ln() + max
}

pub(in crate::engine::ops) fn score<T: Real, A: Stored<T>>(
    nats: &mut [T],
    rows: Rows<'_, A>,
    dims: Dims,
) {
    let logits = &mut rows.scratch[..dims.v];
    for ((nats, h), &target) in nats
        .iter_mut()
        .zip(rows.h.chunks_exact(dims.d))
        .zip(rows.targets)
    {
        *nats = T::ZERO;
        if target != IGNORED {
            let lse = row_of_logits::<T, A>(logits, h, rows.w);
            *nats = lse - logits[target as usize].get();
        }
    }
}

pub(in crate::engine::ops) fn learn<T: Real, A: Stored<T>>(
    nats: &mut [T],
    grads: Grads<'_, T, A>,
    rows: Rows<'_, A>,
    dims: Dims,
) {
    if grads.store == Store::Set {
        grads.dw.fill(T::ZERO);
    }
    let logits = &mut rows.scratch[..dims.v];
    let mut sums = vec![T::ZERO; dims.d];
    for (i, h) in rows.h.chunks_exact(dims.d).enumerate() {
        let (dh, target) = (&mut grads.dh[i * dims.d..][..dims.d], rows.targets[i]);
        nats[i] = T::ZERO;
        sums.fill(T::ZERO);
        if target != IGNORED {
            let lse = row_of_logits::<T, A>(logits, h, rows.w);
            nats[i] = lse - logits[target as usize].get();
            for (token, logit) in logits.iter_mut().enumerate() {
                let wanted = if token == target as usize {
                    T::ONE
                } else {
                    T::ZERO
                };
                *logit = A::put(grads.scale * ((logit.get() - lse).exp() - wanted));
                let w = &rows.w[token * dims.d..][..dims.d];
                let dw = &mut grads.dw[token * dims.d..][..dims.d];
                for j in 0..dims.d {
                    sums[j] += logit.get() * w[j].get();
                    dw[j] += logit.get() * h[j].get();
                }
            }
        }
        dh.iter_mut()
            .zip(&sums)
            .for_each(|(dh, &sum)| *dh = A::put(sum));
    }
}
