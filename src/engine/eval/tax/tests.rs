//! A model beside itself, beside a worse one and beside a stranger.

use std::path::Path;

use super::statistics::TextSums;
use super::{Compared, Loss, compare};
use crate::engine::eval::{Request, score};
use crate::engine::infer::Weights;
use crate::engine::load::Speaker;
use crate::engine::model::{Config, Model, init};
use crate::engine::ops::{Executor, Precision};
use crate::engine::train::fixture;
use crate::fault::{Fault, Kind};
use crate::vocab::Vocab;

/// A language of two texts with so much loss.
pub(in crate::engine::eval) fn loss(lang: &str, rise: f64, kl: f64) -> Loss {
    let text = |share: f64| TextSums {
        n_bytes: 1000,
        n_tokens: 200,
        nats: [
            700.0,
            700.0 + share * rise * 1000.0 * std::f64::consts::LN_2,
        ],
        kl: share * kl * 200.0,
        n_same_top: 180,
        change: -2.0 * share,
        change_squared: 0.5,
    };
    let divergences = (0..400).map(|i| kl as f32 * i as f32 / 200.0).collect();
    Loss::of(lang, &[text(0.9), text(1.1)], divergences).unwrap()
}

/// A small model, whose weights are moved by some noise.
fn speaker(noise: f32, n_padding: usize) -> Speaker {
    let config = Config {
        n_vocab: fixture::N_VOCAB + n_padding,
        d_model: 16,
        n_layers: 2,
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 8,
        d_ff: 24,
        tied: true,
        rope_theta: 10_000.0,
        norm_eps: 1e-5,
        context: 12,
    };
    // The embedding lies first: padding at its end moves all that follows it.
    let mut params = init(&config, 1);
    let (first, others) = (init(&config, 2), params.len());
    for (at, w) in params.iter_mut().enumerate() {
        *w = *w * 6.0 + noise * first[at % others];
    }
    let model = Model { config, params };
    Speaker {
        weights: Weights::of_model(&model).unwrap(),
        vocab: Vocab::from_json(&fixture::tokenizer(), Path::new("tokenizer.json")).unwrap(),
        chat_template: None,
        source: format!("noise-{noise}").into(),
    }
}

fn requests() -> Vec<Request> {
    let texts = [
        (
            "deu_Latn",
            "alle Menschen sind frei und gleich an Würde geboren",
        ),
        ("deu_Latn", "niemand darf verhaftet werden"),
        ("ell_Grek", "όλοι οι άνθρωποι γεννιούνται ελεύθεροι"),
        ("fra_Latn", ""),
    ];
    let request = |(lang, text): (&str, &str)| Request {
        lang: lang.into(),
        text: text.into(),
        is_met: false,
    };
    texts.map(request).into()
}

fn compared(base: &Speaker, other: &Speaker, executor: &Executor) -> Compared {
    compare(base, other, executor, 0, requests(), &mut |_| true).unwrap()
}

#[test]
fn a_model_lost_nothing_beside_itself() {
    let model = speaker(0.0, 0);
    for precision in [Precision::F32, Precision::Bf16] {
        let executor = Executor::cpu(2).unwrap().in_precision(precision);
        let found = compared(&model, &model, &executor);
        let langs: Vec<&str> = found.losses.iter().map(|l| l.lang.as_str()).collect();
        assert_eq!(langs, ["deu_Latn", "ell_Grek"], "none of no text");
        for loss in &found.losses {
            assert_eq!((loss.loss, loss.kl_mean, loss.kl_max), (0.0, 0.0, 0.0));
            assert_eq!((loss.same_top, loss.p_change_rms), (1.0, 0.0));
        }
        let alone = score(&model, &executor, 0, requests(), &mut |_| true).unwrap();
        for (a, b) in found.scores.all.iter().zip(&alone.all) {
            assert_eq!(
                (&a.lang, a.n_bytes, a.n_tokens),
                (&b.lang, b.n_bytes, b.n_tokens)
            );
            assert!(
                (a.bits_per_byte - b.bits_per_byte).abs() < 1e-9,
                "{a:?} {b:?}"
            );
        }
    }
}

