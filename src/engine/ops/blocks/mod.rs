//! Products of activations with matrices kept in blocks of few bits, as they lie in a file.
//!
//! Activations are rounded to eight bits ([`Eights`]), so that products are of whole numbers, which
//! processors have instructions for. A weight of a part p is a·q − b with q ≥ 0, whatever the
//! format; of a part the product is a·d·Σ q·x − b·Σ x, where d·x are the activations.
//!
//! The reference decodes weights to f32 and multiplies with the same rounded activations: kernels
//! differ from it by the rounding of sums only.

mod eights;
mod reference;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // vector instructions, behind their detection
mod vnni;

use rayon::prelude::*;

pub(in crate::engine) use eights::Eights;

use super::simd::{Isa, Level};
use crate::engine::gguf::Kind;

/// Weights of a part.
const PART: usize = 32;
/// Weights that kernels take together: a super-block, or eight blocks.
const SUPER: usize = 256;
/// Rows of a matrix that are one piece of work.
const ROWS: usize = 16;

/// A matrix `[o,i]` in blocks, row after row.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Matrix<'a> {
    kind: &'static Kind,
    bytes: &'a [u8],
    i: usize,
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
        if i == 0 || !i.is_multiple_of(PART) {
            return Err(format!("rows of {i} weights are no multiple of {PART}"));
        }
        let row = kind.len_bytes(i as u64).unwrap_or(0);
        if row == 0 || !(bytes.len() as u64).is_multiple_of(row) {
            let n = bytes.len();
            return Err(format!("{n} bytes are no rows of {i} of type {}", kind.name));
        }
        Ok(Matrix { kind, bytes, i })
    }

    /// Bytes of a row.
    fn row_bytes(&self) -> usize {
        self.i / self.kind.block * self.kind.block_bytes
    }

    /// Rows, which are the outputs.
    pub(in crate::engine) fn o(&self) -> usize {
        self.bytes.len() / self.row_bytes()
    }

    /// Some of its rows.
    fn rows(&self, from: usize, n: usize) -> Matrix<'a> {
        let row = self.row_bytes();
        let bytes = self.bytes.get(from * row..(from + n) * row);
        Matrix {
            bytes: bytes.unwrap_or_default(),
            ..*self
        }
    }
}

/// `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ, on all threads of the pool.
pub(in crate::engine) fn matmul(isa: Isa, y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    let (n, o) = (x.n(), w.o());
    debug_assert_eq!(y.len(), n * o);
    if n == 1 {
        y.par_chunks_mut(ROWS).enumerate().for_each(|(piece, y)| {
            some(isa, y, x, &w.rows(piece * ROWS, y.len()));
        });
        return;
    }
    // By rows of the matrix, which are read once: y comes transposed.
    let mut by_rows = vec![0.0; n * o];
    by_rows.par_chunks_mut(ROWS * n).enumerate().for_each(|(piece, y)| {
        some(isa, y, x, &w.rows(piece * ROWS, y.len() / n));
    });
    for (n, y) in y.chunks_exact_mut(o).enumerate() {
        for (y, row) in y.iter_mut().zip(by_rows.chunks_exact(x.n())) {
            *y = row[n];
        }
    }
}

/// `y[o,n]`, on this thread.
fn some(isa: Isa, y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    #[cfg(target_arch = "x86_64")]
    if matches!(isa.level(), Level::Amx | Level::Avx512) && vnni::matmul(y, x, w) {
        return;
    }
    let _ = (isa.level(), Level::Scalar);
    reference::matmul(y, x, w);
}
