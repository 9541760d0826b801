//! Answers of a certain form: grammars, schemas, stop texts, stages of the choice.

use crate::program::Place;
use crate::trained::Trained;

/// What `eu chat` says with these options, and why it ended.
fn said(place: &Place, model: &str, more: &[&str]) -> (String, String) {
    let fixed = [
        "chat",
        model,
        "-p",
        "Alle Menschen",
        "--raw",
        "--seed=1",
        "--json",
    ];
    let ran = place.run(&[&fixed[..], more].concat()).code(0);
    let answer = ran.object("chat/1");
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    (text("text"), text("reason"))
}

/// The token that such an answer begins with.
fn first_token(place: &Place, model: &str) -> u64 {
    let args = [
        "chat",
        model,
        "-p",
        "Alle Menschen",
        "--raw",
        "--seed=1",
        "--json",
        "--max-tokens=1",
    ];
    let ran = place.run(&args).code(0);
    let mut lines = ran
        .stdout
        .lines()
        .map(serde_json::from_str::<serde_json::Value>);
    let piece = lines.find_map(|line| line.unwrap()["token"].as_u64());
    piece.unwrap()
}

#[test]
fn an_answer_has_the_form_asked_for() {
    let (place, trained) = (Place::new(), Trained::shared());
    let model = trained.path("model.gguf").display().to_string();
    let schema = r#"{"type": "integer", "minimum": 10, "maximum": 99}"#;
    let file = place.write("schema.json", schema).display().to_string();
    for given in [schema, &file] {
        let (text, reason) = said(&place, &model, &["--json-schema", given]);
        let number: u32 = text.parse().unwrap();
        assert!((10..100).contains(&number), "{text}");
        assert_eq!(reason, "stop", "nothing more can follow");
    }
    let grammar = "root ::= (\"ja\" | \"nein\") [.!]{2}\n";
    let file = place.write("yes.gbnf", grammar).display().to_string();
    for (option, value) in [("--grammar", grammar), ("--grammar-file", &file)] {
        let (text, _) = said(&place, &model, &[option, value]);
        let rest = text
            .strip_prefix("ja")
            .or(text.strip_prefix("nein"))
            .unwrap();
        assert!(
            rest.len() == 2 && rest.chars().all(|c| ".!".contains(c)),
            "{text}"
        );
    }
    let both = ["--grammar", grammar, "--json-schema", "{}"];
    let args = [&["chat", &model, "-p", "x", "--raw"], &both[..]].concat();
    place
        .run(&args)
        .code(2)
        .says("grammar and json_schema cannot both hold");
}

#[test]
fn an_answer_ends_before_a_stop_text() {
    let (place, trained) = (Place::new(), Trained::shared());
    let model = trained.path("model.gguf").display().to_string();
    let (whole, reason) = said(&place, &model, &["--max-tokens=40"]);
    assert_eq!(reason, "length");
    let middle: Vec<char> = whole.chars().collect();
    let stop: String = middle[middle.len() / 2..][..3].iter().collect();
    let (text, reason) = said(&place, &model, &["--max-tokens=40", "--stop", &stop]);
    assert_eq!(text, whole.split(&stop).next().unwrap());
    assert_eq!(reason, "stop");
}

#[test]
fn every_stage_changes_what_is_said_and_nothing_else_does() {
    let (place, trained) = (Place::new(), Trained::shared());
    let model = trained.path("model.gguf").display().to_string();
    let plain = said(&place, &model, &["--max-tokens=60"]).0;
    for more in [
        "--repeat-penalty=1.8",
        "--presence-penalty=2",
        "--frequency-penalty=2",
        "--top-n-sigma=0.5",
        "--typical-p=0.3",
        "--xtc-probability=1",
        "--dynatemp-range=0.7",
        "--mirostat=1",
        "--mirostat=2",
        &format!("--logit-bias={}-inf", first_token(&place, &model)),
    ] {
        let changed = said(&place, &model, &["--max-tokens=60", more]).0;
        assert_ne!(changed, plain, "{more}");
        assert_eq!(
            said(&place, &model, &["--max-tokens=60", more]).0,
            changed,
            "{more}"
        );
    }
    let off = [
        "--max-tokens=60",
        "--repeat-penalty=1",
        "--dry-multiplier=0",
        "--stop=never so",
    ];
    assert_eq!(said(&place, &model, &off).0, plain);
}
