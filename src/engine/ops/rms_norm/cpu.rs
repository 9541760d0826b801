//! RMSNorm over threads.

use rayon::prelude::*;

use super::{Back, Norm, Saved};
use crate::engine::ops::buffer::Buffer;
use crate::engine::ops::cpu::{Cpu, Number, ROWS};
use crate::engine::ops::simd::{LANES, dot, fma, simd, sum_lanes};

simd! {
    fn forward_rows<FMA, A: Number>(y: &mut [A], r: &mut [f32], x: &[f32], norm: Norm<'_, f32>) {
        let d = norm.w.len();
        for ((y, r), x) in y.chunks_exact_mut(d).zip(r).zip(x.chunks_exact(d)) {
            *r = 1.0 / (dot::<FMA>(x, x) / d as f32 + norm.eps).sqrt();
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(norm.w) {
                *y = A::narrow_away(x * *r * w);
            }
        }
    }
}

simd! {
    fn add_rows<FMA, A: Number>(sum: &mut [f32], x: &[f32], delta: &[A]) {
        for ((sum, &x), &delta) in sum.iter_mut().zip(x).zip(delta) {
            *sum = x + delta.wide();
        }
    }
}

simd! {
    fn backward_rows<FMA, A: Number>(back: Back<'_, f32, A>, dy: &[A], saved: Saved<'_, f32>) {
        let (d, w, dw) = (saved.w.len(), saved.w, back.dw);
        let rows = back.dx.chunks_exact_mut(d).zip(back.dx_kept.chunks_exact_mut(d));
        let rows = rows.zip(back.y.chunks_exact_mut(d)).zip(dy.chunks_exact(d));
        for ((((dx, kept), y), dy), (x, &r)) in rows.zip(saved.x.chunks_exact(d).zip(saved.r)) {
            let mut sums = [0.0; LANES];
            for ((x, dy), w) in x.chunks(LANES).zip(dy.chunks(LANES)).zip(w.chunks(LANES)) {
                for (sum, ((&x, &dy), &w)) in sums.iter_mut().zip(x.iter().zip(dy).zip(w)) {
                    *sum = fma::<FMA>(x * w, dy.wide(), *sum);
                }
            }
            let pull = sum_lanes(sums) / d as f32 * r * r;
            let out = dx.iter_mut().zip(kept).zip(y).zip(&mut *dw);
            for ((((dx, kept), y), dw), ((&x, &dy), &w)) in out.zip(x.iter().zip(dy).zip(w)) {
                let dy = dy.wide();
                *dx += r * (w * dy - x * pull);
                *kept = A::narrow(*dx);
                *y = A::narrow_away(x * r * w);
                *dw += dy * x * r;
            }
        }
    }
}

pub(in crate::engine::ops) fn forward<A: Number>(
    cpu: &Cpu,
    y: &mut [A],
    r: &mut [f32],
    x: &[f32],
    norm: Norm<'_, f32>,
) {
    let len = ROWS * norm.w.len();
    cpu.install(|| {
        let rows = y
            .par_chunks_mut(len)
            .zip(r.par_chunks_mut(ROWS))
            .zip(x.par_chunks(len));
        rows.for_each(|((y, r), x)| forward_rows(cpu.isa, y, r, x, norm));
    });
}

pub(in crate::engine::ops) fn add_forward<A: Number>(
    cpu: &Cpu,
    y: &mut [A],
    r: &mut [f32],
    sum: &mut [f32],
    (x, delta): (&[f32], &[A]),
    norm: Norm<'_, f32>,
) {
    let len = ROWS * norm.w.len();
    cpu.install(|| {
        let out = y
            .par_chunks_mut(len)
            .zip(r.par_chunks_mut(ROWS))
            .zip(sum.par_chunks_mut(len));
        let terms = x.par_chunks(len).zip(delta.par_chunks(len));
        out.zip(terms).for_each(|(((y, r), sum), (x, delta))| {
            add_rows(cpu.isa, sum, x, delta);
            forward_rows(cpu.isa, y, r, sum, norm);
        });
    });
}

/// Each task adds up dw over its rows; these sums are added in the order of the rows.
pub(in crate::engine::ops) fn backward<A: Number>(
    cpu: &Cpu,
    back: Back<'_, f32, A>,
    dy: &[A],
    saved: Saved<'_, f32>,
) {
    let d = saved.w.len();
    let len = ROWS * d;
    let n_tasks = saved.r.len().div_ceil(ROWS);
    cpu.with_scratch(|partial: &mut Buffer<f32>| {
        partial.set_len(n_tasks * d);
        partial.fill(0.0);
        let rows = back
            .dx
            .par_chunks_mut(len)
            .zip(back.dx_kept.par_chunks_mut(len));
        let rows = rows.zip(back.y.par_chunks_mut(len)).zip(dy.par_chunks(len));
        let kept = saved.x.par_chunks(len).zip(saved.r.par_chunks(ROWS));
        let tasks = rows.zip(kept).zip(partial.par_chunks_mut(d));
        tasks.for_each(|(((((dx, dx_kept), y), dy), (x, r)), dw)| {
            let back = Back { dx, dx_kept, y, dw };
            backward_rows(cpu.isa, back, dy, Saved { x, r, w: saved.w });
        });
        for partial in partial.chunks_exact(d) {
            back.dw
                .iter_mut()
                .zip(partial)
                .for_each(|(dw, &p)| *dw += p);
        }
    });
}
