//! `tokenizer.json` of anybody: refused, or a vocabulary that encodes any text.
#![no_main]

use std::path::Path;

use europium::vocab::Vocab;
use libfuzzer_sys::fuzz_target;

const TEXTS: [&str; 5] = [
    "",
    "a",
    "Grüße, ab 12 345!\n\n  <s> \t",
    "\u{1f600}é\u{301}",
    "aaaaaaaaaaaa",
];

mod guarded;

fuzz_target!(init: guarded::quiet(), |bytes: &[u8]| {
    let Ok(vocab) = Vocab::from_json(bytes, Path::new("t.json")) else {
        return;
    };
    for text in TEXTS {
        let ids = vocab.encode(text).expect("any text has ids");
        assert!(ids.iter().all(|id| (*id as usize) < vocab.len()), "{ids:?}");
        assert_eq!(ids, vocab.encode_by_crate(text).expect("any text has ids"), "{text:?}");
        vocab.decode(&ids);
        vocab.encode_with_specials(text).expect("any text has ids");
    }
});
