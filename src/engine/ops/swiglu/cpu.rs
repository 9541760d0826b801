//! SwiGLU over threads.

use rayon::prelude::*;

use crate::engine::ops::cpu::{Cpu, ROWS};
use crate::engine::ops::simd::{exp, simd};

simd! {
    fn forward_rows<FMA>(act: &mut [f32], gate_up: &[f32], d_ff: usize) {
        for (act, gate_up) in act.chunks_exact_mut(d_ff).zip(gate_up.chunks_exact(2 * d_ff)) {
            let (gate, up) = gate_up.split_at(d_ff);
            for ((act, &g), &u) in act.iter_mut().zip(gate).zip(up) {
                *act = g * u / (1.0 + exp::<FMA>(-g));
            }
        }
    }
}

simd! {
    fn backward_rows<FMA>(d_gate_up: &mut [f32], d_act: &[f32], gate_up: &[f32], d_ff: usize) {
        let rows = d_gate_up.chunks_exact_mut(2 * d_ff).zip(d_act.chunks_exact(d_ff));
        for ((d_gate_up, d_act), gate_up) in rows.zip(gate_up.chunks_exact(2 * d_ff)) {
            let (gate, up) = gate_up.split_at(d_ff);
            let (d_gate, d_up) = d_gate_up.split_at_mut(d_ff);
            let d = d_gate.iter_mut().zip(d_up).zip(d_act);
            for (((d_gate, d_up), &d_act), (&g, &u)) in d.zip(gate.iter().zip(up)) {
                let s = 1.0 / (1.0 + exp::<FMA>(-g));
                *d_gate = d_act * u * s * (1.0 + g * (1.0 - s));
                *d_up = d_act * g * s;
            }
        }
    }
}

pub(in crate::engine::ops) fn forward(cpu: &Cpu, act: &mut [f32], gate_up: &[f32], d_ff: usize) {
    cpu.install(|| {
        let rows = act
            .par_chunks_mut(ROWS * d_ff)
            .zip(gate_up.par_chunks(ROWS * 2 * d_ff));
        rows.for_each(|(act, gate_up)| forward_rows(cpu.isa, act, gate_up, d_ff));
    });
}

pub(in crate::engine::ops) fn backward(
    cpu: &Cpu,
    d_gate_up: &mut [f32],
    d_act: &[f32],
    gate_up: &[f32],
    d_ff: usize,
) {
    let wide = ROWS * 2 * d_ff;
    cpu.install(|| {
        let rows = d_gate_up
            .par_chunks_mut(wide)
            .zip(d_act.par_chunks(ROWS * d_ff));
        rows.zip(gate_up.par_chunks(wide))
            .for_each(|((d_gate_up, d_act), gate_up)| {
                backward_rows(cpu.isa, d_gate_up, d_act, gate_up, d_ff);
            });
    });
}
