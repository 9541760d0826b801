//! The list of operations, and the choice of who carries them out.

use std::ops::Range;
use std::sync::Arc;

use super::cpu::Cpu;
use super::matmul::Store;
use super::{Real, Reference};
use super::{adamw, attention, cross_entropy, matmul, rms_norm, rope};
use crate::engine::{Error, Result};

/// What an executor can do, in numbers of type `T`. The folder of each operation says what it
/// computes; lengths of slices are invariants of the caller, not input.
pub trait Ops<T: Real>: Send + Sync {
    /// Name of the executor, with the instruction set where it chose one.
    fn name(&self) -> String;

    /// Threads it works with.
    fn n_threads(&self) -> usize;

    /// `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ
    fn matmul(&self, y: &mut [T], x: &[T], w: &[T], dims: matmul::Dims, store: Store);

    /// `dx[n,i]` = `dy[n,o]` · `w[o,i]`
    fn matmul_dx(&self, dx: &mut [T], dy: &[T], w: &[T], dims: matmul::Dims, store: Store);

    /// `dw[o,i]` += `dy[n,o]`ᵀ · `x[n,i]`
    fn matmul_dw(&self, dw: &mut [T], dy: &[T], x: &[T], dims: matmul::Dims);

    /// `x[n,d]` = `w[token, d]`
    fn embedding(&self, x: &mut [T], w: &[T], tokens: &[u32]);

    /// `dw[token, d]` += `dx[n,d]`
    fn embedding_dw(&self, dw: &mut [T], dx: &[T], tokens: &[u32]);

    /// `y[n,d]` = x · r · w with `r[n]` = 1/√(mean(x²) + eps)
    fn rms_norm(&self, y: &mut [T], r: &mut [T], x: &[T], norm: rms_norm::Norm<'_, T>);

    /// sum = x + delta, then y and r of the norm of the sum
    fn add_rms_norm(
        &self,
        y: &mut [T],
        r: &mut [T],
        sum: &mut [T],
        terms: [&[T]; 2],
        norm: rms_norm::Norm<'_, T>,
    );

    /// dx += and dw += gradients of the norm
    fn rms_norm_back(&self, dx: &mut [T], dw: &mut [T], dy: &[T], saved: rms_norm::Saved<'_, T>);

    /// Turns the first heads of every row of x by the angles of its position.
    fn rope(&self, x: &mut [T], table: &rope::Table<T>, dims: rope::Dims, turn: rope::Turn);

    /// `o[b,t,H,hd]` and `lse[b,H,t]` of causal attention
    fn attention(&self, o: &mut [T], lse: &mut [T], qkv: [&[T]; 3], dims: &attention::Dims);

    /// Gradient of packed queries, keys and values.
    fn attention_back(
        &self,
        dqkv: &mut [T],
        d_o: &[T],
        saved: attention::Saved<'_, T>,
        dims: &attention::Dims,
    );

    /// `act[n,F]` = silu(gate) · up of `gate_up[n,2F]`
    fn swiglu(&self, act: &mut [T], gate_up: &[T], d_ff: usize);

    /// `d_gate_up[n,2F]` of `d_act[n,F]`
    fn swiglu_back(&self, d_gate_up: &mut [T], d_act: &[T], gate_up: &[T], d_ff: usize);

    /// `nats[n]` and `lse[n]` of the targets under softmax(h · wᵀ)
    fn cross_entropy(
        &self,
        out: cross_entropy::Out<'_, T>,
        h: &[T],
        w: &[T],
        targets: &[u32],
        dims: cross_entropy::Dims,
    );

    /// dh = and dw += gradients of scale · Σ nats
    fn cross_entropy_back(
        &self,
        grads: cross_entropy::Grads<'_, T>,
        saved: cross_entropy::Saved<'_, T>,
        scale: T,
        dims: cross_entropy::Dims,
    );

    /// One step of AdamW over the flat buffers.
    fn adamw(
        &self,
        state: adamw::State<'_, T>,
        grads: &[T],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    );

    /// √Σ g²
    fn grad_norm(&self, grads: &[T]) -> f64;
}

/// Who carries the operations out; cheap to clone.
#[derive(Clone)]
pub struct Executor(Arc<dyn Ops<f32>>);

impl Executor {
    /// Plain loops on one thread: the oracle the others are judged by.
    pub fn reference() -> Self {
        Executor(Arc::new(Reference))
    }

    /// The processor with its vector instructions; 0 threads: one a core.
    pub fn cpu(n_threads: usize) -> Result<Self> {
        Ok(Executor(Arc::new(Cpu::new(n_threads)?)))
    }

    /// The executor of that name: `auto`, `cpu` or `reference`.
    pub fn choose(device: &str, n_threads: usize) -> Result<Self> {
        match device {
            "auto" | "cpu" => Self::cpu(n_threads),
            "reference" => Ok(Self::reference()),
            other => Err(Error::Usage {
                what: format!("device {other:?} is not known"),
                hint: "devices are auto, cpu and reference".into(),
            }),
        }
    }

    /// Its name, with the instruction set where it chose one.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Threads it works with.
    pub fn n_threads(&self) -> usize {
        self.0.n_threads()
    }

    /// One step of AdamW over the flat buffers; `decays` is [`Layout::decays`].
    ///
    /// [`Layout::decays`]: crate::engine::model::Layout::decays
    pub fn adamw(
        &self,
        state: adamw::State<'_, f32>,
        grads: &[f32],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    ) {
        self.0.adamw(state, grads, decays, step);
    }

    /// √Σ g² of the gradients.
    pub fn grad_norm(&self, grads: &[f32]) -> f64 {
        self.0.grad_norm(grads)
    }

    /// The operations themselves.
    pub fn ops(&self) -> Arc<dyn Ops<f32>> {
        Arc::clone(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Kind};

    #[test]
    fn an_unknown_device_is_refused_with_the_known_ones() {
        let refused = Executor::choose("gpu", 1).err().unwrap();
        assert_eq!(refused.kind(), Kind::Usage);
        assert!(refused.hint().unwrap().contains("reference"));
        assert_eq!(Executor::choose("auto", 2).unwrap().n_threads(), 2);
        assert_eq!(Executor::choose("reference", 2).unwrap().n_threads(), 1);
    }
}
