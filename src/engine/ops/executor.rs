//! The list of operations, and the choice of who carries them out.

use std::ops::Range;
use std::sync::Arc;

use half::bf16;
use serde::{Deserialize, Serialize};

use super::attention::Documents;
use super::buffer::Buffer;
use super::cpu::Cpu;
use super::gemm::Store;
use super::simd::Isa;
use super::{Real, Reference, Stored};
use super::{adamw, attention, cross_entropy, matmul, muon, rms_norm, rope};
use crate::engine::{Error, Result};

/// What an executor can do, in numbers of type `T`, with activations and the matrices of products
/// kept in numbers of type `A`: T itself, or bf16. The residual stream, norms, losses, gradients of
/// parameters and moments are always T. The folder of each operation says what it computes;
/// lengths of slices are invariants of the caller, not input.
pub trait Ops<T: Real, A: Stored<T> = T>: Send + Sync {
    /// Name of the executor, with the instruction set where it chose one.
    fn name(&self) -> String;

    /// Threads it works with.
    fn n_threads(&self) -> usize;

    /// Does `work` on a thread of its own, so that many operations in it start sooner.
    fn enter(&self, work: &mut (dyn FnMut() + Send));

    /// `y[n,o]` = `x[n,i]` · `w[o,i]`ᵀ
    fn matmul(&self, y: &mut [A], x: &[A], w: &[A], dims: matmul::Dims);

    /// The same, not rounded.
    fn logits(&self, y: &mut [T], x: &[A], w: &[A], dims: matmul::Dims);

    /// `dx[n,i]` = `dy[n,o]` · `w[o,i]`
    fn matmul_dx(&self, dx: &mut [A], dy: &[A], w: &[A], dims: matmul::Dims);

    /// `dw[o,i]` (+)= `dy[n,o]`ᵀ · `x[n,i]`
    fn matmul_dw(&self, dw: &mut [T], dy: &[A], x: &[A], dims: matmul::Dims, store: Store);

    /// `x[n,d]` = `w[token, d]`
    fn embedding(&self, x: &mut [T], w: &[T], tokens: &[u32]);

    /// `dw[token, d]` += `dx[n,d]`
    fn embedding_dw(&self, dw: &mut [T], dx: &[T], tokens: &[u32]);

    /// `y[n,d]` = x · r · w with `r[n]` = 1/√(mean(x²) + eps)
    fn rms_norm(&self, y: &mut [A], r: &mut [T], x: &[T], norm: rms_norm::Norm<'_, T>);

    /// sum = x + delta, then y and r of the norm of the sum
    fn add_rms_norm(
        &self,
        y: &mut [A],
        r: &mut [T],
        sum: &mut [T],
        terms: (&[T], &[A]),
        norm: rms_norm::Norm<'_, T>,
    );

    /// dx += and dw += gradients of the norm; y again
    fn rms_norm_back(
        &self,
        back: rms_norm::Back<'_, T, A>,
        dy: &[A],
        saved: rms_norm::Saved<'_, T>,
    );

    /// Turns the first heads of every row of x by the angles of its position.
    fn rope(&self, x: &mut [A], table: &rope::Table<T>, dims: rope::Dims, turn: rope::Turn);

    /// `o[b,t,H,hd]` and `lse[b,H,t]` of causal attention
    fn attention(
        &self,
        o: &mut [A],
        lse: &mut [T],
        qkv: [&[A]; 3],
        dims: &attention::Dims,
        documents: Documents<'_>,
    );

    /// Gradient of packed queries, keys and values.
    fn attention_back(
        &self,
        dqkv: &mut [A],
        d_o: &[A],
        saved: attention::Saved<'_, T, A>,
        dims: &attention::Dims,
        documents: Documents<'_>,
    );

    /// `act[n,F]` = silu(gate) · up of `gate_up[n,2F]`
    fn swiglu(&self, act: &mut [A], gate_up: &[A], d_ff: usize);

    /// `d_gate_up[n,2F]` of `d_act[n,F]`, and act again
    fn swiglu_back(&self, outs: [&mut [A]; 2], d_act: &[A], gate_up: &[A], d_ff: usize);

    /// `nats[n]` of the targets under softmax(h · wᵀ)
    fn cross_entropy(
        &self,
        nats: &mut [T],
        rows: cross_entropy::Rows<'_, A>,
        dims: cross_entropy::Dims,
    );

    /// The same, and dh and dw of scale · Σ nats.
    fn cross_entropy_learn(
        &self,
        nats: &mut [T],
        grads: cross_entropy::Grads<'_, T, A>,
        rows: cross_entropy::Rows<'_, A>,
        dims: cross_entropy::Dims,
    );

    /// One step of AdamW over the flat buffers.
    fn adamw(
        &self,
        state: adamw::State<'_, T, A>,
        grads: &[T],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    );

    /// One step of Muon over some matrices of the flat buffers: where they lie, rows and columns.
    fn muon(
        &self,
        state: muon::State<'_, T, A>,
        grads: &[T],
        matrices: &[(Range<usize>, [usize; 2])],
        step: &muon::Step,
    );

    /// √Σ g²
    fn grad_norm(&self, grads: &[T]) -> f64;
}

/// What activations and the matrices of products are kept in; parameters, moments, gradients of
/// parameters, norms and losses are f32 always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 8 bits of mantissa, sums in f32.
    Bf16,
    /// 24 bits of mantissa.
    #[default]
    F32,
}

