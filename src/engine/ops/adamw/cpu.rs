//! AdamW over threads.

use std::ops::Range;

use rayon::prelude::*;

use super::step::Rates;
use super::{State, Step};
use crate::engine::ops::cpu::{Cpu, Number};
use crate::engine::ops::gemm::Shared;
use crate::engine::ops::simd::simd;

/// Parameters one task works on.
const PARAMS: usize = 1 << 14;

simd! {
    fn update_some<FMA, A: Number>(state: State<'_, f32, A>, grads: &[f32], rates: Rates) {
        let [keep1, keep2] = rates.keep.map(|x| x as f32);
        let [take1, take2] = rates.take.map(|x| x as f32);
        let (size, root, eps) = (rates.size as f32, rates.root as f32, rates.eps as f32);
        let (shrink, grad_scale) = (rates.shrink as f32, rates.grad_scale as f32);
        let State { params, m, v, copy } = state;
        for ((p, &g), (m, v)) in params.iter_mut().zip(grads).zip(m.iter_mut().zip(v)) {
            let g = g * grad_scale;
            *m = *m * keep1 + g * take1;
            *v = *v * keep2 + g * g * take2;
            *p = *p * shrink - size * *m / (v.sqrt() * root + eps);
        }
        // the parameters are still in the first-level cache
        copy.iter_mut().zip(params).for_each(|(copy, &mut p)| *copy = A::narrow(p));
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
            update_some(cpu.isa, state, &grads[range], step.rates(decays));
        });
    });
}
