//! Products on one thread and over all of them.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::blocks::{Block, ROOM, multiply};
use super::cut::Cut;
use super::kernel::Finish;
use super::machine::{self, Machine};
use super::one_row::Dots;
use super::panels::Right;
use crate::engine::ops::gemm::{Element, Matrix, Shared, Store};
use crate::engine::ops::simd::{Isa, Level};

/// Numbers of the matrix worth a task of their own where there is one row.
const READ: usize = 1 << 16;

/// Products so far, which tells copies of their operands apart.
static PRODUCTS: AtomicU64 = AtomicU64::new(0);

/// C [m, n] = A [m, k] · B [k, n], or C plus that, on this thread alone. C's rows begin at
/// `start`, `stride` apart. Sums are added up in f32 whatever the numbers are, and rounded once.
///
/// # Safety
/// Nobody else reads or writes these numbers of C meanwhile.
///
/// # Panics
/// If operands do not fit together or lie outside of their buffers, or C lies outside of its own.
pub(in crate::engine::ops) unsafe fn product<A: Element, B: Element, C: Element>(
    isa: Isa,
    c: Shared<'_, C>,
    place: [usize; 2],
    a: Matrix<'_, A>,
    b: Right<'_, B>,
    store: Store,
) {
    // SAFETY: by the caller's word
    unsafe { on(isa, c, place, a, b, store, false) }
}

/// The same over the threads of the pool that this is called in, with the same result for any
/// number of them.
///
/// # Panics
/// As [`product`].
pub(in crate::engine::ops) fn over_threads<A: Element, B: Element, C: Element>(
    isa: Isa,
    c: &mut [C],
    c_stride: usize,
    a: Matrix<'_, A>,
    b: Matrix<'_, B>,
    store: Store,
) {
    // SAFETY: C is borrowed mutably
    unsafe {
        on(
            isa,
            Shared::new(c),
            [0, c_stride],
            a,
            Right::Matrix(b),
            store,
            true,
        )
    }
}

/// Chooses the machine.
///
/// # Safety
/// As [`product`].
unsafe fn on<A: Element, B: Element, C: Element>(
    isa: Isa,
    c: Shared<'_, C>,
    [start, stride]: [usize; 2],
    a: Matrix<'_, A>,
    b: Right<'_, B>,
    store: Store,
    threads: bool,
) {
    let [m, n] = [a.rows, b.cols()];
    assert_eq!(
        a.cols,
        b.rows(),
        "a product of matrices that do not fit together"
    );
    if m == 0 || n == 0 {
        return;
    }
    let span = (m - 1) * stride + n;
    assert!(
        m == 1 || n <= stride,
        "rows of a product on top of each other"
    );
    assert!(
        start <= c.len() && span <= c.len() - start,
        "a product outside of its buffer"
    );
    let c = Output {
        buffer: c,
        start,
        stride,
        store,
    };
    // SAFETY: an `Isa` of a level was only made where its features were detected, C is there by
    // the lines above and unshared by the caller's word
    unsafe {
        match isa.level() {
            #[cfg(target_arch = "x86_64")]
            Level::Amx | Level::Avx512 => run::<machine::Avx512, A, B, C>(c, a, b, threads),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => run::<machine::Avx2, A, B, C>(c, a, b, threads),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => run::<machine::Neon, A, B, C>(c, a, b, threads),
            Level::Scalar => run::<machine::Scalar, A, B, C>(c, a, b, threads),
        }
    }
}

/// Where a product goes.
#[derive(Clone, Copy)]
struct Output<'a, C> {
    buffer: Shared<'a, C>,
    start: usize,
    stride: usize,
    store: Store,
}

impl<C> Output<'_, C> {
    /// Address of a number.
    fn at(&self, row: usize, col: usize) -> *mut C {
        self.buffer.at(self.start + row * self.stride + col)
    }
}

/// Cuts the product into tasks and does them, over threads or one after the other.
///
/// # Safety
/// The machine is there, and so are the numbers of C, which nobody else reads or writes.
unsafe fn run<M: Machine, A: Element, B: Element, C: Element>(
    c: Output<'_, C>,
    a: Matrix<'_, A>,
    b: Right<'_, B>,
    threads: bool,
) {
    let ([m, k], n) = ([a.rows, a.cols], b.cols());
    if let Right::Matrix(b) = b
        && (m == 1 && b.row_stride == 1 || k == 0)
    {
        let cols = (READ / k.max(1)).next_multiple_of(16).max(16);
        let piece = |j: usize| {
            let b = b.part([0, k], [j, (j + cols).min(n)]);
            for i in 0..m {
                let a = a.part([i, i + 1], [0, k]);
                // SAFETY: every task has columns of its own
                unsafe { row::<M, A, B, C>(c.at(i, j), a, b, c.store) }
            }
        };
        if threads && n > cols {
            (0..n.div_ceil(cols))
                .into_par_iter()
                .for_each(|i| piece(i * cols));
        } else {
            (0..n).step_by(cols).for_each(piece);
        }
        return;
    }
    let n_threads = if threads {
        rayon::current_num_threads()
    } else {
        1
    };
    let cut = Cut::new([m, n, k], M::DEPTH, M::COLS, n_threads);
    let keeps = cut.keeps && matches!(b, Right::Matrix(_));
    let number = if keeps {
        PRODUCTS.fetch_add(1, Ordering::Relaxed)
    } else {
        0
    };
    let task = |i: usize| {
        let [rows, cols] = cut.block(i);
        // SAFETY: blocks are inside of C, and each is one task's alone
        unsafe {
            let block = Block {
                to: c.at(rows[0], cols[0]),
                stride: c.stride,
                store: c.store,
            };
            let (a, b) = (a.part(rows, [0, k]), b.part::<M>(cols));
            let keep = keeps.then_some([number, cols[0] as u64]);
            ROOM.with_borrow_mut(|room| multiply::<M, A, B, C>(room, &block, a, b, keep));
        }
    };
    if threads && cut.len() > 1 {
        (0..cut.len())
            .into_par_iter()
            .with_max_len(1)
            .for_each(task);
    } else {
        (0..cut.len()).for_each(task);
    }
}

/// One row times a matrix whose columns lie in memory one after the other.
///
/// # Safety
/// As [`run`].
unsafe fn row<M: Machine, A: Element, B: Element, C: Element>(
    to: *mut C,
    a: Matrix<'_, A>,
    b: Matrix<'_, B>,
    store: Store,
) {
    let (k, n) = (a.cols, b.cols);
    assert!(b.span() <= b.data.len(), "an operand outside of its buffer");
    ROOM.with_borrow_mut(|room| {
        for (p, x) in room.strip.first(k).iter_mut().enumerate() {
            *x = a.data[p * a.col_stride].wide();
        }
        let dots = Dots {
            k,
            cols: n,
            x: room.strip.as_ptr(),
            w: b.data.as_ptr(),
            stride: b.col_stride,
            to: room.sums.first(n).as_mut_ptr(),
        };
        let finish = Finish {
            rows: 1,
            cols: n,
            tile: dots.to,
            tile_stride: 0,
            before: std::ptr::null(),
            before_stride: 0,
            to,
            to_stride: 0,
            add: store == Store::Add,
        };
        // SAFETY: operands are in memory by the line above, C by the caller's word
        unsafe {
            M::dots(&dots);
            M::finish(&finish);
        }
    });
}
