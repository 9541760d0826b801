//! Shapes and buffers of the loss.

/// Target of a row that is not scored.
pub const IGNORED: u32 = u32::MAX;

/// Most numbers of the scratch buffer, unless one row of logits is longer: 16 MiB in f32.
const SCRATCH: usize = 1 << 22;
/// Most rows of logits at once: enough to use a matrix product well.
const MAX_ROWS: usize = 512;

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
        (SCRATCH / self.v).clamp(1, MAX_ROWS)
    }

    /// Numbers of the scratch buffer for n rows.
    pub fn scratch_len(&self, n: usize) -> usize {
        self.rows().min(n) * self.v
    }
}

/// What the forward pass fills.
pub struct Out<'a, T> {
    /// Nats of each row's target, 0 where ignored, `[n]`.
    pub nats: &'a mut [T],
    /// ln Σ e^logit, `[n]`; of scored rows.
    pub lse: &'a mut [T],
    /// Room for some rows of logits.
    pub scratch: &'a mut [T],
}

/// What the backward pass fills.
pub struct Grads<'a, T> {
    /// Set, `[n,d]`.
    pub dh: &'a mut [T],
    /// Added to, `[V,d]`.
    pub dw: &'a mut [T],
    /// Room for some rows of logits.
    pub scratch: &'a mut [T],
}

/// What the forward pass leaves for the backward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, T> {
    /// Rows, `[n,d]`.
    pub h: &'a [T],
    /// Output matrix, `[V,d]`.
    pub w: &'a [T],
    /// ln Σ e^logit, `[n]`.
    pub lse: &'a [T],
    /// Targets, `[n]`.
    pub targets: &'a [u32],
}
