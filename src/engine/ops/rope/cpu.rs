//! Rotary positions over threads.

use rayon::prelude::*;

use super::{Dims, Table, Turn};
use crate::engine::ops::cpu::{Cpu, Number, ROWS};
use crate::engine::ops::simd::{LANES, Lanes, fma, narrow, padded, simd, widen};

/// Turns numbers of the lower and the upper half of a head by angles of those cosines and sines.
#[inline(always)]
fn turned<const FMA: bool, A: Number>(
    [low, high]: [&[A; LANES]; 2],
    [cos, sin]: [&Lanes; 2],
    way: f32,
) -> [[A; LANES]; 2] {
    let (a, b) = (widen(low), widen(high));
    let mut out = [[0.0; LANES]; 2];
    for lane in 0..LANES {
        let sin = way * sin[lane];
        out[0][lane] = fma::<FMA>(-b[lane], sin, a[lane] * cos[lane]);
        out[1][lane] = fma::<FMA>(a[lane], sin, b[lane] * cos[lane]);
    }
    [narrow(&out[0]), narrow(&out[1])]
}

simd! {
    /// Turns the first heads of one row by the angles of its position; `way` is 1 or -1.
    fn rotate_row<FMA, A: Number>(
        x: &mut [A],
        angles: [&[f32]; 2],
        n_heads: usize,
        way: f32,
    ) {
        let [(cos, cos_rest), (sin, sin_rest)] = angles.map(<[f32]>::as_chunks::<LANES>);
        let rest = [padded(cos_rest, 0.0), padded(sin_rest, 0.0)];
        let half = angles[0].len();
        for head in x.chunks_exact_mut(2 * half).take(n_heads) {
            let (low, high) = head.split_at_mut(half);
            let (low, low_rest) = low.as_chunks_mut::<LANES>();
            let (high, high_rest) = high.as_chunks_mut::<LANES>();
            for ((low, high), (cos, sin)) in low.iter_mut().zip(high).zip(cos.iter().zip(sin)) {
                [*low, *high] = turned::<FMA, A>([low, high], [cos, sin], way);
            }
            if !low_rest.is_empty() {
                let halves = [&padded(low_rest, 0.0), &padded(high_rest, 0.0)];
                let [low, high] = turned::<FMA, A>(halves, [&rest[0], &rest[1]], way);
                low_rest.copy_from_slice(&low[..low_rest.len()]);
                high_rest.copy_from_slice(&high[..high_rest.len()]);
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
