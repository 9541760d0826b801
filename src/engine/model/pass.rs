//! Forward and backward over b sequences of t tokens, every buffer allocated once.

use std::sync::Arc;

use super::Config;
use super::llama::{Gradients, Layer, Llama, Residual};
use crate::engine::ops::cross_entropy::{self, IGNORED};
use crate::engine::ops::rms_norm::Saved;
use crate::engine::ops::{Executor, Ops, Real, Reference, attention};
use crate::engine::{Error, Result};

/// Layers a pass keeps that never goes back: the one at work and the one before it.
const SCORING_LAYERS: usize = 2;

/// Forward and backward over b sequences of t tokens.
pub struct Pass<T: Real = f32> {
    net: Llama<T>,
    shape: attention::Dims,
    can_go_back: bool,
    /// Layer l lies at l modulo their number.
    layers: Vec<Layer<T>>,
    delta: Vec<T>, // [n,d]
    last: Last<T>,
    /// Made when the first backward pass needs them.
    way: Option<Gradients<T>>,
    inputs: Vec<u32>,
    targets: Vec<u32>,
}

/// What comes after the last layer.
struct Last<T> {
    x: Vec<T>,    // [n,d]
    r: Vec<T>,    // [n]
    h: Vec<T>,    // [n,d]
    nats: Vec<T>, // [n]
    lse: Vec<T>,  // [n]
    scratch: Vec<T>,
}

impl Pass<f32> {
    /// A pass that can go forward and back.
    pub fn new(config: &Config, b: usize, t: usize, executor: &Executor) -> Self {
        Self::with(config, [b, t], executor.ops(), true)
    }

    /// A pass that only goes forward and keeps no more than that needs.
    pub fn scoring(config: &Config, b: usize, t: usize, executor: &Executor) -> Self {
        Self::with(config, [b, t], executor.ops(), false)
    }

    /// Bytes that a pass which goes forward and back takes.
    pub fn plan_bytes(config: &Config, b: usize, t: usize) -> u64 {
        plan::<f32>(config, [b, t], true)
    }

    /// Bytes that a pass which only goes forward takes.
    pub fn plan_scoring_bytes(config: &Config, b: usize, t: usize) -> u64 {
        plan::<f32>(config, [b, t], false)
    }
}

/// Layers kept at once.
fn n_kept(config: &Config, can_go_back: bool) -> usize {
    if can_go_back {
        config.n_layers.max(SCORING_LAYERS)
    } else {
        SCORING_LAYERS
    }
}

/// Bytes of a pass in numbers of type T, without overflow whatever b and t are.
fn plan<T: Real>(config: &Config, [b, t]: [usize; 2], can_go_back: bool) -> u64 {
    let last = 3 * config.d_model + 3;
    let way = if can_go_back {
        Gradients::<T>::len(config, 1)
    } else {
        0
    };
    let a_row = n_kept(config, can_go_back) * Layer::<T>::len(config, 1) + last + way;
    let n = b as u128 * t as u128;
    let loss = cross_entropy::Dims {
        d: config.d_model,
        v: config.n_vocab,
    };
    let scratch = loss.scratch_len(usize::try_from(n).unwrap_or(usize::MAX));
    let len = n
        .saturating_mul(a_row as u128)
        .saturating_add(scratch as u128);
    u64::try_from(len.saturating_mul(size_of::<T>() as u128)).unwrap_or(u64::MAX)
}

impl<T: Real> Pass<T> {
    /// A pass of the reference executor, in f32 or f64.
    pub fn reference(config: &Config, b: usize, t: usize) -> Self {
        Self::with(config, [b, t], Arc::new(Reference), true)
    }

    fn with(config: &Config, [b, t]: [usize; 2], ops: Arc<dyn Ops<T>>, can_go_back: bool) -> Self {
        let (n, d) = (b * t, config.d_model);
        let loss = cross_entropy::Dims {
            d,
            v: config.n_vocab,
        };
        let zeros = |len: usize| vec![T::ZERO; len];
        let kept = 0..n_kept(config, can_go_back);
        Pass {
            net: Llama::new(config, ops, t),
            shape: attention::Dims::packed(
                b,
                t,
                config.n_heads,
                config.n_kv_heads,
                config.head_dim,
            ),
            can_go_back,
            layers: kept.map(|_| Layer::new(config, n)).collect(),
            delta: zeros(n * d),
            last: Last {
                x: zeros(n * d),
                r: zeros(n),
                h: zeros(n * d),
                nats: zeros(n),
                lse: zeros(n),
                scratch: zeros(loss.scratch_len(n)),
            },
            way: None,
            inputs: Vec::with_capacity(n),
            targets: Vec::with_capacity(n),
        }
    }

    /// Bytes it takes, buffers of the way back counted whether they are there yet or not.
    pub fn len_bytes(&self) -> u64 {
        plan::<T>(
            &self.net.config,
            [self.shape.b, self.shape.tq],
            self.can_go_back,
        )
    }

