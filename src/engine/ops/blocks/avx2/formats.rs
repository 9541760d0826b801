//! What each format's blocks are as 32 bytes of weights and scales of parts, in 256-bit vectors.

use std::arch::x86_64::*;

use crate::engine::gguf::UNEVEN;

/// Scales of the eight parts of a super-block: weights of a part are a · q − b.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    /// Of each part of 32 in the first; of each sixteen weights in both.
    pub(super) a: [__m256; 2],
    /// Of each sixteen weights.
    pub(super) b: [__m256; 2],
}

/// A format, as a super-block of it lies in memory.
pub(super) trait Format {
    /// Bytes of a super-block.
    const SUPER_BYTES: usize;
    /// Parts have 16 weights, not 32.
    const BY_16: bool;
    /// Weights have a sign and need no b.
    const SIGNED: bool;
    /// What weights without a sign are larger by than the numbers they stand for, where b is
    /// nothing else. 0: b is a number of its own, or there is none.
    const OFFSET: u8;
    /// How many products of two weights, once they have a sign, with two bytes of at most 255 are
    /// added before a sum may leave sixteen bits.
    const TOGETHER: usize;

    /// Scales of the first parts.
    ///
    /// # Safety
    /// So many parts are there; the processor has these instructions.
    unsafe fn scales(block: *const u8, n_parts: usize) -> Scales;

    /// Weights 32·part to 32·part + 31.
    ///
    /// # Safety
    /// They are there; the processor has AVX2.
    unsafe fn weights(block: *const u8, part: usize) -> __m256i;
}

