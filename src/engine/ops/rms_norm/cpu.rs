//! RMSNorm over threads.

use rayon::prelude::*;

use super::{Norm, Saved};
use crate::engine::ops::cpu::{Cpu, ROWS};
use crate::engine::ops::simd::{dot, simd};

simd! {
    fn forward_rows<FMA>(y: &mut [f32], r: &mut [f32], x: &[f32], norm: Norm<'_, f32>) {
        let d = norm.w.len();
        for ((y, r), x) in y.chunks_exact_mut(d).zip(r).zip(x.chunks_exact(d)) {
            *r = 1.0 / (dot::<FMA>(x, x) / d as f32 + norm.eps).sqrt();
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(norm.w) {
                *y = x * *r * w;
            }
        }
    }
}

simd! {
    fn add_rows<FMA>(sum: &mut [f32], x: &[f32], delta: &[f32]) {
        for ((sum, &x), &delta) in sum.iter_mut().zip(x).zip(delta) {
            *sum = x + delta;
        }
    }
}

simd! {
    /// `wdy` is room for one row.
    fn backward_rows<FMA>(
        dx: &mut [f32],
        dw: &mut [f32],
        wdy: &mut [f32],
        dy: &[f32],
        saved: Saved<'_, f32>,
    ) {
        let d = saved.w.len();
        let rows = dx.chunks_exact_mut(d).zip(dy.chunks_exact(d));
        for (((dx, dy), x), &r) in rows.zip(saved.x.chunks_exact(d)).zip(saved.r) {
            for ((wdy, &dy), &w) in wdy.iter_mut().zip(dy).zip(saved.w) {
                *wdy = dy * w;
            }
            let pull = dot::<FMA>(x, wdy) / d as f32 * r * r;
            for ((dx, &x), &wdy) in dx.iter_mut().zip(x).zip(&*wdy) {
                *dx += r * (wdy - x * pull);
            }
            for ((dw, &x), &dy) in dw.iter_mut().zip(x).zip(dy) {
                *dw += dy * x * r;
            }
        }
    }
}

pub(in crate::engine::ops) fn forward(
    cpu: &Cpu,
    y: &mut [f32],
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

pub(in crate::engine::ops) fn add_forward(
    cpu: &Cpu,
    y: &mut [f32],
    r: &mut [f32],
    sum: &mut [f32],
    [x, delta]: [&[f32]; 2],
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
pub(in crate::engine::ops) fn backward(
    cpu: &Cpu,
    dx: &mut [f32],
    dw: &mut [f32],
    dy: &[f32],
    saved: Saved<'_, f32>,
) {
    let d = saved.w.len();
    let len = ROWS * d;
    let n_tasks = saved.r.len().div_ceil(ROWS);
    let mut partial = vec![0.0; n_tasks * 2 * d]; // of each task: dw, and room for one row
    cpu.install(|| {
        let rows = dx.par_chunks_mut(len).zip(dy.par_chunks(len));
        let kept = saved.x.par_chunks(len).zip(saved.r.par_chunks(ROWS));
        let tasks = rows.zip(kept).zip(partial.par_chunks_mut(2 * d));
        tasks.for_each(|(((dx, dy), (x, r)), partial)| {
            let (dw, wdy) = partial.split_at_mut(d);
            backward_rows(cpu.isa, dx, dw, wdy, dy, Saved { x, r, w: saved.w });
        });
    });
    for partial in partial.chunks_exact(2 * d) {
        dw.iter_mut().zip(partial).for_each(|(dw, &p)| *dw += p);
    }
}
