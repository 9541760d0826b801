//! The whole walk over the embedded corpus, and what must hold whatever the input.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{Bytes, Plan, Report, ShardOf, Step, Walked, run};
use crate::data::record::Record;
use crate::data::{corpus, read};
use crate::disk;
use crate::event::{Control, Event, Silent};
use crate::fault::{Fault, Kind};
use crate::lang::Lang;
use crate::ledger::{Manifest, verify};
use crate::shard::{Mix, Shard};
use crate::vocab::Vocab;

/// The embedded corpus, some copies of it, and text of no use.
pub(super) fn input(folder: &Path) -> Plan {
    corpus::write(folder).unwrap();
    let hex: String = (0..300).map(|i| format!("{:02x} ", i * 37 % 251)).collect();
    let first: Record = records(&[folder.join("train/mlt_Latn.jsonl.zst")]).remove(0);
    let lines = [
        serde_json::json!({"id": "hex", "lang": "de", "text": hex, "u": "http://example.org"}),
        serde_json::json!({"id": "copy", "lang": "mt", "text": format!(" {} ", first.text)}),
        serde_json::json!({"id": "near", "lang": "mt", "text": format!("{} U iktar.", first.text)}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    disk::replace_bytes(&folder.join("train/more.jsonl"), lines.as_bytes()).unwrap();
    Plan {
        inputs: vec![folder.join("train")],
        heldout: vec![folder.join("heldout")],
        output: folder.join("data"),
        trust_labels: true,
        vocab_size: 2000,
        ..Plan::default()
    }
}

pub(super) fn records(paths: &[PathBuf]) -> Vec<Record> {
    let read = read::records(paths, "text").unwrap();
    read.collect::<Result<_, _>>().unwrap()
}

pub(super) fn prepared(plan: &Plan) -> Report {
    whole(run(plan, &Control::default(), &Silent).unwrap())
}

fn whole(walked: Walked) -> Report {
    match walked {
        Walked::All(report) => *report,
        Walked::Shard { .. } => unreachable!("no shard was asked for"),
    }
}

#[test]
fn the_embedded_corpus_becomes_a_folder_to_train_on() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let report = prepared(&plan);
    let data = &plan.output;
    assert_eq!(report.n_seen, 6 * 39 + 3);
    assert_eq!(report.dropped["few_letters"], 1);
    assert_eq!(report.dropped["duplicate"], 1);
    assert_eq!(report.dropped["near_duplicate"], 1);
    let vocab = Vocab::open(&data.join("tokenizer.json")).unwrap();
    assert_eq!(vocab.len(), 2000);
    let mix = Mix::open(data).unwrap();
    assert_eq!(mix.rows.len(), 39, "no language is lost to the filters");
    for row in &mix.rows {
        let train = Shard::open(&data.join("tokens/train").join(&row.lang)).unwrap();
        assert_eq!(
            (train.n_tokens(), train.n_docs() as u64),
            (row.n_tokens, row.n_docs)
        );
        let valid = Shard::open(&data.join("tokens/valid").join(&row.lang)).unwrap();
        assert_eq!(valid.n_docs(), 6, "{}", row.lang);
        assert!(train.max_token().unwrap() < 2000);
        // The shard says what the text says, in the same order.
        let texts = records(&[data.join(format!("unique/{}.jsonl.zst", row.lang))]);
        let mut tokens = Vec::new();
        for (doc, record) in texts.iter().enumerate() {
            train.read(train.doc(doc), &mut tokens);
            assert_eq!(tokens.pop(), Some(0));
            assert_eq!(vocab.decode(&tokens), record.text);
        }
    }
    let survivor = records(&[data.join("unique/mlt_Latn.jsonl.zst")]);
    let near = survivor.iter().find(|r| r.id == "near").unwrap();
    assert_eq!(
        near.fields["cluster_size"], 3,
        "a copy of a copy is counted"
    );
    let dropped = records(&[data.join("dropped/few_letters/deu_Latn.jsonl.zst")]);
    assert_eq!(dropped[0].fields["u"], "http://example.org");
    assert_eq!(dropped[0].fields["verdict"]["threshold"], 0.774);
    let page = String::from_utf8(disk::read(&data.join("report.html")).unwrap()).unwrap();
    assert!(page.contains(">mlt_Latn</th>") && page.contains(">example.org</th>"));
    assert!(
        !page.contains("src=") && !page.replace("href=\"#", "").contains("href="),
        "needs nothing but itself"
    );
    assert_eq!(report.domains[0].domain, "example.org");
    let manifest = Manifest::of(data).unwrap();
    assert!(verify(data, &manifest).unwrap().is_empty());
    assert_eq!(manifest.parents.len(), 2 * 39 + 1);
}

#[test]
fn parity_is_told_for_every_language_worst_first() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let report = prepared(&plan);
    let with = report
        .langs
        .iter()
        .filter(|row| row.parity.is_some())
        .count();
    assert_eq!(
        with, 39,
        "held-out text with the same ids everywhere is parallel"
    );
    let json = disk::read(&plan.output.join("parity.json")).unwrap();
    let parity: crate::data::tokenize::Parity = serde_json::from_slice(&json).unwrap();
    assert_eq!(parity.reference.as_deref(), Some("eng_Latn"));
    assert!(parity.rows[0].ratio.unwrap() < 2.5, "{:?}", parity.rows[0]);
}

