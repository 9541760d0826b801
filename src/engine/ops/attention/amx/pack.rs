//! Operands of tiles from rows of bf16: cells of 32 x 32 numbers, zeros past the edges.
//!
//! Where sums run over the columns of the matrix, neighbours in a pair are neighbours in a row;
//! where they run over its rows, row i of a cell is paired with row 16 + i, for that is the order
//! in which shares of attention come out of their vectors.

use std::arch::x86_64::*;

use half::bf16;

use super::lanes::{first_lanes, store_pairs};
use crate::engine::ops::gemm::Matrix;
use crate::engine::ops::gemm::amx::{CELL, SIDE, transposed};

/// What a matrix becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A left operand whose rows are those of the matrix.
    Left,
    /// A left operand whose rows are the columns of the matrix.
    LeftTurned,
    /// A right operand whose columns are those of the matrix.
    Right,
    /// A right operand whose columns are the rows of the matrix.
    RightTurned,
}

/// Cells of 32 rows and 32 columns of `from`, starting with its row `row`: row after row of
/// cells, as many as `to` holds.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn pack(to: &mut [bf16], from: &Matrix<'_, bf16>, row: usize, form: Form) {
    let across = from.cols.div_ceil(SIDE);
    for (i, cell) in to.chunks_exact_mut(CELL).enumerate() {
        let (row, col) = (row + i / across * SIDE, i % across * SIDE);
        match form {
            Form::Left => {
                for i in 0..SIDE {
                    store_pairs(cell, i * SIDE, numbers(from, row + i, col));
                }
            }
            Form::RightTurned => {
                for half in 0..2 {
                    let mut x = [_mm512_setzero_si512(); 16];
                    for (i, x) in x.iter_mut().enumerate() {
                        *x = numbers(from, row + 16 * half + i, col);
                    }
                    put(cell, half, transposed(x));
                }
            }
            Form::Right | Form::LeftTurned => {
                let (mut low, mut high) =
                    ([_mm512_setzero_si512(); 16], [_mm512_setzero_si512(); 16]);
                for i in 0..16 {
                    let (a, b) = (
                        numbers(from, row + i, col),
                        numbers(from, row + 16 + i, col),
                    );
                    low[i] = couple(_mm512_castsi512_si256(a), _mm512_castsi512_si256(b));
                    high[i] = couple(
                        _mm512_extracti64x4_epi64::<1>(a),
                        _mm512_extracti64x4_epi64::<1>(b),
                    );
                }
                if form == Form::LeftTurned {
                    (low, high) = (transposed(low), transposed(high));
                }
                put(cell, 0, low);
                put(cell, 1, high);
            }
        }
    }
}

/// 32 numbers of a row, zeros past the edges.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn numbers(from: &Matrix<'_, bf16>, row: usize, col: usize) -> __m512i {
    if row >= from.rows {
        return _mm512_setzero_si512();
    }
    let left = from.cols - col;
    let numbers = &from.data[row * from.row_stride + col..][..left.min(SIDE)];
    // SAFETY: the mask leaves no more numbers than the slice has
    unsafe { _mm512_maskz_loadu_epi16(first_lanes(numbers.len()), numbers.as_ptr().cast()) }
}

/// Pairs of a number of `a` and one of `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn couple(a: __m256i, b: __m256i) -> __m512i {
    let b = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(b));
    _mm512_or_si512(_mm512_cvtepu16_epi32(a), b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn put(cell: &mut [bf16], tile: usize, rows: [__m512i; 16]) {
    for (i, row) in rows.into_iter().enumerate() {
        store_pairs(cell, tile * CELL / 2 + i * SIDE, row);
    }
}
