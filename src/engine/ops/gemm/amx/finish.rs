//! From a block of sums to the numbers of the result: turned, added, rounded, cut at the edges.

use std::arch::x86_64::*;

use super::super::{Element, Store};
use super::pack::transposed;
use super::tile::{PARTS, SIDE};

/// 32 rows of 32 sums, which begin at a cache line.
#[repr(C, align(64))]
pub(super) struct Sums(pub(super) [f32; SIDE * SIDE]);

/// Bytes between rows of [`Sums`].
pub(super) const SUMS_ROW: usize = SIDE * size_of::<f32>();

/// Where a block goes.
#[derive(Clone, Copy)]
pub(super) struct Place<C> {
    pub(super) data: *mut C,
    /// Numbers between rows.
    pub(super) stride: usize,
    /// Rows that there are, at most 32.
    pub(super) rows: usize,
    /// Columns that there are, at most 32.
    pub(super) cols: usize,
    pub(super) store: Store,
}

/// Writes one of [`PARTS`] of the sums where it goes; `across` exchanges rows and columns before.
///
/// # Safety
/// The place may be written, and read where sums are added. The processor has AVX-512 (f, bw,
/// vl, bf16).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub(super) unsafe fn finish<C: Element>(sums: &Sums, across: bool, place: Place<C>, part: usize) {
    if !across {
        const ROWS: usize = SIDE / PARTS;
        for i in part * ROWS..(part + 1) * ROWS {
            let row = &sums.0[i * SIDE..][..SIDE];
            // SAFETY: 32 sums; the place is the caller's word
            unsafe {
                let x = [
                    _mm512_loadu_ps(row.as_ptr()),
                    _mm512_loadu_ps(row[16..].as_ptr()),
                ];
                put(place, i, 0, x[0]);
                put(place, i, 16, x[1]);
            }
        }
    } else if part.is_multiple_of(PARTS / 4) {
        // a quarter of the block at a time: 16 rows, 16 columns
        let quarter = part / (PARTS / 4);
        let [row, col] = [quarter / 2 * 16, quarter % 2 * 16];
        let mut x = [_mm512_setzero_si512(); 16];
        for (i, x) in x.iter_mut().enumerate() {
            let line = &sums.0[(row + i) * SIDE + col..][..16];
            // SAFETY: 16 numbers
            *x = unsafe { _mm512_loadu_si512(line.as_ptr().cast()) };
        }
        for (i, x) in transposed(x).into_iter().enumerate() {
            // SAFETY: the caller's word
            unsafe { put(place, col + i, row, _mm512_castsi512_ps(x)) };
        }
    }
}

/// Writes 16 numbers of a row, or those of them that are inside of the place.
///
/// # Safety
/// As for [`finish`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn put<C: Element>(place: Place<C>, row: usize, col: usize, x: __m512) {
    if row >= place.rows || col >= place.cols {
        return;
    }
    let mask: __mmask16 = !0 >> (16 - (place.cols - col).min(16));
    let at = place.data.wrapping_add(row * place.stride + col);
    let add = place.store == Store::Add;
    // SAFETY: only numbers inside of the mask are touched, which the caller vouches for
    unsafe {
        if size_of::<C>() == size_of::<f32>() {
            let at: *mut f32 = at.cast(); // f32 is the element of this size
            let x = match add {
                true => _mm512_add_ps(_mm512_maskz_loadu_ps(mask, at), x),
                false => x,
            };
            _mm512_mask_storeu_ps(at, mask, x);
        } else {
            let at: *mut i16 = at.cast(); // bf16 is the other element
            let x = match add {
                true => {
                    let old = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, at));
                    _mm512_add_ps(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(old)), x)
                }
                false => x,
            };
            let near: __m256i = std::mem::transmute(_mm512_cvtneps_pbh(x));
            _mm256_mask_storeu_epi16(at, mask, near);
        }
    }
}
