//! Norm of the gradients over threads.

use rayon::prelude::*;

use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::simd::{LANES, Lanes, ask_ahead, fma, padded, simd};

/// Gradients one task adds up.
const GRADS: usize = 1 << 14;

/// Chunks added up in f32 before the sum goes on in f64: what their roundings lose, 1e-7 of each,
/// is as often too much as too little.
const CHUNKS: usize = 8;

#[inline(always)]
fn add_squares<const FMA: bool>(sums: &mut Lanes, grads: &Lanes) {
    for lane in 0..LANES {
        sums[lane] = fma::<FMA>(grads[lane], grads[lane], sums[lane]);
    }
}

simd! {
    fn sum_of_squares<FMA>(grads: &[f32]) -> f64 {
        let mut sums = [0.0; LANES];
        let (chunks, rest) = grads.as_chunks::<LANES>();
        let mut add = |short: &Lanes| {
            for lane in 0..LANES {
                sums[lane] += f64::from(short[lane]);
            }
        };
        let (runs, few) = chunks.as_chunks::<CHUNKS>();
        for run in runs {
            // two sums, so that none waits for the one before it
            let mut short = [[0.0; LANES]; 2];
            for [a, b] in run.as_chunks().0 {
                ask_ahead(a);
                ask_ahead(b);
                add_squares::<FMA>(&mut short[0], a);
                add_squares::<FMA>(&mut short[1], b);
            }
            short.iter().for_each(&mut add);
        }
        let mut short = [0.0; LANES];
        for chunk in few.iter().chain([&padded(rest, 0.0)]) {
            add_squares::<FMA>(&mut short, chunk);
        }
        add(&short);
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
            // squares of halves are exact, those of sines are rounded
            let halves: Vec<f32> = (0..len).map(|i| (i % 13) as f32 - 6.5).collect();
            let sines: Vec<f32> = (0..len).map(|i| (i as f32).sin()).collect();
            for (grads, off) in [(halves, 1e-12), (sines, 1e-7)] {
                let plain = reference::norm(&grads);
                let [one, three] = [1, 3].map(|n| norm(&Cpu::new(n).unwrap(), &grads));
                assert!(
                    (one - plain).abs() <= off * plain,
                    "{len}: {one} is not {plain}"
                );
                assert_eq!(one.to_bits(), three.to_bits());
            }
        }
        assert_eq!(reference::norm(&[3.0_f32, 4.0]), 5.0);
    }
}
