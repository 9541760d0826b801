//! Causal attention, plainly: one query at a time.

use super::{Dims, Saved};
use crate::engine::ops::Real;

/// Starts of a head's row in queries, output, and keys or values.
fn places(dims: &Dims, batch: usize, head: usize, query: usize) -> (usize, usize, usize) {
    let hd = dims.head_dim;
    let row = batch * dims.tq + query;
    let q = row * dims.q_stride + head * hd;
    let o = (row * dims.n_heads + head) * hd;
    let kv = batch * dims.tk * dims.kv_stride + head / dims.group() * hd;
    (q, o, kv)
}

fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).map(|(&a, &b)| a * b).sum()
}

pub(in crate::engine::ops) fn forward<T: Real>(
    o: &mut [T],
    lse: &mut [T],
    [q, k, v]: [&[T]; 3],
    dims: &Dims,
) {
    let (hd, scale) = (dims.head_dim, T::of(dims.scale()));
    let mut p = vec![T::ZERO; dims.tk];
    for (i, lse) in lse.iter_mut().enumerate() {
        let (batch, head, query) = (
            i / dims.tq / dims.n_heads,
            i / dims.tq % dims.n_heads,
            i % dims.tq,
        );
        let (q_at, o_at, kv_at) = places(dims, batch, head, query);
        let q = &q[q_at..][..hd];
        let p = &mut p[..dims.tk - dims.tq + query + 1]; // keys up to the query's own position
        for (j, p) in p.iter_mut().enumerate() {
            *p = dot(q, &k[kv_at + j * dims.kv_stride..][..hd]) * scale;
        }
        let max = p.iter().fold(p[0], |max, &p| max.max(p));
        *lse = p.iter().map(|&p| (p - max).exp()).sum::<T>().ln() + max;
        let o = &mut o[o_at..][..hd];
        o.fill(T::ZERO);
        for (j, &p) in p.iter().enumerate() {
            let share = (p - *lse).exp();
            let v = &v[kv_at + j * dims.kv_stride..][..hd];
            o.iter_mut().zip(v).for_each(|(o, &v)| *o += share * v);
        }
    }
}

pub(in crate::engine::ops) fn backward<T: Real>(
    dqkv: &mut [T],
    d_o: &[T],
    saved: Saved<'_, T>,
    dims: &Dims,
) {
    let (hd, scale) = (dims.head_dim, T::of(dims.scale()));
    let keys = dims.n_heads * hd;
    let values = keys + dims.n_kv_heads * hd;
    dqkv.fill(T::ZERO);
    for (i, &lse) in saved.lse.iter().enumerate() {
        let (batch, head, query) = (
            i / dims.tq / dims.n_heads,
            i / dims.tq % dims.n_heads,
            i % dims.tq,
        );
        let (q_at, o_at, kv_at) = places(dims, batch, head, query);
        let d_o = &d_o[o_at..][..hd];
        let mean = dot(d_o, &saved.o[o_at..][..hd]);
        for j in 0..=query {
            let row = kv_at + j * dims.kv_stride;
            let (k_at, v_at) = (row + keys, row + values);
            let score = dot(&saved.qkv[q_at..][..hd], &saved.qkv[k_at..][..hd]) * scale;
            let share = (score - lse).exp();
            let d_score = share * (dot(d_o, &saved.qkv[v_at..][..hd]) - mean) * scale;
            for x in 0..hd {
                dqkv[q_at + x] += d_score * saved.qkv[k_at + x];
                dqkv[k_at + x] += d_score * saved.qkv[q_at + x];
                dqkv[v_at + x] += share * d_o[x];
            }
        }
    }
}
