//! Formats with blocks of 32 weights: a scale for all of them, and an offset in those that end
//! in `_1`. The low halves of the bytes are the first sixteen weights, the high halves the rest.

use super::{UNEVEN, half, nibbles};

/// Weights of a block.
const N: usize = 32;

/// Goes through blocks of `BYTES` bytes.
#[inline(always)]
fn each<const BYTES: usize>(
    bytes: &[u8],
    out: &mut [f32],
    decode: impl Fn(&[u8; BYTES], &mut [f32; N]),
) {
    for (block, out) in bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        decode(block, out);
    }
}

/// Weights from their numbers, the low and the high one of each byte.
#[inline(always)]
fn put(out: &mut [f32; N], packed: &[u8], weight: impl Fn(u8, usize) -> f32) {
    for (i, byte) in packed.iter().take(N / 2).enumerate() {
        let (low, high) = nibbles(*byte);
        out[i] = weight(low, i);
        out[i + N / 2] = weight(high, i + N / 2);
    }
}

/// d · (q - 8)
pub(in crate::engine::gguf) fn q4_0(bytes: &[u8], out: &mut [f32]) {
    each::<18>(bytes, out, |block, out| {
        let (d, packed) = half(block);
        put(out, packed, |q, _| d * (f32::from(q) - 8.0));
    });
}

/// d · q + m
pub(in crate::engine::gguf) fn q4_1(bytes: &[u8], out: &mut [f32]) {
    each::<20>(bytes, out, |block, out| {
        let (d, rest) = half(block);
        let (m, packed) = half(rest);
        put(out, packed, |q, _| d * f32::from(q) + m);
    });
}

/// The fifth bits of all weights, and what is behind them.
#[inline(always)]
fn fifth_bits(bytes: &[u8]) -> (u32, &[u8]) {
    match bytes.split_first_chunk() {
        Some((bits, rest)) => (u32::from_le_bytes(*bits), rest),
        None => (0, bytes),
    }
}

#[inline(always)]
fn five(q: u8, bits: u32, i: usize) -> f32 {
    (u32::from(q) | (bits >> i & 1) << 4) as f32
}

/// d · (q - 16)
pub(in crate::engine::gguf) fn q5_0(bytes: &[u8], out: &mut [f32]) {
    each::<22>(bytes, out, |block, out| {
        let (d, rest) = half(block);
        let (bits, packed) = fifth_bits(rest);
        put(out, packed, |q, i| d * (five(q, bits, i) - 16.0));
    });
}

/// d · q + m
pub(in crate::engine::gguf) fn q5_1(bytes: &[u8], out: &mut [f32]) {
    each::<24>(bytes, out, |block, out| {
        let (d, rest) = half(block);
        let (m, rest) = half(rest);
        let (bits, packed) = fifth_bits(rest);
        put(out, packed, |q, i| d * five(q, bits, i) + m);
    });
}

/// d · q, with q of eight bits
pub(in crate::engine::gguf) fn q8_0(bytes: &[u8], out: &mut [f32]) {
    each::<34>(bytes, out, |block, out| {
        let (d, packed) = half(block);
        for (x, q) in out.iter_mut().zip(packed) {
            *x = d * f32::from(q.cast_signed());
        }
    });
}

/// d · one of sixteen values
pub(in crate::engine::gguf) fn iq4_nl(bytes: &[u8], out: &mut [f32]) {
    each::<18>(bytes, out, |block, out| {
        let (d, packed) = half(block);
        put(out, packed, |q, _| {
            d * f32::from(UNEVEN[usize::from(q & 15)])
        });
    });
}
