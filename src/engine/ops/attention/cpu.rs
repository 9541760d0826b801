//! Causal attention over threads on vectors: blocks of queries of one head against all keys they
//! may see, as matrix products, so that scores exist for one block at a time.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::{Dims, Documents, Saved};
use crate::engine::ops::buffer::Buffer;
use crate::engine::ops::cpu::{Cpu, Number};
use crate::engine::ops::gemm::vector::{Panels, Right, product};
use crate::engine::ops::gemm::{Matrix, Shared, Store};
use crate::engine::ops::simd::{LANES, exp, fma, max, simd, sum_lanes};

/// Queries of a block.
const QUERIES: usize = 64;
/// Most queries of a task, which share a copy of the keys and values of their head.
const SHARED: usize = 8 * QUERIES;
/// Tasks for each thread, so that none waits long for the last one.
const TASKS: usize = 4;
/// Up to so many queries, keys and values are read where they lie.
const FEW: usize = 32;

/// What a thread works in; it only grows.
#[derive(Default)]
struct Scratch {
    /// Scores and their gradients of a block.
    scores: Buffer<f32>,
    /// Gradients of keys and values of a head.
    sums: Buffer<f32>,
    k: Panels,
    k_transposed: Panels,
    v: Panels,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

simd! {
    /// Scores of one query to shares of the keys it sees, 0 for others; gives ln Σ e^score.
    fn softmax<FMA>(scores: &mut [f32], seen: Range<usize>, scale: f32) -> f32 {
        scores[..seen.start].fill(0.0);
        scores[seen.end..].fill(0.0);
        let seen = &mut scores[seen];
        let top = max(seen) * scale;
        let mut sums = [0.0; LANES];
        for chunk in seen.chunks_mut(LANES) {
            for (score, sum) in chunk.iter_mut().zip(&mut sums) {
                *score = exp::<FMA>(*score * scale - top);
                *sum += *score;
            }
        }
        let sum = sum_lanes(sums);
        let share = 1.0 / sum;
        seen.iter_mut().for_each(|p| *p *= share);
        sum.ln() + top
    }
}

simd! {
    /// Scores to shares, and gradients of shares to gradients of scores, of one query;
    /// `outs` are its output and the gradient of it.
    fn softmax_back<FMA, A: Number>(
        scores: &mut [f32],
        grads: &mut [f32],
        seen: Range<usize>,
        scale: f32,
        lse: f32,
        outs: [&[A]; 2],
    ) {
        let mut sums = [0.0; LANES];
        for (a, b) in outs[0].chunks(LANES).zip(outs[1].chunks(LANES)) {
            for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum = fma::<FMA>(a.wide(), b.wide(), *sum);
            }
        }
        let mean = sum_lanes(sums);
        for (score, grad) in scores[seen.clone()].iter_mut().zip(&mut grads[seen.clone()]) {
            // a share is at most 1, also where scores are so large that lse is a rounded number
            *score = exp::<FMA>((*score * scale - lse).min(0.0));
            *grad = *score * (*grad - mean) * scale;
        }
        for unseen in [0..seen.start, seen.end..scores.len()] {
            scores[unseen.clone()].fill(0.0);
            grads[unseen].fill(0.0);
        }
    }
}

simd! {
    fn narrow<FMA, A: Number>(out: &mut [A], sums: &[f32]) {
        out.iter_mut().zip(sums).for_each(|(out, &sum)| *out = A::narrow(sum));
    }
}

/// Some queries of one head of one sequence, and the keys that any of them sees.
#[derive(Clone, Copy)]
struct Block<'a> {
    batch: usize,
    head: usize,
    /// First query, and how many.
    first: usize,
    n_queries: usize,
    /// First key, where a panel of keys begins, and the one after the last.
    from: usize,
    to: usize,
    /// First key of each query.
    documents: Documents<'a>,
}

impl<'a> Block<'a> {
    fn new(dims: &Dims, documents: Documents<'a>, [batch, head, first]: [usize; 3]) -> Self {
        let n_queries = QUERIES.min(dims.tq - first);
        let documents = documents.map(|all| &all[batch * dims.tq + first..][..n_queries]);
        Block {
            batch,
            head,
            first,
            n_queries,
            from: documents.map_or(0, |first| first[0] as usize / Panels::START * Panels::START),
            to: dims.tk - dims.tq + first + n_queries,
            documents,
        }
    }

    fn n_keys(&self) -> usize {
        self.to - self.from
    }

    /// Keys that its i-th query sees, counted from its first key.
    fn seen(&self, i: usize) -> Range<usize> {
        let first = self.documents.map_or(self.from, |first| first[i] as usize);
        first - self.from..self.n_keys() - self.n_queries + i + 1
    }
}

