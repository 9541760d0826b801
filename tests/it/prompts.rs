//! `eu chat --prompts`: a line a question, a line an answer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::chat::with_model;
use crate::program::{Place, Ran};

/// The rows of standard output, which are all of one schema.
fn rows(ran: &Ran, schema: &str) -> Vec<Value> {
    let rows = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let rows: Vec<Value> = rows.collect();
    assert!(
        rows.iter().all(|row| row["schema"] == schema),
        "{}",
        ran.stdout
    );
    rows
}

fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// What the program says to one question.
fn alone(place: &Place, args: &[&str]) -> Value {
    let args = [
        &["chat", "run/model", "--max-tokens=12", "--json", "-q"],
        args,
    ]
    .concat();
    place.run(&args).code(0).object("chat/1")
}

#[test]
fn lines_are_answered_in_order_each_as_if_it_were_alone() {
    let place = with_model();
    let questions = [
        json!({"id": "a", "prompt": "Alle Menschen"}),
        json!({"prompt": "short", "max_tokens": 3, "temperature": 0}),
        json!({"messages": [{"role": "user", "content": "hi"}], "seed": 7, "logprobs": 2}),
        json!({"prompt": "x", "topk": 3}),
        json!({"prompt": "x", "model": "another"}),
        json!({"prompt": 5}),
        json!({"prompt": "x", "messages": []}),
        json!({"prompt": "x", "lang": "xx"}),
        json!({"prompt": "x", "temperature": "hot", "top_k": 3}),
        json!({"prompt": "x", "json_schema": "/etc/hostname"}),
        json!({"prompt": "word ".repeat(20_000)}),
        json!({"id": {"n": 1}, "prompt": "Alle Menschen", "seed": 9, "stop": "e", "top_k": 7}),
        json!({"prompt": "form", "json_schema": {"enum": [1, 2]}}),
        json!({"prompt": "Alle Menschen", "system": "be kind"}),
    ];
    let text = format!("{}\nno JSON\n", lines(&questions));
    place.write("in.jsonl", &text);
    let args = [
        "chat",
        "run/model",
        "--prompts",
        "in.jsonl",
        "--seed=5",
        "--max-tokens=12",
    ];
    let ran = place.run(&[&args[..], &["--parallel=3"]].concat()).code(3);
    ran.says("9 of 16 lines were not answered");
    let found = rows(&ran, "chat-answer/1");
    let numbers: Vec<u64> = found
        .iter()
        .map(|row| row["line"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (1..=14).chain([16]).collect();
    assert_eq!(numbers, expected, "in order, without the empty line");
    let row = |line: u64| found.iter().find(|row| row["line"] == line).unwrap();

    assert_eq!(
        (&row(1)["id"], &row(2)["id"], &row(12)["id"]),
        (&json!("a"), &json!(2), &json!({"n": 1}))
    );
    for (line, args) in [
        (1, &["-p", "Alle Menschen", "--seed=5"][..]),
        (
            2,
            &[
                "-p",
                "short",
                "--temperature=0",
                "--max-tokens=3",
                "--seed=6",
            ],
        ),
        (3, &["-p", "hi", "--seed=7"]),
        (
            12,
            &["-p", "Alle Menschen", "--seed=9", "--stop=e", "--top-k=7"],
        ),
        (
            14,
            &["-p", "Alle Menschen", "--seed=18", "--system=be kind"],
        ),
    ] {
        let said = match line {
            2 => place
                .run(&[&["chat", "run/model", "--json", "-q"], args].concat())
                .code(0)
                .object("chat/1"),
            _ => alone(&place, args),
        };
        for field in ["text", "reason", "seed", "n_prompt", "n_generated"] {
            assert_eq!(row(line)[field], said[field], "line {line}: {field}");
        }
    }
    assert!(["1", "2"].contains(&row(13)["text"].as_str().unwrap()));

    let tokens = row(3)["tokens"].as_array().unwrap();
    assert_eq!(tokens.len() as u64, row(3)["n_generated"].as_u64().unwrap());
    let words: String = tokens.iter().map(|t| t["text"].as_str().unwrap()).collect();
    assert_eq!(words, row(3)["text"].as_str().unwrap());
    for token in tokens {
        let top = token["top"].as_array().unwrap();
        assert_eq!(top.len(), 2);
        let logprob = |of: &Value| of["logprob"].as_f64().unwrap();
        assert!(logprob(&top[0]) >= logprob(&top[1]) && logprob(&top[0]) >= logprob(token));
    }
    assert_eq!(row(1).get("tokens"), None);

    for (line, kind, message, hint) in [
        (
            4,
            "usage",
            "no setting is called \"topk\"",
            "did you mean top_k?",
        ),
        (5, "usage", "model holds for all lines", "command line"),
        (6, "usage", "the prompt is no text", "give {"),
        (7, "usage", "has a prompt and messages", "give {"),
        (8, "usage", "unknown language", ""),
        (9, "usage", "temperature makes no sense", ""),
        (10, "usage", "json_schema is no JSON", "the schema itself"),
        (11, "usage", "the context only 16384", "shorten"),
        (16, "damaged", "column 2", "a line is an object"),
    ] {
        let error = &row(line)["error"];
        assert_eq!(error["kind"], kind, "{error}");
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{error}"
        );
        assert!(
            error["hint"].as_str().unwrap_or_default().contains(hint),
            "{error}"
        );
    }
}

#[test]
fn what_is_asked_beside_a_question_changes_nothing_of_its_answer() {
    let place = with_model();
    let question =
        |n: usize| json!({"prompt": format!("{} {n}", "Alle Menschen ".repeat(n % 7 * 9))});
    let input = lines(&(0..40).map(question).collect::<Vec<_>>());
    let texts = |parallel: &str| {
        let args = [
            "chat",
            "run/model",
            "--prompts",
            "-",
            "--seed=1",
            "--max-tokens=6",
        ];
        let ran = place.pipe(input.as_bytes(), &[&args[..], &["-q", parallel]].concat());
        let rows = rows(&ran.code(0), "chat-answer/1");
        assert_eq!(rows.len(), 40);
        rows.iter()
            .map(|row| row["text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let one = texts("--parallel=1");
    assert_eq!(one, texts("--parallel=5"));
    assert_eq!(one, texts("--parallel=64"));

    let args = [
        "chat",
        "run/model",
        "--prompts=-",
        "--max-tokens=2",
        "--json",
    ];
    let sum = place
        .pipe(input.as_bytes(), &args)
        .code(0)
        .object("chat-prompts/1");
    assert_eq!(
        (&sum["n_lines"], &sum["n_answers"], &sum["n_failed"]),
        (&json!(40), &json!(40), &json!(0))
    );
    let none = place.pipe(b"", &args).code(0).object("chat-prompts/1");
    assert_eq!(none["n_lines"], 0);
    place
        .run(&["chat", "run/model", "--prompts=gone.jsonl"])
        .code(4);
    place
        .run(&["chat", "run/model", "--prompts=-", "--parallel=0"])
        .code(2);
    place
        .run(&["chat", "run/model", "--prompts=-", "-p", "x"])
        .code(2);
}

#[test]
fn answers_in_another_language_are_counted_and_fail_the_gate() {
    let place = with_model();
    let input = lines(&[
        json!({"prompt": "Alle Menschen", "seed": 1, "max_tokens": 200}),
        json!({"prompt": "Alle Menschen", "seed": 1, "max_tokens": 200, "lang": null}),
        json!({"prompt": "short", "max_tokens": 2}),
    ]);
    let args = ["chat", "run/model", "--prompts=-", "--raw", "--lang=el"];
    let ran = place.pipe(input.as_bytes(), &args).code(5);
    ran.says("1 of 3 answers are not in the language");
    let rows = rows(&ran, "chat-answer/1");
    let drifted: Vec<&Value> = rows.iter().map(|row| &row["drifted"]).collect();
    assert_eq!(drifted, [&json!(true), &json!(null), &json!(false)]);
    assert_eq!(
        rows[0]["text"], rows[1]["text"],
        "raw text is not asked in a language"
    );
}

#[test]
fn a_program_can_ask_line_by_line_and_leave_or_stop() {
    let place = with_model();
    let start = || {
        let args = ["chat", "run/model", "--prompts=-", "--seed=1"];
        let mut child = place.command(&args).stdin(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (child, stdin, BufReader::new(stdout))
    };
    let (mut child, mut stdin, mut stdout) = start();
    for n in 1..4 {
        writeln!(stdin, "{}", json!({"prompt": "hi", "max_tokens": n})).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let row: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&row["line"], &row["n_generated"]), (&json!(n), &json!(n)));
    }
    // Behind one that goes on for long, a short one is done when a stop is asked for.
    let no_end: Vec<String> = (0..10).map(|id| format!("{id}-inf")).collect(); // special tokens
    let long = json!({"prompt": "hi", "max_tokens": 0, "logit_bias": no_end});
    writeln!(
        stdin,
        "{long}\n{}",
        json!({"prompt": "hi", "max_tokens": 1})
    )
    .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(6));
    assert!(
        rest.contains("\"line\":5") && !rest.contains("\"line\":4"),
        "{rest}"
    );
    drop(stdin);

    let (child, mut stdin, stdout) = start();
    drop(stdout);
    for _ in 0..3 {
        let _ = writeln!(stdin, "{}", json!({"prompt": "hi", "max_tokens": 3}));
    }
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        ended.status.code(),
        Some(0),
        "a reader who left is no failure"
    );
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn likeliest_tokens_are_told_and_a_full_context_can_go_on() {
    let place = with_model();
    let args = [
        "chat",
        "run/model",
        "--raw",
        "-p",
        "Alle Menschen",
        "--seed=1",
        "--json",
    ];
    let ran = place
        .run(&[&args[..], &["--max-tokens=5", "--logprobs=3"]].concat())
        .code(0);
    let pieces: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let tops: Vec<&Vec<Value>> = pieces
        .iter()
        .filter_map(|piece| piece["top"].as_array())
        .collect();
    assert!(
        tops.len() >= 5 && tops.iter().all(|top| top.len() == 3),
        "{}",
        ran.stdout
    );
    assert!(tops[0][0]["text"].is_string() && tops[0][0]["logprob"].is_number());
    let said = ran.object("chat/1");
    assert_eq!(
        (&said["n_reused"], said["n_generated"].as_u64()),
        (&json!(0), Some(5))
    );
    let plain = place
        .run(&[&args[..], &["--max-tokens=5"]].concat())
        .code(0);
    assert!(!plain.stdout.contains("\"top\""));
    place
        .run(&[&args[..], &["--logprobs=9999"]].concat())
        .code(2);

    let small = ["--context=32", "--max-tokens=90", "--temperature=0"];
    let ends = place
        .run(&[&args[..], &small].concat())
        .code(0)
        .object("chat/1");
    let goes_on = place
        .run(&[&args[..], &small, &["--context-shift"]].concat())
        .code(0);
    goes_on.says("old tokens were forgotten");
    let goes_on = goes_on.object("chat/1");
    let n = |said: &Value| said["n_generated"].as_u64().unwrap();
    assert!(n(&ends) < 32 && n(&goes_on) == 90, "{ends} {goes_on}");
    let long = "word ".repeat(60);
    let args = [
        "chat",
        "run/model",
        "-p",
        &long,
        "--max-tokens=3",
        "--context=32",
    ];
    place.run(&args).code(2).says("the context only 32");
    place
        .run(&[&args[..], &["--context-shift"]].concat())
        .code(0);
}
