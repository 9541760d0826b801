//! Panels of 32 rows of blocks with many rows of activations, by products of bytes.
//!
//! A panel lies across: four weights of each of sixteen rows are a register, and meet four numbers
//! of a row of activations, which all lanes have. Sums of a lane are then of one row of the matrix,
//! a part of 32 (or 16) is summed in whole numbers before it is scaled, and what it takes to make
//! bytes of weights is paid once for all activations. Of 11 or 12 instructions 8 are products.
//!
//! The instruction multiplies numbers without a sign with numbers that have one. Activations are
//! raised by 128 for it, and 128 times the sum of the weights is where sums begin.

use std::arch::x86_64::*;

use super::super::super::gemm::amx::transposed;
use super::super::panels::{Panel, ROWS, Raised, fetch};
use super::super::{Matrix, PART, SUPER};
use super::formats::Format;
use super::{BEYOND, decode};

/// Rows of a register.
const SIXTEEN: usize = 16;
/// Registers side by side.
const SIDE: usize = ROWS / SIXTEEN;
/// Parts of 32 in a super-block.
const PARTS: usize = SUPER / PART;
/// Registers of weights of a part: four numbers of each row in each.
const STEPS: usize = PART / 4;
/// Rows of activations that go side by side.
const BATCH: usize = 6;

/// Lays at most 32 rows across, and writes their products: `y[n, row]`; row n of the outputs begins
/// at `y + n · stride`.
///
/// # Safety
/// The processor has these instructions; rows of activations are as long as those of `w`, and those
/// outputs may be written.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) unsafe fn products<F: Format>(
    panel: &mut Panel,
    x: &Raised<'_>,
    w: &Matrix<'_>,
    y: *mut f32,
    stride: usize,
) {
    let shares = w.i / PART * if F::BY_16 { 2 } else { 1 };
    panel.make_room(w.i, shares);
    let row_bytes = w.row_bytes();
    // What is read behind the last rows would be beyond the matrix: then all are copied.
    let is_safe = w.bytes.len() >= w.o * row_bytes + BEYOND;
    let copy = match is_safe {
        true => Vec::new(),
        false => decode::with_zeros_behind(&w.bytes[..w.o * row_bytes]),
    };
    let bytes = if is_safe { w.bytes } else { &copy[..] };
    // SAFETY: the rows are there, with as many bytes behind as may be read; the panel has room
    unsafe { lay::<F>(panel, bytes.as_ptr(), row_bytes, w.o, w.i / PART) };
    let n_parts = w.i / PART;
    let mut from = 0;
    while from < x.n {
        let y = y.wrapping_add(from * stride);
        let to = Outputs { y, stride, n: w.o };
        let left = x.n - from;
        // SAFETY: so many rows of activations are there, and a panel of as many parts
        from += unsafe {
            // tiles alike: eight rows are twice four
            match left.div_ceil(left.div_ceil(BATCH)) {
                BATCH.. => tile_of::<F, BATCH>(panel, x, from, n_parts, to),
                5 => tile_of::<F, 5>(panel, x, from, n_parts, to),
                4 => tile_of::<F, 4>(panel, x, from, n_parts, to),
                3 => tile_of::<F, 3>(panel, x, from, n_parts, to),
                2 => tile_of::<F, 2>(panel, x, from, n_parts, to),
                _ => tile_of::<F, 1>(panel, x, from, n_parts, to),
            }
        };
    }
}

