//! Texts to bits per byte, one row a language.

use super::super::model::{Config, Model, Weights};
use super::super::ops::Executor;
use super::super::{Error, Result};
use super::Request;
use super::windows::{Window, cut, tally};
use crate::event::LangScore;
use crate::vocab::Vocab;

/// Tokens gathered before they are computed: bounds memory whatever the length of the input.
const TOKENS_GATHERED: u64 = 1 << 20;

/// Hears how many bytes of text are done; false ends the work.
pub type Progress<'a> = &'a mut dyn FnMut(u64) -> bool;

/// Scores of the same texts, twice; worst language first.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Of all texts.
    pub all: Vec<LangScore>,
    /// Of those that hold no item of evaluation sets; a language with no other text is not here.
    pub clean: Vec<LangScore>,
}

/// Scores texts: Σ nats of all their tokens / ln 2 / bytes of UTF-8, worst language first.
///
/// # Errors
/// When the vocabulary has no token to begin a text with or fails on a text, or `progress` ended
/// the work.
pub fn score(
    model: &Model,
    vocab: &Vocab,
    executor: &Executor,
    context: usize,
    requests: impl IntoIterator<Item = Request>,
    progress: Progress,
) -> Result<Vec<LangScore>> {
    let scores = score_twice(model, vocab, executor, context, requests, progress)?;
    Ok(scores.all)
}

/// Scores texts as [`score`] does, and once more without those that are met in evaluation sets.
///
/// # Errors
/// As there.
pub fn score_twice(
    model: &Model,
    vocab: &Vocab,
    executor: &Executor,
    context: usize,
    requests: impl IntoIterator<Item = Request>,
    progress: Progress,
) -> Result<Scores> {
    let prefix = prefix(vocab)?;
    let mut table = Table::default();
    let copy = executor.copy(&model.params);
    let weights = Weights {
        params: &model.params,
        copy: &copy,
    };
    let mut flush = |table: &mut Table| table.flush(&model.config, weights, executor, progress);
    for request in requests {
        let lang = table.row(&request.lang, request.is_met);
        let tokens = vocab.encode(&request.text)?;
        cut(lang, prefix, &tokens, context, &mut table.windows);
        table.rows[lang].add(request.text.len() as u64, tokens.len() as u64);
        if table.n_waiting() >= TOKENS_GATHERED {
            flush(&mut table)?;
        }
    }
    flush(&mut table)?;
    let clean = table.rows.iter().filter(|row| !row.is_met);
    let clean = ranked(clean.cloned().collect());
    let mut rows: Vec<Row> = Vec::new();
    for row in table.rows {
        match rows.iter_mut().find(|known| known.lang == row.lang) {
            Some(known) => {
                known.add(row.n_bytes, row.n_tokens);
                known.nats += row.nats;
            }
            None => rows.push(row),
        }
    }
    Ok(Scores {
        all: ranked(rows),
        clean,
    })
}

fn ranked(rows: Vec<Row>) -> Vec<LangScore> {
    let scored = rows.into_iter().filter(|row| row.n_bytes > 0);
    let scored = scored.map(|row| bits_per_byte(row.lang, row.nats, row.n_bytes, row.n_tokens));
    rank(scored.collect())
}

/// The token in front of a text that gives its first token a context.
///
/// # Errors
/// When the vocabulary has neither a beginning nor an end of text.
pub fn prefix(vocab: &Vocab) -> Result<u32> {
    let token = vocab.bos.or_else(|| vocab.eos.first().copied());
    token.ok_or_else(|| Error::Usage {
        what: "the tokenizer has no token that begins or ends a text".into(),
        hint: "name bos_token_id or eos_token_id in config.json".into(),
    })
}

/// Puts the worst language first; languages that score alike stay in the order of their codes.
pub fn rank(mut scores: Vec<LangScore>) -> Vec<LangScore> {
    scores.sort_by(|a, b| {
        b.bits_per_byte
            .total_cmp(&a.bits_per_byte)
            .then_with(|| a.lang.cmp(&b.lang))
    });
    scores
}

/// Mean over languages, each counting the same; NaN without any.
pub fn mean(scores: &[LangScore]) -> f64 {
    scores.iter().map(|s| s.bits_per_byte).sum::<f64>() / scores.len() as f64
}

/// The row of one language.
pub(crate) fn bits_per_byte(lang: String, nats: f64, n_bytes: u64, n_tokens: u64) -> LangScore {
    let bits_per_byte = nats / std::f64::consts::LN_2 / n_bytes as f64;
    LangScore {
        lang,
        bits_per_byte,
        n_bytes,
        n_tokens,
    }
}

/// What is known so far, and windows that wait for the model.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    windows: Vec<Window>,
    n_bytes_done: u64,
    n_tokens_done: u64,
}

/// Texts of a language, those that are met in evaluation sets apart.
#[derive(Clone)]
struct Row {
    lang: String,
    is_met: bool,
    nats: f64,
    n_bytes: u64,
    n_tokens: u64,
}

impl Row {
    fn add(&mut self, n_bytes: u64, n_tokens: u64) {
        self.n_bytes += n_bytes;
        self.n_tokens += n_tokens;
    }
}

impl Table {
    fn row(&mut self, code: &str, is_met: bool) -> usize {
        let mut rows = self.rows.iter();
        if let Some(known) = rows.position(|row| row.lang == code && row.is_met == is_met) {
            return known;
        }
        self.rows.push(Row {
            lang: code.into(),
            is_met,
            nats: 0.0,
            n_bytes: 0,
            n_tokens: 0,
        });
        self.rows.len() - 1
    }

    fn n_waiting(&self) -> u64 {
        self.rows.iter().map(|row| row.n_tokens).sum::<u64>() - self.n_tokens_done
    }

    /// Computes the windows that wait; bytes are told in proportion to the tokens done.
    fn flush(
        &mut self,
        config: &Config,
        weights: Weights<'_>,
        executor: &Executor,
        progress: Progress,
    ) -> Result<()> {
        let (n_tokens, done) = (self.n_waiting(), self.n_bytes_done);
        let n_bytes = self.rows.iter().map(|row| row.n_bytes).sum::<u64>() - done;
        let mut told = done;
        let mut go_on = |n: u64| {
            told =
                done + (u128::from(n_bytes) * u128::from(n) / u128::from(n_tokens.max(1))) as u64;
            progress(told)
        };
        let n_langs = self.rows.len();
        let nats = tally(
            config,
            weights,
            executor,
            &self.windows,
            n_langs,
            &mut go_on,
        )?;
        let Some(nats) = nats else {
            return Err(Error::Interrupted {
                what: format!("stopped after {told} bytes of text"),
                hint: "run the command again: scores are taken on whole texts".into(),
            });
        };
        self.rows
            .iter_mut()
            .zip(nats)
            .for_each(|(row, nats)| row.nats += nats);
        self.windows.clear();
        self.n_bytes_done += n_bytes;
        self.n_tokens_done += n_tokens;
        Ok(())
    }
}
