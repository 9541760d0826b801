//! A model file that another program cuts or replaces while it is mapped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::program::Place;
use crate::terminal::{Screen, Terminal};
use crate::trained::Trained;

/// A conversation with `model.gguf` on a terminal, of which one answer has come; none where the
/// system has no such terminal.
fn talking(place: &Place) -> Option<(Terminal, PathBuf)> {
    Trained::shared().copy("model.gguf", place);
    let args = "chat model.gguf --temperature 0 --max-tokens 4 --no-history";
    let Some(mut terminal) = Terminal::run(place, args, 24, 80) else {
        eprintln!("skipped: no terminal to be had here");
        return None;
    };
    terminal.shows("Enter sends");
    terminal.press("a\r");
    terminal.until("answer", |screen| n_answers(screen) == 1);
    Some((terminal, place.path().join("model.gguf")))
}

fn cut(path: &Path) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(0).unwrap();
}

fn n_answers(screen: &Screen) -> usize {
    screen.text().matches("largest length").count()
}

#[test]
fn a_model_that_is_cut_while_it_is_mapped_ends_with_3_and_gives_the_terminal_back() {
    let place = Place::new();
    let Some((mut terminal, path)) = talking(&place) else {
        return;
    };
    cut(&path);
    terminal.press("b\r");
    let (screen, before, after) = terminal.end();
    let text = screen.text();
    assert!(text.contains("left with 3"), "{text}");
    assert!(
        text.contains("error: model.gguf: was cut or changed while it was read\nhint: "),
        "{text}"
    );
    assert!(!screen.is_alternate && screen.is_cursor_shown, "{text}");
    assert_eq!(before, after, "the terminal is as it was");
}

#[test]
fn a_model_that_is_replaced_while_it_is_mapped_is_used_as_it_was() {
    let place = Place::new();
    let Some((mut terminal, path)) = talking(&place) else {
        return;
    };
    let other = place.write("other.gguf", b"GGUF, but not for long");
    fs::rename(other, path).unwrap();
    terminal.press("b\r");
    terminal.until("second answer", |screen| n_answers(screen) == 2);
    terminal.press("\u{3}\u{3}");
    let (screen, _, _) = terminal.end();
    assert!(screen.text().contains("left with 0"), "{}", screen.text());
}

#[test]
fn a_model_that_is_cut_under_a_filter_is_an_error_like_any_other() {
    let place = Place::new();
    Trained::shared().copy("model.gguf", &place);
    Trained::shared().copy("run/model", &place);
    for (model, file) in [
        ("model.gguf", "model.gguf"),
        ("run/model", "run/model/model.safetensors"),
    ] {
        let mut child = place
            .command(&["chat", model, "--raw", "--json", "-v", "--max-tokens=4"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // The model is loaded when it says so; the question is waited for.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains(", seed ") {
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
        }
        cut(&place.path().join(file));
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"a").unwrap();
        drop(stdin);
        stderr.read_to_string(&mut said).unwrap();
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(3), "{said}");
        let message = format!("{file}: was cut or changed while it was read");
        assert!(
            said.contains(&format!("error: {message}\nhint: ")),
            "{said}"
        );
        let out = String::from_utf8(done.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!(last["schema"], "error/1");
        assert_eq!(
            (&last["code"], &last["kind"]),
            (&3.into(), &"damaged".into())
        );
        assert!(
            last["message"].as_str().unwrap().ends_with(&message),
            "{last}"
        );
    }
}
