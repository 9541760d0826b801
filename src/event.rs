//! The only words the rooms exchange: what happened ([`Event`]), what is asked ([`Control`],
//! [`Ask`]) and where news goes ([`Sink`]).
//!
//! The engine and the data room speak and never print; a full-screen view, plain lines and
//! NDJSON are three listeners of the same events. One line of `events.ndjson` is one event; JSON
//! has no word for a number that is none, so NaN and the infinities are written as null and read
//! back as NaN.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use serde::{Deserialize, Deserializer, Serialize};

use crate::talk::{Node, Tree, Turn};

/// The score of one language: the row every table of results is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LangScore {
    /// Code of the language, as in [`crate::lang`].
    pub lang: String,
    /// Bits needed per byte of UTF-8 text; lower is better.
    #[serde(deserialize_with = "number")]
    pub bits_per_byte: f64,
    /// Bytes of text the score was taken on.
    pub n_bytes: u64,
    /// Tokens scored.
    pub n_tokens: u64,
}

/// Reads a number, and NaN where one was written that is none.
pub(crate) fn number<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + From<f32>,
{
    Ok(Option::deserialize(from)?.unwrap_or_else(|| f32::NAN.into()))
}

/// A token that could have come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likely {
    /// Its id.
    pub token: u32,
    /// Its text; bytes that are no whole character are `\u{fffd}`, and special tokens are spelt.
    pub text: String,
    /// Natural logarithm of its probability before sampling filters.
    #[serde(deserialize_with = "number")]
    pub logprob: f32,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A stage of a pipeline began; `total` is in `unit`s where it is known beforehand.
    StageStarted {
        /// Name of the stage: `read`, `identify`, `filter`, `dedup`, …
        stage: String,
        /// How much there is to do.
        total: Option<u64>,
        /// What is counted: `records`, `bytes`, `tokens`, …
        unit: String,
    },
    /// A stage went on; `done` counts from the start of the stage.
    StageProgress {
        /// Name of the stage.
        stage: String,
        /// How much is done.
        done: u64,
    },
    /// A stage ended; what came in either went on or was dropped for a counted reason.
    StageDone {
        /// Name of the stage.
        stage: String,
        /// Records (or other units) that entered.
        n_in: u64,
        /// Records that went on.
        n_out: u64,
        /// Records that did not, by reason.
        dropped: std::collections::BTreeMap<String, u64>,
        /// Milliseconds the stage took.
        elapsed_ms: u64,
    },
    /// Training is about to begin.
    TrainStarted {
        /// Run directory.
        run: PathBuf,
        /// Trained parameters.
        n_params: u64,
        /// Steps of the whole run.
        n_steps: u64,
        /// First step of this process: above 0 after a resume.
        first_step: u64,
        /// Tokens of one optimiser step.
        tokens_per_step: u64,
        /// Name of the executor: `reference`, `cpu`, …
        executor: String,
        /// Threads it uses.
        n_threads: usize,
        /// Languages of the mix with their share, largest first.
        mix: Vec<(String, f64)>,
    },
    /// One optimiser step was made.
    Step {
        /// Steps made so far, this one included.
        step: u64,
        /// Mean loss of its tokens, in nats.
        #[serde(deserialize_with = "number")]
        loss: f64,
        /// Learning rate it used.
        #[serde(deserialize_with = "number")]
        lr: f64,
        /// Norm of the gradient before clipping.
        #[serde(deserialize_with = "number")]
        grad_norm: f64,
        /// Tokens seen so far, this step included.
        n_tokens: u64,
        /// Tokens per second of this step.
        #[serde(deserialize_with = "number")]
        tokens_per_s: f64,
        /// Milliseconds since training began in this process.
        elapsed_ms: u64,
    },
    /// The model was scored on held-out text, worst language first.
    HeldOut {
        /// Steps made so far.
        step: u64,
        /// Macro mean of bits per byte over languages.
        #[serde(deserialize_with = "number")]
        mean_bits_per_byte: f64,
        /// One score a language, worst first.
        scores: Vec<LangScore>,
    },
    /// The model continued a prompt during training.
    Sample {
        /// Steps made so far.
        step: u64,
        /// Language of the prompt.
        lang: String,
        /// The prompt.
        prompt: String,
        /// What the model made of it.
        text: String,
    },
    /// An artefact is on disk, whole.
    Saved {
        /// Where it is.
        path: PathBuf,
        /// What it is: `checkpoint`, `model`, `tokenizer`, `gguf`, …
        what: String,
    },
    /// One piece of generated text.
    Piece {
        /// Text of the piece; may be empty while a multi-byte character is incomplete.
        text: String,
        /// Id of the token.
        token: u32,
        /// Natural logarithm of its probability before sampling filters.
        #[serde(deserialize_with = "number")]
        logprob: f32,
        /// The likeliest tokens in its place, likeliest first, where they were asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        top: Vec<Likely>,
    },
    /// Generation of one answer ended.
    Answered {
        /// Why: `eos`, `stop`, `length`, `stopped`.
        reason: String,
        /// Tokens of the prompt that were fed.
        n_prompt: u64,
        /// Tokens generated.
        n_generated: u64,
        /// Milliseconds until the first token.
        prefill_ms: u64,
        /// Milliseconds from the first token to the last.
        decode_ms: u64,
    },
    /// A setting of a conversation has this value now.
    Setting {
        /// Its name.
        name: String,
        /// Its value as it would be typed; empty: none.
        value: String,
    },
    /// The conversation on the screen is kept under this name from now on; empty: not at all.
    Session {
        /// Its name.
        name: String,
    },
    /// A kept conversation was opened.
    Loaded {
        /// Its name.
        name: String,
        /// Its messages, oldest first.
        nodes: Vec<Node>,
        /// Where it was left.
        head: Option<u64>,
    },
    /// Something the reader should know.
    Note {
        /// True for a warning.
        warning: bool,
        /// One line, lower case, no full stop.
        text: String,
    },
    /// The work ended: `done`, `interrupted` or `failed`.
    Ended {
        /// How it ended.
        outcome: String,
        /// Milliseconds it took.
        elapsed_ms: u64,
    },
}

