//! Tiles of the processor: 16 rows of 64 bytes, and products of 2 x 2 of them.
//!
//! Tiles 0 to 3 hold sums, 32 rows of 32 f32 as two tiles above two tiles. In one step over k the
//! left operand gives 32 rows of 32 bf16 (two tiles), the right operand 32 columns of 32 bf16, as
//! two tiles whose rows are pairs of k: row p of a tile holds numbers 2p and 2p + 1 of 16 columns.

use std::arch::asm;
use std::marker::PhantomData;

use super::lacks;

/// Rows and columns of a block of sums, and numbers of a step over k.
pub(in crate::engine::ops) const SIDE: usize = 32;
/// Numbers that one packed operand has for a step: two tiles.
pub(in crate::engine::ops) const CELL: usize = SIDE * SIDE;

/// What the instruction that shapes the tiles reads: every one as large as it can be.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPES: Shapes = Shapes {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The left operand of a block: where its 32 rows are.
#[derive(Clone, Copy)]
pub(in crate::engine::ops) struct Left {
    /// The first number.
    pub(in crate::engine::ops) data: *const u8,
    /// Bytes between rows.
    pub(in crate::engine::ops) row: usize,
    /// Bytes between steps.
    pub(in crate::engine::ops) step: usize,
    /// Bytes from the first 16 rows to the others.
    pub(in crate::engine::ops) half: usize,
}

/// Memory that will be written soon: 32 rows are brought near while products run.
#[derive(Clone, Copy)]
pub(in crate::engine::ops) struct Soon {
    pub(in crate::engine::ops) data: *const u8,
    /// Bytes between rows.
    pub(in crate::engine::ops) row: usize,
    /// Whether a row is two cache lines, as 32 f32 are, or one.
    pub(in crate::engine::ops) wide: bool,
}

/// Parts that a product of a block is cut into, and other work beside it: of 32 rows, four each.
pub(in crate::engine::ops) const PARTS: usize = 8;

/// The tiles of this thread, shaped, until it is dropped. A thread enters once at a time.
pub(in crate::engine::ops) struct Tiles {
    of_this_thread: PhantomData<*const ()>,
}

