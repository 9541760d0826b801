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

use super::block::{Block, KEYS, QUERIES};
use super::lanes::{columns, store_first, store_row, sum_of_products};
use super::pack::{Form, pack};
use super::scratch::{Room, Scratch};
use super::seen::Seen;
use crate::engine::ops::attention::Dims;
use crate::engine::ops::gemm::amx::tile::Tiles;
use crate::engine::ops::gemm::amx::{CELL, SIDE};
use crate::engine::ops::gemm::{Matrix, Shared};
use crate::engine::ops::simd::{Isa, Level};

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
    dqkv: Shared<'a, bf16>,
    d_o: &'a [bf16],
    saved: Saved<'a>,
    dims: &'a Dims,
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
    assert!(isa.level() == Level::Amx, "tiles where there are none");
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
    let mut room = PARTIAL.take(); // taken, for a waiting thread may begin another call
    let [partial] = room.parts([n_partial]);
    let call = Call {
        dqkv: Shared::new(dqkv),
        d_o,
        saved,
        dims,
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
        // SAFETY: the level asserted above has these vectors
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
    PARTIAL.set(room);
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
    let tiles = Tiles::enter();
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
