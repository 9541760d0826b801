//! What each format's blocks are as bytes of 64 weights and scales of parts.
//!
//! A weight is a · q − b: `scales` gives a of each part in its first lanes, and b of each half of
//! a part of 32 (or each part of 16) in all lanes; `weights` gives q, in the order of the row.

use std::arch::x86_64::*;

use super::super::SUPER;
use crate::engine::gguf::UNEVEN;

/// A format, as a super-block of it lies in memory.
pub(super) trait Format {
    /// Bytes of a super-block.
    const SUPER_BYTES: usize;
    /// Parts have 16 weights, not 32.
    const BY_16: bool;

    /// Scales of the first parts, at most eight of 32.
    ///
    /// # Safety
    /// So many parts are there.
    unsafe fn scales(block: *const u8, n_parts: usize) -> (__m512, __m512);

    /// Weights 64·j to 64·j + 63.
    ///
    /// # Safety
    /// The first 32 of them are there, and 64 bytes behind.
    unsafe fn weights(block: *const u8, j: usize) -> __m512i;
}

macro_rules! formats {
    ($($(#[$meta:meta])* $name:ident($bytes:expr, $by_16:expr) {
        scales($at:ident, $n:ident) $scales:block
        weights($block:ident, $j:ident) $weights:block
    })*) => { $(
        $(#[$meta])*
        pub(super) struct $name;

        impl Format for $name {
            const SUPER_BYTES: usize = $bytes;
            const BY_16: bool = $by_16;

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
            unsafe fn scales($at: *const u8, $n: usize) -> (__m512, __m512) {
                let _ = $n;
                // SAFETY: as the caller says
                unsafe { $scales }
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
            unsafe fn weights($block: *const u8, $j: usize) -> __m512i {
                // SAFETY: as the caller says
                unsafe { $weights }
            }
        }
    )* };
}

formats! {
    /// d · (q − 8)
    Q4_0(8 * 18, false) {
        scales(at, n) { less(halves(at, 18, n), 8.0) }
        weights(block, j) { four(block.add(36 * j + 2), 18) }
    }
    /// d · q + m
    Q4_1(8 * 20, false) {
        scales(at, n) { with_offset(halves(at, 20, n), halves(at.add(2), 20, n)) }
        weights(block, j) { four(block.add(40 * j + 4), 20) }
    }
    /// d · (q − 16)
    Q5_0(8 * 22, false) {
        scales(at, n) { less(halves(at, 22, n), 16.0) }
        weights(block, j) { five(block.add(44 * j + 2), 22) }
    }
    /// d · q + m
    Q5_1(8 * 24, false) {
        scales(at, n) { with_offset(halves(at, 24, n), halves(at.add(2), 24, n)) }
        weights(block, j) { five(block.add(48 * j + 4), 24) }
    }
    /// d · q, here d · (q + 128 − 128)
    Q8_0(8 * 34, false) {
        scales(at, n) { less(halves(at, 34, n), 128.0) }
        weights(block, j) {
            let block = block.add(68 * j + 2);
            let first = _mm512_castsi256_si512(_mm256_loadu_si256(block.cast()));
            let q = _mm512_inserti64x4::<1>(first, _mm256_loadu_si256(block.add(34).cast()));
            _mm512_xor_si512(q, _mm512_set1_epi8(-128))
        }
    }
    /// d · value
    Iq4Nl(8 * 18, false) {
        scales(at, n) { less(halves(at, 18, n), 128.0) }
        weights(block, j) { uneven(four(block.add(36 * j + 2), 18)) }
    }
    /// d · s · q − m · o
    Q2K(84, true) {
        scales(at, _n) {
            let both = _mm512_cvtepu8_epi32(_mm_loadu_si128(at.cast()));
            let scale = _mm512_and_si512(both, _mm512_set1_epi32(15));
            let offset = _mm512_srli_epi32::<4>(both);
            (
                _mm512_mul_ps(_mm512_cvtepi32_ps(scale), _mm512_set1_ps(half(at.add(80)))),
                _mm512_mul_ps(_mm512_cvtepi32_ps(offset), _mm512_set1_ps(half(at.add(82)))),
            )
        }
        weights(block, j) { two(block.add(16 + j / 2 * 32), j % 2) }
    }
    /// d · s · (q − 4)
    Q3K(110, true) {
        scales(at, _n) {
            let low = at.add(96).cast::<u64>().read_unaligned();
            let high = at.add(104).cast::<u32>().read_unaligned();
            let two = |shift: u32| u64::from(high >> shift & 0x0303_0303);
            let nibbles = 0x0f0f_0f0f_0f0f_0f0f;
            let first = low & nibbles | (two(0) | two(2) << 32) << 4;
            let last = low >> 4 & nibbles | (two(4) | two(6) << 32) << 4;
            let scales = _mm_set_epi64x(last.cast_signed(), first.cast_signed());
            let scales = _mm512_sub_epi32(_mm512_cvtepi8_epi32(scales), _mm512_set1_epi32(32));
            let d = _mm512_set1_ps(half(at.add(108)));
            let a = _mm512_mul_ps(_mm512_cvtepi32_ps(scales), d);
            (a, _mm512_mul_ps(a, _mm512_set1_ps(4.0)))
        }
        weights(block, j) {
            let high = _mm512_broadcast_i64x4(_mm256_loadu_si256(block.cast()));
            let bits = parts(1 << (2 * j), 2 << (2 * j));
            let q = two(block.add(32 + j / 2 * 32), j % 2);
            let set = _mm512_test_epi8_mask(high, bits);
            _mm512_mask_add_epi8(q, set, q, _mm512_set1_epi8(4))
        }
    }
    /// d · s · q − m · o
    Q4K(144, false) {
        scales(at, _n) { scales_of_8(at) }
        weights(block, j) { shifted(block.add(16 + 32 * j), 0, 4, 15) }
    }
    /// d · s · q − m · o
    Q5K(176, false) {
        scales(at, _n) { scales_of_8(at) }
        weights(block, j) {
            let high = _mm512_broadcast_i64x4(_mm256_loadu_si256(block.add(16).cast()));
            let q = shifted(block.add(48 + 32 * j), 0, 4, 15);
            let set = _mm512_test_epi8_mask(high, parts(1 << (2 * j), 2 << (2 * j)));
            _mm512_mask_add_epi8(q, set, q, _mm512_set1_epi8(16))
        }
    }
    /// d · s · (q − 32)
    Q6K(210, true) {
        scales(at, _n) {
            let scales = _mm512_cvtepi8_epi32(_mm_loadu_si128(at.add(192).cast()));
            let d = _mm512_set1_ps(half(at.add(208)));
            let a = _mm512_mul_ps(_mm512_cvtepi32_ps(scales), d);
            (a, _mm512_mul_ps(a, _mm512_set1_ps(32.0)))
        }
        weights(block, j) {
            let (part, late) = (j / 2, (j % 2) as i16);
            let low = _mm512_loadu_si512(block.add(64 * part).cast());
            let low = _mm512_srl_epi16(low, _mm_cvtsi32_si128(4 * i32::from(late)));
            let low = _mm512_and_si512(low, _mm512_set1_epi8(15));
            let high = shifted(block.add(128 + 32 * part), 4 * late, 4 * late + 2, 3);
            _mm512_or_si512(low, _mm512_slli_epi16::<4>(high))
        }
    }
    /// d · (s − 32) · value
    Iq4Xs(136, false) {
        scales(at, _n) {
            let high = _mm256_set1_epi32(i32::from(at.add(2).cast::<u16>().read_unaligned()));
            let low = _mm256_set1_epi32(at.add(4).cast::<i32>().read_unaligned());
            let low = _mm256_srlv_epi32(low, _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
            let high = _mm256_srlv_epi32(high, _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14));
            let low = _mm256_and_si256(low, _mm256_set1_epi32(15));
            let high = _mm256_slli_epi32::<4>(_mm256_and_si256(high, _mm256_set1_epi32(3)));
            let scale = _mm256_sub_epi32(_mm256_or_si256(low, high), _mm256_set1_epi32(32));
            let d = _mm256_set1_ps(half(at));
            less(_mm256_mul_ps(_mm256_cvtepi32_ps(scale), d), 128.0)
        }
        weights(block, j) { uneven(four(block.add(8 + 32 * j), 16)) }
    }
}

macro_rules! helpers {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty $body:block)*) => { $(
        $(#[$meta])*
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
        unsafe fn $name($($arg: $ty),*) -> $ret {
            // SAFETY: what the name says is there, by the word of the format that calls
            #[allow(unused_unsafe)] // those that read no memory need no such word
            unsafe {
                $body
            }
        }
    )* };
}

helpers! {
    /// A number of half precision.
    fn half(at: *const u8) -> f32 {
        let bits = i32::from(at.cast::<u16>().read_unaligned());
        _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)))
    }

    /// Numbers of half precision, so many bytes from one to the next; zeros behind `n` of them.
    fn halves(at: *const u8, stride: usize, n: usize) -> __m256 {
        let mut bits = [0u16; SUPER / 32];
        if n == bits.len() {
            for (k, bits) in bits.iter_mut().enumerate() {
                *bits = at.add(k * stride).cast::<u16>().read_unaligned();
            }
        } else {
            for (k, bits) in bits.iter_mut().enumerate().take(n) {
                *bits = at.add(k * stride).cast::<u16>().read_unaligned();
            }
        }
        _mm256_cvtph_ps(_mm_loadu_si128(bits.as_ptr().cast()))
    }

    /// Each of eight numbers twice.
    fn twice(x: __m256) -> __m512 {
        let each = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
        _mm512_permutexvar_ps(each, _mm512_zextps256_ps512(x))
    }

    /// a · (q − offset)
    fn less(a: __m256, offset: f32) -> (__m512, __m512) {
        (_mm512_zextps256_ps512(a), _mm512_mul_ps(twice(a), _mm512_set1_ps(offset)))
    }

    /// a · q + m
    fn with_offset(a: __m256, m: __m256) -> (__m512, __m512) {
        let zero = _mm512_setzero_ps();
        (_mm512_zextps256_ps512(a), _mm512_sub_ps(zero, twice(m)))
    }

    /// Scales and offsets of six bits of eight parts (see `blocks::scales_of_8`), behind the two
    /// numbers they are multiplied with.
    fn scales_of_8(at: *const u8) -> (__m512, __m512) {
        let word = |i: usize| at.add(4 + 4 * i).cast::<u32>().read_unaligned();
        let (a, b, c) = (word(0), word(1), word(2));
        let six = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let (fours, sixes, twos) = (0x0f0f_0f0f, 0x3f3f_3f3f, 0x3030_3030);
        let scale = six(a & sixes, c & fours | a >> 2 & twos);
        let offset = six(b & sixes, c >> 4 & fours | b >> 2 & twos);
        let wide = |bytes: u64| {
            let bytes = _mm_cvtsi64_si128(bytes.cast_signed());
            _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))
        };
        let a = _mm256_mul_ps(wide(scale), _mm256_set1_ps(half(at)));
        let b = _mm256_mul_ps(wide(offset), _mm256_set1_ps(half(at.add(2))));
        (_mm512_zextps256_ps512(a), twice(b))
    }

    /// One byte in the first 32 lanes, another in the last.
    fn parts(first: i32, last: i32) -> __m512i {
        let first = _mm512_set1_epi8(first as i8);
        _mm512_mask_set1_epi8(first, 0xffff_ffff_0000_0000, last as i8)
    }

    /// 32 bytes twice, shifted right by so many bits, and of each byte the bits of the mask.
    fn shifted(at: *const u8, first: i16, last: i16, mask: i8) -> __m512i {
        let bytes = _mm512_broadcast_i64x4(_mm256_loadu_si256(at.cast()));
        let by = _mm512_mask_set1_epi16(_mm512_set1_epi16(first), 0xffff_0000, last);
        _mm512_and_si512(_mm512_srlv_epi16(bytes, by), _mm512_set1_epi8(mask))
    }

    /// Two bits of each of 32 bytes: the first two pairs, or the last two.
    fn two(at: *const u8, late: usize) -> __m512i {
        let first = 4 * late as i16;
        shifted(at, first, first + 2, 3)
    }

    /// The low halves of 16 bytes, their high halves, and those of 16 more bytes, so far on.
    fn four(at: *const u8, stride: usize) -> __m512i {
        let first = _mm256_castsi128_si256(_mm_loadu_si128(at.cast()));
        let both = _mm256_inserti128_si256::<1>(first, _mm_loadu_si128(at.add(stride).cast()));
        let each = _mm512_setr_epi64(0, 1, 0, 1, 2, 3, 2, 3);
        let twice = _mm512_permutexvar_epi64(each, _mm512_castsi256_si512(both));
        let by = _mm512_mask_set1_epi16(_mm512_setzero_si512(), 0xff00_ff00, 4);
        _mm512_and_si512(_mm512_srlv_epi16(twice, by), _mm512_set1_epi8(15))
    }

    /// As `four`, with the fifth bits in the four bytes in front.
    fn five(at: *const u8, stride: usize) -> __m512i {
        let bits = |at: *const u8| u64::from(at.cast::<u32>().read_unaligned());
        let set = bits(at) | bits(at.add(stride)) << 32;
        let q = four(at.add(4), stride);
        _mm512_mask_add_epi8(q, set, q, _mm512_set1_epi8(16))
    }

    /// The value each number stands for, plus 128.
    fn uneven(q: __m512i) -> __m512i {
        let values = UNEVEN.map(|x| x.wrapping_add(-128));
        let values = _mm512_broadcast_i32x4(_mm_loadu_si128(values.as_ptr().cast()));
        _mm512_shuffle_epi8(values, q)
    }
}
