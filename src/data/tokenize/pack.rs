//! Documents to a shard: each its tokens, then the token that ends a text.

use std::path::Path;

use rayon::prelude::*;

use crate::data::error::{Error, Result};
use crate::disk;
use crate::shard::Writer;
use crate::vocab::Vocab;

/// Documents encoded at a time.
const CHUNK: usize = 1024;

/// Encodes the texts of a file of records in their order, each followed by `end`, to the shard
/// `stem`; `progress` hears how many more are done, and may end it with an error. The number of
/// tokens; a document is never cut.
///
/// # Errors
/// When the file is damaged, a text cannot be encoded, or the shard cannot be written.
pub fn pack_file(
    vocab: &Vocab,
    end: u32,
    records: &Path,
    stem: &Path,
    progress: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<u64> {
    let mut writer = Writer::new(stem, vocab.len())?;
    let mut source = disk::Source::open(records)?;
    loop {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut line = Vec::new();
        while lines.len() < CHUNK && source.read_line(&mut line)? {
            lines.push(std::mem::take(&mut line));
        }
        if lines.is_empty() {
            break;
        }
        let encoded: Vec<Result<Vec<u32>>> = lines
            .par_iter()
            .map(|line| Ok(vocab.encode(&text_of(line)?)?))
            .collect();
        for tokens in encoded {
            let mut tokens = tokens?;
            tokens.push(end);
            writer.push(&tokens)?;
        }
        progress(lines.len() as u64)?;
    }
    let n_tokens = writer.n_tokens();
    writer.finish()?;
    Ok(n_tokens)
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
    use crate::shard::Shard;

    #[test]
    fn a_document_is_its_tokens_and_the_end() {
        let vocab = Vocab::from_tokenizer(train(&[], MIN_VOCAB, 1.0).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (records, stem) = (folder.path().join("r.jsonl"), folder.path().join("x"));
        let texts = ["Ħa", "", "b\n"];
        let lines = texts.map(|text| format!("{}\n", serde_json::json!({"text": text})));
        disk::replace_bytes(&records, lines.concat().as_bytes()).unwrap();
        let n = pack_file(&vocab, 0, &records, &stem, &mut |_| Ok(())).unwrap();
        let shard = Shard::open(&stem).unwrap();
        assert_eq!(n, shard.n_tokens());
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
        assert!(pack_file(&vocab, 0, &records, &other, stop).is_err());
        assert!(!other.with_extension("bin").exists());
    }
}
