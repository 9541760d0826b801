//! Formats with blocks of 256 weights, in parts with scales of their own ("k-quants", and IQ4_XS).

use half::f16;

use super::{SUPER, UNEVEN, nibbles};

/// Cuts a block where its fields end; the lengths are those of the format, so nothing is left.
#[inline(always)]
fn field<'a>(block: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (field, rest) = block.split_at_checked(n).unwrap_or((block, &[]));
    *block = rest;
    field
}

#[inline(always)]
fn number(block: &mut &[u8]) -> f32 {
    match field(block, 2) {
        [a, b] => f16::from_le_bytes([*a, *b]).to_f32(),
        _ => 0.0,
    }
}

/// Goes through blocks of `bytes_each` bytes.
#[inline(always)]
fn each(
    bytes: &[u8],
    bytes_each: usize,
    out: &mut [f32],
    decode: impl Fn(&[u8], &mut [f32; SUPER]),
) {
    for (block, out) in bytes.chunks_exact(bytes_each).zip(out.as_chunks_mut().0) {
        decode(block, out);
    }
}

/// Two bits a weight: parts of 16 with scale and offset of four bits each; d · s · q - m · o.
/// Of 32 bytes the lowest bits are the first 32 weights, the next bits the next.
pub(in crate::engine::gguf) fn q2_k(bytes: &[u8], out: &mut [f32]) {
    each(bytes, 84, out, |mut block, out| {
        let scales = field(&mut block, 16);
        let packed = field(&mut block, 64);
        let (d, m) = (number(&mut block), number(&mut block));
        for (part, (out, scale)) in out.chunks_exact_mut(16).zip(scales).enumerate() {
            let (scale, offset) = nibbles(*scale);
            let (d, m) = (d * f32::from(scale), m * f32::from(offset));
            let (first, shift) = (part / 8 * 32 + part % 2 * 16, part % 8 / 2 * 2);
            for (x, q) in out.iter_mut().zip(&packed[first..]) {
                *x = d * f32::from(q >> shift & 3) - m;
            }
        }
    });
}

/// The sixteen scales of six bits of Q3_K: the low four bits in the first eight bytes, the high
/// two in the last four.
#[inline(always)]
fn scales_of_16(packed: &[u8]) -> [i8; 16] {
    let mut scales = [0; 16];
    for (i, scale) in scales.iter_mut().enumerate() {
        let low = packed[i % 8] >> (i / 8 * 4) & 15;
        let high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
        *scale = (low | high << 4).cast_signed() - 32;
    }
    scales
}

/// Three bits a weight, of which the uppermost is kept apart and says that 4 is *not* taken off:
/// parts of 16 with scales of six bits; d · s · q.
pub(in crate::engine::gguf) fn q3_k(bytes: &[u8], out: &mut [f32]) {
    each(bytes, 110, out, |mut block, out| {
        let high = field(&mut block, 32);
        let packed = field(&mut block, 64);
        let scales = scales_of_16(field(&mut block, 12));
        let d = number(&mut block);
        for (part, (out, scale)) in out.chunks_exact_mut(16).zip(scales).enumerate() {
            let d = d * f32::from(scale);
            let (half, first, shift) = (part / 8, part % 2 * 16, part % 8 / 2 * 2);
            let bit = half * 4 + part % 8 / 2;
            let (packed, high) = (&packed[half * 32 + first..], &high[first..]);
            for (x, (q, high)) in out.iter_mut().zip(packed.iter().zip(high)) {
                let q = (q >> shift & 3) | (high >> bit & 1) << 2;
                *x = d * (f32::from(q) - 4.0);
            }
        }
    });
}

/// Scale and offset of six bits of each of the eight parts of Q4_K and Q5_K, in twelve bytes: of
/// the first four parts as they are, of the others the low four bits together in the last four
/// bytes and the high two above those of the first four parts.
#[inline(always)]
fn scales_of_8(packed: &[u8]) -> [(u8, u8); 8] {
    let mut scales = [(0, 0); 8];
    for (i, scale) in scales.iter_mut().enumerate() {
        *scale = if i < 4 {
            (packed[i] & 63, packed[i + 4] & 63)
        } else {
            let (low, high) = nibbles(packed[i + 4]);
            (low | packed[i - 4] >> 6 << 4, high | packed[i] >> 6 << 4)
        };
    }
    scales
}

