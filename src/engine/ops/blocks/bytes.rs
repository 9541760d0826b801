//! Some rows of activations on the tiles of the processor, in bytes: the same whole numbers that
//! single rows are multiplied with.
//!
//! Weights go to tiles as they lie in their rows; activations lie across, four numbers of each of
//! eight or sixteen rows side by side. Weights of few bits become bytes for each strip of
//! activations anew, so that this is for few strips; for many rows weights become bf16 once.

use super::super::buffer::Buffer;
use super::super::gemm::Shared;
use super::super::gemm::amx::has_bytes;
use super::super::team::Team;
use super::{Eights, Matrix, PART, vnni};

/// Rows of activations for which these tiles are the fastest way: from, and to.
pub(super) const FEW: std::ops::RangeInclusive<usize> = 5..=16;
/// Rows of the matrix of a task are a multiple of these.
pub(super) const ROWS: usize = 16;

/// Parts of a strip that one task puts across.
const TOGETHER: usize = 64;

/// Activations across: strips of eight or sixteen rows.
#[derive(Default)]
pub(super) struct Room {
    /// `[n/columns, i/4, columns]`
    q: Buffer<u32>,
    /// `[n/columns, i/32, columns]`
    d: Vec<f32>,
    /// Of each sixteen numbers, `[n/columns, i/16, columns]`
    sums: Vec<f32>,
    n: usize,
    columns: usize,
    /// Parts of 32 of a row.
    n_parts: usize,
}

/// A strip, as kernels read it.
pub(super) struct Strip<'a> {
    pub(super) q: &'a [u32],
    pub(super) d: &'a [f32],
    pub(super) sums: &'a [f32],
    /// Number of its first row.
    pub(super) first: usize,
    /// Rows that mean something; the others are zeros.
    pub(super) n: usize,
    columns: usize,
}

impl Strip<'_> {
    /// Rows that it has place for: 8 or 16.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }
}

/// Whether there is a way for this matrix.
pub(super) fn can(w: &Matrix<'_>) -> bool {
    !w.is_plain() && has_bytes() && vnni::can(w.kind)
}

impl Room {
    /// Takes the first `i` numbers of each row.
    pub(super) fn set(&mut self, team: &mut Team, x: &Eights, i: usize) {
        (self.n, self.n_parts) = (x.n(), i / PART);
        self.columns = if self.n <= 8 { 8 } else { 16 };
        let (fours, parts, columns) = (i / 4, self.n_parts, self.columns);
        let n_strips = self.n.div_ceil(columns);
        if self.q.len() < n_strips * fours * columns {
            self.q = Buffer::zeros(n_strips * fours * columns);
        }
        self.d.resize(n_strips * parts * columns, 0.0);
        self.sums.resize(n_strips * 2 * parts * columns, 0.0);
        let q = Shared::new(&mut self.q[..n_strips * fours * columns]);
        let (d, sums) = (Shared::new(&mut self.d), Shared::new(&mut self.sums));
        let n = self.n;
        // small as this is, threads that have to be called cost more than they spare
        let tasks = parts.div_ceil(TOGETHER);
        team.run(n_strips * tasks, &|task| {
            let (strip, first) = (task / tasks, task % tasks * TOGETHER);
            for part in first..(first + TOGETHER).min(parts) {
                const FOURS: usize = PART / 4;
                let at = strip * parts + part;
                // SAFETY: a part of a strip is one task's
                let (q, d, sums) = unsafe {
                    (
                        q.slice((strip * fours + part * FOURS) * columns, FOURS * columns),
                        d.slice(at * columns, columns),
                        sums.slice(2 * at * columns, 2 * columns),
                    )
                };
                for at in 0..columns {
                    let row = strip * columns + at;
                    let there = (row < n).then(|| x.row(row));
                    let words = there.map_or(&[0; PART][..], |x| &x.q[part * PART..][..PART]);
                    for (k, word) in words.as_chunks::<4>().0.iter().enumerate() {
                        q[k * columns + at] = u32::from_le_bytes(word.map(i8::cast_unsigned));
                    }
                    d[at] = there.map_or(0.0, |x| x.d[part]);
                    let halves = there.map_or([0.0; 2], |x| [0, 1].map(|i| x.sums[2 * part + i]));
                    [sums[at], sums[columns + at]] = halves;
                }
            }
        });
    }

    /// Writes columns `from..` of `y[n,o]`: those of the rows of `w`.
    pub(super) fn multiply(&self, y: Shared<'_, f32>, o: usize, from: usize, w: &Matrix<'_>) {
        let (fours, parts, columns) = (w.i / 4, self.n_parts, self.columns);
        let strip = |strip: usize| Strip {
            q: &self.q[strip * fours * columns..][..fours * columns],
            d: &self.d[strip * parts * columns..][..parts * columns],
            sums: &self.sums[strip * 2 * parts * columns..][..2 * parts * columns],
            first: strip * columns,
            n: (self.n - strip * columns).min(columns),
            columns,
        };
        let strips: Vec<Strip<'_>> = (0..self.n.div_ceil(columns)).map(strip).collect();
        // SAFETY: these outputs, of every row of activations, are of this task alone
        unsafe { vnni::products_on_tiles(&strips, w, y.at(from), o) };
    }
}
