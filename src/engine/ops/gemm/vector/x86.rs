//! Registers of 512 and of 256 bits.

use std::arch::asm;
use std::arch::x86_64::*;

use super::lanes::{Lanes, is_bf16};
use crate::engine::ops::gemm::Element;

/// Asks for a cache line that will be read.
#[inline(always)]
fn ask(at: *const u8) {
    // SAFETY: a prefetch of any address changes no memory and never faults
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
}

/// Asks for a cache line that will be written. Every 64-bit processor knows the instruction, at
/// worst as one that does nothing, but the compiler wants it enabled by name.
#[inline(always)]
fn ask_to_write(at: *const u8) {
    // SAFETY: as above
    unsafe { asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags, readonly)) }
}

// SAFETY of the blocks of this file: the callers vouch for instruction sets and pointers, loads
// and stores are those that need no alignment

impl Lanes for __m512 {
    const WIDTH: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: see above
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load<E: Element>(from: *const E) -> Self {
        // SAFETY: see above
        unsafe {
            if is_bf16::<E>() {
                let half = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
                _mm512_castsi512_ps(_mm512_slli_epi32::<16>(half))
            } else {
                _mm512_loadu_ps(from.cast())
            }
        }
    }

    #[inline(always)]
    unsafe fn store<E: Element>(self, to: *mut E) {
        // SAFETY: see above
        unsafe {
            if is_bf16::<E>() {
                // as `Element::narrow` does it
                let bits = _mm512_castps_si512(self);
                let high = _mm512_srli_epi32::<16>(bits);
                let odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
                let half = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff));
                let rounded = _mm512_srli_epi32::<16>(_mm512_add_epi32(half, odd));
                let quiet_nan = _mm512_or_si512(high, _mm512_set1_epi32(0x40));
                let is_nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self, self);
                let bits = _mm512_mask_mov_epi32(rounded, is_nan, quiet_nan);
                _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(bits));
            } else {
                _mm512_storeu_ps(to.cast(), self);
            }
        }
    }

    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        // SAFETY: see above
        unsafe { _mm512_fmadd_ps(self, b, c) }
    }

    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        // SAFETY: see above
        unsafe { _mm512_add_ps(self, b) }
    }

    #[inline(always)]
    fn ask(at: *const u8) {
        ask(at);
    }

    #[inline(always)]
    fn ask_to_write(at: *const u8) {
        ask_to_write(at);
    }

    #[inline(always)]
    unsafe fn transpose<E: Element>(
        from: *const E,
        stride: usize,
        rows: usize,
        to: *mut f32,
        to_stride: usize,
    ) {
        // SAFETY: see above
        unsafe {
            let mut square = [_mm512_setzero_ps(); 16];
            if rows == 16 {
                for (i, row) in square.iter_mut().enumerate() {
                    *row = Self::load(from.add(i * stride));
                }
            } else {
                for (i, row) in square.iter_mut().enumerate() {
                    if i < rows {
                        *row = Self::load(from.add(i * stride));
                    }
                }
            }
            swap::<8>(&mut square);
            swap::<4>(&mut square);
            swap::<2>(&mut square);
            swap::<1>(&mut square);
            for (j, column) in square.iter().enumerate() {
                column.store(to.add(j * to_stride));
            }
        }
    }
}

/// One of the four steps of a transpose: exchanges the upper right of every square of 2·S rows
/// and columns with its lower left.
#[inline(always)]
unsafe fn swap<const S: usize>(square: &mut [__m512; 16]) {
    /// Which lanes of two rows make the upper and the lower one of the result; the lanes of the
    /// second row count from 16 on.
    const fn lanes(s: usize, lower: bool) -> [i32; 16] {
        let mut lanes = [0; 16];
        let mut l = 0;
        while l < 16 {
            let from = match (l & s == 0, lower) {
                (true, false) => l,
                (false, false) => 16 + l - s,
                (true, true) => l + s,
                (false, true) => 16 + l,
            };
            lanes[l] = from as i32;
            l += 1;
        }
        lanes
    }
    // SAFETY: see above; the arrays are as long as a register
    unsafe {
        let upper = _mm512_loadu_si512(const { &lanes(S, false) }.as_ptr().cast());
        let lower = _mm512_loadu_si512(const { &lanes(S, true) }.as_ptr().cast());
        for i in 0..16 {
            if i & S == 0 {
                let (a, b) = (square[i], square[i + S]);
                square[i] = _mm512_permutex2var_ps(a, upper, b);
                square[i + S] = _mm512_permutex2var_ps(a, lower, b);
            }
        }
    }
}

