//! Answers as OpenAI's API says them: whole, or in chunks.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::request::Endpoint;
use crate::engine::generate::Answer;
use crate::vocab::Vocab;

/// What is told for a probability that is no number, as OpenAI's API does.
const UNLIKELY: f64 = -9999.0;

/// A token of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Text that can be shown now; may be empty while a character is incomplete.
    pub(super) text: String,
    /// The token where log-probabilities are wanted; none for text that was held back and belongs
    /// to tokens told before.
    pub(super) token: Option<Token>,
}

/// How likely a token was.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) id: u32,
    pub(super) logprob: f32,
    /// The likeliest tokens in its place.
    pub(super) top: Vec<(u32, f32)>,
}

/// What the model says to one who asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Piece(Piece),
    End(Answer),
    Failed(Refusal),
}

/// How the answers to one request are put.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) endpoint: Endpoint,
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) model: Arc<str>,
    /// Log-probabilities are wanted, with so many of the likeliest.
    pub(super) n_top: Option<usize>,
    /// A last chunk tells the sums of tokens.
    pub(super) include_usage: bool,
    /// Answers to each prompt.
    pub(super) n: usize,
}

/// One answer as far as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    text: String,
    /// Characters of the text.
    length: usize,
    /// Pieces that are tokens, each with the characters before it.
    pieces: Vec<(Piece, usize)>,
    end: Option<Answer>,
}

impl Choice {
    /// Takes what was said; tokens by themselves too where `keeps` says that they are asked for
    /// later.
    pub(super) fn take(&mut self, piece: Piece, keeps: bool) {
        let offset = self.length;
        self.length += piece.text.chars().count();
        self.text.push_str(&piece.text);
        if keeps && piece.token.is_some() {
            self.pieces.push((piece, offset));
        }
    }

    /// Ends the answer.
    pub(super) fn end(&mut self, answer: Answer) {
        self.end = Some(answer);
    }

    pub(super) fn is_ended(&self) -> bool {
        self.end.is_some()
    }
}

impl Shape {
    /// All answers in one object.
    pub(super) fn whole(&self, choices: &[Choice], vocab: &Vocab) -> Value {
        let object = match self.endpoint {
            Endpoint::Chat => "chat.completion",
            Endpoint::Completions => "text_completion",
        };
        let said = choices.iter().enumerate().map(|(index, choice)| {
            let logprobs = self.logprobs(&choice.pieces, vocab);
            let reason = choice.end.as_ref().map(reason);
            match self.endpoint {
                Endpoint::Chat => json!({
                    "index": index,
                    "message": {"role": "assistant", "content": choice.text, "refusal": null},
                    "logprobs": logprobs,
                    "finish_reason": reason,
                }),
                Endpoint::Completions => json!({
                    "index": index,
                    "text": choice.text,
                    "logprobs": logprobs,
                    "finish_reason": reason,
                }),
            }
        });
        let said: Vec<Value> = said.collect();
        let mut whole = self.frame(object, Value::Array(said));
        let ends: Vec<Option<&Answer>> = choices.iter().map(|c| c.end.as_ref()).collect();
        whole["usage"] = self.usage(&ends);
        whole["timings"] = timings(ends.iter().copied().flatten());
        whole
    }

    /// The chunk that opens answer `index` of a conversation; the other endpoint has none.
    pub(super) fn opening(&self, index: usize) -> Option<Value> {
        let is_chat = self.endpoint == Endpoint::Chat;
        let delta = json!({"role": "assistant", "content": ""});
        is_chat.then(|| self.chunk(index, delta, "", Value::Null, Value::Null))
    }

    /// The chunk of a piece behind `offset` characters; none where it has nothing to tell.
    pub(super) fn piece(
        &self,
        index: usize,
        piece: &Piece,
        offset: usize,
        vocab: &Vocab,
    ) -> Option<Value> {
        let tells = self.n_top.is_some() && piece.token.is_some();
        if piece.text.is_empty() && !tells {
            return None;
        }
        let logprobs = match tells {
            true => self.logprobs(&[(piece.clone(), offset)], vocab),
            false => Value::Null,
        };
        let delta = json!({"content": piece.text});
        Some(self.chunk(index, delta, &piece.text, logprobs, Value::Null))
    }

    /// The chunk that ends answer `index`.
    pub(super) fn ending(&self, index: usize, answer: &Answer) -> Value {
        let end = reason(answer).into();
        let mut chunk = self.chunk(index, json!({}), "", Value::Null, end);
        chunk["timings"] = timings(std::iter::once(answer));
        chunk
    }

    /// The chunk of sums behind all answers, where it was asked for.
    pub(super) fn sums(&self, ends: &[Option<&Answer>]) -> Option<Value> {
        self.include_usage.then(|| {
            let mut chunk = self.frame(self.chunk_object(), json!([]));
            chunk["usage"] = self.usage(ends);
            chunk
        })
    }