impl Tiles {
    /// # Panics
    /// Where [`lacks`] has a reason.
    pub(in crate::engine::ops) fn enter() -> Self {
        assert!(lacks().is_none(), "tiles without AMX");
        // SAFETY: AMX is there by the line above; the operand has the layout of the manual
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES, options(nostack, readonly)) };
        Tiles {
            of_this_thread: PhantomData,
        }
    }

    /// Sets the sums to zero.
    #[inline(always)]
    pub(in crate::engine::ops) fn clear(&self) {
        // SAFETY: tiles are shaped while `self` lives, and the compiler keeps nothing in them
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                options(nostack, nomem, preserves_flags),
            );
        }
    }

    /// Reads the sums: 32 rows of 32 f32, `stride` bytes apart.
    ///
    /// # Safety
    /// That memory may be read.
    #[inline(always)]
    pub(in crate::engine::ops) unsafe fn load(&self, from: *const f32, stride: usize) {
        // SAFETY: as in `clear`; the memory is the caller's word
        unsafe {
            asm!(
                "tileloadd tmm0, [{top} + {stride}]",
                "tileloadd tmm1, [{top} + {stride} + 64]",
                "tileloadd tmm2, [{low} + {stride}]",
                "tileloadd tmm3, [{low} + {stride} + 64]",
                top = in(reg) from,
                low = in(reg) from.byte_add(16 * stride),
                stride = in(reg) stride,
                options(nostack, readonly, preserves_flags),
            );
        }
    }

    /// Writes the sums: 32 rows of 32 f32, `stride` bytes apart.
    ///
    /// # Safety
    /// That memory may be written.
    #[inline(always)]
    pub(in crate::engine::ops) unsafe fn store(&self, into: *mut f32, stride: usize) {
        // SAFETY: as in `clear`; the memory is the caller's word
        unsafe {
            asm!(
                "tilestored [{top} + {stride}], tmm0",
                "tilestored [{top} + {stride} + 64], tmm1",
                "tilestored [{low} + {stride}], tmm2",
                "tilestored [{low} + {stride} + 64], tmm3",
                top = in(reg) into,
                low = in(reg) into.byte_add(16 * stride),
                stride = in(reg) stride,
                options(nostack, preserves_flags),
            );
        }
    }

    /// Adds the product of `n_steps` steps to the sums; the right operand is packed, its cells one
    /// after the other. `beside` is called for each of [`PARTS`] in their order, between steps:
    /// what it does runs while tiles are multiplied.
    ///
    /// # Safety
    /// Both operands may be read, that is 32 rows and `n_steps` cells. `soon` is never followed.
    #[inline(always)]
    pub(in crate::engine::ops) unsafe fn add_product(
        &self,
        mut a: Left,
        mut b: *const u8,
        n_steps: usize,
        mut soon: Option<Soon>,
        mut beside: impl FnMut(usize),
    ) {
        let (each, more) = (n_steps / PARTS, n_steps % PARTS);
        for part in 0..PARTS {
            let n = each + usize::from(part < more);
            // SAFETY: the steps of all parts are `n_steps`, which the caller vouches for
            unsafe {
                match &mut soon {
                    Some(soon) if n > 0 && soon.wide => {
                        (a, b) = step_soon_wide(a, b, 1, *soon);
                        (a, b) = steps(a, b, n - 1);
                    }
                    Some(soon) if n > 0 => {
                        (a, b) = step_soon(a, b, 1, *soon);
                        (a, b) = steps(a, b, n - 1);
                    }
                    _ => (a, b) = steps(a, b, n),
                }
            }
            if let Some(soon) = &mut soon {
                soon.data = soon.data.wrapping_add(4 * soon.row);
            }
            beside(part);
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: gives back what `enter` took
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}

/// One loop over steps, with other instructions in four places between the products.
macro_rules! steps {
    ($name:ident, [$($soon:ident)?], [$($one:literal)?], [$($two:literal)?], [$($three:literal)?], [$($four:literal)?]) => {
        /// Adds products of `n` steps to the sums, and says where the operands go on.
        ///
        /// # Safety
        /// Tiles are shaped; both operands may be read.
        #[inline(always)]
        unsafe fn $name(a: Left, b: *const u8, n: usize $(, $soon: Soon)?) -> (Left, *const u8) {
            let (mut top, mut right) = (a.data, b);
            if n > 0 {
                // SAFETY: the caller's word
                unsafe {
                    asm!(
                        ".p2align 5",
                        "2:",
                        "tileloadd tmm4, [{top} + {row}]",
                        "tileloadd tmm6, [{right} + {line}]",
                        $($one,)?
                        "tdpbf16ps tmm0, tmm4, tmm6",
                        "tileloadd tmm7, [{right} + {line} + 1024]",
                        $($two,)?
                        "tdpbf16ps tmm1, tmm4, tmm7",
                        "tileloadd tmm5, [{low} + {row}]",
                        $($three,)?
                        "tdpbf16ps tmm2, tmm5, tmm6",
                        $($four,)?
                        "tdpbf16ps tmm3, tmm5, tmm7",
                        "add {top}, {step}",
                        "add {low}, {step}",
                        "add {right}, 2048",
                        "dec {n}",
                        "jnz 2b",
                        top = inout(reg) top,
                        low = inout(reg) a.data.wrapping_add(a.half) => _,
                        right = inout(reg) right,
                        n = inout(reg) n => _,
                        row = in(reg) a.row,
                        step = in(reg) a.step,
                        line = in(reg) 64_usize,
                        $(
                            p = in(reg) $soon.data,
                            s = in(reg) $soon.row,
                            s3 = in(reg) 3 * $soon.row,
                        )?
                        options(nostack),
                    );
                }
            }
            (Left { data: top, ..a }, right)
        }
    };
}

steps!(steps, [], [], [], [], []);
steps!(
    step_soon,
    [soon],
    ["prefetchw [{p}]"],
    ["prefetchw [{p} + {s}]"],
    ["prefetchw [{p} + 2*{s}]"],
    ["prefetchw [{p} + {s3}]"]
);
steps!(
    step_soon_wide,
    [soon],
    ["prefetchw [{p}]\nprefetchw [{p} + 64]"],
    ["prefetchw [{p} + {s}]\nprefetchw [{p} + {s} + 64]"],
    ["prefetchw [{p} + 2*{s}]\nprefetchw [{p} + 2*{s} + 64]"],
    ["prefetchw [{p} + {s3}]\nprefetchw [{p} + {s3} + 64]"]
);
