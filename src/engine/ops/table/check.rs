//! How far an executor is from the reference in f64, and the reference from finite differences.

use half::bf16;

use super::Case;
use super::run::{Run, noise};
use crate::engine::ops::{Executor, Precision, Real, Reference, Stored};

/// Largest differences of a case from the reference, each as a share of the largest number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// Of the way forward.
    pub forward: f64,
    /// Of the way back; none where there is none.
    pub backward: Option<f64>,
}

/// Largest difference, as a share of the largest number or of 1 where all are smaller.
pub(super) fn off<A: Real, B: Real>(a: &[A], b: &[B]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = || a.iter().zip(b).map(|(a, b)| (a.wide(), b.wide()));
    let largest = pairs().map(|(a, _)| a.abs()).fold(1.0, f64::max);
    let differ = |(a, b): (f64, f64)| {
        if (a - b).is_nan() {
            f64::INFINITY
        } else {
            (a - b).abs()
        }
    };
    pairs().map(differ).fold(0.0, f64::max) / largest
}

fn round(x: &mut [f64], precision: Precision) {
    for x in x {
        let narrow = *x as f32;
        *x = match precision {
            Precision::F32 => f64::from(narrow),
            Precision::Bf16 => f64::from(<bf16 as Stored<f32>>::put(narrow).get()),
        };
    }
}

fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&x| x as f32).collect()
}

/// Compares an executor, in its precision, with the reference on the same numbers in f64.
pub fn check(case: &Case, executor: &Executor) -> Check {
    match executor.precision() {
        Precision::F32 => compare(case, executor, &Run(&*executor.exact())),
        Precision::Bf16 => compare(case, executor, &Run(&*executor.half())),
    }
}

fn compare<A: Stored<f32>>(case: &Case, executor: &Executor, run: &Run<'_, f32, A>) -> Check {
    let reference = Run::<f64, f64>(&Reference);
    let mut inputs: Vec<Vec<f64>> = case.inputs();
    inputs
        .iter_mut()
        .for_each(|x| round(x, executor.precision()));
    let out = reference.forward(case, &inputs);
    let mut d_out: Vec<f64> = noise(out.len(), 9);
    round(&mut d_out, executor.precision());
    let grads = reference.backward(case, &inputs, &d_out);
    let inputs: Vec<Vec<f32>> = inputs.iter().map(|x| narrow(x)).collect();
    let found = run.backward(case, &inputs, &narrow(&d_out));
    assert_eq!(grads.len(), found.len());
    let pairs = grads.iter().zip(&found);
    Check {
        forward: off(&out, &run.forward(case, &inputs)),
        backward: pairs
            .map(|(grads, found)| off(grads, found))
            .reduce(f64::max),
    }
}

/// Largest difference between gradients of the reference and slopes of the way forward, as a share of
/// the slope or of 1 where it is smaller; none where there is no way back.
pub fn finite_differences(case: &Case) -> Option<f64> {
    const STEP: f64 = 1e-5;
    const ELEMENTS: usize = 50; // looked at per buffer
    let run = Run::<f64, f64>(&Reference);
    let mut inputs: Vec<Vec<f64>> = case.inputs();
    let d_out: Vec<f64> = noise(run.forward(case, &inputs).len(), 9);
    let grads = run.backward(case, &inputs, &d_out);
    let mut largest = None;
    for (which, grads) in grads.iter().enumerate().take(inputs.len()) {
        assert_eq!(grads.len(), inputs[which].len(), "{case:?}");
        for at in (0..grads.len()).step_by(grads.len().div_ceil(ELEMENTS)) {
            let kept = inputs[which][at];
            let mut loss = |x: f64| -> f64 {
                inputs[which][at] = x;
                let out = run.forward(case, &inputs);
                out.iter().zip(&d_out).map(|(out, d)| out * d).sum()
            };
            let slope = (loss(kept + STEP) - loss(kept - STEP)) / (2.0 * STEP);
            inputs[which][at] = kept;
            let differ = (slope - grads[at]).abs() / slope.abs().max(1.0);
            largest = Some(differ.max(largest.unwrap_or(0.0)));
        }
    }
    largest
}
