//! Kernels for processors with 256-bit vectors (AVX2), for all formats.
//!
//! A part of 32 weights becomes bytes, whose products with 32 activations are added up by twos in
//! 16 bits and by fours in 32: of numbers below 64 no sum of two leaves 16 bits, and where weights
//! may be larger they are kept with their sign, as |w| · sign(w)·x. The scales of the part are
//! multiplied in f32.

use std::arch::x86_64::*;

use super::{Eights, Matrix, PART};
use crate::engine::gguf::{Kind, UNEVEN};

/// Rows of activations that go side by side.
const BATCH: usize = 4;

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ; false where this machine or this format has no kernel.
pub(super) fn matmul(y: &mut [f32], x: &Eights, w: &Matrix<'_>) -> bool {
    if !is_x86_feature_detected!("f16c") {
        return false;
    }
    let Some(kernel) = kernel_of(w.kind) else {
        return false;
    };
    // SAFETY: the caller was given an `Isa` with AVX2 and FMA, the rest was detected above
    unsafe { kernel(y, x, w) };
    true
}

type Kernel = unsafe fn(&mut [f32], &Eights, &Matrix<'_>);

fn kernel_of(kind: &Kind) -> Option<Kernel> {
    Some(match kind.name {
        "Q4_0" => product::<Q4_0>,
        "Q4_1" => product::<Q4_1>,
        "Q5_0" => product::<Q5_0>,
        "Q5_1" => product::<Q5_1>,
        "Q8_0" => product::<Q8_0>,
        "IQ4_NL" => product::<Iq4Nl>,
        "Q2_K" => product::<Q2K>,
        "Q3_K" => product::<Q3K>,
        "Q4_K" => product::<Q4K>,
        "Q5_K" => product::<Q5K>,
        "Q6_K" => product::<Q6K>,
        "IQ4_XS" => product::<Iq4Xs>,
        _ => return None,
    })
}

/// Scales of one part of 32: weights of its halves are a·q − b.
#[derive(Clone, Copy, Default)]
struct Scales {
    a: [f32; 2],
    b: [f32; 2],
}

impl Scales {
    #[inline(always)]
    fn alike(a: f32, b: f32) -> Self {
        Scales {
            a: [a; 2],
            b: [b; 2],
        }
    }
}

/// A format.
trait Format {
    /// Weights of a block, and its bytes.
    const BLOCK: (usize, usize);
    /// Weights may be larger than 63, or below zero.
    const SIGNED: bool;

    /// Scales of part `part` of a block.
    fn scales(block: &[u8], part: usize) -> Scales;

    /// Its 32 weights.
    ///
    /// # Safety
    /// The block is whole; the processor has AVX2.
    unsafe fn weights(block: &[u8], part: usize) -> __m256i;
}

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn product<F: Format>(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    let n = x.n();
    let rows = w.bytes.chunks_exact(w.row_bytes()).take(w.o);
    for (row, y) in rows.zip(y.chunks_exact_mut(n)) {
        let mut from = 0;
        while from < n {
            // SAFETY: rows are whole blocks; the features are the caller's word
            unsafe {
                if n - from >= BATCH {
                    tile::<F, BATCH>(&mut y[from..from + BATCH], x, row, from);
                    from += BATCH;
                } else {
                    tile::<F, 1>(&mut y[from..=from], x, row, from);
                    from += 1;
                }
            }
        }
    }
}

/// Products of a row of the matrix with N rows of activations.
///
/// # Safety
/// The row is whole blocks; the processor has these instructions.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn tile<F: Format, const N: usize>(y: &mut [f32], x: &Eights, row: &[u8], from: usize) {
    let mut sums = [_mm256_setzero_ps(); N];
    let mut rest = [0.0f32; N];
    let parts_of_block = F::BLOCK.0 / PART;
    let mut at = 0; // part of the row
    for block in row.chunks_exact(F::BLOCK.1) {
        for part in 0..parts_of_block {
            let Scales { a, b } = F::scales(block, part);
            let a = _mm256_set_m128(_mm_set1_ps(a[1]), _mm_set1_ps(a[0]));
            // SAFETY: the block is whole
            let w = unsafe { F::weights(block, part) };
            for i in 0..N {
                let x = x.row(from + i);
                // SAFETY: activations are padded to whole super-blocks
                let q = unsafe { _mm256_loadu_si256(x.q[PART * at..].as_ptr().cast()) };
                let pairs = match F::SIGNED {
                    true => _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(q, w)),
                    false => _mm256_maddubs_epi16(w, q),
                };
                let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
                let scale = _mm256_mul_ps(a, _mm256_set1_ps(x.d[at]));
                sums[i] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(fours), scale, sums[i]);
                rest[i] += b[0] * x.sums[2 * at] + b[1] * x.sums[2 * at + 1];
            }
            at += 1;
        }
    }
    for i in 0..N {
        let halves = _mm_add_ps(
            _mm256_castps256_ps128(sums[i]),
            _mm256_extractf128_ps::<1>(sums[i]),
        );
        let two = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
        let one = _mm_add_ss(two, _mm_movehdup_ps(two));
        y[i] = _mm_cvtss_f32(one) - rest[i];
    }
}

