//! The walls of the house: which room may name which, and what no file may hold.

use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: [&str; 4] = ["commands", "tui", "engine", "data"];
const FRONTS: [&str; 11] = [
    "anyhow",
    "clap",
    "clap_complete",
    "clap_mangen",
    "dialoguer",
    "indicatif",
    "hf_hub",
    "hyper",
    "tokio",
    "crossterm",
    "ratatui",
];

/// What `room` must not name: rooms and crates.
fn banned(room: &str) -> Vec<&'static str> {
    let screens = ["crossterm", "ratatui"];
    match room {
        "commands" => vec![],
        "tui" => [&["commands", "engine", "data"][..], &FRONTS[..]]
            .concat()
            .into_iter()
            .filter(|name| !screens.contains(name))
            .collect(),
        "engine" => [&["commands", "tui", "data"][..], &FRONTS[..]].concat(),
        "data" => [
            &["commands", "tui", "engine", "candle_core"][..],
            &FRONTS[..],
        ]
        .concat(),
        _ => [&ROOMS[..], &FRONTS[..], &["candle_core"][..]].concat(), // the ground floor
    }
}

/// Every first name after `crate::`, groups included, and every crate root of a `use` or a path.
fn named(code: &str) -> Vec<String> {
    let is_ident = |c: char| c.is_alphanumeric() || c == '_';
    let ident = |s: &str| s.chars().take_while(|c| is_ident(*c)).collect::<String>();
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + 7..];
        match rest.strip_prefix('{') {
            None => names.push(ident(rest)),
            Some(group) => names.extend(first_names(group).into_iter().map(ident)),
        }
    }
    // `clap::Parser`, `use ratatui::…`: any path root, so that unused `use` lines hide nothing.
    for (at, _) in code.match_indices("::") {
        let root: String = code[..at]
            .chars()
            .rev()
            .take_while(|c| is_ident(*c))
            .collect();
        names.push(root.chars().rev().collect());
    }
    names
}

/// The text at the start of each entry of a `{…}` group whose opening brace is gone.
fn first_names(group: &str) -> Vec<&str> {
    let (mut depth, mut fresh, mut found) = (1, true, Vec::new());
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if c.is_whitespace() => {}
            _ if depth == 1 && fresh => {
                found.push(&group[i..]);
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Code without comments, and without the tests at the end of the file.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    text.lines()
        .map(|l| l.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Files that are modules of tests only: `#[cfg(test)] mod name;` in the file above them.
fn test_modules(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in files {
        let text = fs::read_to_string(path).unwrap();
        let folder = match path.file_stem().unwrap().to_str().unwrap() {
            "mod" | "lib" | "main" => path.parent().unwrap().to_path_buf(),
            stem => path.with_file_name(stem),
        };
        for (at, marker) in text.match_indices("#[cfg(test)]\n") {
            let line = text[at + marker.len()..].lines().next().unwrap_or("");
            let name = line.trim().trim_start_matches("pub(crate) ");
            let name = name.strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
            found.extend(name.map(|name| folder.join(format!("{name}.rs"))));
        }
    }
    found
}

/// Each source file with its room (or, on the ground floor, its own name) and its text; tests
/// are no part of the house.
fn sources() -> Vec<(PathBuf, String, String)> {
    let src = root().join("src");
    let files = rust_files(&src);
    let tests = test_modules(&files);
    files
        .into_iter()
        .filter(|path| !tests.contains(path))
        .map(|path| {
            let first = path
                .strip_prefix(&src)
                .unwrap()
                .components()
                .next()
                .unwrap();
            let room = first
                .as_os_str()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_string();
            let text = fs::read_to_string(&path).unwrap();
            (path, room, text)
        })
        .collect()
}

#[test]
fn no_room_reaches_through_a_wall() {
    let mut breaches = Vec::new();
    for (path, room, text) in sources() {
        if room == "main" || room == "lib" {
            continue;
        }
        for name in named(&code(&text)) {
            if banned(&room).contains(&name.as_str()) && name != room {
                breaches.push(format!("{}: {room} must not know {name}", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_grouped_import_is_seen() {
    let names = named("use crate::{event::{Event, tui}, tui::App, data}; clap::Parser::parse()");
    for name in ["event", "tui", "data", "clap"] {
        assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
    }
    assert!(!named("use crate::event;").iter().any(|n| n == "tui"));
}

#[test]
fn unsafe_stays_in_its_rooms_and_says_why() {
    let mut breaches = Vec::new();
    for (path, _, text) in sources() {
        let name = path.to_string_lossy().replace('\\', "/");
        let allowed = name.contains("/engine/ops/")
            || name.contains("/engine/cuda/")
            || name.contains("src/disk");
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if !(code.contains("unsafe {") || code.contains("unsafe impl")) {
                continue;
            }
            let near = &lines[i.saturating_sub(6)..=i];
            if !allowed || !near.iter().any(|l| l.contains("SAFETY")) {
                breaches.push(format!("{name}:{}: {}", i + 1, line.trim()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn only_out_prints_only_disk_renames_only_pull_connects_only_serve_listens() {
    let rules: [(&str, &[&str]); 4] = [
        (
            "commands/out",
            &["println!", "print!(", "eprintln!", "eprint!("],
        ),
        ("src/disk", &["fs::rename", "File::create", "fs::write("]),
        ("commands/pull", &["hf_hub::api", "TcpStream", "ureq::"]),
        ("commands/serve", &["TcpListener", "tokio::net", "hyper::"]),
    ];
    let mut breaches = Vec::new();
    for (path, _, text) in sources() {
        let name = path.to_string_lossy().replace('\\', "/");
        for (owner, words) in rules {
            if name.contains(owner) {
                continue;
            }
            for word in words.iter().filter(|word| code(&text).contains(**word)) {
                breaches.push(format!("{name}: {word} belongs in {owner}"));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_long_file_says_why_in_its_first_comment() {
    let mut breaches = Vec::new();
    for (path, _, text) in sources() {
        let n_lines = text.lines().count();
        let head = text.lines().take(12).collect::<Vec<_>>().join(" ");
        if n_lines > 500 && !head.contains("One file because") {
            breaches.push(format!("{}: {n_lines} lines", path.display()));
        }
    }
    assert!(
        breaches.is_empty(),
        "split, or say 'One file because …':\n{}",
        breaches.join("\n")
    );
}

#[test]
fn no_drawer_without_a_noun_and_no_unkept_promise() {
    let mut breaches = Vec::new();
    for (path, _, text) in sources() {
        let stem = path.file_stem().unwrap().to_string_lossy().to_string();
        if ["utils", "util", "common", "helpers", "misc"].contains(&stem.as_str()) {
            breaches.push(format!("{}: a drawer", path.display()));
        }
        for word in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!("] {
            if text.contains(word) {
                breaches.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}
