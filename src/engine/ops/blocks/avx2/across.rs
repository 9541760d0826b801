//! Panels of sixteen rows of blocks with many rows of activations, in 256-bit vectors: as those of
//! AVX-512, with eight rows in a register.
//!
//! Where the processor has products of four bytes with sums of 32 bits (AVX-VNNI), sums are those.
//! Where it has not, products of two are added up in sixteen bits as long as they cannot leave
//! them: activations raised by 128 are below 256, weights of most formats are small.

use std::arch::x86_64::*;

use super::super::panels::{Panel, Raised, fetch};
use super::super::{Matrix, PART};
use super::PARTS;
use super::formats::{Format, Scales};

/// Rows of a register.
const EIGHT: usize = 8;
/// Registers side by side.
const SIDE: usize = 2;
/// Rows of a panel.
const ROWS: usize = SIDE * EIGHT;
/// Registers of weights of a part: four numbers of each row in each.
const STEPS: usize = PART / 4;
/// Rows of activations that go side by side.
const BATCH: usize = 4;

/// Sums of four products by AVX-VNNI, in place of so many products of two that are added first.
const VNNI: usize = 0;

/// Writes `y[n, row]` of the rows of `w`; row n of the outputs begins at `y + n · stride`.
///
/// # Safety
/// The processor has these instructions; rows of activations are as long as those of `w`, and those
/// outputs may be written.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn products<F: Format>(
    panel: &mut Panel,
    x: &Raised<'_>,
    w: &Matrix<'_>,
    y: *mut f32,
    stride: usize,
) {
    let n_parts = w.i / PART;
    let shares = n_parts * if F::BY_16 { 2 } else { 1 };
    panel.make_room(w.i, shares);
    for first in (0..w.o).step_by(ROWS) {
        let n_rows = (w.o - first).min(ROWS);
        let rows = &w.bytes[first * w.row_bytes()..];
        let to = Outputs {
            y: y.wrapping_add(first),
            stride,
            n: n_rows,
        };
        // SAFETY: so many rows are there, of weights and of activations; the panel has room
        unsafe {
            lay::<F>(panel, rows.as_ptr(), w.row_bytes(), n_rows, n_parts);
            match (panel.by_fours, F::TOGETHER) {
                (true, _) => all::<F, VNNI>(panel, x, n_parts, to),
                (_, 1) => all::<F, 1>(panel, x, n_parts, to),
                (_, 2) => all::<F, 2>(panel, x, n_parts, to),
                _ => all::<F, 4>(panel, x, n_parts, to),
            }
        }
    }
}

/// Writes the rows into the panel; the last one stands for those that are not there.
///
/// # Safety
/// `n_rows` rows of `n_parts` parts are there; the panel has room for them.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn lay<F: Format>(
    panel: &mut Panel,
    rows: *const u8,
    row_bytes: usize,
    n_rows: usize,
    n_parts: usize,
) {
    let of_side = EIGHT * row_bytes;
    for side in 0..SIDE {
        // The next side comes while this one is laid, the next panel while this one is multiplied.
        fetch(rows.wrapping_add((side + 1) * of_side), of_side);
        let mut starts = [rows; EIGHT];
        for (r, start) in starts.iter_mut().enumerate() {
            // SAFETY: a row that is there
            *start = unsafe { rows.add((side * EIGHT + r).min(n_rows - 1) * row_bytes) };
        }
        for at in 0..n_parts.div_ceil(PARTS) {
            let some = (n_parts - at * PARTS).min(PARTS);
            // SAFETY: the super-block is in every row
            unsafe { lay_super::<F>(panel, &starts, side, at, some) };
        }
    }
}

