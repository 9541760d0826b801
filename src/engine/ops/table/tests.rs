//! The table, walked.

use half::bf16;

use super::check::off;
use super::run::{Run, noise};
use super::*;
use crate::engine::ops::attention::Dims as Heads;
use crate::engine::ops::{Executor, ISAS, Ops, Precision, Real, Reference, Stored};

/// Every instruction set of this machine in both precisions.
#[allow(clippy::print_stderr)] // which ones are not tried, and why
fn executors(n_threads: usize) -> Vec<Executor> {
    let there = ISAS
        .iter()
        .filter_map(|isa| match Executor::choose("cpu", isa, n_threads) {
            Ok(executor) => Some(executor),
            Err(why) => {
                eprintln!("not tried: {why}");
                None
            }
        });
    let both = [Precision::Bf16, Precision::F32];
    there
        .flat_map(|executor| both.map(|p| executor.clone().in_precision(p)))
        .collect()
}

#[test]
fn gradients_of_the_reference_are_those_of_finite_differences() {
    for case in cases() {
        let found = finite_differences(&case).unwrap_or(0.0);
        assert!(found < 1e-7, "{case:?} is off by {found}");
    }
}

#[test]
fn every_executor_computes_what_the_reference_computes_in_f64() {
    let mut executors = executors(2);
    executors.push(Executor::reference());
    executors.push(Executor::reference().in_precision(Precision::Bf16));
    for executor in &executors {
        let [values, gradients] = match executor.precision() {
            Precision::F32 => [2e-6, 5e-6],
            Precision::Bf16 => [1e-2, 1.5e-2], // 2^-9 a rounding, some of them one after another
        };
        for case in cases() {
            let found = check(&case, executor);
            let name = (executor.name(), executor.precision());
            assert!(
                found.forward < values,
                "{name:?}: {case:?} is off by {found:?}"
            );
            let backward = found.backward.unwrap_or(0.0);
            assert!(
                backward < gradients,
                "{name:?}: {case:?} is off by {found:?}"
            );
        }
    }
}

/// Bits of everything a case gives.
fn bits<A: Stored<f32>>(case: &Case, ops: &dyn Ops<f32, A>) -> Vec<Vec<u32>> {
    let (inputs, run) = (case.inputs(), Run(ops));
    let out = run.forward(case, &inputs);
    let grads = run.backward(case, &inputs, &noise(out.len(), 9));
    let bits = |x: &Vec<f32>| x.iter().map(|x| x.to_bits()).collect();
    std::iter::once(&out).chain(&grads).map(bits).collect()
}

fn bits_in_precision(case: &Case, executor: &Executor) -> Vec<Vec<u32>> {
    match executor.precision() {
        Precision::F32 => bits(case, &*executor.exact()),
        Precision::Bf16 => bits(case, &*executor.half()),
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let pools = [1, 2, 3].map(executors);
    for (one, (two, three)) in pools[0].iter().zip(pools[1].iter().zip(&pools[2])) {
        for case in cases() {
            let first = bits_in_precision(&case, one);
            for more in [two, three] {
                let same = bits_in_precision(&case, more) == first;
                assert!(
                    same,
                    "{} {case:?} with {} threads",
                    more.name(),
                    more.n_threads()
                );
            }
        }
    }
}

/// Attention over numbers that are all `x`.
fn attention_of<A: Stored<f32>>(ops: &dyn Ops<f32, A>, x: f32) -> Vec<f32> {
    let case = Case::Attention(Heads::packed(2, 70, 2, 1, 32));
    let inputs: Vec<Vec<f32>> = case
        .inputs::<f32>()
        .iter()
        .map(|i| vec![x; i.len()])
        .collect();
    let run = Run(ops);
    let out = run.forward(&case, &inputs);
    let back = run.backward(&case, &inputs, &vec![1.0; out.len()]);
    [out, back.concat()].concat()
}

#[test]
fn equal_and_huge_numbers_give_no_nan() {
    for executor in executors(1) {
        for x in [0.0, 1.0, -1.0, 1e4, -3e4] {
            let found = match executor.precision() {
                Precision::F32 => attention_of(&*executor.exact(), x),
                Precision::Bf16 => attention_of(&*executor.half(), x),
            };
            let name = (executor.name(), executor.precision());
            let bad = found.iter().position(|x| !x.is_finite());
            assert_eq!(bad, None, "{name:?} at {x}: {:?}", bad.map(|at| found[at]));
        }
    }
}

#[test]
fn a_difference_that_is_no_number_is_a_difference() {
    assert_eq!(off(&[1.0_f64, f64::NAN], &[1.0_f32, 1.0]), f64::INFINITY);
    assert_eq!(off(&[4.0_f64], &[2.0_f32]), 0.5);
    assert_eq!(<bf16 as Stored<f32>>::put(1.0).get().wide(), 1.0);
    let run = Run::<f64, f64>(&Reference);
    assert!(run.forward(&cases()[0], &cases()[0].inputs()).len() == 1);
}
