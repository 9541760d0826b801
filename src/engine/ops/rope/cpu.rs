//! Rotary positions over threads.

use rayon::prelude::*;

use super::{Dims, Table, Turn};
use crate::engine::ops::cpu::{Cpu, Number, ROWS};
use crate::engine::ops::simd::simd;

simd! {
    /// Turns the first heads of one row by the angles of its position; `way` is 1 or -1.
    fn rotate_row<FMA, A: Number>(
        x: &mut [A],
        angles: [&[f32]; 2],
        n_heads: usize,
        way: f32,
    ) {
        let [cos, sin] = angles;
        let half = cos.len();
        for head in x.chunks_exact_mut(2 * half).take(n_heads) {
            let (low, high) = head.split_at_mut(half);
            for ((low, high), (&cos, &sin)) in low.iter_mut().zip(high).zip(cos.iter().zip(sin)) {
                let (a, b, sin) = (low.wide(), high.wide(), way * sin);
                *low = A::narrow(a * cos - b * sin);
                *high = A::narrow(b * cos + a * sin);
            }
        }
    }
}

pub(in crate::engine::ops) fn rotate<A: Number>(
    cpu: &Cpu,
    x: &mut [A],
    table: &Table<f32>,
    dims: Dims,
    turn: Turn,
) {
    let half = dims.head_dim / 2;
    let way = if turn == Turn::Back { -1.0 } else { 1.0 };
    cpu.install(|| {
        let tasks = x.par_chunks_mut(ROWS * dims.stride).enumerate();
        tasks.for_each(|(task, x)| {
            for (i, x) in x.chunks_exact_mut(dims.stride).enumerate() {
                let at = (dims.start + (task * ROWS + i) % dims.t) * half;
                let angles = [&table.cos[at..][..half], &table.sin[at..][..half]];
                rotate_row(cpu.isa, x, angles, dims.n_heads, way);
            }
        });
    });
}