/// Writes a super-block of eight rows into the panel.
///
/// # Safety
/// As [`lay`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
#[allow(clippy::needless_range_loop)] // registers by their numbers
unsafe fn lay_super<F: Format>(
    panel: &mut Panel,
    starts: &[*const u8; EIGHT],
    side: usize,
    at: usize,
    n_parts: usize,
) {
    let each = if F::BY_16 { 2 } else { 1 }; // shares of a part
    let (first, zero) = (at * PARTS, _mm256_setzero_si256());
    let place = |share: usize| ((first * each + share) * SIDE + side) * EIGHT;
    // SAFETY: the caller says that the super-block is there; the panel has a place of eight for
    // every share of a part and for every step
    unsafe {
        let mut a = [[zero; EIGHT]; 2];
        let mut b = [[zero; EIGHT]; 2];
        for r in 0..EIGHT {
            let scales: Scales = F::scales(starts[r].add(at * F::SUPER_BYTES), n_parts);
            for late in 0..2 {
                a[late][r] = _mm256_castps_si256(scales.a[late]);
                b[late][r] = _mm256_castps_si256(scales.b[late]);
            }
        }
        let (a, b) = (
            [transposed(a[0]), transposed(a[1])],
            [transposed(b[0]), transposed(b[1])],
        );
        for share in 0..n_parts * each {
            let of = panel.a.as_mut_ptr().add(place(share));
            _mm256_storeu_si256(of.cast(), a[share / 8][share % 8]);
            if !F::SIGNED && F::OFFSET == 0 {
                let of = panel.b.as_mut_ptr().add(place(share));
                let half = share * 2 / each;
                _mm256_storeu_si256(of.cast(), b[half / 8][half % 8]);
            }
        }
        let offset = _mm256_set1_epi8(F::OFFSET.cast_signed());
        let (ones, wide_ones) = (_mm256_set1_epi8(1), _mm256_set1_epi16(1));
        for part in 0..n_parts {
            let mut q = [zero; EIGHT];
            for r in 0..EIGHT {
                let weights = F::weights(starts[r].add(at * F::SUPER_BYTES), part);
                q[r] = _mm256_sub_epi8(weights, offset);
            }
            let q = transposed(q);
            let mut sum = zero;
            for step in 0..STEPS {
                let of = (((first + part) * STEPS + step) * SIDE + side) * EIGHT;
                _mm256_storeu_si256(panel.q.as_mut_ptr().add(of).cast(), q[step]);
                let fours = _mm256_madd_epi16(_mm256_maddubs_epi16(ones, q[step]), wide_ones);
                sum = _mm256_add_epi32(sum, fours);
                if (step + 1).is_multiple_of(STEPS / each) {
                    let start = _mm256_sub_epi32(zero, _mm256_slli_epi32::<7>(sum));
                    let of = place(part * each + step * each / STEPS);
                    _mm256_storeu_si256(panel.start.as_mut_ptr().add(of).cast(), start);
                    sum = zero;
                }
            }
        }
    }
}

/// Eight rows of eight numbers of 32 bits, exchanged with columns.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(x: [__m256i; 8]) -> [__m256i; 8] {
    let zero = _mm256_setzero_si256();
    let (mut twos, mut fours, mut out) = ([zero; 8], [zero; 8], [zero; 8]);
    for i in 0..4 {
        twos[2 * i] = _mm256_unpacklo_epi32(x[2 * i], x[2 * i + 1]);
        twos[2 * i + 1] = _mm256_unpackhi_epi32(x[2 * i], x[2 * i + 1]);
    }
    for i in [0, 4] {
        fours[i] = _mm256_unpacklo_epi64(twos[i], twos[i + 2]);
        fours[i + 1] = _mm256_unpackhi_epi64(twos[i], twos[i + 2]);
        fours[i + 2] = _mm256_unpacklo_epi64(twos[i + 1], twos[i + 3]);
        fours[i + 3] = _mm256_unpackhi_epi64(twos[i + 1], twos[i + 3]);
    }
    for j in 0..4 {
        out[j] = _mm256_permute2x128_si256::<0x20>(fours[j], fours[4 + j]);
        out[4 + j] = _mm256_permute2x128_si256::<0x31>(fours[j], fours[4 + j]);
    }
    out
}

