//! Backward: shares are computed again from lse, a cell of 32 queries and 32 keys at a time, and
//! rounded with the gradients of their scores to operands for the gradients of keys, values and
//! queries.
//!
//! A task owns the keys of a range, of one key-value head of one sequence, and all queries that
//! see them. Where these ranges are the whole sequence, gradients of queries are finished in
//! place; where sequences and heads are few, each range leaves its sums, and a second pass adds
//! them up in the order of the ranges.

use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;

use half::bf16;
use rayon::prelude::*;

use super::lanes::{
    columns, exp2, half_up, hide_columns, load, pairs, store_first, store_pairs, store_row,
    sum_of_products,
};
use super::pack::{Form, pack};
use super::scratch::{Room, Scratch};
use super::seen::Seen;
use super::tile::{CELL, SIDE, Tiles};
use crate::engine::ops::attention::Dims;
use crate::engine::ops::gemm::{Matrix, Shared};
use crate::engine::ops::simd::Isa;

/// Cells of queries in a block, and of keys.
const QUERIES: usize = 4;
const KEYS: usize = 4;
/// Cells of queries that are packed at a time: with their gradients they stay in the second cache.
const PACKED: usize = 16;
/// Sequences times key-value heads from which on each of them is one task.
const MANY: usize = 8;
/// Tasks wanted where there are fewer.
const TASKS: usize = 16;
/// Cells of keys that a range has at least.
const RANGE: usize = 8;
/// lse of queries that are none: their shares are 0.
const NOBODY: f32 = 1e30;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
    /// Sums of gradients of queries, of the thread that calls.
    static PARTIAL: RefCell<Room<f32>> = RefCell::default();
}

/// A cell of sums, and of an operand.
type Sums = [f32; CELL];
type Operand = [bf16; CELL];

/// What the forward pass leaves for the backward pass.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::ops) struct Saved<'a> {
    /// Packed queries, keys and values, `[b,t,(H+2KV)·hd]`.
    pub(in crate::engine::ops) qkv: &'a [bf16],
    /// Output, `[b,t,H,hd]`.
    pub(in crate::engine::ops) o: &'a [bf16],
    /// ln Σ e^score, `[b,H,t]`.
    pub(in crate::engine::ops) lse: &'a [f32],
}

/// What all tasks of a call see.
#[derive(Clone, Copy)]
struct Call<'a> {
    isa: Isa,
    dqkv: Shared<'a, bf16>,
    d_o: &'a [bf16],
    saved: Saved<'a>,
    dims: &'a Dims,
    first: Option<&'a [u32]>,
    /// Sums of gradients of queries, `[range][b,H][cell of queries][cell of width]`; empty where
    /// there is one range.
    partial: Shared<'a, f32>,
    /// Cells of a sequence, of a range of keys, and of the width of a head.
    n_cells: usize,
    range: usize,
    wide: usize,
}

