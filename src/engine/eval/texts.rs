//! Texts to windows to rows of logits, and who each row is of.

use super::Request;
use super::rows::{Heard, read};
use super::score::{Progress, prefix};
use super::windows::{Window, cut};
use crate::engine::infer::Decoder;
use crate::engine::{Error, Result};
use crate::vocab::Vocab;

/// Tokens gathered before they are computed: bounds memory whatever the length of the input.
const TOKENS_GATHERED: u64 = 1 << 20;

/// A text that was scored.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// Number of its language.
    pub(super) lang: usize,
    /// Whether it holds an item of evaluation sets.
    pub(super) is_met: bool,
    pub(super) n_bytes: u64,
    pub(super) n_tokens: u64,
}

/// Languages and texts in the order they came.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) langs: Vec<String>,
    pub(super) all: Vec<Text>,
}

impl Texts {
    fn add(&mut self, request: &Request, n_tokens: usize) -> usize {
        let known = self.langs.iter().position(|lang| *lang == request.lang);
        let lang = known.unwrap_or(self.langs.len());
        if known.is_none() {
            self.langs.push(request.lang.clone());
        }
        self.all.push(Text {
            lang,
            is_met: request.is_met,
            n_bytes: request.text.len() as u64,
            n_tokens: n_tokens as u64,
        });
        self.all.len() - 1
    }
}

/// Takes every text through all models, which have one vocabulary; `hears` is given rows with the
/// numbers of their texts, of which it may ask.
///
/// # Errors
/// When the vocabulary has no token to begin a text with or fails on a text, as the models do, or
/// when `progress` ended the work.
pub(super) fn read_all(
    models: &mut [Decoder<'_>],
    vocab: &Vocab,
    context: usize,
    requests: impl IntoIterator<Item = Request>,
    progress: Progress,
    hears: &mut dyn FnMut(&Texts, &Heard<'_>),
) -> Result<Texts> {
    let prefix = prefix(vocab)?;
    let mut waiting = Waiting::default();
    for request in requests {
        let tokens = vocab.encode(&request.text)?;
        let text = waiting.texts.add(&request, tokens.len());
        cut(text, prefix, &tokens, context, &mut waiting.windows);
        waiting.n_bytes += request.text.len() as u64;
        waiting.n_tokens += tokens.len() as u64;
        if waiting.n_tokens >= TOKENS_GATHERED {
            waiting.flush(models, progress, hears)?;
        }
    }
    waiting.flush(models, progress, hears)?;
    Ok(waiting.texts)
}

/// Windows that wait for the models.
#[derive(Default)]
struct Waiting {
    texts: Texts,
    windows: Vec<Window>,
    n_bytes: u64,
    n_tokens: u64,
    n_bytes_done: u64,
}

impl Waiting {
    /// Computes the windows that wait; bytes are told in proportion to the tokens done.
    fn flush(
        &mut self,
        models: &mut [Decoder<'_>],
        progress: Progress,
        hears: &mut dyn FnMut(&Texts, &Heard<'_>),
    ) -> Result<()> {
        let (n_bytes, n_tokens) = (u128::from(self.n_bytes), u128::from(self.n_tokens.max(1)));
        let (mut n, mut told) = (0, self.n_bytes_done);
        let is_whole = read(models, &self.windows, &mut |heard| {
            hears(&self.texts, heard);
            n += heard.tokens.len() as u128;
            told = self.n_bytes_done + (n_bytes * n / n_tokens) as u64;
            Ok(progress(told))
        })?;
        if !is_whole {
            return Err(Error::Interrupted {
                what: format!("stopped after {told} bytes of text"),
                hint: "run the command again: scores are taken on whole texts".into(),
            });
        }
        self.windows.clear();
        self.n_bytes_done += self.n_bytes;
        (self.n_bytes, self.n_tokens) = (0, 0);
        Ok(())
    }
}
