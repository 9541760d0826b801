//! What each format's blocks are as bytes with a sign, and scales of parts.
//!
//! A weight is a · s · q − b, with q of a byte, s of a part of 16 and whole (one where parts are of
//! 32). Where a format takes a constant off every weight it is taken off here; `b` is what is
//! kept in the block.

use std::arch::aarch64::*;

use crate::engine::gguf::UNEVEN;

/// Scales of four parts of 32 weights.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    /// a, of each part.
    pub(super) a: float32x4_t,
    /// s, of each 16 weights; not read where parts are of 32.
    pub(super) s: [int32x4_t; 2],
    /// b, of each 16 weights, or of each part in the first register; not read where there is none.
    pub(super) b: [float32x4_t; 2],
}

impl Scales {
    /// # Safety
    /// Every processor of the target has NEON.
    #[inline(always)]
    unsafe fn of(a: float32x4_t) -> Self {
        // SAFETY: as the caller says
        unsafe { Self::with_offset(a, vdupq_n_f32(0.0)) }
    }

    /// # Safety
    /// As [`Scales::of`].
    #[inline(always)]
    unsafe fn with_offset(a: float32x4_t, b: float32x4_t) -> Self {
        // SAFETY: as the caller says
        let s = unsafe { [vdupq_n_s32(1); 2] };
        Scales { a, s, b: [b; 2] }
    }

    /// # Safety
    /// As [`Scales::of`].
    #[inline(always)]
    unsafe fn by_16(a: float32x4_t, s: int8x8_t) -> Self {
        // SAFETY: as the caller says
        unsafe {
            let s = vmovl_s8(s);
            Scales {
                s: [vmovl_s16(vget_low_s16(s)), vmovl_high_s16(s)],
                ..Self::of(a)
            }
        }
    }
}

/// A format. Functions read whole blocks, and nothing behind them.
///
/// # Safety
/// Of its functions: what is asked for is there; every processor of the target has NEON.
pub(super) trait Format {
    /// Bytes of 256 weights.
    const SUPER_BYTES: usize;
    /// Parts of 16 have scales of their own.
    const BY_16: bool;
    /// Blocks keep an offset.
    const OFFSET: bool;
    /// Blocks have one part, so that a row need not be whole super-blocks.
    const SMALL: bool;

    /// Scales of the first four parts of a super-block, or of the last four.
    unsafe fn scales<const HALF: usize>(block: *const u8) -> Scales;

    /// a and b of a block of one part; zeros where blocks have more.
    unsafe fn scale(block: *const u8) -> [f32; 2];

    /// Weights of the part at `PLACE` of four.
    unsafe fn weights<const HALF: usize, const PLACE: i32>(block: *const u8) -> [int8x16_t; 2];
}