macro_rules! formats {
    ($($(#[$meta:meta])* $name:ident($bytes:expr, $by_16:expr, $signed:expr, $offset:expr, $together:expr) {
        scales($at:ident, $n:ident) $scales:block
        weights($block:ident, $part:ident) $weights:block
    })*) => { $(
        $(#[$meta])*
        pub(super) struct $name;

        impl Format for $name {
            const SUPER_BYTES: usize = $bytes;
            const BY_16: bool = $by_16;
            const SIGNED: bool = $signed;
            const OFFSET: u8 = $offset;
            const TOGETHER: usize = $together;

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn scales($at: *const u8, $n: usize) -> Scales {
                let _ = $n;
                // SAFETY: the parts are there, by the word of the caller
                unsafe { $scales }
            }

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn weights($block: *const u8, $part: usize) -> __m256i {
                // SAFETY: the part is there, by the word of the caller
                unsafe { $weights }
            }
        }
    )* };
}

formats! {
    /// d · (q − 8)
    Q4_0(8 * 18, false, false, 8, 4) {
        scales(at, n) { less(firsts::<18>(at, n), 8.0) }
        weights(block, part) { nibbles(block.add(18 * part + 2)) }
    }
    /// d · q + m
    Q4_1(8 * 20, false, false, 0, 4) {
        scales(at, n) { pairs::<20>(at, n) }
        weights(block, part) { nibbles(block.add(20 * part + 4)) }
    }
    /// d · (q − 16)
    Q5_0(8 * 22, false, false, 16, 4) {
        scales(at, n) { less(firsts::<22>(at, n), 16.0) }
        weights(block, part) { fifths(block.add(22 * part + 2)) }
    }
    /// d · q + m
    Q5_1(8 * 24, false, false, 0, 2) {
        scales(at, n) { pairs::<24>(at, n) }
        weights(block, part) { fifths(block.add(24 * part + 4)) }
    }
    /// d · q
    Q8_0(8 * 34, false, true, 0, 1) {
        scales(at, n) { less(firsts::<34>(at, n), 0.0) }
        weights(block, part) { _mm256_loadu_si256(block.add(34 * part + 2).cast()) }
    }
    /// d · value
    Iq4Nl(8 * 18, false, true, 0, 1) {
        scales(at, n) { less(firsts::<18>(at, n), 0.0) }
        weights(block, part) { uneven(nibbles(block.add(18 * part + 2))) }
    }
    /// d · s · q − m · o
    Q2K(84, true, false, 0, 4) {
        scales(at, _n) {
            let both = _mm_loadu_si128(at.cast());
            let (d, m) = (half(at.add(80)), half(at.add(82)));
            let low = _mm_set1_epi8(15);
            Scales {
                a: sixteen(_mm_and_si128(both, low), d),
                b: sixteen(_mm_and_si128(_mm_srli_epi16::<4>(both), low), m),
            }
        }
        weights(block, part) { bits(block.add(16 + part / 4 * 32), 2 * (part % 4), 3) }
    }
    /// d · s · (q − 4)
    Q3K(110, true, false, 4, 4) {
        scales(at, _n) {
            let low = at.add(96).cast::<u64>().read_unaligned();
            let high = at.add(104).cast::<u32>().read_unaligned();
            let two = |shift: u32| u64::from(high >> shift & 0x0303_0303);
            let nibbles = 0x0f0f_0f0f_0f0f_0f0f;
            let first = low & nibbles | (two(0) | two(2) << 32) << 4;
            let last = low >> 4 & nibbles | (two(4) | two(6) << 32) << 4;
            let scales = _mm_set_epi64x(last.cast_signed(), first.cast_signed());
            let scales = _mm_sub_epi8(scales, _mm_set1_epi8(32));
            let [a, c] = sixteen(scales, half(at.add(108)));
            let four = _mm256_set1_ps(4.0);
            Scales { a: [a, c], b: [_mm256_mul_ps(a, four), _mm256_mul_ps(c, four)] }
        }
        weights(block, part) {
            let low = bits(block.add(32 + part / 4 * 32), 2 * (part % 4), 3);
            _mm256_or_si256(low, _mm256_slli_epi16::<2>(bits(block, part, 1)))
        }
    }
    /// d · s · q − m · o
    Q4K(144, false, false, 0, 4) {
        scales(at, _n) { scales_of_8(at) }
        weights(block, part) { bits(block.add(16 + part / 2 * 32), 4 * (part % 2), 15) }
    }
    /// d · s · q − m · o
    Q5K(176, false, false, 0, 2) {
        scales(at, _n) { scales_of_8(at) }
        weights(block, part) {
            let low = bits(block.add(48 + part / 2 * 32), 4 * (part % 2), 15);
            _mm256_or_si256(low, _mm256_slli_epi16::<4>(bits(block.add(16), part, 1)))
        }
    }
    /// d · s · (q − 32)
    Q6K(210, true, false, 32, 2) {
        scales(at, _n) {
            let [a, c] = sixteen(_mm_loadu_si128(at.add(192).cast()), half(at.add(208)));
            let offset = _mm256_set1_ps(32.0);
            Scales { a: [a, c], b: [_mm256_mul_ps(a, offset), _mm256_mul_ps(c, offset)] }
        }
        weights(block, part) {
            let (half, quarter) = (part / 4, part % 4);
            let low = bits(block.add(64 * half + quarter % 2 * 32), quarter / 2 * 4, 15);
            let high = bits(block.add(128 + 32 * half), 2 * quarter, 3);
            _mm256_or_si256(low, _mm256_slli_epi16::<4>(high))
        }
    }
    /// d · (s − 32) · value
    Iq4Xs(136, false, true, 0, 1) {
        scales(at, _n) {
            let high = _mm256_set1_epi32(i32::from(at.add(2).cast::<u16>().read_unaligned()));
            let low = _mm256_set1_epi32(at.add(4).cast::<i32>().read_unaligned());
            let low = _mm256_srlv_epi32(low, _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
            let high = _mm256_srlv_epi32(high, _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14));
            let low = _mm256_and_si256(low, _mm256_set1_epi32(15));
            let high = _mm256_slli_epi32::<4>(_mm256_and_si256(high, _mm256_set1_epi32(3)));
            let scale = _mm256_sub_epi32(_mm256_or_si256(low, high), _mm256_set1_epi32(32));
            less(_mm256_mul_ps(_mm256_cvtepi32_ps(scale), half(at)), 0.0)
        }
        weights(block, part) { uneven(nibbles(block.add(8 + 16 * part))) }
    }
}

macro_rules! helpers {
    ($($(#[$meta:meta])* fn $name:ident $(<const $s:ident: usize>)? ($($arg:ident: $ty:ty),*) -> $ret:ty $body:block)*) => { $(
        $(#[$meta])*
        #[inline]
        #[target_feature(enable = "avx2,fma,f16c")]
        #[allow(unused_unsafe)] // those that read no memory need no such word
        unsafe fn $name $(<const $s: usize>)? ($($arg: $ty),*) -> $ret {
            // SAFETY: what the name says is there, by the word of the format that calls
            unsafe { $body }
        }
    )* };
}

helpers! {
    /// A number of half precision, in all lanes.
    fn half(at: *const u8) -> __m256 {
        let bits = i32::from(at.cast::<u16>().read_unaligned());
        _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)))
    }

    /// The first number, of half precision, of each of `n` blocks of S bytes.
    fn firsts<const S: usize>(at: *const u8, n: usize) -> __m256 {
        let mut words = [0u16; 8];
        for (i, word) in words.iter_mut().enumerate().take(n) {
            *word = at.add(i * S).cast::<u16>().read_unaligned();
        }
        _mm256_cvtph_ps(_mm_loadu_si128(words.as_ptr().cast()))
    }

    /// a · (q − offset)
    fn less(a: __m256, offset: f32) -> Scales {
        let b = _mm256_mul_ps(a, _mm256_set1_ps(offset));
        Scales { a: [a, _mm256_setzero_ps()], b: twice(b) }
    }

    /// a · q + m, the first two numbers of each of `n` blocks of S bytes.
    fn pairs<const S: usize>(at: *const u8, n: usize) -> Scales {
        let mut words = [0u32; 8];
        for (i, word) in words.iter_mut().enumerate().take(n) {
            *word = at.add(i * S).cast::<u32>().read_unaligned();
        }
        let words = _mm256_loadu_si256(words.as_ptr().cast());
        // of both halves the first words, then the second ones
        let order = _mm256_setr_epi8(
            0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,
            0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,
        );
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_shuffle_epi8(words, order));
        let a = _mm256_cvtph_ps(_mm256_castsi256_si128(words));
        let m = _mm256_cvtph_ps(_mm256_extracti128_si256::<1>(words));
        Scales { a: [a, _mm256_setzero_ps()], b: twice(_mm256_sub_ps(_mm256_setzero_ps(), m)) }
    }

    /// Each number twice.
    fn twice(x: __m256) -> [__m256; 2] {
        [
            _mm256_permutevar8x32_ps(x, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3)),
            _mm256_permutevar8x32_ps(x, _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7)),
        ]
    }

    /// Sixteen bytes with a sign as numbers, scaled.
    fn sixteen(bytes: __m128i, scale: __m256) -> [__m256; 2] {
        let first = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
        let last = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(bytes, bytes)));
        [_mm256_mul_ps(first, scale), _mm256_mul_ps(last, scale)]
    }

    /// Scales and offsets of six bits of eight parts (see `blocks::scales_of_8`), behind the two
    /// numbers they are multiplied with.
    fn scales_of_8(at: *const u8) -> Scales {
        let a = at.add(4).cast::<u64>().read_unaligned();
        let c = u64::from(at.add(12).cast::<u32>().read_unaligned());
        let (a, b) = (a & 0xffff_ffff, a >> 32);
        let (fours, sixes, twos) = (0x0f0f_0f0f, 0x3f3f_3f3f, 0x3030_3030);
        let scale = a & sixes | (c & fours | a >> 2 & twos) << 32;
        let offset = b & sixes | (c >> 4 & fours | b >> 2 & twos) << 32;
        let numbers = _mm_cvtph_ps(_mm_cvtsi32_si128(at.cast::<i32>().read_unaligned()));
        let d = _mm256_broadcastss_ps(numbers);
        let m = _mm256_broadcastss_ps(_mm_movehdup_ps(numbers));
        let number = |bytes: u64| {
            _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes.cast_signed())))
        };
        let b = _mm256_mul_ps(number(offset), m);
        Scales { a: [_mm256_mul_ps(number(scale), d), _mm256_setzero_ps()], b: twice(b) }
    }

    /// The low halves of sixteen bytes, then their high halves.
    fn nibbles(at: *const u8) -> __m256i {
        let both = _mm_loadu_si128(at.cast());
        let wide = _mm256_set_m128i(_mm_srli_epi16::<4>(both), both);
        _mm256_and_si256(wide, _mm256_set1_epi8(15))
    }

    /// As `nibbles`, with the fifth bits in the four bytes in front.
    fn fifths(at: *const u8) -> __m256i {
        // each byte of the bits to eight lanes, of which each looks at its own
        let of = _mm256_setr_epi64x(
            0,
            0x0101_0101_0101_0101,
            0x0202_0202_0202_0202,
            0x0303_0303_0303_0303,
        );
        let set = _mm256_set1_epi32(at.cast::<i32>().read_unaligned());
        let bytes = _mm256_shuffle_epi8(set, of);
        let own = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        let is_set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, own), own);
        let fifth = _mm256_and_si256(is_set, _mm256_set1_epi8(16));
        _mm256_or_si256(nibbles(at.add(4)), fifth)
    }

    /// Some bits of each of 32 bytes.
    fn bits(at: *const u8, shift: usize, mask: i8) -> __m256i {
        let all = _mm256_loadu_si256(at.cast());
        let shifted = _mm256_srl_epi16(all, _mm_cvtsi32_si128(shift as i32));
        _mm256_and_si256(shifted, _mm256_set1_epi8(mask))
    }

    /// The value each number stands for.
    fn uneven(q: __m256i) -> __m256i {
        let values = _mm_loadu_si128(UNEVEN.as_ptr().cast());
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(values), q)
    }
}
