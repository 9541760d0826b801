//! `eu chat MODEL --prompts FILE`: a line a question, a line an answer, in the same order, many
//! written side by side.
//!
//! Lines are read on a thread of their own, so that a program that writes one and waits for its
//! answer gets it. What waits is bounded: lines read ahead, and answers that are done before one
//! that came earlier.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::super::fail::{Error, Failure, Result};
use super::super::out::{self, Out};
use super::{Work, language};
use crate::engine::generate::{Answer, Batch, JobId, Plan, Told, likely};
use crate::engine::infer::Decoder;
use crate::engine::load::Speaker;
use crate::engine::ops::Executor;
use crate::event::{Control, Likely};
use crate::fault::{Fault, Kind};
use crate::lang::Lang;
use crate::{disk, engine};

mod line;

use line::{Asked, Reader};

/// Longest line: far more than any context holds.
const MAX_LINE: usize = 64 << 20;
/// Lines read ahead of those at work.
const AHEAD: usize = 8;
/// Lines between the first that is not written yet and the last that is at work, for each answer
/// written side by side.
const SPREAD: usize = 16;
/// How long a wish to stop may stay unheard while no line comes.
const TICK: Duration = Duration::from_millis(100);

/// A line of standard output: schema `chat-answer/1`.
#[derive(Debug, Serialize)]
struct Row {
    id: Value,
    line: u64,
    #[serde(flatten)]
    end: End,
}

/// How a line ended.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum End {
    Answer(Box<Said>),
    Failed { error: Wrong },
}

#[derive(Debug, Serialize)]
struct Said {
    text: String,
    reason: &'static str,
    #[serde(flatten)]
    work: Work,
    seed: u64,
    lang: Option<String>,
    drifted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Vec<Token>>,
}

/// A token of an answer.
#[derive(Debug, Serialize)]
struct Token {
    #[serde(flatten)]
    chosen: Likely,
    top: Vec<Likely>,
}

#[derive(Debug, Serialize)]
struct Wrong {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Wrong {
    fn of(error: &Error) -> Self {
        Wrong {
            kind: error.kind(),
            message: out::clean(&error.to_string()),
            hint: error.hint().map(|hint| out::clean(&hint)),
        }
    }
}

/// What came of all lines: schema `chat-prompts/1`.
#[derive(Debug, Default, Serialize)]
struct Sum {
    model: PathBuf,
    n_lines: u64,
    n_answers: u64,
    n_failed: u64,
    n_drifted: u64,
    n_prompt: u64,
    n_reused: u64,
    n_generated: u64,
    elapsed_ms: u64,
    seed: u64,
    /// The first failure, which says how the program ends.
    #[serde(skip)]
    worst: Option<Kind>,
}

/// Answers every line of `path`.
///
/// # Errors
/// When the model cannot be read; and at the end when a line could not be answered, an answer
/// is in another language than was asked for, or a stop was asked for.
pub(super) fn run(path: &Path, plan: &Plan, control: &Control, out: &Arc<Out>) -> Result<()> {
    let lines = read_lines(path)?;
    let speaker = engine::load::open(&plan.model)?;
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let decoder = Decoder::new(&speaker.weights, &executor, plan.context)?;
    let decoder = match plan.kv.as_str() {
        "q8_0" => decoder.in_eights(),
        _ => decoder,
    };
    let reader = Reader::new(&speaker, plan)?;
    out.detail(&format!(
        "{}, {}, {} side by side, seed {}",
        speaker.source.display(),
        executor.name(),
        plan.parallel,
        reader.seed()
    ));
    if plan.draft > 0 {
        out.detail("nothing is guessed ahead of several answers");
    }
    let mut desk = Desk {
        speaker: &speaker,
        batch: Batch::new(decoder, &speaker.vocab, plan.parallel),
        asked: HashMap::new(),
        done: BTreeMap::new(),
        next: 1,
        sum: Sum {
            model: plan.model.clone(),
            seed: reader.seed(),
            ..Sum::default()
        },
        out,
    };
    let began = Instant::now();
    let ended = desk.work(&lines, &reader, plan.parallel, control);
    desk.sum.elapsed_ms = began.elapsed().as_millis() as u64;
    ended?;
    desk.finish(control)
}

/// A line that was read: its bytes, or why there are none. An error of reading ends the lines.
type Read = std::result::Result<Vec<u8>, disk::Error>;

fn read_lines(path: &Path) -> Result<Receiver<Read>> {
    let (send, lines) = sync_channel(AHEAD);
    // A file that is not there is told before a model is opened; standard input may keep silent.
    let mut source = match path == Path::new("-") {
        true => None,
        false => Some(disk::Source::open(path)?),
    };
    let path = path.to_owned();
    std::thread::spawn(move || {
        let mut each = || -> disk::Result<()> {
            let mut source = match source.take() {
                Some(source) => source,
                None => disk::Source::open(&path)?,
            };
            let mut line = Vec::new();
            while source.read_line(&mut line)? {
                if send.send(Ok(std::mem::take(&mut line))).is_err() {
                    break; // nobody wants more
                }
            }
            Ok(())
        };
        if let Err(error) = each() {
            let _ = send.send(Err(error)); // as above
        }
    });
    Ok(lines)
}

/// A question at work.
struct Open {
    asked: Asked,
    tokens: Vec<Token>,
}

/// What is at work, and what waits to be written.
struct Desk<'a> {
    speaker: &'a Speaker,
    batch: Batch<'a>,
    asked: HashMap<JobId, Open>,
    /// Rows that are done, by their line.
    done: BTreeMap<u64, Option<Row>>,
    /// The line that is written next.
    next: u64,
    sum: Sum,
    out: &'a Out,
}

