//! Text to token ids and back, loaded from `tokenizer.json` or from a GGUF file's metadata.
//! (Training a tokenizer is the data room's work.)

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tokenizers::{Model, ModelWrapper, Tokenizer};

use crate::disk;
use crate::fault::{Fault, Kind};

mod bpe;
mod decode;
mod encode;
mod listed;
mod marks;
mod pieces;
mod pre;
mod prefix;
mod scan;
mod scored;
mod sentence;
mod shape;
mod shield;
mod texts;
mod trie;

pub use decode::{Decoder, byte_chars};
pub use listed::{Listed, Named, Rule, TokenKind};
pub use pieces::{Normalizer, Piece, Pieces};
pub use pre::{NAMED_ALIKE, Pre};
pub use scan::Scanner;
pub use texts::Texts;
pub use trie::{IdHasher, Trie};

use decode::{byte_level, sentencepiece};
use encode::Encoder;
use marks::{Mark, Marks, Order, Part};
use sentence::SentencePiece;
use shape::Shape;
use texts::Bytes;

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
    /// The crate's: read from a file, or made where it is needed of what a file lists.
    tokenizer: OnceLock<Result<Tokenizer, String>>,
    listed: Option<Box<Listed>>,
    /// Encodes the same, at a multiple of the speed, where the vocabulary is of a known shape.
    encoder: Option<Encoder>,
    /// Encodes where merges have scores.
    sentence: Option<SentencePiece>,
    /// Special tokens by their text, and with them those that are found in any text where the
    /// crate does not see to it.
    marks: Marks,
    /// Those that are found in any text, where the crate does not see to it.
    found: Marks,
    /// UTF-8 bytes (or parts of a character) each token stands for; empty for special tokens.
    bytes: Bytes,
    /// Which tokens are special.
    special: Vec<bool>,
    /// Begins a text, be it put there or not.
    named_bos: Option<u32>,
    /// Put before the first token of a text, where the model was trained so.
    pub bos: Option<u32>,
    /// Put behind the last token of a whole text, where the model was trained so.
    pub behind: Option<u32>,
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
        let tokenizer =
            crate_tokenizer(json).map_err(|e| unusable(format!("not a tokenizer.json: {e}")))?;
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

    /// Makes a vocabulary of what the file at `path` lists; its `bos` is put in front of texts.
    ///
    /// # Errors
    /// When the lists contradict each other, or there is text they have no tokens for.
    pub fn from_listed(listed: Listed, path: &Path) -> Result<Self, Error> {
        let unusable = |what: String| Error::Unusable {
            path: path.into(),
            what,
        };
        let ready = listed.ready().map_err(unusable)?;
        let vocab = Vocab {
            tokenizer: OnceLock::new(),
            encoder: ready.encoder,
            sentence: ready.sentence,
            marks: ready.marks,
            found: ready.found,
            bytes: ready.bytes,
            special: ready.special,
            named_bos: listed.named.bos,
            bos: listed.named.bos,
            behind: None,
            eos: ready.ends,
            listed: Some(Box::new(listed)),
        };
        if vocab.encoder.is_none() && vocab.sentence.is_none() {
            // It will be needed: what is wrong with it is better said now.
            vocab.made().map_err(|e| unusable(e.to_string()))?;
        }
        Ok(vocab)
    }

    fn new(mut tokenizer: Tokenizer, json: &[u8]) -> Result<Self, String> {
        let shape = Shape::of(json);
        if shape.is_none() {
            refuse_partial(&tokenizer)?;
        }
        prepare(&mut tokenizer)?;
        let n_vocab = tokenizer.get_vocab_size(true);
        let added = tokenizer.get_added_tokens_decoder();
        let is_byte_level = matches!(
            tokenizer.get_decoder(),
            Some(tokenizers::DecoderWrapper::ByteLevel(_))
        );
        let mut bytes = Bytes::with_room(n_vocab, 8 * n_vocab);
        for id in 0..n_vocab as u32 {
            let text = tokenizer
                .id_to_token(id)
                .ok_or_else(|| format!("no token has id {id} of {n_vocab}"))?;
            bytes.push(|out| match added.get(&id) {
                Some(token) if token.special => {}
                Some(token) => out.extend_from_slice(token.content.as_bytes()),
                None if is_byte_level => byte_level(&text, out),
                None => sentencepiece(&text, out),
            });
        }
        let mut special = vec![false; n_vocab];
        let specials = added.iter().filter(|(_, token)| token.special);
        let specials: Vec<Mark> = specials
            .map(|(id, token)| Mark {
                text: token.content.clone(),
                id: *id,
                strips_before: token.lstrip,
                strips_after: token.rstrip,
            })
            .collect();
        for mark in &specials {
            special[mark.id as usize] = true;
        }
        let marks = Marks::new(specials, Order::First);
        let named = |names: &[&str]| -> Vec<u32> {
            names.iter().filter_map(|name| marks.id(name)).collect()
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
            tokenizer: OnceLock::from(Ok(tokenizer)),
            listed: None,
            encoder: shape.and_then(Encoder::new),
            sentence: None,
            marks,
            found: Marks::new([], Order::First),
            bytes,
            special,
            named_bos: bos,
            bos,
            behind: None,
            eos,
        })
    }

    /// Number of tokens, special ones included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True for a vocabulary without tokens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ids of `text`, in which nothing is special; no token is put before or after it.
    ///
    /// # Errors
    /// When a rule of the vocabulary fails on the text, which those that are loaded should not.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        if self.found.is_empty() {
            return self.encode_plain(text);
        }
        self.encode_marked(&self.found, text, |text| text.into())
    }

    /// Ids of a rendered template: names of special tokens in `text` become those tokens, but
    /// for what was [shielded](Vocab::shielded).
    ///
    /// # Errors
    /// As of [`Vocab::encode`].
    pub fn encode_with_specials(&self, text: &str) -> Result<Vec<u32>, Error> {
        self.encode_marked(&self.marks, text, shield::without)
    }

    /// Ids of a whole text, with what is put before and behind it where the model was trained so.
    ///
    /// # Errors
    /// As of [`Vocab::encode`].
    pub fn encode_whole(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids: Vec<u32> = self.bos.into_iter().collect();
        ids.extend(self.encode(text)?);
        ids.extend(self.behind);
        Ok(ids)
    }

    /// Ids of a text in which `marks` are found; what is between them is read as `plain` has it.
    fn encode_marked(
        &self,
        marks: &Marks,
        text: &str,
        plain: fn(&str) -> Cow<'_, str>,
    ) -> Result<Vec<u32>, Error> {
        let mut ids = Vec::new();
        let mut failed = None;
        marks.cut(text, |part| match part {
            Part::Token(id) => ids.push(id),
            Part::Text(text) => match self.encode_plain(&plain(text)) {
                Ok(more) => ids.extend(more),
                Err(error) => failed = Some(error),
            },
        });
        failed.map_or(Ok(ids), Err)
    }

    /// Ids of a text in which no token is looked for.
    fn encode_plain(&self, text: &str) -> Result<Vec<u32>, Error> {
        if let Some(sentence) = &self.sentence {
            let mut ids = Vec::with_capacity(text.len() / 4 + 1);
            sentence.encode(text, &mut ids);
            return Ok(ids);
        }
        match self.encoder.as_ref().and_then(|e| e.encode(text)) {
            Some(ids) => Ok(ids),
            None => self.encode_by_crate(text),
        }
    }

    /// As [`Vocab::encode`], by the crate `tokenizers` whatever the vocabulary: the yardstick.
    ///
    /// # Errors
    /// As of [`Vocab::encode`]; and where merges have scores, which the crate does not know.
    pub fn encode_by_crate(&self, text: &str) -> Result<Vec<u32>, Error> {
        let failed = |what: String| Error::Text {
            len_bytes: text.len(),
            what,
        };
        let tokenizer = self.made().map_err(|e| failed(e.into()))?;
        let encoded = tokenizer.encode_fast(text, false);
        encoded
            .map(|e| e.get_ids().to_vec())
            .map_err(|e| failed(e.to_string()))
    }

    /// Bytes that `id` stands for: possibly part of a character, empty for special tokens.
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).unwrap_or_default()
    }

    /// Text of `ids`; bytes that are no UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.bytes(*id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Id of a special token.
    pub fn special(&self, name: &str) -> Option<u32> {
        self.marks.id(name).filter(|id| self.is_special(*id))
    }

    /// The token that begins a text: chat templates may put it there where nothing else does.
    pub fn bos_token(&self) -> Option<u32> {
        self.bos.or(self.named_bos)
    }

    /// The tokens that the tokenizer itself puts around a text without any.
    pub fn around_nothing(&self) -> Vec<u32> {
        let encoded = self.made().ok().and_then(|t| t.encode_fast("", true).ok());
        encoded.map_or(Vec::new(), |encoded| encoded.get_ids().to_vec())
    }

    /// Text and id of every special token, by text.
    pub fn specials(&self) -> impl Iterator<Item = (&str, u32)> {
        let rows = self.marks.rows().iter();
        rows.filter(|row| self.is_special(row.id))
            .map(|row| (row.text.as_str(), row.id))
    }

    /// True when `id` is a special token.
    pub fn is_special(&self, id: u32) -> bool {
        self.special.get(id as usize) == Some(&true)
    }

    /// The vocabulary's own spelling of a token (`Ġder`), special tokens included.
    pub fn spelling(&self, id: u32) -> Option<String> {
        match &self.listed {
            Some(listed) => listed.texts.get(id as usize).map(str::to_owned),
            None => self.tokenizer()?.id_to_token(id),
        }
    }

    /// What a file listed, where the vocabulary is from one that does.
    pub fn listed(&self) -> Option<&Listed> {
        self.listed.as_deref()
    }

    /// The crate's tokenizer, for export; none where merges have scores, which it does not know.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        self.made().ok()
    }

    fn made(&self) -> Result<&Tokenizer, &str> {
        let made = self.tokenizer.get_or_init(|| {
            let json = self.listed.as_ref().and_then(|listed| listed.to_json());
            let json = json.ok_or("merges with scores have no tokenizer.json")?;
            let mut tokenizer = crate_tokenizer(json.to_string().as_bytes())?;
            prepare(&mut tokenizer)?;
            Ok(tokenizer)
        });
        made.as_ref().map_err(String::as_str)
    }
}

/// Reads a `tokenizer.json`.
fn crate_tokenizer(json: &[u8]) -> Result<Tokenizer, String> {
    // The library panics on some files that are none.
    let read = || Tokenizer::from_bytes(json).map_err(|e| e.to_string());
    std::panic::catch_unwind(read).unwrap_or_else(|_| Err("damaged".into()))
}

/// Sets up how texts are encoded here, whatever the file says.
fn prepare(tokenizer: &mut Tokenizer) -> Result<(), String> {
    // Text is data: "<|endoftext|>" inside a document is ten ordinary characters and more,
    // never the token that ends it. Templates go through `encode_with_specials`.
    tokenizer.set_encode_special_tokens(true);
    // Files may ask for texts cut or filled up to a length; here every text is encoded whole.
    tokenizer.with_padding(None);
    let whole = tokenizer.with_truncation(None).map(drop);
    whole.map_err(|e| format!("truncation cannot be switched off: {e}"))
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

#[cfg(test)]
mod tests;
