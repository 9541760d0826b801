//! The same number of tokens of each language.

use std::collections::BTreeMap;

use crate::disk;
use crate::engine::eval::{self, Request};
use crate::engine::{Error, Result};
use crate::vocab::Vocab;

/// Tokens of a piece, as llama-imatrix has them.
const PIECE: usize = 512;
/// Shortest piece: of less context activations are not those of text.
const SHORTEST: usize = 16;

/// Text of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::quant) struct Spoken {
    /// Code of the language.
    pub(in crate::engine::quant) lang: String,
    /// Pieces that are read each on its own.
    pub(in crate::engine::quant) pieces: Vec<Vec<u32>>,
}

impl Spoken {
    /// Tokens of all pieces.
    pub(in crate::engine::quant) fn n_tokens(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }
}

/// Text of each language, in the order of their codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::quant) struct Texts {
    pub(in crate::engine::quant) langs: Vec<Spoken>,
    /// SHA-256 of the texts that were taken, each behind the code of its language.
    pub(in crate::engine::quant) sha256: String,
    /// Tokens of a piece.
    pub(in crate::engine::quant) piece: usize,
}

impl Texts {
    /// Cuts at most `n_tokens` tokens out of `requests`, from each language the same number, the
    /// first texts first. Pieces are no longer than `context`; each begins as a text does.
    ///
    /// # Errors
    /// When no language has enough text, or the vocabulary fails on a text.
    pub(in crate::engine::quant) fn of(
        requests: &[Request],
        vocab: &Vocab,
        n_tokens: u64,
        context: usize,
    ) -> Result<Self> {
        let prefix = eval::prefix(vocab)?;
        let mut by_lang: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for request in requests {
            let texts = by_lang.entry(&request.lang).or_default();
            texts.push(&request.text);
        }
        let share = n_tokens / by_lang.len().max(1) as u64;
        let share = usize::try_from(share).unwrap_or(usize::MAX).max(SHORTEST);
        let piece = PIECE.min(context).max(SHORTEST);
        let (mut langs, mut hashed) = (Vec::new(), Vec::new());
        for (lang, texts) in by_lang {
            let mut tokens = Vec::new();
            for text in texts {
                if tokens.len() >= share {
                    break;
                }
                hashed.extend([lang.as_bytes(), b"\n", text.as_bytes(), b"\n"].concat());
                tokens.extend(vocab.encode(text)?);
                tokens.extend(vocab.eos.first());
            }
            tokens.truncate(share);
            let pieces = tokens.chunks(piece - 1);
            let begun = |piece: &[u32]| [&[prefix], piece].concat();
            let pieces = pieces.filter(|piece| piece.len() + 1 >= SHORTEST);
            let pieces: Vec<Vec<u32>> = pieces.map(begun).collect();
            if !pieces.is_empty() {
                let lang = lang.to_owned();
                langs.push(Spoken { lang, pieces });
            }
        }
        if langs.is_empty() {
            return Err(Error::Usage {
                what: format!("no language has {SHORTEST} tokens of text to compute importance of"),
                hint: "give more text with --importance-data, or more --importance-tokens".into(),
            });
        }
        Ok(Texts {
            langs,
            sha256: disk::sha256_bytes(&hashed),
            piece,
        })
    }

    /// Tokens of all languages.
    pub(in crate::engine::quant) fn n_tokens(&self) -> u64 {
        self.langs.iter().map(Spoken::n_tokens).sum()
    }
}