/// Where products go: the first `n` of each sixteen.
#[derive(Clone, Copy)]
struct Outputs {
    y: *mut f32,
    stride: usize,
    n: usize,
}

/// All rows of activations with the panel.
///
/// # Safety
/// As [`tile`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn all<F: Format, const BY: usize>(
    panel: &Panel,
    x: &Raised<'_>,
    n_parts: usize,
    to: Outputs,
) {
    macro_rules! tile {
        ($n:expr, $from:expr, $to:expr) => {
            match (F::BY_16, F::OFFSET == 0 && !F::SIGNED) {
                (false, false) => tile::<$n, BY, false, false>(panel, x, $from, n_parts, $to),
                (false, true) => tile::<$n, BY, false, true>(panel, x, $from, n_parts, $to),
                (true, false) => tile::<$n, BY, true, false>(panel, x, $from, n_parts, $to),
                (true, true) => tile::<$n, BY, true, true>(panel, x, $from, n_parts, $to),
            }
        };
    }
    let mut from = 0;
    while from < x.n {
        let to = Outputs {
            y: to.y.wrapping_add(from * to.stride),
            ..to
        };
        let left = x.n - from;
        // SAFETY: so many rows of activations are there
        from += unsafe {
            // tiles alike: six rows are twice three
            match left.div_ceil(left.div_ceil(BATCH)) {
                BATCH.. => tile!(BATCH, from, to),
                3 => tile!(3, from, to),
                2 => tile!(2, from, to),
                _ => tile!(1, from, to),
            }
        };
    }
}

/// Products of the panel with `N` rows of activations from `from` on; gives N.
///
/// # Safety
/// So many rows are there, of as many parts as the panel has at least; outputs may be written. `BY`
/// products of two do not leave sixteen bits; with [`VNNI`] the processor has these.
#[target_feature(enable = "avx2,fma,f16c")]
#[allow(clippy::needless_range_loop)] // registers by their numbers
unsafe fn tile<const N: usize, const BY: usize, const BY_16: bool, const LESS: bool>(
    panel: &Panel,
    x: &Raised<'_>,
    from: usize,
    n_parts: usize,
    to: Outputs,
) -> usize {
    let each = if BY_16 { 2 } else { 1 };
    let parts = x.width / PART;
    let mut totals = [[_mm256_setzero_ps(); SIDE]; N];
    // SAFETY: places are below what the panel and the rows hold of `n_parts`, outputs are the
    // caller's
    unsafe {
        let mut x_q = [x.q.as_ptr(); N];
        for (n, x_q) in x_q.iter_mut().enumerate() {
            *x_q = match BY {
                1 => x.signed.as_ptr().cast(), // weights are too large for sums of two others
                _ => x.q.as_ptr(),
            };
            *x_q = x_q.add((from + n) * x.width);
        }
        let x_d = x.d.as_ptr().add(from * parts);
        let x_sums = match BY_16 {
            true => x.by_16.as_ptr().add(from * each * parts),
            false => x.by_32.as_ptr().add(from * each * parts),
        };
        let mut q = panel.q.as_ptr();
        let (mut start, mut a, mut b) = (panel.start.as_ptr(), panel.a.as_ptr(), panel.b.as_ptr());
        for part in 0..n_parts {
            for half in 0..each {
                let mut sums = [[_mm256_setzero_si256(); SIDE]; N];
                if BY != 1 {
                    for side in 0..SIDE {
                        let start = _mm256_loadu_si256(start.add(side * EIGHT).cast());
                        for sums in &mut sums {
                            sums[side] = start;
                        }
                    }
                }
                let mut x_here = x_q;
                for x in &mut x_here {
                    *x = x.add(part * PART + half * PART / each);
                }
                q = add::<N, BY>(&mut sums, q, &x_here, STEPS / each);
                for side in 0..SIDE {
                    let a = _mm256_loadu_ps(a.add(side * EIGHT));
                    for n in 0..N {
                        let scale = _mm256_mul_ps(a, _mm256_set1_ps(*x_d.add(n * parts + part)));
                        let sum = _mm256_cvtepi32_ps(sums[n][side]);
                        totals[n][side] = _mm256_fmadd_ps(sum, scale, totals[n][side]);
                    }
                    if LESS {
                        let b = _mm256_loadu_ps(b.add(side * EIGHT));
                        for n in 0..N {
                            let sum = *x_sums.add((n * parts + part) * each + half);
                            let sum = _mm256_set1_ps(sum);
                            totals[n][side] = _mm256_fnmadd_ps(b, sum, totals[n][side]);
                        }
                    }
                }
                (start, a) = (start.add(ROWS), a.add(ROWS));
                if LESS {
                    b = b.add(ROWS);
                }
            }
        }
        for (n, totals) in totals.iter().enumerate() {
            let mut line = [0.0f32; ROWS];
            for (side, total) in totals.iter().enumerate() {
                _mm256_storeu_ps(line.as_mut_ptr().add(side * EIGHT), *total);
            }
            let y = to.y.wrapping_add(n * to.stride);
            y.copy_from_nonoverlapping(line.as_ptr(), to.n);
        }
    }
    N
}

