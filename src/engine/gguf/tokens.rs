//! The vocabulary that GGUF metadata describes, by way of a `tokenizer.json`.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::{Metadata, Value};
use crate::engine::{Error, Result};
use crate::vocab::{PRE_TOKENIZERS, PreTokenizer, Vocab};

/// What a token is (llama.h, `llama_token_type`).
pub(super) mod kind {
    pub(in crate::engine::gguf) const NORMAL: i32 = 1;
    pub(in crate::engine::gguf) const UNKNOWN: i32 = 2;
    pub(in crate::engine::gguf) const CONTROL: i32 = 3;
    pub(in crate::engine::gguf) const USER_DEFINED: i32 = 4;
    pub(in crate::engine::gguf) const UNUSED: i32 = 5;
}

/// Longest token, in bytes; those of known vocabularies have some hundred. Where a vocabulary has
/// scores for merges, every place a token could be cut is tried.
const MAX_TOKEN: usize = 1 << 12;
/// SentencePiece writes spaces so.
const SP_SPACE: &str = "\u{2581}";

/// Makes the vocabulary that the metadata describes.
///
/// # Errors
/// When it is of a kind, or cuts words in a way, that is not known; or contradicts itself.
pub fn vocab_from(metadata: &Metadata) -> Result<Vocab> {
    let model = metadata.required(
        "tokenizer.ggml.model",
        metadata.str("tokenizer.ggml.model")?,
    )?;
    let tokens = Tokens::read(metadata)?;
    let json = match model {
        "gpt2" => byte_level(metadata, &tokens)?,
        "llama" => sentence_piece(metadata, &tokens)?,
        _ => {
            return Err(Error::Usage {
                what: format!(
                    "{}: vocabularies of kind {model:?} are not supported",
                    metadata.path().display()
                ),
                hint: "byte-level BPE (gpt2) and SentencePiece BPE (llama) are".into(),
            });
        }
    };
    let bytes = serde_json::to_vec(&json).map_err(|e| Error::Failed(e.to_string()))?;
    let mut vocab = Vocab::from_json(&bytes, metadata.path())?;
    set_ends(metadata, &mut vocab)?;
    Ok(vocab)
}

/// Spellings and types of all tokens.
struct Tokens<'a> {
    texts: Vec<&'a str>,
    kinds: Vec<i32>,
}

impl<'a> Tokens<'a> {
    fn read(metadata: &'a Metadata) -> Result<Self> {
        let key = "tokenizer.ggml.tokens";
        let texts = strings(metadata, key)?;
        let kinds = match metadata.array("tokenizer.ggml.token_type")? {
            None => vec![kind::NORMAL; texts.len()],
            Some(kinds) => kinds
                .iter()
                .map(|k| k.as_u64().and_then(|k| i32::try_from(k).ok()))
                .collect::<Option<_>>()
                .ok_or_else(|| damaged(metadata, "tokenizer.ggml.token_type has no numbers"))?,
        };
        if kinds.len() != texts.len() {
            let what = format!("{} tokens have {} types", texts.len(), kinds.len());
            return Err(damaged(metadata, &what));
        }
        if let Some(id) = texts.iter().position(|text| text.len() > MAX_TOKEN) {
            let what = format!(
                "token {id} has {} bytes, more than {MAX_TOKEN}",
                texts[id].len()
            );
            return Err(damaged(metadata, &what));
        }
        let mut seen = HashMap::with_capacity(texts.len());
        for (id, text) in texts.iter().enumerate() {
            if let Some(first) = seen.insert(*text, id) {
                let what = format!("tokens {first} and {id} are both {text:?}");
                return Err(damaged(metadata, &what));
            }
        }
        Ok(Tokens { texts, kinds })
    }

    /// The `vocab` of a tokenizer.json.
    fn vocab(&self) -> Map<String, Json> {
        let entries = self.texts.iter().enumerate();
        entries
            .map(|(id, text)| ((*text).to_owned(), json!(id)))
            .collect()
    }

