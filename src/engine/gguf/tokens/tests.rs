//! Ids beside those that llama.cpp gives, and metadata that is refused.

use std::path::{Path, PathBuf};

use super::super::{Header, Value, ValueKind};
use super::*;
use crate::disk;

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
