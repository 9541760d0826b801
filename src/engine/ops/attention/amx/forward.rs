//! Forward: a cell of queries against blocks of keys, with sums that are scaled down where a
//! score above all before turns up. Scores are held turned, a query to a lane, so that the
//! softmax never crosses lanes.

use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;

use half::bf16;
use rayon::prelude::*;

use super::lanes::{columns, hide_rows, store, store_first};
use super::pack::{Form, pack};
use super::scratch::Scratch;
use super::seen::Seen;
use super::softmax::State;
use crate::engine::ops::attention::Dims;
use crate::engine::ops::gemm::amx::tile::Tiles;
use crate::engine::ops::gemm::amx::{CELL, SIDE};
use crate::engine::ops::gemm::{Matrix, Shared};
use crate::engine::ops::simd::{Isa, Level};

/// Cells of keys in a block: their scores, shares and the keys themselves stay in the first cache.
const KEYS: usize = 2;
/// Cells of queries that meet a block of keys in turn.
const QUERIES: usize = 2;
/// Tasks wanted of one call, so that every thread has some.
const TASKS: usize = 16;
/// Cells of queries that a task has at least, for it packs all keys that they see.
const PART: usize = 16;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Some cells of queries of all heads that read one key-value head of one sequence.
struct Task<'a> {
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
    assert!(isa.level() == Level::Amx, "tiles where there are none");
    let n_parts = TASKS.div_ceil(n_heads).min(n_cells.div_ceil(PART));
    let part = n_cells.div_ceil(n_parts).next_multiple_of(QUERIES);
    let n_parts = n_cells.div_ceil(part);
    let (o, lse) = (Shared::new(o), Shared::new(lse));
    (0..n_heads * n_parts).into_par_iter().for_each(|i| {
        let (head, end) = (i / n_parts, n_cells - i % n_parts * part); // the longest first
        let task = Task {
            qkv,
            o,
            lse,
            dims,
            seen: Seen::new(dims, first, head / dims.n_kv_heads),
            batch: head / dims.n_kv_heads,
            kv_head: head % dims.n_kv_heads,
            queries: end.saturating_sub(part)..end,
        };
        // SAFETY: the level asserted above has these vectors
        SCRATCH.with_borrow_mut(|scratch| unsafe { run(&task, scratch) });
    });
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn run(task: &Task<'_>, scratch: &mut Scratch) {
    let tiles = Tiles::enter();
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
    let cells = wide * CELL; // numbers of a cell of rows
    let room = QUERIES * cells;
    let [k, v, q, shares] = scratch.operands.parts([n, n, room, 2 * KEYS * CELL]);
    let [scores, out] = scratch.sums.parts([2 * KEYS * CELL, room]);
    let (scores, shares) = (scores.as_chunks_mut().0, shares.as_chunks_mut().0);
    let at = task.batch * tk * kv_stride + task.kv_head * hd;
    let rows = |data| Matrix::rows(data, tk, hd, kv_stride);
    pack(k, &rows(&task.qkv[1][at..]), low * SIDE, Form::Left);
    pack(v, &rows(&task.qkv[2][at..]), low * SIDE, Form::LeftTurned);

    let heads = task.dims.group();
    for head in task.kv_head * heads..(task.kv_head + 1) * heads {
        let at = task.batch * tq * q_stride + head * hd;
        let queries = Matrix::rows(&task.qkv[0][at..], tq, hd, q_stride);
        for start in task.queries.clone().step_by(QUERIES) {
            let end = (start + QUERIES).min(task.queries.end);
            let q = &mut q[..(end - start) * cells];
            pack(q, &queries, start * SIDE, Form::RightTurned);
            let group = Group {
                tiles: &tiles,
                seen: task.seen,
                q,
                k,
                v,
                low,
                cells,
                queries: start..end,
                scale: task.dims.scale() as f32 * std::f32::consts::LOG2_E,
            };
            let mut states = [State::new(); QUERIES];
            group.run(&mut states, scores, shares, out);
            for cell in start..end {
                let out = &out[(cell - start) * cells..][..cells];
                finish(task, head, cell, &states[cell - start], out);
            }
        }
    }
}

/// Cells of queries of one head, and all keys and values of the task.
struct Group<'a> {
    tiles: &'a Tiles,
    seen: Seen<'a>,
    q: &'a [bf16],
    k: &'a [bf16],
    v: &'a [bf16],
    /// The first cell of keys that is packed.
    low: usize,
    /// Numbers of a cell of rows: 32 times the width of a head, filled up.
    cells: usize,
    queries: Range<usize>,
    /// Scores in powers of two are this times products.
    scale: f32,
}

