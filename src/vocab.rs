//! Text to token ids and back, loaded from `tokenizer.json` or from a GGUF file's metadata.
//! (Training a tokenizer is the data room's work.)

use std::path::{Path, PathBuf};

use tokenizers::{Model, ModelWrapper, Tokenizer};

use crate::disk;
use crate::fault::{Fault, Kind};

mod bpe;
mod encode;
mod prefix;
mod scan;
mod shape;
mod trie;

pub use scan::Scanner;
pub use trie::{IdHasher, Trie};

use encode::Encoder;
use shape::Shape;

/// Ends a document and stands before the first: both `bos` and `eos` of the models made here.
pub const END_OF_TEXT: &str = "<|endoftext|>";
/// Opens a turn of a conversation (ChatML).
pub const TURN_START: &str = "<|im_start|>";
/// Ends a turn of a conversation (ChatML).
pub const TURN_END: &str = "<|im_end|>";
/// The special tokens of a tokenizer made here, in the order of their ids.
pub const SPECIALS: [&str; 3] = [END_OF_TEXT, TURN_START, TURN_END];

/// A tokenizer that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// The file is not a tokenizer, or one of a kind that is not known.
    #[error("{}: {what}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A rule of the vocabulary fails on a text.
    #[error("a text of {len_bytes} bytes cannot be encoded: {what}")]
    Text {
        /// How long the text is.
        len_bytes: usize,
        /// What the rule says.
        what: String,
    },
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Error::Disk(e) => e.kind(),
            Error::Unusable { .. } => Kind::Damaged,
            Error::Text { .. } => Kind::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Disk(e) => e.hint(),
            Error::Unusable { .. } | Error::Text { .. } => None,
        }
    }
}

/// A way to cut text into words before merging, under the name llama.cpp knows it by.
#[derive(Debug, PartialEq, Eq)]
pub struct PreTokenizer {
    /// Value of `tokenizer.ggml.pre`.
    pub name: &'static str,
    /// The pattern of the `Split` step of `tokenizer.json`.
    pub pattern: &'static str,
    /// Whether a whole word of the vocabulary is taken without merging (`ignore_merges`).
    pub ignore_merges: bool,
    /// Whether every digit is cut off before the pattern is applied (a `Digits` step).
    pub single_digits: bool,
    /// Whether llama.cpp puts `bos` in front where a file does not say.
    pub adds_bos: bool,
}

/// GPT-2's way to cut words: what a `ByteLevel` step of `tokenizer.json` does by itself.
pub const GPT2_PATTERN: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// Patterns that llama.cpp knows by name. The first is what tokenizers made here use.
pub const PRE_TOKENIZERS: [PreTokenizer; 4] = [
    PreTokenizer {
        name: "llama-bpe",
        pattern: r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ignore_merges: true,
        single_digits: false,
        adds_bos: true,
    },
    PreTokenizer {
        name: "qwen2",
        pattern: r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ignore_merges: false,
        single_digits: false,
        adds_bos: false,
    },
    PreTokenizer {
        name: "gpt-2",
        pattern: GPT2_PATTERN,
        ignore_merges: false,
        single_digits: false,
        adds_bos: false,
    },
    PreTokenizer {
        name: "smollm",
        pattern: GPT2_PATTERN,
        ignore_merges: false,
        single_digits: true,
        adds_bos: false,
    },
];

/// A tokenizer with what generation and scoring need to know of it.
pub struct Vocab {
    tokenizer: Tokenizer,
    /// Encodes the same, at a multiple of the speed, where the vocabulary is of a known shape.
    encoder: Option<Encoder>,
    /// UTF-8 bytes (or parts of a character) each token stands for; empty for special tokens.
    bytes: Vec<Vec<u8>>,
    /// Text of the special tokens, by id.
    specials: Vec<(String, u32)>,
    /// Put before the first token of a text, where the model was trained so.
    pub bos: Option<u32>,
    /// Tokens that end a document or a turn.
    pub eos: Vec<u32>,
}

