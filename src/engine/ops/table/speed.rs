//! How fast an executor does what training spends its time on.

use std::hint::black_box;
use std::time::{Duration, Instant};

use half::bf16;

use super::Case;
use super::run::{STEP, noise};
use crate::engine::ops::adamw;
use crate::engine::ops::attention::{self, Dims as Heads};
use crate::engine::ops::cross_entropy;
use crate::engine::ops::matmul::{Dims as Linear, Store};
use crate::engine::ops::rms_norm::{Back, Norm, Saved};
use crate::engine::ops::rope::{Dims as Turned, Table, Turn};
use crate::engine::ops::{Buffer, Executor, Ops, Plain, Precision, Stored};

/// Time of one call, and what it had to do at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Which way.
    pub way: &'static str,
    /// Seconds of the best call.
    pub seconds: f64,
    /// Floating-point operations of products.
    pub flop: f64,
    /// Bytes read and written if every buffer is touched once.
    pub bytes: f64,
}

/// How long each measurement takes at least, and how often the work is done at least.
const MEASURE: Duration = Duration::from_millis(40);
const CALLS: usize = 3;

/// Parameters of a step: 64 MiB of f32 a buffer, more than caches keep from one step to the next.
const PARAMS: usize = 1 << 24;

/// Shapes of training: two small models' layers and losses.
pub fn speed_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (n, d, ff, v, t, heads) in [
        (2048, 256, 704, 8192, 256, 4),
        (1024, 768, 2048, 32768, 512, 12),
    ] {
        for (i, o) in [(d, 3 * d), (d, d), (d, 2 * ff), (ff, d)] {
            cases.push(Case::Matmul(Linear { n, i, o }));
        }
        let head_dim = d / heads;
        cases.push(Case::Attention(Heads::packed(
            n / t,
            t,
            heads,
            heads,
            head_dim,
        )));
        let turned = Turned {
            stride: 3 * d,
            n_heads: 2 * heads,
            head_dim,
            t,
            start: 0,
        };
        cases.push(Case::Rope(turned, n));
        cases.push(Case::AddRmsNorm { n, d });
        cases.push(Case::Swiglu { n, ff });
        let ignored = super::Ignored::None;
        cases.push(Case::CrossEntropy { n, d, v, ignored });
    }
    cases.extend([Case::Adamw(PARAMS), Case::GradNorm(PARAMS)]);
    cases
}

/// Times a case, each way; nothing where it is not a case of training.
pub fn speed(case: &Case, executor: &Executor) -> Vec<Speed> {
    match executor.precision() {
        Precision::F32 => timed::<f32>(case, &*executor.exact()),
        Precision::Bf16 => timed::<bf16>(case, &*executor.half()),
    }
}

/// Numbers without a pattern.
fn filled<A: Stored<f32>>(len: usize, seed: usize) -> Buffer<A> {
    let pattern: Vec<f32> = noise(len.min(9973), seed);
    let mut buffer = Buffer::zeros(len);
    for (x, &noise) in buffer.iter_mut().zip(pattern.iter().cycle()) {
        *x = A::put(noise);
    }
    buffer
}

fn room<E: Plain>(len: usize) -> Buffer<E> {
    Buffer::zeros(len)
}

/// The best of some calls, after one that touches the memory.
fn time(ops: &dyn Enter, work: &mut (dyn FnMut() + Send)) -> f64 {
    let mut best = f64::INFINITY;
    ops.enter(&mut || {
        work();
        let began = Instant::now();
        for call in 0.. {
            if call >= CALLS && began.elapsed() >= MEASURE {
                break;
            }
            let round = Instant::now();
            work();
            best = best.min(round.elapsed().as_secs_f64());
        }
    });
    best
}

/// What timing needs of an executor, whatever its activations are.
trait Enter {
    fn enter(&self, work: &mut (dyn FnMut() + Send));
}

impl<A: Stored<f32>> Enter for &dyn Ops<f32, A> {
    fn enter(&self, work: &mut (dyn FnMut() + Send)) {
        Ops::enter(*self, work);
    }
}