/// Where news goes. Called from worker threads; must not block for long.
pub trait Sink: Send + Sync {
    /// Takes note of `event`.
    fn emit(&self, event: Event);
}

impl<F: Fn(Event) + Send + Sync> Sink for F {
    fn emit(&self, event: Event) {
        self(event);
    }
}

/// Forgets everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Sink for Silent {
    fn emit(&self, _: Event) {}
}

/// Requests to a running piece of work, shared with signal handlers and key presses.
#[derive(Debug, Default)]
pub struct Control {
    stop: AtomicU8,
    checkpoint: AtomicBool,
}

impl Control {
    /// Asks to finish the step in hand, save, and end; asked twice: end now.
    pub fn request_stop(&self) {
        let _ = self
            .stop
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| {
                Some(n.saturating_add(1))
            });
    }

    /// Takes back every request to stop (a chat goes on after an answer was cut short).
    pub fn clear_stop(&self) {
        self.stop.store(0, Ordering::SeqCst);
    }

    /// True once a stop was asked for.
    pub fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::SeqCst) > 0
    }

    /// True once a stop was asked for twice.
    pub fn stop_now(&self) -> bool {
        self.stop.load(Ordering::SeqCst) > 1
    }

    /// Asks for a checkpoint at the end of the step in hand.
    pub fn request_checkpoint(&self) {
        self.checkpoint.store(true, Ordering::SeqCst);
    }

    /// True once for each request for a checkpoint.
    pub fn take_checkpoint_request(&self) -> bool {
        self.checkpoint.swap(false, Ordering::SeqCst)
    }
}

/// What a chat screen asks of the model and of the files behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Answer the last of these turns, which is a question.
    Answer(Vec<Turn>),
    /// Write a message down.
    Keep(Box<Node>),
    /// The reader went to the branch that ends with this message.
    At(u64),
    /// Change how tokens are chosen, or the language of answers (`lang`).
    Set {
        /// Name of the setting.
        name: String,
        /// What was typed.
        value: String,
    },
    /// Keep the conversation, under a name if one is given.
    Save {
        /// Its new name.
        name: Option<String>,
        /// All of its messages.
        tree: Box<Tree>,
    },
    /// Go on with a kept conversation: [`Event::Loaded`] brings it.
    Load(String),
    /// Tell which conversations are kept.
    Sessions,
    /// What is kept from now on is another conversation.
    Clear,
    /// The screen was closed.
    Quit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_its_line() {
        let event = Event::Note {
            warning: true,
            text: "a \"quoted\"\nline".into(),
        };
        let line = serde_json::to_string(&event).unwrap();
        assert!(!line.contains('\n'), "one event is one line");
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }

    #[test]
    fn numbers_that_are_none_are_nan_when_they_are_read_again() {
        let step = Event::Step {
            step: 7,
            loss: f64::NAN,
            lr: 0.1,
            grad_norm: f64::INFINITY,
            n_tokens: 9,
            tokens_per_s: f64::NEG_INFINITY,
            elapsed_ms: 1,
        };
        let line = serde_json::to_string(&step).unwrap();
        assert!(line.contains(r#""loss":null,"lr":0.1,"grad_norm":null"#));
        let Event::Step {
            loss,
            lr,
            grad_norm,
            tokens_per_s,
            ..
        } = serde_json::from_str(&line).unwrap()
        else {
            panic!("a step stays a step");
        };
        assert!([loss, grad_norm, tokens_per_s].iter().all(|x| x.is_nan()));
        assert_eq!(lr, 0.1);
        let scores = r#"[{"lang":"x","bits_per_byte":null,"n_bytes":1,"n_tokens":1}]"#;
        for line in [
            format!(
                r#"{{"event":"held_out","step":1,"mean_bits_per_byte":null,"scores":{scores}}}"#
            ),
            r#"{"event":"piece","text":"","token":1,"logprob":null}"#.into(),
        ] {
            serde_json::from_str::<Event>(&line).unwrap();
        }
        let cut = line.replace(r#""loss":null,"#, "");
        assert!(
            serde_json::from_str::<Event>(&cut).is_err(),
            "absent is not null"
        );
    }

    #[test]
    fn a_second_stop_means_now() {
        let control = Control::default();
        assert!(!control.stop_requested());
        control.request_stop();
        assert!(control.stop_requested() && !control.stop_now());
        control.request_stop();
        assert!(control.stop_now());
        control.clear_stop();
        assert!(!control.stop_requested());
    }
}