pub(in crate::engine::ops) fn forward<A: Number>(
    cpu: &Cpu,
    o: &mut [A],
    lse: &mut [f32],
    [q, k, v]: [&[A]; 3],
    dims: &Dims,
    documents: Documents<'_>,
) {
    let &Dims {
        tq,
        tk,
        n_heads,
        head_dim: hd,
        q_stride,
        kv_stride,
        ..
    } = dims;
    let scale = dims.scale() as f32;
    let wanted = TASKS * cpu.threads();
    let shared = (dims.b * n_heads * tq / wanted).next_multiple_of(QUERIES);
    let shared = shared.clamp(QUERIES, SHARED);
    let n_tasks = tq.div_ceil(shared);
    let (out, lse) = (Shared::new(o), Shared::new(lse));
    let work = |task: usize| {
        let (pair, start) = (task / n_tasks, task % n_tasks * shared);
        let (batch, head) = (pair / n_heads, pair % n_heads);
        let block = |first| Block::new(dims, documents, [batch, head, first]);
        let firsts = (start..tq.min(start + shared)).step_by(QUERIES);
        let from = block(start).from;
        let to = firsts
            .clone()
            .next_back()
            .map_or(from, |first| block(first).to);
        let kv = (batch * tk + from) * kv_stride + head / dims.group() * hd;
        let k = Matrix::rows(&k[kv..], to - from, hd, kv_stride).transposed();
        let v = Matrix::rows(&v[kv..], to - from, hd, kv_stride);
        SCRATCH.with_borrow_mut(|scratch| {
            let in_place = tq <= FEW;
            if !in_place {
                scratch.k_transposed.pack(cpu.isa, k);
                scratch.v.pack(cpu.isa, v);
            }
            for first in firsts {
                let block = block(first);
                let (n_queries, n_keys) = (block.n_queries, block.n_keys());
                let (keys, dims_of_head) = ([block.from - from, block.to - from], [0, hd]);
                let row = batch * tq + first;
                let q = Matrix::rows(&q[row * q_stride + head * hd..], n_queries, hd, q_stride);
                let (k, v) = if in_place {
                    (
                        k.part(dims_of_head, keys).into(),
                        v.part(keys, dims_of_head).into(),
                    )
                } else {
                    (
                        Right::Packed(scratch.k_transposed.part(dims_of_head, keys)),
                        Right::Packed(scratch.v.part(keys, dims_of_head)),
                    )
                };
                let scores = scratch.scores.first(n_queries * n_keys);
                let all = Shared::new(scores);
                // SAFETY: the scratch is this thread's own
                unsafe { product(cpu.isa, all, [0, n_keys], q, k, Store::Set) };
                // SAFETY: every task has a head and queries of its own, and so rows of its own
                let lse = unsafe { lse.slice(pair * tq + first, n_queries) };
                for (i, (row, lse)) in scores.chunks_exact_mut(n_keys).zip(lse).enumerate() {
                    *lse = softmax(cpu.isa, row, block.seen(i), scale);
                }
                let p = Matrix::rows(scores, n_queries, n_keys, n_keys);
                let place = [(row * n_heads + head) * hd, n_heads * hd];
                // SAFETY: as for `lse`
                unsafe { product(cpu.isa, out, place, p, v, Store::Set) };
            }
        });
    };
    cpu.install(|| {
        (0..dims.b * n_heads * n_tasks)
            .into_par_iter()
            .for_each(work)
    });
}

