//! Many rows of activations where the processor has products of bytes and no tiles: the same whole
//! numbers that single rows are multiplied with.
//!
//! A task is a panel of the matrix: 32 of its rows become bytes in the order of the kernel, once,
//! and meet every row of the activations.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::cell::RefCell;

use super::super::buffer::Buffer;
use super::super::gemm::Shared;
use super::super::simd::{Isa, Level};
use super::super::team::Team;
use super::{Eights, Matrix, PART, avx2, vnni};

/// Rows of the matrix of a panel.
pub(super) const ROWS: usize = 32;
/// Bytes that come from memory together.
const LINE: usize = 64;

/// Activations without a sign.
#[derive(Default)]
pub(super) struct Room {
    /// Numbers of [`Eights`] and 128.
    q: Vec<u8>,
    /// Sums of parts, scaled, `[n, width / 32]`.
    sums: Vec<f32>,
}

/// Rows of activations as kernels read them.
pub(super) struct Raised<'a> {
    /// Numbers raised by 128, `[n, width]`.
    pub(super) q: &'a [u8],
    /// The same as they were.
    pub(super) signed: &'a [i8],
    /// Scale of each part, `[n, width / 32]`.
    pub(super) d: &'a [f32],
    /// Sum of each part, scaled, `[n, width / 32]`.
    pub(super) by_32: &'a [f32],
    /// Sum of each half of a part, scaled, `[n, width / 16]`.
    pub(super) by_16: &'a [f32],
    pub(super) n: usize,
    pub(super) width: usize,
}

/// A panel: what a thread keeps from one task to the next.
pub(super) struct Panel {
    /// Four weights with their sign of each row, `[i/4, 32]`.
    pub(super) q: Buffer<u32>,
    /// Where sums begin, of each share (numbers with a scale of their own), `[shares, 32]`.
    pub(super) start: Vec<i32>,
    /// Scales, `[shares, 32]`.
    pub(super) a: Vec<f32>,
    /// What is taken off, `[shares, 32]`.
    pub(super) b: Vec<f32>,
    /// 256-bit vectors of bytes are multiplied by fours (AVX-VNNI).
    pub(super) by_fours: bool,
}

impl Default for Panel {
    fn default() -> Self {
        Panel {
            q: Buffer::default(),
            start: Vec::new(),
            a: Vec::new(),
            b: Vec::new(),
            by_fours: is_x86_feature_detected!("avxvnni"),
        }
    }
}

impl Panel {
    /// Room for rows of `i` weights in so many shares.
    pub(super) fn make_room(&mut self, i: usize, shares: usize) {
        if self.q.len() < i / 4 * ROWS {
            self.q = Buffer::zeros(i / 4 * ROWS);
        }
        if self.a.len() < shares * ROWS {
            self.start.resize(shares * ROWS, 0);
            self.a.resize(shares * ROWS, 0.0);
            self.b.resize(shares * ROWS, 0.0);
        }
    }
}

thread_local! {
    static PANEL: RefCell<Panel> = RefCell::default();
}

/// Rows of activations from which on panels are worth it: there are that many before the bytes that
/// a panel is made of are paid for. Single rows are faster in 512-bit vectors, so they are more.
pub(super) fn many(isa: Isa) -> usize {
    match isa.level() {
        Level::Avx512 if vnni::is_there() => 9,
        _ => 5,
    }
}

/// Asks for bytes that are read soon, though not one behind the other; some may not be there.
#[inline]
pub(super) fn fetch(bytes: *const u8, n: usize) {
    for line in (0..n).step_by(LINE) {
        // SAFETY: what is not there is not fetched, and nothing is read
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.wrapping_add(line).cast()) };
    }
}

/// Whether there is a way for this matrix.
pub(super) fn can(isa: Isa, w: &Matrix<'_>) -> bool {
    match isa.level() {
        Level::Avx512 => vnni::can_multiply(w.kind) || avx2::can_multiply(w.kind),
        Level::Avx2 => avx2::can_multiply(w.kind),
        _ => false,
    }
}

impl Room {
    /// Takes rows.
    pub(super) fn set(&mut self, team: &mut Team, x: &Eights) {
        let (n, width) = (x.n(), x.width);
        self.q.resize(n * width, 0);
        self.sums.resize(n * width / PART, 0.0);
        let (q, sums) = (Shared::new(&mut self.q), Shared::new(&mut self.sums));
        team.run(n, &|row| {
            // SAFETY: each row is one task's
            let (q, sums) = unsafe {
                (
                    q.slice(row * width, width),
                    sums.slice(row * width / PART, width / PART),
                )
            };
            let x = x.row(row);
            for (q, x) in q.iter_mut().zip(x.q) {
                *q = x.cast_unsigned() ^ 0x80;
            }
            for (sum, [a, b]) in sums.iter_mut().zip(x.sums.as_chunks().0) {
                *sum = a + b;
            }
        });
    }

    /// The rows, as kernels read them.
    pub(super) fn raised<'a>(&'a self, x: &'a Eights) -> Raised<'a> {
        Raised {
            q: &self.q,
            signed: &x.q,
            d: &x.d,
            by_32: &self.sums,
            by_16: &x.sums,
            n: x.n(),
            width: x.width,
        }
    }

    /// Writes columns `from..` of `y[n,o]`: those of the at most 32 rows of `w`.
    pub(super) fn multiply(
        &self,
        isa: Isa,
        x: &Eights,
        y: Shared<'_, f32>,
        o: usize,
        from: usize,
        w: &Matrix<'_>,
    ) {
        let x = self.raised(x);
        let is_wide = isa.level() == Level::Avx512 && vnni::can_multiply(w.kind);
        // SAFETY: these outputs, of every row of activations, are of this task alone
        PANEL.with_borrow_mut(|panel| unsafe {
            match is_wide {
                true => vnni::products_across(panel, &x, w, y.at(from), o),
                false => avx2::products_across(panel, &x, w, y.at(from), o),
            }
        });
    }
}
