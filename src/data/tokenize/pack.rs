//! Documents to a shard: each its tokens, then the token that ends a text.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::repeats::{Repeats, Rounds};
use crate::data::error::{Error, Result};
use crate::shard::Writer;
use crate::vocab::Vocab;

/// Documents encoded at a time.
const CHUNK: usize = 1024;
/// Bytes of lines held at a time, or one line.
const CHUNK_BYTES: usize = 8 << 20;

/// What was packed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Records read.
    pub n_records: u64,
    /// Documents written: records as often as they are repeated.
    pub n_docs: u64,
    /// Their tokens.
    pub n_tokens: u64,
    /// Their text, bytes of UTF-8.
    pub n_bytes: u64,
    /// Records by how often they were written; empty where each was once.
    pub by_repeats: BTreeMap<u32, u64>,
    /// Records and documents of each source that has a weight, by its name there.
    pub by_source: BTreeMap<String, (u64, u64)>,
}

/// Encodes the texts of a file of records in their order, each followed by `end`, to the shard
/// `stem`, as often as `repeats` says; `progress` hears how many more records are done, and may end
/// it with an error. A document is never cut.
///
/// # Errors
/// When the file is damaged, a text cannot be encoded, or the shard cannot be written.
pub fn pack_file(
    vocab: &Vocab,
    end: u32,
    records: &Path,
    stem: &Path,
    repeats: &Repeats,
    progress: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Packed> {
    let mut writer = Writer::new(stem, vocab.len())?;
    let mut rounds = Rounds::open(records, repeats)?;
    let mut packed = Packed::default();
    let mut line = Vec::new();
    let mut ended = false;
    while !ended {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let (mut n_read, mut n_bytes) = (0, 0);
        while lines.len() < CHUNK && n_read < CHUNK as u64 && n_bytes < CHUNK_BYTES {
            let Some((_, said)) = rounds.next(&mut line)? else {
                ended = true;
                break;
            };
            if rounds.is_first() {
                n_read += 1;
                packed.count(said.n, said.source, repeats);
            }
            if said.n > 0 {
                n_bytes += line.len();
                lines.push(std::mem::take(&mut line));
            }
        }
        let encoded: Vec<Result<(Vec<u32>, u64)>> = lines
            .par_iter()
            .map(|line| {
                let text = text_of(line)?;
                Ok((vocab.encode(&text)?, text.len() as u64))
            })
            .collect();
        for encoded in encoded {
            let (mut tokens, n_bytes) = encoded?;
            tokens.push(end);
            writer.push(&tokens)?;
            packed.n_bytes += n_bytes;
        }
        progress(n_read)?;
    }
    (packed.n_docs, packed.n_tokens) = (writer.n_docs(), writer.n_tokens());
    writer.finish()?;
    Ok(packed)
}

impl Packed {
    /// Counts a record that is written `n` times.
    fn count(&mut self, n: u32, source: Option<&str>, repeats: &Repeats) {
        self.n_records += 1;
        if !repeats.is_once() {
            *self.by_repeats.entry(n).or_default() += 1;
        }
        if let Some(source) = source {
            let own = self.by_source.entry(source.into()).or_default();
            own.0 += 1;
            own.1 += u64::from(n);
        }
    }
}

/// The text of a record of our own, given its line.
///
/// # Errors
/// When it is none.
pub fn text_of(line: &[u8]) -> Result<String> {
    #[derive(serde::Deserialize)]
    struct Text {
        text: String,
    }
    let read = serde_json::from_slice::<Text>(line);
    let read = read.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?;
    Ok(read.text)
}

/// The id of a record of our own, given its line.
///
/// # Errors
/// When it is none.
pub fn id_of(line: &[u8]) -> Result<String> {
    #[derive(serde::Deserialize)]
    struct Id {
        #[serde(default)]
        id: serde_json::Value,
    }
    let read = serde_json::from_slice::<Id>(line);
    let read = read.map_err(|e| Error::Failed(format!("a record of our own: {e}")))?;
    Ok(match read.id {
        serde_json::Value::String(id) => id,
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tokenize::{MIN_VOCAB, train};
    use crate::disk;
    use crate::shard::Shard;

    #[test]
    fn a_document_is_its_tokens_and_the_end() {
        let vocab = Vocab::from_tokenizer(train(&[], MIN_VOCAB, 1.0).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (records, stem) = (folder.path().join("r.jsonl"), folder.path().join("x"));
        let texts = ["Ħa", "", "b\n"];
        let lines = texts.map(|text| format!("{}\n", serde_json::json!({"text": text})));
        disk::replace_bytes(&records, lines.concat().as_bytes()).unwrap();
        let once = Repeats::default();
        let packed = pack_file(&vocab, 0, &records, &stem, &once, &mut |_| Ok(())).unwrap();
        let shard = Shard::open(&stem).unwrap();
        assert_eq!(packed.n_tokens, shard.n_tokens());
        assert_eq!((packed.n_records, packed.n_docs, packed.n_bytes), (3, 3, 5));
        let mut tokens = Vec::new();
        let read: Vec<String> = (0..shard.n_docs())
            .map(|doc| {
                shard.read(shard.doc(doc), &mut tokens);
                assert_eq!(tokens.pop(), Some(0));
                vocab.decode(&tokens)
            })
            .collect();
        assert_eq!(read, texts);
        let stop = &mut |_| Err(Error::Failed("enough".into()));
        let other = folder.path().join("y");
        assert!(pack_file(&vocab, 0, &records, &other, &once, stop).is_err());
        assert!(!other.with_extension("bin").exists());
    }

    #[test]
    fn a_source_is_written_as_often_as_it_weighs() {
        let vocab = Vocab::from_tokenizer(train(&[], MIN_VOCAB, 1.0).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (records, stem) = (folder.path().join("r.jsonl"), folder.path().join("x"));
        let lines = [("a", "w"), ("b", "c"), ("c", "w"), ("d", "x")].map(|(text, source)| {
            format!("{}\n", serde_json::json!({"text": text, "source": source}))
        });
        disk::replace_bytes(&records, lines.concat().as_bytes()).unwrap();
        let repeats = Repeats {
            by_source: [("w".into(), 2.0), ("c".into(), 0.0)].into(),
            ..Repeats::default()
        };
        let mut done = 0;
        let mut count = |n| {
            done += n;
            Ok(())
        };
        let packed = pack_file(&vocab, 0, &records, &stem, &repeats, &mut count).unwrap();
        assert_eq!((done, packed.n_records, packed.n_docs), (4, 4, 5));
        assert_eq!(packed.by_repeats, [(0, 1), (1, 1), (2, 2)].into());
        assert_eq!(packed.by_source["w"], (2, 4));
        let shard = Shard::open(&stem).unwrap();
        let mut tokens = Vec::new();
        shard.read(0..shard.n_tokens(), &mut tokens);
        assert_eq!(vocab.decode(&tokens).replace("<|endoftext|>", ""), "acdac");
    }
}
