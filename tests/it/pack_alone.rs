//! `eu prepare pack` and `eu prepare mix`, each by itself in a pipeline of others.

use crate::program::Place;
use crate::trained::Trained;

/// What the last steps of the walk did is done again from its records alone.
#[test]
fn records_are_packed_to_the_bytes_of_the_walk_and_mixed_from_each_kind_of_count() {
    let place = Place::new();
    Trained::shared().copy("data", &place);
    let pack = [
        "prepare",
        "pack",
        "data/unique",
        "--tokenizer=data/tokenizer.json",
        "--output=packed",
        "--heldout-share=0",
        "--layouts=megatron,olmo",
        "--json",
        "-q",
    ];
    let report = place.run(&pack).code(0).object("prepare/1");
    assert_eq!(report["n_kept"], report["n_seen"], "all are packed");
    for lang in crate::trained::LANGS {
        let bytes = |folder: &str| {
            let name = format!("{folder}/tokens/train/{lang}.bin");
            std::fs::read(place.path().join(name)).unwrap()
        };
        assert_eq!(bytes("data"), bytes("packed"), "{lang}");
    }
    assert!(
        place
            .path()
            .join("packed/tokens/train/deu_Latn.npy")
            .is_file()
    );
    place.run(&pack).code(2).says("packed");

    let mix = |args: &[&str]| {
        let all = [&["prepare", "mix", "--json"][..], args].concat();
        place.run(&all).code(0).object("mix/1")
    };
    let of_folder = mix(&["packed"]);
    let tokenizer = "--tokenizer=data/tokenizer.json";
    assert_eq!(mix(&["packed/tokens", tokenizer]), of_folder);
    assert_eq!(mix(&["data/unique", tokenizer]), of_folder);
    let weighted = mix(&["packed", "--weights=mt=0", "--budget-tokens=100"]);
    let rows = weighted["rows"].as_array().unwrap();
    let maltese = rows.iter().find(|row| row["lang"] == "mlt_Latn").unwrap();
    assert_eq!(maltese["epochs"], 0.0);
    let told = place.run(&["prepare", "mix", "packed"]).code(0);
    assert!(told.stdout.contains("a mix of "), "{}", told.stdout);
    place
        .run(&["prepare", "mix", "packed/tokens"])
        .code(2)
        .says("hint: name the tokenizer.json");
}

#[test]
fn a_stream_is_packed_under_the_labels_it_has() {
    let place = Place::new();
    Trained::shared().copy("data", &place);
    let lines =
        "{\"id\": 1, \"lang\": \"mt\", \"text\": \"Merħba\"}\n{\"id\": 2, \"text\": \"?\"}\n";
    let args = [
        "prepare",
        "pack",
        "-",
        "--tokenizer=data/tokenizer.json",
        "--output=packed",
        "-q",
    ];
    place.pipe(lines.as_bytes(), &args).code(0);
    for lang in ["mlt_Latn", "und"] {
        let name = format!("packed/tokens/train/{lang}.idx");
        assert!(place.path().join(name).is_file(), "{lang}");
    }
}
