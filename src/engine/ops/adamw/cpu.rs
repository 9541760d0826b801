//! AdamW over threads.

use std::ops::Range;

use rayon::prelude::*;

use super::step::Rates;
use super::{State, Step};
use crate::engine::ops::cpu::{Cpu, Number};
use crate::engine::ops::gemm::Shared;
use crate::engine::ops::simd::{LANES, Lanes, ask_ahead, padded, simd};

/// Parameters one task works on.
const PARAMS: usize = 1 << 14;

/// The numbers of a step in f32.
#[derive(Clone, Copy)]
struct Narrow {
    keep: [f32; 2],
    take: [f32; 2],
    size: f32,
    root: f32,
    eps: f32,
    shrink: f32,
    grad_scale: f32,
}

impl Narrow {
    fn of(rates: &Rates) -> Self {
        Narrow {
            keep: rates.keep.map(|x| x as f32),
            take: rates.take.map(|x| x as f32),
            size: rates.size as f32,
            root: rates.root as f32,
            eps: rates.eps as f32,
            shrink: rates.shrink as f32,
            grad_scale: rates.grad_scale as f32,
        }
    }
}

/// Parameters and both moments after a step.
#[inline(always)]
fn stepped(p: &Lanes, m: &Lanes, v: &Lanes, grads: &Lanes, rates: &Narrow) -> [Lanes; 3] {
    let [mut p, mut m, mut v] = [*p, *m, *v];
    for lane in 0..LANES {
        let g = grads[lane] * rates.grad_scale;
        m[lane] = m[lane] * rates.keep[0] + g * rates.take[0];
        v[lane] = v[lane] * rates.keep[1] + g * g * rates.take[1];
        let step = rates.size * m[lane] / (v[lane].sqrt() * rates.root + rates.eps);
        p[lane] = p[lane] * rates.shrink - step;
    }
    [p, m, v]
}

/// The copy is rounded as a copy of kept parameters is, so that a run goes on as if it never
/// stopped.
#[inline(always)]
fn copied<A: Number>(p: &Lanes) -> [A; LANES] {
    let mut copy = [A::narrow(0.0); LANES];
    for lane in 0..LANES {
        copy[lane] = A::narrow(p[lane]);
    }
    copy
}

simd! {
    fn update_some<FMA, A: Number>(state: State<'_, f32, A>, grads: &[f32], rates: Narrow) {
        let (p, p_rest) = state.params.as_chunks_mut::<LANES>();
        let (m, m_rest) = state.m.as_chunks_mut::<LANES>();
        let (v, v_rest) = state.v.as_chunks_mut::<LANES>();
        let (copy, copy_rest) = state.copy.as_chunks_mut::<LANES>();
        let (grads, grads_rest) = grads.as_chunks::<LANES>();
        let mut copy = copy.iter_mut();
        for ((p, g), (m, v)) in p.iter_mut().zip(grads).zip(m.iter_mut().zip(v)) {
            [&*p, &*m, &*v, g].into_iter().for_each(ask_ahead);
            [*p, *m, *v] = stepped(p, m, v, g, &rates);
            if let Some(copy) = copy.next() {
                *copy = copied(p);
            }
        }
        if !p_rest.is_empty() {
            let [p, m, v, g] = [&*p_rest, m_rest, v_rest, grads_rest].map(|rest| padded(rest, 0.0));
            let stepped = stepped(&p, &m, &v, &g, &rates);
            copy_rest.copy_from_slice(&copied(&stepped[0])[..copy_rest.len()]);
            for (rest, stepped) in [p_rest, m_rest, v_rest].into_iter().zip(stepped) {
                rest.copy_from_slice(&stepped[..rest.len()]);
            }
        }
    }
}

/// A buffer that every task takes its own part of, or none where it is empty.
fn part<E>(all: Shared<'_, E>, start: usize, len: usize) -> &mut [E] {
    let len = if all.len() == 0 { 0 } else { len };
    // SAFETY: parts of different tasks are disjoint, and a task takes its part once
    unsafe { all.slice(start.min(all.len()), len) }
}

pub(in crate::engine::ops) fn update<A: Number>(
    cpu: &Cpu,
    state: State<'_, f32, A>,
    grads: &[f32],
    decays: &[(Range<usize>, bool)],
    step: &Step,
) {
    let n_tasks = |(range, _): &(Range<usize>, bool)| range.len().div_ceil(PARAMS);
    let tasks: Vec<(Range<usize>, bool)> = decays
        .iter()
        .flat_map(|row| (0..n_tasks(row)).map(move |i| (row, i * PARAMS)))
        .map(|((range, decays), at)| {
            let start = range.start + at;
            (start..range.end.min(start + PARAMS), *decays)
        })
        .collect();
    let [params, m, v] = [state.params, state.m, state.v].map(Shared::new);
    let copy = Shared::new(state.copy);
    cpu.install(|| {
        tasks.into_par_iter().for_each(|(range, decays)| {
            let (start, len) = (range.start, range.len());
            let state = State {
                params: part(params, start, len),
                m: part(m, start, len),
                v: part(v, start, len),
                copy: part(copy, start, len),
            };
            update_some(
                cpu.isa,
                state,
                &grads[range],
                Narrow::of(&step.rates(decays)),
            );
        });
    });
}