impl Desk<'_> {
    /// Reads, answers and writes until the lines end or a stop is asked for.
    fn work(
        &mut self,
        lines: &Receiver<Read>,
        reader: &Reader<'_>,
        parallel: usize,
        control: &Control,
    ) -> Result<()> {
        let (spread, mut is_open) = ((parallel * SPREAD) as u64, true);
        let mut broken = None;
        while !control.stop_requested() {
            while is_open
                && self.asked.len() < 2 * parallel
                && self.sum.n_lines < self.next - 1 + spread
            {
                let line = match self.asked.is_empty() {
                    true => lines.recv_timeout(TICK).map_err(|e| match e {
                        RecvTimeoutError::Timeout => TryRecvError::Empty,
                        RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
                    }),
                    false => lines.try_recv(),
                };
                match line {
                    Ok(Ok(line)) => self.take(line, reader),
                    // What was asked before is answered first.
                    Ok(Err(error)) => (broken, is_open) = (Some(error), false),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => is_open = false,
                }
            }
            self.step()?;
            self.write()?;
            if !is_open && self.asked.is_empty() {
                break;
            }
        }
        broken.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Puts a line to work; empty ones are passed over.
    fn take(&mut self, bytes: Vec<u8>, reader: &Reader<'_>) {
        self.sum.n_lines += 1;
        let line = self.sum.n_lines;
        if bytes.trim_ascii().is_empty() {
            self.done.insert(line, None);
            return;
        }
        match reader.read(&bytes, line) {
            Ok((asked, job, shift)) => {
                let tokens = Vec::new();
                let id = self.batch.add_shifting(job, shift);
                self.asked.insert(id, Open { asked, tokens });
            }
            Err((id, error)) => self.fail(id, line, &error),
        }
    }

    fn step(&mut self) -> Result<()> {
        let (asked, speaker) = (&mut self.asked, self.speaker);
        let mut ends = Vec::new();
        self.batch.step(&mut |id, told| match told {
            Told::Piece {
                text,
                token,
                logprob,
                top,
            } => {
                if let Some(open) = asked.get_mut(&id).filter(|open| open.asked.tells_tokens) {
                    open.hear(speaker, text, (token, logprob), &top);
                }
            }
            Told::End(answer) => ends.push((id, Ok(answer))),
            Told::Failed(error) => ends.push((id, Err(Error::from(error)))),
        })?;
        for (id, end) in ends {
            let Some(Open { asked, tokens }) = self.asked.remove(&id) else {
                continue;
            };
            match end {
                Ok(answer) => self.answered(asked, tokens, answer),
                Err(error) => self.fail(asked.id, asked.line, &error),
            }
        }
        Ok(())
    }

    fn answered(&mut self, asked: Asked, tokens: Vec<Token>, answer: Answer) {
        let lang: Option<&Lang> = asked.lang;
        let drifted = lang.map(|lang| language::drift(&answer.text, lang).is_some());
        let sum = &mut self.sum;
        sum.n_answers += 1;
        sum.n_drifted += u64::from(drifted == Some(true));
        sum.n_prompt += answer.n_prompt as u64;
        sum.n_reused += answer.n_reused as u64;
        sum.n_generated += answer.tokens.len() as u64;
        let said = Said {
            work: Work::of(&answer),
            text: answer.text,
            reason: answer.reason,
            seed: asked.seed,
            lang: lang.map(|lang| lang.code.clone()),
            drifted,
            tokens: asked.tells_tokens.then_some(tokens),
        };
        self.done.insert(
            asked.line,
            Some(Row {
                id: asked.id,
                line: asked.line,
                end: End::Answer(Box::new(said)),
            }),
        );
    }

    fn fail(&mut self, id: Value, line: u64, error: &Error) {
        self.sum.n_failed += 1;
        self.sum.worst.get_or_insert(match error.kind() {
            Kind::Usage | Kind::Damaged => Kind::Damaged,
            kind => kind,
        });
        let error = Wrong::of(error);
        let end = End::Failed { error };
        self.done.insert(line, Some(Row { id, line, end }));
    }

    /// Writes what is done, up to the first line that is not.
    fn write(&mut self) -> Result<()> {
        while let Some(row) = self.done.remove(&self.next) {
            self.next += 1;
            if let Some(row) = row {
                self.out.object("chat-answer/1", &row)?;
            }
        }
        Ok(())
    }

    /// Writes what is done and says how it ended.
    fn finish(&mut self, control: &Control) -> Result<()> {
        for row in std::mem::take(&mut self.done).into_values().flatten() {
            self.out.object("chat-answer/1", &row)?;
        }
        let sum = &self.sum;
        let (n_answers, n_failed, n_drifted) = (sum.n_answers, sum.n_failed, sum.n_drifted);
        self.out.say(&format!(
            "{} answers, {} tokens read, {} written, {}",
            out::count(n_answers),
            out::count(sum.n_prompt - sum.n_reused),
            out::count(sum.n_generated),
            out::span(sum.elapsed_ms)
        ));
        if control.stop_requested() {
            let n_left = self.asked.len();
            let what = format!("stopped after {n_answers} answers; {n_left} were being written");
            let hint = "`line` tells which lines are answered";
            return Err(Failure::new(Kind::Interrupted, what).hint(hint).into());
        }
        if let Some(kind) = sum.worst {
            let what = format!("{n_failed} of {} lines were not answered", sum.n_lines);
            let hint = "their `error` tells why";
            return Err(Failure::new(kind, what).hint(hint).into());
        }
        if n_drifted > 0 {
            let what = format!(
                "{n_drifted} of {n_answers} answers are not in the language that was asked for"
            );
            let hint = "`drifted` tells which; use a model that was trained on it";
            return Err(Failure::new(Kind::Gate, what).hint(hint).into());
        }
        match self.out.is_json() {
            true => self.out.object("chat-prompts/1", sum),
            false => Ok(()),
        }
    }
}

impl Open {
    /// Notes a token; text that was held back comes under the last one's name again.
    fn hear(
        &mut self,
        speaker: &Speaker,
        text: String,
        (token, logprob): (u32, f32),
        top: &[(u32, f32)],
    ) {
        let is_rest = top.is_empty();
        if let (true, Some(last)) = (is_rest, self.tokens.last_mut()) {
            last.chosen.text.push_str(&text);
            return;
        }
        self.tokens.push(Token {
            chosen: Likely {
                token,
                text,
                logprob,
            },
            top: likely(&speaker.vocab, &top[..top.len().min(self.asked.n_top)]),
        });
    }
}

/// A line that is longer than any that is read.
#[derive(Debug, thiserror::Error)]
#[error("the line has {} MiB, {} at most are read", len >> 20, MAX_LINE >> 20)]
struct TooLong {
    len: usize,
}

impl Fault for TooLong {
    fn kind(&self) -> Kind {
        Kind::Damaged
    }
}
