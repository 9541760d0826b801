//! What one step of AdamW is told, and the buffers it changes.

/// One step's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Number of this step, from 1.
    pub number: u64,
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Weight decay, of parameters that decay.
    pub weight_decay: f64,
    /// Gradients are multiplied by it first: clipping.
    pub grad_scale: f64,
}

/// The buffers a step changes, all in the order of the layout.
pub struct State<'a, T, A = T> {
    /// Parameters.
    pub params: &'a mut [T],
    /// First moments.
    pub m: &'a mut [T],
    /// Second moments.
    pub v: &'a mut [T],
    /// Parameters as matrix products read them; empty where they read the parameters themselves.
    pub copy: &'a mut [A],
}

/// The numbers of a step that every element shares, worked out once in f64.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) keep: [f64; 2],
    pub(super) take: [f64; 2],
    pub(super) size: f64,
    pub(super) root: f64,
    pub(super) eps: f64,
    pub(super) shrink: f64,
    pub(super) grad_scale: f64,
}

impl Step {
    /// p ← p·shrink − size·m/(√v·root + eps): bias corrections folded into `size` and `root`.
    pub(super) fn rates(&self, decays: bool) -> Rates {
        let correction = |beta: f64| 1.0 - beta.powf(self.number as f64);
        let decay = if decays { self.weight_decay } else { 0.0 };
        Rates {
            keep: [self.beta1, self.beta2],
            take: [1.0 - self.beta1, 1.0 - self.beta2],
            size: self.lr / correction(self.beta1),
            root: 1.0 / correction(self.beta2).sqrt(),
            eps: self.eps,
            shrink: 1.0 - self.lr * decay,
            grad_scale: self.grad_scale,
        }
    }
}
