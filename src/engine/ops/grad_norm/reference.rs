//! Norm of the gradients, plainly.

use crate::engine::ops::Real;

pub(in crate::engine::ops) fn norm<T: Real>(grads: &[T]) -> f64 {
    grads
        .iter()
        .map(|g| g.wide() * g.wide())
        .sum::<f64>()
        .sqrt()
}
