//! A vocabulary as model files list it: texts, types and scores or merges, by id (GGUF,
//! `tokenizer.ggml.*`). Encoded without the crate `tokenizers`, with the ids llama.cpp gives.

use serde_json::{Value as Json, json};

use super::Pre;
use super::decode::{byte_level, hex_byte, unspaced};
use super::encode::Encoder;
use super::marks::{Mark, Marks, Order};
use super::scan;
use super::sentence::SentencePiece;
use super::shape::Shape;
use super::texts::{Bytes, Index, Texts};

/// Longest token, in bytes; those of known vocabularies have some hundred.
const MAX_TOKEN: usize = 1 << 12;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A piece of text.
    Normal,
    /// Stands for what has no token.
    Unknown,
    /// Means something to the model; no text has it.
    Control,
    /// Text that its makers added, found before all else.
    UserDefined,
    /// Not in use.
    Unused,
    /// One byte, written `<0x0A>`.
    Byte,
}

impl TokenKind {
    /// The kind of a number of `tokenizer.ggml.token_type` (llama.h, `llama_token_type`).
    pub fn from_id(id: i64) -> Self {
        match id {
            1 => TokenKind::Normal,
            2 => TokenKind::Unknown,
            3 => TokenKind::Control,
            4 => TokenKind::UserDefined,
            6 => TokenKind::Byte,
            _ => TokenKind::Unused,
        }
    }

    /// Its number in files.
    pub fn id(self) -> i32 {
        match self {
            TokenKind::Normal => 1,
            TokenKind::Unknown => 2,
            TokenKind::Control => 3,
            TokenKind::UserDefined => 4,
            TokenKind::Unused => 5,
            TokenKind::Byte => 6,
        }
    }
}

/// How tokens are put together.
#[derive(Clone)]
pub enum Rule {
    /// Bytes written as characters, words cut in a known way, pairs merged in order.
    Merges {
        /// How words are cut.
        pre: &'static Pre,
        /// `left right`, in order of rank.
        merges: Texts,
    },
    /// Pairs merged by the score of what they make (SentencePiece).
    Scores {
        /// One for each token.
        scores: Vec<f32>,
        /// Whether a text begins with a space that is not there.
        space_prefix: bool,
    },
}

/// Ids that a file names; all are below the number of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Begins a text.
    pub bos: Option<u32>,
    /// Ends a text.
    pub eos: Option<u32>,
    /// Whatever else ends an answer: a turn, a message, a file.
    pub ends: Vec<u32>,
}

/// A vocabulary as a file lists it.
#[derive(Clone)]
pub struct Listed {
    /// Spelling of every token, by id.
    pub texts: Texts,
    /// What every token is.
    pub kinds: Vec<TokenKind>,
    /// How they are put together.
    pub rule: Rule,
    /// Ids the file names.
    pub named: Named,
    /// Whether white space behind special tokens goes with them.
    pub strips_after: bool,
}

