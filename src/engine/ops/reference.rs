//! The reference executor: the plain loops of every operation's `reference.rs`.

use std::ops::Range;

use super::matmul::{self, Store};
use super::{Ops, Real};
use super::{adamw, attention, cross_entropy, embedding, grad_norm, rms_norm, rope, swiglu};

/// Plain loops on one thread, in f32 or f64.
pub(crate) struct Reference;

impl<T: Real> Ops<T> for Reference {
    fn name(&self) -> String {
        "reference".into()
    }

    fn n_threads(&self) -> usize {
        1
    }

    fn matmul(&self, y: &mut [T], x: &[T], w: &[T], dims: matmul::Dims, store: Store) {
        matmul::reference::forward(y, x, w, dims, store);
    }

    fn matmul_dx(&self, dx: &mut [T], dy: &[T], w: &[T], dims: matmul::Dims, store: Store) {
        matmul::reference::dx(dx, dy, w, dims, store);
    }

    fn matmul_dw(&self, dw: &mut [T], dy: &[T], x: &[T], dims: matmul::Dims) {
        matmul::reference::dw(dw, dy, x, dims);
    }

    fn embedding(&self, x: &mut [T], w: &[T], tokens: &[u32]) {
        embedding::reference::forward(x, w, tokens);
    }

    fn embedding_dw(&self, dw: &mut [T], dx: &[T], tokens: &[u32]) {
        embedding::reference::backward(dw, dx, tokens);
    }

    fn rms_norm(&self, y: &mut [T], r: &mut [T], x: &[T], norm: rms_norm::Norm<'_, T>) {
        rms_norm::reference::forward(y, r, x, norm);
    }

    fn add_rms_norm(
        &self,
        y: &mut [T],
        r: &mut [T],
        sum: &mut [T],
        [x, delta]: [&[T]; 2],
        norm: rms_norm::Norm<'_, T>,
    ) {
        for ((sum, x), delta) in sum.iter_mut().zip(x).zip(delta) {
            *sum = *x + *delta;
        }
        rms_norm::reference::forward(y, r, sum, norm);
    }

    fn rms_norm_back(&self, dx: &mut [T], dw: &mut [T], dy: &[T], saved: rms_norm::Saved<'_, T>) {
        rms_norm::reference::backward(dx, dw, dy, saved);
    }

    fn rope(&self, x: &mut [T], table: &rope::Table<T>, dims: rope::Dims, turn: rope::Turn) {
        rope::reference::rotate(x, table, dims, turn);
    }

    fn attention(&self, o: &mut [T], lse: &mut [T], qkv: [&[T]; 3], dims: &attention::Dims) {
        attention::reference::forward(o, lse, qkv, dims);
    }

    fn attention_back(
        &self,
        dqkv: &mut [T],
        d_o: &[T],
        saved: attention::Saved<'_, T>,
        dims: &attention::Dims,
    ) {
        attention::reference::backward(dqkv, d_o, saved, dims);
    }

    fn swiglu(&self, act: &mut [T], gate_up: &[T], d_ff: usize) {
        swiglu::reference::forward(act, gate_up, d_ff);
    }

    fn swiglu_back(&self, d_gate_up: &mut [T], d_act: &[T], gate_up: &[T], d_ff: usize) {
        swiglu::reference::backward(d_gate_up, d_act, gate_up, d_ff);
    }

    fn cross_entropy(
        &self,
        out: cross_entropy::Out<'_, T>,
        h: &[T],
        w: &[T],
        targets: &[u32],
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::reference::forward(out, h, w, targets, dims);
    }

    fn cross_entropy_back(
        &self,
        grads: cross_entropy::Grads<'_, T>,
        saved: cross_entropy::Saved<'_, T>,
        scale: T,
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::reference::backward(grads, saved, scale, dims);
    }

    fn adamw(
        &self,
        state: adamw::State<'_, T>,
        grads: &[T],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    ) {
        adamw::reference::update(state, grads, decays, step);
    }

    fn grad_norm(&self, grads: &[T]) -> f64 {
        grad_norm::reference::norm(grads)
    }
}
