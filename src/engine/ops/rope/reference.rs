//! Rotary positions, plainly.

use super::{Dims, Table, Turn};
use crate::engine::ops::Real;

pub(in crate::engine::ops) fn rotate<T: Real>(
    x: &mut [T],
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
                (low[j], high[j]) = (
                    low[j] * cos[j] - high[j] * sin,
                    high[j] * cos[j] + low[j] * sin,
                );
            }
        }
    }
}
