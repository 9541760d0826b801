//! A shard as dolma writes it (read by OLMo): `.npy` holds token ids as `u16` or `u32`,
//! little-endian and, in spite of its name, without a header; `.csv.gz` a row
//! `start,end,id,src,loc` for each document: its tokens, its id, the file it is from and its place
//! there, from 1.

use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Error, Shard, with_suffix};
use crate::disk;

/// Where a document is from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its id.
    pub id: String,
    /// The file it was read from.
    pub source: String,
    /// Its line or number there, from 1.
    pub place: u64,
}

impl Shard {
    /// Writes `<stem>.npy` and, last, `<stem>.csv.gz`; `origin` tells where document i is from.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save_olmo(
        &self,
        stem: &Path,
        mut origin: impl FnMut(usize) -> Origin,
    ) -> Result<(), Error> {
        disk::replace_bytes(&with_suffix(stem, "npy"), &self.tokens)?;
        disk::replace(&with_suffix(stem, "csv.gz"), |w| {
            // No name and no time in the header: same tokens, same bytes.
            let mut gz = GzEncoder::new(w, Compression::default());
            for doc in 0..self.n_docs() {
                row(&mut gz, self.doc(doc), &origin(doc))?;
            }
            gz.finish().map(drop)
        })?;
        Ok(())
    }
}

/// A row in the dialect of Python's csv module.
fn row(w: &mut impl Write, tokens: std::ops::Range<u64>, origin: &Origin) -> io::Result<()> {
    let quoted = |text: &str| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    };
    let (id, source) = (quoted(&origin.id), quoted(&origin.source));
    write!(
        w,
        "{},{},{id},{source},{}\r\n",
        tokens.start, tokens.end, origin.place
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::Writer;

    /// Made by tests/parity/shard_formats.py with numpy and Python's csv module.
    const GOLDEN: &str = include_str!("../../tests/golden/shard_formats.json");

    #[test]
    fn files_are_those_of_numpy_and_csv() {
        let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let docs: Vec<Vec<u32>> = serde_json::from_value(case["docs"].clone()).unwrap();
            let ids: Vec<String> = serde_json::from_value(case["ids"].clone()).unwrap();
            let stem = folder.path().join("x");
            let n_vocab = case["n_vocab"].as_u64().unwrap() as usize;
            let mut writer = Writer::new(&stem, n_vocab).unwrap();
            docs.iter().for_each(|doc| writer.push(doc).unwrap());
            writer.finish().unwrap();
            let shard = Shard::open(&stem).unwrap();
            let origin = |doc: usize| Origin {
                id: ids[doc].clone(),
                source: "a, b.jsonl.gz".into(),
                place: doc as u64 + 1,
            };
            shard.save_olmo(&stem, origin).unwrap();
            let npy = disk::hex(&std::fs::read(with_suffix(&stem, "npy")).unwrap());
            assert_eq!(npy, case["npy"].as_str().unwrap());
            let csv = disk::read(&with_suffix(&stem, "csv.gz")).unwrap();
            assert_eq!(
                String::from_utf8(csv).unwrap(),
                case["csv"].as_str().unwrap()
            );
        }
    }
}