/// Gradients of packed rows, `[b,t,(H+2KV)·hd]`, from those of the output, `[b,t,H,hd]`. `first`,
/// `[b,t]`, are the first keys that queries may see. Only where there are tiles.
pub(in crate::engine::ops) fn backward(
    isa: Isa,
    dqkv: &mut [bf16],
    d_o: &[bf16],
    saved: Saved<'_>,
    dims: &Dims,
    first: Option<&[u32]>,
) {
    let n_cells = dims.tq.div_ceil(SIDE);
    let n_heads = dims.b * dims.n_kv_heads;
    if n_cells * n_heads == 0 {
        return;
    }
    assert_eq!(dims.tq, dims.tk, "packed rows have as many queries as keys");
    let wanted = if n_heads < MANY {
        TASKS.div_ceil(n_heads)
    } else {
        1
    };
    let range = n_cells.div_ceil(wanted).max(RANGE).min(n_cells);
    let n_ranges = n_cells.div_ceil(range);
    let wide = dims.head_dim.div_ceil(SIDE);
    let n_partial = match n_ranges {
        1 => 0,
        _ => n_ranges * dims.b * dims.n_heads * n_cells * wide * CELL,
    };
    PARTIAL.with_borrow_mut(|partial| {
        let [partial] = partial.parts([n_partial]);
        let call = Call {
            isa,
            dqkv: Shared::new(dqkv),
            d_o,
            saved,
            dims,
            first,
            partial: Shared::new(partial),
            n_cells,
            range,
            wide,
        };
        (0..n_ranges * n_heads).into_par_iter().for_each(|i| {
            let (part, head) = (i / n_heads, i % n_heads); // the first ranges are seen most
            let task = Task {
                call,
                seen: Seen::new(dims, first, head / dims.n_kv_heads),
                batch: head / dims.n_kv_heads,
                kv_head: head % dims.n_kv_heads,
                part,
                keys: part * range..((part + 1) * range).min(n_cells),
            };
            // SAFETY: tiles are only there together with these vectors; `Tiles::new` asks for them
            SCRATCH.with_borrow_mut(|scratch| unsafe { run(&task, scratch) });
        });
        if n_ranges > 1 {
            (0..dims.b * dims.n_heads * n_cells)
                .into_par_iter()
                .for_each(|i| {
                    // SAFETY: as above
                    unsafe { add_up(&call, i / n_cells, i % n_cells) }
                });
        }
    });
}

