//! Models whose files are damaged, hostile or nonsense: refused alike by every command that loads
//! one, with the file and what is wrong in it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bad_input::{fails, refused};
use crate::program::Place;
use crate::trained::Trained;

/// What a model folder must hold, damaged one file at a time: every command that loads a model
/// refuses it alike.
#[track_caller]
fn refused_model(model: &str, place: &Place, code: i32, says: &[&str]) {
    refused(place, &["quantize", model, "-o", "new/q.gguf"], code, says);
    let ran = fails(place, &["chat", model, "-p", "x", "--raw"], code);
    assert_eq!(ran.stdout, "");
    says.iter().for_each(|text| {
        ran.says(text);
    });
    let ran = fails(place, &["eval", model, "--data", "data"], code);
    says.iter().for_each(|text| {
        ran.says(text);
    });
}

fn model_and_data() -> (Place, PathBuf) {
    let (place, trained) = (Place::new(), Trained::shared());
    trained.copy("run/model", &place);
    trained.copy("data", &place);
    let model = place.path().join("run/model");
    (place, model)
}

/// A safetensors file: its header, and its tensors' bytes.
fn parts(bytes: &[u8]) -> (Value, Vec<u8>) {
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = serde_json::from_slice(&bytes[8..8 + len]).unwrap();
    (header, bytes[8 + len..].to_vec())
}

fn safetensors(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header, data].concat()
}

#[test]
fn weights_that_lie_about_themselves_are_refused() {
    let (place, model) = model_and_data();
    let path = model.join("model.safetensors");
    let whole = std::fs::read(&path).unwrap();
    let (header, data) = parts(&whole);
    let names: Vec<String> = header.as_object().unwrap().keys().cloned().collect();
    let norm = "model.norm.weight";
    let first = names
        .iter()
        .find(|n| *n != "__metadata__")
        .unwrap()
        .as_str();
    let lying = |tensor: &str, key: &str, value: Value| {
        let mut header = header.clone();
        header[tensor][key] = value;
        safetensors(header.to_string().as_bytes(), &data)
    };
    let without = |tensor: &str| {
        let mut header = header.clone();
        header.as_object_mut().unwrap().remove(tensor);
        safetensors(header.to_string().as_bytes(), &data)
    };
    let mut huge = whole.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut large = whole.clone();
    large[..8].copy_from_slice(&(1u64 << 40).to_le_bytes());
    let mut nan = whole.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let cases = [
        ("empty", vec![], "model.safetensors: "),
        ("seven bytes", whole[..7].to_vec(), "model.safetensors: "),
        ("cut header", whole[..40].to_vec(), "model.safetensors: "),
        (
            "cut tensors",
            whole[..whole.len() - 1].to_vec(),
            "model.safetensors: ",
        ),
        ("longer", [&whole[..], b"x"].concat(), "model.safetensors: "),
        ("huge header", huge, "model.safetensors: "),
        ("large header", large, "model.safetensors: "),
        (
            "no JSON",
            safetensors(b"{nonsense", &data),
            "model.safetensors: ",
        ),
        (
            "a list",
            safetensors(b"[1]     ", &data),
            "model.safetensors: ",
        ),
        (
            "overlap",
            lying(norm, "data_offsets", json!([0, 128])),
            "model.safetensors: ",
        ),
        (
            "backwards",
            lying(norm, "data_offsets", json!([128, 0])),
            "model.safetensors: ",
        ),
        (
            "outside",
            lying(
                norm,
                "data_offsets",
                json!([1u64 << 60, (1u64 << 60) + 128]),
            ),
            "model.safetensors: ",
        ),
        (
            "negative",
            lying(norm, "data_offsets", json!([-128, 0])),
            "model.safetensors: ",
        ),
        ("shape", lying(norm, "shape", json!([8, 4])), norm),
        (
            "huge shape",
            lying(norm, "shape", json!([u64::MAX, 2])),
            "model.safetensors: ",
        ),
        ("type", lying(norm, "dtype", json!("I32")), norm),
        (
            "unknown type",
            lying(norm, "dtype", json!("Q9")),
            "model.safetensors: ",
        ),
        ("missing", without(first), "model.safetensors: "),
        ("no number", nan, "is NaN"),
    ];
    for (what, bytes, says) in cases {
        eprintln!("{what}");
        std::fs::write(&path, bytes).unwrap();
        refused_model("run/model", &place, 3, &["model.safetensors: ", says]);
    }
    std::fs::remove_file(&path).unwrap();
    refused_model("run/model", &place, 4, &["model.safetensors", "hint: "]);
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let (place, model) = model_and_data();
    let path = model.join("config.json");
    let config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let with = |key: &str, value: Value| {
        let mut config = config.clone();
        config[key] = value;
        config.to_string().into_bytes()
    };
    let without = |key: &str| {
        let mut config = config.clone();
        config.as_object_mut().unwrap().remove(key);
        config.to_string().into_bytes()
    };
    let cases = [
        (vec![], "config.json"),
        (b"{".to_vec(), "config.json"),
        (b"[]".to_vec(), "config.json"),
        (b"\xff\xfe".to_vec(), "config.json"),
        (without("hidden_size"), "hidden_size"),
        (without("vocab_size"), "vocab_size"),
        (with("hidden_size", json!(0)), "hidden_size"),
        (with("hidden_size", json!("wide")), "hidden_size"),
        (with("hidden_size", json!(u64::MAX)), "hidden_size"),
        (with("num_hidden_layers", json!(-1)), "num_hidden_layers"),
        (with("num_hidden_layers", json!(1e300)), "num_hidden_layers"),
        (with("num_attention_heads", json!(0)), "num_attention_heads"),
        (with("num_key_value_heads", json!(3)), "config.json"),
        (with("head_dim", json!(15)), "config.json"),
        (with("vocab_size", json!(1u64 << 50)), "vocab_size"),
        (with("vocab_size", json!(10)), "tokenizer.json: 400 tokens"),
        (with("num_hidden_layers", json!(4096)), "model.safetensors"),
        (with("rope_theta", json!(0)), "rope_theta"),
        (with("rms_norm_eps", json!("small")), "rms_norm_eps"),
    ];
    for (bytes, says) in cases {
        eprintln!("{}", String::from_utf8_lossy(&bytes));
        std::fs::write(&path, bytes).unwrap();
        refused_model("run/model", &place, 3, &["run/model/", says]);
    }
    std::fs::write(&path, with("model_type", json!("mamba"))).unwrap();
    refused_model("run/model", &place, 2, &["config.json", "mamba", "hint: "]);
}

