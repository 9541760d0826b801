//! Kernels for processors with 256-bit vectors (AVX2), for all formats.
//!
//! A part of 32 weights becomes bytes, whose products with 32 activations are added up by twos in
//! 16 bits and by fours in 32: of numbers below 64 no sum of two leaves 16 bits, and where weights
//! may be larger they are kept with their sign, as |w| · sign(w)·x. The scales of the part are
//! multiplied in f32; those of eight parts are made at once.

mod across;
mod formats;

use std::arch::x86_64::*;

use super::panels::{Panel, Raised};
use super::{Eights, Matrix, PART, SUPER, panels};
use crate::engine::gguf::Kind;
use formats::{
    Format, Iq4Nl, Iq4Xs, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0, Scales,
};

/// What is done with a format.
struct Ways {
    product: unsafe fn(&mut [f32], &Eights, &Matrix<'_>),
    across: unsafe fn(&mut Panel, &Raised<'_>, &Matrix<'_>, *mut f32, usize),
}

const fn ways<F: Format>() -> Ways {
    Ways {
        product: product::<F>,
        across: across::products::<F>,
    }
}

/// The kernels of a format, where this machine has the instructions.
fn ways_of(kind: &Kind) -> Option<&'static Ways> {
    macro_rules! table {
        ($($name:literal: $format:ty),* $(,)?) => {
            match kind.name {
                $($name => Some(const { &ways::<$format>() }),)*
                _ => None,
            }
        };
    }
    let is_there = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    if !is_there {
        return None;
    }
    table!(
        "Q4_0": Q4_0, "Q4_1": Q4_1, "Q5_0": Q5_0, "Q5_1": Q5_1, "Q8_0": Q8_0, "IQ4_NL": Iq4Nl,
        "Q2_K": Q2K, "Q3_K": Q3K, "Q4_K": Q4K, "Q5_K": Q5K, "Q6_K": Q6K, "IQ4_XS": Iq4Xs,
    )
}

/// Whether there are kernels for this type.
pub(super) fn can_multiply(kind: &Kind) -> bool {
    ways_of(kind).is_some()
}

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ; false where this machine or this format has no kernel.
pub(super) fn matmul(y: &mut [f32], x: &Eights, w: &Matrix<'_>) -> bool {
    let Some(ways) = ways_of(w.kind) else {
        return false;
    };
    // SAFETY: the instructions were detected
    unsafe { (ways.product)(y, x, w) };
    true
}

/// `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ of at most 32 rows of `w`, by way of `panel`; row n begins at
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
    assert!(w.i <= x.width && w.o <= panels::ROWS, "another panel");
    let ways = ways_of(w.kind).expect("products without instructions");
    // SAFETY: the instructions were detected, widths compared
    unsafe { (ways.across)(panel, x, w, y, stride) };
}

/// Rows that lie side by side in registers, with one row of activations.
const STREAMS: usize = 2;
/// Rows of activations that go side by side.
const BATCH: usize = 4;
/// Parts of 32 in a super-block.
const PARTS: usize = SUPER / PART;

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn product<F: Format>(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    let n = x.n();
    let mut from = 0;
    while from < w.o {
        let some = Rows {
            w: w.bytes[from * w.row_bytes()..].as_ptr(),
            row_bytes: w.row_bytes(),
            n_parts: w.i / PART,
            x,
        };
        let y = &mut y[from * n..];
        // SAFETY: so many rows are there
        from += unsafe {
            match (n, w.o - from) {
                (1, STREAMS..) => some.go::<F, STREAMS>(y),
                _ => some.go::<F, 1>(y),
            }
        };
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

/// Sums of the products of R rows with N rows of activations, in eight lanes.
type Sums<const R: usize, const N: usize> = [[__m256; N]; R];

impl Rows<'_> {
    /// Writes the products of `R` rows, and gives R.
    ///
    /// # Safety
    /// The rows are there.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
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
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn tile<F: Format, const R: usize, const N: usize>(
        &self,
        y: &mut [f32],
        from: usize,
    ) -> usize {
        let mut x = [self.at(from); N];
        for (n, x) in x.iter_mut().enumerate() {
            *x = self.at(from + n);
        }
        let mut sums = [[_mm256_setzero_ps(); N]; R];
        let mut w = self.w;
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
                y[r * n + from + at] = sum_of(sums[r][at]);
            }
        }
        N
    }

    #[inline]
    fn at(&self, n: usize) -> At {
        let row = self.x.row(n);
        At {
            q: row.q.as_ptr(),
            d: row.d.as_ptr(),
            sums: row.sums.as_ptr(),
        }
    }
}

