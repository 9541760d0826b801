//! Whether a `tokenizer.json` is of a shape that is encoded here: byte-level BPE or Unigram, cut
//! by a pattern that is known. All else is left to the crate `tokenizers`.

use std::collections::HashMap;
use std::fmt::Formatter;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::bpe::MAX_TOKENS;
use super::decode::byte_of;
use super::listed::halves;
use super::texts::{Index, Texts};
use super::{GPT2_PATTERN, PRE_TOKENIZERS, Pre, Scanner, byte_chars};

/// All there is to know of such a vocabulary.
pub(super) struct Shape {
    pub(super) scanner: Scanner,
    pub(super) nfc: bool,
    /// Bytes and id of every token that bytes can spell.
    pub(super) tokens: Vec<(Vec<u8>, u32)>,
    /// Id of the token of each byte; from `n_ids` on for those that have none.
    pub(super) of_byte: [u32; 256],
    /// Ids of tokens are below, those of what is left out of texts are not.
    pub(super) n_ids: u32,
    /// Tokens that are found in any text, though they are not special.
    pub(super) found_in_text: Vec<String>,
    pub(super) kind: Kind,
}

/// How a word becomes tokens.
pub(super) enum Kind {
    /// By merging pairs.
    Merges {
        /// In order of rank: two tokens and what they make.
        merges: Vec<[u32; 3]>,
        /// Whether a word that is a token is taken whole, whatever its merges.
        ignore_merges: bool,
    },
    /// By the best sum of scores, which stand in the order of ids.
    Scores(Vec<f64>),
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    truncation: Json,
    #[serde(default)]
    padding: Json,
    #[serde(default)]
    added_tokens: Vec<Added>,
    #[serde(default)]
    normalizer: Json,
    #[serde(default)]
    pre_tokenizer: Json,
    model: Model,
}

#[derive(Deserialize)]
struct Added {
    content: String,
    #[serde(default)]
    special: bool,
}

/// Any model, with what BPE and Unigram have: the file is read once, whichever it is.
#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    dropout: Option<f64>,
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: Tokens,
    #[serde(default)]
    merges: Option<Vec<Merge>>,
}

/// Tokens by name, each with its id (BPE); or in the order of ids, each with its score (Unigram).
enum Tokens {
    Ids(HashMap<String, u32>),
    Scores(Vec<(String, f64)>),
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Tokens;

            fn expecting(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
                to.write_str("tokens with ids, or with scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Tokens, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(Tokens::Ids)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Tokens, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(seq)).map(Tokens::Scores)
            }
        }
        from.deserialize_any(Either)
    }
}

/// `["a", "b"]`, or `"a b"` in older files.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Text(String),
}

impl Shape {
    /// The shape of a `tokenizer.json`; none for all that is not surely understood.
    pub(super) fn of(json: &[u8]) -> Option<Self> {
        let mut file: File = serde_json::from_slice(json).ok()?;
        let tokens = std::mem::replace(&mut file.model.vocab, Tokens::Scores(Vec::new()));
        match (file.model.kind.as_deref()?, tokens) {
            ("BPE", Tokens::Ids(vocab)) => {
                let kind = file.model.merges(&vocab)?;
                Self::around(file, kind, &vocab)
            }
            ("Unigram", Tokens::Scores(tokens)) if !file.model.byte_fallback => {
                let scores = tokens.iter().map(|(_, score)| *score).collect();
                let ids = tokens.into_iter().zip(0..);
                let vocab: HashMap<String, u32> = ids.map(|((text, _), id)| (text, id)).collect();
                Self::around(file, Kind::Scores(scores), &vocab)
            }
            _ => None,
        }
    }

    /// The shape of a vocabulary that a file lists; `plain` says which tokens text may become.
    /// None when it is too large.
    ///
    /// # Errors
    /// In words, when a merge is none.
    pub(super) fn listed(
        texts: &Texts,
        index: &Index,
        plain: &[bool],
        pre: &'static Pre,
        merges: &Texts,
    ) -> Result<Option<Self>, String> {
        let mut together = String::new();
        let mut ids = Vec::with_capacity(merges.len());
        for (rank, merge) in merges.iter().enumerate() {
            let (a, b) = halves(merge)
                .ok_or_else(|| format!("merge {rank} is {merge:?}, not two tokens"))?;
            together.clear();
            together.push_str(a);
            together.push_str(b);
            let id = |text: &str| {
                let id = index.get(texts, text);
                id.ok_or_else(|| format!("merge {rank} is {merge:?}, but {text:?} is no token"))
            };
            ids.push([id(a)?, id(b)?, id(&together)?]);
        }
        if texts.len().max(ids.len()) > MAX_TOKENS {
            return Ok(None);
        }
        let mut tokens = Vec::with_capacity(texts.len());
        for ((id, text), plain) in (0..).zip(texts.iter()).zip(plain) {
            let bytes: Option<Vec<u8>> = text.chars().map(byte_of).collect();
            if let Some(bytes) = bytes.filter(|bytes| *plain && !bytes.is_empty()) {
                tokens.push((bytes, id));
            }
        }
        let n_ids = texts.len() as u32; // checked above
        let mut of_byte = [0; 256];
        for ((id, c), byte) in of_byte.iter_mut().zip(byte_chars()).zip(0..=u8::MAX) {
            *id = match index.get(texts, c.encode_utf8(&mut [0; 4])) {
                Some(id) => id,
                None => {
                    let none = n_ids + u32::from(byte);
                    tokens.push((vec![byte], none));
                    none
                }
            };
        }
        let Some(scanner) = Scanner::named(pre) else {
            return Ok(None);
        };
        Ok(Some(Shape {
            scanner,
            nfc: false,
            tokens,
            of_byte,
            n_ids,
            found_in_text: Vec::new(),
            kind: Kind::Merges {
                merges: ids,
                ignore_merges: pre.ignore_merges,
            },
        }))
    }

