//! `eu tour`: all five stages on the embedded corpus, each by the very command it prints.
//!
//! Every stage is a command line that is shown, then parsed and run like one that was typed:
//! what the reader copies is what the tour did.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::cli::{self, Cli, Command, Shared};
use super::fail::{Failure, Result};
use super::out::{self, Out};
use super::preview::Preview;
use super::settings::Files;
use super::table::Table;
use super::{eval, prepare, quantize, signals, sinks, train};
use crate::engine::generate::{Conversation, Plan as Chat};
use crate::engine::load::Loaded;
use crate::engine::ops::Executor;
use crate::event::{Control, LangScore, Silent};
use crate::lang::Lang;
use crate::{data, disk, engine};

const EXAMPLES: &str = "\
Examples:
  eu tour                                  everything in a folder named eu-tour
  eu tour --dir /tmp/tour --minutes 1      elsewhere, shorter
  eu tour --json | jq .                    as a filter";

/// Folder of the tour where none is given.
const DIR: &str = "eu-tour";
/// Languages in which the model is heard at the end.
const N_VOICES: usize = 5;
/// Words of the first article that are given to it.
const N_WORDS: usize = 3;

/// What can be typed after `eu tour`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Folder to make; without it eu-tour.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Minutes to train.
    #[arg(long, value_name = "MINUTES", default_value_t = 2.0)]
    pub minutes: f64,
}

/// What the tour came to: schema `tour/1`.
#[derive(Debug, Serialize)]
struct Told {
    dir: PathBuf,
    n_langs: usize,
    langs: Vec<Row>,
    voices: Vec<Voice>,
    data: PathBuf,
    model: PathBuf,
    gguf: PathBuf,
    results: PathBuf,
    commands: Vec<String>,
    elapsed_ms: u64,
}

/// One language, from its text to its edge model.
#[derive(Debug, Serialize)]
struct Row {
    lang: String,
    name: String,
    tokens_per_word: Option<f64>,
    parity: Option<f64>,
    bpb_before: Option<f64>,
    bpb_after: f64,
    quantisation_loss: Option<f64>,
}

/// The model heard in one language.
#[derive(Debug, Serialize)]
struct Voice {
    lang: String,
    prompt: String,
    text: String,
}

/// Where everything lies, and the command lines that make it.
struct Route<'a> {
    dir: PathBuf,
    minutes: f64,
    shared: &'a Shared,
}

impl Route<'_> {
    fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn gguf(&self) -> PathBuf {
        self.at("run/model-q4_k_m.gguf")
    }

    /// The words of a command line, `--threads` and the like as they were given to the tour.
    fn line(&self, words: &[&str], paths: &[(&str, PathBuf)]) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec!["eu".into()];
        line.extend(words.iter().map(OsString::from));
        for (flag, path) in paths {
            if !flag.is_empty() {
                line.push(flag.into());
            }
            line.push(path.into());
        }
        let Shared {
            seed,
            threads,
            device,
            force,
            ..
        } = self.shared;
        let given = [
            ("--seed", seed.map(|n| n.to_string())),
            ("--threads", threads.map(|n| n.to_string())),
            ("--device", device.map(|d| d.name())),
        ];
        for (flag, value) in given {
            line.extend(
                value
                    .into_iter()
                    .flat_map(|v| [OsString::from(flag), v.into()]),
            );
        }
        line.extend(force.then(|| "--force".into()));
        line
    }

    fn prepare(&self) -> Vec<OsString> {
        let heldout = self.at("corpus/heldout");
        self.line(
            &["prepare", "--vocab-size", "4096"],
            &[
                ("", self.at("corpus/train")),
                ("--heldout", heldout.clone()),
                ("--parallel", heldout),
                ("-o", self.at("data")),
            ],
        )
    }

    fn train(&self) -> Vec<OsString> {
        let minutes = self.minutes.to_string();
        let shape = "--d-model 256 --n-layers 4 --n-heads 4 --n-kv-heads 2 --d-ff 768";
        let pace = "--context 256 --batch 8 --lr 0.003";
        let mut words = vec!["train", "--minutes", &minutes];
        words.extend(shape.split(' ').chain(pace.split(' ')));
        self.line(&words, &[("", self.at("data")), ("-o", self.at("run"))])
    }

    fn eval(&self) -> Vec<OsString> {
        let paths = [
            ("", self.at("run")),
            ("--data", self.at("data")),
            ("-o", self.at("results")),
        ];
        self.line(&["eval"], &paths)
    }

    fn quantize(&self) -> Vec<OsString> {
        let paths = [
            ("", self.at("run")),
            ("--data", self.at("data")),
            ("-o", self.gguf()),
        ];
        self.line(&["quantize", "--type", "q4_k_m"], &paths)
    }

    fn chat(&self, prompt: &str) -> Vec<OsString> {
        let words = [
            "chat",
            "-p",
            prompt,
            "--raw",
            "--temperature",
            "0",
            "--max-tokens",
            "32",
        ];
        self.line(&words, &[("", self.gguf())])
    }
}

