//! `eu init`: a few questions, or flags, and a commented recipe.

use std::path::{Path, PathBuf};

use dialoguer::{Confirm, Input, Select};

use super::cli::Shared;
use super::fail::{Failure, Result};
use super::out::Out;
use super::settings;
use crate::fault::Kind;
use crate::lang::Lang;
use crate::{data, disk, engine};

const EXAMPLES: &str = "\
Examples:
  eu init                                  asks, and writes recipe.toml
  eu init my.toml --langs eu24 --inputs crawl/ --size small --minutes 30
  eu prepare --recipe my.toml && eu train --recipe my.toml";

/// What can be typed after `eu init`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Recipe to write.
    #[arg(value_name = "FILE", default_value = "recipe.toml")]
    pub file: PathBuf,
    /// Languages: codes or sets (eu24, europe), with commas between.
    #[arg(long, value_name = "LANGS", value_delimiter = ',')]
    pub langs: Option<Vec<String>>,
    /// Text to prepare; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub inputs: Option<Vec<PathBuf>>,
    /// Folder for the prepared data.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Run directory.
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// Size of the model.
    #[arg(long, value_name = "SIZE", value_parser = SIZES.map(|size| size.name))]
    pub size: Option<String>,
    /// Minutes to train; 0: one pass over the text.
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<f64>,
    /// Type of the GGUF file.
    #[arg(long, value_name = "TYPE", value_parser = super::quantize::TYPES)]
    pub r#type: Option<String>,
}

/// A size of model that trains well with one learning rate.
struct Size {
    name: &'static str,
    about: &'static str,
    d_model: usize,
    n_layers: usize,
    n_heads: usize,
    n_kv_heads: usize,
    d_ff: usize,
    context: usize,
    vocab_size: usize,
    lr: f64,
}

/// d_ff is 8/3 of d_model, to a multiple of 64 (SwiGLU, arXiv 2002.05202); a head is 64 wide;
/// learning rates fall with width, as muP has it (arXiv 2203.03466).
const SIZES: [Size; 3] = [
    Size {
        name: "tiny",
        about: "minutes on a laptop, to see everything work",
        d_model: 256,
        n_layers: 6,
        n_heads: 4,
        n_kv_heads: 2,
        d_ff: 704,
        context: 256,
        vocab_size: 16_384,
        lr: 2e-3,
    },
    Size {
        name: "small",
        about: "hours on a workstation",
        d_model: 512,
        n_layers: 12,
        n_heads: 8,
        n_kv_heads: 4,
        d_ff: 1408,
        context: 512,
        vocab_size: 32_768,
        lr: 1e-3,
    },
    Size {
        name: "base",
        about: "days on a large machine",
        d_model: 768,
        n_layers: 16,
        n_heads: 12,
        n_kv_heads: 4,
        d_ff: 2048,
        context: 1024,
        vocab_size: 65_536,
        lr: 6e-4,
    },
];

/// Every answer.
struct Answers {
    langs: Vec<String>,
    inputs: Vec<PathBuf>,
    data: PathBuf,
    run: PathBuf,
    size: &'static Size,
    minutes: f64,
    kind: String,
}

/// Asks what was not given, where somebody can answer, and writes the recipe.
///
/// # Errors
/// When the file exists already, or an answer makes no sense.
pub fn run(args: &Args, shared: &Shared, out: &Out) -> Result<()> {
    let mut force = shared.force;
    if !force && args.file.exists() && out.may_ask() && !shared.dry_run {
        let question = format!("{} exists; replace it?", args.file.display());
        force = asked(
            Confirm::new()
                .with_prompt(question)
                .default(false)
                .interact(),
        )?;
    }
    if !force && !shared.dry_run {
        disk::refuse_existing(&args.file)?;
    }
    let answers = answer(args, out.may_ask())?;
    Lang::select(&answers.langs)?;
    let recipe = recipe(&answers, shared.seed.unwrap_or(1), &args.file);
    if shared.dry_run {
        return out.result(
            "plan/1",
            &serde_json::json!({"command": "init", "plan": recipe}),
            || recipe.clone(),
        );
    }
    disk::replace_bytes(&args.file, recipe.as_bytes())?;
    let report = serde_json::json!({"file": args.file});
    let name = args.file.display();
    out.say(&format!(
        "next: eu prepare --recipe {name} && eu train --recipe {name}"
    ));
    out.result("init/1", &report, || format!("{name}\n"))
}

