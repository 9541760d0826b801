//! Records packed more than once, or not at all, in the whole walk.

use serde_json::json;

use super::tests::prepared;
use super::{Layout, Plan, Step, plan_mix};
use crate::data::tokenize::{MIN_VOCAB, train};
use crate::disk;
use crate::event::Control;
use crate::shard::{Mix, Shard};

#[test]
fn copies_and_sources_count_among_the_tokens_and_in_the_mix() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let vocab = train(&[], MIN_VOCAB, 1.0).unwrap().to_string(true).unwrap();
    disk::replace_bytes(&path("tokenizer.json"), vocab.as_bytes()).unwrap();
    let mut lines = String::new();
    for i in 0..8 {
        // Three copies of one text, a text of a source nobody wants, four that are alone.
        let (text, source) = match i {
            0..3 => ("oft".to_string(), "crawl-1"),
            3 => ("nie".to_string(), "spam"),
            _ => (format!("text {i}"), "wiki"),
        };
        let line = json!({"id": i, "lang": "de", "text": text, "source": source});
        lines.push_str(&format!("{line}\n"));
    }
    disk::replace_bytes(&path("in.jsonl"), lines.as_bytes()).unwrap();
    let plan = Plan {
        inputs: vec![path("in.jsonl")],
        output: path("data"),
        steps: vec![Step::Dedup, Step::Tokenizer, Step::Pack],
        tokenizer: Some(path("tokenizer.json")),
        dedup_fuzzy: false, // it takes all digits for one
        heldout_share: 0.0,
        layouts: vec![Layout::Megatron, Layout::Olmo],
        rehydrate: true,
        source_weights: [("spam".into(), 0.0), ("wi*".into(), 2.0)].into(),
        ..Plan::default()
    };
    let report = prepared(&plan);
    assert_eq!((report.n_seen, report.n_kept), (8, 6));
    let mix = Mix::open(&plan.output).unwrap();
    // Three times for three copies, never, and twice each for four.
    assert_eq!((mix.rows[0].n_docs, mix.rows[0].n_unique), (11, 6));
    let shard = Shard::open(&path("data/tokens/train/deu_Latn")).unwrap();
    assert_eq!((shard.n_docs(), shard.n_tokens()), (11, report.n_tokens));
    assert_eq!(mix.rows[0].n_bytes, 3 * 3 + 8 * 6);
    assert_eq!(
        report.found["records by times packed"],
        [("0".into(), 1), ("2".into(), 4), ("3".into(), 1)].into()
    );
    assert_eq!(
        report.found["documents packed of weighted sources"]["wi*"],
        8
    );

    // OLMo's table names the record of each document, in their order.
    let table = disk::read(&path("data/tokens/train/deu_Latn.csv.gz")).unwrap();
    let table = String::from_utf8(table).unwrap();
    let ids: Vec<&str> = table
        .lines()
        .map(|row| row.split(',').nth(2).unwrap())
        .collect();
    assert_eq!(ids.len(), 11, "{table}");
    assert!(!ids.contains(&"3"));
    assert!(ids[..5].iter().all(|id| ids[5..10].contains(id)), "{ids:?}");

    // The same is told before anything is packed.
    let told = plan_mix(&[path("data/unique")], &plan, &Control::default()).unwrap();
    assert_eq!(told, mix);
}
