//! Evaluation sets through the program: sets -> index -> what was met -> scores with and without.

use serde_json::Value;

use crate::program::Place;
use crate::walk::train;

const ARTICLE: &str = "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit \
    Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.";
const OTHER: &str =
    "Gestern abend sind wir noch lange am Ufer entlang gegangen, bis es dunkel war.";

fn prepare(place: &Place, sets: &str, output: &str) -> Value {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/corpus/udhr.jsonl.zst");
    let mut args = vec!["prepare", corpus, "-o", output, "--contamination", sets];
    args.extend(["--langs", "de,fi", "--filter=false", "--json", "-q"]);
    args.extend(["--vocab-size", "600"]);
    place.run(&args).code(0).object("prepare/1")
}

#[test]
fn an_index_stands_for_its_sets_and_marks_what_was_met_when_a_model_is_scored() {
    let place = Place::new();
    let line = |text: &str| format!("{}\n", serde_json::json!({"text": text, "lang": "de"}));
    let set = format!("{}{}", line(ARTICLE), line(OTHER));
    place.write("bench/de.jsonl", &set);
    place.write("bench/LICENCE", "of the sets");
    let make = ["prepare", "decontaminate", "--index", "bench.eui", "bench"];
    place
        .run(&make)
        .code(0)
        .says("sets 1, items 2, of these too short to be looked for 0")
        .says("bench/LICENCE");
    let text = String::from_utf8_lossy(&std::fs::read(place.path().join("bench.eui")).unwrap())
        .into_owned();
    assert!(!text.contains("Menschen"), "hashes alone");

    let report = prepare(&place, "bench", "data");
    prepare(&place, "bench.eui", "other");
    let read = |name: &str| std::fs::read(place.path().join(name)).unwrap();
    for name in ["contamination.json", "contamination.eui", "report.json"] {
        assert_eq!(
            read(&format!("data/{name}")),
            read(&format!("other/{name}")),
            "{name}"
        );
    }
    let told: Value = serde_json::from_slice(&read("data/contamination.json")).unwrap();
    assert_eq!(told["schema"], "contamination/1");
    let row = &told["benchmarks"][0];
    assert_eq!(
        (&row["n_items"], &row["n_items_hit"]),
        (&2.into(), &1.into())
    );
    assert_eq!(row["items"][0]["id"], "0");
    assert_eq!(report["dropped"]["in_evaluation_set"], row["n_docs_hit"]);
    assert_eq!(row["langs"]["deu_Latn"], row["n_docs_hit"]);

    let filter = [
        "prepare",
        "decontaminate",
        "--against",
        "bench.eui",
        "bench/de.jsonl",
    ];
    assert_eq!(place.run(&filter).code(0).stdout, "");

    assert!(train(&place, "run", "1").output().unwrap().status.success());
    // The run knows its data, and its data what was met.
    let scored = place.run(&["eval", "run", "--data", "bench/de.jsonl", "--json"]);
    let scored = scored.code(0).object("eval/1");
    assert_eq!(scored["clean"]["n_met"]["deu_Latn"], 1);
    assert_eq!(scored["n_texts"]["deu_Latn"], 2);
    let bytes = |of: &Value| of["scores"][0]["n_bytes"].as_u64().unwrap();
    assert_eq!(
        bytes(&scored) - bytes(&scored["clean"]),
        ARTICLE.len() as u64
    );
    // Asked by the whole index, both texts are items.
    let mut args = vec!["eval", "run", "--data", "bench/de.jsonl", "--json"];
    args.extend(["--contamination", "bench.eui"]);
    let scored = place.run(&args).code(0).object("eval/1");
    assert_eq!(scored["clean"]["n_met"]["deu_Latn"], 2);
    assert_eq!(scored["clean"]["scores"], serde_json::json!([]));
    let table = place
        .run(&["eval", "run", "--data", "bench/de.jsonl"])
        .code(0);
    assert!(
        table
            .stdout
            .contains("texts that hold items of evaluation sets: 1;"),
        "{}",
        table.stdout
    );

    place
        .run(&["prepare", "decontaminate", "--index", "bench.json", "bench"])
        .code(2)
        .says("end it in .eui");
    place
        .run(&["prepare", "decontaminate", "--index", "b.eui"])
        .code(2)
        .says("no evaluation sets");
    place
        .run(&["prepare", "decontaminate"])
        .code(2)
        .says("--against");
}
