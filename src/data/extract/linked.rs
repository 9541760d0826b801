//! Linked data (JSON-LD, schema.org): what it says of the article on its page.

use serde_json::Value;

/// Longest script that is read, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// Most values looked at in one script.
const MAX_VALUES: usize = 20_000;

/// What a script of linked data says; the first value of each kind.
#[derive(Default)]
pub(super) struct Linked {
    pub(super) headline: Option<String>,
    pub(super) published: Option<String>,
    pub(super) language: Option<String>,
    pub(super) body: Option<String>,
    pub(super) licences: Vec<String>,
}

/// Keys that make a script worth reading.
const KEYS: [&str; 5] = [
    "headline",
    "datePublished",
    "inLanguage",
    "articleBody",
    "license",
];

/// Reads a script; one that is no JSON says nothing.
pub(super) fn read(script: &str) -> Linked {
    let mut linked = Linked::default();
    let worth = |key: &&str| memchr::memmem::find(script.as_bytes(), key.as_bytes()).is_some();
    if script.len() > MAX_BYTES || !KEYS.iter().any(worth) {
        return linked;
    }
    let json = script
        .trim()
        .trim_start_matches("<!--")
        .trim_end_matches("-->")
        .trim_end_matches(';');
    let value = serde_json::from_str::<Value>(json).or_else(|_| {
        // Strings with bare line breaks are a common slip.
        let tame: String = json
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        serde_json::from_str::<Value>(&tame)
    });
    let Ok(value) = value else {
        return linked;
    };
    // Breadth first: what stands outside is about the page, what is deep is about others.
    let mut queue = std::collections::VecDeque::from([&value]);
    let mut n = 0;
    while let Some(value) = queue.pop_front() {
        n += 1;
        if n > MAX_VALUES {
            break;
        }
        match value {
            Value::Array(items) => queue.extend(items.iter().take(MAX_VALUES)),
            Value::Object(fields) => {
                let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
                let article = fields.contains_key("articleBody") || fields.contains_key("headline");
                if article {
                    linked.headline = linked.headline.or_else(|| text("headline"));
                    linked.body = linked.body.or_else(|| text("articleBody"));
                    linked.language = linked.language.or_else(|| text("inLanguage"));
                }
                linked.published = linked.published.or_else(|| text("datePublished"));
                linked.licences.extend(licence(fields.get("license")));
                let nested = |v: &&Value| v.is_array() || v.is_object();
                queue.extend(fields.values().filter(nested).take(MAX_VALUES));
            }
            _ => {}
        }
    }
    linked
}

fn licence(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => ["url", "@id", "name"]
            .iter()
            .find_map(|key| fields.get(*key).and_then(Value::as_str))
            .map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_and_deep_scripts_say_nothing_and_slips_are_forgiven() {
        assert!(read("{\"headline\": ").headline.is_none());
        let deep = format!("{{\"headline\": {}", "[".repeat(1_000_000));
        assert!(read(&deep).headline.is_none());
        let slip = "<!-- {\"headline\": \"a\nb\"}; -->".replace("; -->", "-->");
        assert_eq!(read(&slip).headline.as_deref(), Some("a b"));
    }
}
