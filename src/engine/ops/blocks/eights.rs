//! Rows of activations in eight bits, as products with blocks take them.

use super::super::gemm::Shared;
use super::super::simd::{Isa, simd};
use super::super::team::Team;
use super::{PART, SUPER};

/// Rows of activations: whole numbers of −127 to 127, in parts of 32 with a scale each, and zeros
/// behind the last weight up to a multiple of 256.
///
/// The scale of a part is the largest of its numbers over 127, so that an activation errs by 1/254
/// of the largest of its 31 neighbours at most.
#[derive(Debug, Default)]
pub(in crate::engine) struct Eights {
    /// Columns, padded.
    pub(super) width: usize,
    /// `[n, width]`
    pub(super) q: Vec<i8>,
    /// The same, of each 128 the first halves of four parts, then their second halves.
    by_blocks: Vec<i8>,
    /// The same, of each 128 the first and the third part, then the second and the fourth.
    by_chunks: Vec<i8>,
    /// Scale of each part, `[n, width / 32]`.
    pub(super) d: Vec<f32>,
    /// Sum of the first and of the last sixteen weights of each part, scaled, `[n, width / 16]`.
    pub(super) sums: Vec<f32>,
}

impl Eights {
    /// Takes the rows of `x[n,i]` in place of those it had; i is a multiple of 32.
    pub(in crate::engine) fn set(&mut self, isa: Isa, team: &mut Team, x: &[f32], i: usize) {
        let n = x.len() / i;
        self.width = i.next_multiple_of(SUPER);
        let parts = self.width / PART;
        for q in [&mut self.q, &mut self.by_blocks, &mut self.by_chunks] {
            q.clear();
            q.resize(n * self.width, 0);
        }
        self.d.clear();
        self.d.resize(n * parts, 0.0);
        self.sums.clear();
        self.sums.resize(n * 2 * parts, 0.0);
        let width = self.width;
        let numbers = [&mut self.q, &mut self.by_blocks, &mut self.by_chunks];
        let numbers = numbers.map(|q| Shared::new(q));
        let (d, sums) = (Shared::new(&mut self.d), Shared::new(&mut self.sums));
        team.run(n, &|row| {
            // SAFETY: each row is one task's
            let ([q, by_blocks, by_chunks], d, sums) = unsafe {
                (
                    numbers.map(|q| q.slice(row * width, width)),
                    d.slice(row * parts, parts),
                    sums.slice(row * 2 * parts, 2 * parts),
                )
            };
            round(isa, &x[row * i..][..i], q, d, sums);
            order(q, by_blocks, by_chunks);
        });
    }

    /// Rows.
    #[inline(always)]
    pub(in crate::engine) fn n(&self) -> usize {
        self.q.len().checked_div(self.width).unwrap_or(0)
    }

    /// A row as kernels read it.
    #[inline(always)]
    pub(super) fn row(&self, n: usize) -> Row<'_> {
        let parts = self.width / PART;
        Row {
            q: &self.q[n * self.width..][..self.width],
            by_blocks: &self.by_blocks[n * self.width..][..self.width],
            by_chunks: &self.by_chunks[n * self.width..][..self.width],
            d: &self.d[n * parts..][..parts],
            sums: &self.sums[n * 2 * parts..][..2 * parts],
        }
    }
}

/// A row: its numbers, the scales of its parts, and the sums of their halves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) q: &'a [i8],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // orders of AVX-512's kernels
    pub(super) by_blocks: &'a [i8],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) by_chunks: &'a [i8],
    pub(super) d: &'a [f32],
    pub(super) sums: &'a [f32],
}

simd! {
    /// Rounds a row.
    fn round<FMA>(x: &[f32], q: &mut [i8], d: &mut [f32], sums: &mut [f32]) {
        let (x, q) = (x.as_chunks::<PART>().0, q.as_chunks_mut::<PART>().0);
        for (((x, q), d), sums) in x.iter().zip(q).zip(d).zip(sums.as_chunks_mut().0) {
            (*d, *sums) = part(x, q);
        }
    }
}