#[test]
fn a_tokenizer_that_makes_no_sense_is_refused() {
    let (place, model) = model_and_data();
    let path = model.join("tokenizer.json");
    let tokenizer: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let with = |at: &str, value: Value| {
        let mut tokenizer = tokenizer.clone();
        *tokenizer.pointer_mut(at).unwrap() = value;
        tokenizer.to_string().into_bytes()
    };
    let whole = tokenizer.to_string().into_bytes();
    for bytes in [
        vec![],
        b"nonsense".to_vec(),
        b"{}".to_vec(),
        b"{\"model\": 7}".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        with("/model/type", json!("Magic")),
        with("/model/vocab", json!({})),
        with("/model/vocab", json!({"a": 4_000_000_000u32})),
        with("/model/vocab", json!({"a": -1})),
        with("/model/merges", json!([["not", "there"]])),
        with("/model/merges", json!("none")),
    ] {
        eprintln!("{}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
        std::fs::write(&path, &bytes).unwrap();
        refused_model("run/model", &place, 3, &["tokenizer.json"]);
        let at = place.write("own.json", &bytes);
        let own = format!("--tokenizer={}", at.display());
        let args = ["prepare", "data/unique", "-o", "out", &own];
        refused(&place, &args, 3, &["own.json"]);
    }
    std::fs::remove_file(&path).unwrap();
    refused_model("run/model", &place, 4, &["tokenizer.json", "hint: "]);
}

#[test]
fn a_gguf_cut_anywhere_is_refused() {
    let (place, trained) = (Place::new(), Trained::shared());
    let whole = std::fs::read(trained.path("model.gguf")).unwrap();
    // Every byte of the first fields, then ever larger steps, then the last bytes.
    let mut cuts: Vec<usize> = (0..32).collect();
    cuts.extend((32..whole.len()).step_by(whole.len() / 60));
    cuts.extend(whole.len() - 3..whole.len());
    for cut in cuts {
        place.write("cut.gguf", &whole[..cut]);
        let ran = fails(&place, &["chat", "cut.gguf", "-p", "x", "--raw"], 3);
        assert_eq!(ran.stdout, "", "cut at {cut}");
        ran.says("cut.gguf: ").says("hint: ");
        if cut >= 4 {
            // With less it is not yet a GGUF file, and what it is it says.
            fails(&place, &["inspect", "cut.gguf"], 3).says("cut.gguf: ");
        }
    }
    trained.copy("data", &place);
    refused_model("cut.gguf", &place, 3, &["cut.gguf: "]);
}

#[test]
fn a_gguf_with_any_field_changed_never_ends_in_a_panic() {
    let (place, trained) = (Place::new(), Trained::shared());
    let whole = std::fs::read(trained.path("model.gguf")).unwrap();
    let lie = |at: usize, bytes: &[u8]| {
        let mut lying = whole.clone();
        lying[at..at + bytes.len()].copy_from_slice(bytes);
        place.write("lying.gguf", lying);
        let ran = place.run(&["chat", "lying.gguf", "-p", "x", "--raw", "--max-tokens=2"]);
        for word in ["panicked", "internal error"] {
            assert!(!ran.stderr.contains(word), "byte {at}: {}", ran.stderr);
        }
        assert!(matches!(ran.code, Some(0 | 2 | 3)), "byte {at}: {ran:?}");
        ran
    };
    // Magic, version, number of tensors, number of keys, length of the first key.
    for (at, bytes, says) in [
        (0, &b"GGML"[..], "GGUF"),
        (4, &99u32.to_le_bytes(), "version"),
        (4, &3u32.to_be_bytes(), "big-endian"),
        (8, &u64::MAX.to_le_bytes(), "tensors"),
        (8, &(1u64 << 33).to_le_bytes(), "tensors"),
        (16, &u64::MAX.to_le_bytes(), "byte 16: "),
        (16, &(1u64 << 33).to_le_bytes(), "byte 16: "),
        (24, &u64::MAX.to_le_bytes(), "byte 24: "),
        (24, &(1u64 << 40).to_le_bytes(), "byte 24: "),
    ] {
        lie(at, bytes).code(3).says("lying.gguf: ").says(says);
    }
    for at in (0..whole.len() - 8).step_by(whole.len() / 150) {
        lie(at, &[0xff; 8]);
        lie(at, &[whole[at] ^ 0x41]);
    }
}
