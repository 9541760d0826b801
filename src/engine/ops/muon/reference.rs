//! Muon, plainly.

use std::ops::Range;

use super::step::{COEFFICIENTS, EPS, ROUNDS};
use super::{State, Step};
use crate::engine::ops::{Real, Stored};

pub(in crate::engine::ops) fn update<T: Real, A: Stored<T>>(
    state: State<'_, T, A>,
    grads: &[T],
    matrices: &[(Range<usize>, [usize; 2])],
    step: &Step,
) {
    for (range, shape) in matrices {
        let rates = step.rates(*shape);
        let [keep, take] = [rates.keep, rates.take].map(T::of);
        let [size, shrink] = [rates.size, rates.shrink].map(T::of);
        let momentum = state.m[range.clone()].iter_mut();
        let x = momentum.zip(&grads[range.clone()]).map(|(m, &g)| {
            *m = *m * keep + g * take;
            *m * keep + g * take
        });
        let x = orthogonal(x.collect(), *shape);
        for (i, x) in range.clone().zip(x) {
            state.params[i] = state.params[i] * shrink - size * x;
            if let Some(copy) = state.copy.get_mut(i) {
                *copy = A::put(state.params[i]);
            }
        }
    }
}

/// x[rows, cols] with its singular values moved near 1.
pub(super) fn orthogonal<T: Real>(mut x: Vec<T>, [rows, cols]: [usize; 2]) -> Vec<T> {
    if rows > cols {
        let turned = orthogonal(transposed(&x, [rows, cols]), [cols, rows]);
        return transposed(&turned, [cols, rows]);
    }
    let [a, b, c] = COEFFICIENTS.map(T::of);
    let norm = x.iter().map(|&x| x * x).sum::<T>().sqrt();
    let norm = norm.max(T::of(EPS));
    x.iter_mut().for_each(|x| *x = *x / norm);
    for _ in 0..ROUNDS {
        let gram = product(&x, &transposed(&x, [rows, cols]), [rows, cols, rows]);
        let square = product(&gram, &gram, [rows; 3]);
        let pairs = gram.iter().zip(&square);
        let mix: Vec<T> = pairs.map(|(&g, &s)| b * g + c * s).collect();
        let mixed = product(&mix, &x, [rows, rows, cols]);
        let pairs = x.iter_mut().zip(&mixed);
        pairs.for_each(|(x, &y)| *x = a * *x + y);
    }
    x
}

/// a[m,k] · b[k,n]
fn product<T: Real>(a: &[T], b: &[T], [m, k, n]: [usize; 3]) -> Vec<T> {
    let mut c = vec![T::ZERO; m * n];
    for i in 0..m {
        for p in 0..k {
            for j in 0..n {
                c[i * n + j] += a[i * k + p] * b[p * n + j];
            }
        }
    }
    c
}

/// x[rows, cols]ᵀ
fn transposed<T: Real>(x: &[T], [rows, cols]: [usize; 2]) -> Vec<T> {
    let places = (0..cols).flat_map(|j| (0..rows).map(move |i| i * cols + j));
    places.map(|i| x[i]).collect()
}
