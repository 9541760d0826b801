//! The innermost loop: a tile of the output stays in registers while both operands stream by.

use super::ahead::{AT_A_TIME, Ahead};
use super::lanes::Lanes;
use crate::engine::ops::gemm::Element;

/// Most steps over k at a time on any machine.
pub(super) const MOST_DEPTH: usize = 256;
/// Numbers between the rows of a strip whose rows lie one after the other: not a power of two,
/// so that the rows fall into different places of the cache.
pub(super) const ACROSS: usize = MOST_DEPTH + 16;
/// Most numbers of a tile on any machine.
const MOST: usize = 14 * 32;

/// Room of one tile, in numbers.
#[repr(align(64))]
pub(super) struct Corner(pub(super) [f32; MOST]);

/// Numbers between the columns of a strip whose columns lie one after the other.
pub(super) const fn down<V: Lanes>() -> usize {
    if V::WIDTH > 8 { 16 } else { 8 }
}

/// One tile of a product: `rows` rows of a strip of A [rows, k] times a panel of B [k, two
/// registers].
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) k: usize,
    pub(super) rows: usize,
    pub(super) a: *const f32,
    pub(super) b: *const f32,
    /// Numbers between the rows of B.
    pub(super) b_stride: usize,
    /// Where the sums go, and how far apart their rows are.
    pub(super) to: *mut f32,
    pub(super) to_stride: usize,
    /// Whether they are added to what is there.
    pub(super) add: bool,
    /// Rows of the output in the end, and the bytes between them, which are asked for meanwhile.
    pub(super) soon: *const u8,
    pub(super) soon_stride: usize,
}

/// Adds up a tile of `ROWS` rows, and asks for what comes next. The columns of the strip lie one
/// after the other if `DOWN`, else its rows.
///
/// # Safety
/// The instruction set of V is there; operands and output are as `tile` says, and it has
/// `ROWS` rows.
#[inline(always)]
pub(super) unsafe fn add_up<V: Lanes, const ROWS: usize, const DOWN: bool>(
    tile: &Tile,
    next: [&mut Ahead; 2],
) {
    let (row, step) = if DOWN { (1, down::<V>()) } else { (ACROSS, 1) };
    let (mut a, mut b) = (tile.a, tile.b);
    let (mut left, mut soon) = (tile.k, 0..0);
    let soon_at_a_time = ROWS.div_ceil((tile.k / AT_A_TIME).max(1));
    // SAFETY: k steps of `ROWS` numbers of A and two registers of B are there, and `ROWS` rows of
    // two registers of the output, by the caller's word
    unsafe {
        let mut sums = [[V::splat(0.0); 2]; ROWS];
        while left > 0 {
            soon = soon.end..(soon.end + soon_at_a_time).min(ROWS);
            for i in soon.clone() {
                let soon = tile.soon.wrapping_add(i * tile.soon_stride);
                V::ask_to_write(soon);
                V::ask_to_write(soon.wrapping_add(8 * V::WIDTH - 1));
            }
            next[0].ask::<V>();
            next[1].ask::<V>();
            let steps = left.min(AT_A_TIME);
            left -= steps;
            // loops of few and constant rounds, which the compiler unrolls into registers even
            // where it optimises little
            for _ in 0..steps {
                let b0 = V::load(b);
                let b1 = V::load(b.wrapping_add(V::WIDTH));
                let x = std::slice::from_raw_parts(a, (ROWS - 1) * row + 1);
                let mut i = 0;
                while i < ROWS / 2 {
                    let x = V::splat(x[i * row]);
                    sums[i] = [x.fma(b0, sums[i][0]), x.fma(b1, sums[i][1])];
                    i += 1;
                }
                while i < ROWS {
                    let x = V::splat(x[i * row]);
                    sums[i] = [x.fma(b0, sums[i][0]), x.fma(b1, sums[i][1])];
                    i += 1;
                }
                a = a.wrapping_add(step);
                b = b.wrapping_add(tile.b_stride);
            }
        }
        // a copy, so that the sums themselves need no place in memory where this is not unrolled
        let done = sums;
        for (i, sum) in done.iter().enumerate() {
            put_down(tile, i, *sum);
        }
    }
}

/// Puts down the sums of one row of a tile.
///
/// # Safety
/// The instruction set of V is there, and so is the output.
#[inline(always)]
unsafe fn put_down<V: Lanes>(tile: &Tile, row: usize, [mut left, mut right]: [V; 2]) {
    let to = tile.to.wrapping_add(row * tile.to_stride);
    let after = to.wrapping_add(V::WIDTH);
    // SAFETY: by the caller's word
    unsafe {
        if tile.add {
            left = left.add(V::load(to));
            right = right.add(V::load(after));
        }
        left.store(to);
        right.store(after);
    }
}

/// The way of a tile from f32 sums to the output.
pub(super) struct Finish<C> {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) tile: *const f32,
    pub(super) tile_stride: usize,
    /// Sums of earlier steps over k, as far apart as the second number says; none if null.
    pub(super) before: *const f32,
    pub(super) before_stride: usize,
    pub(super) to: *mut C,
    pub(super) to_stride: usize,
    /// Whether the sums are added to what is there.
    pub(super) add: bool,
}

/// Puts sums down in the numbers of the output, each rounded once.
///
/// # Safety
/// The instruction set of V is there; places are as `finish` says.
#[inline(always)]
pub(super) unsafe fn finish<V: Lanes, C: Element>(finish: &Finish<C>) {
    // SAFETY: `rows` rows of `cols` numbers are there in each, by the caller's word
    unsafe {
        for i in 0..finish.rows {
            let tile = finish.tile.add(i * finish.tile_stride);
            let before = finish.before.wrapping_add(i * finish.before_stride);
            let to = finish.to.add(i * finish.to_stride);
            let mut j = 0;
            while j + V::WIDTH <= finish.cols {
                let mut sum = V::load(tile.add(j));
                if !finish.before.is_null() {
                    sum = sum.add(V::load(before.add(j)));
                }
                if finish.add {
                    sum = sum.add(V::load(to.add(j)));
                }
                sum.store(to.add(j));
                j += V::WIDTH;
            }
            while j < finish.cols {
                let mut sum = *tile.add(j);
                if !finish.before.is_null() {
                    sum += *before.add(j);
                }
                if finish.add {
                    sum += (*to.add(j)).wide();
                }
                *to.add(j) = C::narrow(sum);
                j += 1;
            }
        }
    }
}
