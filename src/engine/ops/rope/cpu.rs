//! Rotary positions over threads.

use rayon::prelude::*;

use super::{Dims, Table, Turn, reference};
use crate::engine::ops::cpu::{Cpu, ROWS};

pub(in crate::engine::ops) fn rotate(
    cpu: &Cpu,
    x: &mut [f32],
    table: &Table<f32>,
    dims: Dims,
    turn: Turn,
) {
    cpu.install(|| {
        x.par_chunks_mut(ROWS * dims.stride)
            .enumerate()
            .for_each(|(task, x)| {
                // positions of a task's rows wrap anywhere: hand over rows of one sequence at a time
                for (i, x) in x.chunks_exact_mut(dims.stride).enumerate() {
                    let start = dims.start + (task * ROWS + i) % dims.t;
                    reference::rotate(
                        x,
                        table,
                        Dims {
                            start,
                            t: 1,
                            ..dims
                        },
                        turn,
                    );
                }
            });
    });
}
