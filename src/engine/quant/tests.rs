//! Files made of a small model and read again, whole and damaged.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::parity::{loaded, tokenizer, vocab};
use super::{About, Guide, Plan, QUANTS, Report, run};
use crate::disk;
use crate::engine::Error;
use crate::engine::eval::Request;
use crate::engine::folder;
use crate::engine::gguf::{self, Header, Metadata, Value};
use crate::engine::load::{self, Loaded};
use crate::engine::model::{Config, Layout, Model, init};
use crate::event::{Control, Event, Silent};
use crate::fault::{Fault, Kind};
use crate::ledger::{self, Manifest, verify};

/// A model of a few thousand weights, as if it lay in `folder`.
fn small(folder: &Path) -> Loaded {
    let vocab = vocab();
    let config = Config {
        n_vocab: vocab.len() + 3, // padded, as trained embeddings often are
        d_model: 32,
        n_layers: 2,
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 16,
        d_ff: 48,
        tied: true,
        rope_theta: 1e6,
        norm_eps: 1e-6,
        context: 64,
    };
    let source = folder.join("model");
    disk::replace_bytes(&source.join("config.json"), b"{}").unwrap();
    Loaded {
        model: Model {
            params: init(&config, 1),
            config,
        },
        vocab,
        chat_template: Some("{{ messages }}".into()),
        source,
    }
}

fn plan(folder: &Path, kind: &str) -> Plan {
    Plan {
        output: Some(folder.join(format!("{kind}.gguf"))),
        r#type: kind.into(),
        ..Plan::default()
    }
}

fn quantize(plan: &Plan, loaded: &Loaded) -> crate::engine::Result<Report> {
    let about = About {
        languages: vec!["mlt_Latn".into()],
        ..About::default()
    };
    run(
        plan,
        loaded,
        &about,
        &Guide::default(),
        &[],
        &Control::default(),
        &Silent,
    )
}

#[test]
fn every_type_is_loaded_again_as_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let original = small(folder.path());
    for quant in &QUANTS {
        // The largest weight of the initial model is about 0.1; each type may lose its share.
        let bound = match quant.name {
            "f16" => 1e-4,
            "bf16" | "q8_0" | "q6_k" => 1e-3,
            name if name.starts_with("q5") => 5e-3,
            name if name.starts_with("q4_k") => 0.01,
            _ => 0.02,
        };
        let plan = plan(folder.path(), quant.name);
        let report = quantize(&plan, &original).unwrap();
        assert_eq!(report.len_bytes, report.path.metadata().unwrap().len());
        assert!(
            report.bits_per_weight > 4.4 && report.bits_per_weight <= 16.5,
            "{report:?}"
        );
        let again = gguf::load(&report.path).unwrap();
        assert_eq!(again.model.config, original.model.config, "{}", quant.name);
        assert_eq!(again.chat_template, original.chat_template);
        assert_eq!(
            (again.vocab.bos, &again.vocab.eos),
            (original.vocab.bos, &original.vocab.eos)
        );
        assert_eq!(again.vocab.len(), original.model.config.n_vocab);
        let text = "Kollha jitwieldu ħielsa 2024";
        assert_eq!(
            again.vocab.encode(text).unwrap(),
            original.vocab.encode(text).unwrap()
        );
        assert_eq!(again.vocab.special("<|im_end|>"), Some(2));
        let pairs = again.model.params.iter().zip(&original.model.params);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst > 0.0 && worst < bound, "{}: {worst}", quant.name);
    }
}

#[test]
fn a_model_made_again_at_another_time_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let original = small(folder.path());
    let made = |seed: u64| {
        // The clock and the settings of the manifest are another's; the files are the same.
        let manifest = Manifest::begin("train", &seed);
        manifest.seal(&original.source).unwrap();
        let plan = Plan {
            force: true,
            ..plan(folder.path(), "q8_0")
        };
        disk::read(&quantize(&plan, &original).unwrap().path).unwrap()
    };
    assert!(made(1) == made(2));
}

