//! What one core can do at most: products of numbers that are in registers already, and reading
//! memory. Measured, because clocks are not told.

use std::hint::black_box;
use std::time::{Duration, Instant};

#[cfg(target_arch = "x86_64")]
use crate::engine::ops::gemm::amx::tile::Tiles;
use crate::engine::ops::gemm::vector::{Four, Lanes};
use crate::engine::ops::simd::{Isa, LANES, Level, simd};
use crate::engine::ops::{Buffer, Executor, Precision};

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

/// Registers of sums, enough to hide how long one multiplication takes.
const SUMS: usize = 12;
const ROUNDS: usize = 4096;

/// Products and sums of registers, as many as [`SUMS`] times [`ROUNDS`].
///
/// # Safety
/// The instruction set of the registers is there.
#[inline(always)]
unsafe fn multiply<V: Lanes>(factor: f32) -> f32 {
    // SAFETY: the caller's word; 16 numbers are room for a register of any kind
    unsafe {
        let factor = V::splat(factor);
        let mut sums = [V::splat(1.0); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = sum.fma(factor, factor);
            }
        }
        let mut all = sums[0];
        for sum in &sums[1..] {
            all = all.add(*sum);
        }
        let mut out = [0.0_f32; 16];
        all.store(out.as_mut_ptr());
        out[0]
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn multiply_avx512(factor: f32) -> f32 {
    // SAFETY: the features are enabled
    unsafe { multiply::<std::arch::x86_64::__m512>(factor) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn multiply_avx2(factor: f32) -> f32 {
    // SAFETY: the features are enabled
    unsafe { multiply::<std::arch::x86_64::__m256>(factor) }
}

/// [`multiply`] with the registers of an instruction set, and how many numbers are in one.
fn multiply_with(isa: Isa, factor: f32) -> (usize, f32) {
    match isa.level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level was only made where the features were detected
        Level::Amx | Level::Avx512 => (16, unsafe { multiply_avx512(factor) }),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above
        Level::Avx2 => (8, unsafe { multiply_avx2(factor) }),
        #[cfg(target_arch = "aarch64")]
        // SAFETY: every processor has what these arrays become
        Level::Neon => (4, unsafe { multiply::<Four<true>>(factor) }),
        // SAFETY: as above
        Level::Scalar => (4, unsafe { multiply::<Four<false>>(factor) }),
    }
}

simd! {
    fn read<FMA>(numbers: &[f32]) -> f32 {
        let mut sums = [[0.0; LANES]; 4];
        for chunk in numbers.as_chunks::<LANES>().0.as_chunks::<4>().0 {
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
    let mut numbers = Buffer::zeros(MEMORY / size_of::<f32>());
    numbers.fill(1.0);
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
    let (width, _) = multiply_with(isa, 0.5);
    best((2 * width * SUMS * ROUNDS) as f64, || {
        black_box(multiply_with(isa, black_box(0.5)));
    })
}
