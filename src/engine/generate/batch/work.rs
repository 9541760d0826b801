//! What is known of a text of a batch: at work, or kept.

use std::time::Instant;

use super::super::answer::Answer;
use super::super::sampler::{Choice, Sampler};
use super::super::writer::{Piece, Writer};
use super::{JobId, Tell, Told};
use crate::engine::Result;
use crate::engine::infer::TextId;
use crate::vocab::Vocab;

/// A job at work.
pub(super) struct Work {
    pub(super) id: JobId,
    pub(super) text: TextId,
    pub(super) sampler: Sampler,
    pub(super) writer: Writer,
    /// The prompt and what was written, those of them first that were read.
    pub(super) tokens: Vec<u32>,
    pub(super) n_prompt: usize,
    /// The tokens that are read as a prompt is: what was written is among them once the context
    /// has shifted.
    pub(super) n_given: usize,
    pub(super) n_reused: usize,
    pub(super) n_read: usize,
    /// First tokens that stay when a full context loses its oldest half; none: it ends there.
    pub(super) shift: Option<usize>,
    /// The first token that is read as one of few.
    pub(super) few_from: usize,
    /// Positions it may come to need.
    pub(super) needs: usize,
    pub(super) began: Instant,
    /// When the first token was chosen.
    pub(super) first: Option<Instant>,
}

/// A text that was ended, for prompts that begin alike.
pub(super) struct Kept {
    pub(super) text: TextId,
    pub(super) tokens: Vec<u32>,
    pub(super) few_from: usize,
}

/// Tokens that a text has read, as far as they are of use to a prompt.
#[derive(Clone, Copy)]
pub(super) struct Prefix<'a> {
    pub(super) tokens: &'a [u32],
    pub(super) few_from: usize,
}

impl Prefix<'_> {
    /// Tokens at the beginning of both that were, or will be, rounded alike.
    pub(super) fn common(&self, other: &Prefix<'_>) -> usize {
        let pairs = self.tokens.iter().zip(other.tokens);
        let alike = pairs.take_while(|(a, b)| a == b).count();
        match self.few_from == other.few_from {
            true => alike,
            false => alike.min(self.few_from).min(other.few_from),
        }
    }
}

impl Kept {
    pub(super) fn read(&self) -> Prefix<'_> {
        Prefix {
            tokens: &self.tokens,
            few_from: self.few_from,
        }
    }
}

impl Work {
    pub(super) fn is_reading(&self) -> bool {
        self.n_read < self.n_given
    }

    pub(super) fn prompt(&self) -> Prefix<'_> {
        Prefix {
            tokens: &self.tokens[..self.n_given],
            few_from: self.few_from,
        }
    }

    /// What it has read.
    pub(super) fn read(&self) -> Prefix<'_> {
        Prefix {
            tokens: &self.tokens[..self.n_read],
            few_from: self.few_from,
        }
    }

    /// Takes the token that was chosen; gives the end where it is the last.
    pub(super) fn hear(
        &mut self,
        vocab: &Vocab,
        choice: Result<Choice>,
        tell: Tell<'_>,
    ) -> Option<Told> {
        let first = *self.first.get_or_insert_with(Instant::now);
        let id = self.id;
        let mut told = |piece: Piece| tell(id, piece.into());
        let next = choice.map(|choice| self.writer.take(vocab, &self.sampler, choice, &mut told));
        match next {
            Ok(Ok(token)) => {
                self.tokens.push(token);
                None
            }
            Ok(Err(reason)) => {
                self.writer.finish(&mut told);
                Some(Told::End(Answer {
                    text: std::mem::take(&mut self.writer.text),
                    tokens: std::mem::take(&mut self.writer.tokens),
                    reason,
                    n_prompt: self.n_prompt,
                    n_reused: self.n_reused,
                    n_guessed: 0,
                    n_right: 0,
                    prefill_ms: (first - self.began).as_millis() as u64,
                    decode_ms: first.elapsed().as_millis() as u64,
                }))
            }
            Err(error) => Some(Told::Failed(error)),
        }
    }
}

impl From<Piece> for Told {
    fn from(piece: Piece) -> Self {
        Told::Piece {
            text: piece.text,
            token: piece.token,
            logprob: piece.logprob,
            top: piece.top,
        }
    }
}
