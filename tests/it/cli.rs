//! Streams, exit codes, help and errors of the real program.

use std::io::Read;

use serde_json::Value;

use crate::program::Place;

const COMMANDS: [&str; 13] = [
    "prepare",
    "train",
    "eval",
    "quantize",
    "chat",
    "tour",
    "init",
    "pull",
    "inspect",
    "doctor",
    "watch",
    "completions",
    "man",
];

#[test]
fn help_is_data_and_begins_with_examples() {
    let place = Place::new();
    for args in [vec!["--help"], vec!["-h"]]
        .into_iter()
        .chain(COMMANDS.map(|c| vec![c, "--help"]))
        .chain([vec!["prepare", "filter", "--help"]])
    {
        let ran = place.run(&args).code(0);
        assert!(ran.stdout.starts_with("Examples:\n  "), "{args:?}");
        assert!(ran.stdout.contains("Usage: eu"), "{args:?}");
        assert!(!ran.stdout.contains('\u{1b}'), "{args:?}: colour in a pipe");
        assert_eq!(ran.stderr, "", "{args:?}");
    }
    let version = place.run(&["--version"]).code(0);
    assert_eq!(
        version.stdout,
        concat!("eu ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn a_request_that_makes_no_sense_ends_with_2_and_says_what_would() {
    let place = Place::new();
    let ran = place.run(&["trian"]).code(2);
    assert_eq!(ran.stdout, "");
    ran.says("error: unrecognized subcommand 'trian'")
        .says("hint: did you mean `train`?");
    place
        .run(&["train", "--step", "3"])
        .code(2)
        .says("hint: did you mean `--steps`?");
    place.run(&[]).code(2).says("error: no command was given");
    place
        .run(&["train", "--lr", "fast"])
        .code(2)
        .says("invalid value 'fast'");
    place.run(&["inspect"]).code(2).says("<FILE>");
    place.run(&["prepare"]).code(2).says("no input was given");
    place
        .run(&["prepare", "--plain", "filter"])
        .code(2)
        .says("hint: for the stage write `eu prepare filter`");
    place
        .run(&["man", "trane"])
        .code(2)
        .says("did you mean `train`?");
}

#[test]
fn with_json_an_error_is_the_last_object_and_still_said() {
    let place = Place::new();
    for args in [
        &["--json", "trian"][..],
        &["inspect", "--json", "nothing.here"],
        &["--json", "eval", "nothing.here"],
        &["chat", "--json", "nothing.here", "-p", "x"],
    ] {
        let ran = place.run(args);
        let error = ran.object("error/1");
        assert_eq!(error["code"].as_i64(), ran.code.map(i64::from), "{args:?}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(error.get("hint").is_some());
        ran.says("error: ");
    }
    let ran = place.run_with(&[("EU_JSON", "1")], &["trian"]).code(2);
    assert_eq!(ran.object("error/1")["kind"], "usage");
}

#[test]
fn what_is_not_there_ends_with_4() {
    let place = Place::new();
    for args in [
        &["inspect", "nothing.here"][..],
        &["watch", "nothing.here"],
        &["eval", "./nothing.here"],
        &["chat", "owner/model", "-p", "x"],
        &["quantize", "nothing.here"],
        &["prepare", "nothing.here"],
        &["train", "nothing.here"],
        &["--recipe", "nothing.toml", "doctor"],
    ] {
        let ran = place.run(args);
        assert_eq!(ran.code, Some(4), "{args:?}\n{}", ran.stderr);
        ran.says("error: ").says("hint: ");
    }
    place
        .run(&["chat", "owner/model", "-p", "x"])
        .says("eu pull owner/model");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let place = Place::new();
    // More than a pipe holds, so that the writer meets the closed end.
    let line = "{\"id\": 1, \"text\": \"Kaikki ihmiset syntyvät vapaina ja tasavertaisina.\"}\n";
    place.write("many.jsonl", line.repeat(20_000));
    let mut command = place.command(&["prepare", "identify", "many.jsonl"]);
    let mut child = command.spawn().unwrap();
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
}

#[test]
fn no_color_and_pipes_mean_no_colour_and_always_means_always() {
    let place = Place::new();
    for (env, args, colored) in [
        (&[][..], &["inspect", "x"][..], false),
        (&[("NO_COLOR", "1")], &["inspect", "x"], false),
        (&[], &["--color", "always", "inspect", "x"], true),
        (&[("EU_COLOR", "always")], &["inspect", "x"], true),
        (
            &[("EU_COLOR", "always")],
            &["--color", "never", "inspect", "x"],
            false,
        ),
    ] {
        let ran = place.run_with(env, args).code(4);
        assert_eq!(ran.stderr.contains('\u{1b}'), colored, "{env:?} {args:?}");
    }
}

#[test]
fn init_asks_nothing_without_a_terminal_and_writes_what_all_five_accept() {
    let place = Place::new();
    let ran = place
        .run(&[
            "init",
            "--langs",
            "mt,ga",
            "--inputs",
            "texts",
            "--minutes",
            "1.5",
            "--seed",
            "7",
        ])
        .code(0);
    assert_eq!(ran.stdout, "recipe.toml\n");
    let recipe = std::fs::read_to_string(place.path().join("recipe.toml")).unwrap();
    for key in [
        "langs = [\"mt\", \"ga\"]",
        "inputs = [\"texts\"]",
        "minutes = 1.5",
        "seed = 7",
    ] {
        assert!(recipe.contains(key), "{key}\n{recipe}");
    }
    place
        .run(&["init"])
        .code(2)
        .says("recipe.toml: exists already")
        .says("--force");
    place
        .run(&["init", "-f", "--langs", "xx"])
        .code(2)
        .says("unknown language");
    let ran = place
        .run(&["doctor", "--json", "--config", "recipe.toml"])
        .code(0);
    let settings = ran.object("settings/1");
    let row = settings["settings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["section"] == "train" && row["key"] == "minutes")
        .unwrap();
    assert_eq!(row["value"], 1.5);
    assert_eq!(row["origin"], "recipe.toml");
}

#[test]
fn every_line_of_a_new_recipe_can_be_uncommented() {
    let place = Place::new();
    place.run(&["init"]).code(0);
    let recipe = std::fs::read_to_string(place.path().join("recipe.toml")).unwrap();
    let all: String = recipe
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if key.contains(" = ") && !key.contains("(none)") => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(
        all.lines().any(|line| line.starts_with("warmup_share = ")),
        "{all}"
    );
    place.write("all.toml", all);
    place.run(&["doctor", "--config", "all.toml"]).code(0);
}

#[test]
fn a_dry_run_shows_the_plan_and_makes_nothing() {
    let place = Place::new();
    place.write(
        "texts/a.txt",
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    );
    let ran = place
        .run(&["prepare", "texts", "-o", "out", "-n", "--json"])
        .code(0);
    let plan = ran.object("plan/1");
    assert_eq!(plan["command"], "prepare");
    assert_eq!(plan["inputs"][0]["path"], "texts");
    assert_eq!(plan["outputs"][0], "out");
    assert!(plan["memory_bytes"].as_u64().unwrap() > 0);
    assert_eq!(plan["plan"]["vocab_size"], 32_768);
    assert!(!place.path().join("out").exists());
    let text = place
        .run(&["prepare", "texts", "-o", "out", "-n"])
        .code(0)
        .stdout;
    assert!(
        text.contains("need memory") && text.contains("[prepare]"),
        "{text}"
    );
}

#[test]
fn the_log_file_hears_what_was_said() {
    let place = Place::new();
    place.run(&["inspect", "x", "--log-file", "eu.log"]).code(4);
    let log = std::fs::read_to_string(place.path().join("eu.log")).unwrap();
    assert!(log.contains("Z error: x: cannot open"), "{log}");
}

#[test]
fn doctor_knows_the_machine_without_cuda_or_a_terminal() {
    let place = Place::new();
    let report = place.run(&["doctor", "--json"]).code(0).object("doctor/1");
    assert!(report["machine"]["n_cores"].as_u64().unwrap() >= 1);
    assert!(!report["executor"].as_str().unwrap().is_empty());
    assert!(report["cuda"]["devices"].is_array());
    assert_eq!(report["terminal"]["full_screen"], false);
    let text = place.run(&["doctor"]).code(0).stdout;
    assert!(
        text.contains("executor") && text.contains("cores"),
        "{text}"
    );
}

#[test]
fn hostile_names_in_files_cannot_drive_the_terminal() {
    let place = Place::new();
    place.write(
        "bad.json",
        "{\"na\\u001b[2Jme\": \"x\\u001b]0;owned\\u0007\"}",
    );
    let ran = place.run(&["inspect", "bad.json"]).code(0);
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    assert!(ran.stdout.contains("JSON document"));
}

#[test]
fn what_is_damaged_ends_with_3_and_its_place() {
    let place = Place::new();
    place.write("cut.gguf", b"GGUF\x03\0\0\0\xff");
    place.write("lying.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\x7f{}");
    place.write("bad.json", "{\n\"a\": }");
    for (file, place_in_file) in [
        ("cut.gguf", "byte"),
        ("lying.safetensors", "not a safetensors file"),
        ("bad.json", "bad.json:2: not JSON"),
    ] {
        place.run(&["inspect", file]).code(3).says(place_in_file);
    }
}

#[test]
fn a_stage_alone_is_a_filter_that_keeps_order_and_unknown_fields() {
    let place = Place::new();
    let input = "{\"id\": \"b\", \"text\": \"Alle Menschen sind frei und gleich an Würde und Rechten \
                 geboren.\", \"extra\": [1]}\n{\"id\": \"a\", \"text\": \"Tous les êtres humains \
                 naissent libres et égaux en dignité et en droits.\"}\n";
    let ran = place
        .pipe(input.as_bytes(), &["prepare", "identify"])
        .code(0);
    let records: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records[0]["id"], "b");
    assert_eq!(records[0]["lang"][0], "deu_Latn");
    assert_eq!(records[0]["extra"][0], 1);
    assert_eq!(records[1]["lang"][0], "fra_Latn");
    let ran = place
        .pipe(b"{\"id\": 1}\n", &["prepare", "identify", "-"])
        .code(3);
    ran.says("1").says("hint: ");
}

#[test]
fn numbers_are_checked_in_their_order_and_a_stage_is_told_from_a_file() {
    let place = Place::new();
    let lines = "{\"country\": \"dk\", \"scheme\": \"cvr\", \"number\": \"DK 13585628\"}\n\
        {\"country\": \"dk\", \"scheme\": \"cvr\", \"number\": \"DK 13585629\"}\n\
        {\"country\": \"dk\", \"scheme\": \"x\", \"number\": \"1\"}\n";
    let ran = place
        .pipe(lines.as_bytes(), &["prepare", "numbers"])
        .code(0);
    let said: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["valid"].clone())
        .collect();
    assert_eq!(said, [Value::from(true), Value::from(false), Value::Null]);
    for stage in ["numbers", "encode"] {
        let ran = place.run(&["prepare", "--json", stage]).code(2);
        ran.says(&format!("eu prepare {stage}"));
    }
}
