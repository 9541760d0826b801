//! Vocabularies trained on the embedded Declaration, and beside the crate `tokenizers`.

use super::*;
use crate::data::corpus;
use crate::lang::Lang;
use crate::vocab::{END_OF_TEXT, Vocab};

fn declaration() -> Vec<Vec<String>> {
    let own = |lang: &'static Lang| {
        let records = corpus::records().filter(move |r| r.lang == Some(lang));
        records.map(|r| r.text).collect()
    };
    Lang::all().iter().map(own).collect()
}

fn trained(texts: &[Vec<String>], vocab_size: usize) -> Tokenizer {
    let texts: Vec<Vec<&str>> = texts
        .iter()
        .map(|t| t.iter().map(String::as_str).collect())
        .collect();
    train(&texts, vocab_size, 4.0).unwrap()
}

#[test]
fn every_language_comes_back_as_it_was_and_specials_come_first() {
    let texts = declaration();
    let vocab = Vocab::from_tokenizer(trained(&texts, 1500)).unwrap();
    assert_eq!(vocab.len(), 1500);
    for (id, name) in SPECIALS.iter().enumerate() {
        assert_eq!(vocab.special(name), Some(id as u32));
    }
    for text in texts.iter().flatten() {
        let ids = vocab.encode(text);
        assert_eq!(vocab.decode(&ids), *text);
        assert!(ids.len() < text.len());
    }
    // Bytes that no language has, and names of special tokens, are ordinary text.
    for odd in ["\u{10ffff}\0\r\n\u{7f}", "x<|endoftext|>y"] {
        let ids = vocab.encode(odd);
        assert_eq!(vocab.decode(&ids), odd);
        assert!(ids.iter().all(|id| !vocab.is_special(*id)));
    }
    assert_eq!(
        (vocab.bos, vocab.eos.first()),
        (vocab.special(END_OF_TEXT), Some(&0))
    );
}

#[test]
fn training_again_gives_the_same_bytes() {
    let texts = declaration();
    let first = trained(&texts, 3000).to_string(true).unwrap();
    for _ in 0..2 {
        assert_eq!(trained(&texts, 3000).to_string(true).unwrap(), first);
    }
}

#[test]
fn a_vocabulary_too_small_is_refused() {
    assert!(train(&[], MIN_VOCAB - 1, 4.0).is_err());
    assert_eq!(
        train(&[], MIN_VOCAB, 4.0).unwrap().get_vocab_size(true),
        MIN_VOCAB
    );
}
