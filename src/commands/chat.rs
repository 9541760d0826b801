//! `eu chat`: a conversation on a terminal, a filter elsewhere.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::preview::{Input, Preview};
use super::settings::{self, Files};
use super::{chat_bench, model, serve, signals, sinks};
use crate::engine;
use crate::engine::generate::{Answer, Conversation, KV, Plan, Trial};
use crate::engine::ops::Executor;
use crate::event::{Ask, Control, Event, Sink};
use crate::fault::Kind;
use crate::talk::Tree;

mod desk;
mod language;
mod lines;
mod piped;
mod prompts;
mod questions;
#[cfg(feature = "tui")]
mod screen;
mod sessions;

use desk::Desk;
use piped::{Piped, question};
use sessions::Book;

const EXAMPLES: &str = "\
Examples:
  eu chat run                              a conversation, on a terminal
  eu chat model.gguf -p 'Kas yra Europa?'  one answer on standard output
  eu chat run --raw -p 'Alle Menschen sind' --seed 1
  eu chat run --lang sv --session letter   answers in Swedish; go on with a kept conversation
  cat letter.txt | eu chat run -p 'Summarise this letter.'
  eu chat run --prompts questions.jsonl > answers.jsonl
  eu chat run --serve 127.0.0.1:8080       OpenAI's API for programs on this machine
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
    /// Answer each line of a file, {"prompt": TEXT} or {"messages": […]}, with a line; -: standard
    /// input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "session"])]
    #[serde(skip)]
    pub prompts: Option<PathBuf>,
    /// Answers written side by side, with --prompts or --serve.
    #[arg(long, value_name = "N")]
    pub parallel: Option<usize>,
    /// Tell each token, and this many of the likeliest in its place, with their log-probabilities;
    /// with --json or --prompts.
    #[arg(long, value_name = "N")]
    pub logprobs: Option<usize>,
    /// Measure how fast the model reads and writes, and end.
    #[arg(long, conflicts_with_all = ["prompt", "prompts"], help_heading = "Measuring")]
    #[serde(skip)]
    pub bench: bool,
    /// Tokens to read, with --bench.
    #[arg(long, value_name = "N", default_value_t = 512, requires = "bench")]
    #[arg(help_heading = "Measuring")]
    #[serde(skip)]
    pub prefill: usize,
    /// Tokens to write after them, with --bench.
    #[arg(long, value_name = "N", default_value_t = 128, requires = "bench")]
    #[arg(help_heading = "Measuring")]
    #[serde(skip)]
    pub decode: usize,
    /// Texts side by side, with --bench.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "bench")]
    #[arg(help_heading = "Measuring")]
    #[serde(skip)]
    pub batch: usize,
    /// Times that all is done, with --bench; the best counts.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "bench")]
    #[arg(help_heading = "Measuring")]
    #[serde(skip)]
    pub repeat: usize,
    /// What a server is told.
    #[command(flatten)]
    #[serde(skip)]
    pub server: serve::ServerArgs,
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
    /// Language to answer in, as de, deu or deu_Latn; with -p an answer in another fails.
    #[arg(long, value_name = "LANG")]
    pub lang: Option<String>,
    /// Go on with a kept conversation (last: the one last spoken in), or begin it.
    #[arg(long, value_name = "NAME")]
    #[serde(skip)]
    pub session: Option<String>,
    /// Keep neither the conversation nor questions.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub no_history: Option<bool>,
    /// Most tokens to generate; 0: until the context is full.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// What keys and values are kept in; q8_0 takes half the room of a long text.
    #[arg(long, value_name = "TYPE", value_parser = KV)]
    pub kv: Option<String>,
    /// Largest context used; 0: the model's own.
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Forget the oldest half of a full context and go on, in place of ending there.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub context_shift: Option<bool>,
    /// What activations and products are computed in; bf16 halves what is read for each token.
    #[arg(long, value_name = "NAME", value_parser = ["bf16", "f32"])]
    pub precision: Option<String>,
    /// Divides the logits; 0: always the likeliest token.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub temperature: Option<f64>,
    /// How far the temperature goes below and above, by how sure the model is; 0: not at all.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub dynatemp_range: Option<f64>,
    /// Above 1 the temperature rises later with doubt, below 1 sooner.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub dynatemp_exponent: Option<f64>,
    /// Keep tokens within this many standard deviations of the highest logit; 0: all.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub top_n_sigma: Option<f64>,
    /// Keep this many likeliest tokens; 0: all.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub top_k: Option<usize>,
    /// Keep the tokens of the most usual surprise that make up this probability; 1: all.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub typical_p: Option<f64>,
    /// Keep the likeliest tokens that make up this probability; 1: all.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub top_p: Option<f64>,
    /// Keep tokens at least this likely, relative to the likeliest; 0: all.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub min_p: Option<f64>,
    /// How often all likely tokens but the least likely of them are left out; 0: never.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub xtc_probability: Option<f64>,
    /// Probability from which a token counts as likely for that.
    #[arg(long, value_name = "P", help_heading = "Choice of tokens")]
    pub xtc_threshold: Option<f64>,
    /// Divides the logits of tokens that were there lately; 1: not at all.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub repeat_penalty: Option<f64>,
    /// Taken from the logit of a token that was there lately.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[arg(help_heading = "Choice of tokens")]
    pub presence_penalty: Option<f64>,
    /// Taken from the logit of a token for each time it was there lately.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[arg(help_heading = "Choice of tokens")]
    pub frequency_penalty: Option<f64>,
    /// Tokens that count as lately for these penalties; 0: all.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub repeat_last_n: Option<usize>,
    /// DRY: what a token loses that makes a repetition longer than allowed; 0: nothing.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub dry_multiplier: Option<f64>,
    /// DRY: by how much that grows with each further token.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub dry_base: Option<f64>,
    /// DRY: tokens that may be repeated freely.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub dry_allowed_length: Option<usize>,
    /// DRY: tokens in which repetitions are looked for; 0: all.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub dry_last_n: Option<usize>,
    /// DRY: texts that no repetition reaches across; once for each.
    #[arg(long, value_name = "TEXT", help_heading = "Choice of tokens")]
    pub dry_breakers: Option<Vec<String>>,
    /// Version of Mirostat to keep the surprise constant, in place of leaving tokens out; 0: none.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub mirostat: Option<u8>,
    /// Mirostat: the surprise to keep, in bits.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub mirostat_tau: Option<f64>,
    /// Mirostat: how fast it learns.
    #[arg(long, value_name = "X", help_heading = "Choice of tokens")]
    pub mirostat_eta: Option<f64>,
    /// Added to logits, such as 15043-2.5 or ' Oh-inf': ID+X or TEXT-X; once for each.
    #[arg(long, value_name = "BIAS", help_heading = "Choice of tokens")]
    pub logit_bias: Option<Vec<String>>,
    /// Text that ends an answer and is no part of it; once for each.
    #[arg(long, value_name = "TEXT", help_heading = "Choice of tokens")]
    pub stop: Option<Vec<String>>,
    /// Grammar that an answer must follow, in GBNF.
    #[arg(long, value_name = "TEXT", help_heading = "Choice of tokens")]
    pub grammar: Option<String>,
    /// File with such a grammar.
    #[arg(long, value_name = "FILE", help_heading = "Choice of tokens")]
    pub grammar_file: Option<PathBuf>,
    /// JSON schema that an answer must follow, or a file with one; {} is any JSON.
    #[arg(long, value_name = "SCHEMA", help_heading = "Choice of tokens")]
    pub json_schema: Option<String>,
    /// Most tokens guessed from what was said before and checked together; 0: none.
    #[arg(long, value_name = "N", help_heading = "Choice of tokens")]
    pub draft: Option<usize>,
}

