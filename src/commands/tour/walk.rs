//! The five stages in a row.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::super::cli::{self, Cli, Command, Shared};
use super::super::fail::{self, Failure, Result};
use super::super::out::Out;
use super::super::settings::Files;
use super::super::{eval, prepare, quantize, signals, train};
use super::route::{Route, preview, shell};
use super::told::{Row, Told, Voice, row, text};
use crate::engine::generate::{Conversation, Plan as Chat};
use crate::engine::load::Speaker;
use crate::engine::ops::Executor;
use crate::event::{Control, Silent};
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

fn not_a_stage() -> fail::Error {
    Failure::usage("a line of the tour names another command").into()
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
    let loaded = engine::load::open(&route.gguf())?;
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

fn speak(loaded: &Speaker, plan: &Chat, prompt: &str, control: &Control) -> Result<String> {
    let executor =
        Executor::choose(&plan.device, &plan.cpu, plan.threads)?.in_precision(plan.precision);
    let mut talk = Conversation::new(loaded, &executor, plan)?;
    Ok(talk.say(prompt, control, &Silent)?.text)
}

#[cfg(test)]
mod tests {
    use super::*;

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
