//! SwiGLU, plainly.

use crate::engine::ops::{Real, Stored};

pub(in crate::engine::ops) fn forward<T: Real, A: Stored<T>>(
    act: &mut [A],
    gate_up: &[A],
    d_ff: usize,
) {
    for (act, gate_up) in act
        .chunks_exact_mut(d_ff)
        .zip(gate_up.chunks_exact(2 * d_ff))
    {
        let (gate, up) = gate_up.split_at(d_ff);
        for ((act, g), u) in act.iter_mut().zip(gate).zip(up) {
            *act = A::put(g.get() * sigmoid(g.get()) * u.get());
        }
    }
}

pub(in crate::engine::ops) fn backward<T: Real, A: Stored<T>>(
    [d_gate_up, act]: [&mut [A]; 2],
    d_act: &[A],
    gate_up: &[A],
    d_ff: usize,
) {
    forward(act, gate_up, d_ff);
    let rows = d_gate_up
        .chunks_exact_mut(2 * d_ff)
        .zip(d_act.chunks_exact(d_ff));
    for ((d_gate_up, d_act), gate_up) in rows.zip(gate_up.chunks_exact(2 * d_ff)) {
        for j in 0..d_ff {
            let (g, u, d_act) = (gate_up[j].get(), gate_up[d_ff + j].get(), d_act[j].get());
            let s = sigmoid(g);
            d_gate_up[j] = A::put(d_act * u * s * (T::ONE + g * (T::ONE - s)));
            d_gate_up[d_ff + j] = A::put(d_act * g * s);
        }
    }
}

fn sigmoid<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}
