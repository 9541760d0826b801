//! Operands brought into the order that tiles are loaded in: cells of 32 rows (of the left
//! operand) or columns (of the right one) by 32 numbers along k, two tiles each; zeros where the
//! matrix ends.

use std::arch::x86_64::*;

use half::bf16;
use rayon::prelude::*;

use super::super::{Matrix, Shared};
use super::tile::{CELL, SIDE};

/// One side of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::ops) enum Side {
    /// The matrix is m x k: tiles hold its rows.
    Left,
    /// The matrix is k x n: tiles hold pairs of its rows, column beside column.
    Right,
}

/// Packed cells of several groups of 32 rows (left) or columns (right).
#[derive(Clone, Copy)]
pub(in crate::engine::ops) struct Cells<'a> {
    pub(in crate::engine::ops) data: Shared<'a, bf16>,
    /// Where the first cell begins.
    pub(in crate::engine::ops) start: usize,
    /// Group and step of the first cell.
    pub(in crate::engine::ops) first: [usize; 2],
    /// Steps of a group, whose cells lie one after the other.
    pub(in crate::engine::ops) steps: usize,
}

/// Packs some groups and some steps of a matrix, each from the first to before the second.
///
/// # Safety
/// The processor has AVX-512 (f, bw). Nobody else reads or writes these cells.
pub(in crate::engine::ops) unsafe fn pack(
    into: Cells<'_>,
    side: Side,
    x: Matrix<'_, bf16>,
    groups: [usize; 2],
    steps: [usize; 2],
) {
    let cell = |group: usize, step: usize| {
        let at = (group - into.first[0]) * into.steps + step - into.first[1];
        let at = into.start + at * CELL;
        // SAFETY: the caller's word
        unsafe {
            let cell = into.data.slice(at, CELL);
            pack_cell(cell, side, x, group * SIDE, step * SIDE);
        }
    };
    // along the lines of the matrix, as caches like it
    if side.k_stride(x) == 1 {
        (groups[0]..groups[1]).for_each(|g| (steps[0]..steps[1]).for_each(|s| cell(g, s)));
    } else {
        (steps[0]..steps[1]).for_each(|s| (groups[0]..groups[1]).for_each(|g| cell(g, s)));
    }
}

impl Side {
    fn k_stride(self, x: Matrix<'_, bf16>) -> usize {
        match self {
            Side::Left => x.col_stride,
            Side::Right => x.row_stride,
        }
    }
}

/// The same over threads: all groups and steps.
pub(super) fn pack_all(into: &mut [bf16], side: Side, x: Matrix<'_, bf16>) {
    // steps of a task that goes along lines across k
    const TOGETHER: usize = 4;

    let (across, along) = match side {
        Side::Left => (x.rows, x.cols),
        Side::Right => (x.cols, x.rows),
    };
    let (groups, steps) = (across.div_ceil(SIDE), along.div_ceil(SIDE));
    let into = Cells {
        data: Shared::new(into),
        start: 0,
        first: [0, 0],
        steps,
    };
    let part = |groups: [usize; 2], steps: [usize; 2]| {
        // SAFETY: only called where `lacks` has no reason; tasks share no cells
        unsafe { pack(into, side, x, groups, steps) };
    };
    if side.k_stride(x) == 1 {
        (0..groups)
            .into_par_iter()
            .for_each(|g| part([g, g + 1], [0, steps]));
    } else {
        (0..steps.div_ceil(TOGETHER)).into_par_iter().for_each(|t| {
            part([0, groups], [t * TOGETHER, ((t + 1) * TOGETHER).min(steps)]);
        });
    }
}

