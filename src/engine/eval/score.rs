//! Texts to bits per byte, one row a language.

use super::super::infer::Decoder;
use super::super::load::Speaker;
use super::super::ops::logits::{self, each_row};
use super::super::ops::{Executor, Precision, Team};
use super::super::{Error, Result};
use super::Request;
use super::rows::Heard;
use super::texts::{Texts, read_all};
use crate::event::LangScore;
use crate::vocab::Vocab;

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

/// Scores texts: Σ nats of all their tokens / ln 2 / bytes of UTF-8, worst language first; and once
/// more without those that are met in evaluation sets. In f32, weights in few bits are multiplied
/// as the numbers they stand for; in bf16 as `eu chat` multiplies them.
///
/// # Errors
/// When the vocabulary has no token to begin a text with or fails on a text, the context is larger
/// than the model's, a weight is no number, or `progress` ended the work.
pub fn score(
    speaker: &Speaker,
    executor: &Executor,
    context: usize,
    requests: impl IntoIterator<Item = Request>,
    progress: Progress,
) -> Result<Scores> {
    let mut models = [decoder(speaker, executor, context)?];
    let context = models[0].context();
    let (isa, mut team) = (executor.isa(), Team::new(executor.n_threads())?);
    let (mut nats, mut costs) = (Vec::new(), Vec::new());
    let mut hears = |texts: &Texts, heard: &Heard<'_>| {
        costs.resize(heard.tokens.len(), 0.0);
        each_row(&mut team, &mut costs, &|row| {
            logits::nats(isa, heard.row(0, row), heard.tokens[row])
        });
        nats.resize(texts.all.len(), 0.0);
        for (text, cost) in heard.of.iter().zip(&costs) {
            nats[*text] += cost;
        }
    };
    let vocab = &speaker.vocab;
    let texts = read_all(&mut models, vocab, context, requests, progress, &mut hears)?;
    nats.resize(texts.all.len(), 0.0);
    Ok(Scores::of(&texts, &nats))
}

/// The model at work, as exactly as the precision asks for.
pub(super) fn decoder<'m>(
    speaker: &'m Speaker,
    executor: &Executor,
    context: usize,
) -> Result<Decoder<'m>> {
    let decoder = Decoder::new(&speaker.weights, executor, context)?;
    Ok(match executor.precision() {
        Precision::F32 => decoder.in_f32(),
        Precision::Bf16 => decoder,
    })
}

impl Scores {
    /// Sums up texts, of each of which the nats are known.
    pub(super) fn of(texts: &Texts, nats: &[f64]) -> Self {
        let ranked = |with_met: bool| {
            let mut sums = vec![(0.0, 0, 0); texts.langs.len()];
            let all = texts.all.iter().zip(nats);
            for (text, nats) in all.filter(|(text, _)| with_met || !text.is_met) {
                let (of, n_bytes, n_tokens) = &mut sums[text.lang];
                *of += nats;
                *n_bytes += text.n_bytes;
                *n_tokens += text.n_tokens;
            }
            let rows = texts.langs.iter().zip(sums);
            let rows = rows.filter(|(_, (_, n_bytes, _))| *n_bytes > 0);
            let rows = rows.map(|(lang, (nats, n_bytes, n_tokens))| {
                bits_per_byte(lang.clone(), nats, n_bytes, n_tokens)
            });
            rank(rows.collect())
        };
        Scores {
            all: ranked(true),
            clean: ranked(false),
        }
    }
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