/// Each answer from its flag, else from whoever sits there, else its default.
fn answer(args: &Args, ask: bool) -> Result<Answers> {
    let (data, train) = (data::Plan::default(), engine::train::Plan::default());
    let text = |given: Option<String>, question: &str, default: &str| match given {
        Some(given) => Ok(given),
        None if ask => asked(
            Input::new()
                .with_prompt(question)
                .default(default.to_string())
                .interact_text(),
        ),
        None => Ok(default.to_string()),
    };
    let path = |given: &Option<PathBuf>| given.as_ref().map(|p| p.display().to_string());
    let list = |text: String| {
        text.split(',')
            .map(|s| s.trim().to_string())
            .collect::<Vec<_>>()
    };
    let langs = args.langs.as_ref().map(|langs| langs.join(","));
    let langs = text(
        langs,
        "languages (codes, eu24, europe)",
        &data.langs.join(","),
    )?;
    let inputs = match &args.inputs {
        Some(inputs) => inputs.clone(),
        None => {
            let typed = text(None, "text to prepare (paths, with commas between)", "text")?;
            list(typed).into_iter().map(PathBuf::from).collect()
        }
    };
    let folder = text(
        path(&args.data),
        "folder for the prepared data",
        &data.output.display().to_string(),
    )?;
    let run = text(
        path(&args.run),
        "run directory",
        &train.output.display().to_string(),
    )?;
    let size = match &args.size {
        Some(name) => SIZES.iter().find(|size| size.name == name),
        None if ask => {
            let rows = SIZES.iter().map(|s| format!("{}: {}", s.name, s.about));
            let question = Select::new()
                .with_prompt("size of the model")
                .items(rows)
                .default(0);
            SIZES.get(asked(question.interact())?)
        }
        None => SIZES.first(),
    };
    let minutes = match args.minutes {
        Some(minutes) => minutes,
        None if ask => asked(
            Input::new()
                .with_prompt("minutes to train (0: one pass over the text)")
                .default(0.0)
                .interact_text(),
        )?,
        None => 0.0,
    };
    if !(minutes.is_finite() && minutes >= 0.0) {
        return Err(Failure::usage(format!("{minutes} minutes make no sense")).into());
    }
    Ok(Answers {
        langs: list(langs),
        inputs,
        data: folder.into(),
        run: run.into(),
        size: size.unwrap_or(&SIZES[0]),
        minutes,
        kind: args
            .r#type
            .clone()
            .unwrap_or_else(|| engine::quant::Plan::default().r#type),
    })
}

/// An answer, or the end: who closes the terminal or presses Escape wants no recipe.
fn asked<T>(answer: dialoguer::Result<T>) -> Result<T> {
    Ok(answer.map_err(|e| {
        Failure::new(Kind::Interrupted, format!("no answer: {e}"))
            .hint("every question is also a flag: eu init --help")
    })?)
}

/// The recipe: sections of the five commands, the keys that were asked about first, all others
/// as comments with their defaults.
fn recipe(answers: &Answers, seed: u64, file: &Path) -> String {
    let size = answers.size;
    let string = |path: &Path| toml::Value::from(path.display().to_string()).to_string();
    let paths = |paths: &[PathBuf]| {
        let items: Vec<String> = paths.iter().map(|p| string(p)).collect();
        format!("[{}]", items.join(", "))
    };
    let langs = toml::Value::from(answers.langs.clone()).to_string();
    let (data, run) = (string(&answers.data), string(&answers.run));
    let minutes = match answers.minutes {
        0.0 => String::new(),
        minutes => format!("minutes = {minutes:?}\n"),
    };
    let mut text = format!(
        "# A recipe of Europium: what `eu` does with --recipe {name}.\n\
         # A flag or EU_<KEY> in the environment beats what is written here; a key that is left\n\
         # out has its default, shown after `#`. Paths are seen from where eu is started.\n\n\
         # Seed of every random choice, of every command.\nseed = {seed}\n",
        name = file.display()
    );
    let sections: [(&str, &str, String); 5] = [
        (
            "prepare",
            "Text to tokens: eu prepare",
            format!(
                "inputs = {}\noutput = {data}\nlangs = {langs}\nvocab_size = {}\n",
                paths(&answers.inputs),
                size.vocab_size
            ),
        ),
        (
            "train",
            "Tokens to a model: eu train",
            format!(
                "data = {data}\noutput = {run}\n{minutes}# size: {}, {}\nd_model = {}\n\
                 n_layers = {}\nn_heads = {}\nn_kv_heads = {}\nd_ff = {}\ncontext = {}\nlr = {:?}\n",
                size.name,
                size.about,
                size.d_model,
                size.n_layers,
                size.n_heads,
                size.n_kv_heads,
                size.d_ff,
                size.context,
                size.lr
            ),
        ),
        (
            "eval",
            "Bits per byte of each language: eu eval",
            format!("model = {run}\ndata = [{data}]\nlangs = {langs}\n"),
        ),
        (
            "quantize",
            "A GGUF file for llama.cpp and ollama: eu quantize",
            format!(
                "model = {run}\ntype = \"{}\"\ndata = [{data}]\n",
                answers.kind
            ),
        ),
        ("chat", "Talk to it: eu chat", format!("model = {run}\n")),
    ];
    for (section, title, keys) in sections {
        text.push_str(&format!("\n# {title}\n[{section}]\n{keys}"));
        text.push_str(&other_keys(section, &keys));
    }
    text
}

/// The keys of a section that `written` leaves out, as comments.
fn other_keys(section: &str, written: &str) -> String {
    let names = |line: &str| {
        Some(
            line.split_once(" = ")?
                .0
                .trim_start_matches("# ")
                .to_string(),
        )
    };
    let mut known: Vec<String> = written.lines().filter_map(names).collect();
    // Not for recipes: what belongs to one call, and the key above all sections.
    known.extend(["force", "resume", "seed"].map(String::from));
    let mut text = String::new();
    for (key, default) in settings::defaults(section) {
        if known.contains(&key) {
            continue;
        }
        match default {
            Some(value) => text.push_str(&format!("# {key} = {value}\n")),
            None => text.push_str(&format!("# {key} = (none)\n")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_one_a_model_can_have() {
        for size in &SIZES {
            assert_eq!(size.d_model % size.n_heads, 0, "{}", size.name);
            assert_eq!(size.d_model / size.n_heads, 64, "{}", size.name);
            assert_eq!(size.n_heads % size.n_kv_heads, 0, "{}", size.name);
            assert!(size.d_ff.is_multiple_of(64), "{}", size.name);
            let wide = size.d_ff as f64 / size.d_model as f64;
            assert!((wide - 8.0 / 3.0).abs() < 0.15, "{}", size.name);
        }
    }
}
