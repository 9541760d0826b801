//! Causal attention over threads: blocks of queries of one head against all keys they may see,
//! as matrix products, so that scores exist for one block at a time.

use rayon::prelude::*;

use super::{Dims, Saved};
use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::matmul::Store;
use crate::engine::ops::matmul::cpu::{Matrix, Shared, product};
use crate::engine::ops::simd::{LANES, dot, exp, max, simd, sum_lanes};

/// Queries of a block.
const QUERIES: usize = 64;

simd! {
    /// Scores of one query to shares of its first keys, 0 for later ones; gives ln Σ e^score.
    fn softmax<FMA>(scores: &mut [f32], n_seen: usize, scale: f32) -> f32 {
        let (seen, later) = scores.split_at_mut(n_seen);
        later.fill(0.0);
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
    fn softmax_back<FMA>(
        scores: &mut [f32],
        grads: &mut [f32],
        n_seen: usize,
        scale: f32,
        lse: f32,
        outs: [&[f32]; 2],
    ) {
        let mean = dot::<FMA>(outs[0], outs[1]);
        for (score, grad) in scores[..n_seen].iter_mut().zip(&mut grads[..n_seen]) {
            *score = exp::<FMA>(*score * scale - lse);
            *grad = *score * (*grad - mean) * scale;
        }
        scores[n_seen..].fill(0.0);
        grads[n_seen..].fill(0.0);
    }
}

pub(in crate::engine::ops) fn forward(
    cpu: &Cpu,
    o: &mut [f32],
    lse: &mut [f32],
    [q, k, v]: [&[f32]; 3],
    dims: &Dims,
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
    let n_blocks = tq.div_ceil(QUERIES);
    let (out, lse) = (Shared::new(o), Shared::new(lse));
    cpu.install(|| {
        let tasks = (0..dims.b * n_heads * n_blocks).into_par_iter();
        tasks.for_each_init(Vec::new, |scores: &mut Vec<f32>, task| {
            let (pair, first) = (task / n_blocks, task % n_blocks * QUERIES);
            let (batch, head) = (pair / n_heads, pair % n_heads);
            let n_queries = QUERIES.min(tq - first);
            let n_seen = tk - tq + first; // by the block's first query, itself not counted
            let n_keys = n_seen + n_queries;
            let row = batch * tq + first;
            let kv = batch * tk * kv_stride + head / dims.group() * hd;
            scores.resize(QUERIES * tk, 0.0);
            let all = Shared::new(scores);
            let q = Matrix::rows(&q[row * q_stride + head * hd..], n_queries, hd, q_stride);
            let k = Matrix::rows(&k[kv..], n_keys, hd, kv_stride);
            let v = Matrix::rows(&v[kv..], n_keys, hd, kv_stride);
            // SAFETY: `scores` is this task's own
            unsafe { product(all, [0, n_keys], q, k.transposed(), Store::Set) };
            // SAFETY: every task has a head and queries of its own, and so rows of its own
            let lse = unsafe { lse.slice(pair * tq + first, n_queries) };
            for (i, (row, lse)) in scores.chunks_exact_mut(n_keys).zip(lse).enumerate() {
                *lse = softmax(cpu.isa, row, n_seen + i + 1, scale);
            }
            let p = Matrix::rows(scores, n_queries, n_keys, n_keys);
            let place = [(row * n_heads + head) * hd, n_heads * hd];
            // SAFETY: as for `lse`
            unsafe { product(out, place, p, v, Store::Set) };
        });
    });
}

/// A task owns a key-value head of a sequence: gradients of keys and values are added up over
/// its query heads and blocks in one order.
pub(in crate::engine::ops) fn backward(
    cpu: &Cpu,
    dqkv: &mut [f32],
    d_o: &[f32],
    saved: Saved<'_, f32>,
    dims: &Dims,
) {
    let dqkv = Shared::new(dqkv);
    cpu.install(|| {
        let tasks = (0..dims.b * dims.n_kv_heads).into_par_iter();
        tasks.for_each_init(Vec::new, |scratch: &mut Vec<f32>, task| {
            scratch.resize(2 * QUERIES * dims.tk, 0.0);
            let (batch, kv_head) = (task / dims.n_kv_heads, task % dims.n_kv_heads);
            let heads = kv_head * dims.group()..(kv_head + 1) * dims.group();
            for (i, head) in heads.enumerate() {
                for first in (0..dims.tq).step_by(QUERIES).rev() {
                    // the last block of the first head sees every key: it sets what others add to
                    let is_first = i == 0 && first + QUERIES >= dims.tq;
                    let store = if is_first { Store::Set } else { Store::Add };
                    let block = Block {
                        batch,
                        head,
                        first,
                        store,
                    };
                    backward_block(cpu, dqkv, d_o, saved, dims, block, scratch);
                }
            }
        });
    });
}

/// Some queries of one head of one sequence.
struct Block {
    batch: usize,
    head: usize,
    first: usize,
    store: Store,
}

fn backward_block(
    cpu: &Cpu,
    dqkv: Shared,
    d_o: &[f32],
    saved: Saved<'_, f32>,
    dims: &Dims,
    block: Block,
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
        store,
    } = block;
    let scale = dims.scale() as f32;
    let n_queries = QUERIES.min(tq - first);
    let n_keys = first + n_queries;
    let row = batch * tq + first;
    let q_at = row * stride + head * hd;
    let k_at = batch * tq * stride + (n_heads + head / dims.group()) * hd;
    let v_at = k_at + dims.n_kv_heads * hd;
    let o_at = (row * n_heads + head) * hd;
    let q = Matrix::rows(&saved.qkv[q_at..], n_queries, hd, stride);
    let k = Matrix::rows(&saved.qkv[k_at..], n_keys, hd, stride);
    let v = Matrix::rows(&saved.qkv[v_at..], n_keys, hd, stride);
    let d_out = Matrix::rows(&d_o[o_at..], n_queries, hd, n_heads * hd);
    let (p, ds) = scratch.split_at_mut(scratch.len() / 2);
    // SAFETY: `scratch` is this task's own
    unsafe {
        product(Shared::new(p), [0, n_keys], q, k.transposed(), Store::Set);
        product(
            Shared::new(ds),
            [0, n_keys],
            d_out,
            v.transposed(),
            Store::Set,
        );
    }
    let lse = &saved.lse[(batch * n_heads + head) * tq + first..][..n_queries];
    let rows = p.chunks_exact_mut(n_keys).zip(ds.chunks_exact_mut(n_keys));
    for (i, ((p, ds), &lse)) in rows.zip(lse).enumerate() {
        let at = o_at + i * n_heads * hd;
        let outs = [&saved.o[at..][..hd], &d_o[at..][..hd]];
        softmax_back(cpu.isa, p, ds, first + i + 1, scale, lse, outs);
    }
    let p = Matrix::rows(p, n_queries, n_keys, n_keys);
    let ds = Matrix::rows(ds, n_queries, n_keys, n_keys);
    // SAFETY: a task has a key-value head of a sequence, and the query heads that read it, of its
    // own, and so columns of its own in the rows of that sequence
    unsafe {
        product(dqkv, [v_at, stride], p.transposed(), d_out, store);
        product(dqkv, [k_at, stride], ds.transposed(), q, store);
        product(dqkv, [q_at, stride], ds, k, Store::Set);
    }
}