macro_rules! formats {
    ($($(#[$meta:meta])* $name:ident($bytes:expr, by_16: $by_16:expr, offset: $offset:expr) {
        scales($of:ident, $half:ident) $scales:block
        $(scale($at:ident) $scale:block)?
        weights($from:ident, $h:ident, $p:ident) $weights:block
    })*) => { $(
        $(#[$meta])*
        pub(super) struct $name;

        impl Format for $name {
            const SUPER_BYTES: usize = $bytes;
            const BY_16: bool = $by_16;
            const OFFSET: bool = $offset;
            const SMALL: bool = false $(|| !stringify!($at).is_empty())?;

            #[inline(always)]
            unsafe fn scales<const HALF: usize>($of: *const u8) -> Scales {
                let $half = HALF;
                // SAFETY: as the caller says
                unsafe { $scales }
            }

            #[inline(always)]
            unsafe fn scale(at: *const u8) -> [f32; 2] {
                $(
                    let $at = at;
                    // SAFETY: as the caller says
                    return unsafe { $scale };
                )?
                #[allow(unreachable_code)] // where blocks have one part
                {
                    let _ = at;
                    [0.0; 2]
                }
            }

            #[inline(always)]
            unsafe fn weights<const HALF: usize, const PLACE: i32>(
                $from: *const u8,
            ) -> [int8x16_t; 2] {
                let ($h, $p) = (HALF, PLACE as usize);
                let _ = $h;
                // SAFETY: as the caller says
                unsafe { $weights }
            }
        }
    )* };
}

formats! {
    /// d · (q − 8): the nibble in the upper half of a byte, with its first bit turned, is
    /// 16 · (q − 8).
    Q4_0(8 * 18, by_16: false, offset: false) {
        scales(of, half) {
            Scales::of(vmulq_n_f32(fronts(of.add(half * 4 * 18), 18), 1.0 / 16.0))
        }
        scale(at) { [number(at) / 16.0, 0.0] }
        weights(at, half, part) {
            let q = vld1q_u8(at.add((4 * half + part) * 18 + 2));
            let q = veorq_u8(q, vdupq_n_u8(0x88));
            signed([vshlq_n_u8::<4>(q), vandq_u8(q, vdupq_n_u8(0xf0))])
        }
    }
    /// d · q + m
    Q4_1(8 * 20, by_16: false, offset: true) {
        scales(of, half) { pairs(of.add(half * 4 * 20), 20) }
        scale(at) { [number(at), -number(at.add(2))] }
        weights(at, half, part) { signed(nibbles(at.add((4 * half + part) * 20 + 4))) }
    }
    /// d · (q − 16)
    Q5_0(8 * 22, by_16: false, offset: false) {
        scales(of, half) { Scales::of(fronts(of.add(half * 4 * 22), 22)) }
        scale(at) { [number(at), 0.0] }
        weights(at, half, part) {
            let at = at.add((4 * half + part) * 22);
            let [first, last] = nibbles(at.add(6));
            let [f, l] = fifths(at.add(2));
            // four ones in front of what has no fifth bit: less sixteen
            let ones = vdupq_n_u8(0xf0);
            signed([vorrq_u8(first, vbicq_u8(ones, f)), vorrq_u8(last, vbicq_u8(ones, l))])
        }
    }
    /// d · q + m
    Q5_1(8 * 24, by_16: false, offset: true) {
        scales(of, half) { pairs(of.add(half * 4 * 24), 24) }
        scale(at) { [number(at), -number(at.add(2))] }
        weights(at, half, part) {
            let at = at.add((4 * half + part) * 24);
            let [first, last] = nibbles(at.add(8));
            let [f, l] = fifths(at.add(4));
            let bit = vdupq_n_u8(16);
            signed([vorrq_u8(first, vandq_u8(f, bit)), vorrq_u8(last, vandq_u8(l, bit))])
        }
    }
    /// d · q
    Q8_0(8 * 34, by_16: false, offset: false) {
        scales(of, half) { Scales::of(fronts(of.add(half * 4 * 34), 34)) }
        scale(at) { [number(at), 0.0] }
        weights(at, half, part) {
            let at = at.add((4 * half + part) * 34 + 2);
            signed([vld1q_u8(at), vld1q_u8(at.add(16))])
        }
    }
    /// d · value
    Iq4Nl(8 * 18, by_16: false, offset: false) {
        scales(of, half) { Scales::of(fronts(of.add(half * 4 * 18), 18)) }
        scale(at) { [number(at), 0.0] }
        weights(at, half, part) { uneven(at.add((4 * half + part) * 18 + 2)) }
    }
    /// d · s · q − m · o: the two bits stay where they are in the byte, where they are worth 1, 4
    /// or 16 times as much.
    Q2K(84, by_16: true, offset: true) {
        scales(of, half) {
            let both = vld1_u8(of.add(8 * half));
            let s = vreinterpret_s8_u8(vand_u8(both, vdup_n_u8(15)));
            let o = vmovl_u8(vshr_n_u8::<4>(both));
            let m = number(of.add(82));
            let worth = vld1q_f32([1.0, 0.25, 1.0 / 16.0, 1.0].as_ptr());
            let o = [vmovl_u16(vget_low_u16(o)), vmovl_high_u16(o)];
            Scales {
                b: [vmulq_n_f32(vcvtq_f32_u32(o[0]), m), vmulq_n_f32(vcvtq_f32_u32(o[1]), m)],
                ..Scales::by_16(vmulq_n_f32(worth, number(of.add(80))), s)
            }
        }
        weights(at, half, part) {
            let two = two_lines(at.add(16 + 32 * half));
            let mask = vdupq_n_u8(3 << (2 * part) as u8);
            signed(match part {
                3 => [vshrq_n_u8::<6>(two[0]), vshrq_n_u8::<6>(two[1])],
                _ => [vandq_u8(two[0], mask), vandq_u8(two[1], mask)],
            })
        }
    }
    /// d · s · (q − 4), with the third bit apart
    Q3K(110, by_16: true, offset: false) {
        scales(of, half) {
            let low = down(vld1_u8(of.add(96)), 4 * half as i8);
            let word = of.add(104).cast::<u32>().read_unaligned();
            let by = [-4 * half as i8, -4 * half as i8 - 2];
            let by = vld1_s8([by[0], by[0], by[0], by[0], by[1], by[1], by[1], by[1]].as_ptr());
            let high = vshl_u8(vreinterpret_u8_u32(vdup_n_u32(word)), by);
            let high = vshl_n_u8::<4>(vand_u8(high, vdup_n_u8(3)));
            let s = vorr_u8(vand_u8(low, vdup_n_u8(15)), high);
            let s = vsub_s8(vreinterpret_s8_u8(s), vdup_n_s8(32));
            Scales::by_16(vdupq_n_f32(number(of.add(108))), s)
        }
        weights(at, half, part) {
            let low = two_lines(at.add(32 + 32 * half));
            let high = two_lines(at);
            let bit = 4 * half + part;
            let one = |low, high| {
                let low = vandq_u8(downs(low, 2 * part as i8), vdupq_n_u8(3));
                // four is taken off where the bit is not set
                let unset = vbicq_u8(vdupq_n_u8(1 << bit), high);
                vsubq_u8(low, downs(unset, bit as i8 - 2))
            };
            signed([one(low[0], high[0]), one(low[1], high[1])])
        }
    }
    /// d · s · q − m · o
    Q4K(144, by_16: false, offset: true) {
        scales(of, half) { six_bits(of, half) }
        weights(at, half, part) {
            signed(halves(two_lines(at.add(16 + 64 * half + part / 2 * 32)), part % 2))
        }
    }
    /// d · s · q − m · o
    Q5K(176, by_16: false, offset: true) {
        scales(of, half) { six_bits(of, half) }
        weights(at, half, part) {
            let low = halves(two_lines(at.add(48 + 64 * half + part / 2 * 32)), part % 2);
            let high = two_lines(at.add(16));
            let by = (4 * half + part) as i8 - 4;
            let bit = vdupq_n_u8(16);
            signed([
                vorrq_u8(low[0], vandq_u8(downs(high[0], by), bit)),
                vorrq_u8(low[1], vandq_u8(downs(high[1], by), bit)),
            ])
        }
    }
    /// d · s · (q − 32)
    Q6K(210, by_16: true, offset: false) {
        scales(of, half) {
            let s = vld1_s8(of.add(192 + 8 * half).cast());
            Scales::by_16(vdupq_n_f32(number(of.add(208))), s)
        }
        weights(at, half, part) {
            let low = halves(two_lines(at.add(64 * half + part % 2 * 32)), part / 2);
            let high = two_lines(at.add(128 + 32 * half));
            let by = 2 * part as i8 - 4;
            let (bits, offset) = (vdupq_n_u8(0x30), vdupq_n_u8(32));
            signed([
                vsubq_u8(vorrq_u8(low[0], vandq_u8(downs(high[0], by), bits)), offset),
                vsubq_u8(vorrq_u8(low[1], vandq_u8(downs(high[1], by), bits)), offset),
            ])
        }
    }
    /// d · (s − 32) · value
    Iq4Xs(136, by_16: false, offset: false) {
        scales(of, half) {
            let low = of.add(4 + 2 * half).cast::<u16>().read_unaligned();
            let low = vshlq_u32(vdupq_n_u32(low.into()), vld1q_s32([0, -4, -8, -12].as_ptr()));
            let high = vdupq_n_u32((*of.add(2 + half)).into());
            let high = vshlq_u32(high, vld1q_s32([4, 2, 0, -2].as_ptr()));
            let low = vandq_u32(low, vdupq_n_u32(15));
            let s = vorrq_u32(low, vandq_u32(high, vdupq_n_u32(0x30)));
            let s = vsubq_s32(vreinterpretq_s32_u32(s), vdupq_n_s32(32));
            Scales::of(vmulq_n_f32(vcvtq_f32_s32(s), number(of)))
        }
        weights(at, half, part) { uneven(at.add(8 + 16 * (4 * half + part))) }
    }
}

macro_rules! steps {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty $body:block)*) => { $(
        $(#[$meta])*
        #[inline(always)]
        unsafe fn $name($($arg: $ty),*) -> $ret {
            // SAFETY: what the name says is there, by the word of the format that calls
            unsafe { $body }
        }
    )* };
}

