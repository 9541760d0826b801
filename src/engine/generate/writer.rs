//! Tokens to an answer: chosen, put into words, and looked at for its end.

use super::sampler::{Choice, Sampler};
use super::stop::Stops;
use crate::event::{Event, Likely};
use crate::vocab::{Decoder, Vocab};

/// What a token adds to an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Its characters; none while one of them is incomplete or may begin a stop text.
    pub(super) text: String,
    /// Its id.
    pub(super) token: u32,
    /// Natural logarithm of its probability; no number where it was not asked for.
    pub(super) logprob: f32,
    /// The likeliest tokens with theirs, where they were asked for.
    pub(super) top: Vec<(u32, f32)>,
}

impl Piece {
    /// The event that tells of it.
    pub(super) fn event(self, vocab: &Vocab) -> Event {
        Event::Piece {
            text: self.text,
            token: self.token,
            logprob: self.logprob,
            top: likely(vocab, &self.top),
        }
    }
}

/// Tokens and their log-probabilities, with their texts.
pub fn likely(vocab: &Vocab, top: &[(u32, f32)]) -> Vec<Likely> {
    let text = |token| match vocab.bytes(token) {
        [] => vocab.spelling(token).unwrap_or_default(),
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    };
    let of = |(token, logprob): &(u32, f32)| Likely {
        token: *token,
        text: text(*token),
        logprob: *logprob,
    };
    top.iter().map(of).collect()
}

/// Collects an answer of at most so many tokens.
pub(super) struct Writer {
    decoder: Decoder,
    stops: Stops,
    max_tokens: usize,
    pub(super) text: String,
    pub(super) tokens: Vec<u32>,
    /// Log-probability of the last token.
    logprob: f32,
}

impl Writer {
    /// Begins an answer that ends before one of `stops`.
    pub(super) fn new(stops: Stops, max_tokens: usize) -> Self {
        Writer {
            decoder: Decoder::default(),
            stops,
            max_tokens,
            text: String::new(),
            tokens: Vec::new(),
            logprob: f32::NAN,
        }
    }

    /// Tokens there is room for.
    pub(super) fn left(&self) -> usize {
        self.max_tokens.saturating_sub(self.tokens.len())
    }

    /// Takes the next token, which `sampler` chose, and tells what it adds. Gives the token, to be
    /// read, or why the answer ends with it.
    pub(super) fn take(
        &mut self,
        vocab: &Vocab,
        sampler: &Sampler,
        choice: Choice,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<u32, &'static str> {
        let token = choice.token;
        if vocab.eos.contains(&token) {
            return Err("eos");
        }
        let text = self.decoder.push(vocab.bytes(token));
        let (text, stopped) = self.stops.push(&text);
        self.tokens.push(token);
        self.logprob = choice.logprob;
        self.text.push_str(&text);
        tell(Piece {
            text,
            token,
            logprob: choice.logprob,
            top: choice.top,
        });
        if stopped {
            self.decoder.finish(); // the beginning of a character behind the answer
        }
        match () {
            () if stopped || sampler.is_finished() => Err("stop"),
            () if self.left() == 0 => Err("length"),
            () => Ok(token),
        }
    }

    /// Tells of what was held back, bytes that never became a character among it, under the last
    /// token's name.
    pub(super) fn finish(&mut self, tell: &mut dyn FnMut(Piece)) {
        let (mut text, stopped) = self.stops.push(&self.decoder.finish());
        if !stopped {
            text.push_str(&self.stops.finish());
        }
        if let (false, Some(token)) = (text.is_empty(), self.tokens.last().copied()) {
            self.text.push_str(&text);
            tell(Piece {
                text,
                token,
                logprob: self.logprob,
                top: Vec::new(),
            });
        }
    }
}
