//! The reference executor: the plain loops of every operation's `reference.rs`.

use std::ops::Range;

use super::attention::Documents;
use super::gemm::Store;
use super::{Ops, Real, Stored};
use super::{
    adamw, attention, cross_entropy, embedding, grad_norm, matmul, muon, rms_norm, rope, swiglu,
};

/// Plain loops on one thread, in f32 or f64, activations as they are or in bf16.
pub(crate) struct Reference;

impl<T: Real, A: Stored<T>> Ops<T, A> for Reference {
    fn name(&self) -> String {
        "reference".into()
    }

    fn n_threads(&self) -> usize {
        1
    }

    fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }

    fn matmul(&self, y: &mut [A], x: &[A], w: &[A], dims: matmul::Dims) {
        matmul::reference::forward(y, x, w, dims);
    }

    fn logits(&self, y: &mut [T], x: &[A], w: &[A], dims: matmul::Dims) {
        matmul::reference::forward(y, x, w, dims);
    }

    fn matmul_dx(&self, dx: &mut [A], dy: &[A], w: &[A], dims: matmul::Dims) {
        matmul::reference::dx(dx, dy, w, dims);
    }

    fn matmul_dw(&self, dw: &mut [T], dy: &[A], x: &[A], dims: matmul::Dims, store: Store) {
        matmul::reference::dw(dw, dy, x, dims, store);
    }

    fn embedding(&self, x: &mut [T], w: &[T], tokens: &[u32]) {
        embedding::reference::forward(x, w, tokens);
    }

    fn embedding_dw(&self, dw: &mut [T], dx: &[T], tokens: &[u32]) {
        embedding::reference::backward(dw, dx, tokens);
    }

    fn rms_norm(&self, y: &mut [A], r: &mut [T], x: &[T], norm: rms_norm::Norm<'_, T>) {
        rms_norm::reference::forward(y, r, x, norm);
    }

    fn add_rms_norm(
        &self,
        y: &mut [A],
        r: &mut [T],
        sum: &mut [T],
        (x, delta): (&[T], &[A]),
        norm: rms_norm::Norm<'_, T>,
    ) {
        for ((sum, x), delta) in sum.iter_mut().zip(x).zip(delta) {
            *sum = *x + delta.get();
        }
        rms_norm::reference::forward(y, r, sum, norm);
    }

    fn rms_norm_back(
        &self,
        back: rms_norm::Back<'_, T, A>,
        dy: &[A],
        saved: rms_norm::Saved<'_, T>,
    ) {
        rms_norm::reference::backward(back, dy, saved);
    }

    fn rope(&self, x: &mut [A], table: &rope::Table<T>, dims: rope::Dims, turn: rope::Turn) {
        rope::reference::rotate(x, table, dims, turn);
    }

    fn attention(
        &self,
        o: &mut [A],
        lse: &mut [T],
        qkv: [&[A]; 3],
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        attention::reference::forward(o, lse, qkv, dims, documents);
    }

    fn attention_back(
        &self,
        dqkv: &mut [A],
        d_o: &[A],
        saved: attention::Saved<'_, T, A>,
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        attention::reference::backward(dqkv, d_o, saved, dims, documents);
    }

    fn swiglu(&self, act: &mut [A], gate_up: &[A], d_ff: usize) {
        swiglu::reference::forward(act, gate_up, d_ff);
    }

    fn swiglu_back(&self, outs: [&mut [A]; 2], d_act: &[A], gate_up: &[A], d_ff: usize) {
        swiglu::reference::backward(outs, d_act, gate_up, d_ff);
    }

    fn cross_entropy(
        &self,
        nats: &mut [T],
        rows: cross_entropy::Rows<'_, A>,
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::reference::score(nats, rows, dims);
    }

    fn cross_entropy_learn(
        &self,
        nats: &mut [T],
        grads: cross_entropy::Grads<'_, T, A>,
        rows: cross_entropy::Rows<'_, A>,
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::reference::learn(nats, grads, rows, dims);
    }

    fn adamw(
        &self,
        state: adamw::State<'_, T, A>,
        grads: &[T],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    ) {
        adamw::reference::update(state, grads, decays, step);
    }

    fn muon(
        &self,
        state: muon::State<'_, T, A>,
        grads: &[T],
        matrices: &[(Range<usize>, [usize; 2])],
        step: &muon::Step,
    ) {
        muon::reference::update(state, grads, matrices, step);
    }

    fn grad_norm(&self, grads: &[T]) -> f64 {
        grad_norm::reference::norm(grads)
    }
}
