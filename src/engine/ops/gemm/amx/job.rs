//! One task of a product: some strips of 32 rows by some panels of 32 columns.

use std::cell::RefCell;

use half::bf16;

use super::super::{Element, Matrix, Shared, Store};
use super::finish::{Place, SUMS_ROW, Sums, finish};
use super::pack::{Cells, Side, pack};
use super::tile::{CELL, Left, PARTS, SIDE, Soon, Tiles};
use crate::engine::ops::buffer::Buffer;

/// What a thread keeps from one task to the next.
#[derive(Default)]
struct Own {
    right: Buffer<bf16>,
    sums: Buffer<f32>,
}

thread_local! {
    static OWN: RefCell<Own> = RefCell::default();
}

/// A product.
pub(super) struct Job<'a, C> {
    pub(super) a: Matrix<'a, bf16>,
    pub(super) b: Matrix<'a, bf16>,
    pub(super) steps: usize,
    /// Steps worked on before others.
    pub(super) chunk: usize,
    /// The row of `a` from which on it is packed.
    pub(super) packed_from: usize,
    pub(super) left: &'a [bf16],
    /// All of `b`, if it is packed before tasks begin.
    pub(super) right: Option<&'a [bf16]>,
    pub(super) c: Shared<'a, C>,
    pub(super) c_stride: usize,
    /// Whether rows and columns of the result are exchanged.
    pub(super) across: bool,
    pub(super) store: Store,
}

impl<C: Element> Job<'_, C> {
    /// Computes the blocks of some strips and panels.
    pub(super) fn run(&self, strips: [usize; 2], panels: [usize; 2]) {
        OWN.with_borrow_mut(|own| {
            // SAFETY: AVX-512 is among what a product asks for
            unsafe { self.run_with(own, strips, panels) }
        });
    }

    /// # Safety
    /// The processor has AVX-512 (f, bw, vl, bf16).
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
    unsafe fn run_with(&self, own: &mut Own, strips: [usize; 2], panels: [usize; 2]) {
        let tiles = Tiles::enter();
        let n_strips = strips[1] - strips[0];
        let n_panels = panels[1] - panels[0];
        let n_sums = if self.steps > self.chunk {
            n_strips * n_panels
        } else {
            0
        };
        let sums = Shared::new(own.sums.first(n_sums * CELL));
        let rounds = self.steps.div_ceil(self.chunk).max(1);
        let steps = |i: usize| [i, i + 1].map(|i| (i * self.chunk).min(self.steps));
        let n_own = match self.right {
            Some(_) => 0,
            None => n_panels * self.chunk * CELL,
        };
        let n_buffers = rounds.min(2);
        let own_right = Shared::new(own.right.first(n_buffers * n_own));
        // what is packed for a round: the buffers take turns
        let cells = |i: usize| Cells {
            data: own_right,
            start: i % n_buffers * n_own,
            first: [panels[0], steps(i)[0]],
            steps: self.chunk,
        };
        if self.right.is_none() {
            // SAFETY: AVX-512 is the caller's word; the cells are of this thread
            unsafe { pack(cells(0), Side::Right, self.b, panels, steps(0)) };
        }
        let wide = size_of::<C>() == size_of::<f32>();
        let mut scratch = [Sums([0.0; CELL]), Sums([0.0; CELL])];
        let mut turn = 0;
        let mut waiting: Option<Place<C>> = None;
        for i in 0..rounds {
            let [from, to] = steps(i);
            let n_steps = to - from;
            let [first, last] = [i == 0, i + 1 == rounds];
            // what the next round needs is packed beside the products of this one
            let n_cells = match self.right {
                None if !last => n_panels * (steps(i + 1)[1] - to),
                _ => 0,
            };
            let n_parts = n_strips * n_panels * PARTS;
            let (mut parts, mut packed) = (0, 0);
            let mut pack_beside = || {
                parts += 1;
                while packed < parts * n_cells / n_parts {
                    let [panel, step] = [panels[0] + packed % n_panels, to + packed / n_panels];
                    let [panel, step] = [[panel, panel + 1], [step, step + 1]];
                    // SAFETY: as above, and this round reads the other buffer
                    unsafe { pack(cells(i + 1), Side::Right, self.b, panel, step) };
                    packed += 1;
                }
            };
            let (right, panel_len) = match self.right {
                Some(right) => {
                    let at = (panels[0] * self.steps + from) * CELL;
                    (right[at..].as_ptr(), self.steps * CELL)
                }
                None => (own_right.at(cells(i).start).cast_const(), self.chunk * CELL),
            };
            for strip in strips[0]..strips[1] {
                let a = self.left(strip, from);
                for panel in panels[0]..panels[1] {
                    let b = right.wrapping_add((panel - panels[0]) * panel_len).cast();
                    let place = self.place(strip, panel);
                    let whole = place.rows == SIDE && place.cols == SIDE;
                    let direct = wide && whole && !self.across;
                    let soon = Soon {
                        data: place.data.cast(),
                        row: place.stride * size_of::<C>(),
                        wide,
                    };
                    let soon = (last || direct).then_some(soon);
                    let row = place.stride * size_of::<f32>();
                    let block = ((strip - strips[0]) * n_panels + panel - panels[0]) * CELL;
                    let [one, two] = &mut scratch;
                    let (ready, next) = if turn == 0 { (one, two) } else { (two, one) };
                    // SAFETY: a whole block of f32 lies in `c`, which this task alone touches
                    // there; sums are this block's; operands are as long as `n_steps`
                    unsafe {
                        match (direct, first) {
                            (true, true) if self.store == Store::Set => tiles.clear(),
                            (true, _) => tiles.load(place.data.cast(), row),
                            (false, true) => tiles.clear(),
                            (false, false) => tiles.load(sums.at(block), SUMS_ROW),
                        }
                        match waiting.take() {
                            Some(place) => tiles.add_product(a, b, n_steps, soon, |part| {
                                finish(ready, self.across, place, part);
                                pack_beside();
                            }),
                            None => tiles.add_product(a, b, n_steps, soon, |_| pack_beside()),
                        }
                        if direct {
                            tiles.store(place.data.cast(), row);
                        } else if last {
                            tiles.store(next.0.as_mut_ptr(), SUMS_ROW);
                            waiting = Some(place);
                            turn = 1 - turn;
                        } else {
                            tiles.store(sums.at(block), SUMS_ROW);
                        }
                    }
                }
            }
        }
        if let Some(place) = waiting {
            for part in 0..PARTS {
                // SAFETY: the place of the last block, as above
                unsafe { finish(&scratch[turn], self.across, place, part) };
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
        let cols = (self.b.cols - panel * SIDE).min(SIDE);
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
