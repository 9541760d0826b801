//! Chat templates of anybody: refused, or filled in within bounds of time and memory.
#![no_main]

use europium::engine::generate::{Given, Message, Template};
use libfuzzer_sys::fuzz_target;

mod guarded;

/// Longest text a template may make of a short conversation; the bounds are per step and in sum.
const MAX_TEXT: usize = 600 << 20;

fuzz_target!(init: guarded::quiet(), |source: &str| {
    let Ok(template) = Template::with_ends(source, "<s>".into(), "</s>".into()) else {
        return;
    };
    let given = Given {
        now: Some(1_709_632_805),
        ..Given::default()
    };
    let template = template.given(&given);
    let messages = [
        Message::new("system", "Odpovídej česky."),
        Message::new("user", "Grüß Gott! <b>1</b>"),
        Message::new("assistant", "<think>\n\n</think> ქართული"),
    ];
    for messages in [&messages[..], &messages[1..2], &[]] {
        let first = template.render(messages, true).ok();
        assert!(first.as_ref().is_none_or(|text| text.len() < MAX_TEXT));
        assert_eq!(first, template.render(messages, true).ok(), "the same twice");
    }
});
