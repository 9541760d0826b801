//! What a norm is made of and what its backward pass needs.

/// A norm: its weight and its epsilon.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a, T> {
    /// Weight, `[d]`.
    pub w: &'a [T],
    /// Added to the mean square.
    pub eps: T,
}

/// What the forward pass leaves for the backward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, T> {
    /// What was normed, `[n,d]`.
    pub x: &'a [T],
    /// 1 / root mean square, `[n]`.
    pub r: &'a [T],
    /// Weight, `[d]`.
    pub w: &'a [T],
}

/// What the backward pass writes.
pub struct Back<'a, T, A> {
    /// Added to, `[n,d]`.
    pub dx: &'a mut [T],
    /// dx again, as activations are kept, `[n,d]`.
    pub dx_kept: &'a mut [A],
    /// The norm's output again, `[n,d]`.
    pub y: &'a mut [A],
    /// Added to, `[d]`.
    pub dw: &'a mut [T],
}