steps! {
    /// A number of half precision.
    fn number(at: *const u8) -> f32 {
        let bits = at.cast::<u16>().read_unaligned();
        vgetq_lane_f32::<0>(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits))))
    }

    /// The numbers of half precision in front of four blocks of so many bytes.
    fn fronts(at: *const u8, size: usize) -> float32x4_t {
        let bits = vld1_dup_u16(at.cast());
        let bits = vld1_lane_u16::<1>(at.add(size).cast(), bits);
        let bits = vld1_lane_u16::<2>(at.add(2 * size).cast(), bits);
        let bits = vld1_lane_u16::<3>(at.add(3 * size).cast(), bits);
        vcvt_f32_f16(vreinterpret_f16_u16(bits))
    }

    /// The two numbers in front of four blocks of so many bytes: a, and −b.
    fn pairs(at: *const u8, size: usize) -> Scales {
        let words = vld1q_dup_u32(at.cast());
        let words = vld1q_lane_u32::<1>(at.add(size).cast(), words);
        let words = vld1q_lane_u32::<2>(at.add(2 * size).cast(), words);
        let words = vld1q_lane_u32::<3>(at.add(3 * size).cast(), words);
        let bits = vreinterpret_f16_u16(vmovn_u32(words));
        let behind = vreinterpret_f16_u16(vshrn_n_u32::<16>(words));
        Scales::with_offset(vcvt_f32_f16(bits), vnegq_f32(vcvt_f32_f16(behind)))
    }

    /// Scales and offsets of six bits of four parts (see `blocks::scales_of_8`), behind the two
    /// numbers they are multiplied with.
    fn six_bits(of: *const u8, half: usize) -> Scales {
        let word = |at: usize| of.add(at).cast::<u32>().read_unaligned();
        let (fours, sixes, twos) = (0x0f0f_0f0f, 0x3f3f_3f3f, 0x3030_3030);
        let (s, o) = match half {
            0 => (word(4) & sixes, word(8) & sixes),
            _ => (
                word(12) & fours | word(4) >> 2 & twos,
                word(12) >> 4 & fours | word(8) >> 2 & twos,
            ),
        };
        let both = vcreate_u8(u64::from(s) | u64::from(o) << 32);
        let both = vmovl_u8(both);
        let (s, o) = (vmovl_u16(vget_low_u16(both)), vmovl_high_u16(both));
        Scales::with_offset(
            vmulq_n_f32(vcvtq_f32_u32(s), number(of)),
            vmulq_n_f32(vcvtq_f32_u32(o), number(of.add(2))),
        )
    }

    fn signed(of: [uint8x16_t; 2]) -> [int8x16_t; 2] {
        [vreinterpretq_s8_u8(of[0]), vreinterpretq_s8_u8(of[1])]
    }

    fn two_lines(at: *const u8) -> [uint8x16_t; 2] {
        [vld1q_u8(at), vld1q_u8(at.add(16))]
    }

    /// The low halves of sixteen bytes, and their high halves.
    fn nibbles(at: *const u8) -> [uint8x16_t; 2] {
        let both = vld1q_u8(at);
        [vandq_u8(both, vdupq_n_u8(15)), vshrq_n_u8::<4>(both)]
    }

    /// The low halves of 32 bytes, or the high halves.
    fn halves(of: [uint8x16_t; 2], high: usize) -> [uint8x16_t; 2] {
        let low = vdupq_n_u8(15);
        match high {
            0 => [vandq_u8(of[0], low), vandq_u8(of[1], low)],
            _ => [vshrq_n_u8::<4>(of[0]), vshrq_n_u8::<4>(of[1])],
        }
    }

    /// Every byte shifted right; left by less than zero. Of a constant it is one instruction.
    fn downs(of: uint8x16_t, by: i8) -> uint8x16_t {
        match by {
            0 => of,
            _ => vshlq_u8(of, vdupq_n_s8(-by)),
        }
    }

    /// The same of eight.
    fn down(of: uint8x8_t, by: i8) -> uint8x8_t {
        match by {
            0 => of,
            _ => vshl_u8(of, vdup_n_s8(-by)),
        }
    }

    /// All ones where a bit of the word is set, for its first sixteen and its last.
    fn fifths(at: *const u8) -> [uint8x16_t; 2] {
        // each byte of the word to eight lanes, of which each looks at its own bit
        let word = vreinterpretq_u8_u32(vdupq_n_u32(at.cast::<u32>().read_unaligned()));
        let own = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
        let first = vcombine_u8(vdup_n_u8(0), vdup_n_u8(1));
        let last = vcombine_u8(vdup_n_u8(2), vdup_n_u8(3));
        [vtstq_u8(vqtbl1q_u8(word, first), own), vtstq_u8(vqtbl1q_u8(word, last), own)]
    }

    /// The values that sixteen bytes of nibbles stand for.
    fn uneven(at: *const u8) -> [int8x16_t; 2] {
        let values = vld1q_s8(UNEVEN.as_ptr());
        let [first, last] = nibbles(at);
        [vqtbl1q_s8(values, first), vqtbl1q_s8(values, last)]
    }
}
