//! What one core can do at most: products of numbers that are in registers already, and reading
//! memory. Measured, because clocks are not told.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::engine::ops::simd::{Isa, fma, simd};
use crate::engine::ops::{Executor, Precision};
#[cfg(target_arch = "x86_64")]
use crate::engine::ops::{gemm::amx::tile::Tiles, simd::Level};

/// What one core can do at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Floating-point operations a second, a multiplication and an addition counting as two.
    pub flop_per_s: f64,
    /// Bytes a second read from memory.
    pub bytes_per_s: f64,
}

/// How long a measurement takes; the best of its rounds counts.
const MEASURE: Duration = Duration::from_millis(60);
/// Bytes read to measure memory: more than any cache of a core.
const MEMORY: usize = 64 << 20;

/// Registers of sums, enough to hide how long one multiplication takes, and numbers in them.
const SUMS: usize = 12;
const WIDTH: usize = 16;
const ROUNDS: usize = 4096;

simd! {
    fn multiply<FMA>(sums: &mut [[f32; WIDTH]; SUMS], factor: f32) {
        let mut own = *sums;
        for _ in 0..ROUNDS {
            for sum in &mut own {
                for x in sum.iter_mut() {
                    *x = fma::<FMA>(*x, factor, factor);
                }
            }
        }
        *sums = own;
    }
}

simd! {
    fn read<FMA>(numbers: &[f32]) -> f32 {
        let mut sums = [[0.0; WIDTH]; 4];
        for chunk in numbers.as_chunks::<WIDTH>().0.as_chunks::<4>().0 {
            for (sum, x) in sums.iter_mut().zip(chunk) {
                sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
            }
        }
        sums.iter().flatten().sum()
    }
}

/// Best rate of `work`, which does `amount` a call.
fn best(amount: f64, mut work: impl FnMut()) -> f64 {
    let began = Instant::now();
    let mut best: f64 = 0.0;
    while began.elapsed() < MEASURE {
        let round = Instant::now();
        work();
        best = best.max(amount / round.elapsed().as_secs_f64());
    }
    best
}

/// Measures what one core can do at most in the executor's precision and instruction set.
pub fn peak(executor: &Executor) -> Peak {
    let isa = executor.isa();
    let numbers = vec![1.0; MEMORY / size_of::<f32>()];
    Peak {
        flop_per_s: products(isa, executor.precision()),
        bytes_per_s: best(MEMORY as f64, || {
            black_box(read(isa, black_box(&numbers)));
        }),
    }
}

fn products(isa: Isa, precision: Precision) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if isa.level() == Level::Amx && precision == Precision::Bf16 {
        let tiles = Tiles::enter();
        let flop = 2 * 16 * 16 * 32 * Tiles::SPUN * ROUNDS; // rows, columns, depth
        return best(flop as f64, || tiles.spin(ROUNDS));
    }
    let _ = precision; // elsewhere bf16 is widened to f32
    let mut sums = [[1.0; WIDTH]; SUMS];
    let flop = 2 * WIDTH * SUMS * ROUNDS;
    best(flop as f64, || {
        multiply(isa, black_box(&mut sums), black_box(0.5))
    })
}