/// Every file of a prepared folder but the manifest, which holds the time.
pub(super) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = disk::walk(folder).unwrap().into_iter();
    files
        .filter(|path| path.file_name().is_some_and(|n| n != "manifest.json"))
        .map(|path| {
            (
                path.strip_prefix(folder).unwrap().into(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn threads_and_the_order_of_files_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        unit_bytes: Bytes(16 << 10), // several units, for several to be open
        ..input(folder.path())
    };
    prepared(&Plan {
        threads: 1,
        ..plan.clone()
    });
    let one = contents(&plan.output);
    let mut files: Vec<PathBuf> = read::files(&plan.inputs).unwrap();
    files.reverse();
    for threads in [3, 17] {
        let other = Plan {
            threads,
            inputs: files.clone(),
            output: folder.path().join(format!("on-{threads}")),
            ..plan.clone()
        };
        prepared(&other);
        let many = contents(&other.output);
        for ((path, a), (_, b)) in one.iter().zip(&many) {
            assert!(a == b, "{threads}: {} differs", path.display());
        }
        assert_eq!(one.len(), many.len());
    }
}

#[test]
fn without_held_out_text_a_share_of_each_language_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        heldout: Vec::new(),
        heldout_share: 0.2,
        ..input(folder.path())
    };
    let report = prepared(&plan);
    for lang in Lang::all() {
        let read = |part: &str| {
            records(&[plan
                .output
                .join(part)
                .join(format!("{}.jsonl.zst", lang.code))])
        };
        let (train, heldout) = (read("unique"), read("heldout"));
        assert!((1..=2).contains(&heldout.len()), "{}", lang.code);
        assert!(
            train
                .iter()
                .all(|t| heldout.iter().all(|h| h.text != t.text))
        );
    }
    assert_eq!(
        report.n_kept + report.n_heldout + report.dropped.values().sum::<u64>(),
        report.n_seen
    );
}

#[test]
fn text_equal_to_held_out_text_is_never_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = input(folder.path());
    plan.heldout.push(plan.inputs[0].join("fin_Latn.jsonl.zst"));
    let report = prepared(&plan);
    assert_eq!(report.dropped["in_heldout"], 6);
    assert!(!plan.output.join("unique/fin_Latn.jsonl.zst").exists());
}

#[test]
fn a_walk_stopped_at_any_stage_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    prepared(&plan);
    let expected = contents(&plan.output);
    for stop_in in [
        "records",
        "identify",
        "dedup_exact",
        "train_tokenizer",
        "pack",
        "pack_heldout",
    ] {
        let plan = Plan {
            output: folder.path().join(format!("stopped-{stop_in}")),
            ..plan.clone()
        };
        let control = Control::default();
        let sink = |event: Event| match event {
            Event::StageStarted { stage, .. } | Event::StageDone { stage, .. }
                if stage == stop_in =>
            {
                control.request_stop();
            }
            _ => {}
        };
        let error = run(&plan, &control, &sink).err().unwrap();
        assert_eq!(error.kind(), Kind::Interrupted, "{stop_in}: {error}");
        assert!(
            !plan.output.exists(),
            "{stop_in}: nothing half made is seen"
        );
        prepared(&plan);
        assert_eq!(contents(&plan.output), expected, "{stop_in}");
    }
    let left = std::fs::read_dir(folder.path()).unwrap();
    let left = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".work")
    });
    assert_eq!(left.count(), 0, "the work is cleared away at the end");
}

