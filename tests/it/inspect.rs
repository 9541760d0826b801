//! What `eu inspect` says of models: whole, in parts, odd, broken.

use std::path::Path;

use europium::engine::gguf::{Draft, Kind, Metadata, Value};

use crate::program::Place;

/// Writes a GGUF file with one tensor of these weights.
fn gguf(path: &Path, weights: &[f32], entries: &[(&str, Value)]) {
    let mut metadata = Metadata::new(path);
    for (key, value) in entries {
        metadata.set(*key, value.clone());
    }
    let mut draft = Draft::new(metadata);
    let n = weights.len() as u64;
    draft.add(
        "token_embd.weight",
        &[n / 2, 2],
        Kind::named("F32").unwrap(),
    );
    let bytes = weights
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect::<Vec<_>>();
    draft.write(path, |_| Ok(bytes.clone())).unwrap();
}

fn string(text: &str) -> Value {
    Value::String(text.into())
}

#[test]
fn a_plain_model_is_told_with_its_tensors_and_nothing_odd() {
    let place = Place::new();
    let template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
    let entries = [
        ("general.architecture", string("llama")),
        ("general.name", string("Żółw")),
        ("tokenizer.chat_template", string(template)),
        ("tokenizer.ggml.tokens", Value::strings(["a", "b"])),
    ];
    gguf(
        &place.path().join("m.gguf"),
        &[1.0, -2.0, 0.5, 0.0],
        &entries,
    );
    let ran = place.run(&["inspect", "m.gguf", "-v", "--check"]).code(0);
    for words in [
        "GGUF model",
        "Żółw",
        "token_embd.weight",
        "2 x 2",
        "every one is a number",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("look out"), "{}", ran.stdout);
    let report = place
        .run(&["inspect", "m.gguf", "-v", "--json"])
        .code(0)
        .object("inspect/1");
    assert_eq!(report["odd"], serde_json::json!([]));
    assert_eq!(report["broken"], serde_json::Value::Null);
    assert_eq!(report["tensors"][0]["shape"], serde_json::json!([2, 2]));
    assert_eq!(report["tensors"][0]["type"], "F32");
    assert_eq!(report["facts"]["tokenizer.ggml.tokens"][1], "b");
}

#[test]
fn what_is_odd_is_told_and_drives_no_terminal() {
    let place = Place::new();
    let entries = [
        ("general.name\u{1b}[2J", string("x\u{1b}]0;owned\u{7}")),
        (
            "tokenizer.chat_template",
            string(
                "{{ ''.__class__ if false }}{% for i in range(99999) %}{% for j in range(99) %}{% endfor %}{% endfor %}",
            ),
        ),
        (
            "tokenizer.ggml.tokens",
            Value::strings(["a", "\u{1b}[31mred", "a"]),
        ),
    ];
    gguf(&place.path().join("m.gguf"), &[1.0; 4], &entries);
    let ran = place.run(&["inspect", "m.gguf"]).code(0);
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    let report = place.run(&["inspect", "m.gguf", "--json"]).code(0);
    assert!(!report.stdout.contains('\u{1b}'));
    let odd = report.object("inspect/1")["odd"].to_string();
    for words in [
        "no key needs",
        "control characters",
        "__class__",
        "fuel",
        "there twice",
    ] {
        assert!(odd.contains(words), "{words}: {odd}");
    }
}

#[test]
fn weights_that_are_no_numbers_end_with_3_where_they_are_looked_at() {
    let place = Place::new();
    gguf(
        &place.path().join("m.gguf"),
        &[1.0, f32::NAN, 0.0, 0.0],
        &[],
    );
    place.run(&["inspect", "m.gguf"]).code(0);
    let ran = place.run(&["inspect", "m.gguf", "--check"]).code(3);
    ran.says("m.gguf: tensor token_embd.weight: weight 1 is NaN");
    let header = br#"{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend([0x80, 0x3f, 0x80, 0x7f]); // 1, infinity
    std::fs::write(place.path().join("m.safetensors"), file).unwrap();
    place.run(&["inspect", "m.safetensors"]).code(0);
    place
        .run(&["inspect", "m.safetensors", "--check"])
        .code(3)
        .says("tensor w: weight 1 is inf");
    place.write(
        "m.safetensors.index.json",
        r#"{"weight_map": {"w": "m.safetensors", "v": "../x", "u": "gone"}}"#,
    );
    let report = place
        .run(&["inspect", "m.safetensors.index.json", "--json"])
        .code(0)
        .object("inspect/1");
    assert_eq!(report["facts"]["tensors"], 3);
    assert_eq!(report["odd"].as_array().unwrap().len(), 2, "{report}");
}