/// Four bits a weight: parts of 32 with scale and offset of six bits; d · s · q - m · o. The low
/// halves of 32 bytes are one part, the high halves the next.
pub(in crate::engine::gguf) fn q4_k(bytes: &[u8], out: &mut [f32]) {
    each(bytes, 144, out, |mut block, out| {
        let (d, m) = (number(&mut block), number(&mut block));
        let scales = scales_of_8(field(&mut block, 12));
        for (part, (out, (scale, offset))) in out.chunks_exact_mut(32).zip(scales).enumerate() {
            let (d, m) = (d * f32::from(scale), m * f32::from(offset));
            let (first, shift) = (part / 2 * 32, part % 2 * 4);
            for (x, q) in out.iter_mut().zip(&block[first..]) {
                *x = d * f32::from(q >> shift & 15) - m;
            }
        }
    });
}

/// As Q4_K with a fifth bit: of 32 bytes, the lowest bits are those of the first part.
pub(in crate::engine::gguf) fn q5_k(bytes: &[u8], out: &mut [f32]) {
    each(bytes, 176, out, |mut block, out| {
        let (d, m) = (number(&mut block), number(&mut block));
        let scales = scales_of_8(field(&mut block, 12));
        let high = field(&mut block, 32);
        for (part, (out, (scale, offset))) in out.chunks_exact_mut(32).zip(scales).enumerate() {
            let (d, m) = (d * f32::from(scale), m * f32::from(offset));
            let (first, shift) = (part / 2 * 32, part % 2 * 4);
            for (x, (q, high)) in out.iter_mut().zip(block[first..].iter().zip(high)) {
                let q = (q >> shift & 15) | (high >> part & 1) << 4;
                *x = d * f32::from(q) - m;
            }
        }
    });
}

/// Six bits a weight, of which the high two are kept apart: parts of 16 with scales of eight bits;
/// d · s · (q - 32). In each half of the block, 32 bytes have the low bits of weights 0 and 64
/// further on, the next 32 of 32 and 96; the high bits of all four stand in one byte.
pub(in crate::engine::gguf) fn q6_k(bytes: &[u8], out: &mut [f32]) {
    each(bytes, 210, out, |mut block, out| {
        let low = field(&mut block, 128);
        let high = field(&mut block, 64);
        let scales = field(&mut block, 16);
        let d = number(&mut block);
        for (part, (out, scale)) in out.chunks_exact_mut(16).zip(scales).enumerate() {
            let d = d * f32::from(scale.cast_signed());
            let (half, quarter, first) = (part / 8, part % 8 / 2, part % 2 * 16);
            let low = &low[half * 64 + quarter % 2 * 32 + first..];
            let high = &high[half * 32 + first..];
            for (x, (low, high)) in out.iter_mut().zip(low.iter().zip(high)) {
                let q = (low >> (quarter / 2 * 4) & 15) | (high >> (quarter * 2) & 3) << 4;
                *x = d * (f32::from(q) - 32.0);
            }
        }
    });
}

/// Sixteen values as in IQ4_NL: parts of 32 with scales of six bits; d · (s - 32) · value.
pub(in crate::engine::gguf) fn iq4_xs(bytes: &[u8], out: &mut [f32]) {
    each(bytes, 136, out, |mut block, out| {
        let d = number(&mut block);
        let high = match field(&mut block, 2) {
            [a, b] => u16::from_le_bytes([*a, *b]),
            _ => 0,
        };
        let low = field(&mut block, 4);
        for (part, out) in out.chunks_exact_mut(32).enumerate() {
            let low = low[part / 2] >> (part % 2 * 4) & 15;
            let scale = u16::from(low) | (high >> (part * 2) & 3) << 4;
            let d = d * (f32::from(scale) - 32.0);
            for (i, byte) in block[part * 16..].iter().take(16).enumerate() {
                let (first, second) = nibbles(*byte);
                out[i] = d * f32::from(UNEVEN[usize::from(first)]);
                out[i + 16] = d * f32::from(UNEVEN[usize::from(second)]);
            }
        }
    });
}