#[test]
fn shards_and_then_the_merge_give_the_bytes_of_one_walk() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    prepared(&plan);
    let expected = contents(&plan.output);
    let shared = Plan {
        output: folder.path().join("shared"),
        ..plan
    };
    for i in [2, 1] {
        let own = Plan {
            shard: Some(ShardOf { i, n: 2 }),
            threads: i,
            ..shared.clone()
        };
        let walked = run(&own, &Control::default(), &Silent).unwrap();
        assert!(matches!(walked, Walked::Shard { .. }));
        assert!(!own.output.exists());
    }
    prepared(&shared);
    assert_eq!(contents(&shared.output), expected);
}

#[test]
fn a_dear_vocabulary_is_refused_and_the_work_is_kept_for_another_limit() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        max_premium: Some(1.01),
        ..input(folder.path())
    };
    let error = run(&plan, &Control::default(), &Silent).err().unwrap();
    assert_eq!(error.kind(), Kind::Gate, "{error}");
    assert!(!plan.output.exists());
    let again = Plan {
        max_premium: Some(9.0),
        ..plan
    };
    let stages = Mutex::new(Vec::new());
    let sink = |event: Event| {
        if let Event::StageStarted { stage, .. } = event {
            stages.lock().unwrap().push(stage);
        }
    };
    whole(run(&again, &Control::default(), &sink).unwrap());
    let stages = stages.into_inner().unwrap();
    assert!(!stages.iter().any(|s| s == "train_tokenizer"), "{stages:?}");
}

#[test]
fn the_work_of_another_walk_is_not_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let shard = Some(ShardOf { i: 1, n: 1 });
    let first = Plan {
        shard,
        ..plan.clone()
    };
    run(&first, &Control::default(), &Silent).unwrap();
    let other = Plan {
        max_epochs: 2.0,
        ..plan.clone()
    };
    let error = run(&other, &Control::default(), &Silent).err().unwrap();
    assert_eq!(error.kind(), Kind::Usage);
    assert!(
        error
            .to_string()
            .ends_with("left by a walk that differs in max_epochs"),
        "{error}"
    );
    prepared(&Plan {
        force: true,
        ..other
    });
}

#[test]
fn damage_is_set_aside_and_counted_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = input(folder.path());
    let broken = folder.path().join("broken.jsonl");
    disk::replace_bytes(&broken, b"{\"text\":\"a\"}\n{\"txt\":\"a\"}\n").unwrap();
    plan.inputs.push(broken);
    let report = prepared(&plan);
    assert_eq!(report.dropped["damaged"], 1);
    assert_eq!(report.n_seen, 6 * 39 + 3 + 2);
    let set_aside = records(&[plan.output.join("dropped/damaged/und.jsonl.zst")]);
    let fields = &set_aside[0].fields;
    assert_eq!((&fields["o"], &fields["s"]), (&13.into(), &12.into()));
    let evidence = fields["verdict"]["evidence"].as_str().unwrap();
    assert!(evidence.contains("record has no text field"), "{evidence}");
}

#[test]
fn what_a_copy_stood_for_already_goes_to_the_one_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = input(folder.path());
    let first: Record = records(&[folder.path().join("train/mlt_Latn.jsonl.zst")]).remove(0);
    // The same address: the newest stays, and goes in turn for the text that it shares.
    let line = |id: &str, ts: &str, text: &str, n: u64| {
        serde_json::json!({"id": id, "lang": "mt", "text": text, "u": "http://a.mt/", "ts": ts,
            "cluster_size": n})
    };
    let lines = [
        line(
            "old",
            "2020",
            &format!("{} U xi ħaġa oħra.", first.text),
            10,
        ),
        line("new", "2021", &first.text, 100),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    disk::replace_bytes(&folder.path().join("counted.jsonl"), lines.as_bytes()).unwrap();
    plan.inputs.push(folder.path().join("counted.jsonl"));
    plan.dedup_url = true;
    plan.threads = 2;
    prepared(&plan);
    let kept = records(&[plan.output.join("unique/mlt_Latn.jsonl.zst")]);
    let near = kept.iter().find(|r| r.id == "near").unwrap();
    // first, copy, near, and what old and new stand for
    assert_eq!(near.fields["cluster_size"], 3 + 110);
}

