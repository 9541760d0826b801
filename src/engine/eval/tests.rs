//! Scores of a small model on small texts.

use super::*;
use crate::engine::infer;
use crate::engine::load::{Loaded, Speaker};
use crate::engine::model::{Config, Model, Pass, Use, Weights, init};
use crate::engine::ops::Executor;
use crate::engine::train::fixture;
use crate::event::{Control, Event, Silent};
use crate::fault::{Fault, Kind};
use crate::vocab::Vocab;

const GERMAN: &str = "alle Menschen sind frei und gleich an Würde und Rechten geboren";

fn loaded(folder: &std::path::Path) -> Loaded {
    let config = Config {
        n_vocab: fixture::N_VOCAB,
        d_model: 16,
        n_layers: 2,
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 8,
        d_ff: 24,
        tied: true,
        rope_theta: 10_000.0,
        norm_eps: 1e-5,
        context: 8,
    };
    crate::disk::replace_bytes(&folder.join("config.json"), b"{}").unwrap();
    // Weights larger than those a run starts with, so that the model has opinions.
    let params: Vec<f32> = init(&config, 1).iter().map(|w| w * 6.0).collect();
    Loaded {
        model: Model { config, params },
        vocab: Vocab::from_json(&fixture::tokenizer(), folder).unwrap(),
        chat_template: None,
        source: folder.into(),
    }
}

/// The same as it would lie on disk.
fn speaker(loaded: &Loaded) -> Speaker {
    Speaker {
        weights: infer::Weights::of_model(&loaded.model).unwrap(),
        vocab: Vocab::from_json(&fixture::tokenizer(), &loaded.source).unwrap(),
        chat_template: None,
        source: loaded.source.clone(),
    }
}

fn requests() -> Vec<Request> {
    [
        ("deu_Latn", GERMAN),
        ("ell_Grek", "όλοι οι άνθρωποι"),
        ("deu_Latn", "x"),
        ("mlt_Latn", "kulħadd"),
        ("fra_Latn", ""),
    ]
    .map(|(lang, text)| Request {
        lang: lang.into(),
        text: text.into(),
        is_met: false,
    })
    .into()
}

fn plan() -> Plan {
    Plan {
        device: "reference".into(),
        ..Plan::default()
    }
}

/// The definition, one window at a time and without padding.
fn by_definition(loaded: &Loaded, lang: &str) -> f64 {
    let (mut nats, mut n_bytes) = (0.0, 0);
    for request in requests().iter().filter(|r| r.lang == lang) {
        let mut ids = vec![0];
        ids.extend(loaded.vocab.encode(&request.text).unwrap());
        n_bytes += request.text.len();
        let context = loaded.model.config.context;
        for first in (1..ids.len()).step_by(context) {
            let end = (first + context).min(ids.len());
            let window = &ids[(end - 1).saturating_sub(context)..end];
            let t = window.len() - 1;
            let of = Use::scoring(1, t);
            let mut pass = Pass::new(&loaded.model.config, of, &Executor::reference());
            let weights = Weights {
                params: &loaded.model.params,
                copy: &[],
            };
            let losses = pass.score(weights, &window[..t], &window[1..]).unwrap();
            nats += losses[t - (end - first)..]
                .iter()
                .map(|x| f64::from(*x))
                .sum::<f64>();
        }
    }
    nats / 2f64.ln() / n_bytes as f64
}

#[test]
fn scores_are_those_of_the_definition_worst_first() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let report = run(
        &plan(),
        &speaker(&loaded),
        requests(),
        &Control::default(),
        &Silent,
    )
    .unwrap();
    assert_eq!(
        report.scores.len(),
        3,
        "a language without text has no score"
    );
    for row in &report.scores {
        let expected = by_definition(&loaded, &row.lang);
        // keys and values lie in half precision
        assert!(
            (row.bits_per_byte - expected).abs() < 1e-3,
            "{row:?}, expected {expected}"
        );
    }
    assert!(
        report
            .scores
            .is_sorted_by(|a, b| a.bits_per_byte >= b.bits_per_byte)
    );
    assert_eq!(report.worst, report.scores[0].lang);
    let german = report.scores.iter().find(|s| s.lang == "deu_Latn").unwrap();
    assert_eq!(german.n_bytes, GERMAN.len() as u64 + 1);
    assert_eq!(
        german.n_tokens,
        GERMAN.len() as u64 + 1,
        "a token a byte here"
    );
}

