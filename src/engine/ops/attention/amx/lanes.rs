//! Sixteen f32 side by side: exponentials, rounding to bf16, turning rows into columns.

use std::arch::x86_64::*;

use half::bf16;

use super::tile::place_of;
use crate::engine::ops::gemm::amx::{CELL, SIDE, transposed};

/// 2^x to 3e-6 of itself; 0 far below, not a number where x is none.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn exp2(x: __m512) -> __m512 {
    // polynomial of the least relative error on [0, 1], by Remez's algorithm
    const TERMS: [f32; 4] = [0.052_011_46, 0.241_442_76, 0.693_003_83, 1.000_002_6];
    const FLOOR: i32 = 0b1001; // round down to whole numbers, raise nothing
    let rest = _mm512_reduce_ps::<FLOOR>(x);
    let mut e = _mm512_set1_ps(0.013_534_168);
    for term in TERMS {
        e = _mm512_fmadd_ps(e, rest, _mm512_set1_ps(term));
    }
    _mm512_scalef_ps(e, x) // times 2 to the floor of x
}

/// Half of the last place that a bf16 keeps, to be added before the rest is cut off: rounds to
/// the nearest, ties away from zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn half_up(x: __m512) -> __m512i {
    _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000))
}

/// As [`half_up`], but ties to even, and what is no number stays none.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn half_even(x: __m512) -> __m512i {
    let bits = _mm512_castps_si512(x);
    let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
    let up = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    let none = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
    _mm512_mask_blend_epi32(none, up, _mm512_set1_epi32(0x7fc0_0000))
}

/// bf16 of two vectors that went through [`half_up`], those of the first before those of the
/// second in each pair.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn pairs(first: __m512i, second: __m512i) -> __m512i {
    const SELECT: i32 = 0xea; // (a and b) or c
    let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
    _mm512_ternarylogic_epi32::<SELECT>(second, upper, _mm512_srli_epi32::<16>(first))
}

/// Writes a row of a cell of sums, as many numbers of it as there is room for, each times its
/// factor, as bf16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn store_row(to: &mut [bf16], cell: &[f32], row: usize, factor: f32) {
    let factor = _mm512_set1_ps(factor);
    let at = place_of(row, 0);
    let low = half_even(_mm512_mul_ps(load(cell, at), factor));
    let high = half_even(_mm512_mul_ps(load(cell, at + 256), factor));
    let [low, high] = [_mm512_srli_epi32::<16>(low), _mm512_srli_epi32::<16>(high)];
    let all = _mm512_castsi256_si512(_mm512_cvtepi32_epi16(low));
    store_first(
        to,
        _mm512_inserti64x4::<1>(all, _mm512_cvtepi32_epi16(high)),
    );
}

/// The 16 columns of a cell of sums from `16·half` on, each times its factor, as rows of 32 bf16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn columns(cell: &[f32], half: usize, factor: __m512) -> [__m512i; 16] {
    let mut x = [_mm512_setzero_si512(); 16];
    for (i, x) in x.iter_mut().enumerate() {
        let at = place_of(2 * i, 16 * half);
        let first = half_even(_mm512_mul_ps(load(cell, at), factor));
        let second = half_even(_mm512_mul_ps(load(cell, at + 16), factor));
        *x = pairs(first, second);
    }
    transposed(x)
}

/// Writes as many of the 32 numbers as there is room for.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn store_first(to: &mut [bf16], x: __m512i) {
    let mask = first_lanes(to.len());
    // SAFETY: the mask leaves no more numbers than the slice has
    unsafe { _mm512_mask_storeu_epi16(to.as_mut_ptr().cast(), mask, x) }
}

/// The first up to 16 numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn widen(x: &[bf16]) -> __m512 {
    let mask = first_lanes(x.len()) as u16;
    // SAFETY: the mask leaves no more numbers than the slice has
    let x = unsafe { _mm256_maskz_loadu_epi16(mask, x.as_ptr().cast()) };
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(x)))
}

/// Σ a·b.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn sum_of_products([a, b]: [&[bf16]; 2]) -> f32 {
    let mut sum = _mm512_setzero_ps();
    for (a, b) in a.chunks(16).zip(b.chunks(16)) {
        sum = _mm512_fmadd_ps(widen(a), widen(b), sum);
    }
    _mm512_reduce_add_ps(sum)
}

/// The mask of the first `n` of 32 numbers.
#[inline(always)]
pub(super) fn first_lanes(n: usize) -> u32 {
    ((1_u64 << n.min(32)) - 1) as u32
}

/// Sixteen numbers from `at` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn load(from: &[f32], at: usize) -> __m512 {
    let from: &[f32; 16] = from[at..].first_chunk().expect("sixteen numbers");
    // SAFETY: a reference to sixteen numbers
    unsafe { _mm512_loadu_ps(from.as_ptr()) }
}

/// Puts sixteen numbers down from `at` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn store(to: &mut [f32], at: usize, x: __m512) {
    let to: &mut [f32; 16] = to[at..].first_chunk_mut().expect("sixteen numbers");
    // SAFETY: a reference to sixteen numbers
    unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) }
}

/// Puts 32 bf16 down from `at` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn store_pairs(to: &mut [bf16], at: usize, x: __m512i) {
    let to: &mut [bf16; 32] = to[at..].first_chunk_mut().expect("32 numbers");
    // SAFETY: a reference to 32 numbers of two bytes
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), x) }
}

/// Scores of a cell, queries (rows) by keys (columns), become -infinity where the bit of the key
/// among those of the query is 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn hide_columns(scores: &mut [f32; CELL], bits: &[u32; SIDE]) {
    for (row, &bits) in bits.iter().enumerate() {
        for (at, bits) in [(place_of(row, 0), bits), (place_of(row, 16), bits >> 16)] {
            let x = shown(load(scores, at), bits as u16);
            store(scores, at, x);
        }
    }
}

/// As [`hide_columns`], where keys are the rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn hide_rows(scores: &mut [f32; CELL], bits: &[u32; SIDE]) {
    for col in [0, 16] {
        // SAFETY: sixteen of the 32 numbers, from the first or the seventeenth on
        let bits = unsafe { _mm512_loadu_si512(bits[col..].as_ptr().cast()) };
        for row in 0..SIDE {
            let seen = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(1 << row));
            let at = place_of(row, col);
            let x = shown(load(scores, at), seen);
            store(scores, at, x);
        }
    }
}

/// The numbers whose bits are 1; -infinity for others.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn shown(x: __m512, seen: u16) -> __m512 {
    _mm512_mask_blend_ps(seen, _mm512_set1_ps(f32::NEG_INFINITY), x)
}
