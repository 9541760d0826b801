//! A walk of `eu prepare` that is killed anywhere goes on to the very same bytes, and shards of it
//! merge to them.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::program::Place;

/// Kills of one walk. `EU_KILLS=20` makes it as many as were once asked for.
const KILLS: u32 = 6;

/// Some hundred records in three languages, with copies, damage and personal data.
fn with_input() -> Place {
    let place = Place::new();
    let words = [
        "rock", "sea", "wind", "field", "house", "river", "stone", "light", "bread",
    ];
    for file in 0..12 {
        let mut lines = String::new();
        for i in 0..60 {
            // Every tenth text is that of another file; the others differ in order and number.
            let key = if i % 10 == 0 { i } else { file * 1000 + i * 7 };
            let text: Vec<String> = (0..80)
                .map(|w| {
                    format!(
                        "{} {}",
                        words[(key * 31 + w * w + key / 7) % 9],
                        (key + w) % 97
                    )
                })
                .collect();
            let lang = ["eng_Latn", "deu_Latn", "mlt_Latn"][key % 3];
            let text = format!("{}. Write to a{key}@example.org.", text.join(" "));
            let line = serde_json::json!({"id": format!("{file}-{i}"), "lang": lang, "text": text,
                "u": format!("http://example.org/{key}")});
            lines.push_str(&format!("{line}\n"));
        }
        lines.push_str("{\"text\": broken\n");
        place.write(&format!("in/{file:02}.jsonl"), lines);
    }
    place
}

const ARGS: [&str; 11] = [
    "prepare",
    "in",
    "-o",
    "data",
    "--trust-labels",
    "--filter=false",
    "--unit-bytes=20K",
    "--vocab-size=600",
    "--heldout-share=0.1",
    "--langs=en,de,mt",
    "-q",
];

/// Every file of the output but the manifest, which holds the time, and what is hidden.
fn contents(place: &Place) -> Vec<(PathBuf, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => found.push(path),
            }
        }
    }
    let root = place.path().join("data");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let files = files
        .into_iter()
        .filter(|path| !path.ends_with("manifest.json"));
    files
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (path.strip_prefix(&root).unwrap().to_path_buf(), bytes)
        })
        .collect()
}

#[track_caller]
fn assert_same(one: &[(PathBuf, Vec<u8>)], other: &[(PathBuf, Vec<u8>)], why: &str) {
    let names = |files: &[(PathBuf, Vec<u8>)]| -> Vec<PathBuf> {
        files.iter().map(|(path, _)| path.clone()).collect()
    };
    assert_eq!(names(one), names(other), "{why}");
    for ((path, a), (_, b)) in one.iter().zip(other) {
        assert!(a == b, "{why}: {} differs", path.display());
    }
}

#[test]
fn a_walk_killed_again_and_again_ends_in_the_same_bytes() {
    let whole = with_input();
    let began = Instant::now();
    let ran = whole.run(&ARGS);
    ran.code(0);
    let took = began.elapsed();
    let expected = contents(&whole);
    assert!(
        expected
            .iter()
            .any(|(path, _)| path.starts_with("dropped/damaged"))
    );
    let kills = std::env::var("EU_KILLS").ok().and_then(|n| n.parse().ok());
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = clock.subsec_nanos();
    let broken = with_input();
    let mut n_killed = 0;
    for round in 0..kills.unwrap_or(KILLS) {
        // All over the time the whole walk takes: later kills find more that is done.
        let share = (seed.wrapping_mul(2_654_435_761).wrapping_add(round * 618)) % 1000;
        let mut child = broken.command(&ARGS).spawn().unwrap();
        std::thread::sleep(
            took.mul_f64(f64::from(share) / 1000.0)
                .max(Duration::from_millis(3)),
        );
        let _ = child.kill(); // it may have ended before
        let ended = child.wait().unwrap();
        n_killed += u32::from(ended.signal() == Some(9));
        if broken.path().join("data").exists() {
            assert_same(
                &expected,
                &contents(&broken),
                &format!("seed {seed}, {round}"),
            );
            std::fs::remove_dir_all(broken.path().join("data")).unwrap();
        }
    }
    assert!(n_killed > 0);
    broken.run(&ARGS).code(0);
    assert_same(&expected, &contents(&broken), &format!("seed {seed}"));
    assert!(
        !broken.path().join("data.work").exists(),
        "the work is cleared away"
    );
}

#[test]
fn shards_of_an_array_job_merge_to_the_bytes_of_one_walk() {
    let whole = with_input();
    whole.run(&ARGS).code(0);
    let shared = with_input();
    for shard in ["--shard=2/3", "--shard=3/3", "--shard=1/3"] {
        let mut args = ARGS.to_vec();
        args.push(shard);
        shared.run(&args).code(0);
        assert!(!shared.path().join("data").exists());
    }
    shared.run(&ARGS).code(0);
    assert_same(&contents(&whole), &contents(&shared), "shards");
}
