//! `eu chat`: a conversation on a terminal, a filter elsewhere.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde::Serialize;

use super::cli::Shared;
#[cfg(feature = "tui")]
use super::fail;
use super::fail::{Failure, Result};
use super::out::Out;
use super::preview::{Input, Preview};
use super::settings::Files;
#[cfg(feature = "tui")]
use super::sinks::Screen;
use super::{model, signals, sinks};
use crate::engine::generate::{Conversation, Plan};
use crate::engine::ops::Executor;
#[cfg(feature = "tui")]
use crate::event::Ask;
use crate::event::{Control, Event, Sink};
use crate::fault::Kind;
use crate::{disk, engine};

/// How long a prompt waits for the first byte on standard input, beside the loading of the model.
const PATIENCE: Duration = Duration::from_millis(500);
/// Most bytes taken from standard input: far more than any context holds.
const MAX_PIPED: u64 = 64 << 20;

const EXAMPLES: &str = "\
Examples:
  eu chat run                              a conversation, on a terminal
  eu chat model.gguf -p 'Kas yra Europa?'  one answer on standard output
  eu chat run --raw -p 'Alle Menschen sind' --seed 1
  cat letter.txt | eu chat run -p 'Summarise this letter.'
  eu chat run -p hi --json | jq -j 'select(.event == \"piece\").text'";

/// What can be typed after `eu chat`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Hugging Face folder, GGUF file, run directory, or a hub id already pulled.
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Answer TEXT and end; what is piped in stands before it.
    #[arg(short, long, value_name = "TEXT")]
    #[serde(skip)]
    pub prompt: Option<String>,
    /// Continue text as it is, without a chat template.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub raw: Option<bool>,
    /// System prompt of the conversation.
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Tell the chat template something beside the conversation: enable_thinking=false.
    #[arg(long, value_name = "KEY=JSON")]
    pub template_arg: Option<Vec<String>>,
    /// Most tokens to generate; 0: until the context is full.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// Largest context used; 0: the model's own.
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// What activations and products are computed in; bf16 halves what is read for each token.
    #[arg(long, value_name = "NAME", value_parser = ["bf16", "f32"])]
    pub precision: Option<String>,
    /// Divides the logits; 0: always the likeliest token.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub temperature: Option<f64>,
    /// Keep this many likeliest tokens; 0: all.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub top_k: Option<usize>,
    /// Keep the likeliest tokens that make up this probability; 1: all.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub top_p: Option<f64>,
    /// Keep tokens at least this likely, relative to the likeliest; 0: all.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub min_p: Option<f64>,
}

/// What came of one question: schema `chat/1`.
#[derive(Debug, Serialize)]
struct Said {
    model: PathBuf,
    text: String,
    reason: &'static str,
    n_prompt: usize,
    n_generated: usize,
    prefill_ms: u64,
    decode_ms: u64,
    seed: u64,
}

/// Talks.
///
/// # Errors
/// When the model cannot be read, or nothing was asked where nobody can be.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let mut plan: Plan = files.plan("chat", args, shared)?;
    plan.model = model::resolve(&plan.model)?;
    if shared.dry_run {
        return preview(plan).print(out);
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    // Read while the model loads: what is piped in is the question, or stands before it.
    let piped = (!io::stdin().is_terminal()).then(Piped::start);
    let loaded = engine::load::load(&plan.model)?;
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let mut talk = Conversation::new(&loaded, &executor, &plan)?;
    out.detail(&format!(
        "{}, {}, seed {}",
        loaded.source.display(),
        executor.name(),
        talk.seed()
    ));
    let question = question(args.prompt.as_deref(), piped, plan.raw, out)?;
    match question {
        Some(question) => answer(&mut talk, &question, &plan, &control, out),
        #[cfg(feature = "tui")]
        None if out.may_take_screen() => on_screen(&mut talk, &plan, &control, out),
        None => line_by_line(&mut talk, &plan, &control, out),
    }
}

/// Standard input, read on a thread of its own so that a pipe nobody writes to blocks nothing.
struct Piped {
    whole: Receiver<io::Result<Vec<u8>>>,
    began: Arc<AtomicBool>,
}

impl Piped {
    fn start() -> Self {
        let (done, whole) = std::sync::mpsc::channel();
        let began = Arc::new(AtomicBool::new(false));
        let heard = began.clone();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let mut stdin = io::stdin().lock();
            let first = stdin.by_ref().take(1).read_to_end(&mut text);
            heard.store(true, Ordering::SeqCst);
            let all = first.and_then(|_| stdin.take(MAX_PIPED).read_to_end(&mut text));
            let _ = done.send(all.map(|_| text));
        });
        Piped { whole, began }
    }

    /// Everything that was piped in. Beside a prompt it may be missing: an open pipe on which
    /// nothing has come for [`PATIENCE`] is one that nobody writes to.
    fn text(self, beside_prompt: bool, out: &Out) -> Result<String> {
        let mut got = match beside_prompt {
            true => self.whole.recv_timeout(PATIENCE).ok(),
            false => None,
        };
        if got.is_none() && beside_prompt && !self.began.load(Ordering::SeqCst) {
            out.detail("nothing comes on standard input: going on without it");
            return Ok(String::new());
        }
        if got.is_none() {
            got = self.whole.recv().ok();
        }
        let bytes = got
            .unwrap_or_else(|| Ok(Vec::new()))
            .map_err(|e| disk::Error::io(Path::new("-"), "read", e))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            Failure::damaged(format!("standard input: byte {at}: not UTF-8"))
        })?;
        Ok(if text.trim().is_empty() {
            String::new()
        } else {
            text
        })
    }
}

