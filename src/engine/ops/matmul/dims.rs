//! Shape of a linear layer.

/// Rows n, inputs i, outputs o.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Rows.
    pub n: usize,
    /// Width of the input.
    pub i: usize,
    /// Width of the output.
    pub o: usize,
}
