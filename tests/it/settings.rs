//! Where settings come from: flag > environment > recipe > user's file > default.

use serde_json::Value;

use crate::program::Place;

/// Value and origin of a setting, as `eu doctor --config` tells them.
fn setting(
    place: &Place,
    env: &[(&str, &str)],
    args: &[&str],
    section: &str,
    key: &str,
) -> (Value, String) {
    let mut all = vec!["doctor", "--json"];
    all.extend(args);
    let report = place.run_with(env, &all).code(0).object("settings/1");
    let rows = report["settings"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|r| r["section"] == section && r["key"] == key)
        .unwrap();
    (row["value"].clone(), row["origin"].as_str().unwrap().into())
}

#[test]
fn each_source_beats_the_weaker_ones() {
    let place = Place::new();
    let none: &[(&str, &str)] = &[];
    let seed = |env, args| setting(&place, env, args, "train", "seed");
    assert_eq!(seed(none, &["--config"]), (1.into(), "default".into()));
    let file = place.write("config/eu/config.toml", "seed = 2\n");
    let (value, origin) = seed(none, &["--config"]);
    assert_eq!((value, origin), (2.into(), file.display().to_string()));
    place.write("r.toml", "[train]\nseed = 3\n");
    assert_eq!(
        seed(none, &["--config", "r.toml"]),
        (3.into(), "r.toml".into())
    );
    let env = &[("EU_SEED", "4")][..];
    assert_eq!(
        seed(env, &["--config", "r.toml"]),
        (4.into(), "EU_SEED".into())
    );
    let args = &["--config", "r.toml", "--seed", "5"][..];
    assert_eq!(seed(env, args), (5.into(), "--seed".into()));
}

#[test]
fn the_plan_a_command_would_follow_is_the_one_doctor_shows() {
    let place = Place::new();
    place.write(
        "texts/a.txt",
        "Il-bnedmin kollha jitwieldu ħielsa u ugwali fid-dinjità.",
    );
    place.write(
        "config/eu/config.toml",
        "[prepare]\nvocab_size = 1000\nmin_lang_prob = 0.25\n",
    );
    place.write(
        "r.toml",
        "[prepare]\nvocab_size = 2000\nmax_epochs = 2\ninputs = [\"texts\"]\n",
    );
    let env = &[("EU_MAX_EPOCHS", "3"), ("EU_LANGS", "mt,ga")];
    let args = [
        "prepare",
        "-n",
        "--json",
        "--recipe",
        "r.toml",
        "--max-epochs",
        "5",
        "--filter=false",
    ];
    let plan = place.run_with(env, &args).code(0).object("plan/1")["plan"].clone();
    assert_eq!(plan["vocab_size"], 2000);
    assert_eq!(plan["min_lang_prob"], 0.25);
    assert_eq!(plan["max_epochs"], 5.0);
    assert_eq!(plan["filter"], false);
    assert_eq!(plan["langs"], serde_json::json!(["mt", "ga"]));
    assert_eq!(plan["dedup_exact"], true);
}

#[test]
fn a_key_nobody_knows_is_refused_with_file_line_and_suggestion() {
    let place = Place::new();
    place.write(
        "r.toml",
        "seed = 1\n[train]\nlr = 0.1\nwarm_up_share = 0.1\n",
    );
    place
        .run(&["train", "--recipe", "r.toml"])
        .code(2)
        .says("error: r.toml:4: unknown key of [train] `warm_up_share`")
        .says("hint: did you mean `warmup_share`?");
    place.write("config/eu/config.toml", "[chat]\ntemprature = 0\n");
    place
        .run(&["doctor"])
        .code(2)
        .says("config.toml:2: unknown key of [chat] `temprature`")
        .says("hint: did you mean `temperature`?");
}

#[test]
fn a_variable_that_means_nothing_is_told() {
    let place = Place::new();
    let ran = place
        .run_with(&[("EU_STEPPS", "3")], &["doctor", "--json", "--config"])
        .code(0);
    assert_eq!(
        ran.object("settings/1")["unknown_variables"][0],
        "EU_STEPPS"
    );
    ran.says("EU_STEPPS is set and means nothing");
}

#[test]
fn offline_holds_from_every_source() {
    let place = Place::new();
    for (env, args) in [
        (&[][..], &["pull", "a/b", "--offline"][..]),
        (&[("EU_OFFLINE", "1")], &["pull", "a/b"]),
    ] {
        place
            .run_with(env, args)
            .code(4)
            .says("the network is forbidden");
    }
    place.write("config/eu/config.toml", "offline = true\n");
    place
        .run(&["pull", "a/b"])
        .code(4)
        .says("the network is forbidden");
}

#[test]
fn a_stage_of_a_vocabulary_heeds_every_source_and_reads_a_pipe_once() {
    let place = Place::new();
    let said = [
        "Il-bnedmin kollha jitwieldu ħielsa",
        "Kull bniedem għandu dritt",
    ];
    let text: String = (0..200)
        .map(|i| {
            format!(
                "{{\"id\": \"{i}\", \"lang\": \"mt\", \"text\": \"{}\"}}\n",
                said[i % 2]
            )
        })
        .collect();
    let parallel = place.write(
        "parallel.jsonl",
        "{\"id\": \"1\", \"lang\": \"mt\", \"text\": \"Kull bniedem\"}\n",
    );
    let recipe = format!("[prepare]\nvocab_size = 300\nparallel = [{parallel:?}]\n");
    place.write("r.toml", recipe);
    let args = [
        "prepare",
        "tokenizer",
        "--config",
        "r.toml",
        "--json",
        "-o",
        "tok",
        "--compare",
    ];
    let made = place
        .pipe(text.as_bytes(), &args)
        .code(0)
        .object("tokenizer/1");
    assert!(made["n_vocab"].as_u64().is_some_and(|n| n <= 300), "{made}");
    assert_eq!(made["parity"]["rows"][0]["lang"], "mlt_Latn");
    assert_eq!(made["plain"]["rows"][0]["lang"], "mlt_Latn");
    let args = [&args[..], &["--vocab-size", "280"]].concat();
    let made = place
        .pipe(text.as_bytes(), &args)
        .code(0)
        .object("tokenizer/1");
    assert!(made["n_vocab"].as_u64().is_some_and(|n| n <= 280), "{made}");
    let refused = place
        .run(&["prepare", "tokenizer", "-o", "tok", "--compare"])
        .code(2);
    refused.says("--parallel");
}
