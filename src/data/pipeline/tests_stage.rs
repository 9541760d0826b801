//! Stages alone and the walk: the same record meets the same fate.

use std::path::Path;

use serde_json::{Value, json};

use super::tests::{prepared, records};
use super::{Plan, Stage, Step, run_stage};
use crate::data::corpus;
use crate::data::error::Result;
use crate::data::filter::N_FILTERS;
use crate::disk;
use crate::event::Control;

/// What a stage prints for some lines of JSON.
fn printed(stage: Stage, plan: &Plan, lines: &[Value]) -> Result<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.jsonl");
    write(&path, lines);
    let mut told = String::new();
    run_stage(stage, &[path], plan, &Control::default(), &mut |lines| {
        told.push_str(lines);
    })?;
    Ok(told)
}

/// The lines of JSON that a stage prints.
fn through(stage: Stage, plan: &Plan, lines: &[Value]) -> Vec<Value> {
    let told = printed(stage, plan, lines).unwrap();
    let lines = told.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn write(path: &Path, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    disk::replace_bytes(path, text.as_bytes()).unwrap();
}

/// Articles of the Declaration in one language.
fn articles(code: &str) -> Vec<String> {
    let own = corpus::records().filter(|r| r.code() == code);
    own.map(|r| r.text.replace('\n', " ")).collect()
}

#[test]
fn the_walk_and_the_stages_tell_one_fate_of_a_text_in_two_languages() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    disk::replace_bytes(
        &rules,
        b"[all]\nfamilies = ['language']\nmin_lang_share = 0.8\n",
    )
    .unwrap();
    let (finnish, swedish) = (articles("fin_Latn"), articles("swe_Latn"));
    let mixed = [&finnish[..8], &swedish[..4]].concat().join("\n");
    let lines = [
        json!({"id": "mixed", "text": mixed}),
        json!({"id": "own", "text": finnish[8..16].join("\n")}),
    ];
    let input = folder.path().join("in.jsonl");
    write(&input, &lines);
    let plan = Plan {
        inputs: vec![input],
        output: folder.path().join("data"),
        thresholds: Some(rules),
        steps: vec![Step::Identify, Step::Filter],
        heldout_share: 0.0,
        ..Plan::default()
    };
    let report = prepared(&plan);
    assert_eq!(report.dropped["mixed_language"], 1);
    let dropped = plan
        .output
        .join("dropped/mixed_language/fin_Latn.jsonl.zst");
    let dropped = &records(&[dropped])[0];
    assert_eq!(dropped.id, "mixed");
    let explained = through(Stage::Explain, &plan, &lines);
    assert_eq!(explained[0]["verdict"], dropped.fields["verdict"]);
    assert_eq!(
        (&explained[0]["kept"], &explained[1]["kept"]),
        (&false.into(), &true.into())
    );
    let whatif = through(Stage::Whatif { share: 1.0 }, &plan, &lines);
    let counted = |key: &str| whatif[0][key]["n_texts"].as_u64().unwrap();
    assert_eq!((counted("seen"), counted("kept")), (2, 1));
    assert_eq!(through(Stage::Filter, &plan, &lines).len(), 1);
    let stats = through(Stage::Stats, &plan, &lines);
    assert_eq!(stats[0]["would_drop"]["mixed_language"], 1);
}

