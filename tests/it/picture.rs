//! The picture in the README is what the program draws from a recorded run.

use std::fs;
use std::path::Path;

use europium::event::Event;
use europium::tui::picture::{picture, picture_svg};
use europium::tui::train::State;

const EVENTS: &str = "tests/fixtures/tour-events.ndjson";
const PICTURE: &str = "docs/picture/dashboard.svg";
/// Columns and rows of the screen.
const SIZE: (u16, u16) = (100, 30);

fn recorded() -> State {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut state = State::default();
    for line in fs::read_to_string(root.join(EVENTS)).unwrap().lines() {
        state.update(&serde_json::from_str::<Event>(line).unwrap());
    }
    state
}

#[test]
fn the_picture_of_the_readme_is_what_the_program_draws() {
    let svg = picture_svg(&recorded(), SIZE.0, SIZE.1);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &svg).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == svg,
        "{PICTURE} is stale: BLESS=1 cargo test --test it picture"
    );
}

#[test]
fn the_recorded_run_is_whole_and_names_every_language() {
    let state = recorded();
    assert_eq!(state.outcome().unwrap().outcome, "done");
    assert_eq!(state.scores().count(), europium::lang::Lang::all().len());
    let text = picture(&state, SIZE.0, SIZE.1);
    assert!(text.contains("bits per byte"), "{text}");
}
