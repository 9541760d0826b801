//! SwiGLU over threads.

use rayon::prelude::*;

use crate::engine::ops::cpu::{Cpu, Number, ROWS};
use crate::engine::ops::simd::{exp, simd};

simd! {
    fn forward_rows<FMA, A: Number>(act: &mut [A], gate_up: &[A], d_ff: usize) {
        for (act, gate_up) in act.chunks_exact_mut(d_ff).zip(gate_up.chunks_exact(2 * d_ff)) {
            let (gate, up) = gate_up.split_at(d_ff);
            for ((act, &g), &u) in act.iter_mut().zip(gate).zip(up) {
                let (g, u) = (g.wide(), u.wide());
                *act = A::narrow(g * u / (1.0 + exp::<FMA>(-g)));
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
            let d = d_gate.iter_mut().zip(d_up).zip(act).zip(d_act);
            for ((((d_gate, d_up), act), &d_act), (&g, &u)) in d.zip(gate.iter().zip(up)) {
                let (g, u, d_act) = (g.wide(), u.wide(), d_act.wide());
                let s = 1.0 / (1.0 + exp::<FMA>(-g));
                *d_gate = A::narrow(d_act * u * s * (1.0 + g * (1.0 - s)));
                *d_up = A::narrow(d_act * g * s);
                *act = A::narrow(g * s * u);
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