/// Writes the rows into the panel; the last one stands for those that are not there.
///
/// # Safety
/// `n_rows` rows are there, and [`BEYOND`] bytes behind; the panel has room for them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn lay<F: Format>(
    panel: &mut Panel,
    rows: *const u8,
    row_bytes: usize,
    n_rows: usize,
    n_parts: usize,
) {
    let of_side = SIXTEEN * row_bytes;
    fetch(rows, of_side);
    for side in 0..SIDE {
        // The next side comes while this one is laid, the next panel while this one is multiplied.
        fetch(rows.wrapping_add((side + 1) * of_side), of_side);
        let mut starts = [rows; SIXTEEN];
        for (r, start) in starts.iter_mut().enumerate() {
            // SAFETY: a row that is there
            *start = unsafe { rows.add((side * SIXTEEN + r).min(n_rows - 1) * row_bytes) };
        }
        for at in 0..n_parts.div_ceil(PARTS) {
            let some = (n_parts - at * PARTS).min(PARTS);
            // SAFETY: the super-block is in every row
            unsafe { lay_super::<F>(panel, &starts, side, at, some) };
        }
    }
}

/// Writes a super-block of sixteen rows into the panel.
///
/// # Safety
/// As [`lay`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[allow(clippy::needless_range_loop)] // registers by their numbers
unsafe fn lay_super<F: Format>(
    panel: &mut Panel,
    starts: &[*const u8; SIXTEEN],
    side: usize,
    at: usize,
    n_parts: usize,
) {
    let each = if F::BY_16 { 2 } else { 1 }; // shares of a part
    let first = at * PARTS;
    let mut scales = [_mm512_setzero_si512(); SIXTEEN];
    let mut offsets = [_mm512_setzero_si512(); SIXTEEN];
    // SAFETY: the caller says that the super-block is there; the panel has a place of sixteen for
    // every share of a part and for every step
    unsafe {
        for r in 0..SIXTEEN {
            let (a, b) = F::scales(starts[r].add(at * F::SUPER_BYTES), n_parts);
            scales[r] = _mm512_castps_si512(a);
            offsets[r] = _mm512_castps_si512(b);
        }
        let scales = transposed(scales);
        for share in 0..n_parts * each {
            let place = ((first * each + share) * SIDE + side) * SIXTEEN;
            _mm512_storeu_si512(panel.a.as_mut_ptr().add(place).cast(), scales[share]);
        }
        if F::OFFSET == 0 {
            let offsets = transposed(offsets);
            for share in 0..n_parts * each {
                let place = ((first * each + share) * SIDE + side) * SIXTEEN;
                let b = offsets[share * 2 / each];
                _mm512_storeu_si512(panel.b.as_mut_ptr().add(place).cast(), b);
            }
        }
        let offset = _mm512_set1_epi8(F::OFFSET.cast_signed());
        let ones = _mm512_set1_epi8(1);
        for j in 0..n_parts.div_ceil(2) {
            let mut q = [_mm512_setzero_si512(); SIXTEEN];
            for r in 0..SIXTEEN {
                let weights = F::weights(starts[r].add(at * F::SUPER_BYTES), j);
                q[r] = _mm512_sub_epi8(weights, offset);
            }
            let q = transposed(q);
            let of_share = STEPS / each;
            let there = (n_parts - 2 * j).min(2) * STEPS;
            let mut sum = _mm512_setzero_si512();
            for step in 0..there {
                let place = (((first + 2 * j) * STEPS + step) * SIDE + side) * SIXTEEN;
                _mm512_storeu_si512(panel.q.as_mut_ptr().add(place).cast(), q[step]);
                sum = _mm512_dpbusd_epi32(sum, ones, q[step]);
                if (step + 1).is_multiple_of(of_share) {
                    let share = (first + 2 * j) * each + step / of_share;
                    let place = (share * SIDE + side) * SIXTEEN;
                    let start = _mm512_slli_epi32::<7>(sum);
                    let start = _mm512_sub_epi32(_mm512_setzero_si512(), start);
                    _mm512_storeu_si512(panel.start.as_mut_ptr().add(place).cast(), start);
                    sum = _mm512_setzero_si512();
                }
            }
        }
    }
}

/// Where products go: the first `n` of each 32.
#[derive(Clone, Copy)]
struct Outputs {
    y: *mut f32,
    stride: usize,
    n: usize,
}

