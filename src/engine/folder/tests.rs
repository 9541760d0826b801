//! Folders written, read back, and told lies.

use std::path::Path;

use half::{bf16, f16};
use serde_json::{Value, json};

use super::*;
use crate::engine::generate::{Message, Template};
use crate::engine::model::init;
use crate::engine::train::fixture;
use crate::fault::{Fault, Kind};

fn config(tied: bool) -> Config {
    Config {
        n_vocab: 264, // more than the tokenizer has: vocabularies are padded
        d_model: 16,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 4,
        d_ff: 24,
        tied,
        rope_theta: 10_000.0,
        norm_eps: 1e-5,
        context: 32,
    }
}

fn written(tied: bool) -> (tempfile::TempDir, Vec<f32>) {
    let folder = tempfile::tempdir().unwrap();
    let params = init(&config(tied), 1);
    let vocab = Vocab::from_json(&fixture::tokenizer(), Path::new("t")).unwrap();
    write(
        folder.path(),
        &config(tied),
        &params,
        &fixture::tokenizer(),
        &vocab,
    )
    .unwrap();
    (folder, params)
}

/// A tensor by hand: name, type, shape, bytes.
type Tensor<'a> = (&'a str, &'a str, Vec<usize>, Vec<u8>);

fn by_hand(path: &Path, tensors: &[Tensor]) {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let end = data.len() + bytes.len();
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [data.len(), end]});
        header.insert(name.to_string(), entry);
        data.extend_from_slice(bytes);
    }
    let header = Value::Object(header).to_string();
    let length = (header.len() as u64).to_le_bytes();
    disk::replace_bytes(path, &[&length[..], header.as_bytes(), &data].concat()).unwrap();
}

/// Every tensor of the model, stored by `each`.
fn stored<'a>(
    layout: &'a Layout,
    params: &[f32],
    dtype: &'a str,
    each: impl Fn(f32) -> Vec<u8>,
) -> Vec<Tensor<'a>> {
    let tensors = layout.params().iter().map(|p| {
        let bytes = params[p.range.clone()]
            .iter()
            .flat_map(|x| each(*x))
            .collect();
        (p.name.as_str(), dtype, p.shape.clone(), bytes)
    });
    tensors.collect()
}

fn f32_bytes(x: f32) -> Vec<u8> {
    x.to_le_bytes().to_vec()
}

fn refusal(folder: &Path) -> Error {
    read(folder).err().expect("refused")
}

#[test]
fn what_is_written_is_read() {
    for tied in [true, false] {
        let (folder, params) = written(tied);
        let loaded = read(folder.path()).unwrap();
        assert_eq!(loaded.model.config, config(tied));
        assert!(loaded.model.params == params);
        assert_eq!((loaded.vocab.bos, loaded.vocab.eos), (Some(0), vec![0, 2]));
        assert_eq!(
            std::fs::read(folder.path().join(TOKENIZER)).unwrap(),
            fixture::tokenizer()
        );
    }
}

#[test]
fn half_precision_and_several_files_are_read() {
    let (folder, params) = written(false);
    let layout = Layout::new(&config(false));
    let path = folder.path().join(WEIGHTS);
    by_hand(
        &path,
        &stored(&layout, &params, "BF16", |x| {
            bf16::from_f32(x).to_le_bytes().into()
        }),
    );
    let near = |read: Vec<f32>, part: f32| {
        read.iter()
            .zip(&params)
            .all(|(a, b)| (a - b).abs() <= part * b.abs() + 1e-7)
    };
    assert!(near(read(folder.path()).unwrap().model.params, 1.0 / 256.0));
    std::fs::remove_file(path).unwrap();
    let tensors = stored(&layout, &params, "F16", |x| {
        f16::from_f32(x).to_le_bytes().into()
    });
    let mut names = serde_json::Map::new();
    for (i, part) in tensors.chunks(5).enumerate() {
        let file = format!("model-{i}.safetensors");
        by_hand(&folder.path().join(&file), part);
        part.iter()
            .for_each(|t| drop(names.insert(t.0.into(), json!(file))));
    }
    let index = folder.path().join("model.safetensors.index.json");
    disk::replace_json(&index, &json!({"weight_map": names})).unwrap();
    assert!(near(
        read(folder.path()).unwrap().model.params,
        1.0 / 2048.0
    ));
    names.insert(tensors[0].0.into(), json!("../elsewhere.safetensors"));
    disk::replace_json(&index, &json!({"weight_map": names})).unwrap();
    let error = refusal(folder.path()).to_string();
    assert!(error.contains("no file of this folder"), "{error}");
}

