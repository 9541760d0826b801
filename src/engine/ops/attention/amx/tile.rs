//! The tile unit: products of 32 x 32 cells of bf16, added up in f32.
//!
//! A tile holds 16 rows of 64 bytes. A cell is what four of them hold: 32 x 32 sums in f32, tile
//! (i, j) of its two rows of tiles at number (2i + j)·256; or 32 x 32 bf16 as an operand, two
//! tiles of 512 numbers. A left operand holds rows [0, 16) and [16, 32) of its matrix, each as it
//! is; a right one columns [0, 16) and [16, 32), with two neighbours down a column side by side.

use std::arch::asm;

use half::bf16;

use crate::engine::ops::gemm::amx::CELL;
use crate::engine::ops::gemm::amx::tile::Tiles;

/// Where a cell of sums holds row `row` and column `col`.
pub(super) fn place_of(row: usize, col: usize) -> usize {
    (row / 16 * 2 + col / 16) * 256 + row % 16 * 16 + col % 16
}

impl Tiles {
    /// c = Σ a·b, or c += Σ a·b where `ADD`, over `n` cells of the left operand `a` and the right
    /// operand `b`, `steps` numbers apart.
    #[inline(always)]
    pub(in crate::engine::ops::attention) fn product<const ADD: bool>(
        &self,
        c: &mut [f32],
        a: &[bf16],
        b: &[bf16],
        n: usize,
        steps: [usize; 2],
    ) {
        assert!(n > 0 && c.len() >= CELL, "a cell of sums");
        assert!(a.len() >= (n - 1) * steps[0] + CELL, "cells on the left");
        assert!(b.len() >= (n - 1) * steps[1] + CELL, "cells on the right");
        let c = c.as_mut_ptr();
        // SAFETY: `self` proves that tiles are there and have their shapes; the lines above that
        // every cell lies inside of its slice
        unsafe {
            if ADD {
                asm!(
                    "tileloadd tmm0, [{c} + {s}]",
                    "tileloadd tmm1, [{c} + {s} + 1024]",
                    "tileloadd tmm2, [{c} + {s} + 2048]",
                    "tileloadd tmm3, [{c} + {s} + 3072]",
                    c = in(reg) c, s = in(reg) 64_usize, options(nostack, readonly),
                );
            } else {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    options(nostack, nomem)
                );
            }
            asm!(
                "2:",
                "tileloadd tmm4, [{a} + {s}]",
                "tileloadd tmm6, [{b} + {s}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b} + {s} + 1024]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a} + {s} + 1024]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a}, {da}",
                "add {b}, {db}",
                "dec {n}",
                "jnz 2b",
                "tilestored [{c} + {s}], tmm0",
                "tilestored [{c} + {s} + 1024], tmm1",
                "tilestored [{c} + {s} + 2048], tmm2",
                "tilestored [{c} + {s} + 3072], tmm3",
                a = inout(reg) a.as_ptr() => _,
                b = inout(reg) b.as_ptr() => _,
                n = inout(reg) n => _,
                c = in(reg) c,
                s = in(reg) 64_usize,
                da = in(reg) 2 * steps[0],
                db = in(reg) 2 * steps[1],
                options(nostack),
            );
        }
    }
}
