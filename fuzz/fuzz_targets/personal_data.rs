//! Personal data found and taken out of a text.
#![no_main]

use europium::data::pii::{Finder, Key, Mode, Options, Span, redact, unicode_offsets};
use europium::lang::Lang;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[code, mode], bytes)) = bytes.split_first_chunk() else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    let langs = Lang::all();
    let lang = langs.get(usize::from(code) % (langs.len() + 1));
    let finder = Finder::new(&Options {
        min_score: f32::from(mode % 4) / 4.0,
        private_ips: mode & 4 > 0,
        bare_coordinates: mode & 8 > 0,
        ..Options::default()
    });
    let mut spans = Vec::new();
    finder.find(&text, lang, &mut spans);
    let mut end = 0;
    for span in &spans {
        assert!(span.start >= end && span.start < span.end, "{spans:?}");
        assert!(text.get(span.start..span.end).is_some(), "{span:?}");
        assert!(span.score >= f32::from(mode % 4) / 4.0 && span.score <= 1.0);
        end = span.end;
    }
    let offsets = unicode_offsets(&text, &spans);
    for (span, [from, to]) in spans.iter().zip(&offsets) {
        let value: String = text.chars().skip(*from).take(to - from).collect();
        assert_eq!(value, text[span.start..span.end]);
    }
    let key = Key::new(&[code, mode]).expect("two bytes are a key");
    for mode in [Mode::Annotate, Mode::Mask, Mode::Pseudonymise(key)] {
        let (out, moved) = redact(&text, &spans, &mode);
        assert_eq!(moved.len(), spans.len());
        assert_eq!(
            between(&out, &moved),
            between(&text, &spans),
            "what is no value stays"
        );
        let (again, _) = redact(&text, &spans, &mode);
        assert_eq!(again, out, "the same value, the same pseudonym");
        match mode {
            Mode::Annotate => assert_eq!(out, text),
            Mode::Mask => {
                for span in &moved {
                    assert_eq!(&out[span.start..span.end], span.kind.stand_in());
                }
            }
            Mode::Pseudonymise(_) => {
                for span in &moved {
                    assert!(!out[span.start..span.end].is_empty());
                }
            }
        }
    }
});

/// The stretches around spans.
fn between<'a>(text: &'a str, spans: &[Span]) -> Vec<&'a str> {
    let ends = std::iter::once(0).chain(spans.iter().map(|s| s.end));
    let starts = spans.iter().map(|s| s.start).chain([text.len()]);
    ends.zip(starts).map(|(from, to)| &text[from..to]).collect()
}