/// What came of one question: schema `chat/1`.
#[derive(Debug, Serialize)]
struct Said {
    model: PathBuf,
    text: String,
    reason: &'static str,
    #[serde(flatten)]
    work: Work,
    seed: u64,
    /// Code of the language that was asked for.
    lang: Option<String>,
    /// Whether the answer is in another language; none where none was asked for.
    drifted: Option<bool>,
}

/// What an answer took.
#[derive(Debug, Serialize)]
struct Work {
    n_prompt: usize,
    /// Tokens of the prompt that were read before.
    n_reused: usize,
    n_generated: usize,
    prefill_ms: u64,
    decode_ms: u64,
    /// None where it took no time that can be told.
    prefill_tokens_per_s: Option<f64>,
    decode_tokens_per_s: Option<f64>,
}

impl Work {
    fn of(answer: &Answer) -> Self {
        let rate = |n: usize, ms: u64| (ms > 0).then(|| n as f64 * 1000.0 / ms as f64);
        let n_generated = answer.tokens.len();
        Work {
            n_prompt: answer.n_prompt,
            n_reused: answer.n_reused,
            n_generated,
            prefill_ms: answer.prefill_ms,
            decode_ms: answer.decode_ms,
            prefill_tokens_per_s: rate(answer.n_prompt - answer.n_reused, answer.prefill_ms),
            // the first token comes at the end of the prompt
            decode_tokens_per_s: rate(n_generated.saturating_sub(1), answer.decode_ms),
        }
    }
}

