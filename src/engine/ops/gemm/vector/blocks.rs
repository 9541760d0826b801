//! One block of the output on one thread: over k in steps, for each step over strips of A, for
//! each strip over panels of B.

use std::cell::RefCell;

use super::kernel::{ACROSS, Corner, DEPTH, Finish, Tile};
use super::lanes::is_bf16;
use super::machine::Machine;
use super::pack::Piece;
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

/// At least so many numbers of a buffer.
pub(super) fn at_least(buffer: &mut Buffer<f32>, len: usize) -> *mut f32 {
    if buffer.len() < len {
        *buffer = Buffer::zeros(len.next_power_of_two());
    }
    buffer.as_mut_ptr()
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
pub(super) unsafe fn multiply<M: Machine, A: Element, B: Element, C: Element>(
    room: &mut Room,
    block: &Block<C>,
    a: Matrix<'_, A>,
    b: Matrix<'_, B>,
    keep: Option<[u64; 2]>,
) {
    let ([m, k], n) = ([a.rows, a.cols], b.cols);
    let depth = k
        .div_ceil(k.div_ceil(DEPTH))
        .next_multiple_of(16)
        .min(DEPTH);
    let padded = n.next_multiple_of(M::COLS);
    let (a_down, b_down) = (a.col_stride != 1, b.col_stride != 1);
    let in_place = m <= FEW_ROWS && !is_bf16::<B>() && !b_down;

    // a strip of full rows in either order; the kernel may read rows that are not there
    let strip = at_least(&mut room.strip, DEPTH.max(ACROSS) * 16);
    let held = if keep.is_some() { k } else { depth };
    let panels = at_least(&mut room.panels, held * padded);
    let waits = is_bf16::<C>() && k > depth;
    let sums = at_least(&mut room.sums, if waits { m * padded } else { 0 });
    let there = keep.is_some() && room.kept == keep;
    room.kept = None;
    let mut corner = Corner([0.0; _]);
    let corner = corner.0.as_mut_ptr();

    for p in (0..k).step_by(depth) {
        let k_here = depth.min(k - p);
        let (first, last) = (p == 0, p + k_here == k);
        let panels = if keep.is_some() {
            panels.wrapping_add(p * padded)
        } else {
            panels
        };
        if !there {
            for j in (0..n).step_by(M::COLS) {
                let cols = M::COLS.min(n - j);
                if in_place && cols == M::COLS {
                    continue;
                }
                let piece = piece(b.part([p, p + k_here], [j, j + cols]), b_down);
                // SAFETY: a part is in memory; the panels are as long as k_here · padded
                unsafe { M::panel(b_down, panels.add(j * k_here), &piece) }
            }
        }
        let mut i = 0;
        while i < m {
            let rows = height(m - i, M::ROWS);
            let piece = piece(a.part([i, i + rows], [p, p + k_here]), a_down);
            // SAFETY: a part is in memory; there is room for a full strip
            unsafe { M::strip(a_down, strip, &piece) }
            for j in (0..n).step_by(M::COLS) {
                let cols = M::COLS.min(n - j);
                let (panel, panel_stride) = if in_place && cols == M::COLS {
                    // SAFETY: the part above begins there
                    let panel = unsafe { b.data.as_ptr().add(p * b.row_stride + j) };
                    (panel.cast(), b.row_stride)
                } else {
                    (panels.wrapping_add(j * k_here).cast_const(), M::COLS)
                };
                // SAFETY: inside of the block
                let to = unsafe { block.to.add(i * block.stride + j) };
                let own = sums.wrapping_add(i * padded + j);
                let mut tile = Tile {
                    k: k_here,
                    rows,
                    a: strip,
                    b: panel,
                    b_stride: panel_stride,
                    to: corner,
                    to_stride: M::COLS,
                    add: false,
                    soon: to.cast(),
                    soon_stride: block.stride * size_of::<C>(),
                };
                let mut finish = Finish {
                    rows,
                    cols,
                    tile: corner,
                    tile_stride: M::COLS,
                    before: std::ptr::null(),
                    before_stride: padded,
                    to,
                    to_stride: block.stride,
                    add: block.store == Store::Add,
                };
                let whole = if is_bf16::<C>() {
                    if !first {
                        finish.before = own;
                    }
                    if !last {
                        (tile.to, tile.to_stride) = (own, padded);
                        tile.add = !first;
                    }
                    !last
                } else {
                    finish.add |= !first;
                    if cols == M::COLS {
                        (tile.to, tile.to_stride) = (to.cast(), block.stride);
                        tile.add = finish.add;
                    }
                    cols == M::COLS
                };
                // SAFETY: strip and panel hold k_here steps of this tile; it goes to the corner,
                // the sums or, full, to the block, and on from the corner to the block's numbers
                unsafe {
                    M::add_up(a_down, &tile);
                    if !whole {
                        M::finish(&finish);
                    }
                }
            }
            i += rows;
        }
    }
    room.kept = keep;
}

/// Rows of the next strip where `left` are left: full ones, but the last two share what is left
/// evenly, for kernels of few rows are slow.
fn height(left: usize, full: usize) -> usize {
    if left > full && left < full + full.div_ceil(2) {
        left.div_ceil(2)
    } else {
        left.min(full)
    }
}

/// A part of an operand as the copying functions see it: numbers next to each other are columns.
fn piece<E: Element>(part: Matrix<'_, E>, transposed: bool) -> Piece<E> {
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
