//! The functions of the inner loops, compiled once per instruction set.

use super::ahead::Ahead;
use super::kernel::{self, Finish, Tile};
use super::lanes::Four;
use super::one_row::{self, Dots};
use super::pack::{self, Piece};
use crate::engine::ops::gemm::Element;

/// One instruction set's inner loops.
///
/// # Safety
/// Of every function: the instruction set is there; the rest as the function of the same name in
/// `kernel`, `pack` or `one_row` says.
pub(super) trait Machine {
    /// Rows of a full tile.
    const ROWS: usize;
    /// Columns of a tile: two registers.
    const COLS: usize;
    /// Steps over k between which the sums of a tile are put down: so many that putting them down
    /// is rare, so few that two strips of A stay in a first-level cache beside a panel of B.
    const DEPTH: usize;
    /// Numbers between the columns of a strip whose columns lie one after the other.
    const DOWN: usize;

    unsafe fn add_up(down: bool, tile: &Tile, next: [&mut Ahead; 2]);
    unsafe fn finish<C: Element>(finish: &Finish<C>);
    unsafe fn strip<E: Element>(down: bool, to: *mut f32, piece: &Piece<E>);
    unsafe fn panel<E: Element>(down: bool, to: *mut f32, piece: &Piece<E>);
    unsafe fn dots<E: Element>(dots: &Dots<E>);
}

/// Compiles the inner loops for registers of one kind. The list in brackets are the numbers of
/// rows that a tile may have, a kernel for each; most rows and the depth follow.
macro_rules! machine {
    ($(#[$doc:meta])* $name:ident, $lanes:ty, [$($rows:literal),*], $most:literal, $depth:literal, [$(#[$feature:meta])*]) => {
        $(#[$doc])*
        pub(super) struct $name;

        // SAFETY of the blocks of this macro: every function passes on what its caller promises,
        // instruction set included
        impl Machine for $name {
            const ROWS: usize = $most;
            const COLS: usize = 2 * <$lanes as super::lanes::Lanes>::WIDTH;
            const DEPTH: usize = $depth;
            const DOWN: usize = kernel::down::<$lanes>();

            unsafe fn add_up(down: bool, tile: &Tile, next: [&mut Ahead; 2]) {
                $(#[$feature])*
                unsafe fn with<const ROWS: usize, const DOWN: bool>(
                    tile: &Tile,
                    next: [&mut Ahead; 2],
                ) {
                    // SAFETY: see above
                    unsafe { kernel::add_up::<$lanes, ROWS, DOWN>(tile, next) }
                }
                debug_assert!(tile.rows <= $most);
                $(if tile.rows == $rows {
                    // SAFETY: see above
                    return unsafe {
                        if down {
                            with::<$rows, true>(tile, next)
                        } else {
                            with::<$rows, false>(tile, next)
                        }
                    };
                })*
            }

            unsafe fn finish<C: Element>(finish: &Finish<C>) {
                $(#[$feature])*
                unsafe fn with<C: Element>(finish: &Finish<C>) {
                    // SAFETY: see above
                    unsafe { kernel::finish::<$lanes, C>(finish) }
                }
                // SAFETY: see above
                unsafe { with(finish) }
            }

            unsafe fn strip<E: Element>(down: bool, to: *mut f32, piece: &Piece<E>) {
                $(#[$feature])*
                unsafe fn with<E: Element>(down: bool, to: *mut f32, piece: &Piece<E>) {
                    // SAFETY: see above
                    unsafe {
                        if down {
                            pack::strip_down::<$lanes, E>(to, piece)
                        } else {
                            pack::strip_across::<$lanes, E>(to, piece)
                        }
                    }
                }
                // SAFETY: see above
                unsafe { with(down, to, piece) }
            }

            unsafe fn panel<E: Element>(down: bool, to: *mut f32, piece: &Piece<E>) {
                $(#[$feature])*
                unsafe fn with<E: Element>(down: bool, to: *mut f32, piece: &Piece<E>) {
                    // SAFETY: see above
                    unsafe {
                        if down {
                            pack::panel_down::<$lanes, E>(to, piece)
                        } else {
                            pack::panel_across::<$lanes, E>(to, piece)
                        }
                    }
                }
                // SAFETY: see above
                unsafe { with(down, to, piece) }
            }

            unsafe fn dots<E: Element>(dots: &Dots<E>) {
                $(#[$feature])*
                unsafe fn with<E: Element>(dots: &Dots<E>) {
                    // SAFETY: see above
                    unsafe { one_row::dots::<$lanes, E>(dots) }
                }
                // SAFETY: see above
                unsafe { with(dots) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
machine!(
    /// 32 registers of 16 numbers: 28 sums, two of B, one of A.
    Avx512, std::arch::x86_64::__m512, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], 14, 192,
    [#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]]
);
#[cfg(target_arch = "x86_64")]
machine!(
    /// 16 registers of 8 numbers: 12 sums, two of B, one of A.
    Avx2, std::arch::x86_64::__m256, [1, 2, 3, 4, 5, 6], 6, 256,
    [#[target_feature(enable = "avx2,fma")]]
);
#[cfg(target_arch = "aarch64")]
machine!(
    /// 32 registers of 4 numbers: 16 sums, two of B.
    Neon, Four<true>, [1, 2, 3, 4, 5, 6, 7, 8], 8, 256, []
);
machine!(
    /// 16 registers of 4 numbers, as every x86-64 has them: 8 sums, two of B, one of A.
    Scalar, Four<false>, [1, 2, 3, 4], 4, 256, []
);
