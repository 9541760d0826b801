//! A pass over sequences of tokens in the precision of an executor.

use half::bf16;

use super::Config;
use super::llama::Numbers;
use super::stack::{Stack, Use, plan};
use crate::engine::Result;
use crate::engine::ops::matmul::Store;
use crate::engine::ops::{Executor, Precision};
#[cfg(test)]
use crate::engine::ops::{Real, Reference};

/// Parameters as a pass reads them.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    /// Every parameter, in the order of the layout.
    pub params: &'a [f32],
    /// What [`Executor::copy`] made of them.
    pub copy: &'a [bf16],
}

/// Where the gradient goes, and of what it is.
pub struct Gradient<'a> {
    /// In the order of the layout.
    pub grads: &'a mut [f32],
    /// Takes the place of what is there, or is added to it.
    pub store: Store,
    /// Weight of a nat.
    pub scale: f32,
}

/// Forward and backward over b sequences of t tokens.
pub struct Pass(Kind);

enum Kind {
    Exact(Box<Stack<f32, f32>>),
    Half(Box<Stack<f32, bf16>>),
}

impl Pass {
    /// A pass of that use.
    pub fn new(config: &Config, of: Use, executor: &Executor) -> Self {
        Pass(match executor.precision() {
            Precision::F32 => Kind::Exact(Box::new(Stack::new(config, of, executor.exact()))),
            Precision::Bf16 => Kind::Half(Box::new(Stack::new(config, of, executor.half()))),
        })
    }

    /// Bytes that a pass of that use takes.
    pub fn plan_bytes(config: &Config, of: Use, precision: Precision) -> u64 {
        match precision {
            Precision::F32 => plan::<f32, f32>(config, of),
            Precision::Bf16 => plan::<f32, bf16>(config, of),
        }
    }

    /// Nats of every position's target, `[b·t]`, 0 where the target is [`IGNORED`].
    ///
    /// `inputs` and `targets` are `[b,t]`.
    ///
    /// # Errors
    /// When a token is outside of the vocabulary, or a length is wrong.
    ///
    /// [`IGNORED`]: crate::engine::ops::cross_entropy::IGNORED
    pub fn score(
        &mut self,
        weights: Weights<'_>,
        inputs: &[u32],
        targets: &[u32],
    ) -> Result<&[f32]> {
        match &mut self.0 {
            Kind::Exact(stack) => stack.score(weights.exact(), inputs, targets),
            Kind::Half(stack) => stack.score(weights.half(), inputs, targets),
        }
    }

    /// The same; and the gradient of scale · Σ nats.
    ///
    /// # Errors
    /// As for [`score`](Self::score).
    ///
    /// # Panics
    /// When the pass was made for scoring.
    pub fn learn(
        &mut self,
        weights: Weights<'_>,
        inputs: &[u32],
        targets: &[u32],
        Gradient {
            grads,
            store,
            scale,
        }: Gradient<'_>,
    ) -> Result<&[f32]> {
        let (batch, grads) = ((inputs, targets), (grads, store));
        match &mut self.0 {
            Kind::Exact(stack) => stack.learn(weights.exact(), batch, grads, scale),
            Kind::Half(stack) => stack.learn(weights.half(), batch, grads, scale),
        }
    }
}

impl<'a> Weights<'a> {
    pub(super) fn exact(self) -> Numbers<'a, f32, f32> {
        Numbers {
            params: self.params,
            matrices: self.params,
        }
    }

    pub(super) fn half(self) -> Numbers<'a, f32, bf16> {
        Numbers {
            params: self.params,
            matrices: self.copy,
        }
    }
}

impl Use {
    /// For scoring b sequences of t tokens.
    pub fn scoring(b: usize, t: usize) -> Self {
        Use {
            learns: false,
            ..Self::learning(b, t)
        }
    }

    /// For learning from b sequences of t tokens, every activation kept.
    pub fn learning(b: usize, t: usize) -> Self {
        Use {
            b,
            t,
            learns: true,
            n_again: 0,
            boundary: None,
        }
    }
}

/// Nats and gradients of one pass of the reference in any number: what others are judged by.
#[cfg(test)]
pub(super) fn reference<T: Real>(
    config: &Config,
    of: Use,
    params: &[T],
    (inputs, targets): (&[u32], &[u32]),
    scale: T,
) -> (Vec<T>, Vec<T>) {
    let mut stack = Stack::<T, T>::new(config, of, std::sync::Arc::new(Reference));
    let numbers = Numbers {
        params,
        matrices: params,
    };
    let mut grads = vec![T::ZERO; params.len()];
    let nats = stack
        .learn(numbers, (inputs, targets), (&mut grads, Store::Set), scale)
        .unwrap()
        .to_vec();
    (nats, grads)
}
