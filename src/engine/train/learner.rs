//! One step: forward and backward over the sequences, clip, AdamW and Muon.

use std::ops::Range;

use half::bf16;

use super::super::Result;
use super::super::model::{Config, Gradient, Layout, Model, Pass, Weights, init};
use super::super::ops::matmul::Store;
use super::super::ops::{Buffer, Executor, adamw, muon};
use super::batch::Batch;
use super::plan::{Optimizer, Plan};

/// A model that learns: weights and both moments, one flat buffer each.
pub struct Learner {
    /// The model as it is now.
    pub model: Model,
    /// First moments, and the momentum of matrices that Muon moves.
    pub m: Vec<f32>,
    /// Second moments; zero where Muon moves the weights.
    pub v: Vec<f32>,
    /// The weights as products read them; empty where they read the weights themselves.
    copy: Buffer<bf16>,
    grads: Buffer<f32>,
    /// What AdamW moves.
    decays: Vec<(Range<usize>, bool)>,
    /// What Muon moves.
    matrices: Vec<(Range<usize>, [usize; 2])>,
    pass: Pass,
    executor: Executor,
    micro_batch: usize,
}

/// What one step was like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Made {
    /// Mean nats of its tokens, before the step.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub grad_norm: f64,
}

impl Made {
    /// False for a loss or a gradient that is no number: the weights were then left alone.
    pub fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.grad_norm.is_finite()
    }
}

impl Learner {
    /// A model with new weights.
    ///
    /// # Errors
    /// When the shape makes no sense.
    pub fn new(
        plan: &Plan,
        config: Config,
        boundary: Option<u32>,
        executor: &Executor,
    ) -> Result<Self> {
        config.check()?;
        let params = init(&config, plan.seed);
        let zeros = vec![0.0; params.len()];
        Self::of(
            plan,
            Model { config, params },
            [zeros.clone(), zeros],
            boundary,
            executor,
        )
    }

    /// A model that has learned before.
    ///
    /// # Errors
    /// When the shape makes no sense.
    pub fn of(
        plan: &Plan,
        model: Model,
        [m, v]: [Vec<f32>; 2],
        boundary: Option<u32>,
        executor: &Executor,
    ) -> Result<Self> {
        let micro_batch = plan.sequences_at_once();
        let layout = Layout::new(&model.config);
        let matrices = match plan.optimizer {
            Optimizer::AdamW => Vec::new(),
            Optimizer::Muon => layout.matrices(),
        };
        let mut decays = layout.decays();
        decays.retain(|(range, _)| matrices.iter().all(|(own, _)| own != range));
        Ok(Learner {
            pass: Pass::new(&model.config, plan.pass(boundary), executor),
            decays,
            matrices,
            copy: executor.copy(&model.params),
            grads: Buffer::zeros(model.params.len()),
            executor: executor.clone(),
            model,
            m,
            v,
            micro_batch,
        })
    }

    /// Loss and gradient of a batch; the loss is the mean over all its tokens, however many
    /// sequences are computed at once.
    ///
    /// # Errors
    /// When a token is outside of the vocabulary.
    pub fn learn(&mut self, batch: &Batch, context: usize) -> Result<Made> {
        let n = self.micro_batch * context;
        let scale = 1.0 / batch.targets.len() as f32;
        let weights = Weights {
            params: &self.model.params,
            copy: &self.copy,
        };
        let (mut nats, mut store) = (0.0, Store::Set);
        for (inputs, targets) in batch
            .inputs
            .chunks_exact(n)
            .zip(batch.targets.chunks_exact(n))
        {
            let grads = &mut *self.grads;
            let gradient = Gradient {
                grads,
                store,
                scale,
            };
            let losses = self.pass.learn(weights, inputs, targets, gradient)?; // [b, t]
            nats += losses.iter().map(|x| f64::from(*x)).sum::<f64>();
            store = Store::Add;
        }
        Ok(Made {
            loss: nats / batch.targets.len() as f64,
            grad_norm: self.executor.grad_norm(&self.grads),
        })
    }

    /// The weights as a pass reads them.
    pub fn weights(&self) -> Weights<'_> {
        Weights {
            params: &self.model.params,
            copy: &self.copy,
        }
    }

    /// Who does the work.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Moves the weights against the gradient of the last [`learn`](Self::learn), clipped;
    /// `number` counts steps from 1.
    pub fn update(&mut self, plan: &Plan, number: u64, lr: f64, grad_norm: f64) {
        let clipped = plan.clip > 0.0 && grad_norm > plan.clip;
        let grad_scale = if clipped { plan.clip / grad_norm } else { 1.0 };
        let step = muon::Step {
            lr,
            momentum: plan.momentum,
            weight_decay: plan.weight_decay,
            grad_scale,
        };
        let state = muon::State {
            params: &mut self.model.params,
            m: &mut self.m,
            copy: &mut self.copy,
        };
        let executor = &self.executor;
        executor.muon(state, &self.grads, &self.matrices, &step);
        let step = adamw::Step {
            number,
            lr,
            beta1: plan.beta1,
            beta2: plan.beta2,
            eps: plan.adam_eps,
            weight_decay: plan.weight_decay,
            grad_scale,
        };
        let state = adamw::State {
            params: &mut self.model.params,
            m: &mut self.m,
            v: &mut self.v,
            copy: &mut self.copy,
        };
        executor.adamw(state, &self.grads, &self.decays, &step);
    }
}