/// Adds the products of so many steps from `q` on; gives where the next begin.
///
/// # Safety
/// As [`tile`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
#[allow(clippy::needless_range_loop)] // registers by their numbers
unsafe fn add<const N: usize, const BY: usize>(
    sums: &mut [[__m256i; SIDE]; N],
    q: *const u32,
    x: &[*const u8; N],
    steps: usize,
) -> *const u32 {
    // SAFETY: as the caller says
    unsafe {
        // no closures: they are functions of their own, whose vectors go through memory
        macro_rules! weights {
            ($step:expr, $side:expr) => {
                _mm256_loadu_si256(q.add($step * ROWS + $side * EIGHT).cast())
            };
        }
        macro_rules! fours {
            ($n:expr, $step:expr) => {
                _mm256_set1_epi32(x[$n].add(4 * $step).cast::<i32>().read_unaligned())
            };
        }
        let mut step = 0;
        while step < steps {
            if BY == VNNI {
                let w = [weights!(step, 0), weights!(step, 1)];
                for n in 0..N {
                    let x = fours!(n, step);
                    for side in 0..SIDE {
                        sums[n][side] = products_of_four(sums[n][side], x, w[side]);
                    }
                }
                step += 1;
                continue;
            }
            let mut pairs = [[_mm256_setzero_si256(); SIDE]; N];
            for late in 0..BY {
                for side in 0..SIDE {
                    let w = weights!(step + late, side);
                    for n in 0..N {
                        let x = fours!(n, step + late);
                        let two = match BY {
                            1 => _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)),
                            _ => _mm256_maddubs_epi16(x, w),
                        };
                        pairs[n][side] = match late {
                            0 => two,
                            _ => _mm256_add_epi16(pairs[n][side], two),
                        };
                    }
                }
            }
            for n in 0..N {
                for side in 0..SIDE {
                    let fours = _mm256_madd_epi16(pairs[n][side], _mm256_set1_epi16(1));
                    sums[n][side] = _mm256_add_epi32(sums[n][side], fours);
                }
            }
            step += BY.max(1);
        }
        q.add(steps * ROWS)
    }
}

/// `sums` and the products of four bytes without a sign with four that have one.
///
/// # Safety
/// The processor has AVX-VNNI.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn products_of_four(sums: __m256i, x: __m256i, w: __m256i) -> __m256i {
    let mut sums = sums;
    // An instruction in place of its intrinsic: that would be a call from functions that are
    // compiled for processors without as well.
    // SAFETY: as the caller says; registers alone are touched
    unsafe {
        std::arch::asm!(
            "{{vex}} vpdpbusd {sums}, {x}, {w}",
            sums = inout(ymm_reg) sums,
            x = in(ymm_reg) x,
            w = in(ymm_reg) w,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
