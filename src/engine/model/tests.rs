//! A whole model: executors against each other, sessions against passes.

use super::pass::reference;
use super::*;
use crate::engine::ops::cross_entropy::IGNORED;
use crate::engine::ops::matmul::Store;
use crate::engine::ops::{Executor, ISAS, Precision};

/// A model small enough for finite differences, with every width different.
pub(crate) fn tiny() -> Config {
    Config {
        n_vocab: 37,
        d_model: 20,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 6,
        d_ff: 28,
        tied: true,
        rope_theta: 10_000.0,
        norm_eps: 1e-5,
        context: 64,
    }
}

/// Tokens without order or repetition that matters.
pub(crate) fn tokens(n: usize, n_vocab: usize, seed: usize) -> Vec<u32> {
    (0..n)
        .map(|i| ((i * i * 31 + i * 7 + seed) % n_vocab) as u32)
        .collect()
}

/// Weights with larger matrices than a model starts from, so that every gradient matters.
pub(crate) fn bold(config: &Config) -> Vec<f32> {
    let mut params = init(config, 3);
    for p in Layout::new(config).params().iter().filter(|p| p.decays) {
        params[p.range.clone()].iter_mut().for_each(|w| *w *= 10.0);
    }
    params
}

fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from((a - b).abs()))
        .fold(0.0, f64::max)
}

/// Nats and gradients of scale · Σ nats, of one pass.
pub(crate) fn learn(
    config: &Config,
    executor: &Executor,
    of: Use,
    params: &[f32],
    (inputs, targets): (&[u32], &[u32]),
    scale: f32,
) -> (Vec<f32>, Vec<f32>) {
    let mut pass = Pass::new(config, of, executor);
    let weights = Weights {
        params,
        copy: &executor.copy(params),
    };
    let mut grads = vec![f32::NAN; params.len()];
    let gradient = Gradient {
        grads: &mut grads,
        store: Store::Set,
        scale,
    };
    let nats = pass.learn(weights, inputs, targets, gradient).unwrap();
    (nats.to_vec(), grads)
}

#[test]
fn a_cpu_pass_is_a_reference_pass() {
    for (tied, n_kv_heads) in [(true, 2), (false, 1), (false, 4)] {
        let config = Config {
            tied,
            n_kv_heads,
            ..tiny()
        };
        let (b, t) = (3, 17);
        let params = init(&config, 3);
        let inputs = tokens(b * t, config.n_vocab, 1);
        let mut targets = tokens(b * t, config.n_vocab, 2);
        targets[5] = IGNORED;
        let of = Use::learning(b, t);
        let run =
            |executor: Executor| learn(&config, &executor, of, &params, (&inputs, &targets), 0.5);
        let (nats, grads) = run(Executor::reference());
        assert_eq!(nats[5], 0.0);
        for isa in ISAS {
            let Ok(executor) = Executor::choose("cpu", isa, 2) else {
                continue; // not of this machine; the table of operations says so
            };
            let (fast_nats, fast_grads) = run(executor.clone());
            assert!(largest_difference(&nats, &fast_nats) < 2e-6, "{isa}");
            assert!(largest_difference(&grads, &fast_grads) < 2e-6, "{isa}");
            let (half_nats, half_grads) = run(executor.in_precision(Precision::Bf16));
            assert!(largest_difference(&nats, &half_nats) < 2e-3, "{isa}");
            let largest = grads.iter().fold(0.0, |top: f32, g| top.max(g.abs()));
            let off = largest_difference(&grads, &half_grads) / f64::from(largest);
            assert!(off < 1e-2, "{isa}: {off}");
        }
    }
}

#[test]
fn layers_computed_again_give_the_same_bytes_as_layers_kept() {
    let config = Config {
        n_layers: 4,
        ..tiny()
    };
    let (b, t) = (2, 40);
    let params = init(&config, 3);
    let batch = (tokens(b * t, 37, 1), tokens(b * t, 37, 2));
    for precision in [Precision::F32, Precision::Bf16] {
        let executor = Executor::cpu(2).unwrap().in_precision(precision);
        let run = |n_again: usize| {
            let of = Use {
                n_again,
                ..Use::learning(b, t)
            };
            learn(&config, &executor, of, &params, (&batch.0, &batch.1), 0.5)
        };
        let kept = run(0);
        for n_again in [1, 2, 3, 4, 9] {
            assert!(run(n_again) == kept, "{n_again} layers in {precision:?}");
        }
    }
}