/// A range of keys of one key-value head of one sequence.
struct Task<'a> {
    call: Call<'a>,
    seen: Seen<'a>,
    batch: usize,
    kv_head: usize,
    part: usize,
    /// Cells of keys.
    keys: Range<usize>,
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn run(task: &Task<'_>, scratch: &mut Scratch) {
    let call = &task.call;
    let tiles = Tiles::new(call.isa);
    let &Dims {
        tq,
        n_heads,
        n_kv_heads,
        head_dim: hd,
        q_stride: stride,
        ..
    } = call.dims;
    let cells = call.wide * CELL; // numbers of a cell of rows
    let [n_keys, n_queries] = [task.keys.len() * cells, PACKED * cells];
    let block = QUERIES * KEYS * CELL;
    let [
        k,
        k_turned,
        v_turned,
        q,
        q_turned,
        d_out,
        d_out_turned,
        shares,
        ds_right,
        ds_left,
    ] = scratch.operands.parts([
        n_keys, n_keys, n_keys, n_queries, n_queries, n_queries, n_queries, block, block, block,
    ]);
    let [dk, dv, dq, scores, lse, means] = scratch.sums.parts([
        n_keys,
        n_keys,
        n_queries,
        4 * CELL,
        PACKED * SIDE,
        PACKED * SIDE,
    ]);
    let sequence = &call.saved.qkv[task.batch * tq * stride..][..tq * stride];
    let columns = |head: usize| Matrix::rows(&sequence[head * hd..], tq, hd, stride);
    let row = task.keys.start * SIDE;
    pack(k, &columns(n_heads + task.kv_head), row, Form::Right);
    pack(
        k_turned,
        &columns(n_heads + task.kv_head),
        row,
        Form::RightTurned,
    );
    pack(
        v_turned,
        &columns(n_heads + n_kv_heads + task.kv_head),
        row,
        Form::RightTurned,
    );
    let [now, next, ..] = scores.as_chunks_mut().0.as_chunks_mut().0 else {
        return; // four cells are two pairs
    };
    let [shares, ds_right, ds_left] = [shares, ds_right, ds_left].map(|x| x.as_chunks_mut().0);
    dk.fill(0.0);
    dv.fill(0.0);

    let group = call.dims.group();
    for head in task.kv_head * group..(task.kv_head + 1) * group {
        let outs = [call.saved.o, call.d_o].map(|x| {
            Matrix::rows(
                &x[(task.batch * tq * n_heads + head) * hd..],
                tq,
                hd,
                n_heads * hd,
            )
        });
        // a cell of keys is not seen by earlier cells of queries
        for start in (task.keys.start..call.n_cells).step_by(PACKED) {
            let end = (start + PACKED).min(call.n_cells);
            let n = (end - start) * cells;
            let row = start * SIDE;
            pack(&mut q[..n], &columns(head), row, Form::Left);
            pack(&mut q_turned[..n], &columns(head), row, Form::LeftTurned);
            pack(&mut d_out[..n], &outs[1], row, Form::Left);
            pack(&mut d_out_turned[..n], &outs[1], row, Form::LeftTurned);
            means.fill(0.0);
            lse.fill(NOBODY);
            let saved = &call.saved.lse[(task.batch * n_heads + head) * tq..][..tq];
            for (i, row) in (row..tq.min(end * SIDE)).enumerate() {
                lse[i] = saved[row] * std::f32::consts::LOG2_E;
                means[i] = sum_of_products(outs.map(|x| &x.data[row * x.row_stride..][..hd]));
            }
            let dq = match call.partial.len() {
                0 => &mut dq[..n],
                _ => {
                    let heads = task.part * call.dims.b * n_heads + task.batch * n_heads + head;
                    // SAFETY: every task has a range of keys and heads of its own
                    unsafe {
                        call.partial
                            .slice((heads * call.n_cells + start) * cells, n)
                    }
                }
            };
            dq.fill(0.0);
            for keys in task.keys.clone().step_by(KEYS) {
                let keys = keys..(keys + KEYS).min(task.keys.end);
                for queries in (start..end).step_by(QUERIES) {
                    let block = Block {
                        tiles: &tiles,
                        seen: task.seen,
                        scale: call.dims.scale() as f32 * std::f32::consts::LOG2_E,
                        cells,
                        queries: queries..(queries + QUERIES).min(end),
                        keys: keys.clone(),
                    };
                    if block.seen.cells(block.queries.end - 1).end <= keys.start
                        || block.seen.cells(queries).start >= keys.end
                    {
                        continue;
                    }
                    let (at, key_at) = (
                        (queries - start) * cells,
                        (keys.start - task.keys.start) * cells,
                    );
                    let rows = (queries - start) * SIDE;
                    block.shares(
                        [
                            &q[at..],
                            &k_turned[key_at..],
                            &d_out[at..],
                            &v_turned[key_at..],
                        ],
                        [&lse[rows..], &means[rows..]],
                        [&mut *now, &mut *next],
                        [&mut *shares, &mut *ds_right, &mut *ds_left],
                    );
                    block.add_for_keys(&mut dv[key_at..], &d_out_turned[at..], shares);
                    block.add_for_keys(&mut dk[key_at..], &q_turned[at..], ds_right);
                    block.add_for_queries(&mut dq[at..], ds_left, &k[key_at..]);
                }
            }
            if call.partial.len() == 0 {
                for (i, dq) in dq.chunks_exact_mut(cells).enumerate() {
                    write(
                        call,
                        dq,
                        [task.batch, head, start + i],
                        false,
                        call.dims.scale(),
                    );
                }
            }
        }
    }
    for (i, cell) in task.keys.clone().enumerate() {
        let (dk, dv) = (&mut dk[i * cells..][..cells], &mut dv[i * cells..][..cells]);
        let head = n_heads + task.kv_head;
        write(call, dk, [task.batch, head, cell], true, call.dims.scale());
        write(call, dv, [task.batch, head + n_kv_heads, cell], true, 1.0);
    }
}

/// Some cells of queries and some cells of keys.
struct Block<'a> {
    tiles: &'a Tiles,
    seen: Seen<'a>,
    /// Scores in powers of two are this times products.
    scale: f32,
    /// Numbers of a cell of rows: 32 times the width of a head, filled up.
    cells: usize,
    queries: Range<usize>,
    keys: Range<usize>,
}

