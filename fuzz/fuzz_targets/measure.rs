//! A text measured, judged and cleaned by the built-in rules of any language.
#![no_main]

use europium::data::filter::{Known, Meter, Rules, clean, first_failure, verdict};
use europium::lang::Lang;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static METER: std::cell::RefCell<Meter> = Meter::new().into();
}

fuzz_target!(|bytes: &[u8]| {
    let Some((code, bytes)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    let langs = Lang::all();
    let rules = Rules::of(&langs[usize::from(*code) % langs.len()]);
    let metrics = METER.with_borrow_mut(|m| m.measure_all(&text, rules, &Known::default()));
    let fresh = Meter::new().measure_all(&text, rules, &Known::default());
    assert_eq!(metrics, fresh, "what was measured before leaves no trace");
    assert_eq!(metrics.n_bytes, text.len() as u64);
    assert_eq!(metrics.n_chars, text.chars().count() as u64);
    let blank = |line: &&str| !line.trim().is_empty();
    assert!(metrics.n_lines >= text.split('\n').filter(blank).count() as u64);
    let shares = [
        metrics.alpha_ratio,
        metrics.bullet_lines,
        metrics.ellipsis_lines,
        metrics.dup_lines,
        metrics.dup_paragraphs,
        metrics.dup_line_chars,
        metrics.dup_paragraph_chars,
        metrics.line_punctuation,
        metrics.short_lines,
        metrics.c4_removed_lines,
        metrics.questionable,
        metrics.list_case,
        metrics.odd_lengths,
        metrics.technical,
        metrics.cursed,
    ];
    for share in shares.into_iter().chain(metrics.dup_ngram) {
        assert!((0.0..=1.0).contains(&share), "{share} in {metrics:?}");
    }
    for number in metrics.top_ngram.into_iter().chain([
        metrics.mean_word_length,
        metrics.symbol_ratio,
        metrics.new_line_ratio,
    ]) {
        assert!(
            number.is_finite() && number >= 0.0,
            "{number} in {metrics:?}"
        );
    }
    let checks = verdict(&metrics, rules);
    let first = first_failure(&metrics, rules);
    assert_eq!(first.is_some(), checks.iter().any(|c| c.on && !c.ok));

    let cleaned = clean(&text, rules);
    let n_left = cleaned
        .text
        .split('\n')
        .filter(|line| !line.trim().is_empty())
        .count() as u64;
    assert!(
        cleaned.removed.n_lines() + n_left <= cleaned.n_lines,
        "{cleaned:?}"
    );
    assert!(cleaned.text.len() <= text.len());
});
