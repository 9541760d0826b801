//! Proof against llama.cpp: the same types for every tensor of models of many shapes, and the same
//! bytes, with and without importance.
//!
//! To make the golden file again: `EU_MIXES_DIR=DIR cargo test --lib quant::mixes`, then
//! `python tests/parity/quantize_llamacpp.py DIR PATH/TO/llama-quantize`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::choose::{Facts, Rules, Tensor};
use super::imatrix::{Entry, Imatrix};
use super::parity::vocab;
use super::{About, Guide, Plan, QUANTS, run, run_file};
use crate::disk;
use crate::engine::gguf::{self, Header, Kind, Value, to_gguf};
use crate::engine::load::Loaded;
use crate::engine::model::{Config, Layout, Model};
use crate::event::{Control, Silent};

/// Models whose types are compared: layers, query heads, value heads, width, width of the
/// feed-forward block, whether the embedding is the output.
const SHAPES: [(&str, [usize; 5], bool); 5] = [
    ("untied", [16, 4, 2, 256, 256], false),
    ("tied-shared-heads", [20, 8, 2, 256, 256], true),
    ("many-layers", [80, 4, 2, 256, 256], false),
    ("many-layers-own-heads", [80, 4, 4, 256, 256], false),
    ("narrow", [9, 4, 2, 96, 160], true),
];
/// The model whose bytes are compared.
const SMALL: (&str, [usize; 5], bool) = ("small", [1, 4, 2, 256, 256], false);
/// Types of which bytes are compared with importance as well.
const WEIGHED: [&str; 6] = ["q5_0", "q4_k_m", "q4_0", "iq4_xs", "q3_k_m", "q2_k"];

fn config([n_layers, n_heads, n_kv_heads, d_model, d_ff]: [usize; 5], tied: bool) -> Config {
    Config {
        n_vocab: vocab().len(),
        d_model,
        n_layers,
        n_heads,
        n_kv_heads,
        head_dim: 16,
        d_ff,
        tied,
        rope_theta: 1e4,
        norm_eps: 1e-5,
        context: 64,
    }
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

/// A model at `source` with weights of noise, or of nothing where only types are asked for.
fn loaded(source: &Path, config: Config, has_weights: bool) -> Loaded {
    disk::replace_bytes(source, b"weights made of integers").unwrap();
    let mut params = vec![0.0; config.n_params()];
    if has_weights {
        let mut next = noise(3);
        let mut normal = || (next() + next() + next() + next()) * 0.02;
        params.iter_mut().for_each(|x| *x = normal());
    }
    Loaded {
        model: Model { config, params },
        vocab: vocab(),
        chat_template: None,
        source: source.into(),
    }
}

/// Importance of every matrix inside of the layers.
fn imatrix(config: &Config) -> Imatrix {
    let mut next = noise(9);
    let mut entry = |n: usize| Entry {
        sums: (0..n).map(|_| next().powi(2) * 100.0).collect(),
        counts: vec![100],
    };
    let layout = Layout::new(config);
    let inside = |p: &&_| {
        let p: &crate::engine::model::Param = p;
        p.shape.len() == 2 && p.name.starts_with("model.layers.")
    };
    let matrices = layout.params().iter().filter(inside);
    Imatrix {
        datasets: vec!["noise".into()],
        n_chunks: 10,
        chunk_tokens: 10,
        entries: matrices
            .map(|p| (to_gguf(&p.name).unwrap(), entry(p.shape[1])))
            .collect(),
        ..Imatrix::default()
    }
}

fn quantize(plan: &Plan, loaded: &Loaded) -> std::path::PathBuf {
    let (about, control) = (About::default(), Control::default());
    run(
        plan,
        loaded,
        &about,
        &Guide::default(),
        &[],
        &control,
        &Silent,
    )
    .unwrap()
    .path
}

/// Writes the model as F16 into `folder`, where weights get the precision both sides see.
fn source(folder: &Path, (name, shape, tied): (&str, [usize; 5], bool)) -> std::path::PathBuf {
    let config = config(shape, tied);
    imatrix(&config)
        .write(&folder.join(format!("{name}.imatrix")))
        .unwrap();
    let loaded = loaded(&folder.join("source"), config, name == SMALL.0);
    let plan = Plan {
        output: Some(folder.join(format!("{name}.gguf"))),
        r#type: "f16".into(),
        force: true,
        ..Plan::default()
    };
    quantize(&plan, &loaded)
}

/// What llama.cpp did: for each model, each type of file and with (`+imatrix`) and without
/// importance.
#[derive(Deserialize)]
struct Golden {
    /// Types of the tensors of each part, joined by spaces; one where all layers have the same.
    types: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    /// Hash of the bytes of each tensor, the first 16 digits.
    bytes: BTreeMap<String, BTreeMap<String, String>>,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/quantize_llamacpp.json");
    serde_json::from_slice(&disk::read(&path).unwrap()).unwrap()
}

/// The part of a tensor, without its layer: `attn_v.weight`.
fn part_of(name: &str) -> &str {
    let inside = name
        .strip_prefix("blk.")
        .and_then(|rest| rest.split_once('.'));
    inside.map_or(name, |(_, part)| part)
}

/// Types by part, as the golden file tells them.
fn types(plan: &Plan, config: &Config) -> BTreeMap<String, String> {
    let layout = Layout::new(config);
    let matrices = layout.params().iter().filter(|p| p.shape.len() == 2);
    let named = matrices.map(|p| (to_gguf(&p.name).unwrap(), dims(&p.shape)));
    let named: Vec<(String, Vec<u64>)> = named.collect();
    let tensors: Vec<Tensor> = named
        .iter()
        .map(|(name, dims)| Tensor {
            name,
            dims,
            kind: Kind::named("F32").unwrap(),
        })
        .collect();
    let choices = Rules::of(plan)
        .unwrap()
        .choose(&Facts::of(config), &tensors);
    let mut types: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (tensor, choice) in tensors.iter().zip(choices) {
        let part = part_of(tensor.name).to_owned();
        types.entry(part).or_default().push(choice.kind.name);
    }
    let told = |mut types: Vec<&'static str>| {
        if types.iter().all(|kind| *kind == types[0]) {
            types.truncate(1);
        }
        types.join(" ")
    };
    types
        .into_iter()
        .map(|(part, types)| (part, told(types)))
        .collect()
}

