//! One record as it is shown: why it stays or goes, what is known of it, and the spans that tell.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::data::filter::spans;
use crate::data::record::label;

/// Longest fact told of a document, in characters.
const FACT_CHARS: usize = 300;
/// Most facts told of a document.
const MAX_FACTS: usize = 200;
/// Characters by which a document is known in a list.
const BEGINNING_CHARS: usize = 200;
/// Text held of one document, in bytes: more than a person reads on a screen.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// A document to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its name.
    pub id: String,
    /// Code of its language, or `und`.
    pub lang: String,
    /// Probability of its language; 1 where none is told.
    pub lang_prob: f64,
    /// Why it was dropped, a line each; empty for one that stays.
    pub why: Vec<String>,
    /// What else is known of it: names of fields and what they say.
    pub facts: Vec<(String, String)>,
    /// Its text, [`MAX_TEXT_BYTES`] of it at most.
    pub text: String,
    /// Bytes of the whole text.
    pub n_bytes: usize,
    /// Bytes of the text that tell why: personal data, and what the filter that dropped it counted;
    /// in order, apart.
    pub marks: Vec<Range<usize>>,
}

/// The field a list needs; the others are passed over.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// How the text of a record begins; none if the line is no record.
pub(super) fn beginning(line: &[u8]) -> Option<String> {
    let Told { text } = serde_json::from_slice(line).ok()?;
    Some(text.trim_start().chars().take(BEGINNING_CHARS).collect())
}

impl Document {
    /// The document of a line of a file in language `lang`; none if the line is no record.
    pub(super) fn of(line: &[u8], lang: &str) -> Option<Document> {
        let mut fields: Map<String, Value> = serde_json::from_slice(line).ok()?;
        let Some(Value::String(mut text)) = fields.get_mut("text").map(Value::take) else {
            return None;
        };
        let n_bytes = text.len();
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.shrink_to_fit();
        Some(Document {
            id: fields.get("id").map(told).unwrap_or_default(),
            lang: lang.into(),
            lang_prob: label(&fields).map_or(0.0, |(_, prob)| f64::from(prob)),
            why: why(&fields),
            facts: facts(&fields),
            marks: marks(&text, &fields),
            text,
            n_bytes,
        })
    }
}

/// What a value says, in words.
fn told(value: &Value) -> String {
    let told = match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        value => Cow::Owned(value.to_string()),
    };
    let mut head: String = told.chars().take(FACT_CHARS).collect();
    if head.len() < told.len() {
        head.push('…');
    }
    head
}

/// A measure with four digits at most: they are for reading.
fn number(value: &Value) -> String {
    match value.as_f64() {
        Some(x) if value.is_f64() => format!("{}", (x * 1e4).round() / 1e4),
        _ => told(value),
    }
}

/// The verdict: who dropped it, then the measure beside its threshold, the evidence, or the record
/// that stays in its stead.
fn why(fields: &Map<String, Value>) -> Vec<String> {
    let Some(Value::Object(verdict)) = fields.get("verdict") else {
        return Vec::new();
    };
    let said = |key: &str| verdict.get(key).map(told).unwrap_or_default();
    let mut lines = vec![format!("dropped by {}: {}", said("stage"), said("reason"))];
    if said("stage") == "select" {
        lines.push("its language is not among those asked for".into());
    } else if let (Some(value), Some(threshold)) = (verdict.get("value"), verdict.get("threshold"))
    {
        lines.push(format!(
            "{} {}, should be {} {}",
            said("metric"),
            number(value),
            said("bound").replace('_', " "),
            number(threshold)
        ));
    }
    if verdict.contains_key("evidence") {
        lines.push(said("evidence"));
    }
    if verdict.contains_key("survivor") {
        lines.push(format!("in favour of {}", said("survivor")));
    }
    lines
}

fn facts(fields: &Map<String, Value>) -> Vec<(String, String)> {
    let rest = fields.iter().filter(|(key, value)| {
        !["id", "text", "verdict", "pii"].contains(&key.as_str()) && !value.is_null()
    });
    let clipped = |key: &String| key.chars().take(FACT_CHARS).collect();
    rest.take(MAX_FACTS)
        .map(|(key, value)| (clipped(key), told(value)))
        .collect()
}

/// Spans of personal data (`pii`: first and last character, HPLT), and what the filter counted that
/// dropped the record.
fn marks(text: &str, fields: &Map<String, Value>) -> Vec<Range<usize>> {
    let mut marks = Vec::new();
    if let Some(spans) = fields.get("pii").and_then(Value::as_array)
        && !spans.is_empty()
    {
        let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        starts.push(text.len());
        let byte = |at: Option<&Value>| -> Option<usize> {
            let at = usize::try_from(at?.as_u64()?).ok()?;
            starts.get(at).copied()
        };
        let ranges = spans.iter();
        marks.extend(ranges.filter_map(|span| Some(byte(span.get(0))?..byte(span.get(1))?)));
    }
    let verdict = fields.get("verdict");
    let said = |key: &str| verdict.and_then(|verdict| verdict[key].as_str());
    if let (Some("filter"), Some(reason)) = (said("stage"), said("reason")) {
        marks.extend(spans(reason, text));
    }
    marks.sort_by_key(|mark| mark.start);
    let mut end = 0;
    marks.retain(|mark| {
        let apart = mark.start >= end && mark.start < mark.end;
        end = if apart { mark.end } else { end };
        apart
    });
    marks
}
