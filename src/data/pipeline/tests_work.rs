//! What is left of a walk that did not come to its end, and what is refused before one begins.

use super::tests::{contents, input, prepared};
use super::units::units;
use super::work::Work;
use super::{Plan, ShardOf, Step, run, sketch};
use crate::data::dedup::SketchReader;
use crate::data::tokenize::Parity;
use crate::disk;
use crate::event::{Control, Event};
use crate::fault::{Fault, Kind};

#[test]
fn a_walk_killed_while_its_work_is_cleared_away_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        vocab_size: 300,
        ..input(folder.path())
    };
    prepared(&plan);
    let expected = contents(&plan.output);
    disk::remove_folder(&plan.output).unwrap();
    // Stopped when every piece is made.
    let control = Control::default();
    let sink = |event: Event| {
        if matches!(event, Event::StageDone { stage, .. } if stage == "pack_heldout") {
            control.request_stop();
        }
    };
    let error = run(&plan, &control, &sink).err().unwrap();
    assert_eq!(error.kind(), Kind::Interrupted, "{error}");
    let work = Work::open(&plan, &units(&plan).unwrap()).unwrap();
    work.rename_out(&plan).unwrap();
    // The folder that appeared is gone, as after a look at it.
    disk::remove_folder(&plan.output).unwrap();
    prepared(&plan);
    assert_eq!(contents(&plan.output), expected);
}

#[test]
fn what_the_last_steps_would_stumble_over_is_refused_before_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let refused = |plan: Plan| {
        let sink = |event: Event| assert!(!matches!(event, Event::StageStarted { .. }));
        let error = run(&plan, &Control::default(), &sink).err().unwrap();
        assert_eq!(error.kind(), Kind::Usage, "{error}");
        assert!(!Work::exists(&plan), "{error}: nothing is left");
        error.to_string()
    };
    // The same ids in every language are missing.
    let told = refused(Plan {
        max_premium: Some(1.6),
        heldout: vec![
            folder.path().join("heldout/fin_Latn.jsonl.zst"),
            folder.path().join("train/cym_Latn.jsonl.zst"),
        ],
        ..plan.clone()
    });
    assert!(told.starts_with("max_premium needs parallel"), "{told}");
    let tokenizer = folder.path().join("tokenizer.json");
    let json = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
        "normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,
        "trim_offsets":true,"use_regex":true},"post_processor":null,
        "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,
        "use_regex":true},"model":{"type":"BPE","dropout":null,"unk_token":null,
        "continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,
        "byte_fallback":false,"ignore_merges":false,"vocab":{"a":0,"b":1},"merges":[]}}"#;
    disk::replace_bytes(&tokenizer, json.as_bytes()).unwrap();
    let told = refused(Plan {
        tokenizer: Some(tokenizer),
        ..plan.clone()
    });
    assert!(told.contains("no token that ends a text"), "{told}");
    refused(Plan {
        checks: vec!["nothing".into()],
        shard: Some(ShardOf { i: 1, n: 2 }),
        ..plan
    });
}

#[test]
fn a_vocabulary_may_be_dear_for_languages_that_were_not_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let train = |code: &str| folder.path().join(format!("train/{code}.jsonl.zst"));
    let plan = Plan {
        vocab_size: 600,
        inputs: vec![train("eng_Latn"), train("fra_Latn")],
        langs: vec!["en".into(), "fr".into()],
        steps: Step::ALL.to_vec(),
        max_premium: Some(2.0),
        parallel: vec![folder.path().join("heldout")],
        ..input(folder.path())
    };
    let report = prepared(&plan);
    let json = disk::read(&plan.output.join("parity.json")).unwrap();
    let parity: Parity = serde_json::from_slice(&json).unwrap();
    assert_eq!(report.langs.len(), 2);
    assert!(
        parity.rows[0].ratio.unwrap() > 2.0,
        "Georgian was not asked for"
    );
}

#[test]
fn what_a_setting_names_by_a_pattern_belongs_to_the_walk() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists");
    let write = |name: &str, text: &str| {
        disk::replace_bytes(&lists.join(name), text.as_bytes()).unwrap();
    };
    write("a.jsonl", "{\"text\":\"a\"}\n");
    let plan = input(folder.path());
    for plan in [
        Plan {
            heldout: vec![lists.join("*.jsonl")],
            ..plan.clone()
        },
        Plan {
            parallel: vec![lists.join("*.jsonl")],
            ..plan.clone()
        },
        Plan {
            robots: vec![lists.join("*.jsonl")],
            ..plan
        },
    ] {
        let units = units(&plan).unwrap();
        Work::open(&plan, &units).unwrap();
        Work::open(&plan, &units).unwrap();
        write("b.jsonl", "{\"text\":\"b\"}\n");
        let error = Work::open(&plan, &units).err().unwrap();
        assert!(error.to_string().ends_with("the input files"), "{error}");
        std::fs::remove_file(lists.join("b.jsonl")).unwrap();
        Work::open(&plan, &units).unwrap().remove().unwrap();
    }
}

#[test]
fn sketches_are_made_of_all_records_whatever_lies_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let line = |i: usize| match i {
        // More pages than records of a batch, between the first record and the last.
        1..700 => "{\"html\":\"<p>a</p>\",\"u\":\"http://a.eu/\"}\n".to_string(),
        _ => format!("{{\"id\":\"{i}\",\"text\":\"a\",\"url\":\"http://a.eu/{i}\"}}\n"),
    };
    let lines: String = (0..=700).map(line).collect();
    disk::replace_bytes(&path, lines.as_bytes()).unwrap();
    let target = folder.path().join("sketches");
    let plan = Plan::default();
    let made = |name: &str| {
        sketch(
            std::slice::from_ref(&path),
            &plan,
            &folder.path().join(name),
            &Control::default(),
        )
    };
    assert_eq!(made("sketches").unwrap(), 2);
    let mut reader = SketchReader::open(&target, plan.bands()).unwrap();
    let mut next = || reader.next().unwrap().map(|s| s.url_hash.is_some());
    assert_eq!([next(), next(), next()], [Some(true), Some(true), None]);
    disk::replace_bytes(&path, (lines + "{broken\n").as_bytes()).unwrap();
    assert_eq!(made("half").unwrap_err().kind(), Kind::Damaged);
    assert!(!folder.path().join("half").exists());
}