/// Nats by the second model, divergences and like tops of a text, one window at a time and in f64.
fn by_definition(speaker: [&Speaker; 2], text: &str) -> (f64, f64, u64) {
    use crate::engine::infer::{Ask, Decoder, Wants};
    let executor = Executor::reference();
    let vocab = &speaker[0].vocab;
    let mut ids = vec![0];
    ids.extend(vocab.encode(text).unwrap());
    let (mut nats, mut kl, mut n_same) = (0.0, 0.0, 0);
    let context = 12;
    for first in (1..ids.len()).step_by(context) {
        let end = (first + context).min(ids.len());
        let window = &ids[(end - 1).saturating_sub(context)..end];
        let n_scored = end - first;
        let rows = speaker.map(|speaker| {
            let mut decoder = Decoder::new(&speaker.weights, &executor, 0).unwrap();
            let (text, mut rows) = (decoder.begin(), Vec::new());
            let ask = Ask {
                text,
                tokens: &window[..window.len() - 1],
                wants: Wants::Ends(n_scored),
            };
            let mut hears = |_, _, row: &mut [f32]| rows.push(row[..fixture::N_VOCAB].to_vec());
            decoder.read(&[ask], &mut hears).unwrap();
            rows
        });
        for (at, (x, y)) in rows[0].iter().zip(&rows[1]).enumerate() {
            let ln_p = |x: &[f32]| {
                let sum: f64 = x.iter().map(|x| f64::from(*x).exp()).sum();
                x.iter()
                    .map(|x| f64::from(*x) - sum.ln())
                    .collect::<Vec<f64>>()
            };
            let (p, q) = (ln_p(x), ln_p(y));
            nats -= q[window[window.len() - n_scored + at] as usize];
            kl += p
                .iter()
                .zip(&q)
                .map(|(p, q)| p.exp() * (p - q))
                .sum::<f64>();
            let best = |p: &[f64]| (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b]));
            n_same += u64::from(best(&p) == best(&q));
        }
    }
    (nats, kl, n_same)
}

#[test]
fn what_is_lost_is_what_the_definition_says() {
    let (base, other) = (speaker(0.0, 0), speaker(0.8, 0));
    let found = compared(&base, &other, &Executor::reference());
    assert!(found.losses[0].loss >= found.losses[1].loss);
    for loss in &found.losses {
        let (mut nats, mut kl, mut n_same) = (0.0, 0.0, 0);
        for request in requests().iter().filter(|r| r.lang == loss.lang) {
            let more = by_definition([&base, &other], &request.text);
            (nats, kl, n_same) = (nats + more.0, kl + more.1, n_same + more.2);
        }
        let after = nats / std::f64::consts::LN_2 / loss.n_bytes as f64;
        assert!((loss.after - after).abs() < 1e-5, "{loss:?} {after}");
        let kl = kl / loss.n_tokens as f64;
        assert!(
            kl > 1e-3 && (loss.kl_mean - kl).abs() < 1e-5,
            "{loss:?} {kl}"
        );
        assert_eq!(
            (loss.same_top * loss.n_tokens as f64).round() as u64,
            n_same
        );
        assert!(loss.kl_median <= loss.kl_p99 && loss.kl_p99 <= loss.kl_max);
        assert_eq!(loss.kl_interval.is_some(), loss.n_texts > 1, "{loss:?}");
    }
    let mean = found.mean.unwrap();
    assert!(mean.kl_interval.is_none(), "a language has one text");
    let sum: f64 = found.losses.iter().map(|l| l.kl_mean).sum();
    assert!((mean.kl_mean - sum / 2.0).abs() < 1e-12);
}

#[test]
fn the_same_numbers_come_of_any_number_of_threads_and_of_padded_vocabularies() {
    let (base, other) = (speaker(0.0, 0), speaker(0.8, 0));
    let one = compared(&base, &other, &Executor::cpu(1).unwrap());
    assert!(one == compared(&base, &other, &Executor::cpu(3).unwrap()));
    let padded = speaker(0.0, 8);
    let found = compared(&base, &padded, &Executor::cpu(1).unwrap());
    assert!(found.losses.iter().all(|l| l.kl_mean.is_finite()));
    let turned = compared(&padded, &base, &Executor::cpu(1).unwrap());
    let sum = |c: &Compared| c.losses.iter().map(|l| l.loss).sum::<f64>();
    assert!(
        (sum(&found) + sum(&turned)).abs() < 1e-9,
        "{found:?} {turned:?}"
    );
}

#[test]
fn what_cannot_be_compared_is_refused_and_work_can_be_stopped() {
    let (base, mut other) = (speaker(0.0, 0), speaker(0.8, 0));
    let executor = Executor::cpu(1).unwrap();
    let stopped = compare(&base, &other, &executor, 0, requests(), &mut |_| false);
    assert_eq!(stopped.unwrap_err().kind(), Kind::Interrupted);
    let long = compare(&base, &other, &executor, 13, requests(), &mut |_| true);
    assert_eq!(long.unwrap_err().kind(), Kind::Usage);
    let json = String::from_utf8(fixture::tokenizer()).unwrap();
    let strange = json
        .replace("\"a\":", "\"swap\":")
        .replace("\"b\":", "\"a\":");
    let strange = strange.replace("\"swap\":", "\"b\":");
    assert_ne!(json, strange);
    other.vocab = Vocab::from_json(strange.as_bytes(), Path::new("tokenizer.json")).unwrap();
    let error = compare(&base, &other, &executor, 0, requests(), &mut |_| true).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "{error}");
    assert!(
        error.to_string().contains("different vocabularies: token"),
        "{error}"
    );
}
