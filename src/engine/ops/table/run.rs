//! A case carried out: its buffers, its way forward and its way back.

use super::{Case, Ignored};
use crate::engine::ops::adamw;
use crate::engine::ops::attention::{self, Dims as Heads, Documents};
use crate::engine::ops::cross_entropy::{self, IGNORED};
use crate::engine::ops::matmul::{Dims as Linear, Store};
use crate::engine::ops::rms_norm::{Back, Norm, Saved};
use crate::engine::ops::rope::{Table, Turn};
use crate::engine::ops::{Ops, Real, Stored};

const EPS: f64 = 1e-5; // of norms

/// A step of AdamW.
pub(super) const STEP: adamw::Step = adamw::Step {
    number: 3,
    lr: 1e-3,
    beta1: 0.9,
    beta2: 0.95,
    eps: 1e-8,
    weight_decay: 0.1,
    grad_scale: 0.5,
};

/// What gradients that are added to start from.
const BEFORE: f64 = 0.5;

/// Numbers between -1 and 1 without a pattern: the fractions of multiples of an irrational.
pub(super) fn noise<T: Real>(len: usize, seed: usize) -> Vec<T> {
    let at = |i: usize| ((i + 1) as f64 * 0.754_877_666 + seed as f64 * 0.569_840_29).fract();
    (0..len)
        .map(|i| T::of((at(i) * 7.0).fract() * 2.0 - 1.0))
        .collect()
}

fn tokens(n: usize, v: usize, seed: usize) -> Vec<u32> {
    (0..n)
        .map(|i| ((i * i + 3 * i + seed) % v) as u32)
        .collect()
}

fn targets(n: usize, v: usize, ignored: Ignored) -> Vec<u32> {
    let mut targets = tokens(n, v, 1);
    for (i, target) in targets.iter_mut().enumerate() {
        if ignored == Ignored::All || ignored == Ignored::Third && i % 3 == 0 {
            *target = IGNORED;
        }
    }
    targets
}

/// First key of each query where every token that is a multiple of `every` begins a document.
fn first_keys(dims: &Heads, every: usize) -> Vec<u32> {
    let t = |i: usize| i % dims.tq;
    (0..dims.b * dims.tq)
        .map(|i| (t(i) - t(i) % every) as u32)
        .collect()
}

/// As activations are kept.
fn kept<T: Real, A: Stored<T>>(x: &[T]) -> Vec<A> {
    x.iter().map(|&x| A::put(x)).collect()
}

fn wide<T: Real, A: Stored<T>>(x: &[A]) -> Vec<T> {
    x.iter().map(|x| x.get()).collect()
}

fn before<T: Real>(len: usize) -> Vec<T> {
    vec![T::of(BEFORE); len]
}

fn added<T: Real>(grads: Vec<T>) -> Vec<T> {
    grads.into_iter().map(|g| g - T::of(BEFORE)).collect()
}

/// Room that an operation must overwrite whatever stands there.
fn junk<T: Real, A: Stored<T>>(len: usize) -> Vec<A> {
    vec![A::put(T::of(f64::NAN)); len]
}

/// A way forward or back over numbers of one type, activations of another.
pub(super) struct Run<'a, T: Real, A: Stored<T>>(pub(super) &'a dyn Ops<T, A>);

impl Case {
    /// Lengths of the buffers it reads.
    pub(super) fn lens(&self) -> Vec<usize> {
        match *self {
            Case::Matmul(Linear { n, i, o }) => vec![n * i, o * i],
            Case::Embedding { v, d, .. } => vec![v * d],
            Case::RmsNorm { n, d } => vec![n * d, d],
            Case::AddRmsNorm { n, d } => vec![n * d, n * d, d],
            Case::Rope(dims, n) => vec![dims.stride * n],
            Case::Attention(dims) | Case::Documents(dims, _) => {
                vec![dims.b * dims.tq * dims.q_stride]
            }
            Case::Kept(dims) => vec![
                dims.tq * dims.q_stride,
                dims.tk * dims.kv_stride,
                dims.tk * dims.kv_stride,
            ],
            Case::Swiglu { n, ff } => vec![n * 2 * ff],
            Case::CrossEntropy { n, d, v, .. } => vec![n * d, v * d],
            Case::Adamw(n) => vec![n; 4],
            Case::GradNorm(n) => vec![n],
        }
    }

    /// Buffers it reads, full of noise.
    pub(super) fn inputs<T: Real>(&self) -> Vec<Vec<T>> {
        let lens = self.lens().into_iter().enumerate();
        lens.map(|(i, len)| noise(len, i)).collect()
    }
}

