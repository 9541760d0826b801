//! Muon against the values that its polynomial gives singular values, and the executors against
//! each other.

use half::bf16;

use super::step::{COEFFICIENTS, ROUNDS};
use super::{State, Step, reference};
use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::simd::Isa;
use crate::engine::ops::{Ops, Real, Reference, Stored};

const STEP: Step = Step {
    lr: 1e-2,
    momentum: 0.95,
    weight_decay: 0.1,
    grad_scale: 0.5,
};

/// Without a pattern that would leave a matrix of low rank.
fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
    let mix = |i: usize| (i + seed * 7919 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let unit = |x: usize| ((x ^ x >> 29).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40) as f64;
    let unit = (0..len).map(|i| unit(mix(i)) / (1 << 24) as f64);
    unit.map(|x| T::of(2.0 * x - 1.0)).collect()
}

/// Left singular vectors times their values, and right ones, as columns of x[rows, cols] turned
/// until they are at right angles (Jacobi, one-sided).
fn singular(x: &[f64], [rows, cols]: [usize; 2]) -> [Vec<Vec<f64>>; 2] {
    let mut left: Vec<Vec<f64>> = (0..cols)
        .map(|j| (0..rows).map(|i| x[i * cols + j]).collect())
        .collect();
    let mut right: Vec<Vec<f64>> = (0..cols)
        .map(|j| (0..cols).map(|i| f64::from(i == j)).collect())
        .collect();
    for _ in 0..30 {
        for p in 0..cols {
            for q in p + 1..cols {
                let [pp, qq, pq] = [(p, p), (q, q), (p, q)].map(|(a, b)| dot(&left[a], &left[b]));
                if pq.abs() <= 1e-15 * (pp * qq).sqrt() {
                    continue;
                }
                let angle = 0.5 * (2.0 * pq).atan2(pp - qq);
                for side in [&mut left, &mut right] {
                    for i in 0..side[p].len() {
                        let (a, b) = (side[p][i], side[q][i]);
                        side[p][i] = angle.cos() * a + angle.sin() * b;
                        side[q][i] = angle.cos() * b - angle.sin() * a;
                    }
                }
            }
        }
    }
    [left, right]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn singular_values_follow_the_polynomial_and_vectors_stay() {
    for [rows, cols] in [[12, 7], [7, 12], [9, 9], [1, 5], [5, 1]] {
        let x = numbers::<f64>(rows * cols, rows);
        let found = reference::orthogonal(x.clone(), [rows, cols]);
        let [left, right] = singular(&x, [rows, cols]);
        let norm = dot(&x, &x).sqrt();
        let mut expected = vec![0.0; x.len()];
        let [a, b, c] = COEFFICIENTS;
        for (left, right) in left.iter().zip(&right) {
            let value = dot(left, left).sqrt();
            if value < 1e-9 {
                continue; // columns beyond the rank
            }
            let mut moved = value / norm;
            for _ in 0..ROUNDS {
                moved = a * moved + b * moved.powi(3) + c * moved.powi(5);
            }
            assert!((0.65..1.25).contains(&moved), "{rows} x {cols}: {moved}");
            for (i, expected) in expected.iter_mut().enumerate() {
                *expected += moved * left[i / cols] / value * right[i % cols];
            }
        }
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }
}

/// Square, wide and tall matrices, with numbers between them that are not theirs.
const SHAPES: [[usize; 2]; 6] = [[40, 40], [24, 130], [130, 24], [1, 9], [9, 1], [200, 96]];
const GAP: usize = 5;

/// Parameters, momentum and copy after three steps.
fn three_steps<T: Real, A: Stored<T>>(ops: &dyn Ops<T, A>) -> (Vec<T>, Vec<T>, Vec<A>) {
    let mut at = GAP;
    let matrices = SHAPES.map(|shape| {
        let range = at..at + shape[0] * shape[1];
        at = range.end + GAP;
        (range, shape)
    });
    let (mut params, mut m) = (numbers(at, 0), vec![T::ZERO; at]);
    let mut copy: Vec<A> = params.iter().map(|&p| A::put(p)).collect();
    for number in 1..=3 {
        let state = State {
            params: &mut params,
            m: &mut m,
            copy: &mut copy,
        };
        ops.muon(state, &numbers(at, number), &matrices, &STEP);
    }
    let rounded = params.iter().map(|&p| A::put(p).get());
    assert!(
        rounded.eq(copy.iter().map(|x| x.get())),
        "the copy is theirs"
    );
    for start in [0].into_iter().chain(matrices.map(|(range, _)| range.end)) {
        let gap = start..start + GAP;
        assert_eq!(params[gap.clone()], numbers::<T>(at, 0)[gap]);
    }
    (params, m, copy)
}

#[test]
fn a_step_has_the_length_and_decay_of_its_settings() {
    let ops: &dyn Ops<f64> = &Reference;
    let (mut params, mut m) = (numbers(6, 0), vec![0.0; 6]);
    let (before, grads) = (params.clone(), numbers::<f64>(6, 1));
    let state = State {
        params: &mut params,
        m: &mut m,
        copy: &mut [],
    };
    ops.muon(state, &grads, &[(0..6, [2, 3])], &STEP);
    let x = reference::orthogonal(grads.clone(), [2, 3]);
    for i in 0..6 {
        assert!((m[i] - 0.05 * 0.5 * grads[i]).abs() < 1e-15);
        let expected = before[i] * (1.0 - 1e-3) - 1e-2 * 0.2 * 3f64.sqrt() * x[i];
        assert!((params[i] - expected).abs() < 1e-12);
    }
}

/// Largest difference from the reference in f64, in lengths of a step of a square of side 40.
fn off<A>(exact: &[f64], (params, _, _): &(Vec<f32>, Vec<f32>, Vec<A>)) -> f64 {
    let pairs = exact.iter().zip(params);
    let off = pairs.map(|(a, &b)| (a - f64::from(b)).abs());
    off.fold(0.0, f64::max) / (STEP.lr * 0.2 * 40f64.sqrt())
}

#[test]
fn executors_agree_and_threads_do_not_matter() {
    let (exact, _, _) = three_steps::<f64, f64>(&Reference);
    assert!(off(&exact, &three_steps::<f32, f32>(&Reference)) < 1e-4);
    for isa in Isa::all() {
        let [one, three] = [1, 3].map(|n| Cpu::with(isa, n).unwrap());
        let found = three_steps::<f32, f32>(&one);
        assert!(
            off(&exact, &found) < 1e-4,
            "{} {}",
            isa.name(),
            off(&exact, &found)
        );
        assert!(found == three_steps::<f32, f32>(&three), "{}", isa.name());
        let found = three_steps::<f32, bf16>(&one);
        assert!(
            off(&exact, &found) < 0.1,
            "{} {}",
            isa.name(),
            off(&exact, &found)
        );
        assert!(found == three_steps::<f32, bf16>(&three), "{}", isa.name());
    }
}

#[test]
fn a_gradient_of_zeros_moves_nothing_but_what_decays() {
    let cpu = Cpu::new(1).unwrap();
    let (mut params, mut m) = (vec![1.0; 12], vec![0.0; 12]);
    let state = State {
        params: &mut params,
        m: &mut m,
        copy: &mut [],
    };
    Ops::<f32, bf16>::muon(&cpu, state, &[0.0; 12], &[(0..12, [3, 4])], &STEP);
    assert!(params.iter().all(|&p| (p - 0.999).abs() < 1e-6) && m == [0.0; 12]);
}
