//! What is odd about a model's files: said, not judged. A file may be odd and honest.

use crate::engine::generate::{Message, Template};
use crate::engine::gguf::Metadata;

/// Longest string that no one wonders about, templates apart.
const LONG_VALUE: usize = 1 << 16;
/// Longest template: known ones have up to some ten kilobytes.
const LONG_TEMPLATE: usize = 1 << 16;
/// Names that templates need only to reach out of what they are given.
const OUTSIDE: [&str; 15] = [
    "include",
    "import",
    "extends",
    "self",
    "lipsum",
    "cycler",
    "joiner",
    "request",
    "config",
    "open",
    "eval",
    "exec",
    "popen",
    "subprocess",
    "globals",
];

/// Whether a text could drive a terminal or hide what it says: control characters, and those that
/// change the direction of text.
fn drives_terminals(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = |c: char| matches!(c, '\n' | '\r' | '\t');
    text.chars()
        .any(|c| c.is_control() && !plain(c) || turns(c))
}

/// What is odd about metadata.
pub(super) fn metadata(metadata: &Metadata) -> Vec<String> {
    let mut odd = Vec::new();
    for (key, value) in metadata.entries() {
        if drives_terminals(key) || key.contains(char::is_whitespace) {
            odd.push(format!("the key {key:?} has characters that no key needs"));
        }
        if key.len() > 128 {
            odd.push(format!("a key has {} bytes", key.len()));
        }
        let is_template = key.starts_with("tokenizer.chat_template");
        let Some(text) = value.as_str() else {
            continue;
        };
        if drives_terminals(text) {
            odd.push(format!("{key} has control characters"));
        }
        if text.len() > LONG_VALUE && !is_template {
            odd.push(format!("{key} has {} bytes", text.len()));
        }
        if is_template {
            odd.extend(template(text));
        }
    }
    if let Some(texts) = metadata
        .get("tokenizer.ggml.tokens")
        .and_then(|v| v.as_texts())
    {
        odd.extend(tokens(texts.iter().map(String::from)));
    }
    odd
}

/// What is odd about the texts of tokens, in the order of ids.
pub(super) fn tokens(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut odd = Vec::new();
    let mut seen = std::collections::HashMap::new();
    let (mut n_driving, mut first_driving, mut n_twice) = (0u64, 0, 0u64);
    let mut first_twice = (0, 0);
    for (id, text) in texts.enumerate() {
        // Tokens that are control characters and nothing else are in every vocabulary of bytes.
        let escape = text.contains('\u{1b}') && text.len() > 1;
        if escape || drives_terminals(&text) && text.chars().count() > 1 {
            first_driving = if n_driving == 0 { id } else { first_driving };
            n_driving += 1;
        }
        if let Some(first) = seen.insert(text, id) {
            first_twice = if n_twice == 0 {
                (first, id)
            } else {
                first_twice
            };
            n_twice += 1;
        }
    }
    if n_driving > 0 {
        odd.push(format!(
            "{n_driving} tokens have control characters within their text, the first is {first_driving}"
        ));
    }
    if n_twice > 0 {
        let (a, b) = first_twice;
        odd.push(format!(
            "{n_twice} tokens are there twice, such as {a} and {b}"
        ));
    }
    odd
}

/// What is odd about a chat template.
pub(super) fn template(source: &str) -> Vec<String> {
    let mut odd = Vec::new();
    if source.len() > LONG_TEMPLATE {
        odd.push(format!("the chat template has {} bytes", source.len()));
    }
    let code = code(source);
    let names = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut outside: Vec<&str> = names
        .filter(|name| name.starts_with("__") || OUTSIDE.contains(name))
        .collect();
    outside.sort_unstable();
    outside.dedup();
    if !outside.is_empty() {
        odd.push(format!(
            "the chat template names {}, which no conversation needs",
            outside.join(", ")
        ));
    }
    if source.contains("http://") || source.contains("https://") {
        odd.push("the chat template writes addresses of the web into conversations".into());
    }
    let ends = || (String::from("<s>"), String::from("</s>"));
    let (bos, eos) = ends();
    let filled = Template::with_ends(source, bos, eos)
        .and_then(|template| template.render(&[Message::new("user", "Grüß Gott!")], true));
    match filled {
        Err(error) => odd.push(error.to_string()),
        Ok(text) if !text.contains("Grüß Gott!") => {
            odd.push("the chat template leaves out what the user says".into());
        }
        Ok(_) => {}
    }
    odd
}