/// Texts of tokens that end an answer in any vocabulary that has them (llama.cpp, llama-vocab.cpp).
const ENDS: [&str; 22] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>",
    "[e~[",
];
/// Texts that are special though a file may not say so, the first of each row; those of rows that
/// end an answer are marked. (Filling in the middle: prefix, suffix, middle, pad, repository, file.)
const SPECIAL: [(bool, &[&str]); 6] = [
    (
        false,
        &[
            "<|fim_prefix|>",
            "<fim-prefix>",
            "<fim_prefix>",
            "<\u{ff5c}fim\u{2581}begin\u{ff5c}>",
            "<PRE>",
            "\u{2581}<PRE>",
            "<|code_prefix|>",
            "<|prefix|>",
        ],
    ),
    (
        false,
        &[
            "<|fim_suffix|>",
            "<fim-suffix>",
            "<fim_suffix>",
            "<\u{ff5c}fim\u{2581}hole\u{ff5c}>",
            "<SUF>",
            "\u{2581}<SUF>",
            "<|code_suffix|>",
            "<|suffix|>",
        ],
    ),
    (
        false,
        &[
            "<|fim_middle|>",
            "<fim-middle>",
            "<fim_middle>",
            "<\u{ff5c}fim\u{2581}end\u{ff5c}>",
            "<MID>",
            "\u{2581}<MID>",
            "<|code_middle|>",
            "<|middle|>",
        ],
    ),
    (
        true,
        &["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
    ),
    (
        true,
        &[
            "<|fim_repo|>",
            "<|repo_name|>",
            "<fim-repo>",
            "<REPO>",
            "<reponame>",
        ],
    ),
    (true, &["<|file_sep|>"]),
];
/// Special tokens whose text is to be seen in answers: the channels of gpt-oss.
const SHOWN: [&str; 4] = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/// A vocabulary made ready.
pub(super) struct Ready {
    pub(super) encoder: Option<Encoder>,
    pub(super) sentence: Option<SentencePiece>,
    /// Special tokens and those that are found in any text.
    pub(super) marks: Marks,
    /// Those alone that are found in any text.
    pub(super) found: Marks,
    /// Bytes each token stands for.
    pub(super) bytes: Bytes,
    /// Which are special.
    pub(super) special: Vec<bool>,
    pub(super) ends: Vec<u32>,
}

impl Listed {
    /// Makes ready what encodes and decodes.
    ///
    /// # Errors
    /// In words, when the lists contradict each other or there is text they have no tokens for.
    pub(super) fn ready(&self) -> Result<Ready, String> {
        self.check()?;
        if matches!(self.rule, Rule::Merges { .. }) {
            // Meanwhile; where there is no thread for it, when they are needed.
            let _ = std::thread::Builder::new().spawn(scan::look_up_classes);
        }
        let index = Index::new(&self.texts).map_err(|(first, second)| {
            let text = self.texts.get(second).unwrap_or_default();
            format!("tokens {first} and {second} are both {text:?}")
        })?;
        let mut kinds = self.kinds.clone();
        let ends = self.ends(&index, &mut kinds);
        let special = |kind: &TokenKind| matches!(kind, TokenKind::Control | TokenKind::Unknown);
        let marks = |all: bool| {
            let ids = (0u32..).zip(self.texts.iter().zip(&kinds));
            let marked = ids
                .filter(|(_, (_, kind))| **kind == TokenKind::UserDefined || all && special(kind));
            let mark = |(id, (text, _)): (u32, (&str, &TokenKind))| Mark {
                text: text.to_owned(),
                id,
                strips_before: false,
                strips_after: self.strips_after
                    && !matches!(text, "<unk>" | "<s>" | "<|endoftext|>"),
            };
            Marks::new(marked.map(mark), Order::Longest)
        };
        Ok(Ready {
            marks: marks(true),
            found: marks(false),
            bytes: self.bytes(&kinds),
            special: kinds.iter().map(special).collect(),
            encoder: match &self.rule {
                Rule::Merges { pre, merges } => {
                    let plain: Vec<bool> = kinds.iter().map(|kind| !special(kind)).collect();
                    let shape = Shape::listed(&self.texts, &index, &plain, pre, merges)?;
                    shape.and_then(Encoder::new)
                }
                Rule::Scores { .. } => None,
            },
            sentence: match &self.rule {
                Rule::Merges { .. } => None,
                Rule::Scores {
                    scores,
                    space_prefix,
                } => Some(self.sentence(index, scores, *space_prefix)?),
            },
            ends,
        })
    }

    fn check(&self) -> Result<(), String> {
        let n = self.texts.len();
        if self.kinds.len() != n {
            return Err(format!("{n} tokens have {} types", self.kinds.len()));
        }
        let long = |(_, text): &(usize, &str)| text.len() > MAX_TOKEN;
        if let Some((id, text)) = self.texts.iter().enumerate().find(long) {
            let len = text.len();
            return Err(format!("token {id} has {len} bytes, more than {MAX_TOKEN}"));
        }
        if let Rule::Scores { scores, .. } = &self.rule {
            if scores.len() != n {
                return Err(format!("{n} tokens have {} scores", scores.len()));
            }
            if let Some(id) = scores.iter().position(|score| score.is_nan()) {
                return Err(format!("the score of token {id} is not a number"));
            }
        }
        Ok(())
    }

    fn sentence(
        &self,
        index: Index,
        scores: &[f32],
        prefix: bool,
    ) -> Result<SentencePiece, String> {
        let is_made = |kind: &TokenKind| {
            use TokenKind::{Normal, Unused, UserDefined};
            matches!(kind, Normal | UserDefined | Unused)
        };
        let unknown = self.kinds.iter().position(|k| *k == TokenKind::Unknown);
        SentencePiece::new(
            self.texts.clone(),
            index,
            scores.to_vec(),
            self.kinds.iter().map(is_made).collect(),
            unknown.map(|id| id as u32),
            prefix,
        )
    }

    /// The tokens that end an answer, those the file names first; `kinds` become what they are by
    /// their texts.
    fn ends(&self, index: &Index, kinds: &mut [TokenKind]) -> Vec<u32> {
        let id = |text: &str| index.get(&self.texts, text);
        let mut ends: Vec<u32> = self.named.eos.into_iter().collect();
        ends.extend(&self.named.ends);
        for text in ENDS {
            ends.extend(id(text).inspect(|id| kinds[*id as usize] = TokenKind::Control));
        }
        for (is_end, texts) in SPECIAL {
            let Some(id) = texts.iter().find_map(|text| id(text)) else {
                continue;
            };
            kinds[id as usize] = TokenKind::Control;
            if is_end {
                ends.push(id);
            }
        }
        for id in SHOWN.iter().filter_map(|text| id(text)) {
            kinds[id as usize] = TokenKind::UserDefined;
        }
        // Where other tokens end a call or an answer, this one ends a part of it only.
        let has = |text| id(text).is_some();
        let calls = has("<|call|>") || has("<|calls|>");
        if let Some(part) = id("<|end|>")
            .filter(|_| has("<|return|>") && has("<|call|>") || calls && has("<|flush|>"))
        {
            ends.retain(|id| *id != part);
            kinds[part as usize] = TokenKind::UserDefined;
        }
        if let Some(markup) = id("</s>").filter(|_| has("<|tool_response>") || has("<|plamo:eos|>"))
        {
            ends.retain(|id| *id != markup);
            kinds[markup as usize] = TokenKind::Normal;
        }
        let mut seen = std::collections::HashSet::new();
        ends.retain(|id| seen.insert(*id));
        ends
    }

    fn bytes(&self, kinds: &[TokenKind]) -> Bytes {
        let len = self.texts.iter().map(str::len).sum();
        let mut bytes = Bytes::with_room(self.texts.len(), len);
        for (text, kind) in self.texts.iter().zip(kinds) {
            bytes.push(|out| match (kind, &self.rule) {
                (TokenKind::Control | TokenKind::Unknown | TokenKind::Unused, _) => {}
                (TokenKind::UserDefined, _) => out.extend_from_slice(text.as_bytes()),
                (TokenKind::Byte, _) => out.extend(hex_byte(text)),
                (TokenKind::Normal, Rule::Merges { .. }) => byte_level(text, out),
                (TokenKind::Normal, Rule::Scores { .. }) => unspaced(text, out),
            });
        }
        bytes
    }

    /// The `tokenizer.json` that says the same, where there is one.
    pub(super) fn to_json(&self) -> Option<Json> {
        let Rule::Merges { pre, merges } = &self.rule else {
            return None;
        };
        let pairs: Vec<Json> = merges.iter().map(|merge| json!(halves(merge))).collect();
        let special = |kind| matches!(kind, TokenKind::Control | TokenKind::Unknown);
        let added = self.texts.iter().zip(&self.kinds).enumerate();
        let added: Vec<Json> = added
            .filter(|(_, (_, kind))| special(**kind) || **kind == TokenKind::UserDefined)
            .map(|(id, (text, kind))| {
                json!({
                    "id": id, "content": text, "special": special(*kind), "normalized": false,
                    "single_word": false, "lstrip": false, "rstrip": false,
                })
            })
            .collect();
        let ids = self.texts.iter().enumerate();
        let vocab: serde_json::Map<String, Json> =
            ids.map(|(id, text)| (text.to_owned(), json!(id))).collect();
        let bytes = json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": false,
        });
        let (patterns, single_digits) = pre.patterns();
        let digits = json!({ "type": "Digits", "individual_digits": true });
        let split = |pattern: &str| {
            json!({
                "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated",
                "invert": false,
            })
        };
        let mut steps: Vec<Json> = single_digits.then_some(digits).into_iter().collect();
        steps.extend(patterns.into_iter().map(split));
        steps.push(bytes.clone());
        Some(json!({
            "version": "1.0",
            "added_tokens": added,
            "normalizer": null,
            "pre_tokenizer": { "type": "Sequence", "pretokenizers": steps },
            "post_processor": null,
            "decoder": bytes,
            "model": {
                "type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
                "continuing_subword_prefix": null, "end_of_word_suffix": null,
                "byte_fallback": false, "ignore_merges": pre.ignore_merges,
                "vocab": vocab, "merges": pairs,
            },
        }))
    }
}

/// The two tokens of a merge: cut at the first space that is not the first character.
pub(super) fn halves(merge: &str) -> Option<(&str, &str)> {
    let at = merge.bytes().skip(1).position(|b| b == b' ')? + 1;
    Some((merge.get(..at)?, merge.get(at + 1..)?))
}
