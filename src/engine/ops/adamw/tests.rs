//! AdamW against the paper's lines, and the executors against each other.

use super::{State, Step};
use crate::engine::ops::cpu::Cpu;
use crate::engine::ops::{Ops, Real, Reference};

const STEP: Step = Step {
    number: 1,
    lr: 1e-2,
    beta1: 0.9,
    beta2: 0.95,
    eps: 1e-8,
    weight_decay: 0.1,
    grad_scale: 0.5,
};

fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len)
        .map(|i| T::of(((i * 37 + seed * 11) % 101) as f64 / 50.0 - 1.0))
        .collect()
}

/// Parameters after three steps over two ranges, the first of which decays.
fn three_steps<T: Real>(ops: &dyn Ops<T>, len: usize) -> Vec<T> {
    let (mut params, mut m, mut v) = (numbers(len, 0), vec![T::ZERO; len], vec![T::ZERO; len]);
    let mut copy = Vec::<T>::new();
    let decays = [(0..len / 3, true), (len / 3..len, false)];
    for number in 1..=3 {
        let state = State {
            params: &mut params,
            m: &mut m,
            v: &mut v,
            copy: &mut copy,
        };
        ops.adamw(
            state,
            &numbers(len, number as usize),
            &decays,
            &Step { number, ..STEP },
        );
    }
    params
}

#[test]
fn three_steps_are_those_of_the_paper() {
    let len = 9;
    let found = three_steps::<f64>(&Reference, len);
    let start = numbers::<f64>(len, 0);
    for i in 0..len {
        let (mut p, mut m, mut v) = (start[i], 0.0, 0.0);
        for number in 1..=3 {
            let g = numbers::<f64>(len, number)[i] * 0.5;
            m = 0.9 * m + 0.1 * g;
            v = 0.95 * v + 0.05 * g * g;
            let m_hat = m / (1.0 - 0.9_f64.powi(number as i32));
            let v_hat = v / (1.0 - 0.95_f64.powi(number as i32));
            let decay = if i < len / 3 { 0.1 } else { 0.0 };
            p -= 1e-2 * (m_hat / (v_hat.sqrt() + 1e-8) + decay * p);
        }
        assert!(
            (found[i] - p).abs() < 1e-12,
            "element {i}: {} is not {p}",
            found[i]
        );
    }
}

#[test]
fn executors_agree_and_threads_do_not_matter() {
    let len = 50_001;
    let exact = three_steps::<f64>(&Reference, len);
    let one = three_steps::<f32>(&Cpu::new(1).unwrap(), len);
    let differ = |x: &[f32]| {
        let pairs = exact.iter().zip(x);
        pairs
            .map(|(a, &b)| (a - f64::from(b)).abs())
            .fold(0.0, f64::max)
    };
    assert!(differ(&one) < 1e-6 && differ(&three_steps::<f32>(&Reference, len)) < 1e-6);
    assert_eq!(one, three_steps::<f32>(&Cpu::new(3).unwrap(), len));
}
