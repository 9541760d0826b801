//! The softmax of a cell of queries over blocks of keys, with sums that are scaled down where a
//! score far above all before turns up (online, as Milakov and Gimelshein 2018).

use std::arch::x86_64::*;

use half::bf16;

use super::lanes::{exp2, half_up, load, pairs, store, store_pairs};
use crate::engine::ops::gemm::amx::CELL;

/// Shares may grow to 2^this before everything is scaled down; both kinds of numbers have room.
const SLACK: f32 = 8.0;
/// Stands for the largest score, in powers of two, before there is one.
const NONE: f32 = -1e30;

/// What the blocks of keys so far make of a cell of queries, in two times 16 lanes.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// Scores in powers of two are taken less this.
    pub(super) top: [__m512; 2],
    /// Sums of shares.
    pub(super) sum: [__m512; 2],
    /// Whether there is no output yet.
    pub(super) fresh: bool,
}

impl State {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) fn new() -> Self {
        State {
            top: [_mm512_set1_ps(NONE); 2],
            sum: [_mm512_setzero_ps(); 2],
            fresh: true,
        }
    }

    /// Looks at new scores, keys (rows) by queries (columns): where they are too large, the sums
    /// and the output so far, width (rows) by queries (columns), are scaled down.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) fn raise(&mut self, scores: &[[f32; CELL]], scale: f32, out: &mut [f32]) {
        for half in 0..2 {
            // four maxima, so that none waits for the one before it
            let mut tops = [_mm512_set1_ps(f32::NEG_INFINITY); 4];
            for cell in scores {
                for i in 0..16 {
                    let at = half * 256 + i * 16;
                    tops[i % 2] = _mm512_max_ps(tops[i % 2], load(cell, at));
                    tops[2 + i % 2] = _mm512_max_ps(tops[2 + i % 2], load(cell, at + 512));
                }
            }
            let [a, b, c, d] = tops;
            let top = _mm512_max_ps(_mm512_max_ps(a, b), _mm512_max_ps(c, d));
            let top = _mm512_mul_ps(top, _mm512_set1_ps(scale));
            let old = self.top[half];
            let allowed = _mm512_add_ps(old, _mm512_set1_ps(SLACK));
            if _mm512_cmp_ps_mask::<_CMP_GT_OQ>(top, allowed) == 0 {
                continue;
            }
            let new = _mm512_max_ps(old, top);
            let factor = exp2(_mm512_sub_ps(old, new));
            self.top[half] = new;
            self.sum[half] = _mm512_mul_ps(self.sum[half], factor);
            if self.fresh {
                continue;
            }
            for cell in out.chunks_exact_mut(CELL) {
                for i in 0..32 {
                    let at = i / 16 * 512 + half * 256 + i % 16 * 16;
                    store(cell, at, _mm512_mul_ps(load(cell, at), factor));
                }
            }
        }
    }

    /// Scores of a cell to shares, as a right operand, for one half of the queries.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) fn shares(
        &mut self,
        scores: &[f32; CELL],
        shares: &mut [bf16; CELL],
        half: usize,
        scale: f32,
    ) {
        let (scale, top) = (_mm512_set1_ps(scale), self.top[half]);
        let mut sums = [_mm512_setzero_ps(); 2];
        for i in 0..16 {
            let at = half * 256 + i * 16;
            // rounded as the top was, so that the largest of huge scores is no more and no less
            let power = |at| _mm512_sub_ps(_mm512_mul_ps(load(scores, at), scale), top);
            let (a, b) = (exp2(power(at)), exp2(power(at + 512)));
            sums = [_mm512_add_ps(sums[0], a), _mm512_add_ps(sums[1], b)];
            store_pairs(shares, half * 512 + i * 32, pairs(half_up(a), half_up(b)));
        }
        self.sum[half] = _mm512_add_ps(self.sum[half], _mm512_add_ps(sums[0], sums[1]));
    }
}
