//! Forward and backward over b sequences of t tokens, every buffer allocated once.

use std::sync::Arc;

use super::Config;
use super::llama::{Entry, Layer, Llama, Numbers, Room, Way};
use crate::engine::ops::attention::{self, Documents};
use crate::engine::ops::cross_entropy::{self, IGNORED};
use crate::engine::ops::matmul::Store;
use crate::engine::ops::rms_norm::{Back, Saved};
use crate::engine::ops::{Buffer, Ops, Real, Stored};
use crate::engine::{Error, Result};

/// What a stack of layers is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Sequences.
    pub b: usize,
    /// Tokens of a sequence.
    pub t: usize,
    /// The way back will be asked for.
    pub learns: bool,
    /// Layers, from the first, whose activations are computed again on the way back instead of being
    /// kept.
    pub n_again: usize,
    /// Token that begins a document: later tokens do not see what stands before it.
    pub boundary: Option<u32>,
}

/// Forward and backward over b sequences of t tokens.
pub(super) struct Stack<T: Real, A: Stored<T>> {
    net: Llama<T, A>,
    of: Use,
    shape: attention::Dims,
    /// Of each layer; one for all where there is no way back.
    entries: Vec<Entry<T>>,
    /// The first is shared by layers that are computed again, where there are any.
    layers: Vec<Layer<T, A>>,
    room: Room<A>,
    last: Last<T, A>,
    way: Way<T, A>,
    inputs: Vec<u32>,
    targets: Vec<u32>,
    /// First key that each token sees, `[b,t]`.
    first: Vec<u32>,
}

/// What comes after the last layer.
struct Last<T: Real, A: Stored<T>> {
    entry: Entry<T>,
    h: Buffer<A>,    // [n,d]
    nats: Buffer<T>, // [n]
    scratch: Buffer<A>,
}

impl Use {
    /// Layers that share their buffers.
    fn n_shared(&self, config: &Config) -> usize {
        if self.learns {
            self.n_again.min(config.n_layers)
        } else {
            config.n_layers
        }
    }

    /// Layers that have buffers.
    fn n_kept(&self, config: &Config) -> usize {
        let shared = self.n_shared(config);
        config.n_layers - shared + usize::from(shared > 0)
    }
}

fn loss(config: &Config) -> cross_entropy::Dims {
    cross_entropy::Dims {
        d: config.d_model,
        v: config.n_vocab,
    }
}

