//! Rotary positions, plainly.

use super::{Dims, Table, Turn};
use crate::engine::ops::{Real, Stored};

pub(in crate::engine::ops) fn rotate<T: Real, A: Stored<T>>(
    x: &mut [A],
    table: &Table<T>,
    dims: Dims,
    turn: Turn,
) {
    let half = dims.head_dim / 2;
    for (row, x) in x.chunks_exact_mut(dims.stride).enumerate() {
        let angles = (dims.start + row % dims.t) * half..;
        let (cos, sin) = (
            &table.cos[angles.clone()][..half],
            &table.sin[angles][..half],
        );
        for head in x.chunks_exact_mut(dims.head_dim).take(dims.n_heads) {
            let (low, high) = head.split_at_mut(half);
            for j in 0..half {
                let sin = if turn == Turn::Back { -sin[j] } else { sin[j] };
                let (a, b) = (low[j].get(), high[j].get());
                low[j] = A::put(a * cos[j] - b * sin);
                high[j] = A::put(b * cos[j] + a * sin);
            }
        }
    }
}