/// Puts numbers in the other orders.
fn order(q: &[i8], by_blocks: &mut [i8], by_chunks: &mut [i8]) {
    const FOUR: usize = 4 * PART;
    let lines = q.as_chunks::<FOUR>().0.iter();
    let blocks = by_blocks.as_chunks_mut::<FOUR>().0.iter_mut();
    let chunks = by_chunks.as_chunks_mut::<FOUR>().0.iter_mut();
    for ((q, blocks), chunks) in lines.zip(blocks).zip(chunks) {
        let (first, last) = blocks.split_at_mut(FOUR / 2);
        for (part, q) in q.as_chunks::<PART>().0.iter().enumerate() {
            let half = PART / 2;
            first[half * part..][..half].copy_from_slice(&q[..half]);
            last[half * part..][..half].copy_from_slice(&q[half..]);
            chunks[PART * (part % 2 * 2 + part / 2)..][..PART].copy_from_slice(q);
        }
    }
}

/// Scale and sums of a part, whose numbers are written to `q`.
#[inline(always)]
fn part(x: &[f32; PART], q: &mut [i8; PART]) -> (f32, [f32; 2]) {
    // Adding 1.5·2^23 leaves the nearest whole number in the lowest bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    let mut largest = [0.0f32; 8];
    for eight in x.as_chunks::<8>().0 {
        for (largest, x) in largest.iter_mut().zip(eight) {
            *largest = largest.max(x.abs());
        }
    }
    let largest = largest.into_iter().fold(0.0, f32::max);
    let d = largest / 127.0;
    let inverse = if d > 0.0 { 1.0 / d } else { 0.0 };
    let mut whole = [0i32; PART];
    for (whole, x) in whole.iter_mut().zip(x) {
        let bits = (x * inverse + ROUND).to_bits().cast_signed();
        // the byte again, so that what is no number makes no sum too large
        *whole = i32::from(bits.wrapping_sub(ROUND.to_bits().cast_signed()) as i8);
    }
    for (q, whole) in q.iter_mut().zip(&whole) {
        *q = *whole as i8;
    }
    let sum = |whole: &[i32]| d * whole.iter().sum::<i32>() as f32;
    (d, [sum(&whole[..PART / 2]), sum(&whole[PART / 2..])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_nearest_and_the_rest_is_zero() {
        let x: Vec<f32> = (0..2 * 288)
            .map(|i| ((i * 37 % 101) as f32 - 50.0) * if i < 288 { 0.01 } else { 3.0 })
            .collect();
        let mut eights = Eights::default();
        let (isa, mut team) = (Isa::detect(), Team::new(2).unwrap());
        eights.set(isa, &mut team, &[1.0; 64], 64);
        eights.set(isa, &mut team, &x, 288);
        assert_eq!((eights.n(), eights.width), (2, 512));
        for n in 0..2 {
            let row = eights.row(n);
            for (i, x) in x[n * 288..][..288].iter().enumerate() {
                let d = row.d[i / PART];
                assert!((f32::from(row.q[i]) * d - x).abs() <= 0.5001 * d, "{n} {i}");
            }
            assert!(row.q[288..].iter().all(|q| *q == 0));
            assert!(row.d[9..].iter().all(|d| *d == 0.0));
            for (i, sum) in row.sums.iter().enumerate() {
                let whole: i32 = row.q[16 * i..][..16].iter().map(|q| i32::from(*q)).sum();
                assert_eq!(*sum, row.d[i / 2] * whole as f32);
            }
        }
    }

    #[test]
    fn zeros_and_what_is_no_number_do_not_break_others() {
        let mut x = vec![0.0; 64];
        (x[40], x[41]) = (f32::MIN_POSITIVE, -1.0);
        let mut eights = Eights::default();
        eights.set(Isa::detect(), &mut Team::new(1).unwrap(), &x, 64);
        assert!(eights.row(0).q[..32].iter().all(|q| *q == 0));
        assert_eq!(eights.row(0).q[41], -127);
        assert_eq!(eights.row(0).d[0], 0.0);
    }
}
