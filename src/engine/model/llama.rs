//! Llama (Touvron et al. 2023): a decoder of RMSNorm, rotary positions, causal attention with
//! grouped queries, and SwiGLU. The forward pass of a layer, and after it its backward pass.
//!
//! A layer comes in two halves, so that a session can put kept keys and values between them:
//! `enter` goes from the residual stream to queries, keys and values; `leave` from the output of
//! attention to the next change of the residual stream. Shapes: n rows = b·t, width d, packed rows
//! `[q | k | v]` of width Q + 2·KV, feed-forward width F.

use std::sync::Arc;

use super::{Config, Layout};
use crate::engine::ops::matmul::{self, Store};
use crate::engine::ops::rms_norm::{Norm, Saved};
use crate::engine::ops::rope::{self, Turn};
use crate::engine::ops::{Ops, Real, attention};

/// The network on an executor: what every layer needs to know.
pub(super) struct Llama<T: Real> {
    pub(super) config: Config,
    pub(super) layout: Layout,
    pub(super) ops: Arc<dyn Ops<T>>,
    pub(super) table: rope::Table<T>,
}

/// What one layer computes on its way forward and needs on its way back.
#[derive(Default)]
pub(super) struct Layer<T> {
    /// Residual stream that comes in, `[n,d]`; its norm's factor `[n]`, and its norm `[n,d]`.
    pub(super) x: Vec<T>,
    x_r: Vec<T>,
    x_norm: Vec<T>,
    /// Queries, keys and values, turned, `[n, Q + 2·KV]`.
    pub(super) qkv: Vec<T>,
    /// Output of attention `[n,Q]`, and ln Σ e^score `[b,H,t]`.
    pub(super) o: Vec<T>,
    pub(super) lse: Vec<T>,
    /// Residual stream after attention, `[n,d]`; its norm's factor `[n]`, and its norm `[n,d]`.
    pub(super) y: Vec<T>,
    y_r: Vec<T>,
    y_norm: Vec<T>,
    /// Feed-forward block: `[n,2F]` and `[n,F]`.
    gate_up: Vec<T>,
    act: Vec<T>,
}

/// Gradients on the way back, of one layer at a time.
pub(super) struct Gradients<T> {
    /// Of the residual stream, `[n,d]`.
    pub(super) d_x: Vec<T>,
    /// Of a norm's output, `[n,d]`.
    pub(super) d_h: Vec<T>,
    d_qkv: Vec<T>,
    d_o: Vec<T>,
    d_gate_up: Vec<T>,
    d_act: Vec<T>,
}