#[test]
fn documents_that_share_a_sequence_are_scored_as_if_alone() {
    let config = tiny();
    let (params, boundary) = (init(&config, 3), 36);
    let mut inputs: Vec<u32> = tokens(40, 36, 1);
    let targets = tokens(40, 36, 2);
    (inputs[0], inputs[13], inputs[29]) = (boundary, boundary, boundary);
    let executor = Executor::cpu(1).unwrap();
    let weights = Weights {
        params: &params,
        copy: &[],
    };
    let of = Use {
        boundary: Some(boundary),
        ..Use::scoring(1, 40)
    };
    let mut pass = Pass::new(&config, of, &executor);
    let together = pass.score(weights, &inputs, &targets).unwrap();
    for [from, to] in [[0, 13], [13, 29], [29, 40]] {
        let mut pass = Pass::new(&config, Use::scoring(1, to - from), &executor);
        let alone = pass
            .score(weights, &inputs[from..to], &targets[from..to])
            .unwrap();
        // turned by other angles, whose differences are the same
        assert!(largest_difference(&together[from..to], alone) < 1e-5);
    }
}

#[test]
fn a_session_says_what_a_pass_says_fed_whole_or_in_pieces_and_after_forgetting() {
    let config = Config {
        context: 150,
        ..tiny()
    };
    let model = Model {
        params: init(&config, 5),
        config,
    };
    let config = &model.config;
    let text = tokens(150, config.n_vocab, 3);
    let half = Executor::cpu(2).unwrap().in_precision(Precision::Bf16);
    let executors = [
        (Executor::reference(), 1e-5),
        (Executor::cpu(2).unwrap(), 1e-5),
        (half, 0.02), // kept keys and values are the same, sums are cut elsewhere
    ];
    for (executor, tolerance) in &executors {
        // a pass scores one target a position: the log-probabilities of three tokens tell enough
        for target in [0, 20, 36] {
            let mut pass = Pass::new(config, Use::scoring(1, text.len()), executor);
            let targets = vec![target; text.len()];
            let copy = &executor.copy(&model.params);
            let weights = Weights {
                params: &model.params,
                copy,
            };
            let nats = pass.score(weights, &text, &targets).unwrap();
            let mut session = Session::new(&model, executor, 0).unwrap();
            let mut fed = 0;
            for piece in [140, 1, 1, 8] {
                let logits = session.feed(&text[fed..fed + piece]).unwrap();
                fed += piece;
                assert!((nats_of(logits, target) - f64::from(nats[fed - 1])).abs() < *tolerance);
            }
            session.truncate(9);
            assert_eq!(session.len(), 9);
            let logits = session.feed(&text[9..30]).unwrap();
            assert!((nats_of(logits, target) - f64::from(nats[29])).abs() < *tolerance);
        }
    }
}

fn nats_of(logits: &[f32], target: u32) -> f64 {
    let sum: f64 = logits.iter().map(|&x| f64::from(x).exp()).sum();
    sum.ln() - f64::from(logits[target as usize])
}

#[test]
fn what_a_session_cannot_do_is_refused_and_changes_nothing() {
    let config = Config {
        context: 8,
        ..tiny()
    };
    let model = Model {
        params: init(&config, 5),
        config,
    };
    let executor = Executor::cpu(1).unwrap();
    assert!(Session::new(&model, &executor, 9).is_err());
    let mut session = Session::new(&model, &executor, 4).unwrap();
    session.feed(&[1, 2]).unwrap();
    for (tokens, reason) in [
        (&[][..], "no text"),
        (&[1, 2, 3], "2 of the context of 4"),
        (&[37], "37"),
    ] {
        let said = session.feed(tokens).unwrap_err().to_string();
        assert!(said.contains(reason), "{said}");
        assert_eq!(session.len(), 2);
    }
    session.feed(&[3, 4]).unwrap();
    assert!(session.feed(&[5]).is_err());
}

/// Nats and gradients of one pass over tokens of no meaning.
fn run(config: &Config, executor: &Executor, [b, t]: [usize; 2]) -> (Vec<f32>, Vec<f32>) {
    let (inputs, targets) = (
        tokens(b * t, config.n_vocab, 1),
        tokens(b * t, config.n_vocab, 2),
    );
    let (of, scale) = (Use::learning(b, t), 1.0 / (b * t) as f32);
    learn(
        config,
        executor,
        of,
        &init(config, 3),
        (&inputs, &targets),
        scale,
    )
}

