//! Attention of some rows over the pages of their texts.
//!
//! Softmax is added up page by page, with the largest score so far as its base (Milakov and
//! Gimelshein 2018; Dao et al. 2022). All queries that share a key head, and some rows of a text,
//! go together, so that a page is widened once for them.

use std::cell::RefCell;

use super::super::gemm::Shared;
use super::super::simd::{Isa, LANES, Lanes, exp, fma, max, simd, sum_lanes};
use super::super::team::Team;
use super::pages::{PAGE, Pages};
#[cfg(target_arch = "aarch64")]
use super::{super::simd::Level, neon};

/// Queries that go together, where there are so many.
const QUERIES: usize = 96;
/// Queries side by side in registers.
const FOUR: usize = 4;

/// The heads of a layer.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Heads {
    /// Query heads, H.
    pub(in crate::engine) n_heads: usize,
    /// Key and value heads, KV.
    pub(in crate::engine) n_kv_heads: usize,
    /// Width of a head, hd.
    pub(in crate::engine) head_dim: usize,
    /// What scores are multiplied with.
    pub(in crate::engine) scale: f32,
    /// Positions that a row sees, itself counted; none: all before it.
    pub(in crate::engine) window: Option<usize>,
}

/// Rows of one text.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Span<'a> {
    /// Its first row.
    pub(in crate::engine) row: usize,
    /// Rows.
    pub(in crate::engine) n: usize,
    /// Position of its first row.
    pub(in crate::engine) pos: usize,
    /// Pages of the text, up to the last row.
    pub(in crate::engine) pages: &'a [usize],
}

/// Memory of a thread.
#[derive(Default)]
struct Own {
    q: Vec<f32>,      // [r/4, hd, 4], scaled, with zeros behind the last query
    keys: Vec<f32>,   // [hd, PAGE]
    values: Vec<f32>, // [PAGE, hd]
    scores: Vec<f32>, // [r, PAGE]
    o: Vec<f32>,      // [r, hd]
    tops: Vec<f32>,   // [r]
    sums: Vec<f32>,   // [r]
}

thread_local! {
    static OWN: RefCell<Own> = RefCell::default();
}

/// Work of one thread: some rows of a span, one key head.
struct Task<'a> {
    span: Span<'a>,
    head: usize,
}