    /// The `added_tokens` of a tokenizer.json: those that no merge makes.
    fn added(&self) -> Vec<Json> {
        let special = |k: i32| matches!(k, kind::CONTROL | kind::UNKNOWN);
        let entries = self.texts.iter().zip(&self.kinds).enumerate();
        entries
            .filter(|(_, (_, k))| special(**k) || **k == kind::USER_DEFINED)
            .map(|(id, (text, k))| {
                json!({
                    "id": id, "content": text, "special": special(*k),
                    "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
                })
            })
            .collect()
    }

    fn unknown(&self) -> Option<&'a str> {
        let at = self.kinds.iter().position(|k| *k == kind::UNKNOWN)?;
        Some(self.texts[at])
    }
}

fn damaged(metadata: &Metadata, what: &str) -> Error {
    Error::damaged(metadata.path(), what)
}

fn strings<'a>(metadata: &'a Metadata, key: &str) -> Result<Vec<&'a str>> {
    let items = metadata.required(key, metadata.array(key)?)?;
    let texts = items.iter().map(Value::as_str).collect::<Option<_>>();
    texts.ok_or_else(|| damaged(metadata, &format!("{key} has items that are no strings")))
}

/// A tokenizer.json of the byte-level kind, its words cut as `tokenizer.ggml.pre` says.
fn byte_level(metadata: &Metadata, tokens: &Tokens) -> Result<Json> {
    let name = metadata.str("tokenizer.ggml.pre")?.unwrap_or("default");
    let pre = PRE_TOKENIZERS.iter().find(|p| p.name == name);
    let pre = pre.ok_or_else(|| Error::Usage {
        what: format!(
            "{}: unknown pre-tokenizer {name:?}",
            metadata.path().display()
        ),
        hint: format!("known are {}", known_pre()),
    })?;
    let merges: Vec<Json> = strings(metadata, "tokenizer.ggml.merges")?
        .iter()
        .enumerate()
        .map(|(i, merge)| match merge.split_once(' ') {
            Some((left, right)) => Ok(json!([left, right])),
            None => Err(damaged(
                metadata,
                &format!("merge {i} is {merge:?}, not two tokens"),
            )),
        })
        .collect::<Result<_>>()?;
    let byte_level = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
    });
    Ok(json!({
        "version": "1.0",
        "added_tokens": tokens.added(),
        "normalizer": null,
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": pre_steps(pre, &byte_level) },
        "post_processor": null,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
            "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "byte_fallback": false, "ignore_merges": pre.ignore_merges,
            "vocab": tokens.vocab(), "merges": merges,
        },
    }))
}

fn pre_steps(pre: &PreTokenizer, byte_level: &Json) -> Vec<Json> {
    let split = json!({
        "type": "Split", "pattern": { "Regex": pre.pattern },
        "behavior": "Isolated", "invert": false,
    });
    let digits = json!({ "type": "Digits", "individual_digits": true });
    let steps = [
        pre.single_digits.then_some(digits),
        Some(split),
        Some(byte_level.clone()),
    ];
    steps.into_iter().flatten().collect()
}

pub(super) fn known_pre() -> String {
    let names: Vec<&str> = PRE_TOKENIZERS.iter().map(|p| p.name).collect();
    names.join(", ")
}

