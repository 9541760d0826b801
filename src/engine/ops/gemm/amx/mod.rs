//! Matrix products on tiles of bf16: bf16 in, sums in f32, 32 x 32 of them at a time.
//!
//! The left operand is read where it lies if its rows are whole steps long; everything else is
//! first packed into the order of tiles. Work is cut by the shape alone, and every number of the
//! result is added up in one order by one task: the bytes do not depend on the number of threads.

mod detect;
mod finish;
mod job;
mod pack;
#[cfg(test)]
mod tests;
pub(in crate::engine::ops) mod tile;

use half::bf16;
use rayon::prelude::*;

pub(in crate::engine::ops) use detect::{has_bytes, lacks, refused};
pub(in crate::engine::ops) use pack::{Cells, Side, pack, transposed};
pub(in crate::engine::ops) use tile::{CELL, SIDE};

use super::{Element, Matrix, Shared, Store};
use crate::engine::ops::buffer::Buffer;
use job::Job;
use pack::pack_all;

/// Steps along k that are worked on before others: longer ones leave the second cache, shorter
/// ones move sums more often.
const CHUNK: usize = 64;
/// Tasks that a product is cut into at least, where it is large enough.
const TASKS: usize = 8;
/// Panels of a task at most: with [`CHUNK`] steps 1 MiB, half of the second cache.
const PANELS: usize = 8;
/// Strips that are so few that narrow tasks cost less than packing all panels before.
const LOW: usize = 16;

/// Memory for packed operands, kept from one product to the next.
#[derive(Default)]
pub(in crate::engine::ops) struct Room {
    left: Buffer<bf16>,
    right: Buffer<bf16>,
}

/// C[m,n] = A[m,k] B[k,n], or C += A B, over the threads of the pool it is called in. Rows of `c`
/// are `c_stride` apart.
///
/// # Panics
/// Where [`lacks`] has a reason; where shapes do not fit each other.
pub(in crate::engine::ops) fn product<C: Element>(
    memory: &mut Room,
    c: &mut [C],
    c_stride: usize,
    a: Matrix<'_, bf16>,
    b: Matrix<'_, bf16>,
    store: Store,
) {
    assert!(lacks().is_none(), "tiles without AMX");
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows, "shapes of a product");
    if m == 0 || n == 0 {
        return;
    }
    assert!(
        n <= c_stride && (m - 1) * c_stride + n <= c.len(),
        "a product outside of its buffer"
    );
    assert!(
        a.span() <= a.data.len() && b.span() <= b.data.len(),
        "a matrix outside of its buffer"
    );
    // a left operand that lies along m is dear to pack: then the other one is the left one, if it
    // is smaller, and blocks are turned when they are written
    let across = a.col_stride != 1 && (b.row_stride == 1 || n <= m);
    let (a, b) = if across {
        (b.transposed(), a.transposed())
    } else {
        (a, b)
    };
    let steps = k.div_ceil(SIDE);
    let strips = a.rows.div_ceil(SIDE);
    let panels = b.cols.div_ceil(SIDE);

    let direct = a.col_stride == 1 && k.is_multiple_of(SIDE) && k > 0;
    let n_left = if direct { a.rows % SIDE } else { a.rows };
    let packed_from = a.rows - n_left;
    let tail = a.part([packed_from, a.rows], [0, k]);
    let left = memory.left.first(n_left.div_ceil(SIDE) * steps * CELL);
    pack_all(left, Side::Left, tail);
    let [rows, cols] = cut(strips, panels);
    let right = (rows > 1).then(|| {
        let right = memory.right.first(panels * steps * CELL);
        pack_all(right, Side::Right, b);
        &*right
    });
    let job = Job {
        a,
        b,
        steps,
        chunk: CHUNK.min(steps.max(1)),
        packed_from,
        left,
        right,
        c: Shared::new(c),
        c_stride,
        across,
        store,
    };
    (0..rows * cols).into_par_iter().for_each(|task| {
        let (i, j) = (task / cols, task % cols);
        let edges = |i: usize, n: usize, size: usize| [i, i + 1].map(|i| i * size / n);
        job.run(edges(i, rows, strips), edges(j, cols, panels));
    });
}

/// Rows and columns of tasks for so many strips and panels. In one row of tasks each packs its
/// panels itself, which is cheaper than packing all of them before.
fn cut(strips: usize, panels: usize) -> [usize; 2] {
    let cols = panels.div_ceil(PANELS);
    if cols >= TASKS {
        return [1, cols.next_multiple_of(2)];
    }
    if strips <= LOW && panels >= 3 * TASKS {
        return [1, TASKS];
    }
    let cols = cols.next_power_of_two().min(panels);
    [TASKS.div_ceil(cols).min(strips), cols]
}
