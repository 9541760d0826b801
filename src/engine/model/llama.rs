//! Llama (Touvron et al. 2023): a decoder of RMSNorm, rotary positions, causal attention with
//! grouped queries, and SwiGLU. The forward pass of a layer, and after it its backward pass.
//!
//! A layer comes in three pieces, so that a session can put kept keys and values between them and
//! the way back can stop before what it does not need again: `enter` goes from the normed residual stream
//! to queries, keys and values; `middle` from the output of attention to the feed-forward block;
//! `leave` to the next change of the residual stream. Shapes: n rows = b·t, width d, packed rows
//! `[q | k | v]` of width Q + 2·KV, feed-forward width F.

use std::sync::Arc;

use super::{Config, Layout};
use crate::engine::ops::attention::{self, Documents};
use crate::engine::ops::matmul::{self, Store};
use crate::engine::ops::rms_norm::{Back, Norm, Saved};
use crate::engine::ops::rope::{self, Turn};
use crate::engine::ops::{Buffer, Ops, Real, Stored};

/// The network on an executor: what every layer needs to know.
pub(super) struct Llama<T: Real, A: Stored<T>> {
    pub(super) config: Config,
    pub(super) layout: Layout,
    pub(super) ops: Arc<dyn Ops<T, A>>,
    pub(super) table: rope::Table<T>,
}

/// Parameters as the operations read them, both in the order of the layout.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a, T, A> {
    /// For norms and embeddings.
    pub(super) params: &'a [T],
    /// For products.
    pub(super) matrices: &'a [A],
}

/// The residual stream where it enters a layer, `[n,d]`, and its norm's factor, `[n]`.
#[derive(Default)]
pub(super) struct Entry<T: Real> {
    pub(super) x: Buffer<T>,
    pub(super) r: Buffer<T>,
}

/// What a layer computes on its way forward and needs on its way back.
#[derive(Default)]
pub(super) struct Layer<T: Real, A: Stored<T>> {
    /// Queries, keys and values, turned, `[n, Q + 2·KV]`.
    pub(super) qkv: Buffer<A>,
    /// Output of attention `[n,Q]`, and ln Σ e^score `[b,H,t]`.
    pub(super) o: Buffer<A>,
    pub(super) lse: Buffer<T>,
    /// Residual stream after attention, `[n,d]`, and its norm's factor `[n]`.
    pub(super) y: Buffer<T>,
    y_r: Buffer<T>,
    /// Gate and up, `[n,2F]`.
    gate_up: Buffer<A>,
}

/// What is needed for a moment only, by one layer after the other.
#[derive(Default)]
pub(super) struct Room<A: crate::engine::ops::Plain> {
    /// The residual stream's norm, `[n,d]`.
    pub(super) norm: Buffer<A>,
    /// silu(gate) · up, `[n,F]`.
    act: Buffer<A>,
    /// What is yet to be added to the residual stream, `[n,d]`.
    pub(super) delta: Buffer<A>,
}

/// Gradients on the way back, of one layer at a time.
#[derive(Default)]
pub(super) struct Way<T: Real, A: Stored<T>> {
    /// Of the residual stream, `[n,d]`; once more as products read it.
    pub(super) d_x: Buffer<T>,
    pub(super) d_x_kept: Buffer<A>,
    /// Of a norm's output, `[n,d]`.
    pub(super) d_h: Buffer<A>,
    d_qkv: Buffer<A>,
    d_o: Buffer<A>,
    d_gate_up: Buffer<A>,
    d_act: Buffer<A>,
}

/// One list of how wide buffers are, for making them long and for counting bytes.
macro_rules! widths {
    ($config:ident: $($buffer:ident $width:expr),* $(,)?) => {
        /// Makes it n rows long.
        pub(super) fn set_rows(&mut self, $config: &Config, n: usize) {
            $(self.$buffer.set_len(n * $width);)*
        }

        /// Bytes of a row.
        pub(super) fn row_bytes($config: &Config) -> usize {
            0 $(+ $width * number_bytes(|of: &Self| &of.$buffer))*
        }
    };
}

/// Bytes of a number of a buffer, which nobody has to have.
fn number_bytes<S, E>(_: impl Fn(&S) -> &Buffer<E>) -> usize {
    size_of::<E>()
}

impl<T: Real> Entry<T> {
    widths!(config: x config.d_model, r 1);
}

