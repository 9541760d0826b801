//! Weights and activations as bf16.

use std::arch::x86_64::*;

use half::bf16;

use super::super::{Matrix, PART, SUPER};
use super::BEYOND;
use super::formats::Format;

/// Rows of blocks as numbers of bf16.
///
/// # Safety
/// The processor has these instructions.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c")]
pub(super) unsafe fn rows<F: Format>(w: &Matrix<'_>, into: &mut [bf16]) {
    let row_bytes = w.row_bytes();
    // what is read behind the last rows would be beyond the matrix: these are copied
    let n_safe = (w.bytes.len().saturating_sub(BEYOND) / row_bytes).min(w.o);
    let copy = with_zeros_behind(&w.bytes[n_safe * row_bytes..w.o * row_bytes]);
    for (o, into) in into.chunks_exact_mut(w.i).enumerate().take(w.o) {
        let bytes = match o < n_safe {
            true => &w.bytes[o * row_bytes..],
            false => &copy[(o - n_safe) * row_bytes..],
        };
        // SAFETY: the row is there, with as many bytes behind it as may be read
        unsafe { row::<F>(bytes.as_ptr(), into) };
    }
}

/// The bytes, and as many zeros as may be read behind them.
pub(super) fn with_zeros_behind(bytes: &[u8]) -> Vec<u8> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let mut copy = Vec::with_capacity(bytes.len() + BEYOND);
    copy.extend_from_slice(bytes);
    copy.resize(bytes.len() + BEYOND, 0);
    copy
}

/// # Safety
/// A row of blocks is there, and [`BEYOND`] bytes behind it; `into` has a multiple of 32 places.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c")]
unsafe fn row<F: Format>(w: *const u8, into: &mut [bf16]) {
    for (at, into) in into.chunks_mut(SUPER).enumerate() {
        let n_parts = into.len() / PART;
        // SAFETY: the super-block is in the row
        unsafe {
            let w = w.add(at * F::SUPER_BYTES);
            let (a, b) = F::scales(w, n_parts);
            for (part, into) in into.chunks_exact_mut(PART).enumerate() {
                let q = F::weights(w, part / 2);
                let q = match part % 2 {
                    0 => _mm512_castsi512_si256(q),
                    _ => _mm512_extracti64x4_epi64::<1>(q),
                };
                let q = [_mm256_castsi256_si128(q), _mm256_extracti128_si256::<1>(q)];
                let mut halves = [_mm512_setzero_ps(); 2];
                for late in 0..2 {
                    let of = 2 * part + late;
                    let scale = if F::BY_16 { of } else { part };
                    let a = _mm512_permutexvar_ps(_mm512_set1_epi32(scale as i32), a);
                    let b = _mm512_permutexvar_ps(_mm512_set1_epi32(of as i32), b);
                    let q = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(q[late]));
                    halves[late] = _mm512_fmsub_ps(a, q, b);
                }
                let both: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(halves[1], halves[0]));
                _mm512_storeu_si512(into.as_mut_ptr().cast(), both);
            }
        }
    }
}

/// Numbers rounded to the nearest.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub(super) fn round(into: &mut [bf16], x: &[f32]) {
    for (into, x) in into.chunks_mut(32).zip(x.chunks(32)) {
        let mask = |n: usize| (1u32 << n.min(16)).wrapping_sub(1) as __mmask16;
        let n = into.len().min(x.len());
        // SAFETY: only numbers that are there are read and written
        unsafe {
            let first = _mm512_maskz_loadu_ps(mask(n), x.as_ptr());
            let last =
                _mm512_maskz_loadu_ps(mask(n.saturating_sub(16)), x.as_ptr().wrapping_add(16));
            let both: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(last, first));
            let mask = (1u64 << n).wrapping_sub(1) as __mmask32;
            _mm512_mask_storeu_epi16(into.as_mut_ptr().cast(), mask, both);
        }
    }
}