impl Precision {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Bf16 => "bf16",
            Precision::F32 => "f32",
        }
    }
}

/// All that a caller can ask for in f32.
pub(in crate::engine) trait Both: Ops<f32, f32> + Ops<f32, bf16> {}

impl<O: Ops<f32, f32> + Ops<f32, bf16>> Both for O {}

/// Who carries the operations out, and in which precision; cheap to clone.
#[derive(Clone)]
pub struct Executor {
    ops: Arc<dyn Both>,
    precision: Precision,
    isa: Isa,
    why: Arc<str>,
}

/// Names of instruction sets that [`Executor::choose`] knows beside `auto`.
pub const ISAS: [&str; 5] = ["amx", "avx512", "avx2", "neon", "scalar"];

impl Executor {
    /// Plain loops on one thread: the oracle the others are judged by.
    pub fn reference() -> Self {
        Executor {
            ops: Arc::new(Reference),
            precision: Precision::F32,
            isa: Isa::scalar(),
            why: "asked for".into(),
        }
    }

    /// The processor with its vector instructions; 0 threads: one a core.
    pub fn cpu(n_threads: usize) -> Result<Self> {
        Self::choose("cpu", "auto", n_threads)
    }

    /// The executor of that name: `auto`, `cpu` or `reference`, with the instruction set of that
    /// name: `auto` or one of [`ISAS`].
    ///
    /// # Errors
    /// When a name is not known, or the instruction set is not there.
    pub fn choose(device: &str, isa: &str, n_threads: usize) -> Result<Self> {
        if device == "reference" {
            return Ok(Self::reference());
        }
        if !matches!(device, "auto" | "cpu") {
            return Err(Error::Usage {
                what: format!("device {device:?} is not known"),
                hint: "devices are auto, cpu and reference".into(),
            });
        }
        let (isa, why) = match isa {
            "auto" => (Isa::detect(), why(Isa::detect())),
            name if ISAS.contains(&name) => {
                let isa = Isa::named(name).map_err(|why| Error::Missing {
                    what: format!("instruction set {name}: {why}"),
                    hint: "leave EU_CPU and --cpu out to take the best there is".into(),
                })?;
                (isa, "asked for".to_string())
            }
            other => {
                return Err(Error::Usage {
                    what: format!("instruction set {other:?} is not known"),
                    hint: format!("they are auto, {}", ISAS.join(", ")),
                });
            }
        };
        Ok(Executor {
            ops: Arc::new(Cpu::with(isa, n_threads)?),
            precision: Precision::F32,
            isa,
            why: why.into(),
        })
    }

    /// The same executor, working in that precision.
    pub fn in_precision(self, precision: Precision) -> Self {
        Executor { precision, ..self }
    }

    /// In which precision it works.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Its name, with the instruction set where it chose one.
    pub fn name(&self) -> String {
        Ops::<f32, f32>::name(&*self.ops)
    }

    /// The instruction set it works with; of the reference the plainest.
    pub(in crate::engine) fn isa(&self) -> Isa {
        self.isa
    }

    /// Why it works with the instruction set it has.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What the processor has and the system does not let us use: a line to be said, for work
    /// is slower than it could be. None where there is nothing to say.
    pub fn refused(&self) -> Option<String> {
        let why = Isa::refused().filter(|_| self.precision == Precision::Bf16)?;
        Some(format!("{why}; going on with {}", self.name()))
    }

