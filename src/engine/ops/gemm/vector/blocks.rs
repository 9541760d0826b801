//! One block of the output on one thread: over k in steps, for each step over strips of A, for
//! each strip over panels of B.

use std::cell::RefCell;

use super::ahead::Ahead;
use super::kernel::{ACROSS, Corner, Finish, Tile};
use super::lanes::is_bf16;
use super::machine::Machine;
use super::pack::Piece;
use super::panels::Right;
use crate::engine::ops::buffer::Buffer;
use crate::engine::ops::gemm::{Element, Matrix, Store};

/// Rows up to which B is read where it lies, if it can be: a copy would not pay.
const FEW_ROWS: usize = 32;

/// A thread's room for copies; it only grows.
#[derive(Default)]
pub(super) struct Room {
    pub(super) strip: Buffer<f32>,
    pub(super) panels: Buffer<f32>,
    pub(super) sums: Buffer<f32>,
    /// Which operand's which columns the panels hold.
    kept: Option<[u64; 2]>,
}

thread_local! {
    pub(super) static ROOM: RefCell<Room> = RefCell::default();
}

/// A block [m, n] of the output: its first number, how far apart its rows are, and what happens
/// to the numbers there.
pub(super) struct Block<C> {
    pub(super) to: *mut C,
    pub(super) stride: usize,
    pub(super) store: Store,
}

/// Multiplies a [m, k] and b [k, n]. `keep` names the columns of B if other blocks on them may
/// follow: their copy is then kept.
///
/// # Safety
/// The machine is there, and so are the block's numbers, which nobody else reads or writes.
/// Panels were packed for this machine.
pub(super) unsafe fn multiply<M: Machine, A: Element, B: Element, C: Element>(
    room: &mut Room,
    block: &Block<C>,
    a: Matrix<'_, A>,
    b: Right<'_, B>,
    keep: Option<[u64; 2]>,
) {
    let ([m, k], n) = ([a.rows, a.cols], b.cols());
    let depth = k.div_ceil(k.div_ceil(M::DEPTH));
    let depth = depth.next_multiple_of(16).min(M::DEPTH);
    let padded = n.next_multiple_of(M::COLS);
    let (matrix, packed) = match b {
        Right::Matrix(b) => (Some(b), None),
        Right::Packed(columns) => (None, Some(columns)),
    };
    let (a_down, b_down) = (a.col_stride != 1, matrix.is_some_and(|b| b.col_stride != 1));
    let few = m <= FEW_ROWS && !is_bf16::<B>() && !b_down && keep.is_none();
    let in_place = matrix.filter(|_| few);

    // two strips of full rows in either order
    let strip = room.strip.first(2 * ACROSS * 16).as_mut_ptr();
    let strips_at = [strip, strip.wrapping_add(ACROSS * 16)];
    // steps that a panel of the copies holds
    let held = if keep.is_some() { k } else { depth };
    let room_for = packed.map_or(held * padded, |_| 0);
    let copies = room.panels.first(room_for).as_mut_ptr();
    let (panels, held) = packed.map_or((copies.cast_const(), held), |of| {
        (of.numbers.as_ptr(), of.held)
    });
    let waits = is_bf16::<C>() && k > depth;
    let sums = room
        .sums
        .first(if waits { m * padded } else { 0 })
        .as_mut_ptr();
    let there = keep.is_some() && room.kept == keep;
    let copied = matrix.filter(|_| !there);
    room.kept = None;
    let mut corner = Corner([0.0; _]);

    for p in (0..k).step_by(depth) {
        let step = Step {
            k: depth.min(k - p),
            first: p == 0,
            last: p + depth >= k,
            sums,
            sums_stride: padded,
            corner: corner.0.as_mut_ptr(),
        };
        let steps = [p, p + step.k];
        let start = if held < k { 0 } else { p };
        // where in the panels that of column j begins for these steps
        let place = |j: usize| j * held + start * M::COLS;
        // how it begins, and how far apart its rows are
        let panel = |j: usize| match in_place {
            Some(b) if n - j >= M::COLS => {
                (b.part(steps, [j, n]).data.as_ptr().cast(), b.row_stride)
            }
            _ => (panels.wrapping_add(place(j)), M::COLS),
        };
        if let Some(b) = copied {
            for j in (0..n).step_by(M::COLS) {
                let cols = M::COLS.min(n - j);
                if in_place.is_none() || cols < M::COLS {
                    let piece = piece(b.part(steps, [j, j + cols]), b_down);
                    // SAFETY: the piece is in memory, the copies are as long as held · padded
                    unsafe { M::panel(b_down, copies.add(place(j)), &piece) }
                }
            }
        }
        let strips = m.div_ceil(M::ROWS);
        // even ones, for kernels of few rows are slow
        let rows = |i: usize| [i * m / strips, (i + 1) * m / strips];
        let part = |i: usize| piece(a.part(rows(i), steps), a_down);
        // columns of B for the steps after these
        let after = [p + step.k, (p + depth + step.k).min(k)];
        let mut later = match copied {
            Some(b) if in_place.is_none() && !step.last => {
                let tiles = strips * n.div_ceil(M::COLS);
                piece(b.part(after, [0, n]), b_down).ahead(step.k * tiles)
            }
            _ => Ahead::NOTHING,
        };
        // SAFETY: the piece is in memory, there is room for a full strip
        unsafe { M::strip(a_down, strips_at[0], &part(0)) }
        for i in 0..strips {
            let [row, end] = rows(i);
            let (strip, next_strip) = (strips_at[i % 2], strips_at[(i + 1) % 2]);
            let next = (i + 1 < strips).then(|| part(i + 1));
            for j in (0..n).step_by(M::COLS) {
                let mut soon = Ahead::NOTHING;
                if let Some(next) = &next {
                    // the next strip comes from memory while this one is multiplied
                    let start = next.rows * j / n;
                    let middle = next.rows * (j + M::COLS).min(n) / n;
                    let end = next.rows * (j + 2 * M::COLS).min(n) / n;
                    soon = next.share([middle, end]).ahead(step.k);
                    let to = next_strip.wrapping_add(start * if a_down { M::DOWN } else { ACROSS });
                    // SAFETY: the piece is in memory, there is room for a full strip
                    unsafe { M::strip(a_down, to, &next.share([start, middle])) }
                }
                // SAFETY: strip and panel hold step.k steps of this tile, which is inside of the
                // block
                unsafe {
                    step.tile::<M, C>(
                        block,
                        [row, end],
                        [j, n.min(j + M::COLS)],
                        (a_down, strip),
                        panel(j),
                        [&mut soon, &mut later],
                    );
                }
            }
        }
    }
    room.kept = keep;
}

