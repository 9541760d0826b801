//! Muon over threads: matrices one after the other, each product and each loop over all threads.

use std::mem::swap;
use std::ops::Range;

use half::bf16;
use rayon::prelude::*;

use super::step::{COEFFICIENTS, EPS, ROUNDS, Rates};
use super::{State, Step};
use crate::engine::ops::buffer::{Buffer, Lent, Plain};
use crate::engine::ops::cpu::{Cpu, Number};
use crate::engine::ops::executor::Precision;
use crate::engine::ops::gemm::{Matrix, Store};
use crate::engine::ops::simd::{Isa, LANES, fma, simd, sum_lanes};

/// Numbers one task of a loop works on.
const NUMBERS: usize = 1 << 14;

/// Memory for one matrix and its products, which only grows.
#[derive(Default)]
pub(in crate::engine::ops) struct Room<A: Plain> {
    /// The matrix that becomes orthogonal, and room for the one after it.
    x: Buffer<A>,
    next: Buffer<A>,
    /// Products of its rows with each other, or of its columns where they are fewer.
    gram: Buffer<A>,
    /// gram · gram
    square: Buffer<f32>,
}

/// A room for each precision; one that is never entered takes no memory.
#[derive(Default)]
pub(in crate::engine::ops) struct Rooms {
    pub(in crate::engine::ops) exact: Lent<Room<f32>>,
    pub(in crate::engine::ops) half: Lent<Room<bf16>>,
}

impl<A: Plain> Room<A> {
    fn fit(&mut self, [rows, cols]: [usize; 2]) {
        let short = rows.min(cols);
        self.x.set_len(rows * cols);
        self.next.set_len(rows * cols);
        self.gram.set_len(short * short);
        self.square.set_len(short * short);
    }
}

/// Memory of the room for matrices of this size at most, in bytes.
pub(in crate::engine) fn room_bytes([rows, cols]: [usize; 2], precision: Precision) -> u64 {
    let (all, short) = ((rows * cols) as u64, rows.min(cols) as u64);
    let operand = match precision {
        Precision::Bf16 => 2,
        Precision::F32 => 4,
    };
    (2 * all + short * short) * operand + short * short * 4
}

pub(in crate::engine::ops) fn update<A: Number>(
    cpu: &Cpu,
    state: State<'_, f32, A>,
    grads: &[f32],
    matrices: &[(Range<usize>, [usize; 2])],
    step: &Step,
) {
    let work = |room: &mut Room<A>| {
        for (range, shape) in matrices {
            let state = State {
                params: &mut state.params[range.clone()],
                m: &mut state.m[range.clone()],
                copy: state.copy.get_mut(range.clone()).unwrap_or_default(),
            };
            room.fit(*shape);
            let rates = step.rates(*shape);
            begin(cpu.isa, &mut room.x, state.m, &grads[range.clone()], rates);
            for _ in 0..ROUNDS {
                round(cpu, room, *shape);
            }
            finish(cpu.isa, state, &room.x, rates);
        }
    };
    cpu.install(|| A::muon_room(&cpu.muon).to(work));
}

/// x = the momentum with the gradient in it, divided by its norm.
fn begin<A: Number>(isa: Isa, x: &mut [A], m: &mut [f32], grads: &[f32], rates: Rates) {
    let tasks = m.par_chunks_mut(NUMBERS).zip(grads.par_chunks(NUMBERS));
    let squares: Vec<f32> = tasks
        .map(|(m, grads)| gather(isa, m, grads, rates))
        .collect();
    let square: f64 = squares.into_iter().map(f64::from).sum();
    let scale = 1.0 / square.sqrt().max(EPS);
    x.par_chunks_mut(NUMBERS)
        .zip(m.par_chunks(NUMBERS))
        .zip(grads.par_chunks(NUMBERS))
        .for_each(|((x, m), grads)| divide(isa, x, m, grads, rates, scale as f32));
}