/// A tokenizer.json of the SentencePiece kind. The file has scores where BPE has merges: two
/// neighbours merge the earlier, the better the score of what they make.
fn sentence_piece(metadata: &Metadata, tokens: &Tokens) -> Result<Json> {
    let key = "tokenizer.ggml.scores";
    let scores: Option<Vec<f64>> = metadata
        .required(key, metadata.array(key)?)?
        .iter()
        .map(Value::as_f64)
        .collect();
    let scores = scores.filter(|s| s.len() == tokens.texts.len());
    let scores = scores.ok_or_else(|| damaged(metadata, "not every token has a score"))?;
    let ids: HashMap<&str, usize> = tokens
        .texts
        .iter()
        .enumerate()
        .map(|(id, text)| (*text, id))
        .collect();
    let mut merges = Vec::new();
    for (id, text) in tokens.texts.iter().enumerate() {
        if tokens.kinds[id] != kind::NORMAL {
            continue;
        }
        for (at, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(at);
            if let (Some(a), Some(b)) = (ids.get(left), ids.get(right)) {
                merges.push((id, *a, *b, left, right));
            }
        }
    }
    merges.sort_by(|a, b| {
        scores[b.0]
            .total_cmp(&scores[a.0])
            .then((a.1, a.2).cmp(&(b.1, b.2)))
    });
    let merges: Vec<Json> = merges.iter().map(|m| json!([m.3, m.4])).collect();
    let prefix = metadata
        .bool("tokenizer.ggml.add_space_prefix")?
        .unwrap_or(true);
    let prepend = json!({ "type": "Prepend", "prepend": SP_SPACE });
    let spaces = json!({ "type": "Replace", "pattern": { "String": " " }, "content": SP_SPACE });
    let steps: Vec<Json> = [prefix.then_some(prepend), Some(spaces)]
        .into_iter()
        .flatten()
        .collect();
    Ok(json!({
        "version": "1.0",
        "added_tokens": tokens.added(),
        "normalizer": { "type": "Sequence", "normalizers": steps },
        "pre_tokenizer": null,
        "post_processor": null,
        "decoder": { "type": "Sequence", "decoders": [
            { "type": "Replace", "pattern": { "String": SP_SPACE }, "content": " " },
            { "type": "ByteFallback" },
            { "type": "Fuse" },
        ]},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": tokens.unknown(), "fuse_unk": true,
            "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "byte_fallback": true, "ignore_merges": false,
            "vocab": tokens.vocab(), "merges": merges,
        },
    }))
}

/// Takes beginning and end of text from the metadata where it names them.
fn set_ends(metadata: &Metadata, vocab: &mut Vocab) -> Result<()> {
    let id = |name: &str| -> Result<Option<u32>> {
        let key = format!("tokenizer.ggml.{name}_token_id");
        let Some(id) = metadata.u64(&key)? else {
            return Ok(None);
        };
        match u32::try_from(id)
            .ok()
            .filter(|id| (*id as usize) < vocab.len())
        {
            Some(id) => Ok(Some(id)),
            None => Err(damaged(
                metadata,
                &format!("{key} is {id} of {}", vocab.len()),
            )),
        }
    };
    let named = [id("eos")?, id("eot")?, id("eom")?];
    let bos = id("bos")?;
    // A vocabulary of the SentencePiece kind wants its bos where the file does not say otherwise
    // and so do those of the pre-tokenizers that say so (llama.cpp, llama-vocab.cpp).
    let pre = metadata.str("tokenizer.ggml.pre")?;
    let customary = metadata.str("tokenizer.ggml.model")? == Some("llama")
        || PRE_TOKENIZERS
            .iter()
            .any(|p| Some(p.name) == pre && p.adds_bos);
    let add = metadata
        .bool("tokenizer.ggml.add_bos_token")?
        .unwrap_or(customary);
    vocab.bos = bos.filter(|_| add);
    let mut eos: Vec<u32> = named.into_iter().flatten().collect();
    eos.append(&mut vocab.eos);
    let mut seen = std::collections::HashSet::new();
    eos.retain(|id| seen.insert(*id));
    vocab.eos = eos;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::Header;
    use super::*;
    use crate::disk;

    /// The folder of shared test data, where there is one.
    fn shared(file: &str) -> Option<PathBuf> {
        std::env::var_os("EU_TEST_DATA")
            .map(|root| Path::new(&root).join("data/tokenizers").join(file))
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
        let long = "a".repeat(MAX_TOKEN + 1);
        metadata.set(
            "tokenizer.ggml.tokens",
            Value::strings(["a", long.as_str()]),
        );
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
}