/// Some steps over k, and where their sums wait for the next ones.
struct Step {
    k: usize,
    first: bool,
    last: bool,
    /// Sums of earlier steps, where the output is bf16 and cannot hold them.
    sums: *mut f32,
    sums_stride: usize,
    /// Room of one tile.
    corner: *mut f32,
}

impl Step {
    /// Adds up one tile and puts it down: in the block itself if it holds f32, otherwise in the
    /// sums but for the last step. A tile that is not full or must be rounded goes through the
    /// corner.
    ///
    /// # Safety
    /// The machine is there, the tile inside of the block, strip and panel as long as the step.
    #[inline(always)]
    unsafe fn tile<M: Machine, C: Element>(
        &self,
        block: &Block<C>,
        [row, row_end]: [usize; 2],
        [col, col_end]: [usize; 2],
        (a_down, a): (bool, *const f32),
        (b, b_stride): (*const f32, usize),
        next: [&mut Ahead; 2],
    ) {
        let (rows, cols) = (row_end - row, col_end - col);
        let to = block.to.wrapping_add(row * block.stride + col);
        let sums = self.sums.wrapping_add(row * self.sums_stride + col);
        let set = block.store == Store::Set;
        let mut tile = Tile {
            k: self.k,
            rows,
            a,
            b,
            b_stride,
            to: self.corner,
            to_stride: M::COLS,
            add: false,
            soon: to.cast(),
            soon_stride: block.stride * size_of::<C>(),
        };
        let mut finish = Finish {
            rows,
            cols,
            tile: self.corner,
            tile_stride: M::COLS,
            before: std::ptr::null(),
            before_stride: self.sums_stride,
            to,
            to_stride: block.stride,
            add: !set,
        };
        let done = if is_bf16::<C>() {
            if !self.last {
                (tile.to, tile.to_stride) = (sums, self.sums_stride);
                tile.add = !self.first;
            }
            if !self.first {
                finish.before = sums;
            }
            !self.last
        } else {
            finish.add = !(set && self.first);
            if cols == M::COLS {
                (tile.to, tile.to_stride) = (to.cast(), block.stride);
                tile.add = finish.add;
            }
            cols == M::COLS
        };
        // SAFETY: by the caller's word
        unsafe {
            M::add_up(a_down, &tile, next);
            if !done {
                M::finish(&finish);
            }
        }
    }
}

/// A part of an operand as the copying functions see it: numbers next to each other are columns.
pub(super) fn piece<E: Element>(part: Matrix<'_, E>, transposed: bool) -> Piece<E> {
    let part = if transposed { part.transposed() } else { part };
    assert!(
        part.col_stride == 1 || part.cols <= 1,
        "numbers of an operand next to each other"
    );
    assert!(
        part.span() <= part.data.len(),
        "an operand outside of its buffer"
    );
    Piece {
        from: part.data.as_ptr(),
        rows: part.rows,
        cols: part.cols,
        stride: part.row_stride,
        readable: part.data.len(),
    }
}
