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

/// What becomes of the numbers that were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// They are replaced.
    Set,
    /// They are added to.
    Add,
}