impl<T: Real, A: Stored<T>> Layer<T, A> {
    widths!(
        config:
        qkv config.qkv_width(),
        o config.q_width(),
        lse config.n_heads,
        y config.d_model,
        y_r 1,
        gate_up 2 * config.d_ff,
    );
}

impl<A: crate::engine::ops::Plain> Room<A> {
    widths!(config: norm config.d_model, act config.d_ff, delta config.d_model);
}

impl<T: Real, A: Stored<T>> Way<T, A> {
    widths!(
        config:
        d_x config.d_model,
        d_x_kept config.d_model,
        d_h config.d_model,
        d_qkv config.qkv_width(),
        d_o config.q_width(),
        d_gate_up 2 * config.d_ff,
        d_act config.d_ff,
    );
}

impl<T: Real, A: Stored<T>> Llama<T, A> {
    pub(super) fn new(config: &Config, ops: Arc<dyn Ops<T, A>>, n_positions: usize) -> Self {
        Llama {
            config: config.clone(),
            layout: Layout::new(config),
            ops,
            table: rope::Table::new(config.rope_theta, config.head_dim, n_positions),
        }
    }

    pub(super) fn norm<'a>(&self, w: &'a [T]) -> Norm<'a, T> {
        Norm {
            w,
            eps: T::of(self.config.norm_eps),
        }
    }

    /// Shape of the turn of packed rows: sequences of `t` rows whose first stands at `start`.
    fn turn(&self, t: usize, start: usize) -> rope::Dims {
        let config = &self.config;
        rope::Dims {
            stride: config.qkv_width(),
            n_heads: config.n_heads + config.n_kv_heads,
            head_dim: config.head_dim,
            t,
            start,
        }
    }

    /// Norm of the embedding, in front of the first layer.
    pub(super) fn begin(
        &self,
        entry: &mut Entry<T>,
        room: &mut Room<A>,
        params: &[T],
        index: usize,
    ) {
        let norm = self.norm(&params[self.layout.blocks()[index].input_norm.clone()]);
        self.ops
            .rms_norm(&mut room.norm, &mut entry.r, &entry.x, norm);
    }

    /// The change that waits in `room` is added to the stream `y` of the layer before; its norm.
    pub(super) fn go_on(&self, entry: &mut Entry<T>, room: &mut Room<A>, y: &[T], w: &[T]) {
        let (norm, terms) = (self.norm(w), (y, &*room.delta));
        let Entry { x, r } = entry;
        self.ops.add_rms_norm(&mut room.norm, r, x, terms, norm);
    }

    /// Norm -> queries, keys and values, turned by their positions.
    pub(super) fn enter(
        &self,
        layer: &mut Layer<T, A>,
        room: &Room<A>,
        numbers: Numbers<'_, T, A>,
        index: usize,
        [t, start]: [usize; 2],
    ) {
        let d = self.config.d_model;
        let w_qkv = &numbers.matrices[self.layout.blocks()[index].qkv.clone()];
        let dims = dims(room.norm.len() / d, w_qkv, d);
        self.ops.matmul(&mut layer.qkv, &room.norm, w_qkv, dims);
        self.ops.rope(
            &mut layer.qkv,
            &self.table,
            self.turn(t, start),
            Turn::Forward,
        );
    }

    /// Output of attention -> residual stream -> norm -> gate and up.
    pub(super) fn middle(
        &self,
        x: &[T],
        layer: &mut Layer<T, A>,
        room: &mut Room<A>,
        numbers: Numbers<'_, T, A>,
        index: usize,
    ) {
        let (ops, block) = (&self.ops, &self.layout.blocks()[index]);
        let (d, q, n) = (self.config.d_model, self.config.q_width(), layer.y_r.len());
        let w_out = &numbers.matrices[block.out.clone()];
        ops.matmul(&mut room.delta, &layer.o, w_out, dims(n, w_out, q));
        let norm = self.norm(&numbers.params[block.post_norm.clone()]);
        let Layer { y, y_r, .. } = layer;
        ops.add_rms_norm(&mut room.norm, y_r, y, (x, &*room.delta), norm);
        let w = &numbers.matrices[block.gate_up.clone()];
        ops.matmul(&mut layer.gate_up, &room.norm, w, dims(n, w, d));
    }

    /// Gate and up -> the next change of the residual stream.
    pub(super) fn leave(
        &self,
        layer: &Layer<T, A>,
        room: &mut Room<A>,
        numbers: Numbers<'_, T, A>,
        index: usize,
    ) {
        let (ff, n) = (self.config.d_ff, layer.y_r.len());
        let w_down = &numbers.matrices[self.layout.blocks()[index].down.clone()];
        self.ops.swiglu(&mut room.act, &layer.gate_up, ff);
        self.ops
            .matmul(&mut room.delta, &room.act, w_down, dims(n, w_down, ff));
    }

    /// The way back through a layer: `d_x` is the gradient of the residual stream after it, and
    /// then of the one before it; gradients of its matrices are stored in `grads` as `store` says,
    /// those of its norms added.
    #[allow(clippy::too_many_arguments)] // what was computed, what is wanted, and where
    pub(super) fn back(
        &self,
        entry: &Entry<T>,
        layer: &Layer<T, A>,
        room: &mut Room<A>,
        way: &mut Way<T, A>,
        numbers: Numbers<'_, T, A>,
        (grads, store): (&mut [T], Store),
        index: usize,
        (shape, documents): (&attention::Dims, Documents<'_>),
    ) {
        let (ops, block) = (&self.ops, &self.layout.blocks()[index]);
        let (d, ff, q) = (self.config.d_model, self.config.d_ff, self.config.q_width());
        let Way {
            d_x,
            d_x_kept,
            d_h,
            d_qkv,
            d_o,
            d_gate_up,
            d_act,
        } = way;
        let (n, Room { norm, act, .. }) = (layer.y_r.len(), room);
        let w = |range: &std::ops::Range<usize>| &numbers.matrices[range.clone()];

        // feed-forward block
        let (w_gate_up, w_down) = (w(&block.gate_up), w(&block.down));
        ops.matmul_dx(d_act, d_x_kept, w_down, dims(n, w_down, ff));
        ops.swiglu_back([d_gate_up, act], d_act, &layer.gate_up, ff);
        let d_w = &mut grads[block.down.clone()];
        ops.matmul_dw(d_w, d_x_kept, act, dims(n, w_down, ff), store);
        ops.matmul_dx(d_h, d_gate_up, w_gate_up, dims(n, w_gate_up, d));
        let back = Back {
            dx: d_x,
            dx_kept: d_x_kept,
            y: norm,
            dw: &mut grads[block.post_norm.clone()],
        };
        let saved = Saved {
            x: &layer.y,
            r: &layer.y_r,
            w: &numbers.params[block.post_norm.clone()],
        };
        ops.rms_norm_back(back, d_h, saved);
        let d_w = &mut grads[block.gate_up.clone()];
        ops.matmul_dw(d_w, d_gate_up, norm, dims(n, w_gate_up, d), store);

        // attention
        let (w_qkv, w_out) = (w(&block.qkv), w(&block.out));
        ops.matmul_dx(d_o, d_x_kept, w_out, dims(n, w_out, q));
        let d_w = &mut grads[block.out.clone()];
        ops.matmul_dw(d_w, d_x_kept, &layer.o, dims(n, w_out, q), store);
        let saved = attention::Saved {
            qkv: &layer.qkv,
            o: &layer.o,
            lse: &layer.lse,
        };
        ops.attention_back(d_qkv, d_o, saved, shape, documents);
        ops.rope(d_qkv, &self.table, self.turn(shape.tq, 0), Turn::Back);
        ops.matmul_dx(d_h, d_qkv, w_qkv, dims(n, w_qkv, d));
        let back = Back {
            dx: d_x,
            dx_kept: d_x_kept,
            y: norm,
            dw: &mut grads[block.input_norm.clone()],
        };
        let saved = Saved {
            x: &entry.x,
            r: &entry.r,
            w: &numbers.params[block.input_norm.clone()],
        };
        ops.rms_norm_back(back, d_h, saved);
        let d_w = &mut grads[block.qkv.clone()];
        ops.matmul_dw(d_w, d_qkv, norm, dims(n, w_qkv, d), store);
    }
}

/// Shape of a product of n rows with the matrix `w[o,i]`.
fn dims<A>(n: usize, w: &[A], i: usize) -> matmul::Dims {
    matmul::Dims {
        n,
        i,
        o: w.len() / i,
    }
}