/// Talks.
///
/// # Errors
/// When the model cannot be read, or nothing was asked where nobody can be.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let mut plan: Plan = files.plan("chat", args, shared)?;
    let typed = std::mem::take(&mut plan.model);
    plan.model = model::resolve(&typed)?;
    if shared.dry_run {
        return preview(plan, args.prompts.as_deref()).print(out);
    }
    if args.server.serve.is_some() {
        return serve::run(&plan, &typed, &args.server, plan.parallel, out);
    }
    if args.bench {
        let trial = Trial {
            prefill: args.prefill,
            decode: args.decode,
            batch: args.batch.max(1),
            repeat: args.repeat.max(1),
        };
        return chat_bench::run(&plan, trial, out);
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    if let Some(path) = &args.prompts {
        return prompts::run(path, &plan, &control, out);
    }
    // Read while the model loads: what is piped in is the question, or stands before it.
    let piped = (!io::stdin().is_terminal()).then(Piped::start);
    let loaded = engine::load::open(&plan.model)?;
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let mut talk = Conversation::new(&loaded, &executor, &plan)?;
    talk.tell_logprobs(out.is_json()); // nothing else shows them
    out.detail(&format!(
        "{}, {}, seed {}",
        loaded.source.display(),
        executor.name(),
        talk.seed()
    ));
    let question = question(args.prompt.as_deref(), piped, plan.raw, out)?;
    #[cfg(feature = "tui")]
    let context = talk.context();
    // Filters keep nothing unless they are told where.
    let is_filter = question.is_some() && args.session.is_none();
    let book = Book::new(settings::state_folder(), plan.no_history || is_filter);
    let mut desk = Desk::new(&mut talk, &plan, book);
    let begun = match &args.session {
        Some(name) => desk.resume(name)?,
        None => (Tree::default(), Vec::new()),
    };
    match question {
        Some(question) => answer(&mut desk, &question, begun, &control, out),
        #[cfg(feature = "tui")]
        None if out.may_take_screen() => screen::show(desk, context, begun, &control, out),
        None => lines::talk(desk, begun, &control, out),
    }
}

/// One answer on standard output, and what it was kept as.
fn answer(
    desk: &mut Desk<'_, '_>,
    question: &str,
    (mut tree, notes): (Tree, Vec<String>),
    control: &Control,
    out: &Arc<Out>,
) -> Result<()> {
    notes.iter().for_each(|note| out.detail(note));
    if tree.is_empty() {
        tree.begin(desk.plan().system.as_deref().unwrap_or(""));
    }
    tree.ask(question);
    let said = report(desk, &tree, control, out)?;
    if !said.text.is_empty() {
        let (n_prompt, n_tokens) = (said.n_prompt as u64, said.tokens.len() as u64);
        tree.answer(&said.text, n_prompt, n_tokens, said.reason);
    }
    for node in tree.nodes() {
        lines::serve(desk, Ask::Keep(Box::new(node.clone())), out);
    }
    if said.reason == "stopped" {
        let n_tokens = said.tokens.len();
        let what = format!("stopped after {n_tokens} tokens");
        return Err(Failure::new(Kind::Interrupted, what).into());
    }
    match desk
        .lang()
        .and_then(|lang| language::drift(&said.text, lang))
    {
        Some(drift) => Err(Failure::new(Kind::Gate, drift.to_string())
            .hint("ask in that language, or use a model that was trained on it")
            .into()),
        None => Ok(()),
    }
}

/// The answer to the question at the end of a conversation, on standard output piece by piece
/// as it comes.
fn report(
    desk: &mut Desk<'_, '_>,
    tree: &Tree,
    control: &Control,
    out: &Arc<Out>,
) -> Result<Answer> {
    let sink = pieces(out);
    let answer = desk.answer(tree.turns(), control, &*sink)?;
    let lang = desk.lang();
    let said = Said {
        model: desk.plan().model.clone(),
        reason: answer.reason,
        work: Work::of(&answer),
        seed: desk.seed(),
        text: answer.text.clone(),
        lang: lang.map(|lang| lang.code.clone()),
        drifted: lang.map(|lang| language::drift(&answer.text, lang).is_some()),
    };
    out.result("chat/1", &said, || "\n".into())?;
    Ok(answer)
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

fn preview(plan: Plan, questions: Option<&Path>) -> Preview<Plan> {
    // standard input cannot be looked at
    let questions = questions.filter(|path| *path != Path::new("-"));
    let inputs = [plan.model.as_path()]
        .into_iter()
        .chain(questions)
        .map(Input::of);
    let inputs: Vec<Input> = inputs.collect();
    Preview {
        command: "chat",
        memory_bytes: model::memory_bytes(&plan.model),
        time_ms: None,
        disk_bytes: Some(0),
        inputs,
        outputs: Vec::new(),
        notes: Vec::new(),
        plan,
    }
}