    fn around(file: File, kind: Kind, vocab: &HashMap<String, u32>) -> Option<Self> {
        let whole = file.truncation.is_null() && file.padding.is_null();
        let small = vocab.len() <= MAX_TOKENS && vocab.values().all(|id| is_id(*id));
        if !whole || !small {
            return None;
        }
        let nfc = match file.normalizer["type"].as_str() {
            Some("NFC") => true,
            None if file.normalizer.is_null() => false,
            _ => return None,
        };
        let chars = byte_chars();
        let mut of_byte = [0; 256];
        for (id, c) in of_byte.iter_mut().zip(chars) {
            *id = *vocab.get(c.encode_utf8(&mut [0; 4]) as &str)?;
        }
        let bytes = |text: &str| -> Option<Vec<u8>> { text.chars().map(byte_of).collect() };
        let tokens = vocab.iter();
        let tokens = tokens.filter_map(|(text, id)| Some((bytes(text)?, *id)));
        let found = file.added_tokens.into_iter();
        let found = found.filter(|token| !token.special);
        Some(Shape {
            scanner: scanner(&file.pre_tokenizer)?,
            nfc,
            of_byte,
            n_ids: u32::MAX,
            tokens: tokens.collect(),
            found_in_text: found.map(|token| token.content).collect(),
            kind,
        })
    }
}

impl Model {
    /// The merges of a model that merges pairs and does nothing else, in ids of `vocab`.
    fn merges(&self, vocab: &HashMap<String, u32>) -> Option<Kind> {
        let merges = self.merges.as_ref()?;
        let empty = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
        let plain = self.dropout.is_none_or(|share| share == 0.0)
            && empty(&self.continuing_subword_prefix)
            && empty(&self.end_of_word_suffix)
            && !self.byte_fallback
            && merges.len() <= MAX_TOKENS;
        let merge = |merge: &Merge| -> Option<[u32; 3]> {
            let (a, b) = match merge {
                Merge::Pair(a, b) => (a.as_str(), b.as_str()),
                Merge::Text(text) => text.split_once(' ')?,
            };
            let id = |text: &str| vocab.get(text).copied().filter(|id| is_id(*id));
            Some([id(a)?, id(b)?, id(&format!("{a}{b}"))?])
        };
        if !plain {
            return None;
        }
        Some(Kind::Merges {
            merges: merges.iter().map(merge).collect::<Option<_>>()?,
            ignore_merges: self.ignore_merges,
        })
    }
}

fn is_id(id: u32) -> bool {
    (id as usize) < MAX_TOKENS
}

/// The scanner for the steps of a `pre_tokenizer`, where they are known.
fn scanner(pre: &Json) -> Option<Scanner> {
    let one = std::slice::from_ref(pre);
    let steps = match pre["type"].as_str()? {
        "Sequence" => pre["pretokenizers"].as_array()?.as_slice(),
        _ => one,
    };
    let digits = |step: &Json| step["type"] == "Digits" && step["individual_digits"] == true;
    let (single_digits, steps) = match steps.split_first() {
        Some((first, rest)) if digits(first) => (true, rest),
        _ => (false, steps),
    };
    let bytes = |step: &Json, own_pattern: bool| {
        step["type"] == "ByteLevel"
            && step["add_prefix_space"] == false
            // Files older than this field mean the pattern.
            && step["use_regex"].as_bool().unwrap_or(true) == own_pattern
    };
    let pattern = match steps {
        [only] if bytes(only, true) => GPT2_PATTERN,
        [split, last]
            if split["type"] == "Split"
                && split["behavior"] == "Isolated"
                && split["invert"].as_bool() == Some(false)
                && bytes(last, false) =>
        {
            split["pattern"]["Regex"].as_str()?
        }
        _ => return None,
    };
    let known = PRE_TOKENIZERS
        .iter()
        .find(|pre| pre.pattern == pattern && pre.single_digits == single_digits)?;
    Scanner::of(known)
}
