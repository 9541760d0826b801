//! What is read next, asked for while the kernel multiplies.

use super::lanes::Lanes;

/// Steps over k between two looks at what comes next.
pub(super) const AT_A_TIME: usize = 16;
/// Bytes that come together.
const LINE: usize = 64;

/// The cache lines of some rows. They are asked for a few at a time, for once the processor has no
/// place left to wait for one, everything else waits as well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    at: *const u8,
    /// Lines of a row, and how many are left of this one.
    per_row: usize,
    left_in_row: usize,
    /// Bytes from the last line of a row to the first of the next one.
    jump: usize,
    /// Lines left, and how many are asked for at a time.
    left: usize,
    at_a_time: usize,
}

impl Ahead {
    pub(super) const NOTHING: Ahead = Ahead {
        at: std::ptr::null(),
        per_row: 0,
        left_in_row: 0,
        jump: 0,
        left: 0,
        at_a_time: 0,
    };

    /// Rows of so many bytes, `stride` bytes apart, to be asked for within `steps` steps over k.
    pub(super) fn new(
        at: *const u8,
        [rows, bytes]: [usize; 2],
        stride: usize,
        steps: usize,
    ) -> Self {
        if rows == 0 || bytes == 0 {
            return Ahead::NOTHING;
        }
        let per_row = (at.addr() % LINE + bytes).div_ceil(LINE);
        let left = rows * per_row;
        Ahead {
            at,
            per_row,
            left_in_row: per_row,
            jump: stride.wrapping_sub((per_row - 1) * LINE),
            left,
            at_a_time: left.div_ceil((steps / AT_A_TIME).max(1)),
        }
    }

    /// Asks for some more of them.
    #[inline(always)]
    pub(super) fn ask<V: Lanes>(&mut self) {
        let n = self.at_a_time.min(self.left);
        self.left -= n;
        for _ in 0..n {
            V::ask(self.at);
            self.left_in_row -= 1;
            let step = if self.left_in_row == 0 {
                self.left_in_row = self.per_row;
                self.jump
            } else {
                LINE
            };
            self.at = self.at.wrapping_add(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::engine::ops::gemm::Element;

    thread_local! {
        static ASKED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }

    /// No numbers at all, only a memory of what was asked for.
    #[derive(Clone, Copy)]
    struct Asked;

    impl Lanes for Asked {
        const WIDTH: usize = 4;
        unsafe fn splat(_: f32) -> Self {
            Asked
        }
        unsafe fn load<E: Element>(_: *const E) -> Self {
            Asked
        }
        unsafe fn store<E: Element>(self, _: *mut E) {}
        unsafe fn fma(self, _: Self, _: Self) -> Self {
            Asked
        }
        unsafe fn add(self, _: Self) -> Self {
            Asked
        }
        fn ask(at: *const u8) {
            ASKED.with_borrow_mut(|asked| asked.push(at.addr()));
        }
        unsafe fn transpose<E: Element>(_: *const E, _: usize, _: usize, _: *mut f32, _: usize) {}
    }

    #[test]
    fn every_line_of_every_row_is_asked_for_once_within_the_steps() {
        for (at, rows, bytes, stride, steps) in [
            (0, 3, 256, 1024, 64),
            (40, 5, 56, 128, 16),
            (4, 1, 1, 4, 8),
            (128, 7, 640, 640, 200),
            (0, 2, 4096, 8192, 3),
        ] {
            let mut ahead = Ahead::new(
                std::ptr::without_provenance(at),
                [rows, bytes],
                stride,
                steps,
            );
            for _ in 0..(steps / AT_A_TIME).max(1) {
                ahead.ask::<Asked>();
            }
            let mut asked = ASKED.take();
            asked.iter_mut().for_each(|at| *at /= LINE);
            asked.sort_unstable();
            let mut wanted: Vec<_> = (0..rows)
                .flat_map(|i| (at + i * stride) / LINE..(at + i * stride + bytes).div_ceil(LINE))
                .collect();
            wanted.sort_unstable();
            assert_eq!(asked, wanted, "{rows} rows of {bytes} bytes from {at}");
        }
        Ahead::NOTHING.clone().ask::<Asked>();
        assert!(ASKED.take().is_empty());
    }
}