/// `o[n, H·hd]` of `q[n, H·hd]` over the kept keys and values of a layer, up to each row's own.
pub(in crate::engine) fn attend(
    isa: Isa,
    team: &mut Team,
    [o, q]: [&mut [f32]; 2],
    spans: &[Span<'_>],
    (pages, layer): (&Pages, usize),
    heads: Heads,
) {
    let q = &*q;
    let group = heads.n_heads / heads.n_kv_heads;
    let rows = (QUERIES / group).max(1);
    let mut tasks = Vec::new();
    for span in spans {
        for from in (0..span.n).step_by(rows) {
            let part = Span {
                row: span.row + from,
                n: rows.min(span.n - from),
                pos: span.pos + from,
                pages: span.pages,
            };
            tasks.extend((0..heads.n_kv_heads).map(|head| Task { span: part, head }));
        }
    }
    let o = Shared::new(o);
    team.run(tasks.len(), &|i| {
        // those of the last rows, which see most, first
        let task = &tasks[tasks.len() - 1 - i];
        OWN.with_borrow_mut(|own| own.go(isa, o, q, task, (pages, layer), heads));
    });
}

impl Own {
    fn go(
        &mut self,
        isa: Isa,
        o: Shared<'_, f32>,
        q: &[f32],
        task: &Task<'_>,
        (pages, layer): (&Pages, usize),
        heads: Heads,
    ) {
        let Heads { head_dim: hd, .. } = heads;
        let group = heads.n_heads / heads.n_kv_heads;
        let Span { row, n, pos, .. } = task.span;
        let width = heads.n_heads * hd;
        let n_queries = n * group;
        let padded = n_queries.next_multiple_of(FOUR);
        self.q.clear();
        self.q.resize(padded * hd, 0.0);
        for query in 0..n_queries {
            let head = task.head * group + query % group;
            let q = &q[(row + query / group) * width + head * hd..][..hd];
            let into = &mut self.q[query / FOUR * FOUR * hd..][..FOUR * hd];
            for (into, q) in into.as_chunks_mut::<FOUR>().0.iter_mut().zip(q) {
                into[query % FOUR] = q * heads.scale;
            }
        }
        self.keys.resize(hd * PAGE, 0.0);
        self.values.resize(hd * PAGE, 0.0);
        self.scores.resize(padded * PAGE, 0.0);
        self.o.clear();
        self.o.resize(padded * hd, 0.0);
        self.tops.clear();
        self.tops.resize(padded, f32::NEG_INFINITY);
        self.sums.clear();
        self.sums.resize(padded, 0.0);
        let seen_from = |pos: usize| heads.window.map_or(0, |w| (pos + 1).saturating_sub(w));
        for page in seen_from(pos) / PAGE..(pos + n).div_ceil(PAGE) {
            let from = page * PAGE;
            let (keys, values) = (&mut self.keys, &mut self.values);
            pages.read(isa, task.span.pages[page], layer, task.head, keys, values);
            score(isa, &mut self.scores, &self.q, keys);
            for (query, scores) in self.scores.chunks_exact_mut(PAGE).enumerate() {
                let pos = pos + (query / group).min(n - 1);
                let first = seen_from(pos).saturating_sub(from).min(PAGE);
                let end = (pos + 1).saturating_sub(from).min(PAGE);
                scores[..first].fill(f32::NEG_INFINITY);
                scores[end.max(first)..].fill(f32::NEG_INFINITY);
            }
            let state = [&mut self.o[..], &mut self.tops, &mut self.sums];
            soften(isa, &mut self.scores, state);
            weigh(isa, &mut self.o, &self.scores, values);
        }
        for (query, from) in self.o.chunks_exact(hd).enumerate().take(n_queries) {
            let at = (row + query / group) * width + (task.head * group + query % group) * hd;
            let by = 1.0 / self.sums[query];
            // SAFETY: these outputs are of this task alone
            let to = unsafe { o.slice(at, hd) };
            to.iter_mut().zip(from).for_each(|(to, o)| *to = o * by);
        }
    }
}

/// `scores[r,PAGE]` = q · `keys[hd,PAGE]`, with `q[r/4,hd,4]`
fn score(isa: Isa, scores: &mut [f32], q: &[f32], keys: &[f32]) {
    #[cfg(target_arch = "aarch64")]
    if isa.level() == Level::Neon {
        return neon::score(scores, q, keys);
    }
    score_lanes(isa, scores, q, keys);
}

/// `o[r,hd]` += `weights[r,PAGE]` · `values[PAGE,hd]`, for r a multiple of four
fn weigh(isa: Isa, o: &mut [f32], weights: &[f32], values: &[f32]) {
    #[cfg(target_arch = "aarch64")]
    if isa.level() == Level::Neon {
        let done = neon::weigh(o, weights, values);
        return weigh_rest(o, weights, values, done);
    }
    weigh_lanes(isa, o, weights, values);
}

/// The same of the numbers of a line from `done` on.
#[inline(always)]
fn weigh_rest(o: &mut [f32], weights: &[f32], values: &[f32], done: usize) {
    let hd = values.len() / PAGE;
    for (o, weights) in o.chunks_exact_mut(hd).zip(weights.chunks_exact(PAGE)) {
        for (at, o) in o.iter_mut().enumerate().skip(done) {
            for (weight, line) in weights.iter().zip(values.chunks_exact(hd)) {
                *o += weight * line[at];
            }
        }
    }
}

// Loops over LANES alone become vectors; sums are taken out and put back, so that they stay in
// registers; and nothing inside is compared with a length.
simd! {
    fn score_lanes<FMA>(scores: &mut [f32], q: &[f32], keys: &[f32]) {
        let hd = keys.len() / PAGE;
        let q = q.as_chunks::<FOUR>().0;
        let keys = keys.as_chunks::<LANES>().0.as_chunks::<2>().0;
        let scores = scores.as_chunks_mut::<LANES>().0.as_chunks_mut::<2>().0;
        for (scores, q) in scores.as_chunks_mut::<FOUR>().0.iter_mut().zip(q.chunks_exact(hd)) {
            let mut sums = [[[0.0; LANES]; 2]; FOUR];
            for (keys, q) in keys.iter().zip(q) {
                let keys: [Lanes; 2] = *keys;
                for r in 0..FOUR {
                    for half in 0..2 {
                        let mut sum: Lanes = sums[r][half];
                        for lane in 0..LANES {
                            sum[lane] = fma::<FMA>(q[r], keys[half][lane], sum[lane]);
                        }
                        sums[r][half] = sum;
                    }
                }
            }
            *scores = sums;
        }
    }
}

simd! {
    /// Scores to weights, with what was added up before brought to the same base.
    fn soften<FMA>(scores: &mut [f32], state: [&mut [f32]; 3]) {
        let [o, tops, sums] = state;
        let hd = o.len() / tops.len().max(1);
        let rows = scores.as_chunks_mut::<PAGE>().0.iter_mut().zip(o.chunks_exact_mut(hd));
        for ((scores, o), (top, sum)) in rows.zip(tops.iter_mut().zip(sums)) {
            let largest = max(&scores[..]);
            if largest == f32::NEG_INFINITY {
                scores.fill(0.0); // nothing of this page is seen
                continue;
            }
            if largest > *top {
                let by = if *top == f32::NEG_INFINITY { 0.0 } else { exp::<FMA>(*top - largest) };
                *sum *= by;
                o.iter_mut().for_each(|o| *o *= by);
                *top = largest;
            }
            let mut total = [0.0; LANES];
            for part in scores.as_chunks_mut::<LANES>().0 {
                for lane in 0..LANES {
                    let seen = part[lane] > f32::NEG_INFINITY;
                    let weight = exp::<FMA>(part[lane] - *top);
                    part[lane] = if seen { weight } else { 0.0 };
                    total[lane] += part[lane];
                }
            }
            *sum += sum_lanes(total);
        }
    }
}

simd! {
    fn weigh_lanes<FMA>(o: &mut [f32], weights: &[f32], values: &[f32]) {
        const WIDE: usize = 2 * LANES;
        let hd = values.len() / PAGE;
        let fours = weights.as_chunks::<PAGE>().0.as_chunks::<FOUR>().0;
        for (o, weights) in o.chunks_exact_mut(FOUR * hd).zip(fours) {
            let mut at = 0;
            while at + WIDE <= hd {
                let mut sums = [[[0.0; LANES]; 2]; FOUR];
                for r in 0..FOUR {
                    for half in 0..2 {
                        sums[r][half].copy_from_slice(&o[r * hd + at + half * LANES..][..LANES]);
                    }
                }
                let mut line = &values[at..];
                #[allow(clippy::needless_range_loop)] // of four rows at once
                for p in 0..PAGE {
                    let Some([first, last]) = line.as_chunks::<LANES>().0.first_chunk() else {
                        break; // every line is so long
                    };
                    let values: [Lanes; 2] = [*first, *last];
                    for r in 0..FOUR {
                        for half in 0..2 {
                            let mut sum: Lanes = sums[r][half];
                            for lane in 0..LANES {
                                sum[lane] = fma::<FMA>(weights[r][p], values[half][lane], sum[lane]);
                            }
                            sums[r][half] = sum;
                        }
                    }
                    line = line.get(hd..).unwrap_or_default();
                }
                for r in 0..FOUR {
                    for half in 0..2 {
                        o[r * hd + at + half * LANES..][..LANES].copy_from_slice(&sums[r][half]);
                    }
                }
                at += WIDE;
            }
            weigh_rest(o, weights.as_flattened(), values, at);
        }
    }
}
