//! One row times a matrix whose columns lie in memory one after the other: each output is a dot
//! product, and the matrix is read once, from memory.

use super::lanes::Lanes;
use crate::engine::ops::gemm::Element;

/// Columns worked on side by side, each a stream of its own out of memory.
const STREAMS: usize = 4;

/// Dot products of one row with some columns of a matrix.
pub(super) struct Dots<E> {
    pub(super) k: usize,
    pub(super) cols: usize,
    pub(super) x: *const f32,
    pub(super) w: *const E,
    /// Numbers between columns.
    pub(super) stride: usize,
    pub(super) to: *mut f32,
}

/// Writes the dot products.
///
/// # Safety
/// The instruction set of V is there, and so are the numbers that `dots` names.
#[inline(always)]
pub(super) unsafe fn dots<V: Lanes, E: Element>(dots: &Dots<E>) {
    let mut o = 0;
    // SAFETY: `cols` columns are there by the caller's word
    unsafe {
        while o + STREAMS <= dots.cols {
            some::<V, E, STREAMS>(dots, o);
            o += STREAMS;
        }
        while o < dots.cols {
            some::<V, E, 1>(dots, o);
            o += 1;
        }
    }
}

/// Dot products of `N` columns from `o` on. Each is added up in the same order whatever N is.
#[inline(always)]
unsafe fn some<V: Lanes, E: Element, const N: usize>(dots: &Dots<E>, o: usize) {
    // SAFETY: columns o to o + N are there by the caller's word; k numbers are read of each
    unsafe {
        let w: [*const E; N] = std::array::from_fn(|j| dots.w.add((o + j) * dots.stride));
        let mut sums = [[V::splat(0.0); 2]; N];
        let mut p = 0;
        while p + 2 * V::WIDTH <= dots.k {
            let x = [V::load(dots.x.add(p)), V::load(dots.x.add(p + V::WIDTH))];
            for (sum, w) in sums.iter_mut().zip(&w) {
                V::ask(w.wrapping_add(p + N * dots.stride).cast());
                sum[0] = x[0].fma(V::load(w.add(p)), sum[0]);
                sum[1] = x[1].fma(V::load(w.add(p + V::WIDTH)), sum[1]);
            }
            p += 2 * V::WIDTH;
        }
        for (j, (sum, w)) in sums.iter().zip(&w).enumerate() {
            let mut lanes = [0.0; 16];
            sum[0].add(sum[1]).store(lanes.as_mut_ptr());
            for (lane, p) in (p..dots.k).enumerate() {
                lanes[lane % V::WIDTH] += *dots.x.add(p) * (*w.add(p)).wide();
            }
            let mut width = V::WIDTH / 2;
            while width > 0 {
                for lane in 0..width {
                    lanes[lane] += lanes[lane + width];
                }
                width /= 2;
            }
            *dots.to.add(o + j) = lanes[0];
        }
    }
}
