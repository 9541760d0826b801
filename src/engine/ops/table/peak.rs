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

/// Products of tiles that nobody loads: whatever is in them.
#[cfg(target_arch = "x86_64")]
fn spin(_: &Tiles) {
    // SAFETY: tiles are there and shaped while one lives; the compiler keeps nothing in them
    unsafe {
        std::arch::asm!(
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "tilezero tmm4", "tilezero tmm5", "tilezero tmm6", "tilezero tmm7",
            "2:",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "dec {n}",
            "jnz 2b",
            n = inout(reg) ROUNDS => _,
            options(nostack, nomem),
        );
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
        let flop = 4 * 2 * 16 * 16 * 32 * ROUNDS; // four products; rows, columns, depth
        return best(flop as f64, || spin(&tiles));
    }
    let _ = precision; // elsewhere bf16 is widened to f32
    let mut sums = [[1.0; WIDTH]; SUMS];
    let flop = 2 * WIDTH * SUMS * ROUNDS;
    best(flop as f64, || {
        multiply(isa, black_box(&mut sums), black_box(0.5))
    })
}
