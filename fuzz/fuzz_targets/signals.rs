//! What a page says of its use: meta elements, headers, preferences, licences.
#![no_main]

use europium::data::extract;
use europium::data::optout::{Licence, LicenceRules, PageSignals, Signal, training_preference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let agents = ["*", "GPTBot"].map(String::from);
    let mut signals = PageSignals::default();
    let text = String::from_utf8_lossy(bytes);
    for (name, content) in extract::page(&text, &extract::Options::default()).robots {
        signals.meta(&name, &content, &agents);
    }
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        signals.header(name, value, &agents);
        signals.meta(name, value, &agents);
        for known in [
            "tdm-reservation",
            "x-robots-tag",
            "content-usage",
            "tdm-policy",
        ] {
            signals.header(known, line, &agents);
        }
        training_preference(line);
    }
    let said: [&Option<Signal>; 5] = [
        &signals.tdm_header,
        &signals.tdm_meta,
        &signals.noai_header,
        &signals.noai_meta,
        &signals.usage,
    ];
    let evidence = said.into_iter().flatten().map(|s| &s.text);
    for text in evidence {
        assert!(
            text.chars().count() <= 200 && !text.contains(char::is_control),
            "{text:?}"
        );
    }

    let licence = Licence::find(&text);
    if let Some(licence) = &licence {
        assert!(licence.id.is_ascii() && !licence.id.is_empty());
    }
    if let Ok(rules) = LicenceRules::parse(&text) {
        for licence in [None, licence.as_ref()] {
            if let Some((_, line)) = rules.verdict(licence) {
                assert!(line >= 1 && line <= text.lines().count());
            }
        }
    }
});
