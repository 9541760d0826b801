//! Completions and manual pages in the repository are those the program makes.

use std::collections::BTreeMap;
use std::path::Path;

use europium::commands::{completions, man};

/// Every generated file with its bytes.
fn fresh() -> BTreeMap<String, Vec<u8>> {
    let scripts = completions::FILES
        .map(|(shell, name)| (format!("completions/{name}"), completions::script(shell)));
    let pages = man::pages()
        .into_iter()
        .map(|(name, page)| (format!("man/{name}"), page));
    scripts.into_iter().chain(pages).collect()
}

#[test]
fn generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = fresh();
    if std::env::var_os("BLESS").is_some() {
        for folder in ["completions", "man"] {
            let _ = std::fs::remove_dir_all(root.join(folder));
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for (name, bytes) in &fresh {
            std::fs::write(root.join(name), bytes).unwrap();
        }
    }
    let mut stale = Vec::new();
    for (name, bytes) in &fresh {
        if std::fs::read(root.join(name)).ok().as_deref() != Some(bytes) {
            stale.push(name.clone());
        }
    }
    for folder in ["completions", "man"] {
        for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().display());
            if !fresh.contains_key(&name) {
                stale.push(name);
            }
        }
    }
    assert!(
        stale.is_empty(),
        "stale: {}\nrenew them with: BLESS=1 cargo test generated",
        stale.join(" ")
    );
}

#[test]
fn every_shell_completes_every_command() {
    for (shell, _) in completions::FILES {
        let script = String::from_utf8(completions::script(shell)).unwrap();
        for word in ["prepare", "quantize", "dry-run", "warmup-share"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn every_command_has_a_page_with_examples() {
    let pages = man::pages();
    for name in ["eu.1", "eu-train.1", "eu-prepare-filter.1", "eu-man.1"] {
        let (_, page) = pages.iter().find(|(file, _)| file == name).unwrap();
        let page = str::from_utf8(page).unwrap();
        assert!(page.contains(".SH EXAMPLES\n"), "{name}");
        assert!(page.contains(".SH SYNOPSIS\n"), "{name}");
    }
}