/// What to answer: none where somebody sits at the terminal and will ask.
fn question(
    prompt: Option<&str>,
    piped: Option<Piped>,
    raw: bool,
    out: &Out,
) -> Result<Option<String>> {
    let has_stdin = piped.is_some();
    let before = match piped {
        Some(piped) => piped.text(prompt.is_some(), out)?,
        None => String::new(),
    };
    match prompt {
        Some(prompt) if before.is_empty() => Ok(Some(prompt.into())),
        Some(prompt) if raw => Ok(Some(format!("{before}{prompt}"))),
        Some(prompt) => Ok(Some(format!("{}\n\n{prompt}", before.trim_end()))),
        None if !has_stdin => Ok(None),
        None if before.is_empty() && !raw => Err(Failure::usage("nothing was asked")
            .hint("give text with -p, or pipe it in; on a terminal `eu chat MODEL` opens a chat")
            .into()),
        None => Ok(Some(before)),
    }
}

/// One answer on standard output, piece by piece as it comes.
fn answer(
    talk: &mut Conversation<'_>,
    question: &str,
    plan: &Plan,
    control: &Control,
    out: &Arc<Out>,
) -> Result<()> {
    let sink = pieces(out);
    let answer = talk.say(question, control, &*sink)?;
    let said = Said {
        model: plan.model.clone(),
        reason: answer.reason,
        n_prompt: answer.n_prompt,
        n_generated: answer.tokens.len(),
        prefill_ms: answer.prefill_ms,
        decode_ms: answer.decode_ms,
        seed: talk.seed(),
        text: answer.text,
    };
    out.result("chat/1", &said, || "\n".into())?;
    match said.reason {
        "stopped" => Err(Failure::new(
            Kind::Interrupted,
            format!("stopped after {} tokens", said.n_generated),
        )
        .into()),
        _ => Ok(()),
    }
}

/// With `--json` events, else the text itself; a reader who left stops the answer.
fn pieces(out: &Arc<Out>) -> Box<dyn Sink> {
    if out.is_json() {
        return sinks::for_command(out);
    }
    let out = out.clone();
    Box::new(move |event: Event| match event {
        Event::Piece { text, .. } => {
            let _ = out.data(&text); // found again when the end of the line is printed
        }
        Event::Note {
            text,
            warning: true,
        } => out.warn(&text),
        Event::Note { text, .. } => out.say(&text),
        _ => {}
    })
}

/// The plain twin of the screen: a line asked, an answer given, until the input ends.
fn line_by_line(
    talk: &mut Conversation<'_>,
    plan: &Plan,
    control: &Control,
    out: &Arc<Out>,
) -> Result<()> {
    out.say("one line is one question; Ctrl-D ends");
    for line in io::stdin().lines() {
        let line = line.map_err(|e| disk::Error::io(Path::new("-"), "read", e))?;
        if !line.trim().is_empty() {
            answer(talk, &line, plan, control, out)?;
        }
    }
    Ok(())
}

/// The chat on a full screen; the model answers on a thread of its own.
#[cfg(feature = "tui")]
fn on_screen(talk: &mut Conversation<'_>, plan: &Plan, control: &Control, out: &Out) -> Result<()> {
    use crate::tui::chat;
    let (wish, wishes) = std::sync::mpsc::channel();
    let (news, events) = std::sync::mpsc::channel();
    let info = chat::ChatInfo {
        model: plan.model.display().to_string(),
        context: talk.context() as u64,
    };
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().spawn_scoped(scope, move || {
            let sink = Screen(news);
            for wish in wishes {
                serve(talk, wish, control, &sink);
            }
        });
        let worker = worker.map_err(|e| Failure::new(Kind::Failed, format!("no thread: {e}")))?;
        let shown = chat::run(wish, events, control, info, out.colors());
        control.request_stop(); // an answer that nobody reads
        if let Err(panic) = worker.join() {
            return Err(fail::of_panic(&*panic));
        }
        Ok(shown.map_err(|e| disk::Error::io(Path::new("terminal"), "draw on", e))?)
    })
}

/// One wish of the screen; what fails is told there.
#[cfg(feature = "tui")]
fn serve(talk: &mut Conversation<'_>, wish: Ask, control: &Control, sink: &Screen) {
    let answered = match wish {
        Ask::Say(text) => talk.say(&text, control, sink).map(drop),
        Ask::Regenerate => talk.regenerate(control, sink).map(drop),
        Ask::Clear => {
            talk.clear();
            Ok(())
        }
        Ask::System(text) => {
            talk.set_system(&text);
            Ok(())
        }
        Ask::Quit => Ok(()),
    };
    if let Err(error) = answered {
        sink.emit(Event::Note {
            warning: true,
            text: error.to_string(),
        });
        sink.emit(Event::Answered {
            reason: "failed".into(),
            n_prompt: 0,
            n_generated: 0,
            prefill_ms: 0,
            decode_ms: 0,
        });
    }
}

fn preview(plan: Plan) -> Preview<Plan> {
    Preview {
        command: "chat",
        memory_bytes: model::memory_bytes(&plan.model),
        time_ms: None,
        disk_bytes: Some(0),
        inputs: vec![Input::of(&plan.model)],
        outputs: Vec::new(),
        notes: Vec::new(),
        plan,
    }
}
