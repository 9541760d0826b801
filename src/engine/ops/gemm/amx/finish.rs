//! From a block of sums to the numbers of the result: turned, added, rounded, cut at the edges.

use std::arch::x86_64::*;

use half::bf16;

use super::super::{Element, Store};
use super::pack::transposed;
use super::tile::SIDE;

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

/// Writes the sums where they go; `across` exchanges their rows and columns before.
///
/// # Safety
/// The place may be written, and read where sums are added. The processor has AVX-512 (f, bw,
/// bf16).
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn finish<C: Element>(sums: &Sums, across: bool, place: Place<C>) {
    if across {
        let mut turned = Sums([0.0; SIDE * SIDE]);
        turn(&mut turned, sums);
        // SAFETY: the caller's word
        unsafe { write(&turned, place) };
    } else {
        // SAFETY: the caller's word
        unsafe { write(sums, place) };
    }
}

/// Exchanges rows and columns.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn(into: &mut Sums, from: &Sums) {
    for [row, col] in [[0, 0], [0, 16], [16, 0], [16, 16]] {
        let mut x = [_mm512_setzero_si512(); 16];
        for (i, x) in x.iter_mut().enumerate() {
            let line = &from.0[(row + i) * SIDE + col..][..16];
            // SAFETY: 16 numbers
            *x = unsafe { _mm512_loadu_si512(line.as_ptr().cast()) };
        }
        for (i, x) in transposed(x).into_iter().enumerate() {
            let line = &mut into.0[(col + i) * SIDE + row..][..16];
            // SAFETY: 16 numbers
            unsafe { _mm512_storeu_si512(line.as_mut_ptr().cast(), x) };
        }
    }
}

/// Row by row, two registers of 16 each.
///
/// # Safety
/// As for [`finish`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
unsafe fn write<C: Element>(sums: &Sums, place: Place<C>) {
    let mask: __mmask32 = !0 >> (SIDE - place.cols);
    for (i, row) in sums.0.chunks_exact(SIDE).enumerate().take(place.rows) {
        // SAFETY: a row has 32 sums; of the place only numbers inside of the mask are touched,
        // which the caller vouches for
        unsafe {
            let mut x = [
                _mm512_loadu_ps(row.as_ptr()),
                _mm512_loadu_ps(row.as_ptr().add(16)),
            ];
            let at = place.data.add(i * place.stride);
            if size_of::<C>() == size_of::<f32>() {
                let at: *mut f32 = at.cast(); // f32 is the element of this size
                let masks = [mask as __mmask16, (mask >> 16) as __mmask16];
                for half in 0..2 {
                    let at = at.wrapping_add(16 * half);
                    if place.store == Store::Add {
                        x[half] = _mm512_add_ps(x[half], _mm512_maskz_loadu_ps(masks[half], at));
                    }
                    _mm512_mask_storeu_ps(at, masks[half], x[half]);
                }
            } else {
                let at: *mut bf16 = at.cast(); // the other element
                if place.store == Store::Add {
                    let old = _mm512_maskz_loadu_epi16(mask, at.cast());
                    let wide =
                        |x| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(x)));
                    x[0] = _mm512_add_ps(x[0], wide(_mm512_castsi512_si256(old)));
                    x[1] = _mm512_add_ps(x[1], wide(_mm512_extracti64x4_epi64::<1>(old)));
                }
                let near: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(x[1], x[0]));
                _mm512_mask_storeu_epi16(at.cast(), mask, near);
            }
        }
    }
}