/// Walks.
///
/// # Errors
/// As the five stages.
pub fn run(args: &Args, shared: &Shared, files: &Files, out: &Arc<Out>) -> Result<()> {
    let began = Instant::now();
    if !(args.minutes > 0.0 && args.minutes.is_finite()) {
        let what = format!("--minutes {}: not a span of time", args.minutes);
        return Err(Failure::usage(what).hint("give a number above 0").into());
    }
    let dir = args.dir.clone().unwrap_or_else(|| DIR.into());
    let route = Route {
        dir,
        minutes: args.minutes,
        shared,
    };
    if shared.dry_run {
        return preview(&route).print(out);
    }
    if !shared.force {
        disk::refuse_existing(&route.dir)?;
    }
    let control = Arc::new(Control::default());
    signals::listen(&control, out)?;
    let told = walk(&route, files, &control, out, began)?;
    out.result("tour/1", &told, || text(&told))
}

fn walk(
    route: &Route<'_>,
    files: &Files,
    control: &Arc<Control>,
    out: &Arc<Out>,
    began: Instant,
) -> Result<Told> {
    let mut show = Show {
        out,
        commands: Vec::new(),
    };
    data::corpus::write(&route.dir.join("corpus"))?;
    out.say(&format!(
        "the Universal Declaration of Human Rights in {} languages, its last articles held out: {}",
        Lang::all().len(),
        route.at("corpus").display()
    ));

    let Cli {
        command: Command::Prepare(args),
        shared,
    } = show.parse(route.prepare())?
    else {
        return Err(not_a_stage());
    };
    let prepared = prepare::prepare(&files.plan("prepare", &*args, &shared)?, control, out)?;

    let Cli {
        command: Command::Train(args),
        shared,
    } = show.parse(route.train())?
    else {
        return Err(not_a_stage());
    };
    let trained = train::train(&files.plan("train", &*args, &shared)?, control, out)?;

    let Cli {
        command: Command::Eval(args),
        shared,
    } = show.parse(route.eval())?
    else {
        return Err(not_a_stage());
    };
    let scored = eval::eval(&files.plan("eval", &args, &shared)?, control, out)?;

    let Cli {
        command: Command::Quantize(args),
        shared,
    } = show.parse(route.quantize())?
    else {
        return Err(not_a_stage());
    };
    let quantized = quantize::quantize(&files.plan("quantize", &args, &shared)?, control, out)?;

    let before = trained
        .before
        .map(|scores| scores.scores)
        .unwrap_or_default();
    let langs: Vec<Row> = scored
        .scores
        .iter()
        .map(|score| row(score, &prepared, &before, &quantized))
        .collect();
    let voices = voices(route, files, &langs, control, &mut show)?;
    Ok(Told {
        dir: route.dir.clone(),
        n_langs: langs.len(),
        langs,
        voices,
        data: route.at("data"),
        model: trained.model,
        gguf: quantized.path,
        results: route.at("results"),
        commands: show.commands,
        elapsed_ms: began.elapsed().as_millis() as u64,
    })
}

/// Shows each command before it runs.
struct Show<'a> {
    out: &'a Out,
    commands: Vec<String>,
}

impl Show<'_> {
    fn parse(&mut self, line: Vec<OsString>) -> Result<Cli> {
        let shown = shell(&line);
        self.out.say("");
        self.out.say(&format!("$ {shown}"));
        if self.out.is_json() {
            self.out
                .object("tour.command/1", &BTreeMap::from([("command", &shown)]))?;
        }
        self.commands.push(shown);
        let parsed = cli::parse(line);
        Ok(parsed.map_err(|e| Failure::usage(e.to_string()))?.0)
    }
}

fn not_a_stage() -> super::fail::Error {
    Failure::usage("a line of the tour names another command").into()
}

