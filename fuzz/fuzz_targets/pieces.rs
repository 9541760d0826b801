//! SentencePiece's files: protocol buffers of pieces and settings.
#![no_main]

use europium::vocab::Pieces;
use libfuzzer_sys::fuzz_target;

mod guarded;

fuzz_target!(init: guarded::quiet(), |bytes: &[u8]| {
    let Ok(model) = Pieces::parse(bytes) else {
        return;
    };
    assert!(!model.pieces.is_empty());
    // Every piece takes two bytes at least, and its text one for each of its own; what is no UTF-8
    // becomes three.
    assert!(2 * model.pieces.len() <= bytes.len());
    let text: usize = model.pieces.iter().map(|piece| piece.text.len()).sum();
    assert!(text <= 3 * bytes.len());
    assert!(model.special.iter().flatten().all(|id| *id >= 0));
});