/// The sum of eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_of(x: __m256) -> f32 {
    let halves = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
    let two = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

/// Adds the products of a super-block of `n_parts` parts.
///
/// # Safety
/// So many parts are in each of R rows; a whole super-block of activations is in each of N.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn add<F: Format, const R: usize, const N: usize>(
    sums: &mut Sums<R, N>,
    w: *const u8,
    row_bytes: usize,
    x: &[At; N],
    n_parts: usize,
) {
    // Scales of both sides, of each part or of each sixteen weights.
    let mut scales = [[[_mm256_setzero_ps(); 2]; N]; R];
    for r in 0..R {
        // SAFETY: as the caller says; what is asked for ahead need not be there
        unsafe {
            let w = w.add(r * row_bytes);
            let ahead = w.wrapping_add(AHEAD.next_multiple_of(R * row_bytes)); // of rows to come
            let mut line = 0;
            while line < F::SUPER_BYTES {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line).cast());
                line += 64;
            }
            let Scales { a, b } = F::scales(w, n_parts);
            for n in 0..N {
                let d = _mm256_loadu_ps(x[n].d);
                scales[r][n] = match F::BY_16 {
                    true => {
                        let early = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
                        let late = _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7);
                        [
                            _mm256_mul_ps(a[0], _mm256_permutevar8x32_ps(d, early)),
                            _mm256_mul_ps(a[1], _mm256_permutevar8x32_ps(d, late)),
                        ]
                    }
                    false => [_mm256_mul_ps(a[0], d), a[1]],
                };
                if !F::SIGNED {
                    let sum = &mut sums[r][n];
                    *sum = _mm256_fnmadd_ps(b[0], _mm256_loadu_ps(x[n].sums), *sum);
                    *sum = _mm256_fnmadd_ps(b[1], _mm256_loadu_ps(x[n].sums.add(8)), *sum);
                }
            }
        }
    }
    macro_rules! parts {
        ($($part:literal)*) => { $(
            if $part < n_parts {
                // SAFETY: the part is there
                unsafe { add_part::<F, R, N, $part>(sums, &scales, w, row_bytes, x) };
            }
        )* };
    }
    parts!(0 1 2 3 4 5 6 7);
}

/// The same of one part.
///
/// # Safety
/// As [`add`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn add_part<F: Format, const R: usize, const N: usize, const P: usize>(
    sums: &mut Sums<R, N>,
    scales: &[[[__m256; 2]; N]; R],
    w: *const u8,
    row_bytes: usize,
    x: &[At; N],
) {
    let lanes = const {
        let (early, late) = match F::BY_16 {
            true => (2 * P % 8, 2 * P % 8 + 1),
            false => (P, P),
        };
        let (early, late) = (early as i32, late as i32);
        [early, early, early, early, late, late, late, late]
    };
    for r in 0..R {
        // SAFETY: as the caller says
        let weights = unsafe { F::weights(w.add(r * row_bytes), P) };
        for n in 0..N {
            // SAFETY: a whole super-block of activations is there, and eight lanes
            unsafe {
                let q = _mm256_loadu_si256(x[n].q.add(PART * P).cast());
                let pairs = match F::SIGNED {
                    true => {
                        let q = _mm256_sign_epi8(q, weights);
                        _mm256_maddubs_epi16(_mm256_abs_epi8(weights), q)
                    }
                    false => _mm256_maddubs_epi16(weights, q),
                };
                let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
                let scale = scales[r][n][if F::BY_16 { P / 4 } else { 0 }];
                let lanes = _mm256_loadu_si256(lanes.as_ptr().cast());
                let scale = _mm256_permutevar8x32_ps(scale, lanes);
                sums[r][n] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(fours), scale, sums[r][n]);
            }
        }
    }
}

/// Bytes that are asked for ahead, at least.
const AHEAD: usize = 4096;