/// Bytes of a stack, without overflow whatever b and t are.
pub(super) fn plan<T: Real, A: Stored<T>>(config: &Config, of: Use) -> u64 {
    let n_entries = if of.learns { config.n_layers } else { 1 } + 1;
    let a_row = n_entries * Entry::<T>::row_bytes(config)
        + of.n_kept(config) * Layer::<T, A>::row_bytes(config)
        + Room::<A>::row_bytes(config)
        + config.d_model * size_of::<A>()
        + size_of::<T>()
        + if of.learns {
            Way::<T, A>::row_bytes(config)
        } else {
            0
        };
    let n = of.b as u128 * of.t as u128;
    let scratch = loss(config).scratch_len(usize::try_from(n).unwrap_or(usize::MAX));
    let bytes = n
        .saturating_mul(a_row as u128)
        .saturating_add(scratch as u128 * size_of::<A>() as u128);
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl<T: Real, A: Stored<T>> Stack<T, A> {
    pub(super) fn new(config: &Config, of: Use, ops: Arc<dyn Ops<T, A>>) -> Self {
        let n = of.b * of.t;
        let entry = || {
            let mut entry = Entry::default();
            entry.set_rows(config, n);
            entry
        };
        let layer = || {
            let mut layer = Layer::default();
            layer.set_rows(config, n);
            layer
        };
        let mut stack = Stack {
            net: Llama::new(config, ops, of.t),
            of,
            shape: attention::Dims::packed(
                of.b,
                of.t,
                config.n_heads,
                config.n_kv_heads,
                config.head_dim,
            ),
            entries: (0..if of.learns { config.n_layers } else { 1 })
                .map(|_| entry())
                .collect(),
            layers: (0..of.n_kept(config)).map(|_| layer()).collect(),
            room: Room::default(),
            last: Last {
                entry: entry(),
                h: Buffer::zeros(n * config.d_model),
                nats: Buffer::zeros(n),
                scratch: Buffer::zeros(loss(config).scratch_len(n)),
            },
            way: Way::default(),
            inputs: Vec::with_capacity(n),
            targets: Vec::with_capacity(n),
            first: Vec::with_capacity(n),
        };
        stack.room.set_rows(config, n);
        if of.learns {
            stack.way.set_rows(config, n);
        }
        stack
    }

    /// Nats of every position's target, `[b·t]`, 0 where the target is [`IGNORED`].
    ///
    /// `inputs` and `targets` are `[b,t]`.
    pub(super) fn score(
        &mut self,
        numbers: Numbers<'_, T, A>,
        inputs: &[u32],
        targets: &[u32],
    ) -> Result<&[T]> {
        self.take(numbers, inputs, targets)?;
        let ops = Arc::clone(&self.net.ops);
        ops.enter(&mut || {
            self.forward(numbers);
            let (net, last) = (&self.net, &mut self.last);
            let rows = cross_entropy::Rows {
                h: &last.h,
                w: &numbers.matrices[net.layout.head()],
                targets: &self.targets,
                scratch: &mut last.scratch,
            };
            net.ops
                .cross_entropy(&mut last.nats, rows, loss(&net.config));
        });
        Ok(&self.last.nats)
    }

    /// The same; and the gradient of scale · Σ nats, which takes the place of what is in `grads` or
    /// is added to it.
    ///
    /// # Panics
    /// When this stack was made for scoring.
    pub(super) fn learn(
        &mut self,
        numbers: Numbers<'_, T, A>,
        (inputs, targets): (&[u32], &[u32]),
        (grads, store): (&mut [T], Store),
        scale: T,
    ) -> Result<&[T]> {
        assert!(self.of.learns, "made for scoring");
        self.take(numbers, inputs, targets)?;
        let ops = Arc::clone(&self.net.ops);
        ops.enter(&mut || {
            self.forward(numbers);
            self.backward(numbers, grads, store, scale);
        });
        Ok(&self.last.nats)
    }

    /// The layer whose buffers the layer of that index uses.
    fn place(&self, index: usize) -> usize {
        let shared = self.of.n_shared(&self.net.config);
        if index < shared {
            0
        } else {
            index - shared + usize::from(shared > 0)
        }
    }

    /// All layers and the last norm.
    fn forward(&mut self, numbers: Numbers<'_, T, A>) {
        let n_layers = self.net.config.n_layers;
        for index in 0..n_layers {
            let (place, before) = (self.place(index), self.place(index.saturating_sub(1)));
            let (net, room) = (&self.net, &mut self.room);
            let at = if self.of.learns { index } else { 0 };
            let entry = &mut self.entries[at];
            if index == 0 {
                let w = &numbers.params[net.layout.embed()];
                net.ops.embedding(&mut entry.x, w, &self.inputs);
                net.begin(entry, room, numbers.params, index);
            } else {
                let w = &numbers.params[net.layout.blocks()[index].input_norm.clone()];
                net.go_on(entry, room, &self.layers[before].y, w);
            }
            self.attend(numbers, index);
            let (net, layer) = (&self.net, &self.layers[place]);
            net.leave(layer, &mut self.room, numbers, index);
        }
        let y = &self.layers[self.place(n_layers - 1)].y;
        let (net, last) = (&self.net, &mut self.last);
        let Entry { x, r } = &mut last.entry;
        let norm = net.norm(&numbers.params[net.layout.norm()]);
        net.ops
            .add_rms_norm(&mut last.h, r, x, (y, &self.room.delta), norm);
    }

    /// A layer from its norm to its gate and up.
    fn attend(&mut self, numbers: Numbers<'_, T, A>, index: usize) {
        let place = self.place(index);
        let (net, room, shape) = (&self.net, &mut self.room, &self.shape);
        let (at, layer) = (
            if self.of.learns { index } else { 0 },
            &mut self.layers[place],
        );
        net.enter(layer, room, numbers, index, [shape.tq, 0]);
        let documents = documents(&self.of, &self.first);
        let qkv = shape.split(&layer.qkv);
        net.ops
            .attention(&mut layer.o, &mut layer.lse, qkv, shape, documents);
        net.middle(&self.entries[at].x, layer, room, numbers, index);
    }

    fn backward(&mut self, numbers: Numbers<'_, T, A>, grads: &mut [T], store: Store, scale: T) {
        let layout = &self.net.layout;
        if store == Store::Set {
            // norms add to their gradients, and so does an embedding that is not the output matrix
            for p in layout.params().iter().filter(|p| !p.decays) {
                grads[p.range.clone()].fill(T::ZERO);
            }
            if layout.head() != layout.embed() {
                grads[layout.embed()].fill(T::ZERO);
            }
        }
        let (net, last, way) = (&self.net, &mut self.last, &mut self.way);
        let rows = cross_entropy::Rows {
            h: &last.h,
            w: &numbers.matrices[net.layout.head()],
            targets: &self.targets,
            scratch: &mut last.scratch,
        };
        let of_head = cross_entropy::Grads {
            dh: &mut way.d_h,
            dw: &mut grads[net.layout.head()],
            store,
            scale,
        };
        net.ops
            .cross_entropy_learn(&mut last.nats, of_head, rows, loss(&net.config));
        way.d_x.fill(T::ZERO);
        let back = Back {
            dx: &mut way.d_x,
            dx_kept: &mut way.d_x_kept,
            y: &mut self.room.norm,
            dw: &mut grads[net.layout.norm()],
        };
        let saved = Saved {
            x: &last.entry.x,
            r: &last.entry.r,
            w: &numbers.params[net.layout.norm()],
        };
        net.ops.rms_norm_back(back, &way.d_h, saved);

        let n_shared = self.of.n_shared(&self.net.config);
        for index in (0..self.net.config.n_layers).rev() {
            // the shared buffers still hold the last of the layers that share them
            if index + 1 < n_shared {
                let entry = &mut self.entries[index];
                self.net.begin(entry, &mut self.room, numbers.params, index);
                self.attend(numbers, index);
            }
            self.net.back(
                &self.entries[index],
                &self.layers[self.place(index)],
                &mut self.room,
                &mut self.way,
                numbers,
                (grads, store),
                index,
                (&self.shape, documents(&self.of, &self.first)),
            );
        }
        let d_embed = &mut grads[self.net.layout.embed()];
        self.net
            .ops
            .embedding_dw(d_embed, &self.way.d_x, &self.inputs);
    }

    /// Keeps the batch, after looking that it fits the stack and the vocabulary.
    fn take(&mut self, numbers: Numbers<'_, T, A>, inputs: &[u32], targets: &[u32]) -> Result<()> {
        let (n, n_vocab) = (self.of.b * self.of.t, self.net.config.n_vocab);
        let n_params = self.net.layout.n_params();
        let lens = (
            numbers.params.len(),
            numbers.matrices.len(),
            inputs.len(),
            targets.len(),
        );
        if lens != (n_params, n_params, n, n) {
            return Err(Error::Failed(format!(
                "a pass over {n} tokens and {n_params} parameters was given {} inputs, {} targets, \
                 {} parameters and {} of their copy",
                lens.2, lens.3, lens.0, lens.1
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
        self.first.clear();
        if let Some(boundary) = self.of.boundary {
            for sequence in inputs.chunks_exact(self.of.t) {
                let mut first = 0;
                for (t, &token) in sequence.iter().enumerate() {
                    first = if token == boundary { t as u32 } else { first };
                    self.first.push(first);
                }
            }
        }
        Ok(())
    }
}

fn documents<'a>(of: &Use, first: &'a [u32]) -> Documents<'a> {
    of.boundary.map(|_| first)
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