impl Block<'_> {
    /// Shares and gradients of scores, the latter short of the scale, of every cell that is seen.
    ///
    /// `operands` are q, kᵀ, do and vᵀ; `rows` what belongs to each query. Out come the shares
    /// as a right operand, and the gradients as one and as a left operand.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn shares(
        &self,
        operands: [&[bf16]; 4],
        [lse, means]: [&[f32]; 2],
        [now, next]: [&mut [Sums; 2]; 2],
        [shares, ds_right, ds_left]: [&mut [Operand]; 3],
    ) {
        let inside = |&(i, j): &(usize, usize)| {
            self.seen
                .cells(self.queries.start + i)
                .contains(&(self.keys.start + j))
        };
        let mut cells = (0..self.queries.len())
            .flat_map(|i| (0..self.keys.len()).map(move |j| (i, j)))
            .filter(inside);
        let (mut now, mut next) = (now, next);
        let mut ahead = cells.next();
        if let Some(cell) = ahead {
            self.products(cell, operands, now);
        }
        while let Some((i, j)) = ahead {
            // tiles work on the next cell while vectors work on this one
            ahead = cells.next();
            if let Some(cell) = ahead {
                self.products(cell, operands, next);
            }
            let (query, key) = (self.queries.start + i, self.keys.start + j);
            if !self.seen.all(query, key) {
                hide_columns(&mut now[0], &self.seen.bits(query, key));
            }
            let (right, left) = (j * QUERIES + i, i * KEYS + j);
            let outputs = [&mut shares[right], &mut ds_right[right], &mut ds_left[left]];
            let rows = [lse, means].map(|x| &x.as_chunks().0[i]);
            softmax_back(now, rows, self.scale, outputs);
            (now, next) = (next, now);
        }
    }

    /// Scores, short of the scale, and gradients of shares of one cell of the block.
    #[inline(always)]
    fn products(&self, (i, j): (usize, usize), operands: [&[bf16]; 4], into: &mut [Sums; 2]) {
        let ([q, k, d_out, v], wide) = (operands, self.cells / CELL);
        let (q, d_out) = (&q[i * self.cells..], &d_out[i * self.cells..]);
        let (k, v) = (&k[j * self.cells..], &v[j * self.cells..]);
        let [scores, d_shares] = into;
        self.tiles
            .product::<false>(scores, q, k, wide, [CELL, CELL]);
        self.tiles
            .product::<false>(d_shares, d_out, v, wide, [CELL, CELL]);
    }

    /// Adds, for every cell of keys, products with the cells of queries that see it; `sums` have
    /// the width of a head for rows.
    fn add_for_keys(&self, sums: &mut [f32], left: &[bf16], right: &[Operand]) {
        for (j, key) in self.keys.clone().enumerate() {
            let sees = |query: &usize| self.seen.cells(*query).contains(&key);
            let n = self.queries.clone().filter(sees).count(); // neighbours all
            let Some(first) = self.queries.clone().position(|query| sees(&query)) else {
                continue;
            };
            let right = right[j * QUERIES + first..].as_flattened();
            for i in 0..self.cells / CELL {
                let sum = &mut sums[j * self.cells + i * CELL..];
                let left = &left[first * self.cells + i * CELL..];
                self.tiles
                    .product::<true>(sum, left, right, n, [self.cells, CELL]);
            }
        }
    }

    /// Adds, for every cell of queries, products with the cells of keys that it sees.
    fn add_for_queries(&self, sums: &mut [f32], left: &[Operand], right: &[bf16]) {
        for (i, query) in self.queries.clone().enumerate() {
            let seen = self.seen.cells(query);
            let keys = seen.start.max(self.keys.start)..seen.end.min(self.keys.end);
            if keys.is_empty() {
                continue;
            }
            let first = keys.start - self.keys.start;
            let left = left[i * KEYS + first..].as_flattened();
            for j in 0..self.cells / CELL {
                let sum = &mut sums[i * self.cells + j * CELL..];
                let right = &right[first * self.cells + j * CELL..];
                self.tiles
                    .product::<true>(sum, left, right, keys.len(), [CELL, self.cells]);
            }
        }
    }
}

