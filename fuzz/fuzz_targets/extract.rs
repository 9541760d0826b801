//! Main text and facts of a page.
#![no_main]

use europium::data::extract::{Options, page};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let html = String::from_utf8_lossy(bytes);
    let options = Options {
        comments: mode & 1 == 1,
        tables: mode & 2 == 0,
    };
    let found = page(&html, &options);
    let text = &found.text;
    let strange = |c: &char| c.is_control() && !matches!(c, '\n' | '\t');
    assert_eq!(text.chars().find(strange), None, "in the text");
    assert!(!text.contains('\r') && !text.ends_with(char::is_whitespace));
    assert!(text.lines().count() <= found.n_kept.max(1) * 1 + text.matches('\n').count());
    // References are shorter than what they stand for by a factor of two at most.
    assert!(text.len() <= 4 * html.len(), "more text than page");
    let facts = [
        &found.title,
        &found.html_lang,
        &found.meta_lang,
        &found.canonical,
    ];
    for fact in facts.into_iter().flatten().chain(&found.licences) {
        assert!(!fact.is_empty() && fact.len() <= 4 * html.len());
    }
    if let Some(date) = &found.date {
        let digits = |i: usize| date.as_bytes()[i].is_ascii_digit();
        assert!(
            date.len() == 10 && (0..10).all(|i| digits(i) != matches!(i, 4 | 7)),
            "{date}"
        );
    }
    for (name, _) in &found.robots {
        assert_eq!(*name, name.to_ascii_lowercase());
    }
    let again = page(&html, &options);
    assert_eq!(again.text, *text, "the same page, the same text");
});