/// The kernel of a format.
///
/// # Safety
/// As [`tile`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn tile_of<F: Format, const N: usize>(
    panel: &Panel,
    x: &Raised<'_>,
    from: usize,
    n_parts: usize,
    to: Outputs,
) -> usize {
    // SAFETY: as the caller says
    unsafe {
        match (F::BY_16, F::OFFSET == 0) {
            (false, false) => tile::<N, false, false>(panel, x, from, n_parts, to),
            (false, true) => tile::<N, false, true>(panel, x, from, n_parts, to),
            (true, false) => tile::<N, true, false>(panel, x, from, n_parts, to),
            (true, true) => tile::<N, true, true>(panel, x, from, n_parts, to),
        }
    }
}

/// Products of the panel with `N` rows of activations from `from` on; gives N.
///
/// # Safety
/// So many rows are there, of as many parts as the panel has at least; outputs may be written.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
#[allow(clippy::needless_range_loop)] // registers by their numbers
unsafe fn tile<const N: usize, const BY_16: bool, const LESS: bool>(
    panel: &Panel,
    x: &Raised<'_>,
    from: usize,
    n_parts: usize,
    to: Outputs,
) -> usize {
    let each = if BY_16 { 2 } else { 1 };
    let mut totals = [[_mm512_setzero_ps(); SIDE]; N];
    let parts = x.width / PART;
    // SAFETY: places are below what the panel and the rows hold of `n_parts`, outputs are the
    // caller's
    unsafe {
        let mut x_q = [x.q.as_ptr(); N];
        for (n, x_q) in x_q.iter_mut().enumerate() {
            *x_q = x.q.as_ptr().add((from + n) * x.width);
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
                let mut sums = [[_mm512_setzero_si512(); SIDE]; N];
                for side in 0..SIDE {
                    let start = _mm512_loadu_si512(start.add(side * SIXTEEN).cast());
                    for sums in &mut sums {
                        sums[side] = start;
                    }
                }
                for step in 0..STEPS / each {
                    let mut w = [_mm512_setzero_si512(); SIDE];
                    for (side, w) in w.iter_mut().enumerate() {
                        *w = _mm512_loadu_si512(q.add(side * SIXTEEN).cast());
                    }
                    q = q.add(ROWS);
                    let at = part * PART + (half * STEPS / each + step) * 4;
                    for n in 0..N {
                        let four = x_q[n].add(at).cast::<i32>().read_unaligned();
                        let four = _mm512_set1_epi32(four);
                        for side in 0..SIDE {
                            sums[n][side] = _mm512_dpbusd_epi32(sums[n][side], four, w[side]);
                        }
                    }
                }
                for side in 0..SIDE {
                    let a = _mm512_loadu_ps(a.add(side * SIXTEEN));
                    for n in 0..N {
                        let scale = _mm512_mul_ps(a, _mm512_set1_ps(*x_d.add(n * parts + part)));
                        let sum = _mm512_cvtepi32_ps(sums[n][side]);
                        totals[n][side] = _mm512_fmadd_ps(sum, scale, totals[n][side]);
                    }
                    if LESS {
                        let b = _mm512_loadu_ps(b.add(side * SIXTEEN));
                        for n in 0..N {
                            let sum = *x_sums.add((n * parts + part) * each + half);
                            let sum = _mm512_set1_ps(sum);
                            totals[n][side] = _mm512_fnmadd_ps(b, sum, totals[n][side]);
                        }
                    }
                }
                (start, a) = (start.add(ROWS), a.add(ROWS));
                if LESS {
                    b = b.add(ROWS);
                }
            }
        }
        for side in 0..SIDE {
            let there = to.n.saturating_sub(side * SIXTEEN).min(SIXTEEN);
            let there = (1u32 << there).wrapping_sub(1) as __mmask16;
            for (n, totals) in totals.iter().enumerate() {
                let y = to.y.wrapping_add(n * to.stride + side * SIXTEEN);
                _mm512_mask_storeu_ps(y, there, totals[side]);
            }
        }
    }
    N
}