#[test]
fn lines_that_are_no_text_go_where_c4_is_on_and_are_counted() {
    let with_menu = |code: &str| {
        let mut lines = articles(code);
        lines.truncate(12);
        lines.insert(0, "Menu".into());
        lines.insert(4, "Please enable JavaScript in your browser.".into());
        lines.push("This site uses cookies.[1]".into());
        lines.join("\n")
    };
    let lines = [
        json!({"id": "a", "lang": "en", "pii": [[0, 4]], "text": with_menu("eng_Latn")}),
        json!({"id": "b", "lang": "fr", "pii": [[0, 4]], "text": with_menu("fra_Latn")}),
    ];
    let kept = through(Stage::Filter, &Plan::default(), &lines);
    let own = articles("eng_Latn")[..12].join("\n");
    assert_eq!(
        (&kept[0]["text"], kept[0].get("pii")),
        (&own.into(), None),
        "a place in a text that changed is no place any more"
    );
    let removed = json!({"few_words": 1, "javascript": 1, "policy": 1});
    assert_eq!(kept[0]["c4_removed"], removed);
    assert_eq!(kept[1], lines[1]);

    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.jsonl");
    write(&input, &lines);
    let plan = Plan {
        inputs: vec![input],
        output: folder.path().join("data"),
        trust_labels: true,
        steps: vec![Step::Identify, Step::Filter],
        heldout_share: 0.0,
        annotate: true,
        ..Plan::default()
    };
    let report = prepared(&plan);
    assert_eq!(
        serde_json::to_value(&report.found["C4 lines"]).unwrap(),
        removed
    );
    let english = &records(&[plan.output.join("unique/eng_Latn.jsonl.zst")])[0];
    assert_eq!(english.text, kept[0]["text"].as_str().unwrap());
    assert_eq!(english.fields["seg_langs"].as_array().unwrap().len(), 12);
    assert_eq!(english.fields["filter"], "keep");
}

#[test]
fn a_text_of_which_nothing_is_left_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    disk::replace_bytes(
        &rules,
        b"[en]\nfamilies = ['c4']\nmin_c4_sentences = 0\nmin_words_per_line = 100000\n",
    )
    .unwrap();
    let plan = Plan {
        thresholds: Some(rules),
        ..Plan::default()
    };
    let lines = [json!({"id": "a", "lang": "en", "text": articles("eng_Latn")[..4].join("\n")})];
    assert_eq!(through(Stage::Filter, &plan, &lines), [] as [Value; 0]);
    let verdict = &through(Stage::Explain, &plan, &lines)[0]["verdict"];
    assert_eq!(
        (&verdict["stage"], &verdict["reason"]),
        (&"filter".into(), &"c4_removed_lines".into())
    );
}

#[test]
fn scores_are_noted_once_and_keep_only_of_what_was_judged() {
    let text = articles("dan_Latn")[..12].join("\n");
    let lines = [json!({"id": "a", "lang": "da", "text": text})];
    let plan = Plan {
        annotate: true,
        ..Plan::default()
    };
    let told = &through(Stage::Identify, &plan, &lines)[0];
    assert_eq!(told["seg_langs"].as_array().unwrap().len(), 12);
    assert_eq!(told.get("filter"), None);
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.jsonl");
    write(&input, &lines);
    let walked = |filter: bool| {
        let plan = Plan {
            inputs: vec![input.clone()],
            output: folder.path().join("data"),
            steps: vec![Step::Identify, Step::Filter],
            heldout_share: 0.0,
            filter,
            force: true,
            ..plan.clone()
        };
        prepared(&plan);
        records(&[plan.output.join("unique/dan_Latn.jsonl.zst")]).remove(0)
    };
    let (judged, passed) = (walked(true), walked(false));
    assert_eq!(judged.fields["filter"], "keep");
    assert_eq!(passed.fields.get("filter"), None);
    for field in ["doc_scores", "seg_langs"] {
        assert_eq!(judged.fields[field], told[field]);
        assert_eq!(judged.fields[field], passed.fields[field]);
    }
}

#[test]
fn a_stage_opens_only_what_it_needs() {
    let none = || Some("/no/such/file".into());
    let plan = Plan {
        thresholds: none(),
        bad_words: none(),
        licences: none(),
        pii_key: none(),
        tokenizer: none(),
        redact: super::Redact::Pseudonymise,
        robots: vec!["/no/such/file".into()],
        contamination: vec!["/no/such/file".into()],
        ..Plan::default()
    };
    let lines = [json!({"id": "a", "lang": "da", "text": articles("dan_Latn")[3]})];
    for stage in [Stage::Extract, Stage::Identify, Stage::Dedup] {
        assert_eq!(through(stage, &plan, &lines).len(), 1, "{stage:?}");
    }
    for stage in [
        Stage::Filter,
        Stage::Stats,
        Stage::Whatif { share: 1.0 },
        Stage::Lawful,
        Stage::Redact,
        Stage::Decontaminate { mark: true },
        Stage::Encode { count: true },
        Stage::Explain,
    ] {
        let error = printed(stage, &plan, &lines).err().unwrap().to_string();
        assert!(error.contains("/no/such/file"), "{stage:?}: {error}");
    }
    // What is measured against thresholds is so, whatever the plan's steps are.
    let bare = Plan {
        steps: vec![Step::Identify],
        filter: false,
        ..Plan::default()
    };
    assert_eq!(through(Stage::Filter, &bare, &lines), [] as [Value; 0]);
    assert_eq!(through(Stage::Explain, &bare, &lines)[0]["kept"], true);
}

