//! SwiGLU, plainly.

use crate::engine::ops::Real;

pub(in crate::engine::ops) fn forward<T: Real>(act: &mut [T], gate_up: &[T], d_ff: usize) {
    for (act, gate_up) in act
        .chunks_exact_mut(d_ff)
        .zip(gate_up.chunks_exact(2 * d_ff))
    {
        let (gate, up) = gate_up.split_at(d_ff);
        for ((act, &g), &u) in act.iter_mut().zip(gate).zip(up) {
            *act = g * sigmoid(g) * u;
        }
    }
}

pub(in crate::engine::ops) fn backward<T: Real>(
    d_gate_up: &mut [T],
    d_act: &[T],
    gate_up: &[T],
    d_ff: usize,
) {
    let rows = d_gate_up
        .chunks_exact_mut(2 * d_ff)
        .zip(d_act.chunks_exact(d_ff));
    for ((d_gate_up, d_act), gate_up) in rows.zip(gate_up.chunks_exact(2 * d_ff)) {
        for j in 0..d_ff {
            let (g, u, s) = (gate_up[j], gate_up[d_ff + j], sigmoid(gate_up[j]));
            d_gate_up[j] = d_act[j] * u * s * (T::ONE + g * (T::ONE - s));
            d_gate_up[d_ff + j] = d_act[j] * g * s;
        }
    }
}

fn sigmoid<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}
