//! AdamW over threads.

use std::ops::Range;

use rayon::prelude::*;

use super::step::Rates;
use super::{State, Step};
use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::simd::simd;

/// Parameters one task works on.
const PARAMS: usize = 1 << 14;

simd! {
    fn update_some<FMA>(state: State<'_, f32>, grads: &[f32], rates: Rates) {
        let [keep1, keep2] = rates.keep.map(|x| x as f32);
        let [take1, take2] = rates.take.map(|x| x as f32);
        let (size, root, eps) = (rates.size as f32, rates.root as f32, rates.eps as f32);
        let (shrink, grad_scale) = (rates.shrink as f32, rates.grad_scale as f32);
        let moments = state.m.iter_mut().zip(state.v);
        for ((p, &g), (m, v)) in state.params.iter_mut().zip(grads).zip(moments) {
            let g = g * grad_scale;
            *m = *m * keep1 + g * take1;
            *v = *v * keep2 + g * g * take2;
            *p = *p * shrink - size * *m / (v.sqrt() * root + eps);
        }
    }
}

pub(in crate::engine::ops) fn update(
    cpu: &Cpu,
    state: State<'_, f32>,
    grads: &[f32],
    decays: &[(Range<usize>, bool)],
    step: &Step,
) {
    cpu.install(|| {
        for (range, decays) in decays {
            let rates = step.rates(*decays);
            let params = state.params[range.clone()].par_chunks_mut(PARAMS);
            let m = state.m[range.clone()].par_chunks_mut(PARAMS);
            let v = state.v[range.clone()].par_chunks_mut(PARAMS);
            let grads = grads[range.clone()].par_chunks(PARAMS);
            params
                .zip(m)
                .zip(v)
                .zip(grads)
                .for_each(|(((params, m), v), grads)| {
                    update_some(cpu.isa, State { params, m, v }, grads, rates);
                });
        }
    });
}