impl<T: Real, A: Stored<T>> Run<'_, T, A> {
    pub(super) fn forward(&self, case: &Case, inputs: &[Vec<T>]) -> Vec<T> {
        let ops = self.0;
        match *case {
            Case::Matmul(dims) => {
                let mut y = junk(dims.n * dims.o);
                ops.matmul(
                    &mut y,
                    &kept::<T, A>(&inputs[0]),
                    &kept::<T, A>(&inputs[1]),
                    dims,
                );
                wide(&y)
            }
            Case::Embedding { n, v, d } => {
                let mut x = junk(n * d);
                ops.embedding(&mut x, &inputs[0], &tokens(n, v, 0));
                x
            }
            Case::RmsNorm { n, d } => {
                let mut y = junk(n * d);
                ops.rms_norm(&mut y, &mut junk(n), &inputs[0], norm(&inputs[1]));
                wide(&y)
            }
            Case::AddRmsNorm { n, d } => {
                let (y, sum, _) = self.add_norm(inputs, [n, d]);
                [wide(&y), sum].concat()
            }
            Case::Rope(dims, _) => {
                let mut x = kept(&inputs[0]);
                let table = Table::new(10_000.0, dims.head_dim, dims.start + dims.t);
                ops.rope(&mut x, &table, dims, Turn::Forward);
                wide(&x)
            }
            Case::Attention(dims) => wide(&self.attend(&dims, &packed(&dims, &inputs[0]), None).0),
            Case::Documents(dims, every) => {
                let first = first_keys(&dims, every);
                wide(
                    &self
                        .attend(&dims, &packed(&dims, &inputs[0]), Some(&first))
                        .0,
                )
            }
            Case::Kept(dims) => {
                let parts: Vec<Vec<A>> = inputs.iter().map(|x| kept(x)).collect();
                wide(&self.attend(&dims, &parts, None).0)
            }
            Case::Swiglu { n, ff } => {
                let mut act = junk(n * ff);
                ops.swiglu(&mut act, &kept::<T, A>(&inputs[0]), ff);
                wide(&act)
            }
            Case::CrossEntropy { n, d, v, ignored } => {
                let dims = cross_entropy::Dims { d, v };
                let (h, w) = (kept::<T, A>(&inputs[0]), kept::<T, A>(&inputs[1]));
                let mut nats = junk(n);
                let rows = cross_entropy::Rows {
                    h: &h,
                    w: &w,
                    targets: &targets(n, v, ignored),
                    scratch: &mut junk(dims.scratch_len(n)),
                };
                ops.cross_entropy(&mut nats, rows, dims);
                vec![nats.into_iter().sum()]
            }
            Case::Adamw(n) => {
                let [mut params, mut m, mut v] = [0, 1, 2].map(|i| inputs[i].clone());
                v.iter_mut().for_each(|v| *v = *v * *v);
                let mut copy: Vec<A> = junk(n);
                let state = adamw::State {
                    params: &mut params,
                    m: &mut m,
                    v: &mut v,
                    copy: &mut copy,
                };
                // the first third decays
                let decays = [(0..n / 3, true), (n / 3..n, false)];
                ops.adamw(state, &inputs[3], &decays, &STEP);
                [params, m, v, wide(&copy)].concat()
            }
            Case::GradNorm(_) => vec![T::of(ops.grad_norm(&inputs[0]))],
        }
    }

    /// Gradients of the inputs; none where the operation has no way back.
    pub(super) fn backward(&self, case: &Case, inputs: &[Vec<T>], d_out: &[T]) -> Vec<Vec<T>> {
        let ops = self.0;
        let d_kept: Vec<A> = kept(d_out);
        match *case {
            Case::Matmul(dims) => {
                let (x, w) = (kept::<T, A>(&inputs[0]), kept::<T, A>(&inputs[1]));
                let (mut dx, mut dw) = (junk(x.len()), before(w.len()));
                ops.matmul_dx(&mut dx, &d_kept, &w, dims);
                ops.matmul_dw(&mut dw, &d_kept, &x, dims, Store::Add);
                let mut set = junk(w.len());
                ops.matmul_dw(&mut set, &d_kept, &x, dims, Store::Set);
                vec![wide(&dx), added(dw), set]
            }
            Case::Embedding { n, v, .. } => {
                let mut dw = before(inputs[0].len());
                ops.embedding_dw(&mut dw, d_out, &tokens(n, v, 0));
                vec![added(dw)]
            }
            Case::RmsNorm { n, d } => {
                let (mut y, mut r): (Vec<A>, _) = (junk(n * d), junk(n));
                ops.rms_norm(&mut y, &mut r, &inputs[0], norm(&inputs[1]));
                let [dx, dw] =
                    self.norm_back(before(n * d), &d_kept, (&inputs[0], &r, &inputs[1]), &y);
                vec![added(dx), dw]
            }
            Case::AddRmsNorm { n, d } => {
                let (y, sum, r) = self.add_norm(inputs, [n, d]);
                let d_sum = d_out[n * d..].to_vec();
                let [dx, dw] = self.norm_back(d_sum, &d_kept[..n * d], (&sum, &r, &inputs[2]), &y);
                vec![dx.clone(), dx, dw]
            }
            Case::Rope(dims, _) => {
                let mut dx = d_kept;
                let table = Table::new(10_000.0, dims.head_dim, dims.start + dims.t);
                ops.rope(&mut dx, &table, dims, Turn::Back);
                vec![wide(&dx)]
            }
            Case::Attention(dims) => vec![self.attend_back(&dims, &inputs[0], &d_kept, None)],
            Case::Documents(dims, every) => {
                let first = first_keys(&dims, every);
                vec![self.attend_back(&dims, &inputs[0], &d_kept, Some(&first))]
            }
            Case::Kept(_) | Case::Adamw(_) | Case::GradNorm(_) => Vec::new(),
            Case::Swiglu { n, ff } => {
                let gate_up: Vec<A> = kept(&inputs[0]);
                let (mut d_gate_up, mut act) = (junk(gate_up.len()), junk(n * ff));
                ops.swiglu_back([&mut d_gate_up, &mut act], &d_kept, &gate_up, ff);
                assert_eq!(act.len(), n * ff);
                vec![wide(&d_gate_up)]
            }
            Case::CrossEntropy { n, d, v, ignored } => {
                let dims = cross_entropy::Dims { d, v };
                let (h, w) = (kept::<T, A>(&inputs[0]), kept::<T, A>(&inputs[1]));
                let learn = |store: Store| {
                    let (mut dh, mut dw) = (junk(n * d), before(v * d));
                    let rows = cross_entropy::Rows {
                        h: &h,
                        w: &w,
                        targets: &targets(n, v, ignored),
                        scratch: &mut junk(dims.scratch_len(n)),
                    };
                    let grads = cross_entropy::Grads {
                        dh: &mut dh,
                        dw: &mut dw,
                        store,
                        scale: d_out[0],
                    };
                    ops.cross_entropy_learn(&mut junk(n), grads, rows, dims);
                    (wide(&dh), dw)
                };
                let (dh, dw) = learn(Store::Add);
                vec![dh, added(dw), learn(Store::Set).1]
            }
        }
    }

    fn add_norm(&self, inputs: &[Vec<T>], [n, d]: [usize; 2]) -> (Vec<A>, Vec<T>, Vec<T>) {
        let (mut y, mut sum, mut r) = (junk(n * d), junk(n * d), junk(n));
        let delta: Vec<A> = kept(&inputs[1]);
        let terms = (&inputs[0][..], &delta[..]);
        self.0
            .add_rms_norm(&mut y, &mut r, &mut sum, terms, norm(&inputs[2]));
        (y, sum, r)
    }

    /// Gradients of the rows, added to `dx`, and of the weight. What it writes besides must be the
    /// norm's output and dx once more.
    fn norm_back(
        &self,
        mut dx: Vec<T>,
        dy: &[A],
        (x, r, w): (&[T], &[T], &[T]),
        y: &[A],
    ) -> [Vec<T>; 2] {
        let (mut dx_kept, mut again): (Vec<A>, Vec<A>) = (junk(x.len()), junk(x.len()));
        let mut dw = before(w.len());
        let back = Back {
            dx: &mut dx,
            dx_kept: &mut dx_kept,
            y: &mut again,
            dw: &mut dw,
        };
        self.0.rms_norm_back(back, dy, Saved { x, r, w });
        let same = |a: &[A], b: &[A]| a.iter().zip(b).all(|(a, b)| a.get() == b.get());
        assert!(same(&again, y), "the norm again is not the norm");
        assert!(same(&dx_kept, &kept(&dx)), "dx kept is not dx");
        [dx, added(dw)]
    }

    fn attend(&self, dims: &Heads, qkv: &[Vec<A>], documents: Documents<'_>) -> (Vec<A>, Vec<T>) {
        let n = dims.b * dims.tq * dims.n_heads;
        let (mut o, mut lse) = (junk(n * dims.head_dim), junk(n));
        let qkv = [&qkv[0][..], &qkv[1], &qkv[2]];
        self.0.attention(&mut o, &mut lse, qkv, dims, documents);
        (o, lse)
    }

    fn attend_back(&self, dims: &Heads, qkv: &[T], d_o: &[A], documents: Documents<'_>) -> Vec<T> {
        let (o, lse) = self.attend(dims, &packed(dims, qkv), documents);
        let qkv: Vec<A> = kept(qkv);
        let mut dqkv = junk(qkv.len());
        let saved = attention::Saved {
            qkv: &qkv,
            o: &o,
            lse: &lse,
        };
        self.0
            .attention_back(&mut dqkv, d_o, saved, dims, documents);
        wide(&dqkv)
    }
}

fn norm<T: Real>(w: &[T]) -> Norm<'_, T> {
    Norm { w, eps: T::of(EPS) }
}

/// Queries, keys and values of packed rows, each from its first number on.
fn packed<T: Real, A: Stored<T>>(dims: &Heads, qkv: &[T]) -> Vec<Vec<A>> {
    let qkv: Vec<A> = kept(qkv);
    dims.split(&qkv).map(<[A]>::to_vec).to_vec()
}
