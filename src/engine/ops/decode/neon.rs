//! The inner sums of attention for 64-bit Arm, and halves made wide.
//!
//! The loops of [`super::attend`] keep 128 sums side by side, as many as all registers of NEON
//! hold; here they are 64, and a number that is multiplied with many stands in a lane of a
//! register. Every sum is added up in the same order as there: the bytes are the same.

use std::arch::aarch64::*;

use half::f16;

use super::pages::PAGE;

/// Queries side by side, as [`super::attend`] has them.
const FOUR: usize = 4;
/// Registers of four numbers side by side for each query.
const ACROSS: usize = 4;
/// The numbers in them.
const WIDE: usize = 4 * ACROSS;

/// `scores[r,PAGE]` = q · `keys[hd,PAGE]`, with `q[r/4,hd,4]`
pub(super) fn score(scores: &mut [f32], q: &[f32], keys: &[f32]) {
    let keys = keys.as_chunks::<PAGE>().0;
    let q = q.as_chunks::<FOUR>().0.chunks_exact(keys.len().max(1));
    let scores = scores.as_chunks_mut::<PAGE>().0.as_chunks_mut::<FOUR>().0;
    for (scores, q) in scores.iter_mut().zip(q) {
        for from in (0..PAGE).step_by(WIDE) {
            // SAFETY: every processor of the target has NEON; a line of keys has PAGE numbers, one
            // of q four, and `from` is at most PAGE - WIDE
            unsafe {
                let mut sums = [[vdupq_n_f32(0.0); ACROSS]; FOUR];
                for (keys, q) in keys.iter().zip(q) {
                    let keys = load(keys.as_ptr().add(from));
                    let q = vld1q_f32(q.as_ptr());
                    for i in 0..ACROSS {
                        sums[0][i] = vfmaq_laneq_f32::<0>(sums[0][i], keys[i], q);
                        sums[1][i] = vfmaq_laneq_f32::<1>(sums[1][i], keys[i], q);
                        sums[2][i] = vfmaq_laneq_f32::<2>(sums[2][i], keys[i], q);
                        sums[3][i] = vfmaq_laneq_f32::<3>(sums[3][i], keys[i], q);
                    }
                }
                for (scores, sums) in scores.iter_mut().zip(sums) {
                    store(scores.as_mut_ptr().add(from), sums);
                }
            }
        }
    }
}

/// `o[r,hd]` += `weights[r,PAGE]` · `values[PAGE,hd]`, for r a multiple of four, up to the last
/// number of a line that is a multiple of [`WIDE`]; gives that.
pub(super) fn weigh(o: &mut [f32], weights: &[f32], values: &[f32]) -> usize {
    let hd = values.len() / PAGE;
    let end = hd / WIDE * WIDE;
    let values = &values[..hd * PAGE];
    let fours = weights.as_chunks::<PAGE>().0.as_chunks::<FOUR>().0;
    for (o, weights) in o.chunks_exact_mut((FOUR * hd).max(1)).zip(fours) {
        for at in (0..end).step_by(WIDE) {
            // SAFETY: every processor of the target has NEON; `o` has four lines of hd numbers,
            // `values` PAGE of them, and `at` is at most hd - WIDE
            unsafe {
                let mut sums = [[vdupq_n_f32(0.0); ACROSS]; FOUR];
                for (r, sums) in sums.iter_mut().enumerate() {
                    *sums = load(o.as_ptr().add(r * hd + at));
                }
                for p in (0..PAGE).step_by(4) {
                    let mut by = [vdupq_n_f32(0.0); FOUR];
                    for (by, weights) in by.iter_mut().zip(weights) {
                        *by = vld1q_f32(weights.as_ptr().add(p));
                    }
                    let line = values.as_ptr().add(p * hd + at);
                    add::<0>(&mut sums, load(line), by);
                    add::<1>(&mut sums, load(line.add(hd)), by);
                    add::<2>(&mut sums, load(line.add(2 * hd)), by);
                    add::<3>(&mut sums, load(line.add(3 * hd)), by);
                }
                for (r, sums) in sums.into_iter().enumerate() {
                    store(o.as_mut_ptr().add(r * hd + at), sums);
                }
            }
        }
    }
    end
}

/// Adds a line of values, weighed for each query by a lane of its weights.
///
/// # Safety
/// Every processor of the target has NEON.
#[inline(always)]
unsafe fn add<const LANE: i32>(
    sums: &mut [[float32x4_t; ACROSS]; FOUR],
    values: [float32x4_t; ACROSS],
    by: [float32x4_t; FOUR],
) {
    for r in 0..FOUR {
        for i in 0..ACROSS {
            // SAFETY: as the caller says
            sums[r][i] = unsafe { vfmaq_laneq_f32::<LANE>(sums[r][i], values[i], by[r]) };
        }
    }
}

/// # Safety
/// [`WIDE`] numbers are there.
#[inline(always)]
unsafe fn load(from: *const f32) -> [float32x4_t; ACROSS] {
    // SAFETY: as the caller says
    unsafe {
        [
            vld1q_f32(from),
            vld1q_f32(from.add(4)),
            vld1q_f32(from.add(8)),
            vld1q_f32(from.add(12)),
        ]
    }
}

/// # Safety
/// There is room for [`WIDE`] numbers.
#[inline(always)]
unsafe fn store(to: *mut f32, numbers: [float32x4_t; ACROSS]) {
    for (i, numbers) in numbers.into_iter().enumerate() {
        // SAFETY: as the caller says
        unsafe { vst1q_f32(to.add(4 * i), numbers) };
    }
}

/// Halves in f32. The instruction is part of every 64-bit Arm, also where arithmetic in half
/// precision is not.
pub(super) fn widen(into: &mut [f32], from: &[f16]) {
    let (whole, rest) = from.as_chunks::<8>();
    let (wide, last) = into.as_chunks_mut::<8>();
    for (into, from) in wide.iter_mut().zip(whole) {
        // SAFETY: every processor of the target has NEON; eight halves are there, and room for
        // eight numbers
        unsafe {
            let halves = vreinterpretq_f16_u16(vld1q_u16(from.as_ptr().cast()));
            vst1q_f32(into.as_mut_ptr(), vcvt_f32_f16(vget_low_f16(halves)));
            vst1q_f32(into.as_mut_ptr().add(4), vcvt_high_f32_f16(halves));
        }
    }
    for (into, from) in last.iter_mut().zip(rest) {
        *into = from.to_f32();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_what_it_was() {
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        for n in [halves.len(), 13, 7] {
            let mut wide = vec![f32::NAN; n];
            widen(&mut wide, &halves[..n]);
            for (wide, half) in wide.iter().zip(&halves) {
                let same = wide.to_bits() == half.to_f32().to_bits();
                assert!(same || wide.is_nan() && half.is_nan(), "{half:?}: {wide}");
            }
        }
    }
}