impl Lanes for __m256 {
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: see above
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load<E: Element>(from: *const E) -> Self {
        // SAFETY: see above
        unsafe {
            if is_bf16::<E>() {
                let half = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(half))
            } else {
                _mm256_loadu_ps(from.cast())
            }
        }
    }

    #[inline(always)]
    unsafe fn store<E: Element>(self, to: *mut E) {
        // SAFETY: see above
        unsafe {
            if is_bf16::<E>() {
                // as `Element::narrow` does it
                let bits = _mm256_castps_si256(self);
                let high = _mm256_srli_epi32::<16>(bits);
                let odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
                let half = _mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff));
                let rounded = _mm256_srli_epi32::<16>(_mm256_add_epi32(half, odd));
                let quiet_nan = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
                let is_nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(self, self));
                let bits = _mm256_blendv_epi8(rounded, quiet_nan, is_nan);
                let (low, high) = (
                    _mm256_castsi256_si128(bits),
                    _mm256_extracti128_si256::<1>(bits),
                );
                _mm_storeu_si128(to.cast(), _mm_packus_epi32(low, high));
            } else {
                _mm256_storeu_ps(to.cast(), self);
            }
        }
    }

    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        // SAFETY: see above
        unsafe { _mm256_fmadd_ps(self, b, c) }
    }

    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        // SAFETY: see above
        unsafe { _mm256_add_ps(self, b) }
    }

    #[inline(always)]
    fn ask(at: *const u8) {
        ask(at);
    }

    #[inline(always)]
    fn ask_to_write(at: *const u8) {
        ask_to_write(at);
    }

    #[inline(always)]
    unsafe fn transpose<E: Element>(
        from: *const E,
        stride: usize,
        rows: usize,
        to: *mut f32,
        to_stride: usize,
    ) {
        // SAFETY: see above
        unsafe {
            let mut r = [_mm256_setzero_ps(); 8];
            for (i, row) in r.iter_mut().enumerate() {
                if i < rows {
                    *row = Self::load(from.add(i * stride));
                }
            }
            // pairs of rows, then fours, then halves
            let pairs = [
                _mm256_unpacklo_ps(r[0], r[1]),
                _mm256_unpackhi_ps(r[0], r[1]),
                _mm256_unpacklo_ps(r[2], r[3]),
                _mm256_unpackhi_ps(r[2], r[3]),
                _mm256_unpacklo_ps(r[4], r[5]),
                _mm256_unpackhi_ps(r[4], r[5]),
                _mm256_unpacklo_ps(r[6], r[7]),
                _mm256_unpackhi_ps(r[6], r[7]),
            ];
            let fours = [
                _mm256_shuffle_ps::<0x44>(pairs[0], pairs[2]),
                _mm256_shuffle_ps::<0xee>(pairs[0], pairs[2]),
                _mm256_shuffle_ps::<0x44>(pairs[1], pairs[3]),
                _mm256_shuffle_ps::<0xee>(pairs[1], pairs[3]),
                _mm256_shuffle_ps::<0x44>(pairs[4], pairs[6]),
                _mm256_shuffle_ps::<0xee>(pairs[4], pairs[6]),
                _mm256_shuffle_ps::<0x44>(pairs[5], pairs[7]),
                _mm256_shuffle_ps::<0xee>(pairs[5], pairs[7]),
            ];
            for j in 0..4 {
                let (upper, lower) = (fours[j], fours[j + 4]);
                _mm256_permute2f128_ps::<0x20>(upper, lower).store(to.add(j * to_stride));
                _mm256_permute2f128_ps::<0x31>(upper, lower).store(to.add((j + 4) * to_stride));
            }
        }
    }
}
