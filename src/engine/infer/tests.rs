//! Models beside the decoder of training, and texts side by side.

use super::{Ask, Decoder, TextId, Wants, Weights};
use crate::engine::model::{Config, Model, Session, init};
use crate::engine::ops::{Executor, ISAS, Precision};

fn config(tied: bool) -> Config {
    Config {
        n_vocab: 300,
        d_model: 64,
        n_layers: 3,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 32,
        d_ff: 96,
        tied,
        rope_theta: 1e4,
        norm_eps: 1e-5,
        context: 700,
    }
}

fn model(tied: bool) -> Model {
    let config = config(tied);
    let mut params = init(&config, 3);
    params.iter_mut().for_each(|p| *p *= 3.0); // so that tokens matter
    Model { config, params }
}

fn tokens(n: usize, seed: usize) -> Vec<u32> {
    (0..n)
        .map(|i| ((i * 37 + seed * 11) % 300) as u32)
        .collect()
}

/// Logits that are wanted of what is appended to a text.
pub(in crate::engine) fn read(
    decoder: &mut Decoder<'_>,
    text: TextId,
    tokens: &[u32],
    wants: Wants,
) -> Vec<Vec<f32>> {
    let mut heard = Vec::new();
    let ask = Ask {
        text,
        tokens,
        wants,
    };
    let mut hears = |_, _, logits: &mut [f32]| heard.push(logits.to_vec());
    decoder.read(&[ask], &mut hears).unwrap();
    heard
}

fn session(model: &Model, tokens: &[u32]) -> Vec<f32> {
    let mut session = Session::new(model, &Executor::reference(), 0).unwrap();
    session.feed(tokens).unwrap().to_vec()
}

fn assert_near(ours: &[f32], theirs: &[f32], bound: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= bound * largest, "{what}: {a} and {b}");
    }
}

#[test]
fn logits_are_those_of_the_decoder_that_was_trained() {
    for tied in [false, true] {
        let model = model(tied);
        let weights = Weights::of_model(&model).unwrap();
        let tokens = tokens(600, 1);
        for n in [1, 33, 600] {
            let wanted = session(&model, &tokens[..n]);
            for isa in ISAS {
                let Ok(executor) = Executor::choose("cpu", isa, 2) else {
                    continue; // of another machine
                };
                for (precision, bound) in [(Precision::F32, 3e-3), (Precision::Bf16, 0.06)] {
                    let executor = executor.clone().in_precision(precision);
                    let mut decoder = Decoder::new(&weights, &executor, 0).unwrap();
                    let text = decoder.begin();
                    let heard = read(&mut decoder, text, &tokens[..n], Wants::Last);
                    assert_near(&heard[0], &wanted, bound, &format!("{tied} {n} {isa}"));
                }
            }
        }
    }
}

#[test]
fn keys_and_values_in_eight_bits_change_little() {
    let model = model(true);
    let weights = Weights::of_model(&model).unwrap();
    let tokens = tokens(80, 4);
    let executor = Executor::cpu(1).unwrap();
    let run = |mut decoder: Decoder<'_>| {
        let text = decoder.begin();
        read(&mut decoder, text, &tokens, Wants::Last).remove(0)
    };
    let exact = run(Decoder::new(&weights, &executor, 0).unwrap());
    let eights = run(Decoder::new(&weights, &executor, 0).unwrap().in_eights());
    assert_near(&eights, &exact, 0.06, "eight bits"); // as bf16 above
    assert_ne!(eights, exact, "eight bits cannot be all the same");
}

