//! Matrix products over threads: each block of the output is one single-threaded product of the
//! `gemm` crate, which chooses its own instruction set at run time.

use gemm::Parallelism;
use rayon::prelude::*;

use super::{Dims, Store};
use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::simd::{dot, simd};

/// Rows and columns of a block of the output: large enough for the packing of its operands to
/// pay, small enough to keep many threads busy.
const BLOCK: [usize; 2] = [256, 256];
/// Outputs of one task where there is one row: the matrix is read once, from memory.
const OUTPUTS: usize = 64;

simd! {
    /// Products of one row with some rows of w.
    fn one_row<FMA>(y: &mut [f32], x: &[f32], w: &[f32], store: Store) {
        for (y, w) in y.iter_mut().zip(w.chunks_exact(x.len())) {
            let dot = dot::<FMA>(x, w);
            *y = if store == Store::Add { *y + dot } else { dot };
        }
    }
}

/// A matrix in memory: its numbers, and the distances between rows and between columns.
#[derive(Clone, Copy)]
pub(in crate::engine::ops) struct Matrix<'a> {
    pub(in crate::engine::ops) data: &'a [f32],
    pub(in crate::engine::ops) rows: usize,
    pub(in crate::engine::ops) cols: usize,
    pub(in crate::engine::ops) row_stride: usize,
    pub(in crate::engine::ops) col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after the other, `row_stride` apart.
    pub(in crate::engine::ops) fn rows(
        data: &'a [f32],
        rows: usize,
        cols: usize,
        row_stride: usize,
    ) -> Self {
        Matrix {
            data,
            rows,
            cols,
            row_stride,
            col_stride: 1,
        }
    }

    /// The same numbers with rows and columns exchanged.
    pub(in crate::engine::ops) fn transposed(self) -> Self {
        Matrix {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// Some of its rows and columns.
    fn part(self, rows: [usize; 2], cols: [usize; 2]) -> Self {
        let start = rows[0] * self.row_stride + cols[0] * self.col_stride;
        let data = &self.data[start..];
        Matrix {
            data,
            rows: rows[1] - rows[0],
            cols: cols[1] - cols[0],
            ..self
        }
    }

    /// Numbers from the first to the last, both counted.
    fn span(&self) -> usize {
        match (self.rows, self.cols) {
            (0, _) | (_, 0) => 0,
            (rows, cols) => (rows - 1) * self.row_stride + (cols - 1) * self.col_stride + 1,
        }
    }
}

/// A buffer that several threads write, each in places of its own.
#[derive(Clone, Copy)]
pub(in crate::engine::ops) struct Shared {
    data: *mut f32,
    len: usize,
}

// SAFETY: the pointer is only followed in `unsafe` functions whose callers promise disjoint places
unsafe impl Send for Shared {}
// SAFETY: as above
unsafe impl Sync for Shared {}

impl Shared {
    pub(in crate::engine::ops) fn new(data: &mut [f32]) -> Self {
        Shared {
            data: data.as_mut_ptr(),
            len: data.len(),
        }
    }

    /// Some of the numbers.
    ///
    /// # Safety
    /// The buffer is alive, and nobody else reads or writes these numbers meanwhile.
    pub(in crate::engine::ops) unsafe fn slice<'a>(
        self,
        start: usize,
        len: usize,
    ) -> &'a mut [f32] {
        assert!(
            start <= self.len && len <= self.len - start,
            "outside of the shared buffer"
        );
        // SAFETY: inside of the buffer by the line above, alive and unshared by the caller's word
        unsafe { std::slice::from_raw_parts_mut(self.data.add(start), len) }
    }
}

/// c (+)= a · b on this thread, where c's rows begin at `start` and lie `stride` apart.
///
/// # Safety
/// The buffer of c is alive, and nobody else reads or writes these rows meanwhile.
pub(in crate::engine::ops) unsafe fn product(
    c: Shared,
    [start, stride]: [usize; 2],
    a: Matrix<'_>,
    b: Matrix<'_>,
    store: Store,
) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert!(
        k == b.rows && a.span() <= a.data.len() && b.span() <= b.data.len(),
        "operands"
    );
    if m == 0 || n == 0 {
        return;
    }
    assert!(
        n <= stride && start + (m - 1) * stride + n <= c.len,
        "outside of the product"
    );
    let add = if store == Store::Add { 1.0 } else { 0.0 };
    // SAFETY: all elements of a, b and c lie inside of their buffers by the lines above, and c's
    // are unshared by the caller's word; strides are lengths of slices and so fit an isize
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.data.add(start),
            1,
            stride as isize,
            store == Store::Add,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            add,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// `c[m,n]` (+)= `a[m,k]` · `b[k,n]`, block by block.
fn blocks(cpu: &Cpu, c: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, store: Store) {
    let (m, n) = (a.rows, b.cols);
    assert!(c.len() >= m * n, "outside of the product");
    let (down, across) = (m.div_ceil(BLOCK[0]), n.div_ceil(BLOCK[1]));
    let c = Shared::new(c);
    cpu.install(|| {
        (0..down * across).into_par_iter().for_each(|i| {
            let row = i / across * BLOCK[0];
            let col = i % across * BLOCK[1];
            let rows = [row, m.min(row + BLOCK[0])];
            let cols = [col, n.min(col + BLOCK[1])];
            let (a, b) = (a.part(rows, [0, a.cols]), b.part([0, b.rows], cols));
            // SAFETY: `c` is borrowed mutably until all blocks are done, and blocks are disjoint
            unsafe { product(c, [row * n + col, n], a, b, store) };
        });
    });
}

pub(in crate::engine::ops) fn forward(
    cpu: &Cpu,
    y: &mut [f32],
    x: &[f32],
    w: &[f32],
    Dims { n, i, o }: Dims,
    store: Store,
) {
    if n == 1 {
        return cpu.install(|| {
            let tasks = y.par_chunks_mut(OUTPUTS).zip(w.par_chunks(OUTPUTS * i));
            tasks.for_each(|(y, w)| one_row(cpu.isa, y, x, w, store));
        });
    }
    let (x, w) = (Matrix::rows(x, n, i, i), Matrix::rows(w, o, i, i));
    blocks(cpu, y, x, w.transposed(), store);
}

pub(in crate::engine::ops) fn dx(
    cpu: &Cpu,
    dx: &mut [f32],
    dy: &[f32],
    w: &[f32],
    Dims { n, i, o }: Dims,
    store: Store,
) {
    blocks(
        cpu,
        dx,
        Matrix::rows(dy, n, o, o),
        Matrix::rows(w, o, i, i),
        store,
    );
}

pub(in crate::engine::ops) fn dw(
    cpu: &Cpu,
    dw: &mut [f32],
    dy: &[f32],
    x: &[f32],
    Dims { n, i, o }: Dims,
) {
    let (dy, x) = (Matrix::rows(dy, n, o, o), Matrix::rows(x, n, i, i));
    blocks(cpu, dw, dy.transposed(), x, Store::Add);
}