/// A task owns a key-value head of a sequence: gradients of keys and values are added up over
/// its query heads and blocks in one order, and rounded once.
pub(in crate::engine::ops) fn backward<A: Number>(
    cpu: &Cpu,
    dqkv: &mut [A],
    d_o: &[A],
    saved: Saved<'_, f32, A>,
    dims: &Dims,
    documents: Documents<'_>,
) {
    let &Dims {
        tq,
        n_heads,
        n_kv_heads,
        head_dim: hd,
        q_stride: stride,
        ..
    } = dims;
    let (dqkv, len) = (Shared::new(dqkv), tq * hd);
    let work = |task: usize| {
        let (batch, kv_head) = (task / n_kv_heads, task % n_kv_heads);
        let at = |part: usize| batch * tq * stride + (n_heads + part * n_kv_heads + kv_head) * hd;
        let [k, v] = [0, 1].map(|part| Matrix::rows(&saved.qkv[at(part)..], tq, hd, stride));
        SCRATCH.with_borrow_mut(|scratch| {
            let Scratch {
                scores,
                sums,
                k: keys,
                k_transposed,
                v: v_transposed,
            } = scratch;
            keys.pack(cpu.isa, k);
            k_transposed.pack(cpu.isa, k.transposed());
            v_transposed.pack(cpu.isa, v.transposed());
            let panels = [&*keys, &*k_transposed, &*v_transposed];
            let scores = scores.first(2 * QUERIES * tq);
            let sums = sums.first(2 * len);
            sums.fill(0.0);
            let (d_k, d_v) = sums.split_at_mut(len);
            for head in kv_head * dims.group()..(kv_head + 1) * dims.group() {
                for first in (0..tq).step_by(QUERIES) {
                    let block = Block::new(dims, documents, [batch, head, first]);
                    let sums = [&mut *d_k, &mut *d_v];
                    backward_block(cpu, dqkv, sums, d_o, saved, panels, dims, block, scores);
                }
            }
            for (sums, head) in [(d_k, n_heads), (d_v, n_heads + n_kv_heads)] {
                for (t, sums) in sums.chunks_exact(hd).enumerate() {
                    let at = (batch * tq + t) * stride + (head + kv_head) * hd;
                    // SAFETY: a task has a key-value head of a sequence, and the query heads
                    // that read it, of its own, and so columns of its own in that sequence's rows
                    narrow(cpu.isa, unsafe { dqkv.slice(at, hd) }, sums);
                }
            }
        });
    };
    cpu.install(|| (0..dims.b * n_kv_heads).into_par_iter().for_each(work));
}

#[allow(clippy::too_many_arguments)] // what goes in, what comes out, and where
fn backward_block<A: Number>(
    cpu: &Cpu,
    dqkv: Shared<'_, A>,
    [d_k, d_v]: [&mut [f32]; 2],
    d_o: &[A],
    saved: Saved<'_, f32, A>,
    [keys, k_transposed, v_transposed]: [&Panels; 3],
    dims: &Dims,
    block: Block<'_>,
    scratch: &mut [f32],
) {
    let &Dims {
        tq,
        n_heads,
        head_dim: hd,
        q_stride: stride,
        ..
    } = dims;
    let Block {
        batch,
        head,
        first,
        n_queries,
        from,
        ..
    } = block;
    let (n_keys, scale) = (block.n_keys(), dims.scale() as f32);
    let row = batch * tq + first;
    let q_at = row * stride + head * hd;
    let o_at = (row * n_heads + head) * hd;
    let q = Matrix::rows(&saved.qkv[q_at..], n_queries, hd, stride);
    let (seen, all) = ([from, block.to], [0, hd]);
    let k = Right::<f32>::Packed(keys.part(seen, all));
    let k_transposed = Right::<f32>::Packed(k_transposed.part(all, seen));
    let v_transposed = Right::<f32>::Packed(v_transposed.part(all, seen));
    let d_out = Matrix::rows(&d_o[o_at..], n_queries, hd, n_heads * hd);
    let (p, ds) = scratch.split_at_mut(scratch.len() / 2);
    let place = [0, n_keys];
    // SAFETY: `scratch` is this thread's own
    unsafe {
        product(cpu.isa, Shared::new(p), place, q, k_transposed, Store::Set);
        product(
            cpu.isa,
            Shared::new(ds),
            place,
            d_out,
            v_transposed,
            Store::Set,
        );
    }
    let lse = &saved.lse[(batch * n_heads + head) * tq + first..][..n_queries];
    let rows = p.chunks_exact_mut(n_keys).zip(ds.chunks_exact_mut(n_keys));
    for (i, ((p, ds), &lse)) in rows.zip(lse).enumerate() {
        let at = o_at + i * n_heads * hd;
        let outs = [&saved.o[at..][..hd], &d_o[at..][..hd]];
        softmax_back(cpu.isa, p, ds, block.seen(i), scale, lse, outs);
    }
    let p = Matrix::rows(p, n_queries, n_keys, n_keys);
    let ds = Matrix::rows(ds, n_queries, n_keys, n_keys);
    let place = [from * hd, hd];
    // SAFETY: sums are this thread's own; of dqkv a task has the columns of its query heads
    unsafe {
        product(
            cpu.isa,
            Shared::new(d_v),
            place,
            p.transposed(),
            d_out.into(),
            Store::Add,
        );
        product(
            cpu.isa,
            Shared::new(d_k),
            place,
            ds.transposed(),
            q.into(),
            Store::Add,
        );
        product(cpu.isa, dqkv, [q_at, stride], ds, k, Store::Set);
    }
}
