//! Proof against llama.cpp: the same files, the same beginnings in ten languages, the same 64
//! tokens; where they part, two tokens were all but equally likely there and here.

use std::path::Path;

use serde::Deserialize;

use super::tests::read;
use super::{Decoder, Wants};
use crate::disk;
use crate::engine::load;
use crate::engine::ops::{Executor, Precision};

/// What llama.cpp said: made by `tests/parity/greedy_llamacpp.py`.
#[derive(Deserialize)]
struct Golden {
    prompts: std::collections::BTreeMap<String, String>,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    sha256: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    lang: String,
    prompt: Vec<u32>,
    tokens: Vec<u32>,
    /// By how much each token was ahead of the second.
    margins: Vec<f32>,
}

fn best(logits: &[f32]) -> usize {
    let ranked = logits.iter().enumerate();
    let best = ranked.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.unwrap().0
}

#[test]
#[allow(clippy::print_stderr)] // where tokens part, and why nothing was tested
fn greedy_tokens_are_those_of_llama_cpp_until_two_are_all_but_alike() {
    let Some(folder) = std::env::var_os("EU_TEST_MODELS") else {
        return eprintln!("skipped: EU_TEST_MODELS is not set");
    };
    let golden = include_str!("../../../tests/golden/greedy_llamacpp.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    for file in &golden.files {
        let path = Path::new(&folder).join(&file.name);
        if !path.is_file() {
            eprintln!("skipped: {} is not in EU_TEST_MODELS", file.name);
            continue;
        }
        assert_eq!(disk::sha256(&path).unwrap().0, file.sha256, "{}", file.name);
        let loaded = load::open(&path).unwrap();
        let bound = match file.name.ends_with("-f16.gguf") {
            true => EXACT_BOUND,
            false => BOUND,
        };
        let executor = Executor::choose("auto", "auto", 0)
            .unwrap()
            .in_precision(Precision::F32);
        let mut decoder = Decoder::new(&loaded.weights, &executor, 256).unwrap();
        assert_eq!(file.cases.len(), 10);
        let mut n_alike = 0;
        for case in &file.cases {
            let mut ids: Vec<u32> = loaded.vocab.bos.into_iter().collect();
            ids.extend(loaded.vocab.encode(&golden.prompts[&case.lang]).unwrap());
            assert_eq!(ids, case.prompt, "{} {}", file.name, case.lang);
            let text = decoder.begin();
            let mut feed = |tokens: &[u32]| read(&mut decoder, text, tokens, Wants::Last).remove(0);
            let mut logits = feed(&case.prompt);
            let mut alike = true;
            for (at, (token, margin)) in case.tokens.iter().zip(&case.margins).enumerate() {
                let ours = best(&logits);
                if ours != *token as usize {
                    let gap = logits[ours] - logits[*token as usize];
                    let (name, lang) = (&file.name, &case.lang);
                    eprintln!("{name} {lang}: token {at}: theirs by {margin:.3}, ours by {gap:.3}");
                    assert!(
                        margin.min(gap) < bound,
                        "{name} {lang} {at}: {margin} {gap}"
                    );
                    alike = false;
                    break; // what follows continues another text
                }
                logits = feed(&[*token]);
            }
            n_alike += usize::from(alike);
            decoder.end(text);
        }
        eprintln!(
            "{}: {n_alike} of 10 answers of 64 tokens are the same",
            file.name
        );
    }
}

/// Logits that are so near are alike: both programs round activations to eight bits, in other
/// places, which moves logits by some tenths.
const BOUND: f32 = 0.4;

/// The same where no activation is rounded to eight bits. llama.cpp rounds them to half precision.
const EXACT_BOUND: f32 = 0.01;
