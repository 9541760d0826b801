//! Kernels for processors with AVX-512 and its instruction for products of bytes (VNNI).
//!
//! 64 weights at a time become bytes, each product with 64 activations sixteen sums of four; the
//! scales of the parts those belong to are multiplied in f32. Some rows of the matrix go side by
//! side, so that activations are loaded once for them, and memory is read in several streams.

mod decode;
mod formats;

use std::arch::x86_64::*;

use half::bf16;

use super::eights::Row;
use super::{Eights, Matrix, PART, SUPER};
use crate::engine::gguf::Kind;
use formats::{Format, Iq4Nl, Iq4Xs, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};

/// Bytes that kernels may read behind a row of blocks.
const BEYOND: usize = 64;

/// What is done with a format.
struct Ways {
    product: unsafe fn(&mut [f32], &Eights, &Matrix<'_>),
    decode: unsafe fn(&Matrix<'_>, &mut [bf16]),
}

const fn ways<F: Format>() -> Ways {
    Ways {
        product: product::<F>,
        decode: decode::rows::<F>,
    }
}

/// The kernels of a format, if there are some.
fn ways_of(kind: &Kind) -> Option<&'static Ways> {
    macro_rules! table {
        ($($name:literal: $format:ty),* $(,)?) => {
            match kind.name {
                $($name => Some(const { &ways::<$format>() }),)*
                _ => None,
            }
        };
    }
    table!(
        "Q4_0": Q4_0, "Q4_1": Q4_1, "Q5_0": Q5_0, "Q5_1": Q5_1, "Q8_0": Q8_0, "IQ4_NL": Iq4Nl,
        "Q2_K": Q2K, "Q3_K": Q3K, "Q4_K": Q4K, "Q5_K": Q5K, "Q6_K": Q6K, "IQ4_XS": Iq4Xs,
    )
}

/// Whether this machine has the instructions that go beyond AVX-512 as it began.
fn is_there() -> bool {
    is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("f16c")
}

/// Whether there are kernels for this type.
pub(super) fn can(kind: &Kind) -> bool {
    is_there() && is_x86_feature_detected!("avx512bf16") && ways_of(kind).is_some()
}

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ; false where this machine or this format has no kernel.
pub(super) fn matmul(y: &mut [f32], x: &Eights, w: &Matrix<'_>) -> bool {
    let Some(ways) = ways_of(w.kind).filter(|_| is_there()) else {
        return false;
    };
    // SAFETY: the caller was given an `Isa` with AVX-512, the rest was detected above
    unsafe { (ways.product)(y, x, w) };
    true
}

/// The rows of `w` as numbers, `[o,i]`.
///
/// # Panics
/// Where [`can`] says no.
pub(super) fn decode(w: &Matrix<'_>, into: &mut [bf16]) {
    assert!(can(w.kind), "weights of a type without kernels");
    if let Some(ways) = ways_of(w.kind) {
        // SAFETY: detected in the line above; `F16C` and VNNI are only there with the rest
        unsafe { (ways.decode)(w, into) };
    }
}

/// Numbers rounded to the nearest.
///
/// # Panics
/// Where the processor has no bf16.
pub(super) fn round(into: &mut [bf16], x: &[f32]) {
    assert!(is_x86_feature_detected!("avx512bf16"), "bf16 without instructions");
    // SAFETY: detected in the line above
    unsafe { decode::round(into, x) };
}

/// Rows that lie side by side in registers, with one row of activations and with several.
const STREAMS: usize = 4;
const PAIR: usize = 2;
/// Rows of activations that go side by side.
const BATCH: usize = 4;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn product<F: Format>(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    let (n, row_bytes) = (x.n(), w.row_bytes());
    // What is read behind the last rows would be beyond the matrix: these are copied.
    let n_safe = (w.bytes.len().saturating_sub(BEYOND) / row_bytes).min(w.o());
    let mut copy = w.bytes[n_safe * row_bytes..].to_vec();
    copy.resize(copy.len() + BEYOND, 0);
    let (y, y_last) = y.split_at_mut(n_safe * n);
    for (y, bytes) in [(y, w.bytes), (y_last, &copy[..])] {
        let n_rows = y.len() / n;
        let mut from = 0;
        while from < n_rows {
            let some = Rows {
                w: bytes[from * row_bytes..].as_ptr(),
                row_bytes,
                n_parts: w.i / PART,
                x,
            };
            let y = &mut y[from * n..];
            // SAFETY: so many rows are there, with as many bytes behind them as may be read
            from += unsafe {
                match (n, n_rows - from) {
                    (1, STREAMS..) => some.go::<F, STREAMS>(y),
                    (2.., PAIR..) => some.go::<F, PAIR>(y),
                    _ => some.go::<F, 1>(y),
                }
            };
        }
    }
}

/// Some rows of a matrix, and what they are multiplied with.
struct Rows<'a> {
    w: *const u8,
    row_bytes: usize,
    /// Parts of a row.
    n_parts: usize,
    x: &'a Eights,
}

