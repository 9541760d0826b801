//! A run that was killed, stopped or asked for a checkpoint goes on to the very same bytes.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{Place, Ran};
use crate::trained::{Trained, train};

const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// The end of a process that was started from [`Place::command`].
fn end(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A place with prepared data and no run.
fn with_data() -> Place {
    let place = Place::new();
    Trained::shared().copy("data", &place);
    place
}

/// Names of the checkpoints of `run/`, oldest first.
fn checkpoints(place: &Place) -> Vec<PathBuf> {
    let folder = place.path().join("run/checkpoints");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            !path
                .file_name()
                .unwrap()
                .as_encoded_bytes()
                .starts_with(b".")
        })
        .collect();
    found.sort();
    found
}

/// Events of `run/` that are of a kind.
fn n_events(place: &Place, kind: &str) -> usize {
    let text = std::fs::read_to_string(place.path().join("run/events.ndjson")).unwrap_or_default();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|event| event["event"] == kind).count()
}

/// The finished model, and weights, moments and position of the last checkpoint.
fn result(place: &Place) -> Vec<(&'static str, Vec<u8>)> {
    let last = checkpoints(place).pop().expect("a checkpoint");
    let model = place.path().join("run/model/model.safetensors");
    let read =
        |path: &Path| std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let state = |name| read(&last.join(name));
    vec![
        ("model", read(&model)),
        ("checkpoint", state("model.safetensors")),
        ("first moments", state("state/m.safetensors")),
        ("second moments", state("state/v.safetensors")),
        ("position", state("state/state.json")),
    ]
}

#[track_caller]
fn assert_same(one: &Place, other: &Place, why: &str) {
    for ((what, a), (_, b)) in result(one).into_iter().zip(result(other)) {
        assert!(a == b, "{why}: {what} differs");
    }
}

/// Nothing half written is left in the run.
#[track_caller]
fn assert_tidy(place: &Place) {
    for folder in ["run", "run/checkpoints"] {
        for entry in std::fs::read_dir(place.path().join(folder)).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(!name.as_encoded_bytes().starts_with(b"."), "{name:?}");
        }
    }
}

#[test]
fn a_run_killed_again_and_again_ends_in_the_same_bytes() {
    let args = train(&["--steps=120", "--checkpoint-every=6", "--threads=1"]);
    let whole = with_data();
    whole.run(&args).code(0);
    let broken = with_data();
    let mut resume = args.clone();
    resume.push("--resume");
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    let mut kills = Vec::new();
    for round in 0..5u32 {
        let before = checkpoints(&broken).pop();
        let again = if round == 0 { &args } else { &resume };
        let mut child = broken.command(again).spawn().unwrap();
        if round == 0 {
            // Before the first checkpoint there is only the recipe.
            wait_for("a recipe", || {
                broken.path().join("run/recipe.toml").exists()
            });
        } else {
            let mut ended = false;
            wait_for("a checkpoint", || {
                ended = child.try_wait().unwrap().is_some();
                ended || checkpoints(&broken).pop() > before
            });
            // Anywhere: between steps, in a step, while the next checkpoint is written.
            let ms = (seed >> (4 * round)) % 50;
            std::thread::sleep(Duration::from_millis(ms.into()));
            kills.push(ms);
        }
        child.kill().unwrap();
        let ran = end(child);
        assert!(matches!(ran.code, None | Some(0)), "{}", ran.stderr);
        if ran.code == Some(0) {
            break; // faster than we are
        }
    }
    broken.run(&resume).code(0);
    assert_same(&whole, &broken, &format!("killed after {kills:?} ms"));
    assert_tidy(&broken);
    assert_eq!(n_events(&broken, "ended"), 1, "killed runs do not end");
    let n_started = n_events(&broken, "train_started");
    assert!(
        n_started > kills.len(),
        "{n_started} starts, killed after {kills:?} ms"
    );
}

#[test]
fn a_line_of_the_log_that_was_never_finished_takes_no_other_with_it() {
    let args = train(&["--steps=8", "--checkpoint-every=4"]);
    let place = with_data();
    place.run(&args).code(0);
    let path = place.path().join("run/events.ndjson");
    let log = std::fs::read(&path).unwrap();
    std::fs::write(&path, &log[..log.len() - 5]).unwrap();
    let mut resume = args.clone();
    resume.push("--resume");
    place.run(&resume).code(0);
    assert_eq!(n_events(&place, "train_started"), 2);
    assert_eq!(n_events(&place, "ended"), 1, "of the first run half a line");
}

