//! A whole model: executors against each other, sessions against passes.

use super::*;
use crate::engine::ops::Executor;
use crate::engine::ops::cross_entropy::IGNORED;

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
        let run = |executor: Executor| {
            let mut pass = Pass::new(&config, b, t, &executor);
            let nats = pass.forward(&params, &inputs, &targets).unwrap().to_vec();
            let mut grads = vec![0.0; params.len()];
            pass.backward(&params, &mut grads, 0.5);
            (nats, grads)
        };
        let (nats, grads) = run(Executor::reference());
        let (fast_nats, fast_grads) = run(Executor::cpu(2).unwrap());
        assert_eq!(nats[5], 0.0);
        assert!(largest_difference(&nats, &fast_nats) < 2e-6);
        assert!(largest_difference(&grads, &fast_grads) < 2e-6);
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
    let executors = [Executor::reference(), Executor::cpu(2).unwrap()];
    for executor in &executors {
        // a pass scores one target a position: the log-probabilities of three tokens tell enough
        for target in [0, 20, 36] {
            let mut pass = Pass::scoring(config, 1, text.len(), executor);
            let targets = vec![target; text.len()];
            let nats = pass.forward(&model.params, &text, &targets).unwrap();
            let mut session = Session::new(&model, executor, 0).unwrap();
            let mut fed = 0;
            for piece in [140, 1, 1, 8] {
                let logits = session.feed(&text[fed..fed + piece]).unwrap();
                fed += piece;
                assert!((nats_of(logits, target) - f64::from(nats[fed - 1])).abs() < 1e-5);
            }
            session.truncate(9);
            assert_eq!(session.len(), 9);
            let logits = session.feed(&text[9..30]).unwrap();
            assert!((nats_of(logits, target) - f64::from(nats[29])).abs() < 1e-5);
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

/// Nats and gradients of one pass.
fn run(config: &Config, executor: &Executor, [b, t]: [usize; 2]) -> (Vec<f32>, Vec<f32>) {
    let params = init(config, 3);
    let mut pass = Pass::new(config, b, t, executor);
    let (inputs, targets) = (
        tokens(b * t, config.n_vocab, 1),
        tokens(b * t, config.n_vocab, 2),
    );
    let nats = pass.forward(&params, &inputs, &targets).unwrap().to_vec();
    let mut grads = vec![0.0; params.len()];
    pass.backward(&params, &mut grads, 1.0 / (b * t) as f32);
    (nats, grads)
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
        let mut pass = Pass::new(&config, b, t, &Executor::cpu(2).unwrap());
        pass.forward(&params, &inputs, &tokens(b * t, 30, 2))
            .unwrap();
        let mut grads = vec![0.0; params.len()];
        pass.backward(&params, &mut grads, 1.0);
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
    let of = |n: usize| {
        let (nats, grads) = run(&config, &Executor::cpu(n).unwrap(), [3, 128]);
        (bits(&nats), bits(&grads))
    };
    let one = of(1);
    assert!(one == of(2) && one == of(3));
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
    let mut pass = Pass::<f64>::reference(&config, b, t);
    pass.forward(&params, &inputs, &targets).unwrap();
    let mut grads = vec![1.0; params.len()];
    pass.backward(&params, &mut grads, scale);
    for p in Layout::new(&config).params() {
        for at in p.range.clone().step_by(p.range.len().div_ceil(12)) {
            let kept = params[at];
            let mut loss = |w: f64| {
                params[at] = w;
                scale
                    * pass
                        .forward(&params, &inputs, &targets)
                        .unwrap()
                        .iter()
                        .sum::<f64>()
            };
            let slope = (loss(kept + step) - loss(kept - step)) / (2.0 * step);
            params[at] = kept;
            let differ = (grads[at] - 1.0 - slope).abs();
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
    let mut pass = Pass::new(&config, 1, 2, &Executor::reference());
    let mut said = |inputs: &[u32], targets: &[u32]| {
        pass.forward(&params, inputs, targets)
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
    let (train, score) = (
        Pass::plan_bytes(&config, 4, 32),
        Pass::plan_scoring_bytes(&config, 4, 32),
    );
    let executor = Executor::cpu(1).unwrap();
    assert_eq!(Pass::new(&config, 4, 32, &executor).len_bytes(), train);
    assert_eq!(Pass::scoring(&config, 4, 32, &executor).len_bytes(), score);
    assert!(score * 3 < train);
    assert_eq!(Pass::plan_bytes(&config, usize::MAX, usize::MAX), u64::MAX);
}
