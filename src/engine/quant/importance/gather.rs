//! What goes into each matrix of a model, language by language.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{Spoken, Texts};
use crate::engine::infer::{Ask, Decoder, Seen, Wants, Weights};
use crate::engine::ops::Executor;
use crate::engine::quant::imatrix::{Entry, Imatrix};
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};

/// Name of the stage in events.
const STAGE: &str = "importance";

/// What went into each matrix.
pub(in crate::engine::quant) struct Gathered {
    /// Of each language, in the order of their codes.
    pub(in crate::engine::quant) langs: Vec<(String, u64, Seen)>,
    /// SHA-256 of the texts.
    pub(in crate::engine::quant) sha256: String,
    /// Tokens of a piece.
    piece: usize,
    n_pieces: usize,
}

impl Gathered {
    /// Reads `texts` with the model.
    ///
    /// # Errors
    /// When a token is not of the model's vocabulary, a number on the way is none, or the work was
    /// interrupted.
    pub(in crate::engine::quant) fn of(
        weights: &Weights,
        texts: &Texts,
        executor: &Executor,
        control: &Control,
        sink: &dyn Sink,
    ) -> Result<Self> {
        let (began, total) = (Instant::now(), texts.n_tokens());
        sink.emit(Event::StageStarted {
            stage: STAGE.into(),
            total: Some(total),
            unit: "tokens".into(),
        });
        let mut decoder = Decoder::new(weights, executor, texts.piece)?;
        decoder.look();
        let (mut langs, mut done) = (Vec::new(), 0);
        for spoken in &texts.langs {
            for piece in &spoken.pieces {
                if control.stop_requested() {
                    return Err(Error::Interrupted {
                        what: format!("stopped after {done} of {total} tokens of text"),
                        hint: "run the command again: importance is of whole texts".into(),
                    });
                }
                let text = decoder.begin();
                let ask = Ask {
                    text,
                    tokens: piece,
                    wants: Wants::Nothing,
                };
                decoder.read(&[ask], &mut |_, _, _| {})?;
                decoder.end(text);
                done += piece.len() as u64;
                sink.emit(Event::StageProgress {
                    stage: STAGE.into(),
                    done,
                });
            }
            let seen = decoder.look().expect("it looks since it was made");
            check(&seen, weights, spoken)?;
            langs.push((spoken.lang.clone(), spoken.n_tokens(), seen));
        }
        sink.emit(Event::StageDone {
            stage: STAGE.into(),
            n_in: total,
            n_out: total,
            dropped: BTreeMap::new(),
            elapsed_ms: began.elapsed().as_millis() as u64,
        });
        Ok(Gathered {
            langs,
            sha256: texts.sha256.clone(),
            piece: texts.piece,
            n_pieces: texts.langs.iter().map(|lang| lang.pieces.len()).sum(),
        })
    }

    /// Mean of x² of the columns of a matrix, over languages that each count alike; none where
    /// nothing is multiplied with it.
    pub(in crate::engine::quant) fn means(&self, name: &str) -> Option<Vec<f64>> {
        let mut means: Vec<f64> = Vec::new();
        for (_, _, seen) in &self.langs {
            let columns = seen.columns(name)?;
            means.resize(columns.sums.len(), 0.0);
            let all = columns.n_rows.max(1) as f64 * self.langs.len() as f64;
            for (mean, sum) in means.iter_mut().zip(columns.sums) {
                *mean += sum / all;
            }
        }
        Some(means)
    }

    /// The importance matrix of a model: of all matrices inside of layers, and of the output
    /// matrix where that is asked for (llama.cpp leaves it out unless told otherwise: all of its
    /// rows see the same columns, and it is given more bits anyway).
    pub(in crate::engine::quant) fn imatrix(
        &self,
        weights: &Weights,
        datasets: Vec<String>,
        with_output: bool,
    ) -> Imatrix {
        let total: u64 = self.langs.iter().map(|(_, n, _)| n).sum();
        let matrices = weights.matrices();
        let has_output = matrices.iter().any(|m| m.name == "output.weight");
        let mut entries = BTreeMap::new();
        for matrix in &matrices {
            let is_output = match matrix.name.as_str() {
                "output.weight" => true,
                "token_embd.weight" if has_output => continue, // it is looked up
                "token_embd.weight" => true,
                _ => false,
            };
            if is_output && !with_output {
                continue;
            }
            if let Some(means) = self.means(&matrix.name) {
                let sum = |mean: &f64| (mean * total as f64) as f32;
                let entry = Entry {
                    sums: means.iter().map(sum).collect(),
                    counts: vec![total],
                };
                entries.insert(matrix.name.clone(), entry);
            }
        }
        Imatrix {
            datasets,
            n_chunks: self.n_pieces as u32,
            chunk_tokens: self.piece as u32,
            entries,
            languages: self.langs.iter().map(|(l, n, _)| (l.clone(), *n)).collect(),
            text_sha256: Some(self.sha256.clone()),
        }
    }
}

/// Refuses sums that are no numbers, or too large to be written.
fn check(seen: &Seen, weights: &Weights, spoken: &Spoken) -> Result<()> {
    for matrix in weights.matrices() {
        let Some(columns) = seen.columns(&matrix.name) else {
            continue;
        };
        let is_sum = |sum: &f64| (0.0..1e30).contains(sum);
        if let Some(sum) = columns.sums.iter().find(|sum| !is_sum(sum)) {
            return Err(Error::Failed(format!(
                "{}: the sum of squares of a column is {sum} on text of {}",
                matrix.name, spoken.lang
            )));
        }
    }
    Ok(())
}