#[test]
fn a_header_that_lies_is_damage_and_never_a_panic() {
    let (folder, _) = written(true);
    let path = folder.path().join(WEIGHTS);
    let whole = std::fs::read(&path).unwrap();
    let header = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let mut lies = vec![vec![], whole[..7].to_vec(), vec![0xff; 64]];
    lies.push([&u64::MAX.to_le_bytes()[..], &whole[8..]].concat());
    lies.push([&0u64.to_le_bytes()[..], &whole[8..]].concat());
    lies.extend(
        (0..header + 64)
            .step_by(211)
            .map(|cut| whole[..cut].to_vec()),
    );
    lies.push(whole[..whole.len() - 1].to_vec());
    lies.push([&whole[..], &[0]].concat());
    for i in (0..header).step_by(23) {
        let mut flipped = whole.clone();
        flipped[i] ^= 1 << (i % 8);
        lies.push(flipped);
    }
    let mut n_refused = 0;
    for lie in &lies {
        disk::replace_bytes(&path, lie).unwrap();
        if let Err(error) = read(folder.path()) {
            n_refused += 1;
            assert_eq!(error.kind(), Kind::Damaged, "{error}");
            assert!(error.to_string().contains("model.safetensors"), "{error}");
        }
    }
    // A flip in the metadata ("pt") or in a space changes nothing that is read.
    assert!(n_refused + 4 > lies.len(), "{n_refused} of {}", lies.len());
}

