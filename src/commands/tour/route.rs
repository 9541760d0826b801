//! Where everything of a tour lies, and the command lines that make it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::super::cli::Shared;
use super::super::preview::Preview;

/// Where everything lies, and the command lines that make it.
pub(super) struct Route<'a> {
    pub(super) dir: PathBuf,
    pub(super) minutes: f64,
    pub(super) shared: &'a Shared,
}

impl Route<'_> {
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn gguf(&self) -> PathBuf {
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

    pub(super) fn prepare(&self) -> Vec<OsString> {
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

    pub(super) fn train(&self) -> Vec<OsString> {
        let minutes = self.minutes.to_string();
        let shape = "--d-model 256 --n-layers 2 --n-heads 4 --n-kv-heads 2 --d-ff 768";
        let pace = "--context 128 --batch 8 --lr 0.003";
        let mut words = vec!["train", "--minutes", &minutes];
        words.extend(shape.split(' ').chain(pace.split(' ')));
        self.line(&words, &[("", self.at("data")), ("-o", self.at("run"))])
    }

    pub(super) fn eval(&self) -> Vec<OsString> {
        let paths = [
            ("", self.at("run")),
            ("--data", self.at("data")),
            ("-o", self.at("results")),
        ];
        self.line(&["eval"], &paths)
    }

    pub(super) fn quantize(&self) -> Vec<OsString> {
        let paths = [
            ("", self.at("run")),
            ("--data", self.at("data")),
            ("-o", self.gguf()),
        ];
        self.line(&["quantize", "--type", "q4_k_m"], &paths)
    }

    pub(super) fn chat(&self, prompt: &str) -> Vec<OsString> {
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

/// A command line as a shell takes it.
pub(super) fn shell(line: &[OsString]) -> String {
    line.iter()
        .map(|word| quoted(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// What `--dry-run` shows: the command lines.
pub(super) fn preview(route: &Route<'_>) -> Preview<BTreeMap<&'static str, Vec<String>>> {
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
    use super::super::super::cli::{self, Command};
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
}