    /// Threads it works with.
    pub fn n_threads(&self) -> usize {
        Ops::<f32, f32>::n_threads(&*self.ops)
    }

    /// Does `work` on a thread of the executor, so that many operations in it start sooner.
    pub fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        Ops::<f32, f32>::enter(&*self.ops, work);
    }

    /// Parameters as matrix products read them: a rounded copy, or nothing where they read the
    /// parameters themselves.
    pub fn copy(&self, params: &[f32]) -> Buffer<bf16> {
        match self.precision {
            Precision::F32 => Buffer::default(),
            Precision::Bf16 => {
                let mut copy = Buffer::zeros(params.len());
                let pairs = copy.iter_mut().zip(params);
                pairs.for_each(|(copy, &p)| *copy = Stored::put(p));
                copy
            }
        }
    }

    /// One step of AdamW over the flat buffers; `decays` is [`Layout::decays`], `state.copy` what
    /// [`copy`](Self::copy) made.
    ///
    /// [`Layout::decays`]: crate::engine::model::Layout::decays
    pub fn adamw(
        &self,
        state: adamw::State<'_, f32, bf16>,
        grads: &[f32],
        decays: &[(Range<usize>, bool)],
        step: &adamw::Step,
    ) {
        Ops::<f32, bf16>::adamw(&*self.ops, state, grads, decays, step);
    }

    /// One step of Muon over some matrices of the flat buffers, in the precision of the executor;
    /// `matrices` is of [`Layout::matrices`], `state.copy` what [`copy`](Self::copy) made.
    ///
    /// [`Layout::matrices`]: crate::engine::model::Layout::matrices
    pub fn muon(
        &self,
        state: muon::State<'_, f32, bf16>,
        grads: &[f32],
        matrices: &[(Range<usize>, [usize; 2])],
        step: &muon::Step,
    ) {
        match self.precision {
            Precision::Bf16 => {
                Ops::<f32, bf16>::muon(&*self.ops, state, grads, matrices, step);
            }
            Precision::F32 => {
                let muon::State { params, m, .. } = state;
                let copy = &mut [];
                let state = muon::State { params, m, copy };
                Ops::<f32, f32>::muon(&*self.ops, state, grads, matrices, step);
            }
        }
    }

    /// √Σ g² of the gradients.
    pub fn grad_norm(&self, grads: &[f32]) -> f64 {
        Ops::<f32, f32>::grad_norm(&*self.ops, grads)
    }

    /// The operations on activations of f32.
    pub(in crate::engine) fn exact(&self) -> Arc<dyn Ops<f32, f32>> {
        self.ops.clone()
    }

    /// The operations on activations of bf16.
    pub(in crate::engine) fn half(&self) -> Arc<dyn Ops<f32, bf16>> {
        self.ops.clone()
    }
}

/// Why the widest instruction set is no wider.
fn why(isa: Isa) -> String {
    let passed = isa.passed_over();
    if passed.is_empty() {
        return "the best there is".into();
    }
    let lines = passed.iter().map(|(name, why)| format!("no {name}: {why}"));
    lines.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Kind};

    #[test]
    fn an_unknown_device_is_refused_with_the_known_ones() {
        let refused = Executor::choose("gpu", "auto", 1).err().unwrap();
        assert_eq!(refused.kind(), Kind::Usage);
        assert!(refused.hint().unwrap().contains("reference"));
        let refused = Executor::choose("cpu", "mmx", 1).err().unwrap();
        assert_eq!(refused.kind(), Kind::Usage);
        assert!(refused.hint().unwrap().contains("avx512"));
        assert_eq!(Executor::choose("auto", "auto", 2).unwrap().n_threads(), 2);
        assert_eq!(
            Executor::choose("reference", "auto", 2)
                .unwrap()
                .n_threads(),
            1
        );
    }

    #[test]
    fn an_instruction_set_of_another_machine_is_missing_with_the_reason() {
        let absent = if cfg!(target_arch = "aarch64") {
            "avx2"
        } else {
            "neon"
        };
        let refused = Executor::choose("cpu", absent, 1).err().unwrap();
        assert_eq!(refused.kind(), Kind::Missing);
        assert!(refused.to_string().contains(absent), "{refused}");
        assert!(
            Executor::choose("cpu", "scalar", 1)
                .unwrap()
                .name()
                .contains("scalar")
        );
    }
}
