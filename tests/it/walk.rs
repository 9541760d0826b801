//! The five commands in a row on real text, in one folder; each fact checked from outside.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::Place;

/// A model that trains in a second: what is tested is the walk, not the model.
const SHAPE: [&str; 12] = [
    "--d-model=32",
    "--n-layers=2",
    "--n-heads=2",
    "--n-kv-heads=1",
    "--d-ff=64",
    "--context=64",
    "--batch=4",
    "--lr=0.002",
    "--seed=1",
    "--threads=2",
    "--plain",
    "--eval-tokens=200",
];

pub(crate) fn train(place: &Place, run: &str, steps: &str) -> Command {
    let mut args = vec!["train", "data", "-o", run, "--steps", steps];
    args.extend(SHAPE);
    place.command(&args)
}

fn prepared() -> Place {
    let place = Place::new();
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/corpus/udhr.jsonl.zst");
    let mut args = vec!["prepare", corpus, "-o", "data", "--langs", "de,mt,ka,fi"];
    args.extend(["--vocab-size", "800", "--filter=false", "--json", "-q"]);
    let report = place.run(&args).code(0).object("prepare/1");
    let sum = |counts: &serde_json::Value| -> u64 {
        counts
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum()
    };
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(
        count("n_seen"),
        count("n_kept") + count("n_heldout") + sum(&report["dropped"])
    );
    place
}

#[test]
fn text_becomes_a_model_that_is_scored_quantised_and_talks() {
    let place = prepared();
    assert!(
        train(&place, "run", "20")
            .output()
            .unwrap()
            .status
            .success()
    );

    let eval = place.run(&["eval", "run", "--json"]).code(0);
    assert_eq!(eval.stdout.lines().count(), 1, "one object");
    let scores = eval.object("eval/1");
    let bits = |i: usize| scores["scores"][i]["bits_per_byte"].as_f64().unwrap();
    assert!(bits(0) >= bits(1) && bits(1) >= bits(2), "worst first");
    let gated = place
        .run(&["eval", "run", "--max-worst-bpb", "0.1", "--json"])
        .code(5);
    assert_eq!(gated.object("error/1")["kind"], "gate");
    assert_eq!(
        gated.stdout.lines().count(),
        2,
        "the scores are shown all the same"
    );

    place
        .run(&["quantize", "run", "--type", "q8_0", "--data", "data", "-q"])
        .code(0);
    place
        .run(&["quantize", "run", "--type", "q8_0"])
        .code(2)
        .says("exists already");
    let gguf = "run/model-q8_0.gguf";
    let facts = place
        .run(&["inspect", gguf, "--json"])
        .code(0)
        .object("inspect/1");
    assert_eq!(facts["changed"], serde_json::json!([]));
    assert_eq!(facts["parents"][0]["role"], "model");

    for model in ["run", gguf] {
        let args = [
            "chat",
            model,
            "-p",
            "Alle Menschen sind",
            "--raw",
            "--seed",
            "1",
        ];
        let first = place.pipe(b"\n", &args).code(0).stdout;
        assert_eq!(
            first,
            place.run(&args).code(0).stdout,
            "{model}: same seed, same bytes"
        );
        assert!(!first.trim().is_empty());
    }
    let said = place
        .run(&["chat", gguf, "-p", "hi", "--json", "--max-tokens", "4"])
        .code(0);
    assert_eq!(said.object("chat/1")["model"], gguf);
    place.run(&["chat", gguf]).code(2).says("nothing was asked");
    let piped = place
        .pipe("Kaikki ihmiset".as_bytes(), &["chat", gguf, "--raw"])
        .code(0);
    assert!(!piped.stdout.is_empty());

    let watched = place.run(&["watch", "run", "--json"]).code(0);
    assert_eq!(watched.object("event/1")["event"], "ended");
    let run = place.run(&["inspect", "run"]).code(0).stdout;
    assert!(
        run.contains("training run") && run.contains("done"),
        "{run}"
    );

    place.write("run/model/config.json", "{}");
    place
        .run(&["inspect", "run/model"])
        .code(3)
        .says("not the bytes its manifest names");
}

#[test]
fn an_answer_does_not_wait_for_a_pipe_that_nobody_writes_to() {
    let place = prepared();
    assert!(train(&place, "run", "1").output().unwrap().status.success());
    let mut command = place.command(&["chat", "run", "-p", "hi", "--max-tokens", "2"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let held_open = child.stdin.take();
    let began = Instant::now();
    assert!(child.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(30));
    drop(held_open);
}

#[test]
fn a_run_that_is_stopped_says_how_to_go_on_and_does() {
    let place = prepared();
    let child = train(&place, "run", "1000000").spawn().unwrap();
    let events = place.path().join("run/events.ndjson");
    let began = Instant::now();
    while !std::fs::read_to_string(&events).is_ok_and(|text| text.contains("\"step\"")) {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "no step was made"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let signal = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signal.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(6), "{said}");
    assert!(
        said.contains("hint: go on with `eu train --resume -o run`"),
        "{said}"
    );
    let watched = place.run(&["watch", "run", "--json"]).code(0);
    assert_eq!(watched.object("event/1")["outcome"], "interrupted");
    place
        .run(&["train", "data", "-o", "run"])
        .code(2)
        .says("--resume");
}