#[test]
fn a_file_tells_everything_and_names_its_parents() {
    let folder = tempfile::tempdir().unwrap();
    let original = small(folder.path());
    let report = quantize(&plan(folder.path(), "q8_0"), &original).unwrap();
    let bytes = disk::read(&report.path).unwrap();
    let metadata = Header::parse(&report.path, &bytes).unwrap().metadata;
    let manifest = Manifest::of(&report.path).unwrap();
    assert!(verify(&report.path, &manifest).unwrap().is_empty());
    let hash = disk::sha256(&original.source.join("config.json"))
        .unwrap()
        .0;
    assert_eq!(manifest.parents[0].sha256, hash);
    let digest = ledger::digest(&ledger::hash_files(&original.source).unwrap());
    assert_eq!(
        metadata.get("europium.parents.sha256"),
        Some(&Value::strings([digest]))
    );
    let expected = [
        ("general.architecture", Value::String("llama".into())),
        ("general.file_type", Value::U32(7)),
        ("general.quantization_version", Value::U32(2)),
        ("general.languages", Value::strings(["mt"])),
        ("llama.context_length", Value::U32(64)),
        ("llama.attention.head_count_kv", Value::U32(1)),
        ("llama.rope.dimension_count", Value::U32(16)),
        ("llama.rope.freq_base", Value::F32(1e6)),
        (
            "llama.vocab_size",
            Value::U32(original.model.config.n_vocab as u32),
        ),
        ("tokenizer.ggml.pre", Value::String("llama-bpe".into())),
        ("tokenizer.ggml.bos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eot_token_id", Value::U32(2)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(true)),
        (
            "tokenizer.chat_template",
            Value::String("{{ messages }}".into()),
        ),
    ];
    for (key, value) in expected {
        assert_eq!(metadata.get(key), Some(&value), "{key}");
    }
    let kinds = metadata.i64s("tokenizer.ggml.token_type").unwrap().unwrap();
    assert_eq!(kinds[1], 3, "special tokens are control tokens");
    assert_eq!(kinds.last(), Some(&5), "padding is unused");
}

#[test]
fn the_same_model_makes_the_same_bytes_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let original = loaded(5, false);
    let source = folder.path().join("model");
    disk::replace_bytes(&source, b"").unwrap();
    let original = Loaded { source, ..original };
    let hash = |threads| {
        let plan = Plan {
            threads,
            force: true,
            ..plan(folder.path(), "q4_k_m")
        };
        disk::sha256(&quantize(&plan, &original).unwrap().path)
            .unwrap()
            .0
    };
    assert_eq!(hash(1), hash(3));
}

#[test]
fn types_that_do_not_fit_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let original = small(folder.path());
    let told = Mutex::new(Vec::new());
    let sink = |event| told.lock().unwrap().push(event);
    let plan = plan(folder.path(), "q4_k_m");
    let control = Control::default();
    let report = run(
        &plan,
        &original,
        &About::default(),
        &Guide::default(),
        &[],
        &control,
        &sink,
    )
    .unwrap();
    // Rows of 48 hold no block of 32 either; rows of 32 do.
    assert_eq!(report.notes.len(), 4, "{:?}", report.notes);
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.contains("F16 instead of Q6_K")),
        "{:?}",
        report.notes
    );
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.contains("Q5_0 instead of Q4_K")),
        "{:?}",
        report.notes
    );
    let told = told.into_inner().unwrap();
    let n_notes = told
        .iter()
        .filter(|e| matches!(e, Event::Note { warning: true, .. }))
        .count();
    assert_eq!(n_notes, 4);
    assert!(
        told.iter()
            .any(|e| matches!(e, Event::Saved { what, .. } if what == "gguf"))
    );
}

#[test]
fn every_language_is_scored_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let made = small(folder.path());
    let (source, model) = (folder.path().join("whole"), &made.model);
    folder::write(
        &source,
        &model.config,
        &model.params,
        &tokenizer(),
        &made.vocab,
    )
    .unwrap();
    let original = load::load(&source).unwrap();
    let requests: Vec<Request> = crate::lang::Lang::all()
        .iter()
        .map(|lang| Request {
            lang: lang.code.clone(),
            is_met: false,
            text: lang.endonym.clone(),
        })
        .collect();
    let plan = Plan {
        plot: Some(folder.path().join("lost.svg")),
        max_kld: Some(1e-9),
        data: vec!["text".into()],
        ..plan(folder.path(), "q4_0")
    };
    let control = Control::default();
    let report = run(
        &plan,
        &original,
        &About::default(),
        &Guide::default(),
        &requests,
        &control,
        &Silent,
    )
    .unwrap();
    assert_eq!(report.losses.len(), requests.len());
    assert!(
        report.losses.is_sorted_by(|a, b| a.loss >= b.loss),
        "worst first"
    );
    for loss in &report.losses {
        assert!(
            loss.before > 0.0 && loss.after.is_finite() && loss.n_bytes > 0,
            "{loss:?}"
        );
    }
    let manifest = Manifest::of(&report.path).unwrap();
    assert_eq!(
        manifest.counters["losses"].as_array().unwrap().len(),
        requests.len()
    );
    let picture = disk::read(report.plot.as_ref().unwrap()).unwrap();
    assert!(picture.starts_with(b"<svg"));
    // The file stays, and the bound names who passed it.
    let mut worst = report.losses.clone();
    worst.sort_by(|a, b| b.kl_mean.total_cmp(&a.kl_mean));
    let error = report.judge(&plan).unwrap_err();
    assert_eq!(error.kind(), Kind::Gate);
    assert!(error.to_string().starts_with(&worst[0].lang), "{error}");
    assert!(report.path.is_file());
    let blind = Plan {
        data: Vec::new(),
        ..plan
    };
    assert_eq!(blind.check().unwrap_err().kind(), Kind::Usage);
}