impl Rows<'_> {
    /// Writes the products of `R` rows, and gives R.
    ///
    /// # Safety
    /// The rows are there, and [`BEYOND`] bytes behind them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
    unsafe fn go<F: Format, const R: usize>(&self, y: &mut [f32]) -> usize {
        let n = self.x.n();
        let mut from = 0;
        while from < n {
            // SAFETY: as the caller says
            from += unsafe {
                match n - from {
                    BATCH.. => self.tile::<F, R, BATCH>(y, from),
                    _ => self.tile::<F, R, 1>(y, from),
                }
            };
        }
        R
    }

    /// Products of R rows with N rows of activations from `from` on; gives N.
    ///
    /// # Safety
    /// As [`Rows::go`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
    unsafe fn tile<F: Format, const R: usize, const N: usize>(
        &self,
        y: &mut [f32],
        from: usize,
    ) -> usize {
        let x: [Row<'_>; N] = std::array::from_fn(|n| self.x.row(from + n));
        let mut sums = [[_mm512_setzero_ps(); N]; R];
        for at in 0..x[0].n_supers() {
            let n_parts = (self.n_parts - at * (SUPER / PART)).min(SUPER / PART);
            // SAFETY: the super-block is in the row, or so little beyond it as may be read
            unsafe {
                let w: [*const u8; R] = std::array::from_fn(|r| {
                    self.w.add(r * self.row_bytes + at * F::SUPER_BYTES)
                });
                // the lines that come next
                for w in w {
                    let ahead = w.wrapping_add(AHEAD);
                    for line in (0..F::SUPER_BYTES).step_by(64) {
                        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line).cast());
                    }
                }
                let mut scales = [[_mm512_setzero_ps(); N]; R];
                for (r, w) in w.iter().enumerate() {
                    let (a, b) = F::scales(*w, n_parts);
                    for (n, x) in x.iter().enumerate() {
                        let d = _mm512_zextps256_ps512(_mm256_loadu_ps(x.d[at * 8..].as_ptr()));
                        let half_sums = _mm512_loadu_ps(x.sums[at * 16..].as_ptr());
                        scales[r][n] = if F::BY_16 {
                            _mm512_mul_ps(a, _mm512_permutexvar_ps(numbers(TWICE), d))
                        } else {
                            _mm512_mul_ps(a, d)
                        };
                        sums[r][n] = _mm512_fnmadd_ps(b, half_sums, sums[r][n]);
                    }
                }
                for j in 0..n_parts.div_ceil(2) {
                    let lanes = numbers(if F::BY_16 { FOUR[j] } else { TWO[j] });
                    let w: [__m512i; R] = std::array::from_fn(|r| F::weights(w[r], j));
                    for (n, x) in x.iter().enumerate() {
                        let x = _mm512_loadu_si512(x.q[at * SUPER + 64 * j..].as_ptr().cast());
                        for r in 0..R {
                            let dot = _mm512_dpbusd_epi32(_mm512_setzero_si512(), w[r], x);
                            let scale = _mm512_permutexvar_ps(lanes, scales[r][n]);
                            sums[r][n] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, sums[r][n]);
                        }
                    }
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            for (n, sums) in sums.into_iter().enumerate() {
                y[r * self.x.n() + from + n] = _mm512_reduce_add_ps(sums);
            }
        }
        N
    }
}

/// Bytes of a row that are asked for ahead.
const AHEAD: usize = 1024;

/// Which part each of sixteen numbers belongs to: each twice; of 64 weights in two parts; in four.
const TWICE: [i32; 16] = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7];
const TWO: [[i32; 16]; 4] = by(8);
const FOUR: [[i32; 16]; 4] = by(4);

/// Numbers of the parts of sixteen lanes, so many lanes each, of each quarter of a super-block.
const fn by(lanes: usize) -> [[i32; 16]; 4] {
    let mut parts = [[0; 16]; 4];
    let mut i = 0;
    while i < 64 {
        parts[i / 16][i % 16] = (i / lanes) as i32;
        i += 1;
    }
    parts
}

#[inline]
#[target_feature(enable = "avx512f")]
fn numbers(of: [i32; 16]) -> __m512i {
    // SAFETY: sixteen numbers are there
    unsafe { _mm512_loadu_si512(of.as_ptr().cast()) }
}
