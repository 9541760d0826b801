//! Proof against llama.cpp: it reads our files and says the same tokens.
//!
//! The model is made of integers, so that every machine makes the same files; the golden file
//! names their hashes, the tokens llama.cpp chose, and its version. To make it again:
//! `EU_PARITY_DIR=DIR cargo test --lib quant::parity`, then
//! `python tests/parity/gguf_llamacpp.py DIR`.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::{About, Guide, Plan, run};
use crate::disk;
use crate::engine::generate::{self, Sampler, prompt_ids};
use crate::engine::gguf;
use crate::engine::load::Loaded;
use crate::engine::model::{Config, Layout, Model, Session};
use crate::engine::ops::Executor;
use crate::event::{Control, Silent};
use crate::vocab::{PRE_TOKENIZERS, SPECIALS, Vocab, byte_chars};

/// Of the first 400 seeds the one whose greedy choices stay clearest of ties: the narrowest of 96
/// margins is 0.19, some forty times what F16 arithmetic errs by; 88 of the 96 tokens differ.
const SEED: u64 = 310;
/// The same with tied embeddings, where a token mostly continues itself.
const SEED_TIED: u64 = 112;
/// Tokens of each answer.
const N_TOKENS: usize = 32;
/// Files: name, type, tied embeddings.
const FILES: [(&str, &str, bool); 4] = [
    ("f16.gguf", "f16", false),
    ("q8_0.gguf", "q8_0", false),
    ("q4_k_m.gguf", "q4_k_m", false),
    ("tied-f16.gguf", "f16", true),
];
/// Texts that both sides cut into tokens.
const TEXTS: [&str; 12] = [
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.",
    "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι.",
    "Всички хора се раждат свободни и равни по достойнство и права.",
    "Il-bnedmin kollha jitwieldu ħielsa u ugwali fid-dinjità.",
    "ყველა ადამიანი იბადება თავისუფალი",
    "Saolaítear gach duine den chine daonna saor",
    "  two  spaces\n\n\tand a tab \r\n ",
    "I'LL don't WE'VE 1234567 3,14 (2024-01-31)",
    "🦙🇪🇺 e\u{301} ﬁ ½ ²",
    "<|endoftext|> is text here, <|im_start|>user too",
    "",
];
const PROMPTS: [&str; 3] = ["Alle Menschen sind", "Všichni lidé", "Όλοι οι άνθρωποι"];

/// Words whose beginnings are the tokens longer than a byte.
const WORDS: &str = "Alle Menschen sind frei und gleich an Würde und Rechten geboren \
    Všichni lidé rodí se svobodní Όλοι οι άνθρωποι γεννιούνται ελεύθεροι \
    all human beings are born free les êtres humains naissent libres \
    Kaikki ihmiset syntyvät vapaina Visi cilvēki piedzimst brīvi \
    Вси човешки същества се раждат свободни il-bnedmin kollha jitwieldu ħielsa";

/// A byte-level vocabulary whose merges build each word of [`WORDS`] from its beginning.
pub(super) fn vocab() -> Vocab {
    Vocab::from_json(&tokenizer(), Path::new("tokenizer.json")).unwrap()
}

/// Its `tokenizer.json`.
pub(super) fn tokenizer() -> Vec<u8> {
    let chars = byte_chars();
    let mut tokens: Vec<String> = SPECIALS.map(str::to_owned).to_vec();
    tokens.extend(chars.iter().map(char::to_string));
    let mut merges = Vec::new();
    for word in WORDS.split_whitespace() {
        for word in [word.to_owned(), format!(" {word}")] {
            let mut made = String::new();
            for next in word.bytes().map(|b| chars[usize::from(b)].to_string()) {
                let longer = format!("{made}{next}");
                if !made.is_empty() && !tokens.contains(&longer) {
                    tokens.push(longer.clone());
                    merges.push(json!([made, next]));
                }
                made = longer;
            }
        }
    }
    let ids: serde_json::Map<_, _> = tokens
        .iter()
        .enumerate()
        .map(|(id, t)| (t.clone(), json!(id)))
        .collect();
    let special = |(id, name): (usize, &&str)| {
        json!({ "id": id, "content": name, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false })
    };
    let byte_level = json!({ "type": "ByteLevel", "add_prefix_space": false,
                             "trim_offsets": true, "use_regex": false });
    let split = json!({ "type": "Split", "pattern": { "Regex": PRE_TOKENIZERS[0].pattern },
                        "behavior": "Isolated", "invert": false });
    let json = json!({
        "version": "1.0",
        "added_tokens": SPECIALS.iter().enumerate().map(special).collect::<Vec<_>>(),
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [split, byte_level] },
        "decoder": byte_level,
        "model": { "type": "BPE", "ignore_merges": true, "vocab": ids, "merges": merges },
    });
    json.to_string().into_bytes()
}

