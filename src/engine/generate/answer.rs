//! A prompt to an answer, piece by piece.

use std::time::Instant;

use super::draft::Draft;
use super::sampler::Sampler;
use super::writer::{Piece, Writer};
use crate::engine::infer::{Ask, Decoder as Reader, Rows, TextId, Wants, Weights};
use crate::engine::ops::Executor;
use crate::engine::{Error, Result};
use crate::event::{Control, Event, Sink};
use crate::vocab::Vocab;

/// Tokens of a prompt read between two looks at [`Control`].
pub(super) const READ: usize = 256;

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

/// The tokens that stay of a text for a context that shifts: the first `keep`, half a context of
/// them at most, and of the others the latest half, or half of that, until they fit.
pub(super) fn shifted(tokens: &[u32], keep: usize, context: usize) -> Vec<u32> {
    let keep = keep.min(context / 2).min(tokens.len());
    let (first, mut rest) = tokens.split_at(keep);
    while keep + rest.len() > context {
        rest = &rest[rest.len().div_ceil(2)..];
    }
    [first, rest].concat()
}

/// Most tokens of an answer to a prompt of so many, where `asked` were asked for (0: as many as
/// there is room for).
pub(super) fn most_tokens(asked: usize, n_prompt: usize, context: usize, shifts: bool) -> usize {
    let room = match shifts {
        true => usize::MAX,
        false => context - n_prompt + 1, // the last token is never read
    };
    match asked {
        0 => room,
        n => n.min(room),
    }
}

/// Refuses a prompt that is empty, or longer than the context.
pub(super) fn check_room(prompt: &[u32], context: usize) -> Result<()> {
    let n = prompt.len();
    if n == 0 {
        return Err(Error::Usage {
            what: "there is no text to continue".into(),
            hint: "begin with a token, such as the one that ends a text".into(),
        });
    }
    if n > context {
        return Err(Error::Usage {
            what: format!("the prompt has {n} tokens, the context only {context}"),
            hint: "shorten it, or use a larger context if the model has one".into(),
        });
    }
    Ok(())
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
    /// First tokens that stay when a full context loses its oldest half; none: it ends there.
    shift: Option<usize>,
    draft: Draft,
}

impl<'m> Text<'m> {
    /// An empty text of at most `context` tokens; 0: as many as the model was made for.
    ///
    /// # Errors
    /// When the model was made for fewer.
    pub fn new(weights: &'m Weights, executor: &Executor, context: usize) -> Result<Self> {
        Reader::new(weights, executor, context).map(Self::of)
    }

    /// An empty text of a reader.
    pub fn of(mut reader: Reader<'m>) -> Self {
        Text {
            id: reader.begin(),
            reader,
            read: Vec::new(),
            logits: Vec::new(),
            n_ahead: 0,
            shift: None,
            draft: Draft::default(),
        }
    }

    /// Guesses up to `n` tokens ahead from what was read, to have them checked together.
    pub fn guess_ahead(&mut self, n: usize) {
        self.n_ahead = n;
    }

    /// Forgets the oldest half of a full context behind its first `keep` tokens and goes on, in
    /// place of ending there; none: it ends. What is left is read again, as if it had been the
    /// prompt: keys and values know what stood before them, so those that are there would still
    /// tell of what was forgotten, and they would have to be turned and rounded once more. It takes
    /// as long as reading half a context, once for each half context that is written.
    pub fn shift_behind(&mut self, keep: Option<usize>) {
        self.shift = keep;
    }

    /// Most tokens the text can have.
    pub fn context(&self) -> usize {
        self.reader.context()
    }