#[test]
fn texts_side_by_side_are_as_if_each_were_alone() {
    let model = model(true);
    let weights = Weights::of_model(&model).unwrap();
    let executor = Executor::cpu(2).unwrap();
    let mut decoder = Decoder::new(&weights, &executor, 0).unwrap();
    let texts: Vec<Vec<u32>> = [5, 70, 1, 40].iter().map(|n| tokens(*n, *n)).collect();
    let ids: Vec<TextId> = texts.iter().map(|_| decoder.begin()).collect();
    let mut heard = vec![Vec::new(); texts.len()];
    // by three, so that positions differ
    let mut at = 0;
    while texts.iter().any(|t| at < t.len()) {
        let asks: Vec<(usize, Ask<'_>)> = texts
            .iter()
            .enumerate()
            .filter(|(_, t)| at < t.len())
            .map(|(i, t)| {
                let tokens = &t[at..t.len().min(at + 3)];
                let wants = Wants::All;
                (
                    i,
                    Ask {
                        text: ids[i],
                        tokens,
                        wants,
                    },
                )
            })
            .collect();
        let just: Vec<Ask<'_>> = asks.iter().map(|(_, ask)| *ask).collect();
        let mut hears = |ask: usize, _: usize, logits: &mut [f32]| {
            heard[asks[ask].0].push(logits.to_vec());
        };
        decoder.read(&just, &mut hears).unwrap();
        at += 3;
    }
    for (text, heard) in texts.iter().zip(&heard) {
        assert_eq!(heard.len(), text.len());
        for n in [1, text.len()] {
            let wanted = session(&model, &text[..n]);
            assert_near(
                &heard[n - 1],
                &wanted,
                3e-3,
                &format!("{n} of {}", text.len()),
            );
        }
    }
}

#[test]
fn forks_and_what_is_forgotten_leave_other_texts_alone() {
    let model = model(true);
    let weights = Weights::of_model(&model).unwrap();
    let mut decoder = Decoder::new(&weights, &Executor::cpu(1).unwrap(), 0).unwrap();
    let (first, others) = (tokens(50, 1), tokens(90, 7));
    let text = decoder.begin();
    read(&mut decoder, text, &first, Wants::Nothing);
    let fork = decoder.fork(text);
    let of_fork = read(&mut decoder, fork, &others[..40], Wants::Last);
    let of_text = read(&mut decoder, text, &others[40..], Wants::Last);
    let whole = |rest: &[u32]| session(&model, &[&first[..], rest].concat());
    assert_near(&of_fork[0], &whole(&others[..40]), 3e-3, "the fork");
    assert_near(&of_text[0], &whole(&others[40..]), 3e-3, "the text");
    decoder.truncate(text, 50);
    assert_eq!(decoder.len(text), 50);
    let again = read(&mut decoder, text, &others[40..], Wants::Last);
    assert_eq!(again, of_text, "the same bytes");
    decoder.end(text);
    let new = decoder.begin();
    assert!(decoder.is_empty(new));
    let alone = read(&mut decoder, new, &others, Wants::Last);
    assert_near(
        &alone[0],
        &session(&model, &others),
        3e-3,
        "pages used again",
    );
    let more = read(&mut decoder, fork, &others[40..], Wants::Last);
    assert_near(&more[0], &whole(&others), 3e-3, "the fork goes on");
}

#[test]
fn bytes_do_not_depend_on_threads() {
    let model = model(false);
    let weights = Weights::of_model(&model).unwrap();
    let run = |n_threads, precision| {
        let executor = Executor::cpu(n_threads).unwrap().in_precision(precision);
        let mut decoder = Decoder::new(&weights, &executor, 0).unwrap();
        let text = decoder.begin();
        let mut heard = read(&mut decoder, text, &tokens(100, 2), Wants::Ends(3));
        for token in 0..5 {
            heard.extend(read(&mut decoder, text, &[token], Wants::Last));
        }
        heard
    };
    for precision in [Precision::F32, Precision::Bf16] {
        let one = run(1, precision);
        assert_eq!(one.len(), 8);
        assert!(one == run(2, precision) && one == run(3, precision));
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_changes_nothing() {
    let model = model(true);
    let weights = Weights::of_model(&model).unwrap();
    let executor = Executor::cpu(1).unwrap();
    assert!(Decoder::new(&weights, &executor, 701).is_err());
    let mut decoder = Decoder::new(&weights, &executor, 8).unwrap();
    let text = decoder.begin();
    read(&mut decoder, text, &[1, 2, 3], Wants::Nothing);
    for tokens in [&[][..], &[300], &[1; 6]] {
        let wants = Wants::Last;
        let refused = decoder.read(
            &[Ask {
                text,
                tokens,
                wants,
            }],
            &mut |_, _, _| (),
        );
        assert!(refused.is_err(), "{tokens:?}");
        assert_eq!(decoder.len(text), 3);
    }
}
