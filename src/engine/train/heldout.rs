//! Held-out text: bits per byte of each language while the model learns.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::eval::{Window, bits_per_byte, cut, mean, prefix, rank, tally};
use super::super::{Error, Result};
use super::learner::Learner;
use crate::disk;
use crate::event::{self, LangScore};
use crate::shard::Shard;
use crate::vocab::Vocab;

/// Scores of a model on held-out text at one moment of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Steps made until then.
    pub step: u64,
    /// Mean over languages, each counting the same.
    #[serde(deserialize_with = "event::number")]
    pub mean_bits_per_byte: f64,
    /// One row a language, worst first.
    pub scores: Vec<LangScore>,
}

/// The held-out text of a prepared folder, cut into windows.
pub(super) struct HeldOut {
    langs: Vec<Lang>,
    windows: Vec<Window>,
}

struct Lang {
    code: String,
    n_bytes: u64,
    n_tokens: u64,
}

impl HeldOut {
    /// Reads `tokens/valid`, at most `max_tokens` of each language (0: all).
    ///
    /// # Errors
    /// When a shard is damaged or holds a token the vocabulary does not have.
    pub(super) fn open(
        data: &Path,
        vocab: &Vocab,
        context: usize,
        max_tokens: u64,
    ) -> Result<Self> {
        let mut found = HeldOut {
            langs: Vec::new(),
            windows: Vec::new(),
        };
        let folder = HeldOut::folder(data);
        if !folder.is_dir() {
            return Ok(found);
        }
        let prefix = prefix(vocab)?;
        for path in disk::walk(&folder)? {
            if path.extension().is_none_or(|e| e != "idx") {
                continue;
            }
            let stem = path.with_extension("");
            found.add(&stem, vocab, prefix, context, max_tokens)?;
        }
        Ok(found)
    }

    /// Where a prepared folder has it.
    pub(super) fn folder(data: &Path) -> PathBuf {
        data.join("tokens").join("valid")
    }

    /// Cuts the documents of one language; the end-of-text token after each is not scored.
    fn add(
        &mut self,
        stem: &Path,
        vocab: &Vocab,
        prefix: u32,
        context: usize,
        max_tokens: u64,
    ) -> Result<()> {
        let shard = Shard::open(stem)?;
        let code = stem
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut lang = Lang {
            code,
            n_bytes: 0,
            n_tokens: 0,
        };
        let mut tokens = Vec::new();
        for doc in 0..shard.n_docs() {
            shard.read(shard.doc(doc), &mut tokens);
            if let Some(token) = tokens.iter().find(|t| **t as usize >= vocab.len()) {
                let what = format!("token {token}, but the vocabulary has {}", vocab.len());
                return Err(Error::damaged(&stem.with_extension("bin"), what));
            }
            if tokens.last().is_some_and(|last| vocab.eos.contains(last)) {
                tokens.pop();
            }
            if max_tokens > 0 {
                tokens.truncate((max_tokens - lang.n_tokens) as usize);
            }
            cut(
                self.langs.len(),
                prefix,
                &tokens,
                context,
                &mut self.windows,
            );
            lang.n_tokens += tokens.len() as u64;
            lang.n_bytes += tokens
                .iter()
                .map(|t| vocab.bytes(*t).len() as u64)
                .sum::<u64>();
            if max_tokens > 0 && lang.n_tokens >= max_tokens {
                break;
            }
        }
        if lang.n_bytes > 0 {
            self.langs.push(lang);
        } else {
            let n = self.langs.len();
            self.windows.retain(|window| window.lang < n);
        }
        Ok(())
    }

    /// True where no language has text to score on.
    pub(super) fn is_empty(&self) -> bool {
        self.langs.is_empty()
    }

    /// Tokens scored each time, padding left aside.
    pub(super) fn n_tokens(&self) -> u64 {
        self.langs.iter().map(|lang| lang.n_tokens).sum()
    }

    /// Scores what has been learned; none when there is no text, or when `go_on` said no between batches.
    ///
    /// # Errors
    /// When a token is outside of the model's vocabulary.
    pub(super) fn score(
        &self,
        learner: &Learner,
        step: u64,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Option<Scores>> {
        if self.is_empty() {
            return Ok(None);
        }
        let n_langs = self.langs.len();
        let (config, executor) = (&learner.model.config, learner.executor());
        let nats = tally(
            config,
            learner.weights(),
            executor,
            &self.windows,
            n_langs,
            &mut |_| go_on(),
        )?;
        Ok(nats.map(|nats| {
            let rows = self.langs.iter().zip(nats);
            let scores = rank(
                rows.map(|(l, nats)| bits_per_byte(l.code.clone(), nats, l.n_bytes, l.n_tokens))
                    .collect(),
            );
            Scores {
                step,
                mean_bits_per_byte: mean(&scores),
                scores,
            }
        }))
    }
}
