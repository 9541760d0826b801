//! Forward: a cell of queries against blocks of keys, with sums that are scaled down where a
//! score above all before turns up. Scores are held turned, a query to a lane, so that the
//! softmax never crosses lanes.

use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;

use half::bf16;
use rayon::prelude::*;

use super::lanes::{columns, exp2, half_up, load, pairs, store, store_first, store_pairs};
use super::pack::{Form, pack};
use super::scratch::Scratch;
use super::seen::Seen;
use super::tile::{CELL, SIDE, Tiles, place_of};
use crate::engine::ops::attention::Dims;
use crate::engine::ops::gemm::{Matrix, Shared};
use crate::engine::ops::simd::Isa;

/// Cells of keys in a block: their scores, shares and the keys themselves stay in the first cache.
const KEYS: usize = 2;
/// Cells of queries that meet a block of keys in turn.
const QUERIES: usize = 2;
/// Tasks wanted of one call, so that every thread has some.
const TASKS: usize = 16;
/// Shares may grow to 2^this before everything is scaled down; both kinds of numbers have room.
const SLACK: f32 = 8.0;
/// Stands for the largest score, in powers of two, before there is one.
const NONE: f32 = -1e30;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Some cells of queries of all heads that read one key-value head of one sequence.
struct Task<'a> {
    isa: Isa,
    qkv: [&'a [bf16]; 3],
    o: Shared<'a, bf16>,
    lse: Shared<'a, f32>,
    dims: &'a Dims,
    seen: Seen<'a>,
    batch: usize,
    kv_head: usize,
    queries: Range<usize>,
}

/// o = softmax(q·kᵀ/√hd)·v and lse = ln Σ e^score, shapes as in [`Dims`]. `first`, `[b,tq]`, are
/// the first keys that queries may see. Only where there are tiles.
pub(in crate::engine::ops) fn forward(
    isa: Isa,
    o: &mut [bf16],
    lse: &mut [f32],
    qkv: [&[bf16]; 3],
    dims: &Dims,
    first: Option<&[u32]>,
) {
    let n_cells = dims.tq.div_ceil(SIDE);
    let n_heads = dims.b * dims.n_kv_heads;
    if n_cells * n_heads == 0 {
        return;
    }
    let n_parts = TASKS.div_ceil(n_heads).min(n_cells.div_ceil(QUERIES));
    let part = n_cells.div_ceil(n_parts).next_multiple_of(QUERIES);
    let n_parts = n_cells.div_ceil(part);
    let (o, lse) = (Shared::new(o), Shared::new(lse));
    (0..n_heads * n_parts).into_par_iter().for_each(|i| {
        let (head, end) = (i / n_parts, n_cells - i % n_parts * part); // the longest first
        let task = Task {
            isa,
            qkv,
            o,
            lse,
            dims,
            seen: Seen::new(dims, first, head / dims.n_kv_heads),
            batch: head / dims.n_kv_heads,
            kv_head: head % dims.n_kv_heads,
            queries: end.saturating_sub(part)..end,
        };
        // SAFETY: tiles are only there together with these vectors; `Tiles::new` asks for them
        SCRATCH.with_borrow_mut(|scratch| unsafe { run(&task, scratch) });
    });
}

