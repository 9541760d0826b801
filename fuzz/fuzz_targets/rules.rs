//! A user's thresholds and word lists, and a text measured by them.
#![no_main]

use europium::data::filter::{BadWords, Known, Meter, RuleBook, clean, first_failure, verdict};
use europium::lang::Lang;
use libfuzzer_sys::fuzz_target;

const TEXT: &str = "Alle Menschen sind frei und gleich an Würde und Rechten geboren.\n\n\
    - They are endowed with reason and conscience...\nCookie policy. 12 34 {";

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    if mode % 3 == 2 {
        let Ok(list) = std::str::from_utf8(bytes) else {
            return;
        };
        if let Ok(words) = BadWords::parse(list) {
            assert!(words.count(TEXT) as usize <= TEXT.len());
            words.count(list);
        }
        return;
    }
    let Ok(book) = RuleBook::parse(bytes, mode % 3 == 0) else {
        return;
    };
    let mut meter = Meter::new();
    for code in ["deu_Latn", "eng_Latn", "kat_Geor"] {
        let Some(lang) = Lang::find(code) else {
            continue;
        };
        let rules = book.of(lang);
        let metrics = meter.measure_all(TEXT, rules, &Known::default());
        let failed = verdict(&metrics, rules);
        let first = first_failure(&metrics, rules);
        assert_eq!(first.is_some(), failed.iter().any(|c| c.on && !c.ok));
        clean(TEXT, rules);
    }
});