/// One cell of queries of a group against some cells of keys.
#[derive(Clone)]
struct Step {
    query: usize,
    keys: Range<usize>,
}

impl Group<'_> {
    /// Takes the cells of queries through the blocks of keys: states, and output before it is
    /// divided by the sums, width (rows) by queries (columns).
    ///
    /// While vectors make shares of the scores of one step, tiles work on the scores of the step
    /// after it and on the output of the step before it.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn run(
        &self,
        states: &mut [State; QUERIES],
        scores: &mut [[f32; CELL]],
        shares: &mut [[bf16; CELL]],
        out: &mut [f32],
    ) {
        let (mut now, mut next) = scores.split_at_mut(KEYS);
        let (mut made, mut used) = shares.split_at_mut(KEYS);
        let mut steps = self.steps();
        let (mut ahead, mut behind) = (steps.next(), None::<Step>);
        if let Some(step) = &ahead {
            (0..step.keys.len()).for_each(|i| self.score(step, i, &mut now[i]));
        }
        while let Some(step) = ahead {
            ahead = steps.next();
            self.hide(&step, now);
            let n_keys = step.keys.len();
            let now_scores = &now[..n_keys];
            if let Some(before) = behind.take_if(|before| before.query == step.query) {
                (0..self.cells / CELL).for_each(|i| self.add(&before, i, used, states, out));
                states[before.query].fresh = false;
            }
            let mine = &mut out[step.query * self.cells..][..self.cells];
            states[step.query].raise(now_scores, self.scale, mine);
            let n_adds = behind.as_ref().map_or(0, |_| self.cells / CELL);
            let n_jobs = n_adds + ahead.as_ref().map_or(0, |step| step.keys.len());
            for part in 0..2 * n_keys {
                for job in part * n_jobs / (2 * n_keys)..(part + 1) * n_jobs / (2 * n_keys) {
                    match (&behind, &ahead) {
                        (Some(step), _) if job < n_adds => self.add(step, job, used, states, out),
                        (_, Some(step)) => self.score(step, job - n_adds, &mut next[job - n_adds]),
                        _ => {}
                    }
                }
                let (cell, half) = (part / 2, part % 2);
                states[step.query].shares(&now_scores[cell], &mut made[cell], half, self.scale);
            }
            if let Some(step) = behind {
                states[step.query].fresh = false;
            }
            behind = Some(step);
            (now, next) = (next, now);
            (made, used) = (used, made);
        }
        if let Some(step) = behind {
            (0..self.cells / CELL).for_each(|i| self.add(&step, i, used, states, out));
        }
    }

    /// Every cell of queries against every block of keys of which it sees something.
    fn steps(&self) -> impl Iterator<Item = Step> {
        let from = self.seen.cells(self.queries.start).start;
        let to = self.seen.cells(self.queries.end - 1).end;
        (from..to).step_by(KEYS).flat_map(move |block| {
            self.queries
                .clone()
                .enumerate()
                .filter_map(move |(query, cell)| {
                    let seen = self.seen.cells(cell);
                    let keys = block.max(seen.start)..(block + KEYS).min(seen.end);
                    (!keys.is_empty()).then_some(Step { query, keys })
                })
        })
    }

    /// Products of the keys of a cell (rows) and the queries (columns).
    #[inline(always)]
    fn score(&self, step: &Step, cell: usize, scores: &mut [f32]) {
        let k = &self.k[(step.keys.start + cell - self.low) * self.cells..];
        let q = &self.q[step.query * self.cells..];
        self.tiles
            .product::<false>(scores, k, q, self.cells / CELL, [CELL, CELL]);
    }

    /// Scores that nobody may see become -infinity.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn hide(&self, step: &Step, scores: &mut [[f32; CELL]]) {
        let query = self.queries.start + step.query;
        for (key, scores) in step.keys.clone().zip(scores) {
            if !self.seen.all(query, key) {
                hide_rows(scores, &self.seen.bits(query, key));
            }
        }
    }

    /// Adds values times shares to a cell of the output so far.
    #[inline(always)]
    fn add(
        &self,
        step: &Step,
        cell: usize,
        shares: &[[bf16; CELL]],
        states: &[State; QUERIES],
        out: &mut [f32],
    ) {
        let v = &self.v[(step.keys.start - self.low) * self.cells + cell * CELL..];
        let out = &mut out[step.query * self.cells + cell * CELL..];
        let (n, shares) = (step.keys.len(), shares.as_flattened());
        if states[step.query].fresh {
            self.tiles
                .product::<false>(out, v, shares, n, [self.cells, CELL]);
        } else {
            self.tiles
                .product::<true>(out, v, shares, n, [self.cells, CELL]);
        }
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