/// What the blocks of keys so far make of a cell of queries.
#[derive(Clone, Copy)]
struct State {
    /// Scores in powers of two are taken less this; of two times 16 queries.
    top: [__m512; 2],
    /// Σ shares.
    sum: [__m512; 2],
    fresh: bool,
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn run(task: &Task<'_>, scratch: &mut Scratch) {
    let tiles = Tiles::new(task.isa);
    let &Dims {
        tq,
        tk,
        head_dim: hd,
        ..
    } = task.dims;
    let (q_stride, kv_stride) = (task.dims.q_stride, task.dims.kv_stride);
    let wide = hd.div_ceil(SIDE);
    let low = task.seen.cells(task.queries.start).start;
    let high = task.seen.cells(task.queries.end - 1).end;
    let n = (high - low) * wide * CELL;
    let [k, v, q, shares] = scratch
        .operands
        .parts([n, n, QUERIES * wide * CELL, KEYS * CELL]);
    let [scores, out] = scratch.sums.parts([KEYS * CELL, QUERIES * wide * CELL]);
    let at = task.batch * tk * kv_stride + task.kv_head * hd;
    let rows = |data| Matrix::rows(data, tk, hd, kv_stride);
    pack(k, &rows(&task.qkv[1][at..]), low * SIDE, Form::Left);
    pack(v, &rows(&task.qkv[2][at..]), low * SIDE, Form::LeftTurned);

    let group = task.dims.group();
    for head in task.kv_head * group..(task.kv_head + 1) * group {
        let at = task.batch * tq * q_stride + head * hd;
        let queries = Matrix::rows(&task.qkv[0][at..], tq, hd, q_stride);
        for start in task.queries.clone().step_by(QUERIES) {
            let end = (start + QUERIES).min(task.queries.end);
            let q = &mut q[..(end - start) * wide * CELL];
            pack(q, &queries, start * SIDE, Form::RightTurned);
            let mut states = [State {
                top: [_mm512_set1_ps(NONE); 2],
                sum: [_mm512_setzero_ps(); 2],
                fresh: true,
            }; QUERIES];
            let (from, to) = (task.seen.cells(start).start, task.seen.cells(end - 1).end);
            for block in (from..to).step_by(KEYS) {
                for cell in start..end {
                    let seen = task.seen.cells(cell);
                    let keys = block.max(seen.start)..(block + KEYS).min(seen.end);
                    if keys.is_empty() {
                        continue;
                    }
                    let place = (keys.start - low) * wide * CELL;
                    let at = (cell - start) * wide * CELL;
                    let block = Block {
                        q: &q[at..][..wide * CELL],
                        k: &k[place..],
                        v: &v[place..],
                        wide,
                        scale: task.dims.scale() as f32 * std::f32::consts::LOG2_E,
                    };
                    for (i, key) in keys.clone().enumerate() {
                        let scores = &mut scores[i * CELL..][..CELL];
                        block.scores(&tiles, scores, i);
                        if !task.seen.all(cell, key) {
                            task.seen.hidden(cell, key, |query, keys| {
                                for key in keys {
                                    scores[place_of(key, query)] = f32::NEG_INFINITY;
                                }
                            });
                        }
                    }
                    let n = keys.len();
                    let out = &mut out[at..][..wide * CELL];
                    let state = &mut states[cell - start];
                    softmax(
                        state,
                        &scores[..n * CELL],
                        &mut shares[..n * CELL],
                        out,
                        block.scale,
                    );
                    block.add(&tiles, out, &shares[..n * CELL], state.fresh);
                    state.fresh = false;
                }
            }
            for cell in start..end {
                let out = &out[(cell - start) * wide * CELL..][..wide * CELL];
                finish(task, head, cell, &states[cell - start], out);
            }
        }
    }
}

/// A cell of queries and a block of keys and values, from its first cell on.
struct Block<'a> {
    q: &'a [bf16],
    k: &'a [bf16],
    v: &'a [bf16],
    /// Cells of a head's width.
    wide: usize,
    /// Scores in powers of two are this times products.
    scale: f32,
}

impl Block<'_> {
    /// Products of the keys of a cell (rows) and the queries (columns).
    #[inline(always)]
    fn scores(&self, tiles: &Tiles, scores: &mut [f32], cell: usize) {
        let k = &self.k[cell * self.wide * CELL..];
        tiles.product::<false>(scores, k, self.q, self.wide, [CELL, CELL]);
    }

    /// Values times shares, to the output so far: width (rows) by queries (columns).
    #[inline(always)]
    fn add(&self, tiles: &Tiles, out: &mut [f32], shares: &[bf16], fresh: bool) {
        let (n, steps) = (shares.len() / CELL, [self.wide * CELL, CELL]);
        for (i, out) in out.chunks_exact_mut(CELL).enumerate() {
            let v = &self.v[i * CELL..];
            if fresh {
                tiles.product::<false>(out, v, shares, n, steps);
            } else {
                tiles.product::<true>(out, v, shares, n, steps);
            }
        }
    }
}

