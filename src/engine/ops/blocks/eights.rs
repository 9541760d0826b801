//! Rows of activations in eight bits, as products with blocks take them.

use super::super::gemm::Shared;
use super::super::simd::{Isa, simd};
use super::super::team::Team;
use super::{PART, SUPER};

/// Parts of a super-block.
const PARTS: usize = SUPER / PART;

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
        self.q.clear();
        self.q.resize(n * self.width, 0);
        self.d.clear();
        self.d.resize(n * parts, 0.0);
        self.sums.clear();
        self.sums.resize(n * 2 * parts, 0.0);
        let width = self.width;
        let (q, d) = (Shared::new(&mut self.q), Shared::new(&mut self.d));
        let sums = Shared::new(&mut self.sums);
        team.run(n, &|row| {
            // SAFETY: each row is one task's
            let (q, d, sums) = unsafe {
                (
                    q.slice(row * width, width),
                    d.slice(row * parts, parts),
                    sums.slice(row * 2 * parts, 2 * parts),
                )
            };
            round(isa, &x[row * i..][..i], q, d, sums);
        });
    }

    /// Rows.
    pub(in crate::engine) fn n(&self) -> usize {
        self.q.len().checked_div(self.width).unwrap_or(0)
    }

    /// A row as kernels read it.
    pub(super) fn row(&self, n: usize) -> Row<'_> {
        let parts = self.width / PART;
        Row {
            q: &self.q[n * self.width..][..self.width],
            d: &self.d[n * parts..][..parts],
            sums: &self.sums[n * 2 * parts..][..2 * parts],
        }
    }
}

/// A row: its numbers, the scales of its parts, and the sums of their halves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) q: &'a [i8],
    pub(super) d: &'a [f32],
    pub(super) sums: &'a [f32],
}

impl Row<'_> {
    /// Super-blocks of the row.
    pub(super) fn n_supers(&self) -> usize {
        self.d.len() / PARTS
    }
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
        *whole = (x * inverse + ROUND).to_bits().cast_signed() - ROUND.to_bits().cast_signed();
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
