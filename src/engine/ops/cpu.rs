//! The cpu executor: instructions chosen at run time, rows spread over threads.
//!
//! Work is cut so that no sum depends on the cut: each is one task's, or its pieces have sizes of
//! their shape alone and are added in their order. The bytes are the same for any number of threads.

use std::ops::Range;

use half::bf16;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::attention::Documents;
use super::buffer::{Buffer, Lent, Plain};
use super::gemm::{Element, Matrix, Store, vector};
use super::simd::Isa;
use super::{Ops, Stored};
use super::{
    adamw, attention, cross_entropy, embedding, grad_norm, matmul, muon, rms_norm, rope, swiglu,
};
#[cfg(target_arch = "x86_64")]
use super::{gemm::amx, simd::Level};
use crate::engine::{Error, Result};
use crate::hardware::MAX_THREADS;

/// Rows one task works on.
pub(super) const ROWS: usize = 32;

/// Threads and the instruction set they use.
pub(super) struct Cpu {
    pool: ThreadPool,
    pub(super) isa: Isa,
    scratch: Lent<Buffer<f32>>,
    /// Operands packed into tiles.
    #[cfg(target_arch = "x86_64")]
    room: Lent<amx::Room>,
    /// Matrices that become orthogonal.
    pub(super) muon: muon::cpu::Rooms,
}

/// What activations may be kept in, and who multiplies matrices of it.
pub(super) trait Number: Stored<f32> + Element {
    /// `c[m,n]` (+)= `a[m,k]` · `b[k,n]` over the threads of the pool it is called in.
    fn product<C: Element>(
        cpu: &Cpu,
        c: &mut [C],
        stride: usize,
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        store: Store,
    ) {
        vector::over_threads(cpu.isa, c, stride, a, b, store);
    }

    /// See [`attention`].
    fn attention(
        cpu: &Cpu,
        o: &mut [Self],
        lse: &mut [f32],
        qkv: [&[Self]; 3],
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        attention::cpu::forward(cpu, o, lse, qkv, dims, documents);
    }

    /// See [`attention`].
    fn attention_back(
        cpu: &Cpu,
        dqkv: &mut [Self],
        d_o: &[Self],
        saved: attention::Saved<'_, f32, Self>,
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        attention::cpu::backward(cpu, dqkv, d_o, saved, dims, documents);
    }

    /// The room of this precision.
    fn muon_room(rooms: &muon::cpu::Rooms) -> &Lent<muon::cpu::Room<Self>>;
}

impl Number for f32 {
    fn muon_room(rooms: &muon::cpu::Rooms) -> &Lent<muon::cpu::Room<Self>> {
        &rooms.exact
    }
}

/// On tiles where there are some.
impl Number for bf16 {
    fn muon_room(rooms: &muon::cpu::Rooms) -> &Lent<muon::cpu::Room<Self>> {
        &rooms.half
    }

    #[cfg(target_arch = "x86_64")]
    fn product<C: Element>(
        cpu: &Cpu,
        c: &mut [C],
        stride: usize,
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        store: Store,
    ) {
        // one row is bound by memory, not by multiplication
        if cpu.isa.level() != Level::Amx || a.rows == 1 {
            return vector::over_threads(cpu.isa, c, stride, a, b, store);
        }
        cpu.room
            .to(|room| amx::product(room, c, stride, a, b, store));
    }

    #[cfg(target_arch = "x86_64")]
    fn attention(
        cpu: &Cpu,
        o: &mut [Self],
        lse: &mut [f32],
        qkv: [&[Self]; 3],
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        // few queries leave most of a tile empty
        if cpu.isa.level() != Level::Amx || dims.tq < TILED {
            return attention::cpu::forward(cpu, o, lse, qkv, dims, documents);
        }
        cpu.install(|| attention::amx::forward(cpu.isa, o, lse, qkv, dims, documents));
    }

    #[cfg(target_arch = "x86_64")]
    fn attention_back(
        cpu: &Cpu,
        dqkv: &mut [Self],
        d_o: &[Self],
        saved: attention::Saved<'_, f32, Self>,
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        if cpu.isa.level() != Level::Amx {
            return attention::cpu::backward(cpu, dqkv, d_o, saved, dims, documents);
        }
        let attention::Saved { qkv, o, lse } = saved;
        let saved = attention::amx::Saved { qkv, o, lse };
        cpu.install(|| attention::amx::backward(cpu.isa, dqkv, d_o, saved, dims, documents));
    }
}

/// Queries of a sequence from which on tiles are worth their while.
#[cfg(target_arch = "x86_64")]
const TILED: usize = 8;

impl Cpu {
    /// A pool of threads of its own; 0: one a core. The widest instruction set there is.
    #[cfg(test)]
    pub(super) fn new(n_threads: usize) -> Result<Self> {
        Self::with(Isa::detect(), n_threads)
    }

