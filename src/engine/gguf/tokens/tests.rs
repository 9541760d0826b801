//! Ids beside those that llama.cpp gives, and metadata that is refused.

use std::path::{Path, PathBuf};

use super::super::{Header, Value, ValueKind};
use super::*;
use crate::disk;
use crate::vocab::Pieces;

/// The folder of shared test data, where there is one.
fn shared(file: &str) -> Option<PathBuf> {
    std::env::var_os("EU_TEST_DATA").map(|root| Path::new(&root).join("data/tokenizers").join(file))
}

#[allow(clippy::print_stderr)] // the one line that says why nothing was tested
fn ids_are_those_of_llama_cpp(name: &str) {
    let Some(path) = shared(&format!("llamacpp-vocab/ggml-vocab-{name}.gguf")) else {
        return eprintln!("skipped: EU_TEST_DATA is not set");
    };
    let beside = |end: &str| disk::read(&PathBuf::from(format!("{}{end}", path.display())));
    let inputs = String::from_utf8(beside(".inp").unwrap()).unwrap();
    let outputs = String::from_utf8(beside(".out").unwrap()).unwrap();
    let bytes = disk::read(&path).unwrap();
    let header = Header::parse(&path, &bytes).unwrap();
    let vocab = vocab_from(&header.metadata).unwrap();
    let inputs: Vec<&str> = inputs.split("\n__ggml_vocab_test__\n").collect();
    let outputs: Vec<&str> = outputs.lines().collect();
    assert!(
        inputs.len() >= outputs.len() && outputs.len() > 40,
        "{}",
        outputs.len()
    );
    for (input, output) in inputs.iter().zip(outputs) {
        let ids: Vec<u32> = output
            .split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect();
        assert_eq!(vocab.encode(input).unwrap(), ids, "{input:?}");
    }
}

#[test]
fn a_token_longer_than_any_is_refused_before_it_is_cut() {
    let mut metadata = Metadata::new(Path::new("x.gguf"));
    metadata.set("tokenizer.ggml.model", Value::String("llama".into()));
    let long = "a".repeat(4097);
    metadata.set(
        "tokenizer.ggml.tokens",
        Value::strings(["a", long.as_str()]),
    );
    let scores = Value::Array(ValueKind::F32, vec![Value::F32(0.0); 2]);
    metadata.set("tokenizer.ggml.scores", scores);
    let error = vocab_from(&metadata).err().unwrap().to_string();
    assert_eq!(error, "x.gguf: token 1 has 4097 bytes, more than 4096");
}

#[test]
fn byte_level_ids_are_those_of_llama_cpp() {
    ids_are_those_of_llama_cpp("gpt-2");
}

#[test]
fn sentence_piece_ids_are_those_of_llama_cpp() {
    ids_are_those_of_llama_cpp("llama-spm");
}

/// What llama.cpp gave: `tests/parity/vocab_llamacpp.py`.
#[derive(serde::Deserialize)]
struct Golden {
    texts: Vec<String>,
    models: Vec<Model>,
}

#[derive(serde::Deserialize)]
struct Model {
    file: String,
    sha256: String,
    n_tokens: usize,
    end_of_generation: Vec<u32>,
    pieces_sha256: String,
    plain: Vec<Vec<u32>>,
    ends: Vec<Vec<u32>>,
    special: Vec<Vec<u32>>,
}

#[test]
#[allow(clippy::print_stderr)] // the line that says why nothing was tested
fn vocabularies_of_models_give_the_ids_of_llama_cpp() {
    let golden = include_str!("../../../../tests/golden/vocab_models.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    let Some(folder) = std::env::var_os("EU_TEST_MODELS") else {
        return eprintln!("skipped: EU_TEST_MODELS is not set");
    };
    for model in golden.models {
        let path = Path::new(&folder).join(&model.file);
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            continue;
        }
        assert_eq!(disk::sha256(&path).unwrap().0, model.sha256, "another file");
        let bytes = disk::Mapped::open(&path).unwrap();
        let header = Header::parse(&path, &bytes).unwrap();
        let vocab = vocab_from(&header.metadata).unwrap();
        assert_eq!(vocab.len(), model.n_tokens);
        let mut ends = vocab.eos.clone();
        ends.sort_unstable();
        assert_eq!(ends, model.end_of_generation, "{}", model.file);
        let mut pieces = Vec::new();
        for id in 0..vocab.len() as u32 {
            pieces.extend_from_slice(vocab.bytes(id));
            pieces.push(0);
        }
        assert_eq!(
            disk::sha256_bytes(&pieces),
            model.pieces_sha256,
            "{}",
            model.file
        );
        for (i, text) in golden.texts.iter().enumerate() {
            let name = format!("{} {text:?}", model.file);
            assert_eq!(vocab.encode(text).unwrap(), model.plain[i], "plain {name}");
            assert_eq!(
                vocab.encode_whole(text).unwrap(),
                model.ends[i],
                "ends {name}"
            );
            let special = vocab.encode_with_specials(text).unwrap();
            assert_eq!(special, model.special[i], "special {name}");
        }
    }
}

