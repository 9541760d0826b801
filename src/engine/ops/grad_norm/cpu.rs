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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::grad_norm::reference;

    #[test]
    fn the_norm_is_the_references_for_any_number_of_threads() {
        for len in [0, 1, 15, GRADS, 3 * GRADS + 5] {
            let grads: Vec<f32> = (0..len).map(|i| (i % 13) as f32 - 6.5).collect();
            let plain = reference::norm(&grads);
            let [one, three] = [1, 3].map(|n| norm(&Cpu::new(n).unwrap(), &grads));
            assert!(
                (one - plain).abs() <= 1e-12 * plain,
                "{len}: {one} is not {plain}"
            );
            assert_eq!(one.to_bits(), three.to_bits());
        }
        assert_eq!(reference::norm(&[3.0_f32, 4.0]), 5.0);
    }
}