#[test]
fn a_wrong_tensor_is_named_with_what_was_expected() {
    let (folder, params) = written(false);
    let layout = Layout::new(&config(false));
    let path = folder.path().join(WEIGHTS);
    let tensors = || stored(&layout, &params, "F32", f32_bytes);
    type Edit = fn(&mut Vec<Tensor>);
    let edits: [(&str, Edit); 5] = [
        ("no tensor lm_head.weight", |t| drop(t.pop())),
        (
            "tensor model.norm.weight has shape [4, 4], expected [16]",
            |t| {
                let norm = t.iter_mut().find(|t| t.0 == "model.norm.weight").unwrap();
                norm.2 = vec![4, 4];
            },
        ),
        (
            "unexpected tensor model.layers.0.self_attn.q_norm.weight",
            |t| {
                t.push((
                    "model.layers.0.self_attn.q_norm.weight",
                    "F32",
                    vec![1],
                    vec![0; 4],
                ));
            },
        ),
        (
            "tensor model.embed_tokens.weight is I32, expected F32, F16 or BF16",
            |t| {
                t[0].1 = "I32";
            },
        ),
        ("", |t| {
            t.push((
                "model.layers.0.self_attn.rotary_emb.inv_freq",
                "F32",
                vec![1],
                vec![0; 4],
            ))
        }),
    ];
    for (expected, edit) in edits {
        let mut tensors = tensors();
        edit(&mut tensors);
        by_hand(&path, &tensors);
        match read(folder.path()) {
            Ok(_) => assert_eq!(expected, "", "accepted"),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Damaged);
                assert!(
                    !expected.is_empty() && error.to_string().contains(expected),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_tied_output_may_be_there_twice_but_not_differ() {
    let (folder, params) = written(true);
    let layout = Layout::new(&config(true));
    let path = folder.path().join(WEIGHTS);
    let mut tensors = stored(&layout, &params, "F32", f32_bytes);
    let twin = tensors[0].clone();
    tensors.push(("lm_head.weight", "F32", twin.2, twin.3));
    by_hand(&path, &tensors);
    assert!(read(folder.path()).unwrap().model.params == params);
    tensors.last_mut().unwrap().3[0] ^= 1;
    by_hand(&path, &tensors);
    let error = refusal(folder.path()).to_string();
    assert!(
        error.contains("tied, but lm_head.weight differs"),
        "{error}"
    );
}

#[test]
fn what_is_missing_is_named() {
    for (name, kind) in [
        (CONFIG, Kind::Missing),
        (TOKENIZER, Kind::Missing),
        (WEIGHTS, Kind::Missing),
    ] {
        let (folder, _) = written(true);
        std::fs::remove_file(folder.path().join(name)).unwrap();
        let error = refusal(folder.path());
        assert_eq!(error.kind(), kind, "{error}");
        assert!(
            error.to_string().contains(name) && error.hint().is_some(),
            "{error}"
        );
    }
}

#[test]
fn a_vocabulary_larger_than_the_model_is_refused() {
    let (folder, _) = written(true);
    let path = folder.path().join(CONFIG);
    let mut config: Value = serde_json::from_slice(&disk::read(&path).unwrap()).unwrap();
    config["vocab_size"] = json!(258);
    disk::replace_json(&path, &config).unwrap();
    let error = refusal(folder.path()).to_string();
    assert!(
        error.contains("259 tokens, but config.json has room for 258"),
        "{error}"
    );
}

#[test]
fn a_model_may_name_the_ends_of_its_texts_and_its_template_elsewhere() {
    let (folder, _) = written(true);
    let at = |name: &str| folder.path().join(name);
    disk::replace_json(
        &at("generation_config.json"),
        &json!({"eos_token_id": [2, 999]}),
    )
    .unwrap();
    disk::replace_bytes(&at("chat_template.jinja"), b"{{ messages }}").unwrap();
    let loaded = read(folder.path()).unwrap();
    assert_eq!(loaded.vocab.eos, [2]);
    assert_eq!(loaded.chat_template.as_deref(), Some("{{ messages }}"));
}

#[test]
fn every_reader_puts_the_same_token_in_front() {
    let (folder, _) = written(true);
    let loaded = read(folder.path()).unwrap();
    let config: Value =
        serde_json::from_slice(&disk::read(&folder.path().join("tokenizer_config.json")).unwrap())
            .unwrap();
    assert_eq!(config["add_bos_token"], true);
    let template = Template::new(&loaded.chat_template.unwrap(), &loaded.vocab).unwrap();
    let text = template.render(&[Message::new("user", "a")], true).unwrap();
    let expected = "<|endoftext|><|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(text, expected);
    assert_eq!(
        loaded.vocab.encode_with_specials(&text).unwrap()[0],
        loaded.vocab.bos.unwrap()
    );
}

#[test]
fn a_safetensors_header_cut_or_changed_anywhere_is_damaged() {
    let header =
        br#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"x":"y"}}"#;
    let file = |header: &[u8], data: &[u8]| {
        [&(header.len() as u64).to_le_bytes()[..], header, data].concat()
    };
    let read = |bytes: &[u8]| {
        super::tensors(Path::new("x.safetensors"), bytes).map(|tensors| tensors.len())
    };
    let whole = file(header, &[0; 8]);
    assert_eq!(read(&whole).unwrap(), 1);
    for cut in 0..whole.len() {
        let error = read(&whole[..cut]).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{cut}: {error}");
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            if let Ok(n) = read(&bytes) {
                assert!(n <= 1);
            }
        }
    }
    let twice = br#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    let error = read(&file(twice, &[0])).unwrap_err().to_string();
    assert_eq!(
        error,
        "x.safetensors: not a safetensors file: \"a\" is there twice"
    );
}

#[test]
fn what_begins_a_text_is_put_there_only_where_the_model_wants_it() {
    let (folder, _) = written(true);
    let path = folder.path().join("tokenizer_config.json");
    let mut config: Value = serde_json::from_slice(&disk::read(&path).unwrap()).unwrap();
    let read_with = |config: &Value| {
        disk::replace_json(&path, config).unwrap();
        read(folder.path()).unwrap().vocab
    };
    let bos = read_with(&config).bos;
    assert!(bos.is_some());
    config["add_bos_token"] = json!(false);
    let vocab = read_with(&config);
    assert_eq!(
        (vocab.bos, vocab.bos_token()),
        (None, bos),
        "templates may put it there"
    );
    // Nothing is said, and the tokenizer does nothing by itself.
    config.as_object_mut().unwrap().remove("add_bos_token");
    assert_eq!(read_with(&config).bos, None);
    let path = folder.path().join(TOKENIZER);
    let mut tokenizer: Value = serde_json::from_slice(&disk::read(&path).unwrap()).unwrap();
    let token = json!({ "SpecialToken": { "id": "<|endoftext|>", "type_id": 0 } });
    let text = json!({ "Sequence": { "id": "A", "type_id": 0 } });
    tokenizer["post_processor"] = json!({
        "type": "TemplateProcessing", "single": [token, text], "pair": [token, text],
        "special_tokens": { "<|endoftext|>": {
            "id": "<|endoftext|>", "ids": [bos], "tokens": ["<|endoftext|>"],
        } },
    });
    disk::replace_json(&path, &tokenizer).unwrap();
    assert_eq!(read_with(&config).bos, bos);
}
