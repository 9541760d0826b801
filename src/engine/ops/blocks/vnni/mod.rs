//! Kernels for processors with AVX-512 and its instruction for products of bytes (VNNI).
//!
//! 64 weights at a time become bytes, each product with 64 activations sixteen sums of four; the
//! scales of the parts those belong to are multiplied in f32. Some rows of the matrix go side by
//! side, so that activations are loaded once for them, and memory is read in several streams.

mod across;
mod decode;
mod formats;
mod sixteen;

use std::arch::x86_64::*;

use half::bf16;

use super::super::gemm::amx::has_bytes;
use super::bytes::Strip;
use super::eights::Row;
use super::panels::{Panel, Raised};
use super::{Eights, Matrix, PART, SUPER, panels};
use crate::engine::gguf::Kind;
use formats::{
    Format, Iq4Nl, Iq4Xs, Order, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0, lanes,
};

/// Bytes that kernels may read behind a row of blocks.
const BEYOND: usize = 64;

/// What is done with a format.
struct Ways {
    product: unsafe fn(&mut [f32], &Eights, &Matrix<'_>),
    decode: unsafe fn(&Matrix<'_>, &mut [bf16]),
    on_tiles: unsafe fn(&[Strip<'_>], &Matrix<'_>, *mut f32, usize),
    across: unsafe fn(&mut Panel, &Raised<'_>, &Matrix<'_>, *mut f32, usize),
}

const fn ways<F: Format>() -> Ways {
    Ways {
        product: product::<F>,
        decode: decode::rows::<F>,
        on_tiles: sixteen::products::<F>,
        across: across::products::<F>,
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
pub(super) fn is_there() -> bool {
    is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("f16c")
}

/// Whether there are kernels for this type that multiply.
pub(super) fn can_multiply(kind: &Kind) -> bool {
    is_there() && ways_of(kind).is_some()
}

/// The same, and kernels that make numbers of bf16.
pub(super) fn can(kind: &Kind) -> bool {
    can_multiply(kind) && is_x86_feature_detected!("avx512bf16")
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

/// `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ on tiles of bytes; row n begins at `y + n · stride`.
///
/// # Safety
/// Those outputs may be written.
///
/// # Panics
/// Where [`can`] says no, or there are no such tiles.
pub(super) unsafe fn products_on_tiles(
    strips: &[Strip<'_>],
    w: &Matrix<'_>,
    y: *mut f32,
    stride: usize,
) {
    assert!(can(w.kind) && has_bytes(), "products without instructions");
    if let Some(ways) = ways_of(w.kind) {
        // SAFETY: detected in the line above; strips are as long as rows, by their maker
        unsafe { (ways.on_tiles)(strips, w, y, stride) };
    }
}

/// `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ of at most 32 rows of `w`, which `panel` takes; row n begins at
/// `y + n · stride`.
///
/// # Safety
/// Those outputs may be written.
///
/// # Panics
/// Where [`can_multiply`] says no, or rows are not as long as those of `w`.
pub(super) unsafe fn products_across(
    panel: &mut Panel,
    x: &Raised<'_>,
    w: &Matrix<'_>,
    y: *mut f32,
    stride: usize,
) {
    assert!(can_multiply(w.kind), "products without instructions");
    assert!(w.i <= x.width && w.o <= panels::ROWS, "another panel");
    if let Some(ways) = ways_of(w.kind) {
        // SAFETY: detected in the lines above, as are widths
        unsafe { (ways.across)(panel, x, w, y, stride) };
    }
}

/// Numbers rounded to the nearest.
///
/// # Panics
/// Where the processor has no bf16.
pub(super) fn round(into: &mut [bf16], x: &[f32]) {
    assert!(
        is_x86_feature_detected!("avx512bf16"),
        "bf16 without instructions"
    );
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
    let n_safe = (w.bytes.len().saturating_sub(BEYOND) / row_bytes).min(w.o);
    let copy = decode::with_zeros_behind(&w.bytes[n_safe * row_bytes..w.o * row_bytes]);
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

/// A row of activations, from a super-block on.
#[derive(Clone, Copy)]
struct At {
    q: *const i8,
    d: *const f32,
    sums: *const f32,
}

/// Sums of the products of R rows with N rows of activations, in sixteen lanes.
type Sums<const R: usize, const N: usize> = [[__m512; N]; R];

// No closures here: they are functions of their own, whose vectors go through memory.
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
        let mut x = [self.at::<F>(from); N];
        for (n, x) in x.iter_mut().enumerate() {
            *x = self.at::<F>(from + n);
        }
        let mut sums = [[_mm512_setzero_ps(); N]; R];
        let mut w = self.w;
        const PARTS: usize = SUPER / PART;
        for _ in 0..self.n_parts / PARTS {
            // SAFETY: the super-block is in every row
            unsafe {
                add::<F, R, N>(&mut sums, w, self.row_bytes, &x, PARTS);
                w = w.add(F::SUPER_BYTES);
                for x in &mut x {
                    x.q = x.q.add(SUPER);
                    x.d = x.d.add(PARTS);
                    x.sums = x.sums.add(2 * PARTS);
                }
            }
        }
        if !self.n_parts.is_multiple_of(PARTS) {
            // SAFETY: so many parts are in every row; activations are padded to a super-block
            unsafe { add::<F, R, N>(&mut sums, w, self.row_bytes, &x, self.n_parts % PARTS) };
        }
        let n = self.x.n();
        for r in 0..R {
            for at in 0..N {
                y[r * n + from + at] = _mm512_reduce_add_ps(sums[r][at]);
            }
        }
        N
    }

    #[inline]
    fn at<F: Format>(&self, n: usize) -> At {
        let row = self.x.row(n);
        At {
            q: ordered(&row, F::ORDER).as_ptr(),
            d: row.d.as_ptr(),
            sums: row.sums.as_ptr(),
        }
    }
}

/// The numbers of a row in the order that a format's weights come in.
#[inline]
fn ordered<'a>(row: &Row<'a>, order: Order) -> &'a [i8] {
    match order {
        Order::Natural => row.q,
        Order::Blocks => row.by_blocks,
        Order::Chunks => row.by_chunks,
    }
}

/// Adds the products of a super-block of `n_parts` parts.
///
/// # Safety
/// So many parts are in each of R rows, and [`BEYOND`] bytes behind them; a whole super-block of
/// activations is in each of N.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn add<F: Format, const R: usize, const N: usize>(
    sums: &mut Sums<R, N>,
    w: *const u8,
    row_bytes: usize,
    x: &[At; N],
    n_parts: usize,
) {
    // SAFETY: as the caller says
    unsafe {
        let mut scales = [[_mm512_setzero_ps(); N]; R];
        for r in 0..R {
            let w = w.add(r * row_bytes);
            let ahead = w.wrapping_add(AHEAD.next_multiple_of(R * row_bytes)); // of rows to come
            let mut line = 0;
            while line < F::SUPER_BYTES {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line).cast());
                line += 64;
            }
            let (a, b) = F::scales(w, n_parts);
            for n in 0..N {
                let d = _mm512_zextps256_ps512(_mm256_loadu_ps(x[n].d));
                let half_sums = _mm512_loadu_ps(x[n].sums);
                let d = match F::BY_16 {
                    true => _mm512_permutexvar_ps(numbers(TWICE), d),
                    false => d,
                };
                scales[r][n] = _mm512_mul_ps(a, d);
                sums[r][n] = _mm512_fnmadd_ps(b, half_sums, sums[r][n]);
            }
        }
        add_half::<F, R, N, 0>(sums, &scales, w, row_bytes, x, n_parts);
        if n_parts > 4 {
            add_half::<F, R, N, 1>(sums, &scales, w, row_bytes, x, n_parts - 4);
        }
    }
}

/// The same of half a super-block.
///
/// # Safety
/// As [`add`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn add_half<F: Format, const R: usize, const N: usize, const HALF: usize>(
    sums: &mut Sums<R, N>,
    scales: &Sums<R, N>,
    w: *const u8,
    row_bytes: usize,
    x: &[At; N],
    n_parts: usize,
) {
    let lanes = const { lanes(F::ORDER, HALF, F::BY_16) };
    for r in 0..R {
        // SAFETY: as the caller says
        let [first, second] = unsafe { F::halves(w.add(r * row_bytes), HALF, n_parts) };
        for n in 0..N {
            // SAFETY: a whole super-block of activations is there
            let (x, late) = unsafe {
                let x = x[n].q.add(128 * HALF);
                (
                    _mm512_loadu_si512(x.cast()),
                    _mm512_loadu_si512(x.add(64).cast()),
                )
            };
            let zero = _mm512_setzero_si512();
            let dot = _mm512_dpbusd_epi32(zero, first, x);
            let sum = &mut sums[r][n];
            let scale = _mm512_permutexvar_ps(numbers(lanes[0]), scales[r][n]);
            if F::ORDER == Order::Blocks {
                let dot = _mm512_dpbusd_epi32(dot, second, late);
                *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, *sum);
            } else {
                *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, *sum);
                let dot = _mm512_dpbusd_epi32(zero, second, late);
                let scale = _mm512_permutexvar_ps(numbers(lanes[1]), scales[r][n]);
                *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, *sum);
            }
        }
    }
}

/// Bytes that are asked for ahead, at least. The rows side by side are so near each other that
/// the processor, which looks for steps, does not see what comes.
const AHEAD: usize = 4096;

/// Which part each of sixteen numbers belongs to: each twice.
const TWICE: [i32; 16] = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7];

#[inline]
#[target_feature(enable = "avx512f")]
fn numbers(of: [i32; 16]) -> __m512i {
    // SAFETY: sixteen numbers are there
    unsafe { _mm512_loadu_si512(of.as_ptr().cast()) }
}
