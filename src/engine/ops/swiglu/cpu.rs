//! SwiGLU over threads.

use rayon::prelude::*;

use crate::engine::ops::cpu::{Cpu, Number, ROWS};
use crate::engine::ops::simd::{
    LANES, exp, exp2_about, fma, inverse_about, narrow, padded, simd, widen,
};

/// 1 / (1 + e^-x), to 3e-4 of itself where the results are rounded to bf16.
#[inline(always)]
fn sigmoid<const FMA: bool, A: Number>(x: f32) -> f32 {
    const MOST: f32 = 100.0; // 2^100 has an inverse among the normal numbers
    if size_of::<A>() < size_of::<f32>() {
        let power = -std::f32::consts::LOG2_E * x;
        let power = if power > MOST { MOST } else { power };
        inverse_about::<FMA>(1.0 + exp2_about::<FMA>(power))
    } else {
        1.0 / (1.0 + exp::<FMA>(-x))
    }
}

#[inline(always)]
fn forward_lanes<const FMA: bool, A: Number>(g: &[A; LANES], u: &[A; LANES]) -> [A; LANES] {
    let (g, u) = (widen(g), widen(u));
    let mut act = [0.0; LANES];
    for lane in 0..LANES {
        act[lane] = g[lane] * sigmoid::<FMA, A>(g[lane]) * u[lane];
    }
    narrow(&act)
}

/// d_gate, d_up and act.
#[inline(always)]
fn backward_lanes<const FMA: bool, A: Number>(
    d_act: &[A; LANES],
    g: &[A; LANES],
    u: &[A; LANES],
) -> [[A; LANES]; 3] {
    let (d_act, g, u) = (widen(d_act), widen(g), widen(u));
    let [mut d_gate, mut d_up, mut act] = [[0.0; LANES]; 3];
    for lane in 0..LANES {
        let (g, u, d_act) = (g[lane], u[lane], d_act[lane]);
        let s = sigmoid::<FMA, A>(g);
        let silu = g * s;
        // the slope s·(1 + g·(1 − s)) is s + silu·(1 − s)
        d_gate[lane] = d_act * u * fma::<FMA>(silu, 1.0 - s, s);
        d_up[lane] = d_act * silu;
        act[lane] = silu * u;
    }
    [narrow(&d_gate), narrow(&d_up), narrow(&act)]
}

simd! {
    fn forward_rows<FMA, A: Number>(act: &mut [A], gate_up: &[A], d_ff: usize) {
        for (act, gate_up) in act.chunks_exact_mut(d_ff).zip(gate_up.chunks_exact(2 * d_ff)) {
            let (gate, up) = gate_up.split_at(d_ff);
            let (act, act_rest) = act.as_chunks_mut::<LANES>();
            let ((gate, gate_rest), (up, up_rest)) = (gate.as_chunks(), up.as_chunks());
            for ((act, gate), up) in act.iter_mut().zip(gate).zip(up) {
                *act = forward_lanes::<FMA, A>(gate, up);
            }
            if !act_rest.is_empty() {
                let act = forward_lanes::<FMA, A>(&padded(gate_rest, 0.0), &padded(up_rest, 0.0));
                act_rest.copy_from_slice(&act[..act_rest.len()]);
            }
        }
    }
}

simd! {
    fn backward_rows<FMA, A: Number>(
        outs: [&mut [A]; 2],
        d_act: &[A],
        gate_up: &[A],
        d_ff: usize,
    ) {
        let [d_gate_up, act] = outs;
        let rows = d_gate_up.chunks_exact_mut(2 * d_ff).zip(act.chunks_exact_mut(d_ff));
        let rows = rows.zip(d_act.chunks_exact(d_ff)).zip(gate_up.chunks_exact(2 * d_ff));
        for (((d_gate_up, act), d_act), gate_up) in rows {
            let (gate, up) = gate_up.split_at(d_ff);
            let (d_gate, d_up) = d_gate_up.split_at_mut(d_ff);
            let (d_gate, d_gate_rest) = d_gate.as_chunks_mut::<LANES>();
            let (d_up, d_up_rest) = d_up.as_chunks_mut::<LANES>();
            let (act, act_rest) = act.as_chunks_mut::<LANES>();
            let (d_act, d_act_rest) = d_act.as_chunks();
            let ((gate, gate_rest), (up, up_rest)) = (gate.as_chunks(), up.as_chunks());
            let outs = d_gate.iter_mut().zip(d_up).zip(act);
            let ins = d_act.iter().zip(gate.iter().zip(up));
            for (((d_gate, d_up), act), (d_act, (gate, up))) in outs.zip(ins) {
                [*d_gate, *d_up, *act] = backward_lanes::<FMA, A>(d_act, gate, up);
            }
            if !act_rest.is_empty() {
                let n = act_rest.len();
                let ins = [d_act_rest, gate_rest, up_rest].map(|rest| padded(rest, 0.0));
                let outs = backward_lanes::<FMA, A>(&ins[0], &ins[1], &ins[2]);
                for (rest, out) in [d_gate_rest, d_up_rest, act_rest].into_iter().zip(outs) {
                    rest.copy_from_slice(&out[..n]);
                }
            }
        }
    }
}

pub(in crate::engine::ops) fn forward<A: Number>(
    cpu: &Cpu,
    act: &mut [A],
    gate_up: &[A],
    d_ff: usize,
) {
    cpu.install(|| {
        let rows = act
            .par_chunks_mut(ROWS * d_ff)
            .zip(gate_up.par_chunks(ROWS * 2 * d_ff));
        rows.for_each(|(act, gate_up)| forward_rows(cpu.isa, act, gate_up, d_ff));
    });
}

pub(in crate::engine::ops) fn backward<A: Number>(
    cpu: &Cpu,
    [d_gate_up, act]: [&mut [A]; 2],
    d_act: &[A],
    gate_up: &[A],
    d_ff: usize,
) {
    let (wide, narrow) = (ROWS * 2 * d_ff, ROWS * d_ff);
    cpu.install(|| {
        let outs = d_gate_up
            .par_chunks_mut(wide)
            .zip(act.par_chunks_mut(narrow));
        let ins = d_act.par_chunks(narrow).zip(gate_up.par_chunks(wide));
        outs.zip(ins)
            .for_each(|((d_gate_up, act), (d_act, gate_up))| {
                backward_rows(cpu.isa, [d_gate_up, act], d_act, gate_up, d_ff);
            });
    });
}
