//! Prints what choosing costs with a large vocabulary:
//! `cargo test --release --lib generate::speed -- --ignored --nocapture`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::{Lexicon, Plan, Sampler};
use crate::disk;
use crate::engine::gguf;

/// Logits of no text in particular.
fn logits(n: usize, state: &mut u32) -> Vec<f32> {
    let mut next = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) as f32 / (1 << 20) as f32
    };
    (0..n).map(|_| next()).collect()
}

/// Mean milliseconds of `n` calls.
fn ms(n: usize, mut call: impl FnMut()) -> f64 {
    let began = Instant::now();
    (0..n).for_each(|_| call());
    began.elapsed().as_secs_f64() * 1e3 / n as f64
}

#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stderr)]
fn a_choice_among_a_quarter_of_a_million_tokens() {
    let logits = logits(262_144, &mut 5);
    let plan = Plan::default;
    for (name, plan) in [
        (
            "greedy",
            Plan {
                temperature: 0.0,
                ..plan()
            },
        ),
        ("default", plan()),
        (
            "default, repeat penalty",
            Plan {
                repeat_penalty: 1.1,
                ..plan()
            },
        ),
        ("top-k 0", Plan { top_k: 0, ..plan() }),
        (
            "top-n-sigma 1",
            Plan {
                top_n_sigma: 1.0,
                ..plan()
            },
        ),
        (
            "mirostat 1",
            Plan {
                mirostat: 1,
                ..plan()
            },
        ),
        (
            "mirostat 2",
            Plan {
                mirostat: 2,
                ..plan()
            },
        ),
    ] {
        let mut sampler = Sampler::by_numbers(&plan, 1);
        sampler.tell_logprobs(false);
        let plain = ms(50, || drop(sampler.choose(&logits)));
        sampler.tell_logprobs(true);
        let told = ms(20, || drop(sampler.choose(&logits)));
        eprintln!("{name}: {plain:.3} ms, with its log-probability {told:.3} ms");
    }
}

#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stderr)]
fn a_choice_under_a_schema() {
    let Some(folder) = std::env::var_os("EU_TEST_MODELS") else {
        return eprintln!("skipped: EU_TEST_MODELS is not set");
    };
    for file in [
        "gemma-3-270m-q4_k_m.gguf",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
    ] {
        let path = Path::new(&folder).join(file);
        let bytes = disk::read(&path).unwrap();
        let header = gguf::Header::parse(&path, &bytes).unwrap();
        let vocab = &gguf::vocab_from(&header.metadata).unwrap();
        let began = Instant::now();
        let lexicon = Arc::new(Lexicon::new(vocab));
        eprintln!(
            "{file}: lexicon of {} in {:?}",
            vocab.len(),
            began.elapsed()
        );
        let plan = Plan {
            json_schema: Some("{}".into()),
            ..Plan::default()
        };
        let mut sampler = Sampler::sharing(&plan, vocab, &lexicon, 1).unwrap();
        sampler.tell_logprobs(false);
        let mut state = 7;
        for round in 0..3 {
            sampler.begin(&[]);
            let (mut slowest, mut n, mut tokens) = (0.0f64, 0, Vec::new());
            let took = ms(1, || {
                while n < 100 && !sampler.is_finished() {
                    let logits = logits(vocab.len(), &mut state);
                    let one = ms(1, || match sampler.choose(&logits) {
                        Ok(choice) => tokens.push(choice.token),
                        Err(e) => eprintln!("{e}"),
                    });
                    slowest = slowest.max(one);
                    n += 1;
                }
            });
            eprintln!(
                "round {round}: {n} tokens, {:.3} ms each, {slowest:.3} ms at most",
                took / f64::from(n)
            );
            eprintln!(
                "{}",
                vocab.decode(&tokens).chars().take(80).collect::<String>()
            );
        }
    }
}
