//! Numbers side by side in one register, the only thing that differs between instruction sets.

use half::bf16;

use crate::engine::ops::gemm::Element;

/// A register of f32. Methods are compiled into functions whose instruction set is enabled, so
/// that each becomes an instruction or two.
///
/// # Safety
/// Of every method: the instruction set is there, and pointers are good for what is read or
/// written (`WIDTH` numbers where nothing else is said, aligned to a number).
pub(in crate::engine::ops) trait Lanes: Copy {
    /// Numbers in a register, at most 16.
    const WIDTH: usize;

    unsafe fn splat(x: f32) -> Self;

    /// Numbers widened to f32.
    unsafe fn load<E: Element>(from: *const E) -> Self;

    /// Numbers rounded to nearest.
    unsafe fn store<E: Element>(self, to: *mut E);

    /// self · b + c
    unsafe fn fma(self, b: Self, c: Self) -> Self;

    unsafe fn add(self, b: Self) -> Self;

    /// Asks for a cache line that will be read; any address may be asked for.
    #[inline(always)]
    fn ask(_at: *const u8) {}

    /// Asks for a cache line that will be written.
    #[inline(always)]
    fn ask_to_write(_at: *const u8) {}

    /// Writes `WIDTH` rows, of which the first `rows` are there and the others are zeros, as
    /// columns: number j of row i goes to `to[j · to_stride + i]`.
    unsafe fn transpose<E: Element>(
        from: *const E,
        stride: usize,
        rows: usize,
        to: *mut f32,
        to_stride: usize,
    );
}

/// Whether numbers are bf16; otherwise they are f32.
pub(super) const fn is_bf16<E: Element>() -> bool {
    size_of::<E>() == size_of::<bf16>()
}

/// Four numbers that the compiler puts into a register where it has one. `FMA` says whether a
/// fused multiply-add is one instruction.
#[derive(Clone, Copy)]
pub(in crate::engine::ops) struct Four<const FMA: bool>([f32; 4]);

impl<const FMA: bool> Lanes for Four<FMA> {
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Four([x; 4])
    }

    #[inline(always)]
    unsafe fn load<E: Element>(from: *const E) -> Self {
        // SAFETY: four numbers are there by the caller's word, arrays are aligned as numbers
        let from = unsafe { *from.cast::<[E; 4]>() };
        Four([
            from[0].wide(),
            from[1].wide(),
            from[2].wide(),
            from[3].wide(),
        ])
    }

    #[inline(always)]
    unsafe fn store<E: Element>(self, to: *mut E) {
        // SAFETY: as above
        unsafe { *to.cast::<[E; 4]>() = self.0.map(E::narrow) }
    }

    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3]) = (self.0, b.0, c.0);
        if FMA {
            Four([
                a0.mul_add(b0, c0),
                a1.mul_add(b1, c1),
                a2.mul_add(b2, c2),
                a3.mul_add(b3, c3),
            ])
        } else {
            Four([a0 * b0 + c0, a1 * b1 + c1, a2 * b2 + c2, a3 * b3 + c3])
        }
    }

    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (self.0, b.0);
        Four([a0 + b0, a1 + b1, a2 + b2, a3 + b3])
    }

    #[inline(always)]
    unsafe fn transpose<E: Element>(
        from: *const E,
        stride: usize,
        rows: usize,
        to: *mut f32,
        to_stride: usize,
    ) {
        let mut square = [[0.0; 4]; 4];
        for (i, row) in square.iter_mut().enumerate().take(rows) {
            // SAFETY: row i is there by the caller's word
            *row = unsafe { Self::load(from.add(i * stride)) }.0;
        }
        let [a, b, c, d] = square;
        for j in 0..4 {
            let column = Four::<FMA>([a[j], b[j], c[j], d[j]]);
            // SAFETY: column j is there by the caller's word
            unsafe { column.store(to.add(j * to_stride)) }
        }
    }
}
