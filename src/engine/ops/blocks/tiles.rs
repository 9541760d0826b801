//! Many rows of activations on the tiles of the processor, in bf16.
//!
//! A task is a panel of the matrix: 32 of its rows become bf16 in the order of tiles, once, and
//! meet every row of the activations.

use std::cell::RefCell;

use half::bf16;

use super::super::buffer::Buffer;
use super::super::gemm::amx::tile::{Left, Tiles};
use super::super::gemm::amx::{CELL, Cells, SIDE, Side, pack};
use super::super::gemm::{self, Shared};
use super::super::team::Team;
use super::{Matrix, vnni};

/// Rows of activations from which on tiles are worth it.
pub(super) const ROWS: usize = 12;
/// Rows of the matrix of a task.
pub(super) const COLS: usize = SIDE;
/// Rows of activations that are rounded by one task.
const ROUNDED: usize = 32;

/// The activations, rounded: `[n,i]`, with rows of zeros up to a multiple of 32.
#[derive(Default)]
pub(super) struct Room {
    x: Buffer<bf16>,
    n: usize,
}

/// What a thread keeps from one task to the next.
#[derive(Default)]
struct Own {
    rows: Buffer<bf16>,
    cells: Buffer<bf16>,
    wide: Vec<f32>,
    sums: Vec<f32>,
}

thread_local! {
    static OWN: RefCell<Own> = RefCell::default();
}

/// Whether there is a way for this matrix.
pub(super) fn can(w: &Matrix<'_>) -> bool {
    w.i.is_multiple_of(SIDE) && (w.is_plain() || vnni::can(w.kind))
}

impl Room {
    /// Takes the rows of `x[n,i]`.
    pub(super) fn set(&mut self, team: &mut Team, x: &[f32], i: usize) {
        self.n = x.len() / i;
        let padded = self.n.next_multiple_of(SIDE) * i;
        if self.x.len() < padded {
            self.x = Buffer::zeros(padded);
        }
        let into = Shared::new(&mut self.x[..padded]);
        team.run(padded / i / ROUNDED, &|task| {
            let from = task * ROUNDED * i;
            // SAFETY: these rows are of this task alone
            let into = unsafe { into.slice(from, ROUNDED * i) };
            let x = &x[from.min(x.len())..(from + ROUNDED * i).min(x.len())];
            let (some, rest) = into.split_at_mut(x.len());
            vnni::round(some, x);
            rest.fill(bf16::ZERO);
        });
    }

    /// Writes columns `from..` of `y[n,o]`: those of the at most 32 rows of `w`.
    pub(super) fn multiply(&self, y: Shared<'_, f32>, o: usize, from: usize, w: &Matrix<'_>) {
        OWN.with_borrow_mut(|own| self.multiply_with(own, y, o, from, w));
    }

    fn multiply_with(
        &self,
        own: &mut Own,
        y: Shared<'_, f32>,
        o: usize,
        from: usize,
        w: &Matrix<'_>,
    ) {
        let (i, n_rows) = (w.i, w.o());
        let steps = i / SIDE;
        if own.rows.len() < SIDE * i {
            own.rows = Buffer::zeros(SIDE * i);
        }
        if own.cells.len() < steps * CELL {
            own.cells = Buffer::zeros(steps * CELL);
        }
        let rows = &mut own.rows[..SIDE * i];
        if w.is_plain() {
            own.wide.resize(i, 0.0);
            for (row, into) in rows.chunks_exact_mut(i).enumerate().take(n_rows) {
                w.decode_row(row, &mut own.wide);
                vnni::round(into, &own.wide);
            }
        } else {
            vnni::decode(w, rows);
        }
        rows[n_rows * i..].fill(bf16::ZERO);
        let matrix = gemm::Matrix::rows(rows, SIDE, i, i).transposed();
        let cells = Cells {
            data: Shared::new(&mut own.cells[..steps * CELL]),
            start: 0,
            first: [0, 0],
            steps,
        };
        // SAFETY: tiles are only asked for where there is AVX-512; the cells are of this thread
        unsafe { pack(cells, Side::Right, matrix, [0, 1], [0, steps]) };
        own.sums.resize(CELL, 0.0);
        let tiles = Tiles::enter();
        for strip in (0..self.n).step_by(SIDE) {
            let left = Left {
                data: self.x[strip * i..].as_ptr().cast(),
                row: i * size_of::<bf16>(),
                step: SIDE * size_of::<bf16>(),
                half: SIDE / 2 * i * size_of::<bf16>(),
            };
            let whole = self.n - strip >= SIDE && n_rows == SIDE;
            tiles.clear();
            // SAFETY: 32 rows of the rounded activations are there, padded with zeros, and as many
            // cells as steps; a whole block of outputs is of this task alone
            unsafe {
                tiles.add_product(left, own.cells.as_ptr().cast(), steps, None, |_| ());
                if whole {
                    tiles.store(y.at(strip * o + from), o * size_of::<f32>());
                } else {
                    tiles.store(own.sums.as_mut_ptr(), SIDE * size_of::<f32>());
                }
            }
            if !whole {
                let n = (self.n - strip).min(SIDE);
                for (row, sums) in own.sums.chunks_exact(SIDE).enumerate().take(n) {
                    // SAFETY: these outputs are of this task alone
                    let y = unsafe { y.slice((strip + row) * o + from, n_rows) };
                    y.copy_from_slice(&sums[..n_rows]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest() {
        if crate::engine::ops::gemm::amx::lacks().is_some() {
            return;
        }
        let x: Vec<f32> = (0..77).map(|i| (i as f32 * 0.37).sin() * 1e3).collect();
        let mut rounded = vec![bf16::ZERO; x.len()];
        vnni::round(&mut rounded, &x);
        for (x, rounded) in x.iter().zip(&rounded) {
            assert_eq!(*rounded, bf16::from_f32(*x));
        }
    }
}
