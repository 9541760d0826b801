//! Kernels for 64-bit Arm (NEON), for all formats.
//!
//! A part of 32 weights becomes bytes with a sign, which meet 32 activations in four sums of four
//! products: by the instruction for it (`sdot`, of the extension dotprod) where the processor has
//! it, by products in 16 bits that are added up in pairs where not. Scales of parts of 16 are
//! small whole numbers, and are multiplied as such; everything else is scaled in f32, four parts
//! at a time, so that a part of a row costs one conversion and one multiply-add.
//!
//! Weights are decoded once for up to four rows of activations. Of fewer, two rows of the matrix go
//! side by side, so that memory is read in two streams; of four, sums of both would not stay in
//! registers. Where the processor multiplies small matrices of bytes (i8mm), eight rows of
//! activations go together with two of the matrix (`pairs`).

mod formats;
mod pairs;

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

use super::{Eights, Matrix, PART, SUPER};
use crate::engine::gguf::Kind;
use formats::{
    Format, Iq4Nl, Iq4Xs, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0, Scales,
};
use pairs::{MANY, WORTH};

/// Rows of the matrix that go side by side with fewer than [`BATCH`] rows of activations.
const PAIR: usize = 2;
/// Rows of activations that go side by side where there are so many.
const BATCH: usize = 4;
/// Parts whose scales are worked on together.
const FOUR: usize = 4;

/// What the processor has beside NEON, the last with the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Extension {
    /// Nothing.
    None,
    /// Products of bytes (dotprod).
    Dotprod,
    /// Small matrices of bytes (i8mm).
    I8mm,
}

impl Extension {
    /// All that this processor has, the last the most.
    pub(super) fn all() -> &'static [Extension] {
        const ALL: [Extension; 3] = [Extension::None, Extension::Dotprod, Extension::I8mm];
        let n = match (
            is_aarch64_feature_detected!("dotprod"),
            is_aarch64_feature_detected!("i8mm"),
        ) {
            (true, true) => 3,
            (true, false) => 2,
            (false, _) => 1,
        };
        &ALL[..n]
    }
}

/// `y[o,n]` = `w[o,i]` · `x[n,i]`ᵀ; false where this format has no kernel.
pub(super) fn matmul(y: &mut [f32], x: &Eights, w: &Matrix<'_>) -> bool {
    match Extension::all().last() {
        Some(most) => matmul_by(*most, y, x, w),
        None => false,
    }
}

/// The same by an extension.
///
/// # Panics
/// Where the processor does not have it.
pub(super) fn matmul_by(by: Extension, y: &mut [f32], x: &Eights, w: &Matrix<'_>) -> bool {
    assert!(
        Extension::all().contains(&by),
        "instructions that are not there"
    );
    let Some(ways) = ways_of(w.kind) else {
        return false;
    };
    match by {
        Extension::None => (ways.neon)(y, x, w),
        // SAFETY: detected above
        Extension::Dotprod => unsafe { (ways.dotprod)(y, x, w) },
        // SAFETY: detected above
        Extension::I8mm => unsafe { (ways.i8mm)(y, x, w) },
    }
    true
}

