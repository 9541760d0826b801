//! The language of a text and of its lines; models in bytes.
#![no_main]

use europium::data::langid::{Identifier, identify, seg_langs, segments, with_close};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    if mode % 8 == 7 {
        // The head of a model and its packing are put on: no input has both by chance.
        let packed = zstd::bulk::compress(bytes, 1).expect("packs");
        let file = [b"eulangid", &2u32.to_le_bytes()[..], &packed].concat();
        if let Some(model) = Identifier::from_bytes(&file) {
            model.identify("Alle Menschen sind frei и равни по достойнство 123");
        }
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let guesses = identify(&text);
    assert!(guesses.is_sorted_by(|a, b| a.prob >= b.prob), "{guesses:?}");
    assert!(
        guesses.iter().all(|g| (0.0..=1.0).contains(&g.prob)),
        "{guesses:?}"
    );
    let sum: f32 = guesses.iter().map(|g| g.prob).sum();
    assert!(sum <= 1.001, "{sum}: {guesses:?}");
    for (at, guess) in guesses.iter().enumerate() {
        assert!(
            guesses[..at].iter().all(|g| g.lang != guess.lang),
            "named twice"
        );
        assert!(with_close(&guesses, guess.lang) >= guess.prob);
    }
    assert_eq!(identify(&text), guesses);
    let lines = segments(&text, &guesses);
    assert_eq!(lines.len(), text.split('\n').count());
    assert_eq!(seg_langs(&lines).len(), lines.len());
    for guess in lines.iter().flatten() {
        assert!((0.0..=1.001).contains(&guess.prob), "{guess:?}");
    }
});
