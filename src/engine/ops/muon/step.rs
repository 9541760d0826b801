//! What one step of Muon is told, and the buffers it changes.

/// Steps of Newton and Schulz; Muon's authors.
pub(super) const ROUNDS: usize = 5;

/// a, b and c of x ← a·x + b·(x·xᵀ)·x + c·(x·xᵀ)²·x; Muon's authors chose them for the steepest
/// slope at 0 that keeps large singular values near 1.
pub(super) const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Smallest norm that a matrix is divided by; Muon's authors.
pub(super) const EPS: f64 = 1e-7;

/// Root mean square of an update of AdamW in practice; arXiv 2502.16982, section 2.2.
const RMS: f64 = 0.2;

/// One step's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Learning rate.
    pub lr: f64,
    /// Share of the momentum that a step keeps.
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Gradients are multiplied by it first: clipping.
    pub grad_scale: f64,
}

/// The buffers a step changes, all in the order of the layout.
pub struct State<'a, T, A = T> {
    /// Parameters.
    pub params: &'a mut [T],
    /// Momentum.
    pub m: &'a mut [T],
    /// Parameters as matrix products read them; empty where they read the parameters themselves.
    pub copy: &'a mut [A],
}

/// The numbers of a step that every element of a matrix shares, worked out once in f64.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// Share of the momentum that is kept.
    pub(super) keep: f64,
    /// Share of the gradient that is taken in, clipping included.
    pub(super) take: f64,
    /// Length of the step.
    pub(super) size: f64,
    /// What weight decay leaves of a parameter.
    pub(super) shrink: f64,
}

impl Step {
    /// m ← m·keep + g·take, then x of g·take + m·keep, then p ← p·shrink − size·x.
    pub(super) fn rates(&self, [rows, cols]: [usize; 2]) -> Rates {
        Rates {
            keep: self.momentum,
            take: (1.0 - self.momentum) * self.grad_scale,
            size: self.lr * RMS * (rows.max(cols) as f64).sqrt(),
            shrink: 1.0 - self.lr * self.weight_decay,
        }
    }
}
