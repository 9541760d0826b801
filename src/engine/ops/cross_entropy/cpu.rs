//! Output matrix and cross-entropy over threads.

use rayon::prelude::*;

use super::{Dims, Grads, IGNORED, Out, Saved};
use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::matmul::{self, Store};
use crate::engine::ops::simd::{LANES, exp, max, simd, sum_lanes};

simd! {
    fn log_sum_exp<FMA>(logits: &[f32]) -> f32 {
        let top = max(logits);
        let mut sums = [0.0; LANES];
        for chunk in logits.chunks(LANES) {
            for (&logit, sum) in chunk.iter().zip(&mut sums) {
                *sum += exp::<FMA>(logit - top);
            }
        }
        sum_lanes(sums).ln() + top
    }
}

simd! {
    /// Logits to scale · probability.
    fn shares<FMA>(logits: &mut [f32], lse: f32, scale: f32) {
        logits.iter_mut().for_each(|logit| *logit = scale * exp::<FMA>(*logit - lse));
    }
}

/// Starts and ends of the rows worked on at once.
fn chunks(n: usize, dims: Dims) -> impl Iterator<Item = [usize; 2]> {
    let rows = dims.rows();
    (0..n)
        .step_by(rows)
        .map(move |start| [start, n.min(start + rows)])
}

pub(in crate::engine::ops) fn forward(
    cpu: &Cpu,
    out: Out<'_, f32>,
    h: &[f32],
    w: &[f32],
    targets: &[u32],
    Dims { d, v }: Dims,
) {
    for [start, end] in chunks(targets.len(), Dims { d, v }) {
        let targets = &targets[start..end];
        let (nats, lse) = (&mut out.nats[start..end], &mut out.lse[start..end]);
        nats.fill(0.0);
        if targets.iter().all(|&target| target == IGNORED) {
            continue;
        }
        let logits = &mut out.scratch[..targets.len() * v];
        let product = matmul::Dims {
            n: targets.len(),
            i: d,
            o: v,
        };
        matmul::cpu::forward(cpu, logits, &h[start * d..end * d], w, product, Store::Set);
        cpu.install(|| {
            let rows = logits.par_chunks_exact(v).zip(targets);
            let out = nats.par_iter_mut().zip(lse);
            rows.zip(out).for_each(|((logits, &target), (nats, lse))| {
                *lse = log_sum_exp(cpu.isa, logits);
                if target != IGNORED {
                    *nats = *lse - logits[target as usize];
                }
            });
        });
    }
}

pub(in crate::engine::ops) fn backward(
    cpu: &Cpu,
    grads: Grads<'_, f32>,
    saved: Saved<'_, f32>,
    scale: f32,
    Dims { d, v }: Dims,
) {
    for [start, end] in chunks(saved.targets.len(), Dims { d, v }) {
        let (targets, lse) = (&saved.targets[start..end], &saved.lse[start..end]);
        let (h, dh) = (
            &saved.h[start * d..end * d],
            &mut grads.dh[start * d..end * d],
        );
        if targets.iter().all(|&target| target == IGNORED) {
            dh.fill(0.0);
            continue;
        }
        let logits = &mut grads.scratch[..targets.len() * v];
        let product = matmul::Dims {
            n: targets.len(),
            i: d,
            o: v,
        };
        matmul::cpu::forward(cpu, logits, h, saved.w, product, Store::Set);
        cpu.install(|| {
            let rows = logits.par_chunks_exact_mut(v).zip(targets).zip(lse);
            rows.for_each(|((logits, &target), &lse)| {
                if target == IGNORED {
                    return logits.fill(0.0);
                }
                shares(cpu.isa, logits, lse, scale);
                logits[target as usize] -= scale;
            });
        });
        matmul::cpu::dx(cpu, dh, logits, saved.w, product, Store::Set);
        matmul::cpu::dw(cpu, grads.dw, logits, h, product);
    }
}