/// Packs the cell of a matrix that begins at these rows (left) or columns (right), and along k.
///
/// # Safety
/// The processor has AVX-512 (f, bw).
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn pack_cell(cell: &mut [bf16], side: Side, x: Matrix<'_, bf16>, first: usize, k: usize) {
    let (across, along, across_stride, k_stride) = match side {
        Side::Left => (x.rows, x.cols, x.row_stride, x.col_stride),
        Side::Right => (x.cols, x.rows, x.col_stride, x.row_stride),
    };
    let size = [across - first, along - k].map(|size| size.min(SIDE));
    let from = &x.data[first * across_stride + k * k_stride..];
    let into = cell.as_mut_ptr();
    let (stride, size) = match k_stride == 1 {
        true => (across_stride, size),
        false => (k_stride, [size[1], size[0]]),
    };
    let lines = Lines::new(from, stride, size, SIDE * k_stride);
    // SAFETY: the first `size` numbers both ways are inside of the matrix; a cell is written;
    // the features are the caller's word
    unsafe {
        match (side, k_stride == 1, size == [SIDE; 2]) {
            (Side::Left, true, true) => copy::<true>(into, lines),
            (Side::Left, true, false) => copy::<false>(into, lines),
            (Side::Left, false, true) => turn_pairs::<true>(into, lines),
            (Side::Left, false, false) => turn_pairs::<false>(into, lines),
            (Side::Right, true, true) => turn::<true>(into, lines),
            (Side::Right, true, false) => turn::<false>(into, lines),
            (Side::Right, false, true) => pairs::<true>(into, lines),
            (Side::Right, false, false) => pairs::<false>(into, lines),
        }
    }
}

/// Up to 32 lines of up to 32 numbers.
#[derive(Clone, Copy)]
struct Lines {
    data: *const bf16,
    stride: usize,
    n: usize,
    mask: __mmask32,
    /// Numbers from here to where the next step begins.
    ahead: usize,
}

impl Lines {
    fn new(data: &[bf16], stride: usize, [n, len]: [usize; 2], ahead: usize) -> Self {
        debug_assert!(
            (n - 1) * stride + len <= data.len(),
            "lines outside of a matrix"
        );
        Lines {
            data: data.as_ptr(),
            stride,
            n,
            mask: !0 >> (SIDE - len),
            ahead,
        }
    }

    /// Line `i`, with zeros behind its end; zeros where there is none. `WHOLE`: there are 32
    /// lines of 32 numbers.
    ///
    /// # Safety
    /// The lines may be read.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn line<const WHOLE: bool>(self, i: usize) -> __m512i {
        let at = self.data.wrapping_add(i * self.stride).cast();
        let ahead = self.data.wrapping_add(i * self.stride + self.ahead);
        _mm_prefetch::<_MM_HINT_T1>(ahead.cast()); // never followed, inside or not
        if WHOLE {
            // SAFETY: the caller's word
            unsafe { _mm512_loadu_si512(at) }
        } else if i < self.n {
            // SAFETY: the caller's word; numbers outside of the mask are not read
            unsafe { _mm512_maskz_loadu_epi16(self.mask, at.cast()) }
        } else {
            _mm512_setzero_si512()
        }
    }
}

/// Writes line `i` of a cell: 32 of them, of 32 numbers.
///
/// # Safety
/// A cell may be written.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn put(into: *mut bf16, i: usize, line: __m512i) {
    debug_assert!(i < SIDE);
    // SAFETY: line `i` is inside of the cell
    unsafe { _mm512_storeu_si512(into.add(i * SIDE).cast(), line) }
}

/// Rows as they are.
///
/// # Safety
/// `from` may be read, a cell be written.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn copy<const WHOLE: bool>(into: *mut bf16, from: Lines) {
    for i in 0..SIDE {
        // SAFETY: the caller's word
        unsafe { put(into, i, from.line::<WHOLE>(i)) };
    }
}

/// Rows along n become pairs of rows, column beside column.
///
/// # Safety
/// `from` may be read, a cell be written.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn pairs<const WHOLE: bool>(into: *mut bf16, from: Lines) {
    // quarters of 128 bits: 0 and 1 of `low` and of `high` in turn, then 2 and 3
    let first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    let second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for pair in 0..SIDE / 2 {
        // SAFETY: the caller's word
        unsafe {
            let (even, odd) = (
                from.line::<WHOLE>(2 * pair),
                from.line::<WHOLE>(2 * pair + 1),
            );
            let low = _mm512_unpacklo_epi16(even, odd);
            let high = _mm512_unpackhi_epi16(even, odd);
            put(into, pair, _mm512_permutex2var_epi64(low, first, high));
            put(
                into,
                pair + SIDE / 2,
                _mm512_permutex2var_epi64(low, second, high),
            );
        }
    }
}

