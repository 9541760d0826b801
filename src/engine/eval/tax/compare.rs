//! Two models on the same text, position by position.

use super::super::rows::Heard;
use super::super::score::decoder;
use super::super::texts::{Texts, read_all};
use super::super::{Progress, Request, Scores};
use super::report::{Loss, MeanLoss};
use super::statistics::TextSums;
use crate::engine::load::Speaker;
use crate::engine::ops::logits::{self, each_row};
use crate::engine::ops::{Executor, Team};
use crate::engine::{Error, Result};

/// What two models came to on the same text.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Scores of the second model, as [`score`](super::super::score) gives them.
    pub scores: Scores,
    /// One row a language, the one that lost most bits per byte first.
    pub losses: Vec<Loss>,
    /// Mean over languages, each counting the same; none without any.
    pub mean: Option<MeanLoss>,
}

/// Compares `other` with `base` on texts cut to `context` (0: the smaller of the models' own).
///
/// Memory beside the models: 64 MiB of logits of each, and four bytes for each token of text.
///
/// # Errors
/// When the models have different vocabularies, and as [`score`](super::super::score).
pub fn compare(
    base: &Speaker,
    other: &Speaker,
    executor: &Executor,
    context: usize,
    requests: impl IntoIterator<Item = Request>,
    progress: Progress,
) -> Result<Compared> {
    refuse_unlike(base, other)?;
    let own = base.weights.shape.context.min(other.weights.shape.context);
    let context = if context == 0 { own } else { context };
    let mut models = [
        decoder(base, executor, context)?,
        decoder(other, executor, context)?,
    ];
    let (isa, mut team) = (executor.isa(), Team::new(executor.n_threads())?);
    let mut rows = Vec::new();
    let mut sums: Vec<TextSums> = Vec::new();
    let mut divergences: Vec<Vec<f32>> = Vec::new();
    let mut hears = |texts: &Texts, heard: &Heard<'_>| {
        rows.resize(heard.tokens.len(), logits::Compared::default());
        each_row(&mut team, &mut rows, &|row| {
            let [base, other] = [0, 1].map(|model| heard.row(model, row));
            logits::compare(isa, base, other, heard.tokens[row])
        });
        sums.resize(texts.all.len(), TextSums::default());
        divergences.resize(texts.langs.len(), Vec::new());
        for (text, row) in heard.of.iter().zip(&rows) {
            sums[*text].add(row);
            divergences[texts.all[*text].lang].push(row.kl as f32);
        }
    };
    let vocab = &base.vocab;
    let texts = read_all(&mut models, vocab, context, requests, progress, &mut hears)?;
    sums.resize(texts.all.len(), TextSums::default());
    divergences.resize(texts.langs.len(), Vec::new());
    for (sums, text) in sums.iter_mut().zip(&texts.all) {
        sums.n_bytes = text.n_bytes;
    }
    let nats: Vec<f64> = sums.iter().map(|text| text.nats[1]).collect();
    let langs = texts.langs.iter().zip(divergences).enumerate();
    let rows = langs.filter_map(|(at, (lang, divergences))| {
        let of_lang = texts.all.iter().zip(&sums);
        let own = of_lang.filter(|(text, _)| text.lang == at && text.n_bytes > 0);
        let own: Vec<TextSums> = own.map(|(_, sums)| *sums).collect();
        Loss::of(lang, &own, divergences)
    });
    let losses = super::report::rank(rows.collect());
    Ok(Compared {
        scores: Scores::of(&texts, &nats),
        mean: MeanLoss::of(&losses),
        losses,
    })
}

/// Refuses models whose tokens are not the same: what they expect cannot be compared. One may name
/// rows of logits that are padding in the other, as GGUF files do.
fn refuse_unlike(base: &Speaker, other: &Speaker) -> Result<()> {
    let (ours, theirs) = (&base.vocab, &other.vocab);
    let n = ours.len().min(theirs.len());
    let differs = |id: &u32| {
        ours.bytes(*id) != theirs.bytes(*id) || ours.is_special(*id) != theirs.is_special(*id)
    };
    let [n_rows, others] = [base, other].map(|model| model.weights.shape.n_vocab);
    let how = match (0..n as u32).find(differs) {
        Some(id) => format!("token {id} is not the same"),
        None if ours.len().max(theirs.len()) > n_rows.min(others) && ours.len() != theirs.len() => {
            format!("one has {} tokens, the other {}", ours.len(), theirs.len())
        }
        None => return Ok(()),
    };
    Err(Error::Usage {
        what: format!(
            "{} and {} have different vocabularies: {how}",
            base.source.display(),
            other.source.display()
        ),
        hint: "compare a model with what was made of it; `eu eval` without --against scores any \
               model in bits per byte"
            .into(),
    })
}