    /// Reads `prompt` and answers it with at most `max_tokens` tokens (0: until the context is
    /// full, and where it shifts until the answer ends by itself). Pieces and the end go to `sink`
    /// as they come. A prompt that is longer than a context that shifts loses its oldest part.
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
        let context = self.context();
        let fitting = self.shift.map(|keep| shifted(prompt, keep, context));
        let prompt = fitting.as_deref().unwrap_or(prompt);
        let mut n_forgotten = 0;
        check_room(prompt, context)?;
        let n_reused = self.keep_common(prompt);
        let max = most_tokens(max_tokens, prompt.len(), context, self.shift.is_some());
        let mut writer = Writer::new(sampler.stops(), max);
        let tell = &mut |piece: Piece| sink.emit(piece.event(vocab));
        sampler.begin(prompt);
        let mut reason = "stopped";
        let mut first = None;
        let (mut n_guessed, mut n_right) = (0, 0);
        if self.read_rest(prompt, control)? {
            first = Some(Instant::now());
            // tokens guessed behind the last one chosen, and how many of them were chosen too
            let (mut guessed, mut right): (Vec<u32>, usize) = (Vec::new(), 0);
            reason = loop {
                let n_vocab = self.reader.n_vocab();
                let logits = &self.logits[right * n_vocab..][..n_vocab];
                let choice = sampler.choose(logits)?;
                let token = match writer.take(vocab, sampler, choice, tell) {
                    Ok(token) => token,
                    Err(reason) => break reason,
                };
                if control.stop_requested() {
                    break "stopped";
                }
                if guessed.get(right) == Some(&token) {
                    self.read.push(token);
                    (right, n_right) = (right + 1, n_right + 1);
                    continue;
                }
                if let (Some(keep), true) = (self.shift, self.read.len() == context) {
                    let mut text = std::mem::take(&mut self.read);
                    text.push(token);
                    let left = shifted(&text, keep, context);
                    n_forgotten += text.len() - left.len();
                    self.reader.truncate(self.id, 0);
                    (guessed, right) = (Vec::new(), 0);
                    match self.read_rest(&left, control)? {
                        true => continue,
                        false => break "stopped",
                    }
                }
                guessed = self.guess(token, writer.left() - 1);
                right = 0;
                n_guessed += guessed.len();
                self.read_ahead(token, &guessed)?;
            };
            self.reader.truncate(self.id, self.read.len());
        }
        writer.finish(tell);
        if n_forgotten > 0 {
            sink.emit(Event::Note {
                warning: true,
                text: format!("the context was full: {n_forgotten} old tokens were forgotten"),
            });
        }
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
        let mut hears = |_: &mut _, _: &[_], heard: &mut [f32]| logits.extend_from_slice(heard);
        // few, as each alone would be, so that guesses change nothing of the answer
        self.reader.read_as(Rows::Few, &[ask], &mut hears)?;
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

#[cfg(test)]
mod tests {
    use super::super::tests::{loaded, plan};
    use super::super::{Plan, Sampler};
    use super::*;
    use crate::event::Silent;

    #[test]
    fn a_context_that_shifts_keeps_what_it_is_told_and_the_latest_half() {
        let text: Vec<u32> = (0..11).collect();
        assert_eq!(shifted(&text, 2, 11), text);
        assert_eq!(shifted(&text, 2, 10), [0, 1, 7, 8, 9, 10]);
        assert_eq!(shifted(&text, 0, 10), [6, 7, 8, 9, 10]);
        assert_eq!(shifted(&text, 2, 4), [0, 1, 9, 10]);
        assert_eq!(
            shifted(&text, 99, 4),
            [0, 1, 9, 10],
            "half a context at most"
        );
        assert_eq!(shifted(&text, 1, 1), [10]);
        assert_eq!(shifted(&text[..1], 4, 9), [0]);
        let long: Vec<u32> = (0..1_000_000).collect();
        let left = shifted(&long, 3, 100);
        assert!((50..=100).contains(&left.len()) && left.ends_with(&long[999_960..]));
    }

    #[test]
    fn an_answer_goes_on_when_the_context_is_full_as_a_fresh_text_would() {
        let loaded = loaded();
        let executor = Executor::reference();
        let greedy = Plan {
            temperature: 0.0,
            ..plan(1, 0)
        };
        let said = |prompt: &[u32], n: usize, shift: Option<usize>, ahead: usize| {
            let mut text = Text::new(&loaded.weights, &executor, 0).unwrap();
            text.shift_behind(shift);
            text.guess_ahead(ahead);
            let mut sampler = Sampler::new(&greedy, &loaded.vocab, 1).unwrap();
            let control = Control::default();
            text.answer(&loaded.vocab, prompt, &mut sampler, n, &control, &Silent)
                .unwrap()
        };
        let prompt = prompt_ids(&loaded.vocab, "abcdef").unwrap();
        // The prompt and all but the last token of the answer fill 96 positions.
        let mut all = prompt.clone();
        let mut expected = said(&prompt, 0, None, 0).tokens;
        assert_eq!(expected.len(), 96 - prompt.len() + 1);
        all.extend(&expected);
        for _ in 0..3 {
            all = shifted(&all, 4, 96);
            let more = said(&all, 0, None, 0).tokens;
            expected.extend(&more);
            all.extend(&more);
        }
        let n = expected.len();
        for ahead in [0, 3] {
            let whole = said(&prompt, n, Some(4), ahead);
            assert_eq!((whole.reason, whole.n_prompt), ("length", prompt.len()));
            assert_eq!(whole.tokens, expected, "{ahead} guessed ahead");
        }
        // A prompt that is too long loses its oldest part in the same way.
        let long: Vec<u32> = prompt.iter().cycle().take(500).copied().collect();
        let cut = said(&long, 5, Some(4), 0);
        assert_eq!(cut.tokens, said(&shifted(&long, 4, 96), 5, None, 0).tokens);
        assert!(cut.n_prompt <= 96);
    }
}