#[test]
fn at_the_start_every_parameter_has_a_finite_gradient_that_is_not_zero() {
    for tied in [true, false] {
        // every token of the vocabulary is read once at least
        let config = Config {
            tied,
            n_vocab: 30,
            ..tiny()
        };
        let (b, t) = (2, 60);
        let params = init(&config, 3);
        let inputs: Vec<u32> = (0..b * t).map(|i| i as u32 % 30).collect();
        let batch = (&inputs[..], &tokens(b * t, 30, 2)[..]);
        let (executor, of) = (Executor::cpu(2).unwrap(), Use::learning(b, t));
        let (_, grads) = learn(&config, &executor, of, &params, batch, 1.0);
        for p in Layout::new(&config).params() {
            let good = |g: &f32| g.is_finite() && *g != 0.0;
            assert!(grads[p.range.clone()].iter().all(good), "{}", p.name);
        }
    }
}

#[test]
fn a_whole_pass_gives_the_same_bytes_for_any_number_of_threads() {
    let config = Config {
        d_model: 48,
        d_ff: 300,
        n_vocab: 600,
        context: 128,
        ..tiny()
    };
    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for precision in [Precision::F32, Precision::Bf16] {
        let of = |n: usize| {
            let executor = Executor::cpu(n).unwrap().in_precision(precision);
            let (nats, grads) = run(&config, &executor, [3, 128]);
            (bits(&nats), bits(&grads))
        };
        let one = of(1);
        assert!(one == of(2) && one == of(3));
    }
}

#[test]
fn gradients_of_a_whole_model_are_those_of_finite_differences() {
    let config = Config {
        n_layers: 1,
        d_model: 8,
        d_ff: 10,
        head_dim: 4,
        n_vocab: 9,
        ..tiny()
    };
    let (b, t, scale, step) = (2, 5, 0.3, 1e-5);
    let mut params: Vec<f64> = bold(&config).iter().map(|&w| f64::from(w)).collect();
    let (inputs, targets) = (tokens(b * t, 9, 1), tokens(b * t, 9, 2));
    let of = Use::learning(b, t);
    let (_, grads) = reference(&config, of, &params, (&inputs, &targets), scale);
    for p in Layout::new(&config).params() {
        for at in p.range.clone().step_by(p.range.len().div_ceil(12)) {
            let kept = params[at];
            let mut loss = |w: f64| {
                params[at] = w;
                let (nats, _) = reference(&config, of, &params, (&inputs, &targets), scale);
                scale * nats.iter().sum::<f64>()
            };
            let slope = (loss(kept + step) - loss(kept - step)) / (2.0 * step);
            params[at] = kept;
            let differ = (grads[at] - slope).abs();
            assert!(
                differ < 1e-6 * slope.abs().max(1.0),
                "{}: {slope}, off {differ}",
                p.name
            );
        }
    }
}

#[test]
fn tokens_outside_of_the_vocabulary_and_wrong_lengths_are_refused() {
    let config = tiny();
    let params = init(&config, 1);
    let mut pass = Pass::new(&config, Use::scoring(1, 2), &Executor::reference());
    let weights = Weights {
        params: &params,
        copy: &[],
    };
    let mut said = |inputs: &[u32], targets: &[u32]| {
        pass.score(weights, inputs, targets)
            .unwrap_err()
            .to_string()
    };
    assert!(said(&[0, 37], &[0, 0]).contains("token 37 at position 1"));
    assert!(said(&[0, 0], &[99, 0]).contains("token 99 at position 0"));
    assert!(said(&[0], &[0, 0]).contains("1 inputs"));
}

#[test]
fn a_plan_of_memory_does_not_overflow_and_scoring_takes_less() {
    let config = Config {
        n_layers: 9,
        ..tiny()
    };
    let bytes = |of, precision| Pass::plan_bytes(&config, of, precision);
    let (train, score) = (Use::learning(4, 32), Use::scoring(4, 32));
    let [train, half] = [Precision::F32, Precision::Bf16].map(|p| bytes(train, p));
    assert!(bytes(score, Precision::F32) * 3 < train && half * 4 < train * 3);
    let huge = Use::learning(usize::MAX, usize::MAX);
    assert_eq!(bytes(huge, Precision::F32), u64::MAX);
}
