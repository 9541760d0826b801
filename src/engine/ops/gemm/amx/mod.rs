//! Matrix products on tiles of bf16: bf16 in, sums in f32, 32 x 32 of them at a time.
//!
//! The left operand is read where it lies if its rows are whole steps long; everything else is
//! first packed into the order of tiles. Work is cut by the shape alone, and every number of the
//! result is added up in one order by one task: the bytes do not depend on the number of threads.

mod detect;
mod finish;
mod pack;
#[cfg(test)]
mod tests;
mod tile;

use half::bf16;
use rayon::prelude::*;

pub(in crate::engine::ops) use detect::lacks;
pub(in crate::engine::ops) use tile::{CELL, Left, SIDE, Soon, Tiles};

use super::{Element, Matrix, Shared, Store};
use crate::engine::ops::buffer::{Buffer, Plain};
use finish::{Place, SUMS_ROW, Sums, finish};
use pack::{Side, pack};

/// Numbers along k that are worked on before others: what a block needs of them fits caches.
const CHUNK: usize = 1024;
/// Tasks that a product is cut into at least, where it is large enough.
const TASKS: usize = 8;

/// Memory for packed operands, kept from one product to the next.
#[derive(Default)]
pub(in crate::engine::ops) struct Room {
    left: Buffer<bf16>,
    right: Buffer<bf16>,
    sums: Buffer<f32>,
}

/// The first `len` numbers of a buffer that is made larger where it is too small.
fn room<E: Plain>(buffer: &mut Buffer<E>, len: usize) -> &mut [E] {
    if buffer.len() < len {
        *buffer = Buffer::zeros(len);
    }
    &mut buffer[..len]
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

    let direct = a.col_stride == 1 && k % SIDE == 0;
    let n_left = if direct { a.rows % SIDE } else { a.rows };
    let packed_from = a.rows - n_left;
    let tail = a.part([packed_from, a.rows], [0, k]);
    let left = room(&mut memory.left, n_left.div_ceil(SIDE) * steps * CELL);
    left.par_chunks_mut((steps * CELL).max(1))
        .enumerate()
        .for_each(|(i, into)| {
            // SAFETY: AVX-512 is among what `lacks` asks for
            unsafe { pack(into, Side::Left, tail, i * SIDE, 0) };
        });
    let right = room(&mut memory.right, panels * steps * CELL);
    right
        .par_chunks_mut((steps * CELL).max(1))
        .enumerate()
        .for_each(|(i, into)| {
            // SAFETY: as above
            unsafe { pack(into, Side::Right, b, i * SIDE, 0) };
        });

    let chunk = (CHUNK / SIDE).min(steps.max(1));
    let blocks = if steps > chunk { strips * panels } else { 0 };
    let job = Job {
        a,
        b_cols: b.cols,
        steps,
        chunk,
        strips,
        panels,
        packed_from,
        left,
        right,
        sums: Shared::new(room(&mut memory.sums, blocks * CELL)),
        c: Shared::new(c),
        c_stride,
        across,
        store,
    };
    let [high, wide] = cut(strips, panels);
    let (rows, cols) = (strips.div_ceil(high), panels.div_ceil(wide));
    (0..rows * cols).into_par_iter().for_each(|task| {
        let [i, j] = [task / cols * high, task % cols * wide];
        job.run([i, (i + high).min(strips)], [j, (j + wide).min(panels)]);
    });
}

/// Strips and panels of a task.
fn cut(strips: usize, panels: usize) -> [usize; 2] {
    let [mut high, mut wide] = [strips, panels];
    while (high > 1 || wide > 1) && strips.div_ceil(high) * panels.div_ceil(wide) < TASKS {
        if high > wide {
            high = high.div_ceil(2);
        } else {
            wide = wide.div_ceil(2);
        }
    }
    [high, wide]
}