    /// The same with that instruction set.
    pub(super) fn with(isa: Isa, n_threads: usize) -> Result<Self> {
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
            isa,
            scratch: Lent::default(),
            #[cfg(target_arch = "x86_64")]
            room: Lent::default(),
            muon: muon::cpu::Rooms::default(),
        })
    }

    /// Threads of this executor.
    pub(super) fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs parallel iterators inside over the threads of this executor.
    pub(super) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }

    /// The same with room for sums, which only grows.
    pub(super) fn with_scratch<R: Send>(
        &self,
        work: impl FnOnce(&mut Buffer<f32>) -> R + Send,
    ) -> R {
        self.install(|| self.scratch.to(work))
    }
}

impl<A: Number + Plain> Ops<f32, A> for Cpu {
    fn name(&self) -> String {
        format!("cpu ({})", self.isa.name())
    }

    fn n_threads(&self) -> usize {
        self.threads()
    }

    fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        self.install(work);
    }

    fn matmul(&self, y: &mut [A], x: &[A], w: &[A], dims: matmul::Dims) {
        matmul::cpu::forward(self, y, x, w, dims);
    }

    fn logits(&self, y: &mut [f32], x: &[A], w: &[A], dims: matmul::Dims) {
        matmul::cpu::forward(self, y, x, w, dims);
    }

    fn matmul_dx(&self, dx: &mut [A], dy: &[A], w: &[A], dims: matmul::Dims) {
        matmul::cpu::dx(self, dx, dy, w, dims);
    }

    fn matmul_dw(&self, dw: &mut [f32], dy: &[A], x: &[A], dims: matmul::Dims, store: Store) {
        matmul::cpu::dw(self, dw, dy, x, dims, store);
    }

    fn embedding(&self, x: &mut [f32], w: &[f32], tokens: &[u32]) {
        embedding::cpu::forward(self, x, w, tokens);
    }

    fn embedding_dw(&self, dw: &mut [f32], dx: &[f32], tokens: &[u32]) {
        embedding::cpu::backward(self, dw, dx, tokens);
    }

    fn rms_norm(&self, y: &mut [A], r: &mut [f32], x: &[f32], norm: rms_norm::Norm<'_, f32>) {
        rms_norm::cpu::forward(self, y, r, x, norm);
    }

    fn add_rms_norm(
        &self,
        y: &mut [A],
        r: &mut [f32],
        sum: &mut [f32],
        terms: (&[f32], &[A]),
        norm: rms_norm::Norm<'_, f32>,
    ) {
        rms_norm::cpu::add_forward(self, y, r, sum, terms, norm);
    }

    fn rms_norm_back(
        &self,
        back: rms_norm::Back<'_, f32, A>,
        dy: &[A],
        saved: rms_norm::Saved<'_, f32>,
    ) {
        rms_norm::cpu::backward(self, back, dy, saved);
    }

    fn rope(&self, x: &mut [A], table: &rope::Table<f32>, dims: rope::Dims, turn: rope::Turn) {
        rope::cpu::rotate(self, x, table, dims, turn);
    }

    fn attention(
        &self,
        o: &mut [A],
        lse: &mut [f32],
        qkv: [&[A]; 3],
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        A::attention(self, o, lse, qkv, dims, documents);
    }

    fn attention_back(
        &self,
        dqkv: &mut [A],
        d_o: &[A],
        saved: attention::Saved<'_, f32, A>,
        dims: &attention::Dims,
        documents: Documents<'_>,
    ) {
        A::attention_back(self, dqkv, d_o, saved, dims, documents);
    }

    fn swiglu(&self, act: &mut [A], gate_up: &[A], d_ff: usize) {
        swiglu::cpu::forward(self, act, gate_up, d_ff);
    }

    fn swiglu_back(&self, outs: [&mut [A]; 2], d_act: &[A], gate_up: &[A], d_ff: usize) {
        swiglu::cpu::backward(self, outs, d_act, gate_up, d_ff);
    }

    fn cross_entropy(
        &self,
        nats: &mut [f32],
        rows: cross_entropy::Rows<'_, A>,
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::cpu::score(self, nats, rows, dims);
    }

    fn cross_entropy_learn(
        &self,
        nats: &mut [f32],
        grads: cross_entropy::Grads<'_, f32, A>,
        rows: cross_entropy::Rows<'_, A>,
        dims: cross_entropy::Dims,
    ) {
        cross_entropy::cpu::learn(self, nats, grads, rows, dims);
    }

    fn adamw(
        &self,
        state: adamw::State<'_, f32, A>,
        grads: &[f32],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    ) {
        adamw::cpu::update(self, state, grads, decays, step);
    }

    fn muon(
        &self,
        state: muon::State<'_, f32, A>,
        grads: &[f32],
        matrices: &[(Range<usize>, [usize; 2])],
        step: &muon::Step,
    ) {
        muon::cpu::update(self, state, grads, matrices, step);
    }

    fn grad_norm(&self, grads: &[f32]) -> f64 {
        grad_norm::cpu::norm(self, grads)
    }
}
