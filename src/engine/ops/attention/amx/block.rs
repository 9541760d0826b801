//! One block of the backward pass: shares and gradients of scores of some cells of queries and
//! keys, and what they add to the gradients of both.

use std::arch::x86_64::*;
use std::ops::Range;

use half::bf16;

use super::lanes::{exp2, half_up, hide_columns, load, pairs, store_pairs};
use super::seen::Seen;
use crate::engine::ops::gemm::amx::tile::Tiles;
use crate::engine::ops::gemm::amx::{CELL, SIDE};

/// Cells of queries in a block, and of keys: their operands stay in the second cache.
pub(super) const QUERIES: usize = 4;
pub(super) const KEYS: usize = 4;
/// A cell of sums, and of an operand.
pub(super) type Sums = [f32; CELL];
pub(super) type Operand = [bf16; CELL];

/// Some cells of queries and some cells of keys.
pub(super) struct Block<'a> {
    pub(super) tiles: &'a Tiles,
    pub(super) seen: Seen<'a>,
    /// Scores in powers of two are this times products.
    pub(super) scale: f32,
    /// Numbers of a cell of rows: 32 times the width of a head, filled up.
    pub(super) cells: usize,
    pub(super) queries: Range<usize>,
    pub(super) keys: Range<usize>,
}

impl Block<'_> {
    /// Shares and gradients of scores, the latter short of the scale, of every cell that is seen.
    ///
    /// `operands` are q, kᵀ, do and vᵀ; `rows` what belongs to each query. Out come the shares
    /// as a right operand, and the gradients as one and as a left operand.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) fn shares(
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
    pub(super) fn add_for_keys(&self, sums: &mut [f32], left: &[bf16], right: &[Operand]) {
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
    pub(super) fn add_for_queries(&self, sums: &mut [f32], left: &[Operand], right: &[bf16]) {
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