/// Numbers in [-1, 1) that are exact in f32 (Steele et al. 2014, splitmix64).
fn noise(mut state: u64) -> impl FnMut() -> f32 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

pub(super) fn loaded(seed: u64, tied: bool) -> Loaded {
    let vocab = vocab();
    let config = Config {
        n_vocab: vocab.len(),
        d_model: 256,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 64,
        d_ff: 512,
        tied,
        rope_theta: 1e4,
        norm_eps: 1e-5,
        context: 128,
    };
    let layout = Layout::new(&config);
    let mut params = vec![0.0; layout.n_params()];
    let mut next = noise(seed);
    for param in layout.params() {
        // Matrices of the layers keep the size of what passes through, as 1/sqrt(width) does.
        let scale = match param.shape[..] {
            [_, _] if param.name.contains("layers") => 0.125,
            [_, _] => 1.0,
            _ => 0.0,
        };
        for x in &mut params[param.range.clone()] {
            *x = match scale {
                0.0 => 1.0 + next() * 0.25,
                scale => next() * scale,
            };
        }
    }
    Loaded {
        model: Model { config, params },
        vocab,
        chat_template: Some("{% for m in messages %}{{ m.content }}{% endfor %}".into()),
        source: "parity".into(),
    }
}

/// Greedy tokens of one prompt, without an end, and the narrowest margin of a choice.
fn greedy(loaded: &Loaded, prompt: &str) -> (Vec<u32>, f32) {
    let ids = prompt_ids(&loaded.vocab, prompt).unwrap();
    let mut session = Session::new(&loaded.model, &Executor::reference(), 0).unwrap();
    let mut logits = session.feed(&ids).unwrap().to_vec();
    let (mut tokens, mut narrowest) = (Vec::new(), f32::INFINITY);
    for _ in 0..N_TOKENS {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
        narrowest = narrowest.min(logits[order[0]] - logits[order[1]]);
        tokens.push(order[0] as u32);
        logits = session.feed(&[order[0] as u32]).unwrap().to_vec();
    }
    (tokens, narrowest)
}

/// Writes all files of the proof and what the other side is asked.
fn make(folder: &Path) {
    let source = folder.join("parity");
    disk::replace_bytes(&source, b"weights made of integers").unwrap();
    for (name, kind, tied) in FILES {
        let mut loaded = loaded(if tied { SEED_TIED } else { SEED }, tied);
        loaded.source = source.clone();
        let plan = Plan {
            output: Some(folder.join(name)),
            r#type: kind.into(),
            force: true,
            ..Plan::default()
        };
        let about = About {
            name: Some("parity".into()),
            languages: vec!["deu_Latn".into(), "srp_Cyrl".into(), "srp_Latn".into()],
            license: Some("cc0-1.0".into()),
        };
        run(
            &plan,
            &loaded,
            &about,
            &Guide::default(),
            &[],
            &Control::default(),
            &Silent,
        )
        .unwrap();
    }
    let names = FILES.map(|(name, ..)| name);
    let asked = json!({ "files": names, "prompts": PROMPTS, "texts": TEXTS, "n_tokens": N_TOKENS });
    disk::replace_json(&folder.join("asked.json"), &asked).unwrap();
}

/// What llama.cpp said.
#[derive(Deserialize)]
struct Golden {
    files: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    name: String,
    sha256: String,
    /// Ids of [`TEXTS`].
    ids: Vec<Vec<u32>>,
    /// Greedy tokens after each of [`PROMPTS`].
    answers: Vec<Vec<u32>>,
    /// By how much each was the likeliest.
    margins: Vec<Vec<f32>>,
    /// Logits after the first of [`PROMPTS`].
    logits: Vec<f32>,
}

