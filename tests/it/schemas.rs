//! Every schema that the sources name is described in the reference.

use std::collections::BTreeSet;
use std::path::Path;

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// String literals of the form `"<words>/<number>"`, tests left out.
fn schemas(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let literals = code.split('"').skip(1).step_by(2);
    literals
        .filter(|text| {
            text.split_once('/').is_some_and(|(name, version)| {
                let named = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
                let numbered = version.bytes().all(|b| b.is_ascii_digit());
                !name.is_empty() && !version.is_empty() && named && numbered
            })
        })
        .map(String::from)
        .collect()
}

#[test]
fn every_schema_is_described_in_the_reference() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let reference = std::fs::read_to_string(root.join("docs/reference/json.md")).unwrap();
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let named: BTreeSet<String> = files.iter().flat_map(|source| schemas(source)).collect();
    assert!(
        named.contains("error/1") && named.contains("event/1"),
        "{named:?}"
    );
    let missing: Vec<&String> = named
        .iter()
        .filter(|schema| !reference.contains(&format!("`{schema}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "not in docs/reference/json.md: {missing:?}"
    );
}
