use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// A file of the test data, or none, said in a line.
#[allow(clippy::disallowed_methods, clippy::print_stderr)]
fn data(path: &str) -> Option<String> {
    let Some(root) = std::env::var_os("EU_TEST_DATA") else {
        eprintln!("skipped: EU_TEST_DATA names no folder with {path}");
        return None;
    };
    std::fs::read_to_string(PathBuf::from(root).join(path)).ok()
}

#[test]
fn python_stdnum_and_we_agree_on_its_numbers() {
    let Some(lines) = data("data/pii/idnumbers.jsonl") else {
        return;
    };
    let (mut agree, mut other) = (0, Vec::new());
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| row[name].as_str().unwrap();
        let valid = validate(field("country"), field("scheme"), field("number"));
        if valid == row["valid"].as_bool() {
            agree += 1;
        } else {
            other.push(format!("{line} -> {valid:?}"));
        }
    }
    let total = agree + other.len();
    assert!(
        total > 0 && other.len() * 200 <= total,
        "{} of {total}: {other:#?}",
        other.len()
    );
}

#[test]
fn every_form_has_an_end_and_a_digit() {
    for scheme in schemes() {
        for form in scheme.forms {
            assert!(form.len() <= 32 && form.contains(['9', '*']), "{scheme:?}");
            assert!(
                form.bytes().all(|b| b"9Aa* -./+".contains(&b)),
                "{scheme:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_text_breaks_a_check(text in any::<String>(), shaped in "[A-Z0-9/ .+-]{0,30}") {
        for scheme in schemes() {
            scheme.normal(&text);
            scheme.normal(&shaped);
        }
        iban(shaped.as_bytes());
        card(shaped.as_bytes());
    }
}
