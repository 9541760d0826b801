//! Text to ids and back, for vocabularies made here: byte-level BPE of every known pattern.
#![no_main]

use std::sync::LazyLock;

use europium::data::tokenize;
use europium::vocab::{Decoder, Vocab};
use libfuzzer_sys::fuzz_target;

static VOCAB: LazyLock<Vocab> = LazyLock::new(|| {
    let records: Vec<_> = europium::data::corpus::records().step_by(7).collect();
    let texts: Vec<Vec<&str>> = vec![records.iter().map(|r| r.text.as_str()).collect()];
    let tokenizer = tokenize::train(&texts, 2000, 1.0).expect("is trained");
    Vocab::from_tokenizer(tokenizer).expect("is usable")
});

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let ids = VOCAB.encode(&text).expect("any text has ids");
    assert_eq!(
        ids,
        VOCAB.encode_by_crate(&text).expect("any text has ids"),
        "the ids are those of the crate"
    );
    assert_eq!(VOCAB.decode(&ids), text, "the text is its ids");
    let mut decoder = Decoder::default();
    let mut streamed = String::new();
    for id in &ids {
        streamed.push_str(&decoder.push(VOCAB.bytes(*id)));
    }
    streamed.push_str(&decoder.finish());
    assert_eq!(streamed, text, "token by token too");
    let special = |id: &u32| VOCAB.is_special(*id);
    assert!(!ids.iter().any(special), "text is data");
    let named = VOCAB.encode_with_specials(&text).expect("any text has ids");
    assert!(named.len() <= ids.len() || named.iter().any(special));
});
