//! What each format's blocks are as bytes of 64 weights and scales of parts.
//!
//! A weight is a · q − b: `scales` gives a of each part in its first lanes, and b of each half of
//! a part of 32 (or each part of 16) in all lanes; `weights` gives q, in the order of the row.

use std::arch::x86_64::*;

use crate::engine::gguf::UNEVEN;

/// In which order the weights of half a super-block come: 128 of them, in two registers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As they lie in the row.
    Natural,
    /// The first halves of four parts of 32, then their second halves: sums of both are of the
    /// same parts.
    Blocks,
    /// The first and the third part of 32, then the second and the fourth.
    Chunks,
}

/// Which part each lane of the sums of both registers is of.
pub(super) const fn lanes(order: Order, half: usize, by_16: bool) -> [[i32; 16]; 2] {
    let mut parts = [[0; 16]; 2];
    let mut i = 0;
    while i < 32 {
        let (register, lane) = (i / 16, i % 16);
        let part = match order {
            Order::Natural if by_16 => 8 * half + i / 4,
            Order::Natural => 4 * half + i / 8,
            Order::Blocks => 4 * half + lane / 4,
            Order::Chunks => 4 * half + lane / 8 * 2 + register,
        };
        parts[register][lane] = part as i32;
        i += 1;
    }
    parts
}

/// A format, as a super-block of it lies in memory.
pub(super) trait Format {
    /// Bytes of a super-block.
    const SUPER_BYTES: usize;
    /// Parts have 16 weights, not 32.
    const BY_16: bool;
    /// What weights are larger by than the numbers they stand for, where b is nothing else: with
    /// it taken off, weights have their sign and need no b. 0: b is a number of its own.
    const OFFSET: u8;
    /// In which order [`Format::halves`] gives weights.
    const ORDER: Order;

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

    /// Weights 128·half to 128·half + 127, in the order of the format.
    ///
    /// # Safety
    /// `n_parts` parts of 32 from there on are there, and 64 bytes behind.
    unsafe fn halves(block: *const u8, half: usize, n_parts: usize) -> [__m512i; 2];
}

