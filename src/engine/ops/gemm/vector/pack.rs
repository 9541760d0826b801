//! Copies of the operands in f32, in the order in which the kernel reads them.

use super::ahead::Ahead;
use super::kernel::{ACROSS, down};
use super::lanes::Lanes;
use crate::engine::ops::gemm::Element;

/// Some rows and columns of an operand in memory, whose columns are next to each other.
#[derive(Clone, Copy)]
pub(super) struct Piece<E> {
    pub(super) from: *const E,
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Numbers between rows.
    pub(super) stride: usize,
    /// Numbers that may be read from `from` on, those of others among them.
    pub(super) readable: usize,
}

impl<E> Piece<E> {
    /// Some of its rows, from the first to before the second.
    pub(super) fn share(&self, [start, end]: [usize; 2]) -> Self {
        Piece {
            from: self.from.wrapping_add(start * self.stride),
            rows: end - start,
            cols: self.cols,
            stride: self.stride,
            readable: self.readable.saturating_sub(start * self.stride),
        }
    }

    /// Its numbers, to be asked for within `steps` steps over k.
    pub(super) fn ahead(&self, steps: usize) -> Ahead {
        let size = size_of::<E>();
        let shape = [self.rows, self.cols * size];
        Ahead::new(self.from.cast(), shape, self.stride * size, steps)
    }
}

/// Widens the rows of a strip of A [rows, k], each to [`ACROSS`] after the one before.
///
/// # Safety
/// Of this and all functions here: the instruction set of V is there, the piece is in memory, and
/// there is room for the copy.
#[inline(always)]
pub(super) unsafe fn strip_across<V: Lanes, E: Element>(to: *mut f32, piece: &Piece<E>) {
    for i in 0..piece.rows {
        // SAFETY: row i is there, at most `DEPTH` long
        unsafe {
            widen::<V, E>(
                to.add(i * ACROSS),
                piece.from.add(i * piece.stride),
                piece.cols,
            )
        }
    }
}

/// Widens a strip of A whose columns lie in memory one after the other (piece: [k, rows]), each
/// to [`down`] after the one before.
#[inline(always)]
pub(super) unsafe fn strip_down<V: Lanes, E: Element>(to: *mut f32, piece: &Piece<E>) {
    let step = down::<V>();
    for p in 0..piece.rows {
        let start = p * piece.stride;
        // SAFETY: row p is there; where the whole step may be read, numbers of other rows of A
        // come along, whose sums nobody puts down
        unsafe {
            let (from, to) = (piece.from.add(start), to.add(p * step));
            if start + step <= piece.readable {
                let mut i = 0;
                while i < step {
                    V::load(from.add(i)).store(to.add(i));
                    i += V::WIDTH;
                }
            } else {
                widen::<V, E>(to, from, piece.cols);
            }
        }
    }
}

/// Copies a panel of B (piece: [k, at most two registers]) and fills its rows up with zeros.
#[inline(always)]
pub(super) unsafe fn panel_across<V: Lanes, E: Element>(to: *mut f32, piece: &Piece<E>) {
    for p in 0..piece.rows {
        // SAFETY: row p is there, and room for two registers
        unsafe {
            let (from, to) = (piece.from.add(p * piece.stride), to.add(p * 2 * V::WIDTH));
            if piece.cols == 2 * V::WIDTH {
                V::load(from).store(to);
                V::load(from.add(V::WIDTH)).store(to.add(V::WIDTH));
            } else {
                V::splat(0.0).store(to);
                V::splat(0.0).store(to.add(V::WIDTH));
                widen::<V, E>(to, from, piece.cols);
            }
        }
    }
}

/// Transposes a panel of B whose columns lie in memory one after the other (piece: [at most two
/// registers, k]), and fills up with zeros.
#[inline(always)]
pub(super) unsafe fn panel_down<V: Lanes, E: Element>(to: *mut f32, piece: &Piece<E>) {
    let step = 2 * V::WIDTH;
    for half in 0..2 {
        let first = half * V::WIDTH;
        let there = piece.rows.saturating_sub(first).min(V::WIDTH);
        // SAFETY: `there` rows of A are there, and room for k times two registers
        unsafe {
            let from = piece.from.wrapping_add(first * piece.stride);
            let to = to.add(first);
            let mut p = 0;
            while p + V::WIDTH <= piece.cols {
                V::transpose(
                    from.wrapping_add(p),
                    piece.stride,
                    there,
                    to.add(p * step),
                    step,
                );
                p += V::WIDTH;
            }
            while p < piece.cols {
                V::splat(0.0).store(to.add(p * step));
                for i in 0..there {
                    *to.add(p * step + i) = (*from.add(i * piece.stride + p)).wide();
                }
                p += 1;
            }
        }
    }
}

/// Copies numbers into f32.
#[inline(always)]
unsafe fn widen<V: Lanes, E: Element>(to: *mut f32, from: *const E, len: usize) {
    let mut i = 0;
    // SAFETY: `len` numbers are there, and room for them, by the caller's word
    unsafe {
        while i + V::WIDTH <= len {
            V::load(from.add(i)).store(to.add(i));
            i += V::WIDTH;
        }
        while i < len {
            *to.add(i) = (*from.add(i)).wide();
            i += 1;
        }
    }
}
