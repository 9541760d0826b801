//! Answers piece by piece: server-sent events, as they come from the model.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::Value;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, Sleep, sleep};

use super::refusal::Refusal;
use super::reply::{Said, Shape};
use crate::engine::generate::Answer;
use crate::engine::load::Speaker;
use crate::vocab::Vocab;

/// After so long without a word a comment is sent, so that nobody between takes the connection
/// for dead while a long prompt is read.
const BEAT: Duration = Duration::from_secs(15);
/// Most pieces that go out together.
const TOGETHER: usize = 64;

/// One event.
fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// What the model says to a request as events; the answers of a request come mixed.
pub(super) struct Chunks {
    shape: Shape,
    /// Characters of each answer so far.
    lengths: Vec<usize>,
    ends: Vec<Option<Answer>>,
    is_over: bool,
}

impl Chunks {
    pub(super) fn new(shape: Shape, n_choices: usize) -> Self {
        Chunks {
            shape,
            lengths: vec![0; n_choices],
            ends: vec![None; n_choices],
            is_over: false,
        }
    }

    /// The events before the first word.
    fn open(&self) -> String {
        let openings = (0..self.ends.len()).filter_map(|index| self.shape.opening(index));
        openings.map(|chunk| event(&chunk)).collect()
    }

    /// The events of what was said as answer `index`.
    fn take(&mut self, index: usize, said: Said, vocab: &Vocab) -> String {
        match said {
            Said::Piece(piece) => {
                let Some(length) = self.lengths.get_mut(index) else {
                    return String::new();
                };
                let chunk = self.shape.piece(index, &piece, *length, vocab);
                *length += piece.text.chars().count();
                chunk.map_or(String::new(), |chunk| event(&chunk))
            }
            Said::End(answer) => {
                let mut events = event(&self.shape.ending(index, &answer));
                if let Some(end) = self.ends.get_mut(index) {
                    *end = Some(answer);
                }
                if self.ends.iter().all(Option::is_some) {
                    let ends: Vec<Option<&Answer>> = self.ends.iter().map(Option::as_ref).collect();
                    events.extend(self.shape.sums(&ends).iter().map(event));
                    events.push_str("data: [DONE]\n\n");
                    self.is_over = true;
                }
                events
            }
            Said::Failed(refusal) => self.fail(&refusal),
        }
    }

    /// The event of an answer that is not ended as it should.
    fn fail(&mut self, refusal: &Refusal) -> String {
        self.is_over = true;
        event(&refusal.body())
    }
}

/// The events of a request as the body of a response.
pub(super) struct Events {
    chunks: Chunks,
    speaker: Arc<Speaker>,
    told: Receiver<(usize, Said)>,
    /// Events before the first word, until they are sent.
    opening: String,
    beat: Pin<Box<Sleep>>,
}

impl Events {
    /// What comes from `told`; the model is told that nobody listens when this is dropped.
    pub(super) fn new(
        chunks: Chunks,
        speaker: Arc<Speaker>,
        told: Receiver<(usize, Said)>,
    ) -> Self {
        Events {
            speaker,
            opening: chunks.open(),
            chunks,
            told,
            beat: Box::pin(sleep(BEAT)),
        }
    }

    /// The next bytes; none at the end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut out = std::mem::take(&mut self.opening);
        for _ in 0..TOGETHER {
            if self.chunks.is_over {
                break;
            }
            match self.told.poll_recv(cx) {
                Poll::Ready(Some((index, said))) => {
                    out += &self.chunks.take(index, said, &self.speaker.vocab);
                }
                Poll::Ready(None) => {
                    // Whoever answers let go of it: the reader was too slow.
                    let refusal =
                        Refusal::failed("the answer was given up: it was read too slowly");
                    out += &self.chunks.fail(&refusal.code("slow_reader"));
                }
                Poll::Pending => break,
            }
        }
        if out.is_empty() && self.chunks.is_over {
            return Poll::Ready(None);
        }
        if out.is_empty() {
            if self.beat.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            out.push_str(": still at work\n\n");
        }
        self.beat.as_mut().reset(Instant::now() + BEAT);
        Poll::Ready(Some(out.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::Piece;
    use super::super::reply::tests::{answer, shape, vocab};
    use super::super::request::Endpoint;
    use super::*;

    fn word(text: &str) -> Said {
        Said::Piece(Piece {
            text: text.into(),
            token: None,
        })
    }

    /// The object of each event of a text.
    fn objects(events: &str) -> Vec<Value> {
        let texts = events.split_terminator("\n\n");
        let data = texts.map(|text| text.strip_prefix("data: ").expect(text));
        let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
        data.map(value).collect()
    }

    #[test]
    fn several_answers_end_once_behind_the_last() {
        let mut told = shape(Endpoint::Chat, None);
        told.include_usage = true;
        let mut chunks = Chunks::new(told, 2);
        let vocab = vocab();
        let roles = objects(&chunks.open());
        assert_eq!(roles.len(), 2);
        assert_eq!(roles[1]["choices"][0]["index"], 1);
        // A line feed within a text must not end the event.
        let said = chunks.take(1, word("a\n\nb"), &vocab);
        assert_eq!(
            objects(&said)[0]["choices"][0]["delta"]["content"],
            "a\n\nb"
        );
        let first = objects(&chunks.take(1, Said::End(answer(3, "eos")), &vocab));
        assert_eq!(first.len(), 1);
        assert!(!chunks.is_over);
        let last = objects(&chunks.take(0, Said::End(answer(2, "length")), &vocab));
        assert_eq!(last[0]["choices"][0]["finish_reason"], "length");
        assert_eq!(last[1]["usage"]["completion_tokens"], 5);
        assert_eq!(last[2], "[DONE]");
        assert!(chunks.is_over);
    }

    #[test]
    fn an_answer_that_fails_ends_with_its_error_and_is_not_called_done() {
        let mut chunks = Chunks::new(shape(Endpoint::Completions, None), 1);
        assert_eq!(chunks.open(), "");
        let said = chunks.take(0, Said::Failed(Refusal::closing()), &vocab());
        assert_eq!(objects(&said)[0]["error"]["code"], "shutting_down");
        assert!(chunks.is_over && !said.contains("[DONE]"));
    }
}