/// The number of half precision at a place.
#[inline(always)]
fn half(bytes: &[u8], at: usize) -> f32 {
    half::f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// Four bytes as a number.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

macro_rules! formats {
    ($($(#[$meta:meta])* $name:ident($block:expr, $bytes:expr, $signed:expr) {
        scales($of:ident, $i:ident) $scales:block
        weights($at:ident, $part:ident) $weights:block
    })*) => { $(
        $(#[$meta])*
        struct $name;

        impl Format for $name {
            const BLOCK: (usize, usize) = ($block, $bytes);
            const SIGNED: bool = $signed;

            #[inline(always)]
            fn scales($of: &[u8], $i: usize) -> Scales {
                let _ = $i;
                $scales
            }

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            #[allow(unused_unsafe)] // those that read no memory need no such word
            unsafe fn weights($at: &[u8], $part: usize) -> __m256i {
                let _ = $part;
                // SAFETY: the block is whole, by the word of the caller
                unsafe { $weights }
            }
        }
    )* };
}

formats! {
    /// d · (q − 8)
    Q4_0(32, 18, false) {
        scales(of, i) { Scales::alike(half(of, 0), 8.0 * half(of, 0)) }
        weights(at, part) { nibbles(&at[2..]) }
    }
    /// d · q + m
    Q4_1(32, 20, false) {
        scales(of, i) { Scales::alike(half(of, 0), -half(of, 2)) }
        weights(at, part) { nibbles(&at[4..]) }
    }
    /// d · (q − 16)
    Q5_0(32, 22, false) {
        scales(of, i) { Scales::alike(half(of, 0), 16.0 * half(of, 0)) }
        weights(at, part) { with_bits(nibbles(&at[6..]), word(at, 2), 16) }
    }
    /// d · q + m
    Q5_1(32, 24, false) {
        scales(of, i) { Scales::alike(half(of, 0), -half(of, 2)) }
        weights(at, part) { with_bits(nibbles(&at[8..]), word(at, 4), 16) }
    }
    /// d · q
    Q8_0(32, 34, true) {
        scales(of, i) { Scales::alike(half(of, 0), 0.0) }
        weights(at, part) { _mm256_loadu_si256(at[2..34].as_ptr().cast()) }
    }
    /// d · value
    Iq4Nl(32, 18, true) {
        scales(of, i) { Scales::alike(half(of, 0), 0.0) }
        weights(at, part) { uneven(nibbles(&at[2..])) }
    }
    /// d · s · q − m · o
    Q2K(256, 84, false) {
        scales(of, i) {
            let (d, m) = (half(of, 80), half(of, 82));
            let both = [of[2 * i], of[2 * i + 1]];
            Scales {
                a: both.map(|s| d * f32::from(s & 15)),
                b: both.map(|s| m * f32::from(s >> 4)),
            }
        }
        weights(at, part) { bits(&at[16 + part / 4 * 32..], 2 * (part % 4), 3) }
    }
    /// d · s · (q − 4)
    Q3K(256, 110, false) {
        scales(of, i) {
            let d = half(of, 108);
            let six = |i: usize| {
                let low = of[96 + i % 8] >> (i / 8 * 4) & 15;
                let high = of[104 + i % 4] >> (i / 4 * 2) & 3;
                d * (f32::from(low | high << 4) - 32.0)
            };
            let a = [six(2 * i), six(2 * i + 1)];
            Scales { a, b: a.map(|a| 4.0 * a) }
        }
        weights(at, part) {
            let low = bits(&at[32 + part / 4 * 32..], 2 * (part % 4), 3);
            _mm256_or_si256(low, _mm256_slli_epi16::<2>(bits(at, part, 1)))
        }
    }
    /// d · s · q − m · o
    Q4K(256, 144, false) {
        scales(of, i) { six_bits(of, i) }
        weights(at, part) { bits(&at[16 + part / 2 * 32..], 4 * (part % 2), 15) }
    }
    /// d · s · q − m · o
    Q5K(256, 176, false) {
        scales(of, i) { six_bits(of, i) }
        weights(at, part) {
            let low = bits(&at[48 + part / 2 * 32..], 4 * (part % 2), 15);
            _mm256_or_si256(low, _mm256_slli_epi16::<4>(bits(&at[16..], part, 1)))
        }
    }
    /// d · s · (q − 32)
    Q6K(256, 210, false) {
        scales(of, i) {
            let d = half(of, 208);
            let a = [of[192 + 2 * i], of[193 + 2 * i]].map(|s| d * f32::from(s.cast_signed()));
            Scales { a, b: a.map(|a| 32.0 * a) }
        }
        weights(at, part) {
            let (half, quarter) = (part / 4, part % 4);
            let low = bits(&at[64 * half + quarter % 2 * 32..], quarter / 2 * 4, 15);
            let high = bits(&at[128 + 32 * half..], 2 * quarter, 3);
            _mm256_or_si256(low, _mm256_slli_epi16::<4>(high))
        }
    }
    /// d · (s − 32) · value
    Iq4Xs(256, 136, true) {
        scales(of, i) {
            let low = of[4 + i / 2] >> (i % 2 * 4) & 15;
            let high = u16::from_le_bytes([of[2], of[3]]) >> (2 * i) & 3;
            let s = f32::from(low) + 16.0 * f32::from(high) - 32.0;
            Scales::alike(half(of, 0) * s, 0.0)
        }
        weights(at, part) { uneven(nibbles(&at[8 + 16 * part..])) }
    }
}

/// Scale and offset of six bits of a part (see `blocks::parts`).
#[inline(always)]
fn six_bits(of: &[u8], i: usize) -> Scales {
    let s = &of[4..16];
    let (scale, offset) = match i {
        0..4 => (s[i] & 63, s[i + 4] & 63),
        _ => (
            s[i + 4] & 15 | s[i - 4] >> 6 << 4,
            s[i + 4] >> 4 | s[i] >> 6 << 4,
        ),
    };
    Scales::alike(
        half(of, 0) * f32::from(scale),
        half(of, 2) * f32::from(offset),
    )
}

/// The low halves of sixteen bytes, then their high halves.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(bytes: &[u8]) -> __m256i {
    // SAFETY: sixteen bytes, by the line
    let both = unsafe { _mm_loadu_si128(bytes[..16].as_ptr().cast()) };
    let wide = _mm256_set_m128i(_mm_srli_epi16::<4>(both), both);
    _mm256_and_si256(wide, _mm256_set1_epi8(15))
}

/// Some bits of each of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn bits(bytes: &[u8], shift: usize, mask: i8) -> __m256i {
    // SAFETY: 32 bytes, by the line
    let all = unsafe { _mm256_loadu_si256(bytes[..PART].as_ptr().cast()) };
    let shifted = _mm256_srl_epi16(all, _mm_cvtsi32_si128(shift as i32));
    _mm256_and_si256(shifted, _mm256_set1_epi8(mask))
}

/// Adds `value` where a bit is set.
#[inline]
#[target_feature(enable = "avx2")]
fn with_bits(q: __m256i, set: u32, value: i8) -> __m256i {
    // each byte of the word to eight lanes, of which each looks at its own bit
    let of = _mm256_setr_epi64x(
        0,
        0x0101_0101_0101_0101,
        0x0202_0202_0202_0202,
        0x0303_0303_0303_0303,
    );
    let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(set.cast_signed()), of);
    let own = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    let is_set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, own), own);
    _mm256_or_si256(q, _mm256_and_si256(is_set, _mm256_set1_epi8(value)))
}

/// The value each number stands for.
#[inline]
#[target_feature(enable = "avx2")]
fn uneven(q: __m256i) -> __m256i {
    // SAFETY: sixteen values
    let values = unsafe { _mm_loadu_si128(UNEVEN.as_ptr().cast()) };
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(values), q)
}