#[test]
fn parts_of_a_model_are_told_together_and_one_alone_by_what_it_says() {
    let place = Place::new();
    let part = |no: u16| {
        let path = place.path().join(format!("m-{:05}-of-00002.gguf", no + 1));
        let mut metadata = Metadata::new(&path);
        metadata.set("split.no", Value::U16(no));
        metadata.set("split.count", Value::U16(2));
        let mut draft = Draft::new(metadata);
        draft.add(&format!("t{no}"), &[4], Kind::named("F32").unwrap());
        draft.write(&path, |_| Ok(vec![0; 16])).unwrap();
    };
    part(0);
    let ran = place.run(&["inspect", "m-00001-of-00002.gguf"]).code(0);
    assert!(
        ran.stdout.contains("part 2 of 2 is not there"),
        "{}",
        ran.stdout
    );
    part(1);
    let ran = place
        .run(&["inspect", "m-00002-of-00002.gguf", "-v"])
        .code(0);
    for words in ["t0", "t1", "m-00001-of-00002.gguf m-00002"] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
}

/// A field of a protocol buffer that has bytes, shorter than 128.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
}

#[test]
fn a_sentencepiece_model_is_told_by_its_pieces_and_refused_when_cut() {
    let place = Place::new();
    let piece = |text: &str, kind: u8| {
        let inner = [
            field(1, text.as_bytes()),
            vec![2 << 3 | 5, 0, 0, 0, 0, 3 << 3, kind],
        ];
        field(1, &inner.concat())
    };
    let trainer = field(2, &[3 << 3, 2, 4 << 3, 9]); // bpe, of 9 pieces
    let whole = [
        piece("<unk>", 2),
        piece("<s>\u{1b}[2J", 3),
        piece("<s>\u{1b}[2J", 3),
        piece("\u{2581}ż", 1),
        trainer,
        field(3, &field(1, b"identity")),
    ]
    .concat();
    place.write("tokenizer.model", &whole);
    let ran = place.run(&["inspect", "tokenizer.model"]).code(0);
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    for words in [
        "SentencePiece model",
        "bpe",
        "control 2",
        "identity",
        "look out",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let report = place
        .run(&["inspect", "tokenizer.model", "--json"])
        .code(0)
        .object("inspect/1");
    assert_eq!(report["facts"]["pieces"], 4);
    assert_eq!(report["facts"]["end of text"], "2 <s>\u{1b}[2J");
    assert_eq!(report["facts"]["padding"], serde_json::Value::Null);
    let odd = report["odd"].to_string();
    for words in [
        "there twice",
        "9 pieces were asked for",
        "control characters",
    ] {
        assert!(odd.contains(words), "{words}: {odd}");
    }
    place.write("tokenizer.model", &whole[..whole.len() - 3]);
    place
        .run(&["inspect", "tokenizer.model"])
        .code(3)
        .says("tokenizer.model: no SentencePiece model: ");
}

#[test]
fn an_importance_matrix_of_the_older_form_is_told_and_refused_when_cut() {
    let place = Place::new();
    let name = b"blk.0.attn_q.weight";
    let mut bytes = Vec::new();
    for (n, name, sums) in [
        (1i32, &name[..], [1.0f32, 0.0]),
        (0, b"output.weight", [0.0; 2]),
    ] {
        if n == 1 {
            bytes.extend(2i32.to_le_bytes());
        }
        bytes.extend((name.len() as i32).to_le_bytes());
        bytes.extend(name);
        bytes.extend([4i32, 2].iter().flat_map(|x| x.to_le_bytes()));
        bytes.extend(sums.iter().flat_map(|x| x.to_le_bytes()));
    }
    bytes.extend([7i32, 5].iter().flat_map(|x| x.to_le_bytes()));
    bytes.extend(b"a.txt");
    place.write("m.dat", &bytes);
    let ran = place.run(&["inspect", "m.dat", "-v"]).code(0);
    for words in [
        "importance matrix",
        "legacy .dat",
        "a.txt",
        "blk.0.attn_q.weight",
        "1 x 2",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let report = place.run(&["inspect", "m.dat", "--json"]).code(0);
    let report = report.object("inspect/1");
    assert_eq!(report["facts"]["matrices"], 2);
    assert_eq!(report["facts"]["most calls"], 4);
    assert_eq!(report["facts"]["chunks"], 7);
    let odd = report["odd"].to_string();
    assert!(
        odd.contains("saw nothing but zeros, the first is output.weight"),
        "{odd}"
    );
    place.write("m.dat", &bytes[..50]);
    place.run(&["inspect", "m.dat"]).code(3).says("m.dat: ");
    place.write("m.dat", "some text\n");
    let ran = place.run(&["inspect", "m.dat"]).code(0);
    assert!(ran.stdout.contains("plain text"), "{}", ran.stdout);
}
