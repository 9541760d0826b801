//! Shapes and buffers of the loss.

use crate::engine::ops::gemm::Store;

/// Target of a row that is not scored.
pub const IGNORED: u32 = u32::MAX;

/// Most numbers of the scratch buffer, unless one row of logits is longer: 32 MiB in bf16.
const SCRATCH: usize = 1 << 24;
/// Most rows of logits at once: more make no product faster.
const MAX_ROWS: usize = 2048;
/// Rows of logits are a multiple of it apart: a cache line, and a step of a tile product.
const ALIGNED: usize = 32;

/// Shape of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Width of a row of h.
    pub d: usize,
    /// Tokens of the vocabulary.
    pub v: usize,
}

impl Dims {
    /// Rows of logits computed at once.
    pub fn rows(&self) -> usize {
        (SCRATCH / self.stride()).clamp(1, MAX_ROWS)
    }

    /// Numbers from one row of logits to the next.
    pub fn stride(&self) -> usize {
        self.v.next_multiple_of(ALIGNED)
    }

    /// Numbers of the scratch buffer for n rows.
    pub fn scratch_len(&self, n: usize) -> usize {
        self.rows().min(n) * self.stride()
    }

    /// Starts and ends of the rows worked on at once.
    pub(super) fn chunks(self, n: usize) -> impl Iterator<Item = [usize; 2]> {
        let rows = self.rows();
        let starts = (0..n).step_by(rows);
        starts.map(move |start| [start, n.min(start + rows)])
    }
}

/// What goes in, and the room to work.
pub struct Rows<'a, A> {
    /// Rows, `[n,d]`.
    pub h: &'a [A],
    /// Output matrix, `[V,d]`.
    pub w: &'a [A],
    /// Targets, `[n]`.
    pub targets: &'a [u32],
    /// Room for some rows of logits.
    pub scratch: &'a mut [A],
}

/// What learning fills beside the nats.
pub struct Grads<'a, T, A> {
    /// Set, `[n,d]`.
    pub dh: &'a mut [A],
    /// Set or added to, `[V,d]`.
    pub dw: &'a mut [T],
    /// Which of both.
    pub store: Store,
    /// Weight of a nat.
    pub scale: T,
}
