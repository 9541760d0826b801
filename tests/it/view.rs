//! `eu prepare view` on a terminal: a folder is prepared, looked into, and left.

use europium::data::corpus;
use serde_json::json;

use crate::program::Place;
use crate::terminal::{Screen, Terminal};

/// Text that would take a terminal over, and letters that are hard to lay out: wide, joined,
/// right to left, marks piled high.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[6n\u{9b}2J\u{1b}[31m\u{202e}\u{feff}\r\t \
    漢字かな e\u{301}\u{301} سلام עברית 👩\u{200d}🔬 🇪🇺 a\u{300}\u{301}\u{302}\u{303}";

/// German good enough for every filter: five articles of the declaration, others for each `i`.
fn good(i: usize) -> String {
    let german = corpus::records().filter(|record| record.code() == "deu_Latn");
    let texts: Vec<String> = german
        .skip(5 * i)
        .take(5)
        .map(|record| record.text)
        .collect();
    texts.join("\n")
}

fn prepared() -> Place {
    let place = Place::new();
    let again =
        "Hier steht immer wieder dieselbe Zeile, die niemand lesen will und die alle kennen.\n";
    let mut records: Vec<_> = (0..3)
        .map(|i| json!({"id": format!("good-{i}"), "lang": "deu_Latn", "text": good(i)}))
        .collect();
    let mail = format!(
        "{}\nSchreiben Sie an frau.muster@beispiel.de oder rufen Sie an.\n",
        good(3)
    );
    records.push(json!({"id": "mail", "lang": "deu_Latn", "text": mail}));
    let hostile = format!("{HOSTILE}\n{}", good(4));
    records.push(json!({"id": format!("strange-{HOSTILE}"), "lang": "deu_Latn", "text": hostile}));
    records.push(json!({"id": 4711, "lang": "deu_Latn", "text": "Viel zu kurz."}));
    let repeated = format!("{}{}", again.repeat(9), good(5));
    records.push(json!({"id": "again", "lang": "deu_Latn", "text": repeated}));
    let short = "Πολύ μικρό.";
    records.push(json!({"id": "el", "lang": "ell_Grek", "text": short}));
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    place.write("in.jsonl", lines);
    let args = "prepare in.jsonl -o data --trust-labels --steps identify,filter,redact \
        --heldout-share 0 --redact annotate --json -q";
    let args: Vec<&str> = args.split_whitespace().collect();
    let report = place.run(&args).code(0).object("prepare/1");
    assert_eq!(report["n_kept"], 5, "{report}");
    place
}

/// Checks that the panes stand apart on every row: nothing is drawn over the gap before the text.
fn is_in_order(screen: &Screen) {
    let (row, column) = screen.find("[1 text]").unwrap();
    for below in row..29 {
        let gap = screen.cell(below, column - 1);
        assert_eq!(gap, " ", "row {below}\n{}", screen.text());
    }
}

#[test]
fn a_prepared_folder_is_looked_into_on_a_terminal() {
    let place = prepared();
    let Some(mut terminal) = Terminal::run(&place, "prepare view data", 30, 110) else {
        eprintln!("no terminal to be had here");
        return;
    };
    let screen = terminal.shows("8 seen = 5 kept + 0 held out + 3 dropped");
    assert!(screen.is_alternate && !screen.is_cursor_shown);
    assert!(
        screen.text().contains("kept to train on"),
        "{}",
        screen.text()
    );
    is_in_order(&screen);

    // By language and reason, then what is dropped and why.
    terminal.press("f");
    terminal.shows("list groups with:");
    terminal.press("ell\r");
    terminal.shows("1 in 1 of 4 groups");
    terminal.shows("dropped by filter: too_few_words");
    terminal.shows("n_words 2, should be at least");
    terminal.press("f\u{7f}\u{7f}\u{7f}deu dropped\r\u{1b}[B");
    terminal.shows("id again");
    terminal.press("m");
    terminal.shows("Hier steht immer wieder dieselbe Zeile");
    terminal.press("2");
    terminal.shows("! ");
    terminal.press("3");
    terminal.shows("lang  ");
    terminal.press("1");

    // Among kept documents: search, the marked span, the document that would break a screen.
    terminal.press("f\u{1b}");
    terminal.shows("\n4 groups");
    terminal.press("\u{1b}[H/muster@\r");
    let screen = terminal.shows("id mail");
    assert!(
        screen.styles.contains(&7),
        "personal data is marked: {:?}",
        screen.styles
    );
    terminal.press("\u{1b}[Hnnnnnn/nirgends\r");
    terminal.shows("not found up to the last document, 5");
    terminal.press("\u{1b}[H/漢字かな\r");
    let screen = terminal.shows("␛]0;owned␇␛[6n\u{fffd}2J␛[31m\u{fffd}");
    is_in_order(&screen);

    // Any size, and back.
    for (rows, columns) in [(1, 1), (3, 7), (6, 40), (24, 80)] {
        terminal.resize(rows, columns);
        terminal.press("\t23?1");
        let fits = |screen: &Screen| screen.text().lines().count() <= rows;
        terminal.until("room", fits);
    }
    terminal.resize(31, 111);
    terminal.press("?");
    terminal.shows("every check beside its threshold");
    terminal.press("q");
    let (screen, before, after) = terminal.end();
    assert!(screen.text().contains("left with 0"), "{}", screen.text());
    assert!(!screen.is_alternate && screen.is_cursor_shown);
    assert_eq!(before, after, "the terminal is as it was");
    assert_eq!(
        screen.strange, [""; 0],
        "nothing of a record reached the terminal"
    );
    let coloured = |n: &&u32| (30..38).contains(*n) || (90..98).contains(*n);
    assert_eq!(screen.styles.iter().find(coloured), None, "NO_COLOR");
}

#[test]
fn off_a_terminal_the_groups_are_told_in_lines() {
    let place = prepared();
    let table = place.run(&["prepare", "view", "data"]).code(0).stdout;
    for word in ["unique", "too_few_words", "deu_Latn", "dropped", "kept"] {
        assert!(table.contains(word), "{table}");
    }
    let lines = place.run(&["prepare", "view", "data", "--json"]).code(0);
    assert_eq!(lines.stdout.lines().count(), 4);
    assert_eq!(lines.object("view/1")["dropped"], true);
    place
        .run(&["prepare", "view", "in.jsonl"])
        .code(2)
        .says("not a prepared folder");
    // By a number for a name, and by a name that needs escapes.
    for id in ["4711", &format!("strange-{HOSTILE}")] {
        let told = place
            .run(&["prepare", "explain", id, "--data", "data"])
            .code(0);
        assert_eq!(told.object("explain/1")["id"], id);
    }
}