#[test]
fn a_run_stopped_by_a_signal_says_how_to_go_on_and_that_works() {
    let args = train(&["--steps=60", "--checkpoint-every=0"]);
    let whole = with_data();
    whole.run(&args).code(0);
    for signal in [Signal::INT, Signal::TERM] {
        let stopped = with_data();
        let mut with_json = args.clone();
        with_json.push("--json");
        let child = stopped.command(&with_json).spawn().unwrap();
        wait_for("a step", || n_events(&stopped, "step") > 0);
        send(&child, signal);
        let ran = end(child).code(6);
        let error = ran.object("error/1");
        assert_eq!(error["code"], 6);
        assert_eq!(error["kind"], "interrupted");
        ran.says("error: stopped after step ").says(" of 60");
        assert_eq!(checkpoints(&stopped).len(), 1);
        assert_eq!(n_events(&stopped, "ended"), 1);
        assert!(!stopped.path().join("run/model").exists());
        assert_tidy(&stopped);
        let hint = error["hint"].as_str().unwrap();
        let command = hint.split('`').nth(1).expect("a command in the hint");
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(words[..3], ["eu", "train", "--resume"]);
        stopped.run(&words[1..]).code(0);
        assert_same(&whole, &stopped, "after a signal");
        let again = stopped.run(&words[1..]).code(0);
        assert_same(
            &whole,
            &stopped,
            &format!("resumed when finished: {}", again.stderr),
        );
    }
}

#[test]
fn a_checkpoint_is_saved_when_a_signal_asks_for_it() {
    let place = with_data();
    let args = train(&["--steps=100000", "--checkpoint-every=0"]);
    let child = place.command(&args).spawn().unwrap();
    wait_for("a step", || n_events(&place, "step") > 0);
    assert!(checkpoints(&place).is_empty());
    send(&child, Signal::USR1);
    wait_for("a checkpoint", || !checkpoints(&place).is_empty());
    let at = n_events(&place, "step");
    wait_for("the run to go on", || n_events(&place, "step") > at);
    send(&child, Signal::INT);
    end(child).code(6);
    assert_eq!(
        checkpoints(&place).len(),
        2,
        "the one asked for, the one at the end"
    );
    assert_eq!(n_events(&place, "saved"), 2);
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = with_data();
        // Steps so large that the first signal finds the run inside of one.
        let mut args = train(&["--steps=1000", "--batch=1024", "--micro-batch=64"]);
        args.retain(|arg| *arg != "--batch=4" && *arg != "-q");
        let child = place.command(&args).spawn().unwrap();
        wait_for("a step", || n_events(&place, "step") > 0);
        send(&child, signal);
        std::thread::sleep(Duration::from_millis(20));
        send(&child, signal);
        end(child)
            .code(code)
            .says("stopping after the step in hand");
        assert!(checkpoints(&place).is_empty(), "it waited for nothing");
        // What it left is a run all the same.
        let mut more = train(&[
            "--steps=1000",
            "--batch=1024",
            "--micro-batch=64",
            "--resume",
        ]);
        more.retain(|arg| *arg != "--batch=4");
        more.push("-n");
        place.run(&more).code(0);
    }
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_one_before() {
    let args = train(&["--steps=12", "--checkpoint-every=4"]);
    let (whole, broken) = (with_data(), with_data());
    whole.run(&args).code(0);
    broken.run(&args).code(0);
    let last = checkpoints(&broken).pop().unwrap();
    let moments = last.join("state/v.safetensors");
    let mut bytes = std::fs::read(&moments).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&moments, bytes).unwrap();
    let mut resume = args.clone();
    resume.push("--resume");
    broken
        .run(&resume)
        .code(0)
        .says("state/v.safetensors: passed over, its checkpoint is damaged");
    assert_same(&whole, &broken, "resumed from the checkpoint before");
}

#[test]
fn a_run_cannot_be_resumed_as_another() {
    let place = with_data();
    place.run(&train(&["--steps=4"])).code(0);
    let resume = |more: &[&str]| place.run(&train(&[&["--resume"], more].concat()));
    resume(&["--steps=8"])
        .code(2)
        .says("cannot resume with steps = 8: the run was begun with 4")
        .says("hint: ");
    resume(&["--lr=0.5"]).code(2).says("cannot resume with lr");
    place
        .run(&["train", "data", "-o", "other", "--resume"])
        .code(4)
        .says("other: no run to resume")
        .says("hint: ");
    assert!(!place.path().join("other").exists());
}