/// Scores to shares, as a right operand; sums and output so far are scaled down where shares
/// would grow too large.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn softmax(state: &mut State, scores: &[f32], shares: &mut [bf16], out: &mut [f32], scale: f32) {
    let scale = _mm512_set1_ps(scale);
    for half in 0..2 {
        // four maxima, so that none waits for the one before it
        let mut tops = [_mm512_set1_ps(f32::NEG_INFINITY); 4];
        for cell in scores.chunks_exact(CELL) {
            for i in 0..16 {
                let at = half * 256 + i * 16;
                tops[i % 2] = _mm512_max_ps(tops[i % 2], load(cell, at));
                tops[2 + i % 2] = _mm512_max_ps(tops[2 + i % 2], load(cell, at + 512));
            }
        }
        let top = _mm512_max_ps(
            _mm512_max_ps(tops[0], tops[1]),
            _mm512_max_ps(tops[2], tops[3]),
        );
        let top = _mm512_mul_ps(top, scale);
        let old = state.top[half];
        let allowed = _mm512_add_ps(old, _mm512_set1_ps(SLACK));
        if _mm512_cmp_ps_mask::<_CMP_GT_OQ>(top, allowed) != 0 {
            let new = _mm512_max_ps(old, top);
            let factor = exp2(_mm512_sub_ps(old, new));
            state.top[half] = new;
            state.sum[half] = _mm512_mul_ps(state.sum[half], factor);
            if !state.fresh {
                for cell in out.chunks_exact_mut(CELL) {
                    for i in 0..32 {
                        let at = i / 16 * 512 + half * 256 + i % 16 * 16;
                        store(cell, at, _mm512_mul_ps(load(cell, at), factor));
                    }
                }
            }
        }
        let top = state.top[half];
        let mut sums = [_mm512_setzero_ps(); 2];
        for (cell, shares) in scores.chunks_exact(CELL).zip(shares.chunks_exact_mut(CELL)) {
            for i in 0..16 {
                let at = half * 256 + i * 16;
                let a = exp2(_mm512_fmsub_ps(load(cell, at), scale, top));
                let b = exp2(_mm512_fmsub_ps(load(cell, at + 512), scale, top));
                sums = [_mm512_add_ps(sums[0], a), _mm512_add_ps(sums[1], b)];
                store_pairs(shares, half * 512 + i * 32, pairs(half_up(a), half_up(b)));
            }
        }
        state.sum[half] = _mm512_add_ps(state.sum[half], _mm512_add_ps(sums[0], sums[1]));
    }
}

/// Writes the output of a cell of queries, and lse.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn finish(task: &Task<'_>, head: usize, cell: usize, state: &State, out: &[f32]) {
    let &Dims {
        tq,
        n_heads,
        head_dim: hd,
        ..
    } = task.dims;
    let mut numbers = [0.0; 4 * 16];
    for half in 0..2 {
        store(&mut numbers, 16 * half, state.top[half]);
        store(&mut numbers, 32 + 16 * half, state.sum[half]);
    }
    let (tops, sums) = numbers.split_at(SIDE);
    let first = cell * SIDE;
    let n = SIDE.min(tq - first);
    // SAFETY: every task has queries and heads of its own
    let lse = unsafe {
        task.lse
            .slice((task.batch * n_heads + head) * tq + first, n)
    };
    for (lse, (&top, &sum)) in lse.iter_mut().zip(tops.iter().zip(sums)) {
        *lse = top.mul_add(std::f32::consts::LN_2, sum.ln());
    }
    for (i, out) in out.chunks_exact(CELL).enumerate() {
        let width = SIDE.min(hd - i * SIDE);
        for half in 0..2 {
            let factor = _mm512_div_ps(_mm512_set1_ps(1.0), state.sum[half]);
            let rows = columns(out, half, factor);
            for (query, row) in (16 * half..n).zip(rows) {
                let at = ((task.batch * tq + first + query) * n_heads + head) * hd + i * SIDE;
                // SAFETY: as for `lse`
                store_first(unsafe { task.o.slice(at, width) }, row);
            }
        }
    }
}