/// Columns as lines along k become pairs of rows.
///
/// # Safety
/// `from` may be read, a cell be written.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn turn<const WHOLE: bool>(into: *mut bf16, from: Lines) {
    for tile in 0..2 {
        let mut x = [_mm512_setzero_si512(); 16];
        for (i, x) in x.iter_mut().enumerate() {
            // SAFETY: the caller's word
            *x = unsafe { from.line::<WHOLE>(16 * tile + i) };
        }
        for (i, x) in transposed(x).into_iter().enumerate() {
            // SAFETY: the caller's word
            unsafe { put(into, 16 * tile + i, x) };
        }
    }
}

/// Lines along m, one per k, become rows along k.
///
/// # Safety
/// `from` may be read, a cell be written.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn turn_pairs<const WHOLE: bool>(into: *mut bf16, from: Lines) {
    // unpacked, pairs of k lie beside each other for columns 0-3, 8-11, 16-19, 24-27, or for those
    // 4 further; one after the other, as both do not fit the registers
    for high in [false, true] {
        let mut x = [_mm512_setzero_si512(); 16];
        for (i, x) in x.iter_mut().enumerate() {
            // SAFETY: the caller's word
            let (even, odd) = unsafe { (from.line::<WHOLE>(2 * i), from.line::<WHOLE>(2 * i + 1)) };
            *x = match high {
                true => _mm512_unpackhi_epi16(even, odd),
                false => _mm512_unpacklo_epi16(even, odd),
            };
        }
        for (i, x) in transposed(x).into_iter().enumerate() {
            // SAFETY: the caller's word
            unsafe { put(into, i / 4 * 8 + usize::from(high) * 4 + i % 4, x) };
        }
    }
}

/// 16 rows of 16 numbers of 32 bits, exchanged with columns.
#[inline]
#[target_feature(enable = "avx512f")]
pub(in crate::engine::ops) fn transposed(x: [__m512i; 16]) -> [__m512i; 16] {
    let zero = _mm512_setzero_si512();
    let (mut twos, mut fours, mut out) = ([zero; 16], [zero; 16], [zero; 16]);
    for i in 0..8 {
        twos[2 * i] = _mm512_unpacklo_epi32(x[2 * i], x[2 * i + 1]);
        twos[2 * i + 1] = _mm512_unpackhi_epi32(x[2 * i], x[2 * i + 1]);
    }
    for i in [0, 4, 8, 12] {
        fours[i] = _mm512_unpacklo_epi64(twos[i], twos[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(twos[i], twos[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(twos[i + 1], twos[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(twos[i + 1], twos[i + 3]);
    }
    // quarter q of fours[4i + j] is column 4q + j of rows 4i to 4i + 3
    for j in 0..4 {
        let even_top = _mm512_shuffle_i32x4::<0x88>(fours[j], fours[4 + j]);
        let odd_top = _mm512_shuffle_i32x4::<0xdd>(fours[j], fours[4 + j]);
        let even_low = _mm512_shuffle_i32x4::<0x88>(fours[8 + j], fours[12 + j]);
        let odd_low = _mm512_shuffle_i32x4::<0xdd>(fours[8 + j], fours[12 + j]);
        out[j] = _mm512_shuffle_i32x4::<0x88>(even_top, even_low);
        out[4 + j] = _mm512_shuffle_i32x4::<0x88>(odd_top, odd_low);
        out[8 + j] = _mm512_shuffle_i32x4::<0xdd>(even_top, even_low);
        out[12 + j] = _mm512_shuffle_i32x4::<0xdd>(odd_top, odd_low);
    }
    out
}