/// A command line as a shell takes it.
fn shell(line: &[OsString]) -> String {
    line.iter()
        .map(|word| quoted(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn row(
    score: &LangScore,
    prepared: &data::Report,
    before: &[LangScore],
    quantized: &engine::quant::Report,
) -> Row {
    let text = prepared.langs.iter().find(|row| row.lang == score.lang);
    let loss = quantized.losses.iter().find(|loss| loss.lang == score.lang);
    Row {
        lang: score.lang.clone(),
        name: Lang::find(&score.lang).map_or_else(String::new, |lang| lang.name.clone()),
        tokens_per_word: text.and_then(|row| row.tokens_per_word),
        parity: text.and_then(|row| row.parity),
        bpb_before: before
            .iter()
            .find(|b| b.lang == score.lang)
            .map(|b| b.bits_per_byte),
        bpb_after: score.bits_per_byte,
        quantisation_loss: loss.map(|loss| loss.loss),
    }
}

/// The edge model goes on with the first article, in the language it knows worst, in the one it
/// knows best, and in some between.
fn voices(
    route: &Route<'_>,
    files: &Files,
    langs: &[Row],
    control: &Arc<Control>,
    show: &mut Show<'_>,
) -> Result<Vec<Voice>> {
    let loaded = engine::load::load(&route.gguf())?;
    let n = N_VOICES.min(langs.len());
    let mut voices = Vec::with_capacity(n);
    for i in 0..n {
        let row = &langs[i * (langs.len() - 1) / n.saturating_sub(1).max(1)];
        let Some(prompt) = first_words(&row.lang) else {
            continue;
        };
        let Cli {
            command: Command::Chat(args),
            shared,
        } = show.parse(route.chat(&prompt))?
        else {
            return Err(not_a_stage());
        };
        let plan: Chat = files.plan("chat", &args, &shared)?;
        let text = speak(&loaded, &plan, &prompt, control)?;
        show.out.say(&format!("{prompt}{text}"));
        voices.push(Voice {
            lang: row.lang.clone(),
            prompt,
            text,
        });
    }
    Ok(voices)
}

/// The beginning of the first article in `lang`, below its heading.
fn first_words(lang: &str) -> Option<String> {
    let article = data::corpus::records().find(|r| r.id == "udhr-01" && r.code() == lang)?;
    let sentence = article
        .text
        .lines()
        .find(|line| line.split_whitespace().count() > 2 * N_WORDS)?;
    let words: Vec<&str> = sentence.split_whitespace().take(N_WORDS).collect();
    Some(words.join(" "))
}

fn speak(loaded: &Loaded, plan: &Chat, prompt: &str, control: &Control) -> Result<String> {
    let executor = Executor::choose(&plan.device, plan.threads)?;
    let mut talk = Conversation::new(loaded, &executor, plan)?;
    Ok(talk.say(prompt, control, &Silent)?.text)
}

fn text(told: &Told) -> String {
    let headings = [
        "lang",
        "name",
        ">tokens/word",
        ">parity",
        ">bpb before",
        ">bpb after",
        ">q4_k_m loss",
    ];
    let mut table = Table::new(&headings);
    let known = |x: Option<f64>, digits: usize| x.map_or("-".into(), |x| format!("{x:.digits$}"));
    for row in &told.langs {
        table.row([
            sinks::short(&row.lang),
            row.name.clone(),
            known(row.tokens_per_word, 2),
            known(row.parity, 2),
            known(row.bpb_before, 3),
            known(Some(row.bpb_after), 3),
            row.quantisation_loss
                .map_or("-".into(), |x| format!("{x:+.4}")),
        ]);
    }
    let mut text = String::from("bits per byte (bpb) of held-out articles, worst language first\n");
    text.push_str(&table.text());
    text.push('\n');
    for voice in &told.voices {
        let words = out::clean(&format!("{}{}", voice.prompt, voice.text));
        text.push_str(&format!("{:8} {words}\n", sinks::short(&voice.lang)));
    }
    text.push('\n');
    let places = [
        ("tokens", &told.data),
        ("model", &told.model),
        ("scores", &told.results),
        ("GGUF", &told.gguf),
    ];
    for (what, path) in places {
        text.push_str(&format!("{what:8} {}\n", path.display()));
    }
    text.push_str(&format!(
        "{} languages in {}; now try: eu chat {} --raw\n",
        told.n_langs,
        out::span(told.elapsed_ms),
        quoted(&told.gguf.to_string_lossy())
    ));
    text
}

fn preview(route: &Route<'_>) -> Preview<BTreeMap<&'static str, Vec<String>>> {
    let lines = [
        route.prepare(),
        route.train(),
        route.eval(),
        route.quantize(),
    ];
    let commands: Vec<String> = lines.iter().map(|line| shell(line)).collect();
    Preview {
        command: "tour",
        inputs: Vec::new(),
        outputs: vec![route.dir.clone()],
        memory_bytes: None,
        time_ms: Some((route.minutes * 60_000.0) as u64),
        disk_bytes: None,
        notes: commands.clone(),
        plan: BTreeMap::from([("commands", commands)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_survives_the_shell() {
        assert_eq!(quoted("eu-tour/run"), "eu-tour/run");
        assert_eq!(quoted("all'è vita"), r"'all'\''è vita'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn every_line_of_the_tour_is_one_that_can_be_typed() {
        let shared = Shared {
            threads: Some(2),
            force: true,
            ..Shared::default()
        };
        let route = Route {
            dir: "a dir".into(),
            minutes: 0.5,
            shared: &shared,
        };
        for line in [
            route.prepare(),
            route.train(),
            route.eval(),
            route.quantize(),
        ] {
            let parsed = cli::parse(line.clone());
            let (cli, _) = parsed.unwrap_or_else(|e| panic!("{line:?}: {e}"));
            assert_eq!(cli.shared.threads, Some(2));
            assert!(cli.shared.force);
        }
        let (cli, _) = cli::parse(route.chat("Alle Menschen sind")).unwrap();
        assert!(matches!(cli.command, Command::Chat(args) if args.raw == Some(true)));
    }

    #[test]
    fn every_language_can_be_given_a_beginning() {
        for lang in Lang::all() {
            let words = first_words(&lang.code).unwrap_or_default();
            assert_eq!(
                words.split(' ').count(),
                N_WORDS,
                "{}: {words:?}",
                lang.code
            );
        }
    }
}
