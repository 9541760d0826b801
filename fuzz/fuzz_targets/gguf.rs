//! GGUF: the header and the vocabulary in it.
#![no_main]

use std::path::Path;

use europium::engine::gguf::{Header, vocab_from};
use libfuzzer_sys::fuzz_target;

mod guarded;

fuzz_target!(init: guarded::quiet(), |bytes: &[u8]| {
    let Ok(header) = Header::parse(Path::new("a.gguf"), bytes) else {
        return;
    };
    for tensor in &header.tensors {
        assert!(tensor.range.start <= tensor.range.end && tensor.range.end <= bytes.len());
        assert!(tensor.n_weights() >= 1);
        assert!(header.tensor(&tensor.name).is_some());
    }
    if let Ok(vocab) = vocab_from(&header.metadata) {
        for text in ["", "ab", "Grüße 12\n"] {
            let ids = vocab.encode(text).expect("any text has ids");
            assert!(ids.iter().all(|id| (*id as usize) < vocab.len()));
            vocab.decode(&ids);
        }
    }
});
