//! The recipes that users copy: what they say is understood, and the smallest one works.

use std::path::{Path, PathBuf};

use crate::program::Place;

const RECIPES: [&str; 4] = ["tiny", "small", "eu24", "hplt-v4"];
/// Those that also say how to train.
const TRAINED: [&str; 2] = ["tiny", "small"];

fn recipe(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    folder.join(format!("{name}.toml"))
}

fn text(name: &str) -> String {
    std::fs::read_to_string(recipe(name)).unwrap()
}

/// The recipe with the keys that stand behind a `#` as examples.
fn with_examples(text: &str) -> String {
    let is_key = |line: &str| {
        line.strip_prefix("# ")
            .and_then(|rest| rest.split_once(" = "))
            .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let lines = text.lines().map(|line| match is_key(line) {
        true => &line[2..],
        false => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_key_of_every_recipe_is_known_also_those_shown_as_examples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    assert_eq!(folder.read_dir().unwrap().count(), RECIPES.len());
    for name in RECIPES {
        let place = Place::new();
        let examples = with_examples(&text(name));
        place.write("recipe.toml", &examples);
        let ran = place.run(&["doctor", "--json", "--config", "recipe.toml"]);
        let report = ran.code(0).object("settings/1");
        let settings = report["settings"].as_array().unwrap();
        let own = settings.iter().filter(|s| s["origin"] == "recipe.toml");
        // `seed` stands once above the sections and counts for each that has the key.
        let written = examples
            .lines()
            .filter(|l| l.contains(" = ") && !l.starts_with('#'));
        assert!(own.count() >= written.count(), "{name}");
    }
}

#[test]
fn the_tiny_recipe_prepares_the_embedded_corpus_and_every_recipe_can_train_on_it() {
    let place = Place::new();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/corpus/udhr.jsonl.zst");
    let corpus = std::fs::read(corpus).unwrap();
    place.write("assets/corpus/udhr.jsonl.zst", corpus);
    for name in TRAINED {
        place.write(&format!("{name}.toml"), text(name));
    }
    let prepared = place
        .run(&["prepare", "--recipe", "tiny.toml", "--json", "-q"])
        .code(0)
        .object("prepare/1");
    let langs = prepared["langs"].as_array().unwrap();
    assert_eq!(langs.len(), europium::lang::Lang::all().len());
    for row in langs {
        assert!(row["n_heldout"].as_u64().unwrap() >= 5, "{row}");
        assert!(row["parity"].as_f64().is_some(), "{row}");
    }
    for name in TRAINED {
        let file = format!("{name}.toml");
        let args = ["train", "tiny/data", "--recipe", &file, "-n", "--json"];
        let plan = place.run(&args).code(0).object("plan/1");
        assert_eq!(plan["plan"]["output"], format!("{name}/run"));
        assert!(plan["memory_bytes"].as_u64().unwrap() > 0);
    }
}