fn timed<A: Stored<f32>>(case: &Case, ops: &dyn Ops<f32, A>) -> Vec<Speed> {
    let half = size_of::<A>();
    let row = |way, flop: usize, bytes: usize, work: &mut (dyn FnMut() + Send)| Speed {
        way,
        seconds: time(&ops, work),
        flop: flop as f64,
        bytes: bytes as f64,
    };
    match *case {
        Case::Matmul(dims @ Linear { n, i, o }) => {
            let (x, w, dy) = (
                filled::<A>(n * i, 0),
                filled::<A>(o * i, 1),
                filled::<A>(n * o, 2),
            );
            let (mut y, mut dx, mut dw) = (room::<A>(n * o), room::<A>(n * i), room::<f32>(o * i));
            let (flop, bytes) = (2 * n * i * o, half * (n * i + o * i + n * o));
            vec![
                row("y", flop, bytes, &mut || ops.matmul(&mut y, &x, &w, dims)),
                row("dx", flop, bytes, &mut || {
                    ops.matmul_dx(&mut dx, &dy, &w, dims)
                }),
                row("dw", flop, bytes, &mut || {
                    ops.matmul_dw(&mut dw, &dy, &x, dims, Store::Set);
                }),
            ]
        }
        Case::AddRmsNorm { n, d } => {
            let (x, delta, w) = (
                filled::<f32>(n * d, 0),
                filled::<A>(n * d, 1),
                filled::<f32>(d, 2),
            );
            let (mut y, mut r, mut sum) = (room::<A>(n * d), room::<f32>(n), room::<f32>(n * d));
            let norm = Norm { w: &w, eps: 1e-5 };
            let forward = row("y", 0, n * d * (8 + 2 * half), &mut || {
                ops.add_rms_norm(&mut y, &mut r, &mut sum, (&x, &delta), norm);
            });
            let (mut dx, mut kept, mut dw) = (room::<f32>(n * d), room::<A>(n * d), room::<f32>(d));
            let backward = row("dx", 0, n * d * (12 + 3 * half), &mut || {
                let back = Back {
                    dx: &mut dx,
                    dx_kept: &mut kept,
                    y: &mut y,
                    dw: &mut dw,
                };
                let saved = Saved {
                    x: &sum,
                    r: &r,
                    w: &w,
                };
                ops.rms_norm_back(back, &delta, saved);
            });
            vec![forward, backward]
        }
        Case::Rope(dims, n) => {
            let mut x = filled::<A>(n * dims.stride, 0);
            let table = Table::new(10_000.0, dims.head_dim, dims.start + dims.t);
            let bytes = 2 * half * n * dims.n_heads * dims.head_dim;
            vec![row("y", 0, bytes, &mut || {
                ops.rope(&mut x, &table, dims, Turn::Forward)
            })]
        }
        Case::Attention(dims) => {
            let (n, width) = (dims.b * dims.tq, dims.n_heads * dims.head_dim);
            let (qkv, d_o) = (filled::<A>(n * dims.q_stride, 0), filled::<A>(n * width, 1));
            let (mut o, mut lse) = (room::<A>(n * width), room::<f32>(n * dims.n_heads));
            let mut dqkv = room::<A>(qkv.len());
            let parts = dims.split(&qkv);
            let flop = 2 * n * width * dims.tq; // half of both products
            let bytes = half * (qkv.len() + n * width);
            let forward = row("o", flop, bytes, &mut || {
                ops.attention(&mut o, &mut lse, parts, &dims, None);
            });
            let saved = attention::Saved {
                qkv: &qkv,
                o: &o,
                lse: &lse,
            };
            let backward = row("dqkv", flop * 5 / 2, 2 * bytes, &mut || {
                ops.attention_back(&mut dqkv, &d_o, saved, &dims, None);
            });
            vec![forward, backward]
        }
        Case::Swiglu { n, ff } => {
            let (gate_up, d_act) = (filled::<A>(n * 2 * ff, 0), filled::<A>(n * ff, 1));
            let (mut act, mut d_gate_up) = (room::<A>(n * ff), room::<A>(n * 2 * ff));
            let bytes = 3 * half * n * ff;
            vec![
                row("act", 0, bytes, &mut || ops.swiglu(&mut act, &gate_up, ff)),
                row("d_gate_up", 0, 2 * bytes, &mut || {
                    ops.swiglu_back([&mut d_gate_up, &mut act], &d_act, &gate_up, ff);
                }),
            ]
        }
        Case::CrossEntropy { n, d, v, .. } => {
            let dims = cross_entropy::Dims { d, v };
            let (mut h, w) = (filled::<A>(n * d, 0), filled::<A>(v * d, 1));
            // logits of about -10 to 10, as a model's are: a product of noise has a root mean
            // square of a third
            let size = 7.5 / (d as f32).sqrt();
            h.iter_mut().for_each(|h| *h = A::put(size * h.get()));
            let targets: Vec<u32> = (0..n).map(|i| (i * 7 % v) as u32).collect();
            let (mut scratch, mut nats) = (room::<A>(dims.scratch_len(n)), room::<f32>(n));
            let (mut dh, mut dw) = (room::<A>(n * d), room::<f32>(v * d));
            let bytes = half * (2 * n * d + v * d) + 4 * v * d;
            vec![row("nats, dh, dw", 6 * n * d * v, bytes, &mut || {
                let rows = cross_entropy::Rows {
                    h: &h,
                    w: &w,
                    targets: &targets,
                    scratch: &mut scratch,
                };
                let grads = cross_entropy::Grads {
                    dh: &mut dh,
                    dw: &mut dw,
                    store: Store::Set,
                    scale: 1.0,
                };
                ops.cross_entropy_learn(&mut nats, grads, rows, dims);
            })]
        }
        Case::Adamw(n) => {
            let (grads, decays) = (filled::<f32>(n, 0), [(0..n, true)]);
            let mut params = filled::<f32>(n, 1);
            let (mut m, mut v) = (room::<f32>(n), room::<f32>(n));
            // f32 is multiplied as it is kept
            let mut copy = room::<A>(if half < size_of::<f32>() { n } else { 0 });
            let bytes = 28 * n + half * copy.len();
            vec![row("params, m, v", 0, bytes, &mut || {
                let state = adamw::State {
                    params: &mut params,
                    m: &mut m,
                    v: &mut v,
                    copy: &mut copy,
                };
                ops.adamw(state, &grads, &decays, &STEP);
            })]
        }
        Case::GradNorm(n) => {
            let grads = filled::<f32>(n, 0);
            vec![row("norm", 0, 4 * n, &mut || {
                black_box(ops.grad_norm(&grads));
            })]
        }
        _ => Vec::new(),
    }
}
