//! Two rows of the matrix times eight of activations, by the instruction for small matrices of
//! bytes (`smmla`, of the extension i8mm).
//!
//! It multiplies two rows of eight bytes with two others: four sums, of two rows and two texts,
//! stand in one register, so that they are made f32 and scaled all at once.

use std::arch::aarch64::*;
use std::arch::asm;

use super::formats::{Format, Scales};
use super::{At, FOUR, PAIR, PART, Rows, further, on};

/// Rows of activations that go side by side.
pub(super) const MANY: usize = 8;
/// Rows from which on they do, as on tiles: sums are added up in another order here, and of fewer
/// rows none depends in its last digit on how many others there are.
pub(super) const WORTH: usize = 12;
/// The same by twos.
const TWOS: usize = MANY / 2;

/// Sums of two rows with two texts each: first row with both, second row with both.
type Sums = [float32x4_t; TWOS];

/// sum + w · xᵀ, each of two rows of eight bytes.
///
/// # Safety
/// The processor has the instruction.
#[inline(always)]
unsafe fn multiply(mut sum: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction is there, by the word of the caller, and touches registers alone; the
    // intrinsic is not stable yet (rust-lang/rust#117223)
    unsafe {
        asm!(
            "smmla {sum:v}.4s, {w:v}.16b, {x:v}.16b",
            sum = inout(vreg) sum,
            w = in(vreg) w,
            x = in(vreg) x,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

impl Rows<'_> {
    /// Writes the products of two rows with [`MANY`] rows of activations from `from` on; those of a
    /// row whose outputs are empty are not kept.
    ///
    /// # Safety
    /// The rows are there, whole; the processor has the instruction.
    #[inline(always)]
    pub(super) unsafe fn pairs<F: Format>(
        &self,
        mut w: [*const u8; PAIR],
        y: [&mut [f32]; PAIR],
        from: usize,
    ) {
        let mut x = [self.at(from); MANY];
        for (n, x) in x.iter_mut().enumerate() {
            *x = self.at(from + n);
        }
        let mut out = [[0.0; MANY]; PAIR];
        // SAFETY: as many super-blocks, and parts behind them, are in every row; activations are
        // padded to super-blocks
        unsafe {
            let mut sums = [vdupq_n_f32(0.0); TWOS];
            for _ in 0..self.n_parts / (2 * FOUR) {
                four::<F, 0>(&mut sums, w, &x);
                on(&mut x, FOUR);
                four::<F, 1>(&mut sums, w, &x);
                on(&mut x, FOUR);
                further(&mut w, F::SUPER_BYTES);
            }
            if F::SMALL {
                for _ in 0..self.n_parts % (2 * FOUR) {
                    one::<F>(&mut sums, w, &x);
                    on(&mut x, 1);
                    further(&mut w, F::SUPER_BYTES / 8);
                }
            }
            let [first, other] = &mut out;
            for two in 0..TWOS {
                vst1_f32(
                    first[2 * two..2 * two + 2].as_mut_ptr(),
                    vget_low_f32(sums[two]),
                );
                vst1_f32(
                    other[2 * two..2 * two + 2].as_mut_ptr(),
                    vget_high_f32(sums[two]),
                );
            }
        }
        for (y, out) in y.into_iter().zip(&out) {
            if let Some(y) = y.get_mut(from..from + MANY) {
                y.copy_from_slice(out);
            }
        }
    }
}

/// Adds the products of four parts: of the first half of a super-block, or of the second.
///
/// # Safety
/// The parts are in both rows and in each of the activations'; the processor has the instruction.
#[inline(always)]
unsafe fn four<F: Format, const HALF: usize>(
    sums: &mut Sums,
    w: [*const u8; PAIR],
    x: &[At; MANY],
) {
    // SAFETY: as the caller says
    unsafe {
        let scales = [F::scales::<HALF>(w[0]), F::scales::<HALF>(w[1])];
        let mut d = [[vdupq_n_f32(0.0); 2]; TWOS];
        for two in 0..TWOS {
            let (first, other) = (x[2 * two], x[2 * two + 1]);
            d[two] = side_by_side(vld1q_f32(first.d), vld1q_f32(other.d));
            if F::OFFSET {
                let halves = |x: At| [vld1q_f32(x.sums), vld1q_f32(x.sums.add(4))];
                let (first, other) = (halves(first), halves(other));
                let b = |i: usize| [scales[0].b[i], scales[1].b[i]];
                let sum = &mut sums[two];
                if F::BY_16 {
                    *sum = less(*sum, b(0), side_by_side(first[0], other[0]));
                    *sum = less(*sum, b(1), side_by_side(first[1], other[1]));
                } else {
                    let whole = |halves: [float32x4_t; 2]| vpaddq_f32(halves[0], halves[1]);
                    *sum = less(*sum, b(0), side_by_side(whole(first), whole(other)));
                }
            }
        }
        part::<F, HALF, 0>(sums, &scales, &d, w, x);
        part::<F, HALF, 1>(sums, &scales, &d, w, x);
        part::<F, HALF, 2>(sums, &scales, &d, w, x);
        part::<F, HALF, 3>(sums, &scales, &d, w, x);
    }
}

/// Adds the products of one part of four.
///
/// # Safety
/// As [`four`].
#[inline(always)]
unsafe fn part<F: Format, const HALF: usize, const PLACE: i32>(
    sums: &mut Sums,
    scales: &[Scales; PAIR],
    d: &[[float32x4_t; 2]; TWOS],
    w: [*const u8; PAIR],
    x: &[At; MANY],
) {
    // SAFETY: as the caller says
    unsafe {
        let w = eights(
            F::weights::<HALF, PLACE>(w[0]),
            F::weights::<HALF, PLACE>(w[1]),
        );
        let a = each_twice::<PLACE>([scales[0].a, scales[1].a]);
        for two in 0..TWOS {
            let x = bytes_of_two(x, two, PART * PLACE as usize);
            let dot = multiply(multiply(vdupq_n_s32(0), w[0], x[0]), w[1], x[1]);
            let dot = if F::BY_16 {
                let other = multiply(multiply(vdupq_n_s32(0), w[2], x[2]), w[3], x[3]);
                let s = |i: usize| [scales[0].s[i], scales[1].s[i]];
                let [a, b] = match PLACE {
                    0 => [whole_twice::<0>(s(0)), whole_twice::<1>(s(0))],
                    1 => [whole_twice::<2>(s(0)), whole_twice::<3>(s(0))],
                    2 => [whole_twice::<0>(s(1)), whole_twice::<1>(s(1))],
                    _ => [whole_twice::<2>(s(1)), whole_twice::<3>(s(1))],
                };
                vmlaq_s32(vmulq_s32(dot, a), other, b)
            } else {
                multiply(multiply(dot, w[2], x[2]), w[3], x[3])
            };
            let d = match PLACE {
                0 => both::<0>(d[two][0]),
                1 => both::<1>(d[two][0]),
                2 => both::<0>(d[two][1]),
                _ => both::<1>(d[two][1]),
            };
            sums[two] = vfmaq_f32(sums[two], vcvtq_f32_s32(dot), vmulq_f32(a, d));
        }
    }
}

/// Adds the products of a block of one part.
///
/// # Safety
/// As [`four`], of one part.
#[inline(always)]
unsafe fn one<F: Format>(sums: &mut Sums, w: [*const u8; PAIR], x: &[At; MANY]) {
    debug_assert!(F::SMALL, "a part is no block");
    // SAFETY: as the caller says
    unsafe {
        let [a, b] = F::scale(w[0]);
        let [a_other, b_other] = F::scale(w[1]);
        let a = vcombine_f32(vdup_n_f32(a), vdup_n_f32(a_other));
        let b = vcombine_f32(vdup_n_f32(b), vdup_n_f32(b_other));
        let w = eights(F::weights::<0, 0>(w[0]), F::weights::<0, 0>(w[1]));
        for two in 0..TWOS {
            let (first, other) = (x[2 * two], x[2 * two + 1]);
            let x = bytes_of_two(x, two, 0);
            let mut dot = vdupq_n_s32(0);
            for i in 0..4 {
                dot = multiply(dot, w[i], x[i]);
            }
            let d = vset_lane_f32::<1>(*other.d, vdup_n_f32(*first.d));
            let scale = vmulq_f32(a, vcombine_f32(d, d));
            sums[two] = vfmaq_f32(sums[two], vcvtq_f32_s32(dot), scale);
            if F::OFFSET {
                let s = vpadd_f32(vld1_f32(first.sums), vld1_f32(other.sums));
                sums[two] = vfmsq_f32(sums[two], b, vcombine_f32(s, s));
            }
        }
    }
}

macro_rules! steps {
    ($($(#[$meta:meta])* fn $name:ident $(<const $N:ident: i32>)? ($($arg:ident: $ty:ty),*) -> $ret:ty $body:block)*) => { $(
        $(#[$meta])*
        #[inline(always)]
        unsafe fn $name$(<const $N: i32>)?($($arg: $ty),*) -> $ret {
            // SAFETY: what is read is there, by the word of the caller; every processor of the
            // target has NEON
            unsafe { $body }
        }
    )* };
}

steps! {
    /// Eight bytes of one row beside eight of the other, four times.
    fn eights(first: [int8x16_t; 2], other: [int8x16_t; 2]) -> [int8x16_t; 4] {
        let wide = |x| vreinterpretq_s64_s8(x);
        let bytes = |x| vreinterpretq_s8_s64(x);
        [
            bytes(vzip1q_s64(wide(first[0]), wide(other[0]))),
            bytes(vzip2q_s64(wide(first[0]), wide(other[0]))),
            bytes(vzip1q_s64(wide(first[1]), wide(other[1]))),
            bytes(vzip2q_s64(wide(first[1]), wide(other[1]))),
        ]
    }

    /// The same of the 32 activations of two rows from a place on.
    fn bytes_of_two(x: &[At; MANY], two: usize, at: usize) -> [int8x16_t; 4] {
        let (first, other) = (x[2 * two].q.add(at), x[2 * two + 1].q.add(at));
        eights(
            [vld1q_s8(first), vld1q_s8(first.add(PART / 2))],
            [vld1q_s8(other), vld1q_s8(other.add(PART / 2))],
        )
    }

    /// Number by number, those of both.
    fn side_by_side(first: float32x4_t, other: float32x4_t) -> [float32x4_t; 2] {
        [vzip1q_f32(first, other), vzip2q_f32(first, other)]
    }

    /// Two numbers of four, twice.
    fn both<const TWO: i32>(of: float32x4_t) -> float32x4_t {
        vreinterpretq_f32_u64(vdupq_laneq_u64::<TWO>(vreinterpretq_u64_f32(of)))
    }

    /// A number of each row, twice.
    fn each_twice<const LANE: i32>(of: [float32x4_t; 2]) -> float32x4_t {
        vcombine_f32(vdup_laneq_f32::<LANE>(of[0]), vdup_laneq_f32::<LANE>(of[1]))
    }

    /// The same of whole numbers.
    fn whole_twice<const LANE: i32>(of: [int32x4_t; 2]) -> int32x4_t {
        vcombine_s32(vdup_laneq_s32::<LANE>(of[0]), vdup_laneq_s32::<LANE>(of[1]))
    }

    /// sum − Σ b · s over four parts, of two rows and two texts.
    fn less(sum: float32x4_t, b: [float32x4_t; 2], s: [float32x4_t; 2]) -> float32x4_t {
        let sum = vfmsq_f32(sum, each_twice::<0>(b), both::<0>(s[0]));
        let sum = vfmsq_f32(sum, each_twice::<1>(b), both::<1>(s[0]));
        let sum = vfmsq_f32(sum, each_twice::<2>(b), both::<0>(s[1]));
        vfmsq_f32(sum, each_twice::<3>(b), both::<1>(s[1]))
    }
}