/// As GGUF has them: the length of a row first.
fn dims(shape: &[usize]) -> Vec<u64> {
    shape.iter().rev().map(|n| *n as u64).collect()
}

fn plan(case: &str) -> Plan {
    let (name, is_weighed) = match case.strip_suffix("+imatrix") {
        Some(name) => (name, true),
        None => (case, false),
    };
    Plan {
        r#type: name.into(),
        imatrix: is_weighed.then(|| "imatrix".into()),
        force: true,
        ..Plan::default()
    }
}

#[test]
fn every_tensor_gets_the_type_llama_cpp_gives_it() {
    if let Some(folder) = std::env::var_os("EU_MIXES_DIR") {
        let folder = Path::new(&folder);
        for shape in SHAPES.into_iter().chain([SMALL]) {
            source(folder, shape);
        }
        let names = QUANTS.each_ref().map(|q| q.name);
        let asked = serde_json::json!({
            "types": names, "weighed": WEIGHED, "small": SMALL.0,
            "shapes": SHAPES.map(|(name, ..)| name),
        });
        return disk::replace_json(&folder.join("asked.json"), &asked).unwrap();
    }
    let golden = golden();
    let mut wrong = Vec::new();
    for (name, shape, tied) in SHAPES {
        let cases = &golden.types[name];
        assert_eq!(cases.len(), 2 * QUANTS.len(), "{name}");
        for (case, said) in cases {
            let ours = types(&plan(case), &config(shape, tied));
            if ours != *said {
                wrong.push(format!("{name} {case}: {ours:?}, {said:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_tensor_gets_the_bytes_llama_cpp_gives_it() {
    if std::env::var_os("EU_MIXES_DIR").is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path(), SMALL);
    let loaded = gguf::load(&source).unwrap();
    let golden = golden();
    assert_eq!(golden.bytes.len(), QUANTS.len() + WEIGHED.len());
    let mut wrong = Vec::new();
    for (case, said) in &golden.bytes {
        let mut plan = plan(case);
        plan.output = Some(folder.path().join("made.gguf"));
        if plan.imatrix.is_some() {
            plan.imatrix = Some(folder.path().join("small.imatrix"));
        }
        // Of the file as it lies; and, as a check, for one type of the model in memory.
        let control = Control::default();
        let made = run_file(&plan, &source, &Guide::default(), &[], &control, &Silent)
            .unwrap()
            .path;
        let bytes = disk::read(&made).unwrap();
        if case == "q4_k_m+imatrix" {
            quantize(&plan, &loaded);
            let again = disk::read(&made).unwrap();
            let of = |bytes: &[u8]| Header::parse(&made, bytes).unwrap();
            for (a, b) in of(&bytes).tensors.iter().zip(&of(&again).tensors) {
                assert_eq!(a.name, b.name);
                assert!(
                    bytes[a.range.clone()] == again[b.range.clone()],
                    "{}",
                    a.name
                );
            }
        }
        let header = Header::parse(&made, &bytes).unwrap();
        assert_eq!(header.tensors.len(), said.len(), "{case}");
        for tensor in &header.tensors {
            let hash = &disk::sha256_bytes(&bytes[tensor.range.clone()])[..16];
            if hash != said[&tensor.name] {
                wrong.push(format!("{case}: {} as {}", tensor.name, tensor.kind.name));
            }
        }
        let key = "quantize.imatrix.entries_count";
        let n = header.metadata.u64(key).unwrap();
        assert_eq!(n, case.contains('+').then_some(7), "{case}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_file_of_any_architecture_keeps_what_it_says_and_tells_what_it_lost() {
    let folder = tempfile::tempdir().unwrap();
    let f16 = source(folder.path(), SMALL);
    let bytes = disk::read(&f16).unwrap();
    let mut header = Header::parse(&f16, &bytes).unwrap();
    let string = |text: &str| Value::String(text.into());
    header
        .metadata
        .set("general.architecture", string("no such"));
    header.metadata.set("no such.note", string("stays"));
    header.metadata.set("general.alignment", Value::U32(64));
    let mut draft = gguf::Draft::new(header.metadata);
    for tensor in &header.tensors {
        draft.add(&tensor.name, &tensor.dims, tensor.kind);
    }
    let other = folder.path().join("other.gguf");
    let tensor = |i: usize| Ok(bytes[header.tensors[i].range.clone()].to_vec());
    draft.write(&other, tensor).unwrap();

    let made = |source: &Path, kind: &str| {
        let plan = Plan {
            output: Some(folder.path().join(format!("{kind}.gguf"))),
            ..plan(kind)
        };
        run_file(
            &plan,
            source,
            &Guide::default(),
            &[],
            &Control::default(),
            &Silent,
        )
        .unwrap()
    };
    let once = made(&other, "q8_0");
    assert!(once.notes.is_empty(), "{:?}", once.notes);
    let read = disk::read(&once.path).unwrap();
    let metadata = Header::parse(&once.path, &read).unwrap().metadata;
    assert_eq!(metadata.get("no such.note"), Some(&string("stays")));
    assert_eq!(metadata.u64("general.file_type").unwrap(), Some(7));
    let hash = crate::ledger::digest(&crate::ledger::hash_files(&other).unwrap());
    assert_eq!(
        metadata.get("europium.parents.sha256"),
        Some(&Value::strings([hash]))
    );
    let twice = made(&once.path, "q4_0");
    let told = twice
        .notes
        .iter()
        .any(|note| note.contains("9 tensors had lost bits"));
    assert!(told, "{:?}", twice.notes);
    let moved = folder.path().join("moved.gguf");
    std::fs::copy(&once.path, &moved).unwrap();
    assert_eq!(made(&moved, "q8_0").notes.len(), 0, "nothing is lost");
    assert!(disk::read(&once.path).unwrap().len() == read.len());
}

#[test]
fn importance_of_another_model_is_refused_and_what_it_does_not_know_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = gguf::load(&source(folder.path(), SMALL)).unwrap();
    let path = folder.path().join("other.imatrix");
    let with = |edit: &dyn Fn(&mut Imatrix)| {
        let mut imatrix = imatrix(&loaded.model.config);
        edit(&mut imatrix);
        imatrix.write(&path).unwrap();
        let plan = Plan {
            imatrix: Some(path.clone()),
            output: Some(folder.path().join("made.gguf")),
            ..plan("f16")
        };
        run(
            &plan,
            &loaded,
            &About::default(),
            &Guide::default(),
            &[],
            &Control::default(),
            &Silent,
        )
    };
    let name = "blk.0.ffn_down.weight";
    let whole = with(&|_| {}).unwrap();
    let lacking = with(&|i| drop(i.entries.remove(name))).unwrap();
    assert_eq!(
        lacking.notes.len(),
        whole.notes.len() + 1,
        "{:?}",
        lacking.notes
    );
    assert!(
        lacking
            .notes
            .iter()
            .any(|n| n.contains("1 matrices") && n.contains(name))
    );
    let other = with(&|i| i.entries.values_mut().for_each(|e| e.sums.truncate(32)));
    let other = other.unwrap_err().to_string();
    assert!(
        other.contains("has 32 columns here, 256 in the model"),
        "{other}"
    );
    let stranger = with(&|i| {
        let entry = i.entries.remove(name).unwrap();
        i.entries = [("blk.7.ffn_down.weight".into(), entry)].into();
    });
    assert!(
        stranger
            .unwrap_err()
            .to_string()
            .contains("none of the model's matrices")
    );
}