#[test]
fn what_cannot_be_done_is_refused_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let original = small(folder.path());
    let wrong = quantize(&plan(folder.path(), "q9_9"), &original).unwrap_err();
    assert_eq!(wrong.kind(), Kind::Usage);
    assert!(wrong.hint().unwrap().contains("q4_k_m"));
    let plan = plan(folder.path(), "q8_0");
    let control = Control::default();
    control.request_stop();
    let stopped = run(
        &plan,
        &original,
        &About::default(),
        &Guide::default(),
        &[],
        &control,
        &Silent,
    );
    assert_eq!(stopped.unwrap_err().kind(), Kind::Interrupted);
    let mut broken = small(folder.path());
    broken.model.params[7] = f32::NAN;
    let error = quantize(&plan, &broken).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("model.embed_tokens.weight: weight 7 is NaN"),
        "{error}"
    );
    assert!(!plan.output.as_ref().unwrap().exists());
    quantize(&plan, &original).unwrap();
    assert_eq!(
        quantize(&plan, &original).unwrap_err().kind(),
        Kind::Usage,
        "it exists already"
    );
    quantize(
        &Plan {
            force: true,
            ..plan
        },
        &original,
    )
    .unwrap();
}

/// The bytes of a good file, and where to put worse ones.
fn good() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let original = small(folder.path());
    let path = quantize(&plan(folder.path(), "q8_0"), &original)
        .unwrap()
        .path;
    let bytes = disk::read(&path).unwrap();
    (folder, path, bytes)
}

#[test]
fn a_model_cut_anywhere_is_damaged() {
    let (folder, path, bytes) = good();
    let end = Header::parse(&path, &bytes)
        .unwrap()
        .tensors
        .last()
        .unwrap()
        .range
        .end;
    let cut = folder.path().join("cut.gguf");
    for at in (0..end).step_by(end / 97).chain([0, 1, 4, 24, end - 1]) {
        disk::replace_bytes(&cut, &bytes[..at]).unwrap();
        let error = gguf::load(&cut).err().unwrap();
        assert!(matches!(error, Error::Damaged { .. }), "{at}: {error}");
    }
}

/// Writes the good file again with other metadata.
fn edited(path: &Path, bytes: &[u8], edit: impl Fn(&mut Metadata)) -> Error {
    let mut header = Header::parse(path, bytes).unwrap();
    edit(&mut header.metadata);
    let mut draft = gguf::Draft::new(header.metadata);
    for tensor in &header.tensors {
        draft.add(&tensor.name, &tensor.dims, tensor.kind);
    }
    let other = path.with_file_name("edited.gguf");
    draft
        .write(&other, |i| {
            Ok(bytes[header.tensors[i].range.clone()].to_vec())
        })
        .unwrap();
    gguf::load(&other).err().unwrap()
}

#[test]
fn what_a_file_says_is_checked_against_what_it_holds() {
    let (_folder, path, bytes) = good();
    type Case<'a> = (&'a str, Value, Kind, &'a str);
    let cases: [Case; 11] = [
        (
            "general.architecture",
            Value::String("mamba".into()),
            Kind::Usage,
            "\"mamba\"",
        ),
        (
            "tokenizer.ggml.pre",
            Value::String("x".into()),
            Kind::Usage,
            "pre-tokenizer \"x\"",
        ),
        (
            "tokenizer.ggml.model",
            Value::String("t5".into()),
            Kind::Usage,
            "\"t5\"",
        ),
        (
            "llama.rope.scaling.type",
            Value::String("yarn".into()),
            Kind::Usage,
            "yarn",
        ),
        ("llama.expert_count", Value::U32(8), Kind::Usage, "experts"),
        (
            "llama.rope.dimension_count",
            Value::U32(8),
            Kind::Usage,
            "widths",
        ),
        (
            "llama.block_count",
            Value::U32(3),
            Kind::Damaged,
            "no tensor blk.2.",
        ),
        (
            "llama.embedding_length",
            Value::U32(64),
            Kind::Damaged,
            "has shape",
        ),
        (
            "llama.context_length",
            Value::U32(0),
            Kind::Damaged,
            "context",
        ),
        (
            "llama.feed_forward_length",
            Value::Bool(true),
            Kind::Damaged,
            "not a whole number",
        ),
        (
            "tokenizer.ggml.eos_token_id",
            Value::U32(u32::MAX),
            Kind::Damaged,
            "eos_token_id is",
        ),
    ];
    for (key, value, kind, said) in cases {
        let error = edited(&path, &bytes, |m| m.set(key, value.clone()));
        assert_eq!(error.kind(), kind, "{key}: {error}");
        assert!(error.to_string().contains(said), "{key}: {error}");
    }
}

#[test]
fn tensors_are_named_in_the_order_of_the_layout() {
    let (_folder, path, bytes) = good();
    let header = Header::parse(&path, &bytes).unwrap();
    let config = gguf::load(&path).unwrap().model.config;
    let names: Vec<String> = Layout::new(&config)
        .params()
        .iter()
        .map(|p| gguf::to_gguf(&p.name).unwrap())
        .collect();
    let have: Vec<&str> = header.tensors.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(have, names);
}
