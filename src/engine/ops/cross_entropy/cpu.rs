//! Output matrix and cross-entropy over threads.

use std::f32::consts::LOG2_E;

use rayon::prelude::*;

use super::{Dims, Grads, IGNORED, Rows};
use crate::engine::ops::cpu::{Cpu, Number};
use crate::engine::ops::gemm::{Matrix, Store};
use crate::engine::ops::matmul::cpu::product;
use crate::engine::ops::simd::{LANES, Lanes, exp2, fma, max, padded, simd, sum_lanes, widen};

/// Probabilities below it, about e^-60, count as none: times a gradient's scale and a weight they
/// would leave the normal numbers, and every product of one that is not normal takes a hundred
/// times as long.
const LEAST: f32 = 1e-26;

/// The logits of a row in chunks; after the last ones come some of -infinity.
#[inline(always)]
fn in_chunks<A: Number>(logits: &[A]) -> (&[[A; LANES]], [A; LANES]) {
    let (chunks, rest) = logits.as_chunks();
    (chunks, padded(rest, f32::NEG_INFINITY))
}

#[inline(always)]
fn largest<A: Number>(logits: &[A]) -> f32 {
    // four maxima, so that none waits for the one before it
    let mut tops = [[f32::NEG_INFINITY; LANES]; 4];
    let (chunks, last) = in_chunks(logits);
    let (fours, few) = chunks.as_chunks::<4>();
    for four in fours {
        for (top, chunk) in tops.iter_mut().zip(four) {
            raise(top, chunk);
        }
    }
    few.iter().for_each(|chunk| raise(&mut tops[0], chunk));
    raise(&mut tops[1], &last);
    max(tops.as_flattened())
}

#[inline(always)]
fn raise<A: Number>(tops: &mut Lanes, logits: &[A; LANES]) {
    let x = widen(logits);
    for lane in 0..LANES {
        tops[lane] = if x[lane] > tops[lane] {
            x[lane]
        } else {
            tops[lane]
        };
    }
}

/// e^(logit − top) of each, added to the sums, where `shift` is −log2 e · top.
#[inline(always)]
fn add_powers<const FMA: bool, A: Number>(
    sums: &mut Lanes,
    logits: &[A; LANES],
    shift: f32,
) -> Lanes {
    let mut x = widen(logits);
    for lane in 0..LANES {
        x[lane] = exp2::<FMA>(fma::<FMA>(x[lane], LOG2_E, shift));
        sums[lane] += x[lane];
    }
    x
}

simd! {
    /// ln Σ e^logit
    fn log_sum_exp<FMA, A: Number>(logits: &[A]) -> f32 {
        let top = largest(logits);
        let (shift, mut sums) = (-LOG2_E * top, [0.0; LANES]);
        let (chunks, last) = in_chunks(logits);
        for chunk in chunks {
            add_powers::<FMA, A>(&mut sums, chunk, shift);
        }
        add_powers::<FMA, A>(&mut sums, &last, shift);
        sum_lanes(sums).ln() + top
    }
}

simd! {
    /// Logits to scale · probability; gives ln Σ e^logit. There is room for all powers.
    fn shares<FMA, A: Number>(logits: &mut [A], room: &mut [Lanes], scale: f32) -> f32 {
        let top = largest(logits);
        let (shift, mut sums) = (-LOG2_E * top, [0.0; LANES]);
        let (chunks, last) = in_chunks(logits);
        for (powers, chunk) in room.iter_mut().zip(chunks) {
            *powers = add_powers::<FMA, A>(&mut sums, chunk, shift);
        }
        // of whole chunks the last one is no more than 2^-121, and has no room
        let last = add_powers::<FMA, A>(&mut sums, &last, shift);
        if let Some(powers) = room.get_mut(chunks.len()) {
            *powers = last;
        }
        let sum = sum_lanes(sums);
        let (least, factor) = (LEAST * sum, scale / sum);
        for (logit, &power) in logits.iter_mut().zip(room.as_flattened()) {
            *logit = A::narrow_away(if power < least { 0.0 } else { power * factor });
        }
        sum.ln() + top
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
            let room = || vec![[0.0; LANES]; dims.v.div_ceil(LANES)];
            rows.zip(nats)
                .for_each_init(room, |room, ((logits, &target), nats)| {
                    let logits = &mut logits[..dims.v];
                    if target == IGNORED {
                        return logits.fill(A::narrow(0.0));
                    }
                    let wanted = logits[target as usize].wide();
                    *nats = shares(cpu.isa, logits, room, scale) - wanted;
                    logits[target as usize] = A::narrow(scale * (-*nats).exp_m1());
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
