//! The walk beside evaluation sets: what it tells of them, and that nothing changes the numbers.

use std::path::Path;
use std::sync::Mutex;

use super::tests::{contents, prepared, records};
use super::{Bytes, Plan, ShardOf, Step, Walked, run};
use crate::contamination::{Index, Report, Scratch};
use crate::data::{contamination, corpus};
use crate::disk;
use crate::event::{Control, Event, Silent};

/// The embedded corpus, cut into many units, and two sets: one of texts of it, one of its own.
fn input(folder: &Path) -> Plan {
    corpus::write(folder).unwrap();
    let texts = |lang: &str, n: usize| {
        let mut all = records(&[folder.join(format!("train/{lang}.jsonl.zst"))]);
        all.truncate(n);
        all.into_iter().map(|record| record.text)
    };
    let known = texts("mlt_Latn", 2).chain(texts("deu_Latn", 1)).zip(0..);
    let lines: String = known
        .map(|(text, i)| {
            format!(
                "{}\n",
                serde_json::json!({"id": format!("q{i}"), "text": text})
            )
        })
        .collect();
    disk::replace_bytes(&folder.join("bench/known.jsonl"), lines.as_bytes()).unwrap();
    let other =
        "[{\"question\": \"What is asked here is asked in no text of the corpus at all?\"}]";
    disk::replace_bytes(&folder.join("bench/other.json"), other.as_bytes()).unwrap();
    disk::replace_bytes(&folder.join("bench/README.md"), b"about").unwrap();
    Plan {
        inputs: vec![folder.join("train")],
        output: folder.join("data"),
        contamination: vec![folder.join("bench")],
        steps: vec![Step::Identify, Step::Decontaminate, Step::Dedup],
        trust_labels: true,
        unit_bytes: Bytes(16 << 10),
        ..Plan::default()
    }
}

#[test]
fn what_is_met_of_evaluation_sets_is_told_by_set_item_and_language() {
    let folder = tempfile::tempdir().unwrap();
    let plan = input(folder.path());
    let warned = Mutex::new(Vec::new());
    let sink = |event: Event| {
        if let Event::Note {
            warning: true,
            text,
        } = event
        {
            warned.lock().unwrap().push(text);
        }
    };
    let Ok(Walked::All(report)) = run(&plan, &Control::default(), &sink) else {
        unreachable!("no shard was asked for")
    };
    let warned = warned.into_inner().unwrap();
    assert!(warned.iter().any(|w| w.contains("README.md")), "{warned:?}");
    let told = disk::read(&plan.output.join(Report::NAME)).unwrap();
    let told: Report = serde_json::from_slice(&told).unwrap();
    assert_eq!(told.n_docs, 6 * 39);
    assert_eq!(told.n_docs_hit, report.dropped["in_evaluation_set"]);
    let [known, other] = &told.benchmarks[..] else {
        unreachable!("two sets were given")
    };
    assert_eq!(known.counts.name, "bench/known");
    assert_eq!((known.counts.n_items, known.counts.n_items_hit), (3, 3));
    let ids: Vec<&str> = known.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["q0", "q1", "q2"]);
    assert_eq!(known.counts.langs["mlt_Latn"], 2);
    assert_eq!(known.counts.langs["deu_Latn"], 1);
    assert_eq!((other.counts.n_items, other.counts.n_docs_hit), (1, 0));
    assert!(other.counts.n_hashes > 0 && other.items.is_empty());
    assert_eq!(
        report.evaluation_sets,
        [known.counts.clone(), other.counts.clone()]
    );
    let page = disk::read(&plan.output.join("report.html")).unwrap();
    assert!(
        String::from_utf8(page)
            .unwrap()
            .contains(">bench&#x2f;known</th>")
    );
    // What was met can be asked for again, without the sets.
    let met = Index::open(&plan.output.join(Report::INDEX)).unwrap();
    let mut scratch = Scratch::default();
    let is_met = |text: &str, scratch: &mut _| met.is_met(text, scratch);
    for record in records(&[folder.path().join("bench/known.jsonl")]) {
        assert!(is_met(&record.text, &mut scratch));
    }
    assert!(!is_met(
        "What is asked here is asked in no text of the corpus at all?",
        &mut scratch
    ));
    for record in records(&[plan.output.join("unique")]) {
        assert!(!is_met(&record.text, &mut scratch), "{}", record.id);
    }
}

#[test]
fn an_index_shards_threads_and_stops_change_no_byte_of_what_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        threads: 1,
        ..input(folder.path())
    };
    prepared(&plan);
    let expected = contents(&plan.output);
    assert!(
        expected
            .iter()
            .any(|(path, _)| path == Path::new(Report::NAME))
    );
    let index = folder.path().join("bench.eui");
    let made = contamination::open(&plan.contamination).unwrap().index;
    made.save(&index).unwrap();
    let other = Plan {
        contamination: vec![index],
        output: folder.path().join("other"),
        threads: 3,
        ..plan
    };
    for i in [2, 1] {
        let own = Plan {
            shard: Some(ShardOf { i, n: 2 }),
            ..other.clone()
        };
        run(&own, &Control::default(), &Silent).unwrap();
    }
    let control = Control::default();
    let sink = |event: Event| match event {
        Event::StageDone { stage, .. } if stage == "dedup_exact" => control.request_stop(),
        _ => {}
    };
    assert!(run(&other, &control, &sink).is_err());
    prepared(&other);
    assert_eq!(contents(&other.output), expected);
}