impl Vocab {
    /// Loads a `tokenizer.json`. Beginning and end of text are the tokens that bear one of their
    /// customary names; a model's own `config.json` may say otherwise later.
    ///
    /// # Errors
    /// When the file is absent or not a tokenizer.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::from_json(&disk::read(path)?, path)
    }

    /// As [`Vocab::open`], from bytes that came from `path`.
    ///
    /// # Errors
    /// When they are not a tokenizer.
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self, Error> {
        let unusable = |what: String| Error::Unusable {
            path: path.into(),
            what,
        };
        // The library panics on some files that are none.
        let read = || Tokenizer::from_bytes(json).map_err(|e| e.to_string());
        let tokenizer = std::panic::catch_unwind(read)
            .unwrap_or_else(|_| Err("damaged".into()))
            .map_err(|e| unusable(format!("not a tokenizer.json: {e}")))?;
        Self::new(tokenizer, json).map_err(unusable)
    }

    /// Wraps a tokenizer built in memory.
    ///
    /// # Errors
    /// In words, when its ids are not 0…n−1, or when there is text it could not encode.
    pub fn from_tokenizer(tokenizer: Tokenizer) -> Result<Self, String> {
        let json = tokenizer.to_string(false).map_err(|e| e.to_string())?;
        Self::new(tokenizer, json.as_bytes())
    }

    fn new(mut tokenizer: Tokenizer, json: &[u8]) -> Result<Self, String> {
        let shape = Shape::of(json);
        if shape.is_none() {
            refuse_partial(&tokenizer)?;
        }
        // Text is data: "<|endoftext|>" inside a document is ten ordinary characters and more,
        // never the token that ends it. Templates go through `encode_with_specials`.
        tokenizer.set_encode_special_tokens(true);
        // Files may ask for texts cut or filled up to a length; here every text is encoded whole.
        tokenizer.with_padding(None);
        let whole = tokenizer.with_truncation(None).map(drop);
        whole.map_err(|e| format!("truncation cannot be switched off: {e}"))?;
        let n_vocab = tokenizer.get_vocab_size(true);
        let added = tokenizer.get_added_tokens_decoder();
        let byte_level = matches!(
            tokenizer.get_decoder(),
            Some(tokenizers::DecoderWrapper::ByteLevel(_))
        );
        let mut bytes = Vec::with_capacity(n_vocab);
        for id in 0..n_vocab as u32 {
            let text = tokenizer
                .id_to_token(id)
                .ok_or_else(|| format!("no token has id {id} of {n_vocab}"))?;
            bytes.push(match added.get(&id) {
                Some(token) if token.special => Vec::new(),
                Some(token) => token.content.clone().into_bytes(),
                None if byte_level => byte_level_bytes(&text),
                None => sentencepiece_bytes(&text),
            });
        }
        let mut specials: Vec<(String, u32)> = added
            .iter()
            .filter(|(_, token)| token.special)
            .map(|(id, token)| (token.content.clone(), *id))
            .collect();
        specials.sort_by_key(|(_, id)| *id);
        let named = |names: &[&str]| -> Vec<u32> {
            names
                .iter()
                .filter_map(|n| specials.iter().find(|(s, _)| s == n).map(|(_, id)| *id))
                .collect()
        };
        let bos = named(&["<|begin_of_text|>", "<bos>", "<s>", END_OF_TEXT])
            .first()
            .copied();
        let eos = named(&[
            END_OF_TEXT,
            TURN_END,
            "<|end_of_text|>",
            "<|eot_id|>",
            "<eos>",
            "<end_of_turn>",
            "</s>",
        ]);
        Ok(Vocab {
            tokenizer,
            encoder: shape.and_then(Encoder::new),
            bytes,
            specials,
            bos,
            eos,
        })
    }

    /// Number of tokens, special ones included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True for a vocabulary without tokens.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Ids of `text`, in which nothing is special; no token is put before or after it.
    ///
    /// # Errors
    /// When a rule of the vocabulary fails on the text, which those that are loaded should not.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        match self.encoder.as_ref().and_then(|e| e.encode(text)) {
            Some(ids) => Ok(ids),
            None => self.encode_by_crate(text),
        }
    }

    /// As [`Vocab::encode`], by the crate `tokenizers` whatever the vocabulary: the yardstick.
    ///
    /// # Errors
    /// As of [`Vocab::encode`].
    pub fn encode_by_crate(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoded = self.tokenizer.encode_fast(text, false);
        encoded
            .map(|e| e.get_ids().to_vec())
            .map_err(|e| Error::Text {
                len_bytes: text.len(),
                what: e.to_string(),
            })
    }

    /// Ids of a rendered template: names of special tokens in `text` become those tokens.
    ///
    /// # Errors
    /// As of [`Vocab::encode`].
    pub fn encode_with_specials(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let next = self
                .specials
                .iter()
                .filter_map(|(name, id)| {
                    rest.find(name.as_str())
                        .map(|at| (at, std::cmp::Reverse(name.len()), *id))
                })
                .min();
            let Some((at, std::cmp::Reverse(len), id)) = next else {
                break;
            };
            if at > 0 {
                ids.extend(self.encode(&rest[..at])?);
            }
            ids.push(id);
            rest = &rest[at + len..];
        }
        if !rest.is_empty() {
            ids.extend(self.encode(rest)?);
        }
        Ok(ids)
    }

    /// Bytes that `id` stands for: possibly part of a character, empty for special tokens.
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// Text of `ids`; bytes that are no UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.bytes(*id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Id of a special token.
    pub fn special(&self, name: &str) -> Option<u32> {
        self.specials
            .iter()
            .find(|(s, _)| s == name)
            .map(|(_, id)| *id)
    }

    /// True when `id` is a special token.
    pub fn is_special(&self, id: u32) -> bool {
        self.specials.iter().any(|(_, special)| *special == id)
    }

    /// The vocabulary's own spelling of a token (`Ġder`), special tokens included.
    pub fn spelling(&self, id: u32) -> Option<String> {
        self.tokenizer.id_to_token(id)
    }

    /// The tokenizer itself, for export.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }
}