/// Where the residual stream comes from.
pub(super) enum Residual<'a, T> {
    /// It lies in the layer already: the embedding.
    Embedded,
    /// The stream after the attention before, and what the feed-forward block adds to it.
    Sum([&'a [T]; 2]),
}

/// Numbers that n rows of a layer take, in the order of its buffers.
fn layer_lens(config: &Config, n: usize) -> [usize; 11] {
    let (d, ff, q) = (n * config.d_model, n * config.d_ff, n * config.q_width());
    let qkv = q + 2 * n * config.kv_width();
    [d, n, d, qkv, q, n * config.n_heads, d, n, d, 2 * ff, ff]
}

/// Numbers that n rows of gradients take.
fn gradient_lens(config: &Config, n: usize) -> [usize; 6] {
    let [d, _, _, qkv, q, _, _, _, _, gate_up, act] = layer_lens(config, n);
    [d, d, qkv, q, gate_up, act]
}

impl<T: Real> Layer<T> {
    /// Room for n rows.
    pub(super) fn new(config: &Config, n: usize) -> Self {
        let mut layer = Layer::default();
        layer.set_rows(config, n);
        layer
    }

    /// Makes it n rows long; what it held is lost.
    pub(super) fn set_rows(&mut self, config: &Config, n: usize) {
        let buffers = [
            &mut self.x,
            &mut self.x_r,
            &mut self.x_norm,
            &mut self.qkv,
            &mut self.o,
            &mut self.lse,
            &mut self.y,
            &mut self.y_r,
            &mut self.y_norm,
            &mut self.gate_up,
            &mut self.act,
        ];
        for (buffer, len) in buffers.into_iter().zip(layer_lens(config, n)) {
            buffer.resize(len, T::ZERO);
        }
    }

    /// Numbers of n rows.
    pub(super) fn len(config: &Config, n: usize) -> usize {
        layer_lens(config, n).iter().sum()
    }
}

impl<T: Real> Gradients<T> {
    /// Room for n rows.
    pub(super) fn new(config: &Config, n: usize) -> Self {
        let [d_x, d_h, d_qkv, d_o, d_gate_up, d_act] =
            gradient_lens(config, n).map(|len| vec![T::ZERO; len]);
        Gradients {
            d_x,
            d_h,
            d_qkv,
            d_o,
            d_gate_up,
            d_act,
        }
    }

    /// Numbers of n rows.
    pub(super) fn len(config: &Config, n: usize) -> usize {
        gradient_lens(config, n).iter().sum()
    }
}

impl<T: Real> Llama<T> {
    pub(super) fn new(config: &Config, ops: Arc<dyn Ops<T>>, n_positions: usize) -> Self {
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
        let n_heads = config.n_heads + config.n_kv_heads;
        let stride = config.q_width() + 2 * config.kv_width();
        rope::Dims {
            stride,
            n_heads,
            head_dim: config.head_dim,
            t,
            start,
        }
    }

    /// Residual stream -> norm -> queries, keys and values, turned by their positions.
    pub(super) fn enter(
        &self,
        layer: &mut Layer<T>,
        params: &[T],
        index: usize,
        residual: Residual<'_, T>,
        [t, start]: [usize; 2],
    ) {
        let (ops, block) = (&self.ops, &self.layout.blocks()[index]);
        let Layer {
            x,
            x_r,
            x_norm,
            qkv,
            ..
        } = layer;
        let norm = self.norm(&params[block.input_norm.clone()]);
        match residual {
            Residual::Embedded => ops.rms_norm(x_norm, x_r, x, norm),
            Residual::Sum(terms) => ops.add_rms_norm(x_norm, x_r, x, terms, norm),
        }
        let w_qkv = &params[block.qkv.clone()];
        ops.matmul(
            qkv,
            x_norm,
            w_qkv,
            dims(x_r.len(), w_qkv, self.config.d_model),
            Store::Set,
        );
        ops.rope(qkv, &self.table, self.turn(t, start), Turn::Forward);
    }

    /// Output of attention -> residual stream -> norm -> feed-forward block -> `delta`, `[n,d]`,
    /// which is yet to be added to the residual stream.
    pub(super) fn leave(&self, layer: &mut Layer<T>, params: &[T], index: usize, delta: &mut [T]) {
        let (ops, block) = (&self.ops, &self.layout.blocks()[index]);
        let (d, ff, q) = (self.config.d_model, self.config.d_ff, self.config.q_width());
        let Layer {
            x,
            o,
            y,
            y_r,
            y_norm,
            gate_up,
            act,
            ..
        } = layer;
        let n = y_r.len();
        let w_out = &params[block.out.clone()];
        ops.matmul(delta, o, w_out, dims(n, w_out, q), Store::Set);
        let norm = self.norm(&params[block.post_norm.clone()]);
        ops.add_rms_norm(y_norm, y_r, y, [x, delta], norm);
        let (w_gate_up, w_down) = (&params[block.gate_up.clone()], &params[block.down.clone()]);
        ops.matmul(
            gate_up,
            y_norm,
            w_gate_up,
            dims(n, w_gate_up, d),
            Store::Set,
        );
        ops.swiglu(act, gate_up, ff);
        ops.matmul(delta, act, w_down, dims(n, w_down, ff), Store::Set);
    }

    /// The way back through a layer: `d_x` is the gradient of the residual stream after it, and
    /// then of the one before it; gradients of its parameters are added to `grads`.
    pub(super) fn back(
        &self,
        layer: &Layer<T>,
        params: &[T],
        index: usize,
        grads: &mut [T],
        way: &mut Gradients<T>,
        shape: &attention::Dims,
    ) {
        let (ops, block) = (&self.ops, &self.layout.blocks()[index]);
        let (d, ff, q) = (self.config.d_model, self.config.d_ff, self.config.q_width());
        let Gradients {
            d_x,
            d_h,
            d_qkv,
            d_o,
            d_gate_up,
            d_act,
        } = way;
        let n = layer.x_r.len();

        // feed-forward block
        let (w_gate_up, w_down) = (&params[block.gate_up.clone()], &params[block.down.clone()]);
        ops.matmul_dx(d_act, d_x, w_down, dims(n, w_down, ff), Store::Set);
        ops.matmul_dw(
            &mut grads[block.down.clone()],
            d_x,
            &layer.act,
            dims(n, w_down, ff),
        );
        ops.swiglu_back(d_gate_up, d_act, &layer.gate_up, ff);
        ops.matmul_dx(d_h, d_gate_up, w_gate_up, dims(n, w_gate_up, d), Store::Set);
        let d_w = &mut grads[block.gate_up.clone()];
        ops.matmul_dw(d_w, d_gate_up, &layer.y_norm, dims(n, w_gate_up, d));
        let w = &params[block.post_norm.clone()];
        let saved = Saved {
            x: &layer.y,
            r: &layer.y_r,
            w,
        };
        ops.rms_norm_back(d_x, &mut grads[block.post_norm.clone()], d_h, saved);

        // attention
        let (w_qkv, w_out) = (&params[block.qkv.clone()], &params[block.out.clone()]);
        ops.matmul_dx(d_o, d_x, w_out, dims(n, w_out, q), Store::Set);
        ops.matmul_dw(
            &mut grads[block.out.clone()],
            d_x,
            &layer.o,
            dims(n, w_out, q),
        );
        let saved = attention::Saved {
            qkv: &layer.qkv,
            o: &layer.o,
            lse: &layer.lse,
        };
        ops.attention_back(d_qkv, d_o, saved, shape);
        ops.rope(d_qkv, &self.table, self.turn(shape.tq, 0), Turn::Back);
        ops.matmul_dx(d_h, d_qkv, w_qkv, dims(n, w_qkv, d), Store::Set);
        ops.matmul_dw(
            &mut grads[block.qkv.clone()],
            d_qkv,
            &layer.x_norm,
            dims(n, w_qkv, d),
        );
        let w = &params[block.input_norm.clone()];
        let saved = Saved {
            x: &layer.x,
            r: &layer.x_r,
            w,
        };
        ops.rms_norm_back(d_x, &mut grads[block.input_norm.clone()], d_h, saved);
    }
}

/// Shape of a product of n rows with the matrix `w[o,i]`.
fn dims<T>(n: usize, w: &[T], i: usize) -> matmul::Dims {
    matmul::Dims {
        n,
        i,
        o: w.len() / i,
    }
}