/// One cell of scores, and of gradients of shares, to operands; `rows` are lse in powers of two,
/// and Σ do·o, of the queries.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn softmax_back(
    [scores, d_shares]: &[Sums; 2],
    [lse, means]: [&[f32; SIDE]; 2],
    scale: f32,
    [shares, right, left]: [&mut Operand; 3],
) {
    let (scale, zero) = (_mm512_set1_ps(scale), _mm512_setzero_ps());
    for row in 0..16 {
        let mut p = [_mm512_setzero_si512(); 4];
        let mut ds = p;
        for tile in 0..4 {
            let at = tile * 256 + row * 16;
            let query = tile / 2 * 16 + row;
            let score = _mm512_fmsub_ps(load(scores, at), scale, _mm512_set1_ps(lse[query]));
            // no share is above 1, whatever huge scores round to; a score that is no number stays
            let share = exp2(_mm512_min_ps(zero, score));
            let grad = _mm512_sub_ps(load(d_shares, at), _mm512_set1_ps(means[query]));
            p[tile] = half_up(share);
            ds[tile] = half_up(_mm512_mul_ps(share, grad));
        }
        for half in 0..2 {
            let at = half * 512 + row * SIDE;
            store_pairs(shares, at, pairs(p[half], p[2 + half]));
            store_pairs(right, at, pairs(ds[half], ds[2 + half]));
            store_pairs(left, at, pairs(ds[2 * half], ds[2 * half + 1]));
        }
    }
}

/// Rounds a cell of rows of sums to the gradient of queries, keys or values: `[batch, head among
/// all heads of packed rows, cell]`. `turned` where a row of sums is a column of the gradient.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn write(call: &Call<'_>, sums: &[f32], place: [usize; 3], turned: bool, scale: f64) {
    let &Dims {
        tq,
        head_dim: hd,
        q_stride: stride,
        ..
    } = call.dims;
    let [batch, head, cell] = place;
    let first = cell * SIDE;
    let n = SIDE.min(tq - first);
    for (i, sums) in sums.chunks_exact(CELL).enumerate() {
        let row_of = |row: usize| {
            let at = (batch * tq + first + row) * stride + head * hd + i * SIDE;
            // SAFETY: every task has heads, and keys or queries, of its own
            unsafe { call.dqkv.slice(at, SIDE.min(hd - i * SIDE)) }
        };
        if !turned {
            for row in 0..n {
                store_row(row_of(row), sums, row, scale as f32);
            }
            continue;
        }
        for half in 0..2 {
            let rows = columns(sums, half, _mm512_set1_ps(scale as f32));
            for (row, numbers) in (16 * half..n).zip(rows) {
                store_first(row_of(row), numbers);
            }
        }
    }
}

/// Adds up what the ranges of keys left for a cell of queries of a head, and writes it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn add_up(call: &Call<'_>, head: usize, cell: usize) {
    let cells = call.wide * CELL;
    let of_range = call.dims.b * call.dims.n_heads;
    // SAFETY: all tasks that wrote these sums are done, and every cell is added up by one task
    let part = |range: usize| unsafe {
        let at = ((range * of_range + head) * call.n_cells + cell) * cells;
        call.partial.slice(at, cells)
    };
    let sums = part(0);
    for range in 1..=cell / call.range {
        sums.iter_mut()
            .zip(part(range))
            .for_each(|(sum, x)| *sum += *x);
    }
    let n_heads = call.dims.n_heads;
    write(
        call,
        sums,
        [head / n_heads, head % n_heads, cell],
        false,
        call.dims.scale(),
    );
}
