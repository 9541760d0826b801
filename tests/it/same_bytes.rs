//! The same input and seed give the same bytes, whatever the number of threads; and the input
//! may be a pipe that nobody writes to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::program::{Place, finish};
use crate::trained::{PREPARE, Trained, corpus, train};

/// Every file below a folder but the manifests, which tell the time and the settings.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = europium::disk::walk(folder).unwrap();
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_path_buf();
    files
        .iter()
        .filter(|path| !path.ends_with("manifest.json"))
        .map(|path| (name(path), std::fs::read(path).unwrap()))
        .collect()
}

#[track_caller]
fn assert_same(one: &Path, other: &Path, except: &[&str]) {
    let (one, other) = (contents(one), contents(other));
    assert!(
        one.keys().eq(other.keys()),
        "{:?}\n{:?}",
        one.keys(),
        other.keys()
    );
    for (name, bytes) in one {
        let is_same = bytes == other[&name];
        let is_excepted = except.iter().any(|e| name.ends_with(e));
        assert!(is_same || is_excepted, "{} differs", name.display());
    }
}

#[test]
fn prepare_gives_the_same_bytes_with_one_thread_and_with_two() {
    let places = ["--threads=1", "--threads=2", "--threads=2"].map(|threads| {
        let place = Place::new();
        corpus(place.path());
        let mut args = PREPARE.to_vec();
        args.push(threads);
        place.run(&args).code(0);
        place
    });
    let data = places.each_ref().map(|place| place.path().join("data"));
    for name in [
        "tokenizer.json",
        "mix.json",
        "parity.json",
        "tokens/train/kat_Geor.bin",
    ] {
        assert!(data[0].join(name).is_file(), "{name}");
    }
    assert_same(&data[0], &data[1], &[]);
    assert_same(&data[1], &data[2], &[]);
}

#[test]
fn train_and_quantize_give_the_same_bytes_with_one_thread_and_with_two() {
    let places = ["--threads=1", "--threads=2"].map(|threads| {
        let place = Place::new();
        Trained::shared().copy("data", &place);
        let args = train(&["--steps=20", "--checkpoint-every=10", threads]);
        place.run(&args).code(0);
        place
    });
    let path = |i: usize, name: &str| places[i].path().join(name);
    // The recipe, the state and the log tell the number of threads, the log the time too.
    let told = ["state/state.json", "recipe.toml", "events.ndjson"];
    assert_same(&path(0, "run"), &path(1, "run"), &told);
    for kind in ["f16", "q8_0", "q4_k_m"] {
        let [one, two] = ["--threads=1", "--threads=2"].map(|threads| {
            let output = format!("gguf{threads}/{kind}.gguf");
            let kind = format!("--type={kind}");
            let args = ["quantize", "run", "-o", &output, &kind, threads];
            places[0].run(&args).code(0);
            std::fs::read(path(0, &output)).unwrap()
        });
        assert!(one == two, "{kind} differs");
    }
}

#[test]
fn another_seed_gives_another_model() {
    let [a, b] = ["--seed=1", "--seed=2"].map(|seed| {
        let place = Place::new();
        Trained::shared().copy("data", &place);
        place.run(&train(&["--steps=2", seed])).code(0);
        std::fs::read(place.path().join("run/model/model.safetensors")).unwrap()
    });
    assert!(a != b);
}

#[test]
fn chat_says_the_same_with_the_same_seed() {
    let (place, trained) = (Place::new(), Trained::shared());
    let model = trained.path("model.gguf").display().to_string();
    let say = |more: &[&str]| {
        let args = [&["chat", &model, "-p", "Alle Menschen sind", "--raw"], more].concat();
        place.run(&args).code(0).stdout
    };
    let (first, second) = (say(&["--seed", "1"]), say(&["--seed", "1"]));
    assert_eq!(first, second);
    assert!(first.trim().len() > 1, "{first:?}");
    assert_eq!(first, say(&["--seed", "1", "--threads", "1"]));
    assert_eq!(first, say(&["--seed", "1", "--threads", "2"]));
    assert_ne!(first, say(&["--seed", "2"]));
}

#[test]
fn a_prompt_is_answered_whatever_standard_input_is() {
    let (place, trained) = (Place::new(), Trained::shared());
    let model = trained.path("model.gguf").display().to_string();
    let args = [
        "chat",
        &model,
        "-p",
        "hi",
        "--raw",
        "--seed=1",
        "--max-tokens=8",
    ];
    let alone = place.run(&args).code(0).stdout;
    assert_eq!(place.pipe(b"\n", &args).code(0).stdout, alone, "echo |");
    assert_eq!(
        place.pipe(b"", &args).code(0).stdout,
        alone,
        "an empty pipe"
    );
    // A pipe that somebody holds open and never writes to.
    let began = Instant::now();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = place.command(&args);
    command.stdin(Stdio::from(reader));
    assert_eq!(finish(command, b"").code(0).stdout, alone);
    assert!(began.elapsed() < Duration::from_secs(20));
    drop(writer);
}