#[test]
fn texts_that_are_met_are_scored_with_the_rest_and_left_out_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let index = folder.path().join("met.eui");
    crate::disk::replace_bytes(&index, b"any").unwrap();
    let plan = Plan {
        contamination: vec![index],
        ..plan()
    };
    let asked = |requests| {
        run(
            &plan,
            &speaker(&loaded),
            requests,
            &Control::default(),
            &Silent,
        )
        .unwrap()
    };
    let report = asked(requests());
    let clean = report.clean.clone().unwrap();
    assert_eq!((&clean.scores, clean.n_met.len()), (&report.scores, 0));
    assert_eq!(clean.mean_bits_per_byte, report.mean_bits_per_byte);
    // The long German text and the only Maltese one.
    let met = |mut request: Request| {
        request.is_met = request.text == GERMAN || request.lang == "mlt_Latn";
        request
    };
    let marked = asked(requests().into_iter().map(met).collect());
    for (all, free) in marked.scores.iter().zip(&report.scores) {
        assert_eq!(
            (&all.lang, all.n_bytes, all.n_tokens),
            (&free.lang, free.n_bytes, free.n_tokens)
        );
        assert!((all.bits_per_byte - free.bits_per_byte).abs() < 1e-9);
    }
    let clean = marked.clean.unwrap();
    assert_eq!(
        clean.n_met,
        [("deu_Latn".into(), 1), ("mlt_Latn".into(), 1)].into()
    );
    let left: Vec<Request> = requests()
        .into_iter()
        .map(met)
        .filter(|r| !r.is_met)
        .collect();
    assert_eq!(clean.scores, asked(left).scores);
    assert_eq!(clean.scores.len(), 2);
    assert_eq!(marked.parents.last().unwrap().role, "evaluation");
}

#[test]
fn the_gate_judges_the_worst_language_after_the_results_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let output = folder.path().join("out");
    let free = run(
        &plan(),
        &speaker(&loaded),
        requests(),
        &Control::default(),
        &Silent,
    )
    .unwrap();
    let plan = Plan {
        output: Some(output.clone()),
        max_worst_bpb: Some(free.mean_bits_per_byte),
        ..plan()
    };
    let error = run(
        &plan,
        &speaker(&loaded),
        requests(),
        &Control::default(),
        &Silent,
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::Gate);
    assert!(error.to_string().starts_with(&free.worst), "{error}");
    let file = std::fs::read_dir(&output)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert!(
        file.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("results_2")
    );
    let results: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for row in &free.scores {
        let task = format!("bpb_{}", row.lang);
        assert_eq!(
            results["results"][&task]["bits_per_byte,none"],
            row.bits_per_byte
        );
        for table in [
            "configs",
            "versions",
            "n-shot",
            "n-samples",
            "higher_is_better",
        ] {
            assert!(!results[table][&task].is_null(), "{table}");
        }
    }
    let pass = Plan {
        max_worst_bpb: Some(free.worst_bits_per_byte),
        output: None,
        ..plan
    };
    assert!(
        run(
            &pass,
            &speaker(&loaded),
            requests(),
            &Control::default(),
            &Silent
        )
        .is_ok()
    );
}

#[test]
fn languages_and_bytes_can_be_limited() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let plan = Plan {
        langs: vec!["de".into(), "fr".into()],
        max_bytes: 10,
        ..plan()
    };
    let report = run(
        &plan,
        &speaker(&loaded),
        requests(),
        &Control::default(),
        &Silent,
    )
    .unwrap();
    assert_eq!(report.scores.len(), 1);
    assert_eq!(
        report.scores[0].n_bytes,
        GERMAN.len() as u64,
        "whole texts until there is enough"
    );
    let none = Plan {
        langs: vec!["fr".into()],
        ..plan.clone()
    };
    let error = run(
        &none,
        &speaker(&loaded),
        requests(),
        &Control::default(),
        &Silent,
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::Missing, "{error}");
    let unknown = Plan {
        langs: vec!["klingon".into()],
        ..plan
    };
    let error = run(
        &unknown,
        &speaker(&loaded),
        requests(),
        &Control::default(),
        &Silent,
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "{error}");
}

#[test]
fn a_request_to_stop_ends_the_scoring() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let control = Control::default();
    let sink = |event: Event| {
        if matches!(event, Event::StageProgress { .. }) {
            control.request_stop();
        }
    };
    let error = run(&plan(), &speaker(&loaded), requests(), &control, &sink).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted, "{error}");
}