/// What is computed in a template: all between `{{` and `}}`, `{%` and `%}`, texts left out.
fn code(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let inside = &rest[at + 2..];
        let mut quote = None;
        let mut end = inside.len();
        for (i, c) in inside.char_indices() {
            match quote {
                None if c == '\'' || c == '"' => quote = Some(c),
                None if inside[i..].starts_with("}}") || inside[i..].starts_with("%}") => {
                    end = i;
                    break;
                }
                None => code.push(c),
                Some(open) if c == open => quote = None,
                Some(_) => {}
            }
        }
        code.push(' ');
        rest = inside.get(end..).unwrap_or_default();
    }
    code
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::gguf::Value;

    #[test]
    fn what_is_plain_is_not_odd() {
        let plain = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m.content }}\
                     {% endfor %}{% if add_generation_prompt %}import self{% endif %}";
        assert_eq!(template(plain), Vec::<String>::new());
        let ids = ["a", "\n", "\u{1b}", "▁", "\t\t"].map(String::from);
        assert_eq!(tokens(ids.into_iter()), Vec::<String>::new());
        let mut plain = Metadata::new(Path::new("x"));
        plain.set("general.name", Value::String("Żółw\n".into()));
        assert_eq!(metadata(&plain), Vec::<String>::new());
    }

    #[test]
    fn templates_that_reach_out_fail_or_leave_out_the_user_are_told() {
        let told = |source: &str| template(source).join("; ");
        let reach = "{{ messages[0].content }}{{ x.__class__.__mro__ if false }}{% if false %}\
                     {{ lipsum }}{% endif %}";
        assert!(
            told(reach).contains("names __class__, __mro__, lipsum,"),
            "{}",
            told(reach)
        );
        assert!(told("{{ messages[0].content }} https://x.y").contains("addresses"));
        assert!(told("{{ 1 + }}").contains("failed in line 1"));
        assert!(told("hello").contains("leaves out"));
        let long = "{{ messages[0].content }}".to_owned() + &" ".repeat(LONG_TEMPLATE);
        assert!(told(&long).contains("65561 bytes"), "{}", told(&long));
        assert!(
            told("{% for a in range(99999) %}{% for b in range(999) %}{% endfor %}{% endfor %}")
                .contains("fuel")
        );
    }

    #[test]
    fn metadata_that_drives_a_terminal_or_is_absurd_is_told() {
        let mut odd = Metadata::new(Path::new("x"));
        odd.set("a\u{1b}[2J", Value::U8(1));
        odd.set("general.name", Value::String("x\u{202e}y".into()));
        odd.set(
            "general.description",
            Value::String("x".repeat(LONG_VALUE + 1)),
        );
        let texts = ["a", "b\u{1b}[0m", "a", "\u{1b}[", "a"];
        odd.set("tokenizer.ggml.tokens", Value::strings(texts));
        let told = metadata(&odd);
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told[0].starts_with("the key \"a\\u{1b}[2J\""), "{told:?}");
        assert_eq!(told[1], "general.name has control characters");
        assert_eq!(told[2], "general.description has 65537 bytes");
        assert!(told[3].starts_with("2 tokens have control"), "{told:?}");
        assert_eq!(told[4], "2 tokens are there twice, such as 0 and 2");
    }
}