macro_rules! formats {
    ($($(#[$meta:meta])* $name:ident($bytes:expr, $by_16:expr, $offset:expr, $order:ident) {
        scales($at:ident, $n:ident) $scales:block
        weights($block:ident, $j:ident) $weights:block
        halves($of:ident, $half:ident, $parts:ident) $halves:block
    })*) => { $(
        $(#[$meta])*
        pub(super) struct $name;

        impl Format for $name {
            const SUPER_BYTES: usize = $bytes;
            const BY_16: bool = $by_16;
            const OFFSET: u8 = $offset;
            const ORDER: Order = Order::$order;

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

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
            unsafe fn halves($of: *const u8, $half: usize, $parts: usize) -> [__m512i; 2] {
                let _ = $parts;
                // SAFETY: as the caller says
                unsafe { $halves }
            }
        }
    )* };
}

formats! {
    /// d · (q − 8)
    Q4_0(8 * 18, false, 8, Blocks) {
        scales(at, n) { less(pairs::<18>(at, n), 8.0) }
        weights(block, j) { four(block.add(36 * j + 2), 18) }
        halves(block, half, n) { nibbles(sixteens(block.add(72 * half + 2), 18, n)) }
    }
    /// d · q + m
    Q4_1(8 * 20, false, 0, Blocks) {
        scales(at, n) { with_offset(pairs::<20>(at, n)) }
        weights(block, j) { four(block.add(40 * j + 4), 20) }
        halves(block, half, n) { nibbles(sixteens(block.add(80 * half + 4), 20, n)) }
    }
    /// d · (q − 16)
    Q5_0(8 * 22, false, 16, Blocks) {
        scales(at, n) { less(pairs::<22>(at, n), 16.0) }
        weights(block, j) { five(block.add(44 * j + 2), 22) }
        halves(block, half, n) { fifths(block.add(88 * half + 2), 22, n) }
    }
    /// d · q + m
    Q5_1(8 * 24, false, 0, Blocks) {
        scales(at, n) { with_offset(pairs::<24>(at, n)) }
        weights(block, j) { five(block.add(48 * j + 4), 24) }
        halves(block, half, n) { fifths(block.add(96 * half + 4), 24, n) }
    }
    /// d · q, here d · (q + 128 − 128)
    Q8_0(8 * 34, false, 128, Natural) {
        scales(at, n) { less(pairs::<34>(at, n), 128.0) }
        weights(block, j) {
            let block = block.add(68 * j + 2);
            let first = _mm512_castsi256_si512(_mm256_loadu_si256(block.cast()));
            let q = _mm512_inserti64x4::<1>(first, _mm256_loadu_si256(block.add(34).cast()));
            _mm512_xor_si512(q, _mm512_set1_epi8(-128))
        }
        halves(block, half, n) { [Self::weights(block, 2 * half), if n > 2 { Self::weights(block, 2 * half + 1) } else { _mm512_setzero_si512() }] }
    }
    /// d · value
    Iq4Nl(8 * 18, false, 128, Blocks) {
        scales(at, n) { less(pairs::<18>(at, n), 128.0) }
        weights(block, j) { uneven(four(block.add(36 * j + 2), 18)) }
        halves(block, half, n) { let [first, second] = nibbles(sixteens(block.add(72 * half + 2), 18, n)); [uneven(first), uneven(second)] }
    }
    /// d · s · q − m · o
    Q2K(84, true, 0, Natural) {
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
        halves(block, half, n) { [Self::weights(block, 2 * half), Self::weights(block, 2 * half + 1)] }
    }
    /// d · s · (q − 4)
    Q3K(110, true, 4, Natural) {
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
        halves(block, half, n) { [Self::weights(block, 2 * half), Self::weights(block, 2 * half + 1)] }
    }
    /// d · s · q − m · o
    Q4K(144, false, 0, Chunks) {
        scales(at, _n) { scales_of_8(at) }
        weights(block, j) { shifted(block.add(16 + 32 * j), 0, 4, 15) }
        halves(block, half, n) { nibbles(_mm512_loadu_si512(block.add(16 + 64 * half).cast())) }
    }
    /// d · s · q − m · o
    Q5K(176, false, 0, Chunks) {
        scales(at, _n) { scales_of_8(at) }
        weights(block, j) {
            let high = _mm512_broadcast_i64x4(_mm256_loadu_si256(block.add(16).cast()));
            let q = shifted(block.add(48 + 32 * j), 0, 4, 15);
            let set = _mm512_test_epi8_mask(high, parts(1 << (2 * j), 2 << (2 * j)));
            _mm512_mask_add_epi8(q, set, q, _mm512_set1_epi8(16))
        }
        halves(block, half, n) {
            let high = _mm512_broadcast_i64x4(_mm256_loadu_si256(block.add(16).cast()));
            let [first, second] = nibbles(_mm512_loadu_si512(block.add(48 + 64 * half).cast()));
            let more = |q: __m512i, set: __mmask64| _mm512_mask_add_epi8(q, set, q, _mm512_set1_epi8(16));
            [
                more(first, _mm512_test_epi8_mask(high, parts(1 << (4 * half), 4 << (4 * half)))),
                more(second, _mm512_test_epi8_mask(high, parts(2 << (4 * half), 8 << (4 * half)))),
            ]
        }
    }
    /// d · s · (q − 32)
    Q6K(210, true, 32, Natural) {
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
        halves(block, half, n) { [Self::weights(block, 2 * half), Self::weights(block, 2 * half + 1)] }
    }
    /// d · (s − 32) · value
    Iq4Xs(136, false, 128, Blocks) {
        scales(at, _n) {
            let high = _mm256_set1_epi32(i32::from(at.add(2).cast::<u16>().read_unaligned()));
            let low = _mm256_set1_epi32(at.add(4).cast::<i32>().read_unaligned());
            let low = _mm256_srlv_epi32(low, _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
            let high = _mm256_srlv_epi32(high, _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14));
            let low = _mm256_and_si256(low, _mm256_set1_epi32(15));
            let high = _mm256_slli_epi32::<4>(_mm256_and_si256(high, _mm256_set1_epi32(3)));
            let scale = _mm256_sub_epi32(_mm256_or_si256(low, high), _mm256_set1_epi32(32));
            let d = _mm256_set1_ps(half(at));
            less(_mm512_castps256_ps512(_mm256_mul_ps(_mm256_cvtepi32_ps(scale), d)), 128.0)
        }
        weights(block, j) { uneven(four(block.add(8 + 32 * j), 16)) }
        halves(block, half, n) { let [first, second] = nibbles(_mm512_loadu_si512(block.add(8 + 64 * half).cast())); [uneven(first), uneven(second)] }
    }
}

/// The first two numbers, of half precision, of each of eight blocks of S bytes: the first ones
/// in lanes 0 to 7, the second ones behind. (Gathers are slow where they are made safe from
/// speculation, as on most processors that have them.)
///
/// # Safety
/// `n` blocks are there, and 64 bytes behind; what is not there becomes zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn pairs<const S: usize>(at: *const u8, n: usize) -> __m512 {
    let reach = const { (64 - 4) / S + 1 }; // blocks whose numbers one register holds
    let words = const { &words::<S>() };
    // SAFETY: as many blocks are there, or masked out, as are read; places are read as they are
    unsafe {
        let first = some_words(at, S, n);
        let second = some_words(at.wrapping_add(reach * S), S, n.saturating_sub(reach));
        let places = _mm256_loadu_si256(words[0].as_ptr().cast());
        let mut all = _mm512_permutex2var_epi16(first, _mm512_castsi256_si512(places), second);
        if reach < 4 {
            let third = some_words(
                at.wrapping_add(2 * reach * S),
                S,
                n.saturating_sub(2 * reach),
            );
            let fourth = match 3 * reach < 8 {
                true => some_words(
                    at.wrapping_add(3 * reach * S),
                    S,
                    n.saturating_sub(3 * reach),
                ),
                false => third,
            };
            let places = _mm256_loadu_si256(words[1].as_ptr().cast());
            let others = _mm512_permutex2var_epi16(third, _mm512_castsi256_si512(places), fourth);
            let late = const { !((1u32 << (2 * ((64 - 4) / S + 1))) - 1) & 0xff };
            all = _mm512_mask_mov_epi16(all, late | late << 8, others);
        }
        _mm512_cvtph_ps(_mm512_castsi512_si256(all))
    }
}

