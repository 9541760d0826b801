//! What was said so far, and what it cost.

use std::collections::VecDeque;

use crate::event::Event;
use crate::tui::widgets::plain;

/// Most bytes of transcript kept on the screen; the oldest messages go first.
const MAX_BYTES: usize = 4 << 20;

/// What the screen knows of the model beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatInfo {
    /// Its name.
    pub model: String,
    /// Tokens its context holds; 0: unknown.
    pub context: u64,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    You,
    Model,
    Note,
    Warning,
}

/// One message; its text is harmless already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) who: Who,
    pub(super) text: String,
}

/// The conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub(super) info: ChatInfo,
    pub(super) messages: VecDeque<Message>,
    /// An answer is awaited or on its way.
    pub(super) busy: bool,
    /// Pieces of the answer on its way.
    pub(super) n_pieces: u64,
    /// When its first piece came.
    first_ms: Option<u64>,
    /// Time since the screen was opened, told from outside.
    now_ms: u64,
    /// Tokens of the context used after the last answer.
    used: u64,
    /// Tokens per second of the last answer.
    speed: Option<f64>,
}

impl State {
    /// An empty conversation with a model.
    pub fn new(info: ChatInfo) -> Self {
        let info = ChatInfo {
            model: plain(&info.model).replace('\n', " "),
            ..info
        };
        State {
            info,
            ..State::default()
        }
    }

    /// Takes note of what happened.
    pub fn update(&mut self, event: &Event) {
        match event {
            Event::Piece { text, .. } if self.busy => {
                self.n_pieces += 1;
                self.first_ms.get_or_insert(self.now_ms);
                if let Some(answer) = self.messages.back_mut().filter(|m| m.who == Who::Model) {
                    answer.text.push_str(&plain(text));
                    self.forget_oldest();
                } else {
                    self.push(Who::Model, text);
                }
            }
            Event::Answered {
                reason,
                n_prompt,
                n_generated,
                decode_ms,
                ..
            } => {
                self.busy = false;
                self.used = n_prompt.saturating_add(*n_generated);
                self.speed = per_second(*n_generated, *decode_ms);
                match reason.as_str() {
                    "eos" => {}
                    "length" => self.push(Who::Note, "the answer reached the largest length"),
                    other => self.push(Who::Note, other),
                }
            }
            Event::Note { warning, text } => {
                self.push(if *warning { Who::Warning } else { Who::Note }, text);
            }
            Event::Ended { .. } => self.busy = false,
            _ => {}
        }
    }

    /// Takes note of the time.
    pub(super) fn at(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// An answer is awaited from now on.
    pub(super) fn await_answer(&mut self) {
        self.busy = true;
        self.n_pieces = 0;
        self.first_ms = None;
    }

    /// Adds a message, made harmless.
    pub(super) fn push(&mut self, who: Who, text: &str) {
        self.messages.push_back(Message {
            who,
            text: plain(text),
        });
        self.forget_oldest();
    }

    /// Takes back everything after the last message of the reader; false if there is none.
    pub(super) fn take_back_answer(&mut self) -> bool {
        match self.messages.iter().rposition(|m| m.who == Who::You) {
            Some(at) => {
                self.messages.truncate(at + 1);
                true
            }
            None => false,
        }
    }

    /// Forgets the conversation.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.used = 0;
    }

    /// Share of the context that is used, where its size is known.
    pub(super) fn context_share(&self) -> Option<f64> {
        let running = if self.busy { self.n_pieces } else { 0 };
        let used = self.used.saturating_add(running) as f64;
        (self.info.context > 0).then(|| used / self.info.context as f64)
    }

    /// Tokens per second: of the answer on its way, else of the last one.
    pub(super) fn tokens_per_s(&self) -> Option<f64> {
        match (self.busy, self.first_ms) {
            (true, Some(first)) => per_second(self.n_pieces, self.now_ms.saturating_sub(first)),
            (true, None) => None,
            (false, _) => self.speed,
        }
    }

    fn forget_oldest(&mut self) {
        let mut total: usize = self
            .messages
            .iter()
            .map(|m| m.text.len() + size_of::<Message>())
            .sum();
        while total > MAX_BYTES && self.messages.len() > 1 {
            let gone = self.messages.pop_front();
            total -= gone.map_or(0, |m| m.text.len() + size_of::<Message>());
        }
    }
}

/// Rate of `n` tokens whose first and last are `ms` apart.
fn per_second(n: u64, ms: u64) -> Option<f64> {
    (n > 1 && ms > 0).then(|| (n - 1) as f64 * 1000.0 / ms as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Event {
        Event::Piece {
            text: text.into(),
            token: 1,
            logprob: -1.0,
        }
    }

    fn answered(reason: &str) -> Event {
        let (prefill_ms, decode_ms) = (10, 1000);
        Event::Answered {
            reason: reason.into(),
            n_prompt: 20,
            n_generated: 11,
            prefill_ms,
            decode_ms,
        }
    }

    #[test]
    fn pieces_become_one_harmless_answer() {
        let mut state = State::new(ChatInfo {
            model: "m".into(),
            context: 100,
        });
        state.push(Who::You, "hi");
        state.await_answer();
        state.at(1000);
        for text in ["Al", "", "le\x1b", "[2J"] {
            state.update(&piece(text));
        }
        state.at(2000);
        assert_eq!(state.tokens_per_s(), Some(3.0));
        state.update(&answered("stopped"));
        let said: Vec<&str> = state.messages.iter().map(|m| m.text.as_str()).collect();
        assert_eq!(said, ["hi", "Alle␛[2J", "stopped"]);
        assert_eq!(state.tokens_per_s(), Some(10.0));
        assert_eq!(state.context_share(), Some(0.31));
        state.update(&piece("late"));
        assert_eq!(state.messages.len(), 3, "nobody asked");
    }

    #[test]
    fn the_transcript_is_bounded() {
        let mut state = State::default();
        for _ in 0..100 {
            state.push(Who::Note, &"x".repeat(100_000));
        }
        let total: usize = state.messages.iter().map(|m| m.text.len()).sum();
        assert!(total <= MAX_BYTES && total > MAX_BYTES / 2);
    }
}