#[test]
fn a_walk_that_leaves_nothing_says_where_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let only = Plan {
        langs: vec!["fi".into()],
        inputs: vec![folder.path().join("train/deu_Latn.jsonl.zst")],
        ..plan
    };
    let error = run(&only, &Control::default(), &Silent).err().unwrap();
    assert_eq!(
        error.to_string(),
        "none of 6 records is left to train on; select dropped: other_language 6"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_plan_without_tokens_ends_with_records() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        steps: vec![Step::Identify, Step::Filter, Step::Redact, Step::Dedup],
        annotate: true,
        parquet: true,
        ..input(folder.path())
    };
    let report = prepared(&plan);
    let table = plan.output.join("unique/cym_Latn.parquet");
    let rows = read::items(&[table], &read::Options::default()).unwrap();
    let rows = rows.filter(|item| matches!(item, Ok(read::Item::Record(_))));
    let check = report.dedup_check.as_ref().unwrap();
    assert!(check.n_planted > 100 && check.recall > 0.8, "{check:?}");
    assert_eq!(
        rows.count() as u64,
        report
            .langs
            .iter()
            .find(|l| l.lang == "cym_Latn")
            .unwrap()
            .n_docs
    );
    assert_eq!((report.n_tokens, report.n_vocab), (0, 0));
    assert!(!plan.output.join("tokens").exists() && !plan.output.join("mix.json").exists());
    let kept = records(&[plan.output.join("unique/cym_Latn.jsonl.zst")]);
    assert_eq!(kept[0].fields["doc_scores"].as_array().unwrap().len(), 11);
}

#[test]
fn every_stage_speaks_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let events = Mutex::new(Vec::new());
    let walked = run(&plan, &Control::default(), &|e: Event| {
        events.lock().unwrap().push(e)
    });
    let report = whole(walked.unwrap());
    let events = events.into_inner().unwrap();
    let done: Vec<(String, u64, u64)> = events
        .iter()
        .filter_map(|e| match e {
            Event::StageDone {
                stage,
                n_in,
                n_out,
                dropped,
                ..
            } => {
                assert_eq!(*n_in, n_out + dropped.values().sum::<u64>());
                Some((stage.clone(), *n_in, *n_out))
            }
            _ => None,
        })
        .collect();
    let rows = report
        .stages
        .iter()
        .map(|s| (s.stage.clone(), s.n_in, s.n_out));
    let steps = done
        .iter()
        .filter(|(stage, ..)| !stage.contains("pack") && !stage.contains("train"));
    assert_eq!(steps.cloned().collect::<Vec<_>>(), rows.collect::<Vec<_>>());
    assert_eq!(done.len(), report.stages.len() + 3);
    assert!(matches!(events.last(), Some(Event::Saved { what, .. }) if what == "data"));
}

#[test]
fn nothing_but_a_prepared_folder_is_replaced_even_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = Plan {
        force: true,
        ..input(folder.path())
    };
    let precious = folder.path().join("home/letter.txt");
    disk::replace_bytes(&precious, b"dear").unwrap();
    for output in ["home", "home/letter.txt"] {
        plan.output = folder.path().join(output);
        let error = run(&plan, &Control::default(), &Silent).err().unwrap();
        assert_eq!(error.kind(), Kind::Usage, "{error}");
        assert!(
            error.to_string().contains("not a prepared folder"),
            "{error}"
        );
    }
    assert_eq!(disk::read(&precious).unwrap(), b"dear");
    plan.output = folder.path().join("data");
    prepared(&plan);
    prepared(&plan); // what was prepared may be prepared again
}
