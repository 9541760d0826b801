//! Documents to a shard: each its tokens, then the token that ends a text.

use rayon::prelude::*;

use crate::shard::Writer;
use crate::vocab::Vocab;

/// Documents encoded at a time.
const CHUNK: usize = 1024;

/// Encodes `texts` in their order, each followed by `end`; `progress` hears how many are done
/// and says whether to go on. None when it said no.
pub fn pack(
    vocab: &Vocab,
    end: u32,
    texts: &[&str],
    mut progress: impl FnMut(usize) -> bool,
) -> Option<Writer> {
    let mut writer = Writer::new(vocab.len());
    for chunk in texts.chunks(CHUNK) {
        let encoded: Vec<Vec<u32>> = chunk.par_iter().map(|text| vocab.encode(text)).collect();
        for mut tokens in encoded {
            tokens.push(end);
            writer.push(&tokens);
        }
        if !progress(chunk.len()) {
            return None;
        }
    }
    Some(writer)
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
        let writer = pack(&vocab, 0, &["Ħa", "", "b"], |_| true).unwrap();
        writer.save(&folder.path().join("x")).unwrap();
        let shard = Shard::open(&folder.path().join("x")).unwrap();
        let mut tokens = Vec::new();
        let read: Vec<String> = (0..shard.n_docs())
            .map(|doc| {
                shard.read(shard.doc(doc), &mut tokens);
                assert_eq!(tokens.pop(), Some(0));
                vocab.decode(&tokens)
            })
            .collect();
        assert_eq!(read, ["Ħa", "", "b"]);
        assert!(pack(&vocab, 0, &["a"], |_| false).is_none());
    }
}
