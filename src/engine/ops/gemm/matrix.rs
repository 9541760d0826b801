//! Matrices in memory as products see them: numbers, and the distances between them.

use std::marker::PhantomData;

use half::bf16;

/// A number that products read or write; they add up in f32 whatever it is.
pub(in crate::engine::ops) trait Element:
    Copy + Send + Sync + 'static
{
    /// The same number in f32.
    fn wide(self) -> f32;
    /// The nearest number of this type, ties to even.
    fn narrow(x: f32) -> Self;
    /// The nearest number of this type, ties away from zero. What is no number stays none where
    /// an operation made it: the lowest bits of its mantissa are zeros.
    fn narrow_away(x: f32) -> Self;
}

impl Element for f32 {
    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }

    #[inline(always)]
    fn narrow(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn narrow_away(x: f32) -> Self {
        x
    }
}

impl Element for bf16 {
    #[inline(always)]
    fn wide(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    /// Without branches, so that loops of it become vectors.
    #[inline(always)]
    fn narrow(x: f32) -> Self {
        let bits = x.to_bits();
        let rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        let quiet_nan = bits >> 16 | 0x40;
        let is_nan = bits & 0x7fff_ffff > 0x7f80_0000;
        bf16::from_bits(if is_nan { quiet_nan } else { rounded } as u16)
    }

    #[inline(always)]
    fn narrow_away(x: f32) -> Self {
        bf16::from_bits((x.to_bits().wrapping_add(0x8000) >> 16) as u16)
    }
}

/// What happens to the numbers that stand where a product is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// They are replaced.
    Set,
    /// The product is added to them.
    Add,
}

/// A matrix in memory: its numbers, and the distances between rows and between columns.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::ops) struct Matrix<'a, E> {
    pub(in crate::engine::ops) data: &'a [E],
    pub(in crate::engine::ops) rows: usize,
    pub(in crate::engine::ops) cols: usize,
    pub(in crate::engine::ops) row_stride: usize,
    pub(in crate::engine::ops) col_stride: usize,
}

impl<'a, E: Element> Matrix<'a, E> {
    /// Rows one after the other, `row_stride` apart.
    pub(in crate::engine::ops) fn rows(
        data: &'a [E],
        rows: usize,
        cols: usize,
        row_stride: usize,
    ) -> Self {
        let matrix = Matrix {
            data,
            rows,
            cols,
            row_stride,
            col_stride: 1,
        };
        assert!(
            matrix.span() <= data.len(),
            "a matrix outside of its buffer"
        );
        matrix
    }

    /// The same numbers with rows and columns exchanged.
    pub(in crate::engine::ops) fn transposed(self) -> Self {
        Matrix {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// Some of its rows and columns, each from the first to before the second.
    pub(in crate::engine::ops) fn part(self, rows: [usize; 2], cols: [usize; 2]) -> Self {
        assert!(rows[0] <= rows[1] && rows[1] <= self.rows, "rows of a part");
        assert!(
            cols[0] <= cols[1] && cols[1] <= self.cols,
            "columns of a part"
        );
        let start = rows[0] * self.row_stride + cols[0] * self.col_stride;
        Matrix {
            data: &self.data[start.min(self.data.len())..],
            rows: rows[1] - rows[0],
            cols: cols[1] - cols[0],
            ..self
        }
    }

    /// Numbers from the first to the last, both counted.
    pub(in crate::engine::ops) fn span(&self) -> usize {
        match (self.rows, self.cols) {
            (0, _) | (_, 0) => 0,
            (rows, cols) => (rows - 1) * self.row_stride + (cols - 1) * self.col_stride + 1,
        }
    }
}

/// A buffer that several threads write, each in places of its own.
pub(in crate::engine::ops) struct Shared<'a, E> {
    data: *mut E,
    len: usize,
    borrowed: PhantomData<&'a mut [E]>,
}

impl<E> Clone for Shared<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Shared<'_, E> {}

// SAFETY: the pointer is only followed in `unsafe` functions whose callers promise disjoint places
unsafe impl<E: Send> Send for Shared<'_, E> {}
// SAFETY: as above
unsafe impl<E: Send> Sync for Shared<'_, E> {}

impl<'a, E> Shared<'a, E> {
    pub(in crate::engine::ops) fn new(data: &'a mut [E]) -> Self {
        Shared {
            data: data.as_mut_ptr(),
            len: data.len(),
            borrowed: PhantomData,
        }
    }

    /// Numbers of the buffer.
    pub(in crate::engine::ops) fn len(self) -> usize {
        self.len
    }

    /// Some of the numbers.
    ///
    /// # Safety
    /// Nobody else reads or writes these numbers while the slice lives.
    pub(in crate::engine::ops) unsafe fn slice(self, start: usize, len: usize) -> &'a mut [E] {
        assert!(
            start <= self.len && len <= self.len - start,
            "outside of the shared buffer"
        );
        // SAFETY: inside of the buffer by the line above, borrowed for 'a, unshared by the
        // caller's word
        unsafe { std::slice::from_raw_parts_mut(self.data.add(start), len) }
    }

    /// Address of a number inside of the buffer.
    pub(in crate::engine::ops) fn at(self, start: usize) -> *mut E {
        assert!(start <= self.len, "outside of the shared buffer");
        self.data.wrapping_add(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_is_rounded_as_the_half_crate_rounds_it() {
        let odd = (0..1 << 16).map(|i: u32| f32::from_bits(i.wrapping_mul(0x9e37_79b9)));
        let edges = [
            0.0,
            -0.0,
            f32::INFINITY,
            f32::NAN,
            f32::MAX,
            1e-40,
            1.003_906_3,
        ];
        for x in odd.chain(edges) {
            let (ours, theirs) = (bf16::narrow(x), bf16::from_f32(x));
            assert_eq!(ours.to_bits(), theirs.to_bits(), "{x}");
            assert!(ours.to_f32().to_bits() == ours.wide().to_bits());
            let away = bf16::narrow_away(x);
            let tie = x.to_bits() & 0xffff == 0x8000;
            assert!(tie || x.is_nan() || away.to_bits() == ours.to_bits(), "{x}");
        }
        assert!(bf16::narrow_away(f32::NAN).is_nan());
        assert_eq!(bf16::narrow_away(1.003_906_3).to_f32(), 1.007_812_5);
    }
}
