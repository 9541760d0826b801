//! The same numbers as PyTorch and transformers: goldens in `tests/golden`, made by the scripts in
//! `tests/parity`, which say how to make them again.

use std::path::{Path, PathBuf};

use europium::engine::model::{Config, Layout, Model, Session};
use europium::engine::ops::{Executor, Precision, muon};
use europium::engine::train::{Batch, Learner, Plan, learning_rate};
use europium::engine::{folder, load};
use europium::vocab::Vocab;
use serde_json::Value;

const N_STEPS: u64 = 20;
/// The batches of a run repeat, so that there is something to learn.
const N_BATCHES: usize = 4;

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

/// Made-up numbers both sides work out alike: FNV-1a of the name (fnv1a.org), and the
/// finaliser of splitmix64 (Steele, Lea and Flood 2014).
fn number(name: &str, i: u64) -> u64 {
    let fnv = |h: u64, byte: u8| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    let mut z = seed.wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A multiple of 2^-26 between -1/8 and 1/8, around 1 for norms: exact in f32.
fn weights(config: &Config) -> Vec<f32> {
    let layout = Layout::new(config);
    let mut params = vec![0.0; layout.n_params()];
    for param in layout.params() {
        for (i, x) in params[param.range.clone()].iter_mut().enumerate() {
            let unit = (number(&param.name, i as u64) >> 40) as f32 / (1 << 24) as f32;
            *x = (unit - 0.5) * 0.25
                + if param.name.contains("norm") {
                    1.0
                } else {
                    0.0
                };
        }
    }
    params
}

fn batch(index: usize, plan: &Plan, n_vocab: usize) -> Batch {
    let t = plan.context;
    let mut batch = Batch::default();
    for row in 0..plan.batch {
        let first = ((index * plan.batch + row) * (t + 1)) as u64;
        let token = |i: usize| (number("tokens", first + i as u64) % n_vocab as u64) as u32;
        batch.inputs.extend((0..t).map(token));
        batch.targets.extend((1..=t).map(token));
    }
    batch
}

fn train_plan(tied: bool) -> Plan {
    Plan {
        d_model: 48,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        d_ff: 80,
        tied,
        context: 24,
        batch: 4,
        micro_batch: 2,
        lr: 1e-2,
        min_lr_share: 0.1,
        warmup_share: 0.1,
        decay_share: 0.25,
        ..Plan::default()
    }
}

#[test]
fn twenty_steps_give_the_losses_of_pytorch() {
    let golden = golden("train_torch.json");
    let n_vocab = golden["n_vocab"].as_u64().unwrap() as usize;
    for tied in [true, false] {
        let expected = &golden[if tied { "tied" } else { "untied" }];
        let (losses, norms) = (
            numbers(&expected["losses"]),
            numbers(&expected["grad_norms"]),
        );
        for executor in [Executor::reference(), Executor::cpu(2).unwrap()] {
            let plan = train_plan(tied);
            let config = plan.config(n_vocab).unwrap();
            let params = weights(&config);
            let zeros = vec![0.0; params.len()];
            let model = Model { config, params };
            let mut learner =
                Learner::of(&plan, model, [zeros.clone(), zeros], None, &executor).unwrap();
            for step in 0..N_STEPS {
                let batch = batch(step as usize % N_BATCHES, &plan, n_vocab);
                let made = learner.learn(&batch, plan.context).unwrap();
                let lr = learning_rate(&plan, N_STEPS, step);
                learner.update(&plan, step + 1, lr, made.grad_norm);
                let (loss, norm) = (losses[step as usize], norms[step as usize]);
                let at = format!("{} tied {tied} step {step}", executor.name());
                assert!(
                    (made.loss / loss - 1.0).abs() <= 1e-4,
                    "{at}: {} {loss}",
                    made.loss
                );
                assert!(
                    (made.grad_norm / norm - 1.0).abs() <= 1e-3,
                    "{at}: {made:?} {norm}"
                );
            }
            assert!(losses[19] < 0.9 * losses[0], "there was something to learn");
        }
    }
}

#[test]
fn three_steps_of_muon_give_the_weights_of_pytorch() {
    const STEP: muon::Step = muon::Step {
        lr: 1e-2,
        momentum: 0.95,
        weight_decay: 0.1,
        grad_scale: 1.0,
    };
    let golden = golden("muon_torch.json");
    // torch rounds in other places of bf16 than we do; a step is about 8e-3 long
    for (precision, name, tolerance) in [
        (Precision::F32, "f64", 2e-6),
        (Precision::Bf16, "bf16", 4e-4),
    ] {
        for (case, executor) in golden["cases"].as_array().unwrap().iter().flat_map(|case| {
            let executors = [Executor::reference(), Executor::cpu(2).unwrap()];
            executors.map(|executor| (case, executor.in_precision(precision)))
        }) {
            let [rows, cols] = ["rows", "cols"].map(|key| case[key].as_u64().unwrap() as usize);
            let tensor = |name: &str| -> Vec<f32> {
                let unit = |i| (number(name, i) >> 40) as f32 / (1 << 24) as f32;
                let numbers = 0..(rows * cols) as u64;
                numbers.map(|i| (unit(i) - 0.5) * 0.25).collect()
            };
            let mut params = tensor("params");
            let (mut m, mut copy) = (vec![0.0; params.len()], executor.copy(&params));
            for step in 0..3 {
                let state = muon::State {
                    params: &mut params,
                    m: &mut m,
                    copy: &mut copy,
                };
                let matrices = [(0..rows * cols, [rows, cols])];
                let grads = tensor(&format!("grads {step}"));
                executor.muon(state, &grads, &matrices, &STEP);
            }
            for (found, expected) in params.iter().zip(numbers(&case[name])) {
                assert!(
                    (f64::from(*found) - expected).abs() <= tolerance,
                    "{} {name} {rows} x {cols}: {found} {expected}",
                    executor.name()
                );
            }
        }
    }
}

fn export(at: &Path) -> Model {
    let config = Config {
        n_vocab: 264, // padded beyond the tokenizer's 259
        d_model: 48,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 16, // heads wider together than the residual stream
        d_ff: 80,
        tied: false,
        rope_theta: 5_000.0,
        norm_eps: 1e-5,
        context: 64,
    };
    let tokenizer = include_bytes!("../fixtures/tokenizer-bytes.json");
    let vocab = Vocab::from_json(tokenizer, Path::new("tokenizer-bytes.json")).unwrap();
    let params = weights(&config);
    folder::write(at, &config, &params, tokenizer, &vocab).unwrap();
    Model { config, params }
}

#[test]
fn the_exported_folder_gives_the_logits_of_transformers() {
    let temporary = tempfile::tempdir().unwrap();
    // Set to keep the folder for the script that makes the golden.
    let kept = std::env::var_os("EU_PARITY_FOLDER").map(PathBuf::from);
    let at = kept.as_deref().unwrap_or(temporary.path());
    let written = export(at);
    let loaded = load::load(at).unwrap();
    assert!(
        loaded.model.params == written.params,
        "what is read is what was written"
    );
    if kept.is_some() {
        return;
    }
    let golden = golden("logits_transformers.json");
    let text = golden["text"].as_str().unwrap();
    let ids: Vec<u32> = numbers(&golden["ids"])
        .into_iter()
        .map(|id| id as u32)
        .collect();
    assert_eq!(
        loaded.vocab.encode(text).unwrap(),
        ids[1..],
        "the same tokens"
    );
    assert_eq!(golden["eos_token_id"], serde_json::json!(loaded.vocab.eos));
    let conversation = "<|endoftext|><|im_start|>user\nGrüße<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(golden["conversation"], conversation);
    for executor in [Executor::reference(), Executor::cpu(2).unwrap()] {
        let mut session = Session::new(&loaded.model, &executor, 0).unwrap();
        for (id, expected) in ids.iter().zip(golden["logits"].as_array().unwrap()) {
            let logits = session.feed(&[*id]).unwrap();
            let expected = numbers(expected);
            assert_eq!(logits.len(), expected.len());
            for (i, (a, b)) in logits.iter().zip(expected).enumerate() {
                assert!(
                    (f64::from(*a) - b).abs() <= 1e-4,
                    "{}: {i}: {a} {b}",
                    executor.name()
                );
            }
        }
    }
}
