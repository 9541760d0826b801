//! Blocks of weights in few bits: what the bytes of each format of ggml mean, as plain loops, and
//! how weights become such bytes ([`encode`]).
//!
//! A format cuts a row of weights into blocks of 32 or 256 and gives each a scale, some also an
//! offset; blocks of 256 give parts of 16 or 32 weights scales of their own, in few bits. Layouts:
//! ggml-common.h of ggml; every function here takes whole blocks.

mod encode;
mod parts;
mod small;
#[cfg(test)]
mod tests;

use half::f16;

pub(super) use encode::{
    Encode, Format, Iq4Nl, Iq4Xs, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0, rows,
};
pub(super) use parts::{iq4_xs, q2_k, q3_k, q4_k, q5_k, q6_k};
pub(super) use small::{iq4_nl, q4_0, q4_1, q5_0, q5_1, q8_0};

/// Weights of a block of the formats with parts (`QK_K`).
const SUPER: usize = 256;

/// The sixteen values of the formats IQ4_NL and IQ4_XS, in steps that grow away from zero
/// (ggml-common.h, `kvalues_iq4nl`).
pub(in crate::engine) const UNEVEN: [i8; 16] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
];

/// The half-precision number at the front, and what is behind it.
#[inline(always)]
fn half(bytes: &[u8]) -> (f32, &[u8]) {
    match bytes.split_first_chunk() {
        Some((head, rest)) => (f16::from_le_bytes(*head).to_f32(), rest),
        None => (0.0, bytes),
    }
}

/// The low and the high four bits.
#[inline(always)]
fn nibbles(byte: u8) -> (u8, u8) {
    (byte & 15, byte >> 4)
}