/// A product whose operands are packed.
struct Job<'a, C> {
    a: Matrix<'a, bf16>,
    b_cols: usize,
    steps: usize,
    /// Steps worked on before others.
    chunk: usize,
    strips: usize,
    panels: usize,
    /// The row of `a` from which on it is packed.
    packed_from: usize,
    left: &'a [bf16],
    right: &'a [bf16],
    /// A block each for sums between chunks.
    sums: Shared<'a, f32>,
    c: Shared<'a, C>,
    c_stride: usize,
    /// Whether rows and columns of the result are exchanged.
    across: bool,
    store: Store,
}

impl<C: Element> Job<'_, C> {
    /// Computes the blocks of some strips and panels.
    fn run(&self, strips: [usize; 2], panels: [usize; 2]) {
        let tiles = Tiles::enter();
        let mut scratch = Sums([0.0; CELL]);
        let wide = size_of::<C>() == size_of::<f32>();
        for from in (0..self.steps.max(1)).step_by(self.chunk) {
            let n_steps = self.chunk.min(self.steps - from);
            let [first, last] = [from == 0, from + n_steps == self.steps];
            for panel in panels[0]..panels[1] {
                let b = &self.right[(panel * self.steps + from) * CELL..][..n_steps * CELL];
                for strip in strips[0]..strips[1] {
                    let a = self.left(strip, from);
                    let place = self.place(strip, panel);
                    let whole = place.rows == SIDE && place.cols == SIDE;
                    let direct = wide && whole && !self.across;
                    let soon = Soon {
                        data: place.data.cast(),
                        row: place.stride * size_of::<C>(),
                        wide,
                    };
                    let row = place.stride * size_of::<f32>();
                    let sums = match self.steps > self.chunk {
                        true => self.sums.at((strip * self.panels + panel) * CELL),
                        false => scratch.0.as_mut_ptr(),
                    };
                    // SAFETY: a whole block of f32 lies in `c`, which this task alone touches
                    // there; sums are this block's; operands are as long as `n_steps`
                    unsafe {
                        match (direct, first) {
                            (true, true) if self.store == Store::Set => tiles.clear(),
                            (true, _) => tiles.load(place.data.cast(), row),
                            (false, true) => tiles.clear(),
                            (false, false) => tiles.load(sums, SUMS_ROW),
                        }
                        let soon = (last || direct).then_some(soon);
                        tiles.add_product(a, b.as_ptr().cast(), n_steps, soon);
                        if direct {
                            tiles.store(place.data.cast(), row);
                        } else if last {
                            tiles.store(scratch.0.as_mut_ptr(), SUMS_ROW);
                            finish(&scratch, self.across, place);
                        } else {
                            tiles.store(sums, SUMS_ROW);
                        }
                    }
                }
            }
        }
    }

    /// Where a strip of the left operand lies, from a step on.
    fn left(&self, strip: usize, from: usize) -> Left {
        let row = strip * SIDE;
        if row < self.packed_from {
            let bytes = size_of::<bf16>();
            Left {
                data: self.a.data[row * self.a.row_stride + from * SIDE..]
                    .as_ptr()
                    .cast(),
                row: self.a.row_stride * bytes,
                step: SIDE * bytes,
                half: SIDE / 2 * self.a.row_stride * bytes,
            }
        } else {
            let cell = (row - self.packed_from) / SIDE * self.steps + from;
            Left {
                data: self.left[cell * CELL..].as_ptr().cast(),
                row: 64,
                step: 2048,
                half: 1024,
            }
        }
    }

    /// Where a block of sums goes.
    fn place(&self, strip: usize, panel: usize) -> Place<C> {
        let rows = (self.a.rows - strip * SIDE).min(SIDE);
        let cols = (self.b_cols - panel * SIDE).min(SIDE);
        let ([i, j], [rows, cols]) = match self.across {
            true => ([panel, strip], [cols, rows]),
            false => ([strip, panel], [rows, cols]),
        };
        Place {
            data: self.c.at((i * self.c_stride + j) * SIDE),
            stride: self.c_stride,
            rows,
            cols,
            store: self.store,
        }
    }
}
