//! A right operand copied once for many products.

use super::blocks::piece;
use super::machine::{self, Machine};
use crate::engine::ops::buffer::Buffer;
use crate::engine::ops::gemm::{Element, Matrix};
use crate::engine::ops::simd::{Isa, Level};

/// The right operand of a product [m, n] of sums over k.
#[derive(Clone, Copy)]
pub(in crate::engine::ops) enum Right<'a, B> {
    /// A matrix [k, n], from which the product copies what it needs.
    Matrix(Matrix<'a, B>),
    /// Columns of [`Panels`].
    Packed(Columns<'a>),
}

impl<B: Element> Right<'_, B> {
    pub(super) fn rows(&self) -> usize {
        match self {
            Right::Matrix(matrix) => matrix.rows,
            Right::Packed(columns) => columns.k,
        }
    }

    pub(super) fn cols(&self) -> usize {
        match self {
            Right::Matrix(matrix) => matrix.cols,
            Right::Packed(columns) => columns.n,
        }
    }

    /// Some of its columns, from the first to before the second; of panels for this machine, from
    /// the start of one.
    pub(super) fn part<M: Machine>(self, cols: [usize; 2]) -> Self {
        match self {
            Right::Matrix(matrix) => Right::Matrix(matrix.part([0, matrix.rows], cols)),
            Right::Packed(columns) => {
                assert!(
                    cols[0] <= cols[1] && cols[1] <= columns.n,
                    "columns of panels"
                );
                assert!(cols[0].is_multiple_of(M::COLS), "the middle of a panel");
                Right::Packed(Columns {
                    numbers: &columns.numbers[cols[0] * columns.held..],
                    n: cols[1] - cols[0],
                    ..columns
                })
            }
        }
    }
}

impl<'a, B> From<Matrix<'a, B>> for Right<'a, B> {
    fn from(matrix: Matrix<'a, B>) -> Self {
        Right::Matrix(matrix)
    }
}

/// A copy of a matrix [k, n] in the order in which the kernel of an instruction set reads it. It
/// only grows.
#[derive(Default)]
pub(in crate::engine::ops) struct Panels {
    numbers: Buffer<f32>,
    k: usize,
    n: usize,
    /// Columns of a panel.
    width: usize,
}

/// Some rows and columns of [`Panels`].
#[derive(Clone, Copy)]
pub(in crate::engine::ops) struct Columns<'a> {
    /// From the first of them on.
    pub(super) numbers: &'a [f32],
    /// Rows of a whole panel.
    pub(super) held: usize,
    k: usize,
    n: usize,
}

impl Panels {
    /// Every panel on any machine begins at a multiple of so many columns.
    pub(in crate::engine::ops) const START: usize = 32;

    /// Copies a matrix.
    pub(in crate::engine::ops) fn pack<B: Element>(&mut self, isa: Isa, b: Matrix<'_, B>) {
        // SAFETY: an `Isa` of a level was only made where its features were detected
        unsafe {
            match isa.level() {
                #[cfg(target_arch = "x86_64")]
                Level::Amx | Level::Avx512 => self.pack_for::<machine::Avx512, B>(b),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => self.pack_for::<machine::Avx2, B>(b),
                #[cfg(target_arch = "aarch64")]
                Level::Neon => self.pack_for::<machine::Neon, B>(b),
                Level::Scalar => self.pack_for::<machine::Scalar, B>(b),
            }
        }
    }

    /// # Safety
    /// The machine is there.
    unsafe fn pack_for<M: Machine, B: Element>(&mut self, b: Matrix<'_, B>) {
        (self.k, self.n, self.width) = (b.rows, b.cols, M::COLS);
        let down = b.col_stride != 1;
        let numbers = self
            .numbers
            .first(b.rows * b.cols.next_multiple_of(M::COLS));
        for j in (0..b.cols).step_by(M::COLS) {
            let piece = piece(b.part([0, b.rows], [j, b.cols.min(j + M::COLS)]), down);
            let panel = &mut numbers[j * b.rows..][..b.rows * M::COLS];
            // SAFETY: the machine is there by the caller's word; the piece is in memory, and the
            // panel has room for all of it
            unsafe { M::panel(down, panel.as_mut_ptr(), &piece) }
        }
    }

    /// Some of its rows and columns, each from the first to before the second.
    ///
    /// # Panics
    /// If they are not there, or no panel begins at the first column.
    pub(in crate::engine::ops) fn part(&self, rows: [usize; 2], cols: [usize; 2]) -> Columns<'_> {
        assert!(rows[0] <= rows[1] && rows[1] <= self.k, "rows of panels");
        assert!(cols[0] <= cols[1] && cols[1] <= self.n, "columns of panels");
        assert!(
            cols[0].is_multiple_of(self.width.max(1)),
            "the middle of a panel"
        );
        let start = cols[0] * self.k + rows[0] * self.width;
        Columns {
            numbers: self.numbers.get(start..).unwrap_or_default(),
            held: self.k,
            n: cols[1] - cols[0],
            k: rows[1] - rows[0],
        }
    }
}
