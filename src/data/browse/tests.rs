//! A prepared folder as a reader finds it.

use serde_json::{Value, json};

use super::*;
use crate::data::{Plan, Step, corpus, run};
use crate::disk;
use crate::event::{Control, Silent};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, lines: &[Value]| {
        // A frame for every two records, as a large file has many.
        let frames = lines.chunks(2).map(|lines| {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            zstd::encode_all(text.as_bytes(), 1).unwrap()
        });
        let packed: Vec<u8> = frames.flatten().collect();
        disk::replace_bytes(&folder.path().join(name), &packed).unwrap();
    };
    let kept: Vec<Value> = (0..5)
        .map(|i| json!({"id": format!("k{i}"), "text": "schöne Zeit", "u": format!("http://a.b/{i}")}))
        .collect();
    write("unique/deu_Latn.jsonl.zst", &kept);
    let verdict = json!({"stage": "filter", "reason": "dup_lines", "metric": "dup_lines",
        "value": 0.512345678, "threshold": 0.3, "bound": "at_most"});
    let text = "öa\nb\nöa\n\n\nc";
    let bad = json!({"id": 7, "text": text, "verdict": verdict, "pii": [[0, 2], [90, 99], [3, 3]]});
    write("dropped/dup_lines/deu_Latn.jsonl.zst", &[bad]);
    let verdict = json!({"stage": "dedup", "reason": "near_duplicate", "metric": "similarity",
        "value": 0.9, "threshold": 0.72, "bound": "at_most", "survivor": "k1"});
    let long = format!("{}\"ä", "x".repeat(400));
    let copy = json!({"id": long, "text": text, "verdict": verdict});
    write("dropped/near_duplicate/deu_Latn.jsonl.zst", &[copy]);
    let verdict = json!({"stage": "lawful", "reason": "noai", "evidence": "noai in X-Robots-Tag"});
    let noai = json!({"id": "n", "text": text, "verdict": verdict});
    write("dropped/noai/und.jsonl.zst", &[noai]);
    folder
}

fn ids(folder: &mut Folder, group: usize, numbers: &[u64]) -> Vec<String> {
    let numbers = numbers.iter();
    let all = numbers.filter_map(|at| folder.document(group, *at).unwrap());
    all.map(|document| document.id).collect()
}

#[test]
fn a_folder_shows_what_stays_and_what_goes_and_why() {
    let place = folder();
    let mut folder = Folder::open(place.path()).unwrap();
    let groups = folder.groups().iter();
    let names: Vec<(&str, bool)> = groups.map(|g| (g.name.as_str(), g.dropped)).collect();
    let reasons = [
        ("dup_lines", true),
        ("near_duplicate", true),
        ("noai", true),
    ];
    assert_eq!(names, [&[("unique", false)], &reasons[..]].concat());
    assert_eq!(
        ids(&mut folder, 0, &[1, 2, 4, 0, 3, 5, 99]),
        ["k1", "k2", "k4", "k0", "k3"]
    );
    let mut begin = |group, from, n, n_bytes| {
        let (texts, ended) = folder.beginnings(group, from, n, n_bytes).unwrap();
        assert!(texts.iter().all(|text| text == "schöne Zeit"));
        (texts.len(), ended)
    };
    assert_eq!(begin(0, 3, 9, 9000), (2, true));
    assert_eq!(begin(0, 3, 2, 9000), (2, false), "the end was not met yet");
    assert_eq!(begin(0, 1, 9, 1), (1, false), "one, however large");
    assert_eq!(begin(0, 9, 9, 9000), (0, true));
    assert_eq!(begin(9, 0, 1, 1), (0, true));
    let mut shown = |group| folder.document(group, 0).unwrap().unwrap();
    assert!(shown(0).why.is_empty());
    let dropped = shown(1);
    assert_eq!(
        dropped.why,
        [
            "dropped by filter: dup_lines",
            "dup_lines 0.5123, should be at most 0.3"
        ]
    );
    let marks = dropped.marks.into_iter();
    let marked: Vec<&str> = marks.map(|range| &dropped.text[range]).collect();
    assert_eq!(
        marked,
        ["öa", "öa"],
        "personal data, and the line said again"
    );
    let copy = shown(2);
    assert_eq!(
        copy.why[1..],
        ["similarity 0.9, should be at most 0.72", "in favour of k1"]
    );
    assert!(copy.marks.is_empty(), "repeated lines did not drop a copy");
    assert_eq!(
        shown(3).why,
        ["dropped by lawful: noai", "noai in X-Robots-Tag"]
    );
    assert!(Folder::open(&place.path().join("unique")).is_err());
}