    /// Nats of every position's target, `[b·t]`, 0 where the target is [`IGNORED`].
    ///
    /// `inputs` and `targets` are `[b,t]`; `params` in the order of the layout.
    pub fn forward(&mut self, params: &[T], inputs: &[u32], targets: &[u32]) -> Result<&[T]> {
        self.take(params, inputs, targets)?;
        let (net, ops) = (&self.net, &self.net.ops);
        let n_kept = self.layers.len();
        let (layers, last) = (&mut self.layers, &mut self.last);

        ops.embedding(&mut layers[0].x, &params[net.layout.embed()], inputs);
        for index in 0..net.config.n_layers {
            let (here, before) = (index % n_kept, (index + n_kept - 1) % n_kept);
            let [layer, before] = layers
                .get_disjoint_mut([here, before])
                .map_err(|_| Error::Failed("a pass keeps two layers at least".into()))?;
            let residual = match index {
                0 => Residual::Embedded,
                _ => Residual::Sum([&before.y, &self.delta]),
            };
            net.enter(layer, params, index, residual, [self.shape.tq, 0]);
            let qkv = self.shape.split(&layer.qkv);
            ops.attention(&mut layer.o, &mut layer.lse, qkv, &self.shape);
            net.leave(layer, params, index, &mut self.delta);
        }

        let y = &layers[(net.config.n_layers - 1) % n_kept].y;
        let norm = net.norm(&params[net.layout.norm()]);
        ops.add_rms_norm(
            &mut last.h,
            &mut last.r,
            &mut last.x,
            [y, &self.delta],
            norm,
        );
        let Last {
            nats, lse, scratch, ..
        } = last;
        let loss = cross_entropy::Dims {
            d: net.config.d_model,
            v: net.config.n_vocab,
        };
        let out = cross_entropy::Out { nats, lse, scratch };
        ops.cross_entropy(out, &last.h, &params[net.layout.head()], targets, loss);
        Ok(&self.last.nats)
    }

    /// Adds the gradient of scale · Σ nats of the last forward pass to `grads`.
    ///
    /// # Panics
    /// When there was no forward pass, or when this pass was made for scoring.
    pub fn backward(&mut self, params: &[T], grads: &mut [T], scale: T) {
        assert!(
            self.can_go_back && !self.inputs.is_empty(),
            "nothing to go back through"
        );
        let n = self.shape.b * self.shape.tq;
        let (net, ops, last) = (&self.net, &self.net.ops, &mut self.last);
        let way = self
            .way
            .get_or_insert_with(|| Gradients::new(&net.config, n));

        let (head, w) = (net.layout.head(), &params[net.layout.head()]);
        let loss = cross_entropy::Dims {
            d: net.config.d_model,
            v: net.config.n_vocab,
        };
        let saved = cross_entropy::Saved {
            h: &last.h,
            w,
            lse: &last.lse,
            targets: &self.targets,
        };
        let (dh, dw, scratch) = (&mut way.d_h, &mut grads[head], &mut last.scratch);
        ops.cross_entropy_back(cross_entropy::Grads { dh, dw, scratch }, saved, scale, loss);
        way.d_x.fill(T::ZERO);
        let saved = Saved {
            x: &last.x,
            r: &last.r,
            w: &params[net.layout.norm()],
        };
        ops.rms_norm_back(&mut way.d_x, &mut grads[net.layout.norm()], &way.d_h, saved);

        for index in (0..net.config.n_layers).rev() {
            net.back(&self.layers[index], params, index, grads, way, &self.shape);
        }
        ops.embedding_dw(&mut grads[net.layout.embed()], &way.d_x, &self.inputs);
    }

    /// Keeps the batch, after looking that it fits the pass and the vocabulary.
    fn take(&mut self, params: &[T], inputs: &[u32], targets: &[u32]) -> Result<()> {
        let (n, n_vocab) = (self.shape.b * self.shape.tq, self.net.config.n_vocab);
        let n_params = self.net.layout.n_params();
        if (params.len(), inputs.len(), targets.len()) != (n_params, n, n) {
            return Err(Error::Failed(format!(
                "a pass over {n} tokens and {n_params} parameters was given {} inputs, {} targets \
                 and {} parameters",
                inputs.len(),
                targets.len(),
                params.len(),
            )));
        }
        check_tokens(inputs, n_vocab)?;
        let is_outside = |id: u32| id as usize >= n_vocab && id != IGNORED;
        if let Some(at) = targets.iter().position(|&id| is_outside(id)) {
            return Err(outside(targets[at], at, n_vocab));
        }
        self.inputs.clear();
        self.inputs.extend_from_slice(inputs);
        self.targets.clear();
        self.targets.extend_from_slice(targets);
        Ok(())
    }
}

/// Refuses tokens outside of the vocabulary.
pub(super) fn check_tokens(tokens: &[u32], n_vocab: usize) -> Result<()> {
    match tokens.iter().position(|&id| id as usize >= n_vocab) {
        Some(at) => Err(outside(tokens[at], at, n_vocab)),
        None => Ok(()),
    }
}

fn outside(id: u32, at: usize, n_vocab: usize) -> Error {
    Error::Usage {
        what: format!("token {id} at position {at} is outside of the vocabulary of {n_vocab}"),
        hint: "use the tokenizer that the model was made with".into(),
    }
}