#[test]
fn thresholds_and_tables_are_the_same_for_any_number_of_threads() {
    let texts: Vec<String> = ["deu_Latn", "eng_Latn"]
        .iter()
        .flat_map(|code| articles(code))
        .collect();
    let line = |i: usize| {
        let text: Vec<&str> = (0..9)
            .map(|j| &texts[(i + j * (1 + i % 5)) % texts.len()][..])
            .collect();
        json!({"id": format!("t{i}"), "text": text.join("\n")})
    };
    let lines: Vec<Value> = (0..700).map(line).collect();
    for stage in [Stage::Calibrate, Stage::Whatif { share: 0.5 }] {
        let with = |threads: usize| {
            let plan = Plan {
                threads,
                ..Plan::default()
            };
            printed(stage, &plan, &lines).unwrap()
        };
        let alone = with(1);
        assert!(
            alone.contains("deu_Latn") && alone.contains("eng_Latn"),
            "{alone:.300}"
        );
        assert!(with(3) == alone, "{stage:?}");
    }
}

#[test]
fn licences_that_were_found_on_a_page_are_asked_about_later_too() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("licences");
    disk::replace_bytes(&list, b"deny *-NC*\n").unwrap();
    let plan = Plan {
        licences: Some(list),
        ..Plan::default()
    };
    let licence = |name: &str| format!("https://creativecommons.org/licenses/{name}/4.0/");
    let lines = [
        json!({"id": "a", "text": "x", "licences": [licence("by-nc")]}),
        json!({"id": "b", "text": "x", "licences": [licence("by")]}),
    ];
    let told = through(Stage::Lawful, &plan, &lines);
    let allowed: Vec<&Value> = told.iter().map(|line| &line["allowed"]).collect();
    assert_eq!(allowed, [false, true]);
}

#[test]
fn a_stage_alone_is_a_filter_over_lines() {
    let long: Vec<String> = corpus::records()
        .filter(|r| r.code() == "gle_Latn")
        .map(|r| r.text)
        .collect();
    let good = json!({"z": 1, "id": "a", "text": long[..8].join("\n"), "lang": "ga"});
    let bad = json!({"id": "b", "text": "ró-ghearr", "lang": "ga"});
    let lines = [good.clone(), bad.clone(), good.clone()];
    let through = |stage| through(stage, &Plan::default(), &lines);
    assert_eq!(through(Stage::Filter), [good.clone(), good.clone()]);
    let unique = through(Stage::Dedup);
    assert_eq!(unique.len(), 2);
    assert_eq!(
        (&unique[0]["id"], &unique[0]["cluster_size"]),
        (&good["id"], &2.into())
    );
    assert_eq!(unique[1]["id"], bad["id"]);
    let explained = through(Stage::Explain);
    assert_eq!(explained.len(), 3);
    assert_eq!(explained[1]["kept"], false);
    assert_eq!(explained[1]["verdict"]["reason"], "too_few_words");
    assert_eq!(explained[0]["checks"].as_array().unwrap().len(), N_FILTERS);
    let stats = through(Stage::Stats);
    assert_eq!(
        (stats[0]["lang"].as_str(), stats[0]["n_records"].as_u64()),
        (Some("gle_Latn"), Some(3))
    );
    assert_eq!(stats[0]["would_drop"]["too_few_words"], 1);
}
