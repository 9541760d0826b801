//! Token embedding over threads.

use rayon::prelude::*;

use super::reference;
use crate::engine::ops::cpu::{Cpu, ROWS};

/// Tokens of the vocabulary whose gradients one task adds up.
const TOKENS: usize = 256;

pub(in crate::engine::ops) fn forward(cpu: &Cpu, x: &mut [f32], w: &[f32], tokens: &[u32]) {
    let d = x.len() / tokens.len();
    cpu.install(|| {
        let rows = x.par_chunks_mut(ROWS * d).zip(tokens.par_chunks(ROWS));
        rows.for_each(|(x, tokens)| reference::forward(x, w, tokens));
    });
}

/// Each task owns a range of the vocabulary and reads all tokens in order: sums have one order.
pub(in crate::engine::ops) fn backward(cpu: &Cpu, dw: &mut [f32], dx: &[f32], tokens: &[u32]) {
    let d = dx.len() / tokens.len();
    cpu.install(|| {
        dw.par_chunks_mut(TOKENS * d)
            .enumerate()
            .for_each(|(task, dw)| {
                let owned = task * TOKENS..(task + 1) * TOKENS;
                for (dx, &token) in dx.chunks_exact(d).zip(tokens) {
                    if owned.contains(&(token as usize)) {
                        let dw = &mut dw[(token as usize - owned.start) * d..][..d];
                        dw.iter_mut().zip(dx).for_each(|(dw, &dx)| *dw += dx);
                    }
                }
            });
    });
}
