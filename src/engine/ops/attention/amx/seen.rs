//! Which keys the queries of a sequence see: those up to their own position and, in a packed
//! sequence, those of their own document. Queries and keys are taken in cells of 32.

use std::ops::Range;

use crate::engine::ops::attention::Dims;
use crate::engine::ops::gemm::amx::SIDE;

/// What one sequence sees.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// First key of each query; none where it is the first of all.
    first: Option<&'a [u32]>,
    tq: usize,
    /// Position of the first query.
    start: usize,
}

impl<'a> Seen<'a> {
    pub(super) fn new(dims: &Dims, first: Option<&'a [u32]>, batch: usize) -> Self {
        Seen {
            first: first.map(|first| &first[batch * dims.tq..][..dims.tq]),
            tq: dims.tq,
            start: dims.tk - dims.tq,
        }
    }

    /// Keys that a query sees; past the last query, what the last one sees.
    fn keys(self, query: usize) -> Range<usize> {
        let query = query.min(self.tq - 1);
        let first = self.first.map_or(0, |first| first[query] as usize);
        first..self.start + query + 1
    }

    /// Cells of keys that a cell of queries sees something of.
    pub(super) fn cells(self, queries: usize) -> Range<usize> {
        let (low, high) = (
            self.keys(queries * SIDE),
            self.keys(queries * SIDE + SIDE - 1),
        );
        low.start / SIDE..high.end.div_ceil(SIDE)
    }

    /// Whether each query of a cell sees each key of a cell.
    pub(super) fn all(self, queries: usize, keys: usize) -> bool {
        let (low, high) = (
            self.keys(queries * SIDE),
            self.keys(queries * SIDE + SIDE - 1),
        );
        high.start <= keys * SIDE && keys * SIDE + SIDE <= low.end
    }

    /// The keys of a cell that each query of a cell sees: bit j for key j.
    pub(super) fn bits(self, queries: usize, keys: usize) -> [u32; SIDE] {
        let up_to = |key: usize| (1_u64 << key.saturating_sub(keys * SIDE).min(SIDE)) - 1;
        let mut bits = [0; SIDE];
        for (i, bits) in bits.iter_mut().enumerate() {
            let seen = self.keys(queries * SIDE + i);
            *bits = (up_to(seen.end) & !up_to(seen.start)) as u32;
        }
        bits
    }
}