    fn chunk_object(&self) -> &'static str {
        match self.endpoint {
            Endpoint::Chat => "chat.completion.chunk",
            Endpoint::Completions => "text_completion",
        }
    }

    fn chunk(&self, index: usize, delta: Value, text: &str, logprobs: Value, end: Value) -> Value {
        let choice = match self.endpoint {
            Endpoint::Chat => json!({
                "index": index, "delta": delta, "logprobs": logprobs, "finish_reason": end,
            }),
            Endpoint::Completions => json!({
                "index": index, "text": text, "logprobs": logprobs, "finish_reason": end,
            }),
        };
        let mut chunk = self.frame(self.chunk_object(), json!([choice]));
        if self.include_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }

    fn frame(&self, object: &str, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": &*self.model,
            "choices": choices,
        })
    }

    /// Sums of tokens; a prompt that has several answers counts once.
    fn usage(&self, ends: &[Option<&Answer>]) -> Value {
        let firsts = || ends.iter().step_by(self.n.max(1)).flatten();
        let n_prompt: usize = firsts().map(|end| end.n_prompt).sum();
        let n_reused: usize = firsts().map(|end| end.n_reused).sum();
        let n_written: usize = ends.iter().flatten().map(|end| end.tokens.len()).sum();
        json!({
            "prompt_tokens": n_prompt,
            "completion_tokens": n_written,
            "total_tokens": n_prompt + n_written,
            "prompt_tokens_details": {"cached_tokens": n_reused},
        })
    }

    /// Log-probabilities of tokens, each with the number of characters before it.
    fn logprobs(&self, pieces: &[(Piece, usize)], vocab: &Vocab) -> Value {
        let Some(n_top) = self.n_top else {
            return Value::Null;
        };
        let tokens = pieces.iter().filter_map(|(piece, offset)| {
            let Token { id, logprob, top } = piece.token.as_ref()?;
            Some((*id, *logprob, &top[..top.len().min(n_top)], *offset))
        });
        if self.endpoint == Endpoint::Chat {
            let row = |token: u32, logprob: f32| {
                json!({
                    "token": text(vocab, token),
                    "logprob": number(logprob),
                    "bytes": vocab.bytes(token),
                })
            };
            let content = tokens.map(|(token, logprob, top, _)| {
                let top = top.iter().map(|(token, logprob)| row(*token, *logprob));
                let top: Vec<Value> = top.collect();
                let mut told = row(token, logprob);
                told["top_logprobs"] = top.into();
                told
            });
            let content: Vec<Value> = content.collect();
            return json!({"content": content, "refusal": null});
        }
        let (mut names, mut logprobs, mut tops, mut offsets) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (token, logprob, top, offset) in tokens {
            names.push(Value::from(name(vocab, token)));
            logprobs.push(Value::from(number(logprob)));
            offsets.push(Value::from(offset));
            let top = top
                .iter()
                .map(|(token, logprob)| (name(vocab, *token), number(*logprob).into()));
            tops.push(Value::Object(top.collect::<Map<_, _>>()));
        }
        json!({
            "tokens": names,
            "token_logprobs": logprobs,
            "top_logprobs": if n_top == 0 { Value::Null } else { tops.into() },
            "text_offset": offsets,
        })
    }
}

fn number(logprob: f32) -> f64 {
    match logprob.is_finite() {
        true => f64::from(logprob),
        false => UNLIKELY,
    }
}

/// A token as text: its bytes, or the name of a special one.
fn text(vocab: &Vocab, token: u32) -> String {
    match vocab.bytes(token) {
        [] => vocab.spelling(token).unwrap_or_default(),
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A token as a key: different tokens have different ones, parts of characters too.
fn name(vocab: &Vocab, token: u32) -> String {
    let bytes = vocab.bytes(token);
    match std::str::from_utf8(bytes) {
        Ok(_) => text(vocab, token),
        Err(_) => {
            let hex = bytes.iter().map(|b| format!("\\x{b:02x}"));
            format!("bytes:{}", hex.collect::<String>())
        }
    }
}

fn reason(answer: &Answer) -> &'static str {
    match answer.reason {
        "eos" | "stop" => "stop",
        _ => "length",
    }
}

/// How long it took, under the names that llama.cpp's server tells it by: answers that were
/// written side by side took as long as the slowest.
fn timings<'a>(answers: impl Iterator<Item = &'a Answer> + Clone) -> Value {
    let per_second = |n: usize, ms: u64| 1000.0 * n as f64 / ms.max(1) as f64;
    let most = |ms: fn(&Answer) -> u64| answers.clone().map(ms).max().unwrap_or(0);
    let sum = |n: fn(&Answer) -> usize| answers.clone().map(n).sum::<usize>();
    let (prompt_ms, predicted_ms) = (most(|a| a.prefill_ms), most(|a| a.decode_ms));
    let prompt_n = sum(|a| a.n_prompt.saturating_sub(a.n_reused));
    let predicted_n = sum(|a| a.tokens.len());
    json!({
        "cache_n": sum(|a| a.n_reused),
        "prompt_n": prompt_n,
        "prompt_ms": prompt_ms,
        "prompt_per_second": per_second(prompt_n, prompt_ms),
        "predicted_n": predicted_n,
        "predicted_ms": predicted_ms,
        "predicted_per_second": per_second(predicted_n, predicted_ms),
    })
}

#[cfg(test)]
pub(super) mod tests;
