//! Products of activations with matrices as they lie in a file: blocks of few bits, or plain
//! numbers.
//!
//! With few rows of activations a product takes as long as the matrix takes to be read. The
//! activations are then rounded to eight bits ([`Eights`]), so that products are of whole numbers,
//! which processors have instructions for. A weight of a part p is a·q − b with q ≥ 0, whatever
//! the format; of a part the product is a·d·Σ q·x − b·Σ x, where d·x are the activations. The
//! reference decodes weights to f32 and multiplies with the same rounded activations: kernels
//! differ from it by the rounding of sums only.
//!
//! With many rows it takes as long as multiplying does: weights become bf16, a panel of them at a
//! time, for the tiles of the processor (`tiles`); where it has none, bytes in an order in which
//! sums need no more than products (`panels`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod bytes;
mod eights;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod panels;
mod plain;
mod products;
mod reference;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod tiles;
#[cfg(target_arch = "x86_64")]
mod vnni;

use eights::Eights;
pub(in crate::engine) use products::{Product, Products, Rows};

use super::simd::{Isa, Level};
use crate::engine::gguf::Kind;

/// Weights of a part.
const PART: usize = 32;
/// Weights that kernels take together: a super-block, or eight blocks.
const SUPER: usize = 256;

/// A matrix `[o,i]`, row after row.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Matrix<'a> {
    kind: &'static Kind,
    /// From the first row on, with what follows the last where there is something.
    bytes: &'a [u8],
    i: usize,
    o: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix of rows of `i` weights.
    ///
    /// # Errors
    /// In words, when weights of this type are not multiplied, rows are not whole blocks or no
    /// multiple of 32, or the bytes no whole rows.
    pub(in crate::engine) fn new(
        kind: &'static Kind,
        bytes: &'a [u8],
        i: usize,
    ) -> Result<Self, String> {
        if !kind.is_readable() {
            return Err(format!("weights of type {} are not read", kind.name));
        }
        if i == 0 || !i.is_multiple_of(PART) && kind.block > 1 {
            return Err(format!("rows of {i} weights are no multiple of {PART}"));
        }
        let row = kind.len_bytes(i as u64).unwrap_or(0);
        if row == 0 || !(bytes.len() as u64).is_multiple_of(row) {
            let n = bytes.len();
            return Err(format!(
                "{n} bytes are no rows of {i} of type {}",
                kind.name
            ));
        }
        let o = bytes.len() / row as usize;
        Ok(Matrix { kind, bytes, i, o })
    }

    /// Bytes of a row.
    fn row_bytes(&self) -> usize {
        self.i / self.kind.block * self.kind.block_bytes
    }

    /// Rows, which are the outputs.
    pub(in crate::engine) fn o(&self) -> usize {
        self.o
    }

    /// Whether weights are numbers of their own, without a scale for many.
    fn is_plain(&self) -> bool {
        self.kind.block == 1
    }

    /// Some of its rows.
    fn rows(&self, from: usize, n: usize) -> Matrix<'a> {
        debug_assert!(from + n <= self.o);
        Matrix {
            bytes: self
                .bytes
                .get(from * self.row_bytes()..)
                .unwrap_or_default(),
            o: n,
            ..*self
        }
    }

    /// Row `o` as numbers.
    pub(in crate::engine) fn decode_row(&self, o: usize, into: &mut [f32]) {
        let bytes = self.row_bytes();
        let row = self.bytes.get(o * bytes..(o + 1) * bytes);
        if row.is_none_or(|row| self.kind.decode_here(row, into).is_err()) {
            into.fill(f32::NAN); // lengths were compared when the matrix was made
        }
    }
}

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ, on this thread.
fn few(isa: Isa, y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    #[cfg(target_arch = "x86_64")]
    {
        if matches!(isa.level(), Level::Amx | Level::Avx512) && vnni::matmul(y, x, w) {
            return;
        }
        if isa.level() != Level::Scalar && avx2::matmul(y, x, w) {
            return;
        }
    }
    #[cfg(target_arch = "aarch64")]
    if isa.level() == Level::Neon && neon::matmul(y, x, w) {
        return;
    }
    let _ = (isa.level(), Level::Scalar);
    reference::matmul(isa, y, x, w);
}