/// The kernels of a format.
struct Ways {
    i8mm: unsafe fn(&mut [f32], &Eights, &Matrix<'_>),
    dotprod: unsafe fn(&mut [f32], &Eights, &Matrix<'_>),
    neon: fn(&mut [f32], &Eights, &Matrix<'_>),
}

fn ways_of(kind: &Kind) -> Option<&'static Ways> {
    macro_rules! table {
        ($($name:literal: $format:ty),* $(,)?) => {
            match kind.name {
                $($name => Some(const { &Ways {
                    i8mm: with_i8mm::<$format>,
                    dotprod: with_dotprod::<$format>,
                    neon: with_neon::<$format>,
                } }),)*
                _ => None,
            }
        };
    }
    table!(
        "Q4_0": Q4_0, "Q4_1": Q4_1, "Q5_0": Q5_0, "Q5_1": Q5_1, "Q8_0": Q8_0, "IQ4_NL": Iq4Nl,
        "Q2_K": Q2K, "Q3_K": Q3K, "Q4_K": Q4K, "Q5_K": Q5K, "Q6_K": Q6K, "IQ4_XS": Iq4Xs,
    )
}

#[target_feature(enable = "neon,dotprod,i8mm")]
fn with_i8mm<F: Format>(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    // SAFETY: this function is only called where the processor has the instructions
    unsafe { product::<F, Sdot, true>(y, x, w) };
}

#[target_feature(enable = "neon,dotprod")]
fn with_dotprod<F: Format>(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    // SAFETY: this function is only called where the processor has the instruction
    unsafe { product::<F, Sdot, false>(y, x, w) };
}

fn with_neon<F: Format>(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    // SAFETY: every processor of the target has NEON
    unsafe { product::<F, Widened, false>(y, x, w) };
}

/// Sums of products of bytes.
trait Dot {
    /// sum + w · x, where each of four sums takes four of the sixteen products.
    ///
    /// # Safety
    /// The processor has the instructions.
    unsafe fn add(sum: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t;
}

/// By the instruction for it.
struct Sdot;

impl Dot for Sdot {
    #[inline(always)]
    unsafe fn add(mut sum: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
        // SAFETY: the instruction is there, by the word of the caller, and touches registers alone;
        // the intrinsic is not stable yet (rust-lang/rust#117224)
        unsafe {
            asm!(
                "sdot {sum:v}.4s, {w:v}.16b, {x:v}.16b",
                sum = inout(vreg) sum,
                w = in(vreg) w,
                x = in(vreg) x,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sum
    }
}

/// By products in 16 bits. Two of them are at most 2 · 128 · 127, which fits.
struct Widened;

impl Dot for Widened {
    #[inline(always)]
    unsafe fn add(sum: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
        // SAFETY: every processor of the target has NEON
        unsafe {
            let low = vmull_s8(vget_low_s8(w), vget_low_s8(x));
            let both = vaddq_s16(low, vmull_high_s8(w, x));
            vpadalq_s16(sum, both)
        }
    }
}

/// # Safety
/// The processor has the instructions of `D`, and with `PAIRS` that for small matrices.
#[inline(always)]
unsafe fn product<F: Format, D: Dot, const PAIRS: bool>(y: &mut [f32], x: &Eights, w: &Matrix<'_>) {
    let (n, row_bytes) = (x.n(), w.row_bytes());
    let n_rows = w.o.min(w.bytes.len() / row_bytes);
    let rows = w.bytes[..n_rows * row_bytes].chunks(PAIR * row_bytes);
    for (rows, y) in rows.zip(y.chunks_mut(PAIR * n)) {
        // a last row that is alone goes twice
        let (first, other) = (rows.as_ptr(), rows[rows.len() - row_bytes..].as_ptr());
        let (y, y_other) = y.split_at_mut(n);
        let some = Rows {
            n_parts: w.i / PART,
            x,
        };
        let mut from = 0;
        // SAFETY: both rows are there, whole
        unsafe {
            while PAIRS && n >= WORTH && n - from >= MANY {
                some.pairs::<F>([first, other], [&mut *y, &mut *y_other], from);
                from += MANY;
            }
            while n - from >= BATCH {
                some.tile::<F, D, 1, BATCH>([first], [&mut *y], from);
                if !y_other.is_empty() {
                    some.tile::<F, D, 1, BATCH>([other], [&mut *y_other], from);
                }
                from += BATCH;
            }
            if n - from >= 2 {
                some.tile::<F, D, PAIR, 2>([first, other], [&mut *y, &mut *y_other], from);
                from += 2;
            }
            if n > from {
                some.tile::<F, D, PAIR, 1>([first, other], [y, y_other], from);
            }
        }
    }
}

/// What rows of a matrix are multiplied with.
struct Rows<'a> {
    /// Parts of a row.
    n_parts: usize,
    x: &'a Eights,
}

/// A row of activations, from a part on.
#[derive(Clone, Copy)]
struct At {
    q: *const i8,
    d: *const f32,
    sums: *const f32,
}

impl At {
    /// # Safety
    /// The row reaches so many parts further.
    #[inline(always)]
    unsafe fn on(&mut self, n_parts: usize) {
        // SAFETY: as the caller says
        unsafe {
            self.q = self.q.add(PART * n_parts);
            self.d = self.d.add(n_parts);
            self.sums = self.sums.add(2 * n_parts);
        }
    }
}

/// Sums of the products of R rows with N rows of activations, in four lanes.
type Sums<const R: usize, const N: usize> = [[float32x4_t; N]; R];

// No closures here: they are functions of their own, whose vectors go through memory.
impl Rows<'_> {
    /// Writes the products of R rows with N rows of activations from `from` on; those of a row
    /// whose outputs are empty are not kept.
    ///
    /// # Safety
    /// The rows are there, whole; the processor has the instructions of `D`.
    #[inline(always)]
    unsafe fn tile<F: Format, D: Dot, const R: usize, const N: usize>(
        &self,
        mut w: [*const u8; R],
        y: [&mut [f32]; R],
        from: usize,
    ) {
        let mut x = [self.at(from); N];
        for (n, x) in x.iter_mut().enumerate() {
            *x = self.at(from + n);
        }
        // SAFETY: as many super-blocks, and parts behind them, are in every row; activations are
        // padded to super-blocks
        let sums = unsafe {
            let mut sums = [[vdupq_n_f32(0.0); N]; R];
            for _ in 0..self.n_parts / (2 * FOUR) {
                four::<F, D, R, N, 0>(&mut sums, w, &x);
                on(&mut x, FOUR);
                four::<F, D, R, N, 1>(&mut sums, w, &x);
                on(&mut x, FOUR);
                further(&mut w, F::SUPER_BYTES);
            }
            if F::SMALL {
                let mut rest = self.n_parts % (2 * FOUR);
                if rest >= FOUR {
                    four::<F, D, R, N, 0>(&mut sums, w, &x);
                    on(&mut x, FOUR);
                    further(&mut w, F::SUPER_BYTES / 2);
                    rest -= FOUR;
                }
                for _ in 0..rest {
                    one::<F, D, R, N>(&mut sums, w, &x);
                    on(&mut x, 1);
                    further(&mut w, F::SUPER_BYTES / 8);
                }
            }
            sums
        };
        for (y, sums) in y.into_iter().zip(sums) {
            if let Some(y) = y.get_mut(from..from + N) {
                for (y, sum) in y.iter_mut().zip(sums) {
                    // SAFETY: every processor of the target has NEON
                    *y = unsafe { vaddvq_f32(sum) };
                }
            }
        }
    }

    #[inline(always)]
    fn at(&self, n: usize) -> At {
        let row = self.x.row(n);
        At {
            q: row.q.as_ptr(),
            d: row.d.as_ptr(),
            sums: row.sums.as_ptr(),
        }
    }
}

/// Moves every row of activations so many parts on.
///
/// # Safety
/// They reach so far.
#[inline(always)]
unsafe fn on<const N: usize>(x: &mut [At; N], n_parts: usize) {
    for x in x {
        // SAFETY: as the caller says
        unsafe { x.on(n_parts) };
    }
}

/// Moves every row of the matrix so many bytes on.
///
/// # Safety
/// They reach so far.
#[inline(always)]
unsafe fn further<const R: usize>(w: &mut [*const u8; R], n_bytes: usize) {
    for w in w {
        // SAFETY: as the caller says
        *w = unsafe { w.add(n_bytes) };
    }
}

/// Adds the products of four parts: of the first half of a super-block, or of the second.
///
/// # Safety
/// The parts are in each of R rows and of N; the processor has the instructions of `D`.
#[inline(always)]
unsafe fn four<F: Format, D: Dot, const R: usize, const N: usize, const HALF: usize>(
    sums: &mut Sums<R, N>,
    w: [*const u8; R],
    x: &[At; N],
) {
    // SAFETY: as the caller says
    unsafe {
        let mut scales = [F::scales::<HALF>(w[0]); R];
        for r in 1..R {
            scales[r] = F::scales::<HALF>(w[r]);
        }
        let mut a = [[vdupq_n_f32(0.0); N]; R];
        for n in 0..N {
            let d = vld1q_f32(x[n].d);
            for r in 0..R {
                a[r][n] = vmulq_f32(scales[r].a, d);
            }
            if F::OFFSET {
                let (first, last) = (vld1q_f32(x[n].sums), vld1q_f32(x[n].sums.add(4)));
                for r in 0..R {
                    let b = scales[r].b;
                    if F::BY_16 {
                        sums[r][n] = vfmsq_f32(sums[r][n], b[0], first);
                        sums[r][n] = vfmsq_f32(sums[r][n], b[1], last);
                    } else {
                        sums[r][n] = vfmsq_f32(sums[r][n], b[0], vpaddq_f32(first, last));
                    }
                }
            }
        }
        part::<F, D, R, N, HALF, 0>(sums, &scales, &a, w, x);
        part::<F, D, R, N, HALF, 1>(sums, &scales, &a, w, x);
        part::<F, D, R, N, HALF, 2>(sums, &scales, &a, w, x);
        part::<F, D, R, N, HALF, 3>(sums, &scales, &a, w, x);
    }
}

/// Adds the products of one part of four.
///
/// # Safety
/// As [`four`].
#[inline(always)]
unsafe fn part<
    F: Format,
    D: Dot,
    const R: usize,
    const N: usize,
    const HALF: usize,
    const PLACE: i32,
>(
    sums: &mut Sums<R, N>,
    scales: &[Scales; R],
    a: &Sums<R, N>,
    w: [*const u8; R],
    x: &[At; N],
) {
    // SAFETY: as the caller says
    unsafe {
        let mut weights = [F::weights::<HALF, PLACE>(w[0]); R];
        for r in 1..R {
            weights[r] = F::weights::<HALF, PLACE>(w[r]);
        }
        let zero = vdupq_n_s32(0);
        for n in 0..N {
            let q = x[n].q.add(PART * PLACE as usize);
            let (first, last) = (vld1q_s8(q), vld1q_s8(q.add(PART / 2)));
            for r in 0..R {
                let dot = D::add(zero, weights[r][0], first);
                let dot = if F::BY_16 {
                    let other = D::add(zero, weights[r][1], last);
                    // two whole scales for each part
                    match PLACE {
                        0 => twice::<0, 1>(dot, other, scales[r].s[0]),
                        1 => twice::<2, 3>(dot, other, scales[r].s[0]),
                        2 => twice::<0, 1>(dot, other, scales[r].s[1]),
                        _ => twice::<2, 3>(dot, other, scales[r].s[1]),
                    }
                } else {
                    D::add(dot, weights[r][1], last)
                };
                sums[r][n] = vfmaq_laneq_f32::<PLACE>(sums[r][n], vcvtq_f32_s32(dot), a[r][n]);
            }
        }
    }
}

/// Two sums with two scales of a register. Sums of four products of bytes times a scale of a byte
/// are far from 32 bits.
///
/// # Safety
/// Every processor of the target has NEON.
#[inline(always)]
unsafe fn twice<const A: i32, const B: i32>(
    first: int32x4_t,
    last: int32x4_t,
    s: int32x4_t,
) -> int32x4_t {
    // SAFETY: as the caller says
    unsafe { vmlaq_laneq_s32::<B>(vmulq_laneq_s32::<A>(first, s), last, s) }
}

/// Adds the products of a block of one part.
///
/// # Safety
/// The block is in each of R rows, a part in each of N; the processor has the instructions of `D`.
#[inline(always)]
unsafe fn one<F: Format, D: Dot, const R: usize, const N: usize>(
    sums: &mut Sums<R, N>,
    w: [*const u8; R],
    x: &[At; N],
) {
    debug_assert!(F::SMALL, "a part is no block");
    for r in 0..R {
        // SAFETY: as the caller says
        unsafe {
            let [a, b] = F::scale(w[r]);
            let w = F::weights::<0, 0>(w[r]);
            for n in 0..N {
                let (first, last) = (vld1q_s8(x[n].q), vld1q_s8(x[n].q.add(PART / 2)));
                let dot = D::add(D::add(vdupq_n_s32(0), w[0], first), w[1], last);
                sums[r][n] = vfmaq_n_f32(sums[r][n], vcvtq_f32_s32(dot), a * *x[n].d);
                if F::OFFSET {
                    let halves = vld1_f32(x[n].sums);
                    let rest = vcombine_f32(vmul_n_f32(halves, b), vdup_n_f32(0.0));
                    sums[r][n] = vsubq_f32(sums[r][n], rest);
                }
            }
        }
    }
}

const _: () = assert!(SUPER == 2 * FOUR * PART);
