//! The cpu executor: vector instructions chosen at run time, rows spread over threads.
//!
//! Work is cut in pieces whose sizes depend on shapes alone, never on the number of threads, and
//! sums over pieces are added in their order: the bytes are the same for any number of threads.

use std::ops::Range;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::Ops;
use super::matmul::{self, Store};
use super::simd::Isa;
use super::{adamw, attention, cross_entropy, embedding, grad_norm, rms_norm, rope, swiglu};
use crate::engine::{Error, Result};
use crate::hardware::MAX_THREADS;

/// Rows one task works on.
pub(super) const ROWS: usize = 32;

/// Threads and the instruction set they use.
pub(super) struct Cpu {
    pool: ThreadPool,
    pub(super) isa: Isa,
}

impl Cpu {
    /// A pool of threads of its own; 0: one a core.
    pub(super) fn new(n_threads: usize) -> Result<Self> {
        if n_threads > MAX_THREADS {
            return Err(Error::Usage {
                what: format!("threads = {n_threads} is more than any machine has"),
                hint: "give 0 for one a core".into(),
            });
        }
        let builder = ThreadPoolBuilder::new().num_threads(n_threads);
        let pool = builder
            .thread_name(|i| format!("eu-cpu-{i}"))
            .build()
            .map_err(|e| Error::Failed(format!("cannot start {n_threads} threads: {e}")))?;
        Ok(Cpu {
            pool,
            isa: Isa::detect(),
        })
    }

    /// Runs parallel iterators inside over the threads of this executor.
    pub(super) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }
}

impl Ops<f32> for Cpu {
    fn name(&self) -> String {
        format!("cpu ({})", self.isa.name())
    }

    fn n_threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn matmul(&self, y: &mut [f32], x: &[f32], w: &[f32], dims: matmul::Dims, store: Store) {
        matmul::cpu::forward(self, y, x, w, dims, store);
    }

    fn matmul_dx(&self, dx: &mut [f32], dy: &[f32], w: &[f32], dims: matmul::Dims, store: Store) {
        matmul::cpu::dx(self, dx, dy, w, dims, store);
    }

    fn matmul_dw(&self, dw: &mut [f32], dy: &[f32], x: &[f32], dims: matmul::Dims) {
        matmul::cpu::dw(self, dw, dy, x, dims);
    }

    fn embedding(&self, x: &mut [f32], w: &[f32], tokens: &[u32]) {
        embedding::cpu::forward(self, x, w, tokens);
    }

    fn embedding_dw(&self, dw: &mut [f32], dx: &[f32], tokens: &[u32]) {
        embedding::cpu::backward(self, dw, dx, tokens);
    }

    fn rms_norm(&self, y: &mut [f32], r: &mut [f32], x: &[f32], norm: rms_norm::Norm<'_, f32>) {
        rms_norm::cpu::forward(self, y, r, x, norm);
    }

    fn add_rms_norm(
        &self,
        y: &mut [f32],
        r: &mut [f32],
        sum: &mut [f32],
        terms: [&[f32]; 2],
        norm: rms_norm::Norm<'_, f32>,
    ) {
        rms_norm::cpu::add_forward(self, y, r, sum, terms, norm);
    }

    fn rms_norm_back(
        &self,
        dx: &mut [f32],
        dw: &mut [f32],
        dy: &[f32],
        saved: rms_norm::Saved<'_, f32>,
    ) {
        rms_norm::cpu::backward(self, dx, dw, dy, saved);
    }

    fn rope(&self, x: &mut [f32], table: &rope::Table<f32>, dims: rope::Dims, turn: rope::Turn) {
        rope::cpu::rotate(self, x, table, dims, turn);
    }

    fn attention(&self, o: &mut [f32], lse: &mut [f32], qkv: [&[f32]; 3], dims: &attention::Dims) {
        attention::cpu::forward(self, o, lse, qkv, dims);
    }

    fn attention_back(
        &self,
        dqkv: &mut [f32],
        d_o: &[f32],
        saved: attention::Saved<'_, f32>,
        dims: &attention::Dims,
    ) {
        attention::cpu::backward(self, dqkv, d_o, saved, dims);
    }

    fn swiglu(&self, act: &mut [f32], gate_up: &[f32], d_ff: usize) {
        swiglu::cpu::forward(self, act, gate_up, d_ff);
    }

    fn swiglu_back(&self, d_gate_up: &mut [f32], d_act: &[f32], gate_up: &[f32], d_ff: usize) {
        swiglu::cpu::backward(self, d_gate_up, d_act, gate_up, d_ff);
    }

    fn cross_entropy(
        &self,
        out: cross_entropy::Out<'_, f32>,
        h: &[f32],
        w: &[f32],
        targets: &[u32],
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::cpu::forward(self, out, h, w, targets, dims);
    }

    fn cross_entropy_back(
        &self,
        grads: cross_entropy::Grads<'_, f32>,
        saved: cross_entropy::Saved<'_, f32>,
        scale: f32,
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::cpu::backward(self, grads, saved, scale, dims);
    }

    fn adamw(
        &self,
        state: adamw::State<'_, f32>,
        grads: &[f32],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    ) {
        adamw::cpu::update(self, state, grads, decays, step);
    }

    fn grad_norm(&self, grads: &[f32]) -> f64 {
        grad_norm::cpu::norm(self, grads)
    }
}