simd! {
    /// Takes the gradient into the momentum; Σ x² of what [`divide`] will make of both.
    fn gather<FMA>(m: &mut [f32], grads: &[f32], rates: Rates) -> f32 {
        let (keep, take) = (rates.keep as f32, rates.take as f32);
        let mut sums = [0.0; LANES];
        for (m, grads) in m.chunks_mut(LANES).zip(grads.chunks(LANES)) {
            for ((m, &g), sum) in m.iter_mut().zip(grads).zip(&mut sums) {
                let g = g * take;
                *m = fma::<FMA>(*m, keep, g);
                let x = fma::<FMA>(*m, keep, g);
                *sum = fma::<FMA>(x, x, *sum);
            }
        }
        sum_lanes(sums)
    }
}

simd! {
    fn divide<FMA, A: Number>(x: &mut [A], m: &[f32], grads: &[f32], rates: Rates, scale: f32) {
        let (keep, take) = (rates.keep as f32, rates.take as f32);
        for ((x, &m), &g) in x.iter_mut().zip(m).zip(grads) {
            *x = A::narrow(fma::<FMA>(m, keep, g * take) * scale);
        }
    }
}

/// One step of Newton and Schulz: x = (a + b·gram + c·gram²)·x, or x·(...) of a tall matrix.
fn round<A: Number>(cpu: &Cpu, room: &mut Room<A>, [rows, cols]: [usize; 2]) {
    let (wide, short) = (rows <= cols, rows.min(cols));
    let x = Matrix::rows(&room.x, rows, cols, cols);
    let sides = |wide: bool| match wide {
        true => (x, x.transposed()),
        false => (x.transposed(), x),
    };
    let (left, right) = sides(wide);
    A::product(cpu, &mut room.gram, short, left, right, Store::Set);
    let gram = Matrix::rows(&room.gram, short, short, short);
    A::product(cpu, &mut room.square, short, gram, gram, Store::Set);
    let rows_of_task = NUMBERS.div_ceil(short);
    let tasks = room.gram.par_chunks_mut(rows_of_task * short);
    tasks
        .zip(room.square.par_chunks(rows_of_task * short))
        .enumerate()
        .for_each(|(i, (gram, square))| mix(cpu.isa, gram, square, i * rows_of_task, short));
    let mix = Matrix::rows(&room.gram, short, short, short);
    let (left, right) = if wide { (mix, x) } else { (x, mix) };
    A::product(cpu, &mut room.next, cols, left, right, Store::Set);
    swap(&mut room.x, &mut room.next);
}

simd! {
    /// gram = a + b·gram + c·square, of some rows from `first` on.
    fn mix<FMA, A: Number>(gram: &mut [A], square: &[f32], first: usize, width: usize) {
        let [a, b, c] = COEFFICIENTS.map(|x| x as f32);
        let rows = gram.chunks_exact_mut(width).zip(square.chunks_exact(width));
        for (i, (gram, square)) in rows.enumerate() {
            let at = first + i;
            // rounded once, a included: most of a number on the diagonal is a
            let diagonal = a + fma::<FMA>(b, gram[at].wide(), c * square[at]);
            for (gram, &square) in gram.iter_mut().zip(square) {
                *gram = A::narrow(fma::<FMA>(b, gram.wide(), c * square));
            }
            gram[at] = A::narrow(diagonal);
        }
    }
}

/// Moves the parameters against x, and rounds their copy anew where there is one.
fn finish<A: Number>(isa: Isa, state: State<'_, f32, A>, x: &[A], rates: Rates) {
    let State { params, copy, .. } = state;
    let tasks = params.par_chunks_mut(NUMBERS).zip(x.par_chunks(NUMBERS));
    tasks.for_each(|(params, x)| step_on(isa, params, x, rates));
    let tasks = copy.par_chunks_mut(NUMBERS).zip(params.par_chunks(NUMBERS));
    tasks.for_each(|(copy, params)| narrow(isa, copy, params));
}

simd! {
    fn step_on<FMA, A: Number>(params: &mut [f32], x: &[A], rates: Rates) {
        let (size, shrink) = (rates.size as f32, rates.shrink as f32);
        for (p, x) in params.iter_mut().zip(x) {
            *p = fma::<FMA>(*p, shrink, -(size * x.wide()));
        }
    }
}

simd! {
    fn narrow<FMA, A: Number>(copy: &mut [A], params: &[f32]) {
        copy.iter_mut().zip(params).for_each(|(copy, &p)| *copy = A::narrow(p));
    }
}