/// Refuses vocabularies that fail on some text: it would be read as no text at all, and a text
/// without tokens costs no bits.
fn refuse_partial(tokenizer: &Tokenizer) -> Result<(), String> {
    let ModelWrapper::BPE(model) = tokenizer.get_model() else {
        return Err("a vocabulary of another kind than BPE".into());
    };
    match model.get_unk_token() {
        Some(name) if model.token_to_id(name).is_none() => {
            Err(format!("unk_token {name:?} is no token of the vocabulary"))
        }
        _ => Ok(()),
    }
}

/// Text of tokens as they come, holding back bytes until they are whole characters.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
}

impl Decoder {
    /// Takes the bytes of one token; returns the characters that are whole now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.pending.clear();
                    return text;
                }
                Err(e) => {
                    let (whole, rest) = self.pending.split_at(e.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(whole));
                    match e.error_len() {
                        // The character may still be completed by the next token.
                        None => {
                            self.pending = rest.to_vec();
                            return text;
                        }
                        Some(n) => {
                            text.push(char::REPLACEMENT_CHARACTER);
                            self.pending = rest[n..].to_vec();
                        }
                    }
                }
            }
        }
    }

    /// What is left at the end of the text.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned()
    }
}

/// Character that stands for each byte in byte-level vocabularies (GPT-2): printable Latin-1
/// stands for itself, the rest follow from U+0100 on.
pub fn byte_chars() -> [char; 256] {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100u32;
    std::array::from_fn(|b| {
        if printable(b as u8) {
            char::from(b as u8)
        } else {
            next += 1;
            char::from_u32(next - 1).expect("U+0100 to U+0143 are characters")
        }
    })
}

fn byte_level_bytes(token: &str) -> Vec<u8> {
    static BYTES: std::sync::LazyLock<std::collections::HashMap<char, u8>> =
        std::sync::LazyLock::new(|| byte_chars().into_iter().zip(0..=255).collect());
    let mut bytes = Vec::with_capacity(token.len());
    for c in token.chars() {
        match BYTES.get(&c) {
            Some(byte) => bytes.push(*byte),
            None => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

/// `▁` is a space and `<0x0A>` a byte in SentencePiece vocabularies.
fn sentencepiece_bytes(token: &str) -> Vec<u8> {
    let hex = token.strip_prefix("<0x").and_then(|t| t.strip_suffix('>'));
    match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
        Some(byte) => vec![byte],
        None => token.replace('\u{2581}', " ").into_bytes(),
    }
}

#[cfg(test)]
mod tests;
