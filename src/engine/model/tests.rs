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
fn tokens(n: usize, n_vocab: usize, seed: usize) -> Vec<u32> {
    (0..n)
        .map(|i| ((i * i * 31 + i * 7 + seed) % n_vocab) as u32)
        .collect()
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