#[test]
fn a_search_goes_on_where_it_stopped_and_knows_the_end() {
    let place = folder();
    let mut folder = Folder::open(place.path()).unwrap();
    let mut search = |from, words, n_bytes| folder.search(0, from, words, n_bytes).unwrap();
    assert_eq!(search(0, Some("a.b/3"), usize::MAX), Found::At(3));
    assert_eq!(search(4, Some("a.b/3"), usize::MAX), Found::End(5));
    assert_eq!(search(0, Some("a.b/3"), 1), Found::NotBefore(1));
    assert_eq!(search(1, Some("schöne"), 1), Found::At(1));
    assert_eq!(search(0, Some("Schöne"), usize::MAX), Found::End(5));
    assert_eq!(search(0, None, usize::MAX), Found::End(5));
    assert_eq!(search(9, Some("schöne"), usize::MAX), Found::End(5));
    assert_eq!(
        folder.search(2, 0, Some("x\"ä"), 9).unwrap(),
        Found::At(0),
        "as JSON escapes it"
    );
}

#[test]
fn a_long_text_is_cut_between_letters() {
    let text = "aä".repeat(MAX_TEXT_BYTES);
    let line = json!({"text": text, "pii": [[0, 1], [MAX_TEXT_BYTES, MAX_TEXT_BYTES + 1]]});
    let document = Document::of(line.to_string().as_bytes(), "und").unwrap();
    assert_eq!(document.n_bytes, 3 * MAX_TEXT_BYTES);
    assert!(document.text.len() <= MAX_TEXT_BYTES && document.text.len() > MAX_TEXT_BYTES - 4);
    let marks: Vec<(usize, usize)> = document.marks.iter().map(|m| (m.start, m.end)).collect();
    assert_eq!(marks, [(0, 1)], "what lies behind the cut is not marked");
    for line in ["", "[]", "{\"text\": 7}", "{\"text\""] {
        assert!(Document::of(line.as_bytes(), "und").is_none());
    }
}

#[test]
fn a_record_is_found_by_its_id_whatever_it_looks_like() {
    let place = folder();
    let find = |id: &str| find(place.path(), id).unwrap();
    assert_eq!(find("k3").unwrap()["u"], "http://a.b/3");
    assert_eq!(find("7").unwrap()["id"], 7);
    let long = format!("{}\"ä", "x".repeat(400));
    assert_eq!(find(&long).unwrap()["id"], long.as_str());
    for strange in ["k", "", "x", "\"", "http://a.b/3"] {
        assert_eq!(find(strange), None, "{strange}");
    }
    assert_eq!(
        find(&"x".repeat(400)),
        None,
        "the whole id counts, not how it begins"
    );
}

#[test]
fn every_check_of_a_document_stands_beside_the_threshold_it_was_made_with() {
    let place = tempfile::tempdir().unwrap();
    let thresholds = place.path().join("own.toml");
    disk::replace_bytes(&thresholds, b"[all]\nmin_words = 9\n").unwrap();
    let input = place.path().join("deu_Latn.jsonl");
    let german = corpus::records().filter(|record| record.code() == "deu_Latn");
    let mut lines: Vec<Value> = german.map(|record| record.to_json().into()).collect();
    lines.push(json!({"id": "few", "text": "Das ist der Satz."}));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    disk::replace_bytes(&input, text.as_bytes()).unwrap();
    let plan = Plan {
        inputs: vec![input],
        output: place.path().join("out"),
        thresholds: Some(thresholds),
        steps: vec![Step::Identify, Step::Filter],
        ..Plan::default()
    };
    run(&plan, &Control::default(), &Silent).unwrap();
    let mut folder = Folder::open(&plan.output).unwrap();
    let totals = folder.totals().unwrap();
    assert_eq!(
        totals.n_seen,
        totals.n_kept + totals.n_heldout + totals.n_dropped
    );
    let few = folder
        .groups()
        .iter()
        .position(|g| g.name == "too_few_words");
    let few = folder.document(few.unwrap(), 0).unwrap().unwrap();
    let checks = folder.checks(&few).unwrap();
    let check = checks
        .iter()
        .find(|check| check.reason == "too_few_words")
        .unwrap();
    assert_eq!((check.value, check.threshold, check.ok), (4.0, 9.0, false));
}
