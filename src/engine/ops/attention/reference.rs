//! Causal attention, plainly: one query at a time.

use std::ops::Range;

use super::{Dims, Documents, Saved};
use crate::engine::ops::{Real, Stored};

/// A query: where its head's rows start, and which keys it sees.
struct Query {
    q: usize,
    o: usize,
    kv: usize,
    keys: Range<usize>,
}

/// The i-th query in the order of lse, `[b,H,t]`.
fn query(dims: &Dims, documents: Documents<'_>, i: usize) -> Query {
    let (pair, t) = (i / dims.tq, i % dims.tq);
    let (batch, head) = (pair / dims.n_heads, pair % dims.n_heads);
    let row = batch * dims.tq + t;
    let first = documents.map_or(0, |first| first[row] as usize);
    Query {
        q: row * dims.q_stride + head * dims.head_dim,
        o: (row * dims.n_heads + head) * dims.head_dim,
        kv: batch * dims.tk * dims.kv_stride + head / dims.group() * dims.head_dim,
        keys: first..dims.tk - dims.tq + t + 1, // up to the query's own position
    }
}

fn dot<T: Real, A: Stored<T>>(a: &[A], b: &[A]) -> T {
    a.iter().zip(b).map(|(a, b)| a.get() * b.get()).sum()
}

pub(in crate::engine::ops) fn forward<T: Real, A: Stored<T>>(
    o: &mut [A],
    lse: &mut [T],
    [q, k, v]: [&[A]; 3],
    dims: &Dims,
    documents: Documents<'_>,
) {
    let (hd, scale) = (dims.head_dim, T::of(dims.scale()));
    let mut sums = vec![T::ZERO; hd];
    for (i, lse) in lse.iter_mut().enumerate() {
        let at = query(dims, documents, i);
        let row = |j: usize| at.kv + j * dims.kv_stride;
        let score = |j: usize| dot::<T, A>(&q[at.q..][..hd], &k[row(j)..][..hd]) * scale;
        let scores: Vec<T> = at.keys.clone().map(score).collect();
        let max = scores.iter().fold(scores[0], |max, &x| max.max(x));
        *lse = scores.iter().map(|&x| (x - max).exp()).sum::<T>().ln() + max;
        sums.fill(T::ZERO);
        for (j, &score) in at.keys.clone().zip(&scores) {
            let share = (score - *lse).exp();
            let terms = sums.iter_mut().zip(&v[row(j)..][..hd]);
            terms.for_each(|(sum, v)| *sum += share * v.get());
        }
        let o = &mut o[at.o..][..hd];
        o.iter_mut()
            .zip(&sums)
            .for_each(|(o, &sum)| *o = A::put(sum));
    }
}

pub(in crate::engine::ops) fn backward<T: Real, A: Stored<T>>(
    dqkv: &mut [A],
    d_o: &[A],
    saved: Saved<'_, T, A>,
    dims: &Dims,
    documents: Documents<'_>,
) {
    let (hd, scale) = (dims.head_dim, T::of(dims.scale()));
    let keys = dims.n_heads * hd;
    let values = keys + dims.n_kv_heads * hd;
    let mut sums = vec![T::ZERO; dqkv.len()];
    for (i, &lse) in saved.lse.iter().enumerate() {
        let at = query(dims, documents, i);
        let d_o = &d_o[at.o..][..hd];
        let mean: T = dot(d_o, &saved.o[at.o..][..hd]);
        for j in at.keys {
            let row = at.kv + j * dims.kv_stride;
            let (k_at, v_at) = (row + keys, row + values);
            let score: T = dot(&saved.qkv[at.q..][..hd], &saved.qkv[k_at..][..hd]);
            let share = (score * scale - lse).exp();
            let d_share: T = dot(d_o, &saved.qkv[v_at..][..hd]);
            let d_score = share * (d_share - mean) * scale;
            for x in 0..hd {
                sums[at.q + x] += d_score * saved.qkv[k_at + x].get();
                sums[k_at + x] += d_score * saved.qkv[at.q + x].get();
                sums[v_at + x] += share * d_o[x].get();
            }
        }
    }
    dqkv.iter_mut()
        .zip(&sums)
        .for_each(|(d, &sum)| *d = A::put(sum));
}
