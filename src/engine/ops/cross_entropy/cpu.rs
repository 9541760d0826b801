//! Output matrix and cross-entropy over threads.

use rayon::prelude::*;

use super::{Dims, Grads, IGNORED, Rows};
use crate::engine::ops::cpu::{Cpu, Number};
use crate::engine::ops::gemm::{Matrix, Store};
use crate::engine::ops::matmul::cpu::product;
use crate::engine::ops::simd::{LANES, exp, simd, sum_lanes};

simd! {
    /// ln Σ e^logit
    fn log_sum_exp<FMA, A: Number>(logits: &[A]) -> f32 {
        let mut tops = [f32::NEG_INFINITY; LANES];
        for chunk in logits.chunks(LANES) {
            for (&logit, top) in chunk.iter().zip(&mut tops) {
                *top = if logit.wide() > *top { logit.wide() } else { *top };
            }
        }
        let top = tops.iter().fold(f32::NEG_INFINITY, |top, &x| if x > top { x } else { top });
        let mut sums = [0.0; LANES];
        for chunk in logits.chunks(LANES) {
            for (&logit, sum) in chunk.iter().zip(&mut sums) {
                *sum += exp::<FMA>(logit.wide() - top);
            }
        }
        sum_lanes(sums).ln() + top
    }
}

simd! {
    /// Logits to scale · probability.
    fn shares<FMA, A: Number>(logits: &mut [A], lse: f32, scale: f32) {
        for logit in logits {
            *logit = A::narrow(scale * exp::<FMA>(logit.wide() - lse));
        }
    }
}

/// Rows of h times the output matrix.
fn logits<A: Number>(cpu: &Cpu, logits: &mut [A], h: &[A], w: &[A], dims: Dims) {
    let h = Matrix::rows(h, h.len() / dims.d, dims.d, dims.d);
    let w = Matrix::rows(w, dims.v, dims.d, dims.d);
    product(cpu, logits, dims.stride(), h, w.transposed(), Store::Set);
}

pub(in crate::engine::ops) fn score<A: Number>(
    cpu: &Cpu,
    nats: &mut [f32],
    rows: Rows<'_, A>,
    dims: Dims,
) {
    for [start, end] in dims.chunks(rows.targets.len()) {
        let (targets, nats) = (&rows.targets[start..end], &mut nats[start..end]);
        nats.fill(0.0);
        if targets.iter().all(|&target| target == IGNORED) {
            continue;
        }
        let scratch = &mut rows.scratch[..targets.len() * dims.stride()];
        logits(
            cpu,
            scratch,
            &rows.h[start * dims.d..end * dims.d],
            rows.w,
            dims,
        );
        cpu.install(|| {
            let rows = scratch.par_chunks_exact(dims.stride()).zip(targets);
            rows.zip(nats).for_each(|((logits, &target), nats)| {
                if target != IGNORED {
                    *nats =
                        log_sum_exp(cpu.isa, &logits[..dims.v]) - logits[target as usize].wide();
                }
            });
        });
    }
}

pub(in crate::engine::ops) fn learn<A: Number>(
    cpu: &Cpu,
    nats: &mut [f32],
    grads: Grads<'_, f32, A>,
    rows: Rows<'_, A>,
    dims: Dims,
) {
    let (scale, mut store) = (grads.scale, grads.store);
    for [start, end] in dims.chunks(rows.targets.len()) {
        let (targets, nats) = (&rows.targets[start..end], &mut nats[start..end]);
        let (h, dh) = (
            &rows.h[start * dims.d..end * dims.d],
            &mut grads.dh[start * dims.d..end * dims.d],
        );
        nats.fill(0.0);
        if targets.iter().all(|&target| target == IGNORED) {
            dh.fill(A::narrow(0.0));
            continue;
        }
        let scratch = &mut rows.scratch[..targets.len() * dims.stride()];
        logits(cpu, scratch, h, rows.w, dims);
        cpu.install(|| {
            let rows = scratch.par_chunks_exact_mut(dims.stride()).zip(targets);
            rows.zip(nats).for_each(|((logits, &target), nats)| {
                let logits = &mut logits[..dims.v];
                if target == IGNORED {
                    return logits.fill(A::narrow(0.0));
                }
                let lse = log_sum_exp(cpu.isa, logits);
                let wanted = logits[target as usize].wide();
                *nats = lse - wanted;
                shares(cpu.isa, logits, lse, scale);
                logits[target as usize] = A::narrow(scale * ((wanted - lse).exp() - 1.0));
            });
        });
        let n = targets.len();
        let d_logits = Matrix::rows(scratch, n, dims.v, dims.stride());
        let w = Matrix::rows(rows.w, dims.v, dims.d, dims.d);
        let h = Matrix::rows(h, n, dims.d, dims.d);
        product(cpu, dh, dims.d, d_logits, w, Store::Set);
        product(cpu, grads.dw, dims.d, d_logits.transposed(), h, store);
        store = Store::Add;
    }
    if store == Store::Set {
        grads.dw.fill(0.0); // no row was scored
    }
}