/// 32 words from a block on; of fewer than `8` blocks only those that are there.
///
/// # Safety
/// `n` blocks of `size` bytes are there.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn some_words(at: *const u8, size: usize, n: usize) -> __m512i {
    let n_words = n * size / 2;
    let there = match n_words {
        32.. => !0,
        _ => (1u32 << n_words).wrapping_sub(1),
    };
    // SAFETY: what is not there is not read
    unsafe { _mm512_maskz_loadu_epi16(there, at.cast()) }
}

/// Of each of eight blocks, the place of its first two words in a pair of registers.
const fn words<const S: usize>() -> [[u16; 16]; 2] {
    let reach = (64 - 4) / S + 1;
    let mut places = [[0; 16]; 2];
    let mut block = 0;
    while block < 8 {
        let (register, within) = (block / reach, block % reach);
        let place = (register % 2 * 32 + within * S / 2) as u16;
        places[register / 2][block] = place;
        places[register / 2][block + 8] = place + 1;
        block += 1;
    }
    places
}

macro_rules! helpers {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty $body:block)*) => { $(
        $(#[$meta])*
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
        #[allow(unused_unsafe)] // those that read no memory need no such word
        unsafe fn $name($($arg: $ty),*) -> $ret {
            // SAFETY: what the name says is there, by the word of the format that calls
            unsafe { $body }
        }
    )* };
}

