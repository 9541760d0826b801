//! A prompt to an answer, piece by piece.

use std::time::Instant;

use super::draft::Draft;
use super::sampler::Sampler;
use super::stop::Stops;
use crate::engine::infer::{Ask, Decoder as Reader, TextId, Wants, Weights};
use crate::engine::ops::Executor;
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};
use crate::vocab::{Decoder, Vocab};

/// Tokens of a prompt read between two looks at [`Control`].
const READ: usize = 256;

/// What the model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Its tokens, without the one that ended it.
    pub tokens: Vec<u32>,
    /// Why it ended: `eos`, `stop` (a stop text came, or the grammar is complete), `length` (of
    /// the answer or of the context) or `stopped`.
    pub reason: &'static str,
    /// Tokens of the prompt.
    pub n_prompt: usize,
    /// Tokens of the prompt that were read before and had not to be read again.
    pub n_reused: usize,
    /// Tokens that were guessed ahead.
    pub n_guessed: usize,
    /// Those of them that were right.
    pub n_right: usize,
    /// Milliseconds until the first token.
    pub prefill_ms: u64,
    /// Milliseconds from the first token to the last.
    pub decode_ms: u64,
}

/// Ids of plain text to continue: what begins a text in front, where the model wants it.
///
/// # Errors
/// When there is neither text nor a token to begin one with, or the text cannot be encoded.
pub fn prompt_ids(vocab: &Vocab, text: &str) -> Result<Vec<u32>> {
    let mut ids: Vec<u32> = vocab.bos.into_iter().collect();
    ids.extend(vocab.encode(text)?);
    if ids.is_empty() {
        ids.extend(vocab.eos.first()); // a text begins where another one ended
    }
    if ids.is_empty() {
        return Err(Error::Usage {
            what: "there is no text to continue".into(),
            hint: "give a prompt: this model has no token that begins a text".into(),
        });
    }
    Ok(ids)
}

/// A text that a model reads and continues. What it has read is remembered: of a prompt that
/// begins alike only the rest is read.
pub struct Text<'m> {
    reader: Reader<'m>,
    id: TextId,
    /// The tokens that the reader holds.
    read: Vec<u32>,
    /// What the model expects after the last of them, and after each token that was guessed
    /// behind it, `[1 + guessed, V]`.
    logits: Vec<f32>,
    /// Most tokens that are guessed ahead; 0: none.
    n_ahead: usize,
    draft: Draft,
}

impl<'m> Text<'m> {
    /// An empty text of at most `context` tokens; 0: as many as the model was made for.
    ///
    /// # Errors
    /// When the model was made for fewer.
    pub fn new(weights: &'m Weights, executor: &Executor, context: usize) -> Result<Self> {
        let mut reader = Reader::new(weights, executor, context)?;
        Ok(Text {
            id: reader.begin(),
            reader,
            read: Vec::new(),
            logits: Vec::new(),
            n_ahead: 0,
            draft: Draft::default(),
        })
    }

    /// Guesses up to `n` tokens ahead from what was read, to have them checked together.
    pub fn guess_ahead(&mut self, n: usize) {
        self.n_ahead = n;
    }

    /// Most tokens the text can have.
    pub fn context(&self) -> usize {
        self.reader.context()
    }

    /// Reads `prompt` and answers it with at most `max_tokens` tokens (0: until the context is
    /// full). Pieces and the end go to `sink` as they come.
    ///
    /// # Errors
    /// When the prompt is empty or leaves no room for an answer, or no token can be chosen
    /// ([`Sampler::choose`]).
    pub fn answer(
        &mut self,
        vocab: &Vocab,
        prompt: &[u32],
        sampler: &mut Sampler,
        max_tokens: usize,
        control: &Control,
        sink: &dyn Sink,
    ) -> Result<Answer> {
        let began = Instant::now();
        self.check_room(prompt)?;
        let n_reused = self.keep_common(prompt);
        let mut writer = Writer::new(vocab, sampler.stops(), sink);
        sampler.begin(prompt);
        let mut reason = "stopped";
        let mut first = None;
        let (mut n_guessed, mut n_right) = (0, 0);
        if self.read_rest(prompt, control)? {
            let room = self.context() - self.read.len() + 1; // the last token is never read
            let max = if max_tokens == 0 {
                room
            } else {
                max_tokens.min(room)
            };
            first = Some(Instant::now());
            // tokens guessed behind the last one chosen, and how many of them were chosen too
            let (mut guessed, mut right): (Vec<u32>, usize) = (Vec::new(), 0);
            reason = loop {
                let n_vocab = self.reader.n_vocab();
                let logits = &self.logits[right * n_vocab..][..n_vocab];
                let choice = sampler.choose(logits)?;
                if vocab.eos.contains(&choice.token) {
                    break "eos";
                }
                if writer.put(choice.token, choice.logprob) || sampler.is_finished() {
                    break "stop";
                }
                if writer.tokens.len() >= max {
                    break "length";
                }
                if control.stop_requested() {
                    break "stopped";
                }
                if guessed.get(right) == Some(&choice.token) {
                    self.read.push(choice.token);
                    (right, n_right) = (right + 1, n_right + 1);
                    continue;
                }
                let left = max - writer.tokens.len();
                guessed = self.guess(choice.token, left - 1);
                right = 0;
                n_guessed += guessed.len();
                self.read_ahead(choice.token, &guessed)?;
            };
            self.reader.truncate(self.id, self.read.len());
        }
        writer.finish();
        let first = first.unwrap_or_else(Instant::now);
        let answer = Answer {
            reason,
            n_prompt: prompt.len(),
            n_reused,
            n_guessed,
            n_right,
            prefill_ms: (first - began).as_millis() as u64,
            decode_ms: first.elapsed().as_millis() as u64,
            text: writer.text,
            tokens: writer.tokens,
        };
        sink.emit(Event::Answered {
            reason: reason.into(),
            n_prompt: answer.n_prompt as u64,
            n_generated: answer.tokens.len() as u64,
            prefill_ms: answer.prefill_ms,
            decode_ms: answer.decode_ms,
        });
        Ok(answer)
    }