#[test]
fn words_are_cut_as_llama_cpp_cuts_them_by_every_name() {
    #[derive(serde::Deserialize)]
    struct Row {
        names: Vec<String>,
        ids: Vec<Vec<u32>>,
    }
    #[derive(serde::Deserialize)]
    struct Golden {
        texts: Vec<String>,
        tokens: Vec<String>,
        merges: Vec<[String; 2]>,
        rows: Vec<Row>,
    }
    let golden = include_str!("../../../../tests/golden/pre_tokenizers.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    let merges = golden.merges.iter().map(|[a, b]| format!("{a} {b}"));
    let mut metadata = Metadata::new(Path::new("x.gguf"));
    metadata.set("tokenizer.ggml.model", Value::String("gpt2".into()));
    metadata.set("tokenizer.ggml.tokens", Value::strings(&golden.tokens));
    metadata.set("tokenizer.ggml.merges", Value::strings(merges));
    let mut wrong = Vec::new();
    let mut n = 0;
    for row in &golden.rows {
        for name in &row.names {
            metadata.set("tokenizer.ggml.pre", Value::String(name.clone()));
            let vocab = vocab_from(&metadata).unwrap();
            n += 1;
            for (text, ids) in golden.texts.iter().zip(&row.ids) {
                let got = vocab.encode(text).unwrap();
                if got != *ids {
                    let at = got.iter().zip(ids).take_while(|(a, b)| a == b).count();
                    let rest = |ids: &[u32]| vocab.decode(&ids[at..(at + 3).min(ids.len())]);
                    wrong.push(format!(
                        "{name}: {:?} {:?} in {text:?}",
                        rest(&got),
                        rest(ids)
                    ));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let known: Vec<&str> = Pre::names().collect();
    let tested = |name: &&str| {
        golden
            .rows
            .iter()
            .any(|row| row.names.iter().any(|n| n == name))
    };
    assert!(known.iter().all(tested), "{known:?}");
    assert_eq!(known.len(), n);
}

#[test]
fn vocabularies_that_contradict_themselves_are_refused_in_words() {
    let numbers = |kind, n: usize| match kind {
        ValueKind::F32 => Value::Array(kind, vec![Value::F32(0.0); n]),
        _ => Value::Array(ValueKind::I32, vec![Value::I32(1); n]),
    };
    let string = |text: &str| Value::String(text.into());
    let merges = Value::strings(["a b"]);
    let bpe = [
        ("model", string("gpt2")),
        ("pre", string("gpt-2")),
        ("tokens", Value::strings(["a", "b", "ab"])),
        ("merges", merges.clone()),
    ];
    let spm = [
        ("model", string("llama")),
        ("tokens", Value::strings(["<unk>", "a", "b"])),
        ("scores", numbers(ValueKind::F32, 3)),
    ];
    let read = |base: &[(&str, Value)], more: &[(&str, Value)], without: &str| {
        let mut metadata = Metadata::new(Path::new("x.gguf"));
        for (key, value) in base.iter().chain(more).filter(|(key, _)| *key != without) {
            metadata.set(format!("tokenizer.ggml.{key}"), value.clone());
        }
        vocab_from(&metadata).map(drop).map_err(|e| e.to_string())
    };
    assert_eq!(read(&bpe, &[], ""), Ok(()));
    let nan = vec![Value::F32(0.0), Value::F32(f32::NAN), Value::F32(0.0)];
    type Entry = (&'static str, Value);
    type Case<'a> = (&'a [Entry], Entry, &'static str, &'static str);
    let cases: Vec<Case> = vec![
        (&bpe, ("x", string("")), "model", "no tokenizer.ggml.model"),
        (
            &bpe,
            ("x", string("")),
            "tokens",
            "no tokenizer.ggml.tokens",
        ),
        (
            &bpe,
            ("x", string("")),
            "merges",
            "no tokenizer.ggml.merges",
        ),
        (
            &bpe,
            ("model", string("t5")),
            "",
            "kind \"t5\" are not supported",
        ),
        (
            &bpe,
            ("model", Value::U8(1)),
            "",
            "model is U8, not a string",
        ),
        (
            &bpe,
            ("pre", string("unheard-of")),
            "",
            "pre-tokenizer \"unheard-of\"",
        ),
        (&bpe, ("tokens", merges), "", "is no token"),
        (
            &bpe,
            ("tokens", numbers(ValueKind::I32, 3)),
            "",
            "3 of I32, not an array of strings",
        ),
        (
            &bpe,
            ("tokens", Value::strings(["a", "b", "a"])),
            "",
            "tokens 0 and 2 are both \"a\"",
        ),
        (
            &bpe,
            ("merges", Value::strings(["ab"])),
            "",
            "merge 0 is \"ab\", not two tokens",
        ),
        (
            &bpe,
            ("merges", Value::strings(["b a"])),
            "",
            "\"ba\" is no token",
        ),
        (
            &bpe,
            ("token_type", numbers(ValueKind::I32, 2)),
            "",
            "3 tokens have 2 types",
        ),
        (
            &bpe,
            ("token_type", numbers(ValueKind::F32, 3)),
            "",
            "not an array of whole numbers",
        ),
        (
            &bpe,
            ("eos_token_id", Value::U32(3)),
            "",
            "eos_token_id is 3 of 3",
        ),
        (
            &bpe,
            ("bos_token_id", Value::I32(-1)),
            "",
            "bos_token_id is I32, not a whole number",
        ),
        (
            &bpe,
            ("add_bos_token", Value::U8(1)),
            "",
            "add_bos_token is U8, not a truth value",
        ),
        (
            &spm,
            ("x", string("")),
            "scores",
            "no tokenizer.ggml.scores",
        ),
        (
            &spm,
            ("scores", numbers(ValueKind::F32, 2)),
            "",
            "3 tokens have 2 scores",
        ),
        (
            &spm,
            ("scores", Value::Array(ValueKind::F32, nan)),
            "",
            "score of token 1 is not a number",
        ),
        (&spm, ("x", string("")), "", "no token stands for byte 0x00"),
    ];
    for (base, more, without, words) in cases {
        let error = read(base, &[more], without).unwrap_err();
        assert!(
            error.starts_with("x.gguf: ") && error.contains(words),
            "{error}"
        );
    }
}

#[test]
fn tokens_are_what_their_type_and_their_text_say() {
    let bytes = (0..=255u8).map(|b| format!("<0x{b:02X}>"));
    let more = [
        "<unk>",
        "<s>",
        "</s>",
        "<end_of_turn>",
        "a",
        "\u{2581}a",
        "b",
        "ab",
        "[x]",
        "gone",
    ];
    let texts: Vec<String> = bytes.chain(more.map(String::from)).collect();
    let kind = |text: &str| match text {
        "<unk>" => 2,
        "<s>" | "</s>" => 3,
        "[x]" => 4,
        "gone" => 5,
        _ if text.starts_with("<0x") => 6,
        _ => 1,
    };
    let kinds = texts.iter().map(|t| Value::I32(kind(t))).collect();
    let scores = (0..texts.len()).map(|n| Value::F32(-(n as f32))).collect();
    let mut metadata = Metadata::new(Path::new("x.gguf"));
    let mut set = |key: &str, value| metadata.set(format!("tokenizer.ggml.{key}"), value);
    set("model", Value::String("llama".into()));
    set("tokens", Value::strings(&texts));
    set("token_type", Value::Array(ValueKind::I32, kinds));
    set("scores", Value::Array(ValueKind::F32, scores));
    set("bos_token_id", Value::U32(257));
    set("eos_token_id", Value::U32(258));
    set("add_eos_token", Value::Bool(true));
    let vocab = vocab_from(&metadata).unwrap();
    let [a, space_a, ab, x] = [260, 261, 263, 264];
    // A space in front, which this kind adds, and again behind each token that was found.
    assert_eq!(vocab.encode("ab").unwrap(), [space_a, 262]);
    assert_eq!(vocab.encode("a[x]ab").unwrap(), [space_a, x, space_a, 262]);
    assert_eq!(vocab.encode_whole("a").unwrap(), [257, space_a, 258]);
    assert_eq!(
        vocab.encode("</s>").unwrap().len(),
        1 + 4 + 2,
        "bytes, not a token"
    );
    assert_eq!(
        vocab.encode_with_specials("<s>a</s>").unwrap(),
        [257, space_a, 258]
    );
    assert_eq!(
        vocab.eos,
        [258, 259],
        "by name too, though it is said to be text"
    );
    assert!(vocab.is_special(259) && !vocab.is_special(x));
    assert_eq!(
        vocab.decode(&[257, space_a, 10, 265, x, ab, 256]),
        " a\n[x]ab"
    );
    metadata.set("tokenizer.ggml.add_space_prefix", Value::Bool(false));
    metadata.set("tokenizer.ggml.add_bos_token", Value::Bool(false));
    let vocab = vocab_from(&metadata).unwrap();
    assert_eq!(vocab.encode_whole("ab").unwrap(), [ab, 258]);
    assert_eq!(vocab.encode("a a").unwrap(), [a, space_a]);
    // Written again, it is the same vocabulary.
    let again = super::super::words_of(&vocab, texts.len() + 2).unwrap();
    let mut metadata = Metadata::new(Path::new("y.gguf"));
    for (key, value) in again.entries {
        metadata.set(key, value);
    }
    let again = vocab_from(&metadata).unwrap();
    assert_eq!(again.len(), texts.len() + 2);
    assert_eq!(
        (&again.eos, again.bos, again.behind),
        (&vocab.eos, None, Some(258))
    );
    for text in ["ab a", "a[x]\n", "</s>"] {
        assert_eq!(again.encode(text).unwrap(), vocab.encode(text).unwrap());
    }
}

#[test]
#[allow(clippy::print_stderr)] // the line that says why nothing was tested
fn ids_of_sentencepiece_itself_are_given_for_mistrals_first_vocabulary() {
    let Some(folder) = std::env::var_os("EU_TEST_DATA") else {
        return eprintln!("skipped: EU_TEST_DATA is not set");
    };
    let folder = Path::new(&folder).join("data/tokenizers/sentencepiece");
    let model = disk::read(&folder.join("mistral-tokenizer.model.v1")).unwrap();
    let model = Pieces::parse(&model).unwrap();
    assert_eq!((model.algorithm, model.pieces.len()), ("bpe", 32000));
    assert_eq!(model.special, [Some(0), Some(1), Some(2), None]);
    assert!(model.byte_fallback && model.normalizer.adds_space && !model.normalizer.removes_spaces);
    let texts = model.pieces.iter().map(|piece| piece.text.as_str());
    let texts: Vec<&str> = texts.collect();
    let scores = model.pieces.iter().map(|piece| Value::F32(piece.score));
    let scores = scores.collect();
    let kinds = model.pieces.iter().map(|piece| Value::I32(piece.kind.id()));
    let kinds = kinds.collect();
    let mut metadata = Metadata::new(Path::new("x.gguf"));
    let mut set = |key: &str, value| metadata.set(format!("tokenizer.ggml.{key}"), value);
    set("model", Value::String("llama".into()));
    set("tokens", Value::strings(&texts));
    set("token_type", Value::Array(ValueKind::I32, kinds));
    set("scores", Value::Array(ValueKind::F32, scores));
    let vocab = vocab_from(&metadata).unwrap();
    let vectors = disk::read(&folder.join("mistral-tokenizer.model.v1.vectors.jsonl")).unwrap();
    let mut n = 0;
    for row in serde_json::Deserializer::from_slice(&vectors).into_iter::<serde_json::Value>() {
        let row = row.unwrap();
        let text = row["text"].as_str().unwrap();
        let ids: Vec<u32> = serde_json::from_value(row["ids"].clone()).unwrap();
        assert_eq!(vocab.encode(text).unwrap(), ids, "{text:?}");
        n += 1;
    }
    assert!(n > 50, "{n}");
}
