//! The text of a grammar or JSON schema, and behind a zero byte a text that may follow it.
#![no_main]

use europium::engine::generate::Grammar;
use libfuzzer_sys::fuzz_target;

/// Most characters tried: each takes its time where a grammar is ambiguous.
const MAX_TEXT: usize = 32;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let Ok(all) = std::str::from_utf8(bytes) else {
        return;
    };
    let (rules, text) = all.split_once('\0').unwrap_or((all, ""));
    let is_schema = mode % 2 == 1;
    let grammar = match is_schema {
        true => Grammar::of_json_schema(rules, "fuzz"),
        false => Grammar::parse(rules, "fuzz"),
    };
    let Ok(grammar) = grammar else {
        return;
    };
    let text: String = text.chars().take(MAX_TEXT).collect();
    if let Ok(matches) = grammar.matches(&text) {
        assert_eq!(grammar.matches(&text).ok(), Some(matches));
        if matches && is_schema {
            serde_json::from_str::<serde_json::Value>(&text).expect("what follows a schema is JSON");
        }
    }
});
