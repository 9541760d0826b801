//! Norm of the gradients over threads.

use rayon::prelude::*;

use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::simd::{LANES, simd};

/// Gradients one task adds up.
const GRADS: usize = 1 << 14;

simd! {
    fn sum_of_squares<FMA>(grads: &[f32]) -> f64 {
        let mut sums = [0.0; LANES];
        for chunk in grads.chunks(LANES) {
            for (sum, &g) in sums.iter_mut().zip(chunk) {
                let g = f64::from(g);
                *sum += g * g;
            }
        }
        sums.iter().sum()
    }
}

pub(in crate::engine::ops) fn norm(cpu: &Cpu, grads: &[f32]) -> f64 {
    let tasks = || {
        grads
            .par_chunks(GRADS)
            .map(|g| sum_of_squares(cpu.isa, g))
            .collect()
    };
    let sums: Vec<f64> = cpu.install(tasks);
    sums.iter().sum::<f64>().sqrt()
}