helpers! {
    /// A number of half precision.
    fn half(at: *const u8) -> f32 {
        let bits = i32::from(at.cast::<u16>().read_unaligned());
        _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)))
    }

    /// a · (q − offset)
    fn less(a: __m512, offset: f32) -> (__m512, __m512) {
        let each = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
        (a, _mm512_mul_ps(_mm512_permutexvar_ps(each, a), _mm512_set1_ps(offset)))
    }

    /// a · q + m, where m lies behind a
    fn with_offset(both: __m512) -> (__m512, __m512) {
        let each = _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
        let m = _mm512_permutexvar_ps(each, both);
        (both, _mm512_sub_ps(_mm512_setzero_ps(), m))
    }

    /// Scales and offsets of six bits of eight parts (see `blocks::scales_of_8`), behind the two
    /// numbers they are multiplied with.
    fn scales_of_8(at: *const u8) -> (__m512, __m512) {
        let a = at.add(4).cast::<u64>().read_unaligned();
        let c = u64::from(at.add(12).cast::<u32>().read_unaligned());
        let (a, b) = (a & 0xffff_ffff, a >> 32);
        let (fours, sixes, twos) = (0x0f0f_0f0f, 0x3f3f_3f3f, 0x3030_3030);
        let scale = a & sixes | (c & fours | a >> 2 & twos) << 32;
        let offset = b & sixes | (c >> 4 & fours | b >> 2 & twos) << 32;
        let bytes = _mm_set_epi64x(offset.cast_signed(), scale.cast_signed());
        let both = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
        let numbers = _mm_cvtph_ps(_mm_cvtsi32_si128(at.cast::<i32>().read_unaligned()));
        let d = _mm512_broadcastss_ps(numbers);
        let m = _mm512_broadcastss_ps(_mm_movehdup_ps(numbers));
        let each = _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
        (
            _mm512_mul_ps(both, d), // those of offsets, behind, are never asked for
            _mm512_mul_ps(_mm512_permutexvar_ps(each, both), m),
        )
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

    /// The first sixteen bytes of each of four blocks of so many bytes; of those that are not there,
    /// zeros.
    fn sixteens(at: *const u8, size: usize, n: usize) -> __m512i {
        let one = |i: usize| _mm_loadu_si128(at.add(i * size).cast());
        let mut all = _mm512_zextsi128_si512(one(0));
        if n > 1 {
            all = _mm512_mask_broadcast_i32x4(all, 0x00f0, one(1));
        }
        if n > 2 {
            all = _mm512_mask_broadcast_i32x4(all, 0x0f00, one(2));
        }
        if n > 3 {
            all = _mm512_mask_broadcast_i32x4(all, 0xf000, one(3));
        }
        all
    }

    /// The low halves of bytes, and the high halves.
    fn nibbles(bytes: __m512i) -> [__m512i; 2] {
        let low = _mm512_set1_epi8(15);
        let high = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low);
        [_mm512_and_si512(bytes, low), high]
    }

    /// As `nibbles` of `sixteens`, with the fifth bits in the four bytes in front.
    fn fifths(at: *const u8, size: usize, n: usize) -> [__m512i; 2] {
        let bits = |i: usize| u64::from(at.add(i * size).cast::<u32>().read_unaligned());
        let (mut low, mut high) = (bits(0) & 0xffff, bits(0) >> 16);
        if n > 3 {
            let (b, c, d) = (bits(1), bits(2), bits(3));
            low |= (b & 0xffff) << 16 | (c & 0xffff) << 32 | d << 48;
            high |= (b >> 16) << 16 | (c >> 16) << 32 | (d >> 16) << 48;
        } else {
            for i in 1..n {
                low |= (bits(i) & 0xffff) << (16 * i);
                high |= (bits(i) >> 16) << (16 * i);
            }
        }
        let [first, second] = nibbles(sixteens(at.add(4), size, n));
        let sixteen = _mm512_set1_epi8(16);
        [
            _mm512_mask_add_epi8(first, low, first, sixteen),
            _mm512_mask_add_epi8(second, high, second, sixteen),
        ]
    }

    /// The value each number stands for, plus 128.
    fn uneven(q: __m512i) -> __m512i {
        let values = UNEVEN.map(|x| x.wrapping_add(-128));
        let values = _mm512_broadcast_i32x4(_mm_loadu_si128(values.as_ptr().cast()));
        _mm512_shuffle_epi8(values, q)
    }
}
