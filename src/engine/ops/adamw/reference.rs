//! AdamW, plainly.

use std::ops::Range;

use super::{State, Step};
use crate::engine::ops::{Real, Stored};

pub(in crate::engine::ops) fn update<T: Real, A: Stored<T>>(
    state: State<'_, T, A>,
    grads: &[T],
    decays: &[(Range<usize>, bool)],
    step: &Step,
) {
    for (range, decays) in decays {
        let rates = step.rates(*decays);
        let [keep1, keep2] = rates.keep.map(T::of);
        let [take1, take2] = rates.take.map(T::of);
        let (size, root, eps) = (T::of(rates.size), T::of(rates.root), T::of(rates.eps));
        let (shrink, grad_scale) = (T::of(rates.shrink), T::of(rates.grad_scale));
        for i in range.clone() {
            let g = grads[i] * grad_scale;
            let (m, v) = (&mut state.m[i], &mut state.v[i]);
            *m = *m * keep1 + g * take1;
            *v = *v * keep2 + g * g * take2;
            state.params[i] = state.params[i] * shrink - size * *m / (v.sqrt() * root + eps);
            if let Some(copy) = state.copy.get_mut(i) {
                *copy = A::put(state.params[i]);
            }
        }
    }
}
