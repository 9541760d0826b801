//! The embedded corpus: the Universal Declaration of Human Rights, parallel in every language.

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::record::{Record, Source};
use crate::disk;
use crate::lang::Lang;

/// `assets/corpus/udhr.jsonl.zst`; `assets/corpus/make.py` tells how it was made.
const UDHR: &[u8] = include_bytes!("../../assets/corpus/udhr.jsonl.zst");

/// Articles (0 is the preamble) of the documents to train on: long enough for the filters.
const TRAIN: [RangeInclusive<u8>; 6] = [0..=4, 5..=10, 11..=13, 14..=17, 18..=21, 22..=24];
/// Articles to score on, one record each.
const HELDOUT: RangeInclusive<u8> = 25..=30;

/// One article in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Article {
    id: String,
    article: u8,
    lang: String,
    text: String,
}

fn articles() -> &'static [Article] {
    static ALL: LazyLock<Vec<Article>> = LazyLock::new(|| {
        let lines = zstd::decode_all(UDHR).expect("the embedded corpus is checked by a test");
        serde_json::Deserializer::from_slice(&lines)
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("the embedded corpus is checked by a test")
    });
    &ALL
}

/// Every article in every language, in the order of the language table; an article has the same
/// id in all of them.
pub fn records() -> impl Iterator<Item = Record> {
    articles().iter().enumerate().map(|(i, article)| {
        let mut record = record(&article.id, &article.lang, &article.text);
        record.source.line = i as u64 + 1;
        record
    })
}

/// The articles to train on of one language: what they say, those of every other language say.
pub fn parallel(lang: &Lang) -> impl Iterator<Item = &'static str> {
    let own = articles()
        .iter()
        .filter(move |article| article.lang == lang.code);
    own.filter(|article| !HELDOUT.contains(&article.article))
        .map(|article| article.text.as_str())
}

fn record(id: &str, lang: &str, text: &str) -> Record {
    let mut fields = Map::new();
    fields.insert("id".into(), id.into());
    fields.insert("lang".into(), lang.into());
    fields.insert("text".into(), Value::Null);
    Record {
        id: id.into(),
        text: text.into(),
        lang: Lang::find(lang),
        lang_prob: 1.0,
        source: Source {
            path: "udhr.jsonl.zst".into(),
            line: 0,
            offset: 0,
            size: 0,
        },
        fields,
    }
}

/// Writes the corpus as `eu prepare` takes it: documents to train on as
/// `folder/train/<lang>.jsonl.zst`, the last articles, parallel, as
/// `folder/heldout/<lang>.jsonl.zst`.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path) -> disk::Result<()> {
    for lang in Lang::all() {
        let own: Vec<&Article> = articles().iter().filter(|a| a.lang == lang.code).collect();
        let text = |range: &RangeInclusive<u8>| {
            let texts = own.iter().filter(|a| range.contains(&a.article));
            texts
                .map(|a| a.text.as_str())
                .collect::<Vec<_>>()
                .join("\n\n")
        };
        let train = TRAIN.iter().map(|range| {
            let id = format!("udhr-{:02}-{:02}", range.start(), range.end());
            json!({"id": id, "lang": lang.code, "text": text(range)})
        });
        save(folder, "train", lang, train)?;
        let heldout = own.iter().filter(|a| HELDOUT.contains(&a.article));
        let heldout = heldout.map(|a| json!({"id": a.id, "lang": a.lang, "text": a.text}));
        save(folder, "heldout", lang, heldout)?;
    }
    Ok(())
}

fn save(
    folder: &Path,
    part: &str,
    lang: &Lang,
    records: impl Iterator<Item = Value>,
) -> disk::Result<()> {
    let path = folder.join(part).join(format!("{}.jsonl.zst", lang.code));
    disk::replace(&path, |w| {
        let mut zstd = zstd::Encoder::new(w, 3)?;
        for record in records {
            serde_json::to_writer(&mut zstd, &record)?;
            zstd.write_all(b"\n")?;
        }
        zstd.finish().map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_language_has_every_article_and_the_ids_are_shared() {
        let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for record in records() {
            assert!(!record.text.trim().is_empty());
            ids.entry(record.code()).or_default().insert(record.id);
        }
        assert_eq!(ids.len(), Lang::all().len());
        let expected: BTreeSet<String> = (0..=30).map(|n| format!("udhr-{n:02}")).collect();
        for (lang, ids) in ids {
            assert_eq!(ids, expected, "{lang}");
        }
        assert!(UDHR.len() <= 400_000);
    }

    #[test]
    fn the_written_corpus_is_read_back_without_a_word_in_both_parts() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let read = |part: &str| -> Vec<Record> {
            let records = super::super::read::records(&[folder.path().join(part)], "text").unwrap();
            records.collect::<Result<_, _>>().unwrap()
        };
        let (train, heldout) = (read("train"), read("heldout"));
        assert_eq!(train.len(), TRAIN.len() * Lang::all().len());
        assert_eq!(heldout.len(), 6 * Lang::all().len());
        for record in &heldout {
            assert!(record.lang.is_some());
            let same = train.iter().filter(|t| t.lang == record.lang);
            assert_eq!(same.filter(|t| t.text.contains(&record.text)).count(), 0);
        }
    }
}
