//! Choices within budgets, small ones beside every choice there is.

use proptest::prelude::*;

use super::super::importance::tests::{file, requests};
use super::solve::{Choice, Solved, solve};
use crate::engine::Error;
use crate::engine::quant::{Plan, Report, run_file, study};
use crate::event::{Control, Silent};

fn choice(len_bytes: u64, costs: &[f64]) -> Choice {
    Choice {
        len_bytes,
        costs: costs.into(),
    }
}

fn worst(sums: &[f64]) -> f64 {
    sums.iter().copied().fold(0.0, f64::max)
}

/// The least worst sum of all choices that fit.
fn exhaustive(things: &[Vec<Choice>], budget: u64) -> Option<f64> {
    let n: usize = things.iter().map(Vec::len).product();
    let mut best: Option<f64> = None;
    for mut number in 0..n {
        let (mut bytes, mut sums) = (0, vec![0.0; things[0][0].costs.len()]);
        for choices in things {
            let one = &choices[number % choices.len()];
            number /= choices.len();
            bytes += one.len_bytes;
            sums.iter_mut().zip(&one.costs).for_each(|(s, c)| *s += c);
        }
        if bytes <= budget {
            best = Some(best.map_or(worst(&sums), |best| best.min(worst(&sums))));
        }
    }
    best
}

fn bytes(things: &[Vec<Choice>], solved: &Solved) -> u64 {
    let picked = things.iter().zip(&solved.picked);
    picked.map(|(choices, at)| choices[*at].len_bytes).sum()
}

proptest! {
    #[test]
    fn choices_fit_the_budget_and_are_near_the_best_there_is(
        things in prop::collection::vec(
            prop::collection::vec((1u64..30, [0.0f64..1.0, 0.0..1.0, 0.0..1.0]), 1..5), 1..7),
        share in 0.0f64..1.0,
    ) {
        let things: Vec<Vec<Choice>> = things
            .iter()
            .map(|choices| choices.iter().map(|(n, costs)| choice(*n, costs)).collect())
            .collect();
        let sum = |by: fn(&Vec<Choice>) -> u64| things.iter().map(by).sum::<u64>();
        let least = sum(|c| c.iter().map(|c| c.len_bytes).min().unwrap());
        let most = sum(|c| c.iter().map(|c| c.len_bytes).max().unwrap());
        let budget = least + ((most - least) as f64 * share) as u64;
        let solved = solve(&things, budget).unwrap();
        prop_assert!(bytes(&things, &solved) <= budget);
        let best = exhaustive(&things, budget).unwrap();
        let found = worst(&solved.sums);
        prop_assert!(solved.bound <= best + 1e-9, "bound {} of {best}", solved.bound);
        prop_assert!(found >= best - 1e-9 && found <= 1.5 * best + 0.3, "{found} of {best}");
        prop_assert!(solve(&things, least - 1).is_none());
    }
}

#[test]
fn the_language_that_fares_worst_decides_not_the_mean() {
    // more bits for the first help nine languages a little, for the second one language much
    let many = |first: f64, last: f64| {
        let mut costs = vec![first; 9];
        costs.push(last);
        costs
    };
    let things = [
        vec![choice(2, &many(0.5, 0.1)), choice(4, &many(0.2, 0.1))],
        vec![choice(2, &many(0.0, 0.9)), choice(4, &many(0.0, 0.2))],
    ];
    let solved = solve(&things, 6).unwrap();
    assert_eq!(solved.picked, [0, 1], "{:?}", solved.sums);
    assert!(solved.bound > 0.0 && solved.bound <= worst(&solved.sums));
}

/// A file of at most so many bits a weight.
fn made(folder: &std::path::Path, bits: f64, rules: &[&str]) -> crate::engine::Result<Report> {
    let source = folder.join("f16.gguf");
    let plan = Plan {
        importance_data: vec![source.clone()],
        importance_tokens: 400,
        target_bpw: Some(bits),
        tensor: rules.iter().map(|rule| (*rule).into()).collect(),
        output: Some(folder.join(format!("{bits}.gguf"))),
        force: true,
        ..Plan::default()
    };
    let control = Control::default();
    let guide = study(&plan, &source, &requests(), &control, &Silent)?;
    run_file(&plan, &source, &guide, &[], &control, &Silent)
}

#[test]
fn a_file_keeps_to_its_budget_and_to_rules_and_more_bits_cost_less() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path());
    let mut before = f64::INFINITY;
    for (bits, rules) in [(3.0, vec![]), (5.0, vec!["attn_q=q8_0"])] {
        let report = made(folder.path(), bits, &rules).unwrap();
        let taken = report.bits_per_weight;
        assert!(taken <= bits && taken > bits - 0.6, "{taken} of {bits}");
        let budget = report.budget.unwrap();
        assert_eq!(budget.langs.len(), 2);
        let worst = &budget.langs[0];
        assert!(worst.kld >= budget.langs[1].kld && worst.kld >= budget.bound - 1e-12);
        assert!(worst.kld < before, "{bits}: {} after {before}", worst.kld);
        before = worst.kld;
        assert_eq!(report.r#type, format!("{bits}bpw"));
        let n_ruled = report.tensors.get("Q8_0").copied().unwrap_or(0);
        assert!(n_ruled >= 2 * rules.len() as u64, "{:?}", report.tensors);
    }
}

#[test]
fn too_small_a_budget_is_refused_with_the_least_there_is() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path());
    let error = made(folder.path(), 2.0, &[]).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("the smallest has") && matches!(error, Error::Usage { .. }),
        "{said}"
    );
}