#[test]
fn llama_cpp_reads_our_files_and_says_the_same_tokens() {
    if let Some(folder) = std::env::var_os("EU_PARITY_DIR") {
        return make(Path::new(&folder));
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gguf_llamacpp.json");
    let golden: Golden = serde_json::from_slice(&disk::read(&golden).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    assert_eq!(golden.files.len(), FILES.len());
    // llama.cpp rounds activations: to F16 for weights of F16, to blocks of 8 bits for the rest.
    // The logits have a standard deviation of 9. Every choice has to be the same; with blocks of
    // 4 bits, whose activations share one scale over 256 numbers, every choice that was clear.
    let bounds = [(0.05, 0.0), (1.0, 0.0), (1.0, 1.0), (0.1, 0.0)];
    let mut wrong = Vec::new();
    for (said, (bound, clear)) in golden.files.iter().zip(bounds) {
        let path = folder.path().join(&said.name);
        let name = &said.name;
        assert_eq!(
            disk::sha256(&path).unwrap().0,
            said.sha256,
            "{name} is another file"
        );
        let loaded = gguf::load(&path).unwrap();
        for (text, ids) in TEXTS.iter().zip(&said.ids) {
            assert_eq!(loaded.vocab.encode(text).unwrap(), *ids, "{name}: {text:?}");
        }
        let mut n_clear = 0;
        for ((prompt, tokens), margins) in PROMPTS.iter().zip(&said.answers).zip(&said.margins) {
            assert_eq!((tokens.len(), margins.len()), (N_TOKENS, N_TOKENS));
            let ours = following(&loaded, prompt, tokens);
            for (at, ours) in ours
                .iter()
                .enumerate()
                .filter(|(at, _)| margins[*at] >= clear)
            {
                n_clear += 1;
                if *ours != tokens[at] {
                    wrong.push(format!(
                        "{name}: {prompt:?}: token {at}: {ours}, {}",
                        tokens[at]
                    ));
                }
            }
        }
        assert!(
            n_clear > PROMPTS.len() * N_TOKENS / 2,
            "{name}: {n_clear} clear choices"
        );
        let ids = prompt_ids(&loaded.vocab, PROMPTS[0]).unwrap();
        let mut session = Session::new(&loaded.model, &Executor::reference(), 0).unwrap();
        let logits = session.feed(&ids).unwrap();
        assert_eq!(logits.len(), said.logits.len());
        let pairs = logits.iter().zip(&said.logits);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        if worst > bound {
            wrong.push(format!(
                "{name}: logits differ by {worst}, more than {bound}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What we choose after the prompt and each beginning of `tokens`.
fn following(loaded: &Loaded, prompt: &str, tokens: &[u32]) -> Vec<u32> {
    let mut sampler = Sampler::new(
        &generate::Plan {
            temperature: 0.0,
            ..Default::default()
        },
        &loaded.vocab,
        0,
    )
    .unwrap();
    let mut session = Session::new(&loaded.model, &Executor::reference(), 0).unwrap();
    let mut next = prompt_ids(&loaded.vocab, prompt).unwrap();
    let mut ours = Vec::new();
    for token in tokens {
        ours.push(sampler.choose(session.feed(&next).unwrap()).unwrap().token);
        next = vec![*token];
    }
    ours
}

/// Not a proof: how [`SEED`] was found.
#[test]
#[ignore = "searches for a seed; prints a table"]
#[allow(clippy::print_stderr)]
fn seeds_with_wide_margins() {
    use rayon::prelude::*;
    for tied in [true, false] {
        let mut found: Vec<(f32, usize, u64)> = (1..=400u64)
            .into_par_iter()
            .map(|seed| {
                let loaded = loaded(seed, tied);
                let answers = PROMPTS.map(|prompt| greedy(&loaded, prompt));
                let margin = answers.iter().map(|a| a.1).fold(f32::INFINITY, f32::min);
                let mut distinct: Vec<u32> = answers.iter().flat_map(|a| a.0.clone()).collect();
                distinct.sort_unstable();
                distinct.dedup();
                (margin, distinct.len(), seed)
            })
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (margin, n_distinct, seed) in &found[..12] {
            eprintln!("tied {tied} seed {seed} margin {margin} distinct {n_distinct}");
        }
    }
}
