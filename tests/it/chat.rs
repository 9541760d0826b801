//! `eu chat` as somebody uses it: on a terminal, in plain lines, and with a language asked for.

use std::path::PathBuf;

use serde_json::Value;

use crate::program::Place;
use crate::terminal::Terminal;
use crate::trained::Trained;

/// Tokens of the context: long enough for an answer that is still going on when it is stopped.
const CONTEXT: u64 = 16384;

/// A place with a small model in `model`, its context widened.
pub(crate) fn with_model() -> Place {
    let place = Place::new();
    Trained::shared().copy("run/model", &place);
    let path = place.path().join("run/model/config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config["max_position_embeddings"] = CONTEXT.into();
    std::fs::write(&path, config.to_string()).unwrap();
    place
}

fn sessions(place: &Place) -> Vec<PathBuf> {
    let folder = place.path().join(".local/state/eu/sessions");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn lines(path: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_conversation_is_held_on_a_terminal_left_and_gone_on_with() {
    let place = with_model();
    let args = "chat run/model --temperature 0 --max-tokens 4";
    let Some(mut terminal) = Terminal::run(&place, args, 24, 80) else {
        eprintln!("no terminal to be had here");
        return;
    };
    let screen = terminal.shows("Enter sends");
    assert!(screen.is_alternate && screen.is_cursor_shown);

    // A pasted text of two lines is one question.
    terminal.press("\u{1b}[200~Grüße,\n漢字 e\u{301}\u{1b}[201~");
    terminal.shows("  漢字 e\u{301}");
    terminal.press("\r");
    terminal.shows("kept as ");
    terminal.shows("largest length");
    terminal.press("/regen\r");
    terminal.shows("‹ 2/2 ›");
    terminal.shows("largest length");
    terminal.press("\u{1b}[D");
    terminal.shows("‹ 1/2 ›");
    terminal.press("/copy\r");
    let screen = terminal.until("copy", |screen| !screen.copied.is_empty());
    assert_eq!(screen.copied.len(), 1);

    // The panel changes a setting in place: from now on answers are long.
    terminal.press("\t");
    terminal.shows("▸ ");
    terminal.press("\t");
    terminal.press("/set max_tokens 0\r");
    terminal.press("/stats\r");
    terminal.shows("messages");

    // Esc stops an answer, and the conversation goes on.
    terminal.press("long\r");
    terminal.shows("answering, ");
    terminal.press("\u{1b}");
    terminal.shows("· stopped");
    terminal.press("again\r");
    terminal.shows("answering, ");
    terminal.press("\u{3}");
    terminal.shows("· stopped");

    // Any size, and back.
    for (rows, columns) in [(1, 1), (3, 7), (6, 40), (24, 80)] {
        terminal.resize(rows, columns);
    }
    terminal.press("a\nb\u{1b}\rc");
    terminal.shows("> a\n  b\n  c");
    terminal.press("\u{3}");
    terminal.shows("Ctrl-C again leaves");
    terminal.press("\u{3}");
    let (screen, before, after) = terminal.end();
    assert!(screen.text().contains("left with 0"), "{}", screen.text());
    assert!(!screen.is_alternate && screen.is_cursor_shown);
    assert_eq!(before, after, "the terminal is as it was");
    assert_eq!(screen.strange, [""; 0]);
    let coloured = |n: &&u32| (30..38).contains(*n) || (90..98).contains(*n);
    assert_eq!(screen.styles.iter().find(coloured), None, "NO_COLOR");

    let [session] = &sessions(&place)[..] else {
        panic!("{:?}", sessions(&place));
    };
    let said = lines(session);
    let roles: Vec<&str> = said
        .iter()
        .filter_map(|line| line["role"].as_str())
        .collect();
    let each = ["user", "assistant"];
    assert_eq!(
        roles,
        [&each[..], &each[1..], &each[..], &each[..]].concat(),
        "{said:#?}"
    );
    assert_eq!(said[1]["parent"], said[0]["id"]);
    assert_eq!(said[2]["parent"], said[0]["id"], "the second answer");
    assert_eq!(said[1]["sampling"]["max_tokens"], 4);
    assert_eq!(said.iter().filter(|line| line["head"] == 2).count(), 1);
    let stopped = said.iter().filter(|line| line["reason"] == "stopped");
    assert_eq!(stopped.count(), 2);

    // The same conversation on another day, its last line torn.
    let mut text = std::fs::read_to_string(session).unwrap();
    text.push_str("{\"id\":9,");
    std::fs::write(session, text).unwrap();
    let args = "chat run/model --session last --max-tokens 2";
    let mut terminal = Terminal::run(&place, args, 24, 80).unwrap();
    terminal.shows("not a whole message");
    terminal.shows("> again");
    terminal.press("\u{1b}[A\u{1b}[A");
    terminal.shows("> long");
    terminal.press("\u{3}\u{3}");
    terminal.end();
}

/// Text that would take a terminal over, and letters that are hard to lay out.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{1b}[6n\u{9b}2J\u{1b}[31m\u{202e}\r\t \
    漢字かな e\u{301}\u{301} سلام עברית 👩\u{200d}🔬 🇪🇺 **b\u{300}\u{301}\u{302}\u{303}**";

#[test]
fn what_a_model_or_a_file_says_does_nothing_to_the_terminal() {
    let place = with_model();
    let code = format!(
        "```{HOSTILE}\n{HOSTILE}\n```\n|{HOSTILE}|\n|-|\n|{HOSTILE}|\n- [{HOSTILE}]({HOSTILE})"
    );
    let line = |id: u64, role: &str, text: &str| {
        let parent = id.checked_sub(2).map(|n| n + 1);
        serde_json::json!({"id": id, "parent": parent, "role": role, "text": text, "reason": HOSTILE})
    };
    let said = [
        line(1, "system", HOSTILE),
        line(2, "user", HOSTILE),
        line(3, "assistant", &format!("{HOSTILE}\n\n{code}")),
    ];
    let text: String = said.iter().map(|line| format!("{line}\n")).collect();
    place.write(".local/state/eu/sessions/strange.jsonl", text);
    place.write(
        ".local/state/eu/history.jsonl",
        format!("{}\n", serde_json::json!(HOSTILE)),
    );
    let args = "chat run/model --session strange";
    let Some(mut terminal) = Terminal::run(&place, args, 30, 60) else {
        eprintln!("no terminal to be had here");
        return;
    };
    terminal.shows("␛]0;owned␇");
    terminal.shows("kept as strange");
    terminal.press("\u{1b}[A");
    terminal.shows("> ␛]0;owned␇");
    terminal.press("\u{15}/stats\r\t");
    terminal.shows("▸ ");
    for (rows, columns) in [(3, 7), (6, 40), (24, 80)] {
        terminal.resize(rows, columns);
    }
    terminal.press("\t\u{3}\u{3}");
    let (screen, _, _) = terminal.end();
    assert_eq!(screen.strange, [""; 0]);
    assert_eq!(screen.copied, [""; 0]);

    let mut terminal = Terminal::run(&place, "chat run/model --plain", 60, 80).unwrap();
    terminal.shows("/help lists commands");
    terminal.press("/load strange\r/sessions\r/quit\r");
    let (screen, _, _) = terminal.end();
    assert!(screen.text().contains("assistant:"), "{}", screen.text());
    assert_eq!(
        (&screen.strange[..], &screen.copied[..]),
        (&[][..], &[][..])
    );
}

#[test]
fn without_a_screen_lines_say_the_same() {
    let place = with_model();
    let args = "chat run/model --plain --max-tokens 3 --no-history --system 'be kind'";
    let Some(mut terminal) = Terminal::run(&place, args, 60, 80) else {
        eprintln!("no terminal to be had here");
        return;
    };
    terminal.shows("/help lists commands");
    for (typed, shown) in [
        ("/help", "answer the last question again"),
        ("/sys", "be kind"),
        ("/copy", "needs the screen"),
        ("/hlep", "unknown command"),
        ("/regen", "no question to answer again"),
        ("hello\r/stats", "1 answers"),
        ("/regen\r/stats", "2 answers"),
        ("/branch 1\r/branch 5", "there are 2 branches"),
        ("/set top_k 7", "top_k = 7"),
        ("/set top_k x", "makes no sense"),
        ("/lang xx", "unknown language"),
        ("/sessions", "no conversation is kept"),
        ("/save kept", "kept as kept"),
        ("/clear\r/sessions", "hello"),
        ("/load kept", "user:"),
    ] {
        terminal.press(&format!("{typed}\r"));
        terminal.shows(shown);
    }
    terminal.press("/quit\r");
    let (screen, _, _) = terminal.end();
    assert!(screen.text().contains("left with 0"), "{}", screen.text());
    assert_eq!(sessions(&place).len(), 1, "only what was asked to be kept");
}

#[test]
fn an_answer_in_another_language_fails_the_filter() {
    let place = with_model();
    let args = [
        "chat",
        "run/model",
        "--raw",
        "-p",
        "Alle Menschen",
        "--seed=1",
        "--max-tokens=200",
    ];
    let said = place
        .run(&[&args[..], &["--json", "--lang", "el"]].concat())
        .code(5);
    assert_eq!(said.object("error/1")["kind"], "gate");
    let n = said.stdout.lines().count();
    let answer: Value = serde_json::from_str(said.stdout.lines().nth(n - 2).unwrap()).unwrap();
    assert_eq!(
        (&answer["schema"], &answer["drifted"]),
        (&"chat/1".into(), &true.into())
    );
    assert_eq!(answer["lang"], "ell_Grek");
    let free = place.run(&[&args[..], &["--json"]].concat()).code(0);
    let free = free.object("chat/1");
    assert_eq!(
        (&free["text"], &free["drifted"]),
        (&answer["text"], &Value::Null)
    );
    place
        .run(&[&args[..], &["--lang", "xx"]].concat())
        .code(2)
        .says("unknown language");
    place
        .run(&[&args[..], &["--lang", "eu24"]].concat())
        .code(2)
        .says("a set of languages");
    assert_eq!(sessions(&place).len(), 0, "filters keep nothing");
}

#[test]
fn a_filter_can_go_on_with_a_conversation() {
    let place = with_model();
    let ask = |question: &str| {
        let args = [
            "chat",
            "run/model",
            "--session",
            "s",
            "-p",
            question,
            "--max-tokens=3",
            "--json",
        ];
        place.run(&args).code(0).object("chat/1")
    };
    let first = ask("one");
    let second = ask("two");
    assert!(second["n_prompt"].as_u64() > first["n_prompt"].as_u64());
    let said = lines(&sessions(&place)[0]);
    let texts: Vec<&str> = said
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!((texts[0], texts[2]), ("one", "two"));
    assert_eq!(said[2]["parent"], said[1]["id"]);
    assert_eq!(texts[3], second["text"].as_str().unwrap());
    place
        .run(&["chat", "run/model", "--session", "../s", "-p", "x"])
        .code(2)
        .says("cannot be the name");
}