    fn check_room(&self, prompt: &[u32]) -> Result<()> {
        let (n, context) = (prompt.len(), self.context());
        if n > context {
            return Err(Error::Usage {
                what: format!("the prompt has {n} tokens, the context only {context}"),
                hint: "shorten it, or use a larger context if the model has one".into(),
            });
        }
        Ok(())
    }

    /// Forgets what differs from `prompt`, and its last token, whose logits are wanted.
    fn keep_common(&mut self, prompt: &[u32]) -> usize {
        let alike = self
            .read
            .iter()
            .zip(prompt)
            .take_while(|(a, b)| a == b)
            .count();
        let keep = alike.min(prompt.len().saturating_sub(1));
        self.reader.truncate(self.id, keep);
        self.read.truncate(keep);
        keep
    }

    /// Reads what is missing of `prompt`; false when a stop was asked for before the end.
    fn read_rest(&mut self, prompt: &[u32], control: &Control) -> Result<bool> {
        let from = self.read.len();
        for part in prompt[from..].chunks(READ) {
            if control.stop_requested() {
                return Ok(false);
            }
            self.read(part)?;
        }
        Ok(!control.stop_requested())
    }

    /// Up to `most` tokens that may come behind `token`.
    fn guess(&mut self, token: u32, most: usize) -> Vec<u32> {
        let room = self.context() - self.read.len() - 1;
        let n = self.n_ahead.min(most).min(room);
        if n == 0 {
            return Vec::new();
        }
        self.draft.follow(&self.read);
        self.draft.push(token);
        self.draft.propose(n)
    }

    /// Reads a token, and tokens guessed behind it, which are not of the text yet.
    fn read_ahead(&mut self, token: u32, guessed: &[u32]) -> Result<()> {
        self.reader.truncate(self.id, self.read.len());
        let tokens = [&[token], guessed].concat();
        let ask = Ask {
            text: self.id,
            tokens: &tokens,
            wants: Wants::All,
        };
        let logits = &mut self.logits;
        logits.clear();
        let mut hears = |_, _, heard: &mut [f32]| logits.extend_from_slice(heard);
        self.reader.read(&[ask], &mut hears)?;
        self.read.push(token);
        Ok(())
    }

    fn read(&mut self, tokens: &[u32]) -> Result<()> {
        let ask = Ask {
            text: self.id,
            tokens,
            wants: Wants::Last,
        };
        let logits = &mut self.logits;
        self.reader.read(&[ask], &mut |_, _, heard| {
            logits.clear();
            logits.extend_from_slice(heard);
        })?;
        self.read.extend_from_slice(tokens);
        Ok(())
    }
}

/// Collects the answer and tells of each piece.
struct Writer<'a> {
    vocab: &'a Vocab,
    sink: &'a dyn Sink,
    decoder: Decoder,
    stops: Stops,
    text: String,
    tokens: Vec<u32>,
    logprob: f32,
}

impl<'a> Writer<'a> {
    fn new(vocab: &'a Vocab, stops: Stops, sink: &'a dyn Sink) -> Self {
        Writer {
            vocab,
            sink,
            decoder: Decoder::default(),
            stops,
            text: String::new(),
            tokens: Vec::new(),
            logprob: 0.0,
        }
    }

    /// Adds a token; true when a stop text ends the answer.
    fn put(&mut self, token: u32, logprob: f32) -> bool {
        let text = self.decoder.push(self.vocab.bytes(token));
        let (text, stopped) = self.stops.push(&text);
        self.tokens.push(token);
        self.logprob = logprob;
        self.tell(text, token);
        if stopped {
            self.decoder.finish(); // the beginning of a character behind the answer
        }
        stopped
    }

    /// Tells of what was held back, bytes that never became a character among it, under the last
    /// token's name.
    fn finish(&mut self) {
        let (mut text, stopped) = self.stops.push(&self.decoder.finish());
        if !stopped {
            text.push_str(&self.stops.finish());
        }
        if let (false, Some(token)) = (text.is_empty(), self.tokens.last().copied()) {
            self.tell(text, token);
        }
    }

    fn tell(&mut self, text: String, token: u32) {
        self.text.push_str(&text);
        self.sink.emit(Event::Piece {
            text,
            token,
            logprob: self.logprob,
        });
    }
}
