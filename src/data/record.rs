//! A record: one document with what is known of it, as one line of JSON in HPLT's field names.

use std::path::PathBuf;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use crate::lang::Lang;

/// One document.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its name; a hash of where it came from if it had none.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its language: the label it came with, or the one identified.
    pub lang: Option<&'static Lang>,
    /// Probability of `lang`; 1 for a label without one.
    pub lang_prob: f32,
    /// Where it came from.
    pub source: Source,
    /// Every other field, untouched and in its order; `text` keeps its place with a null.
    pub fields: Map<String, Value>,
}

/// Where a record came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its line there, from 1; 0 where unknown.
    pub line: u64,
    /// Its first byte in the file as stored: its own, or of the gzip member or zstd frame it begins
    /// in; 0 where unknown.
    pub offset: u64,
    /// Its bytes in the file as stored; 0 where unknown.
    pub size: u64,
}

/// Fields a language label is looked for in, best first, each with the field of its probability.
/// `lang`/`prob` is HPLT v2 and v3, `language`/`language_score` FineWeb-2.
const LABELS: [(&str, &str); 2] = [("lang", "prob"), ("language", "language_score")];
/// Objects `{lang: [...], prob: [...]}` of HPLT v4.
const LABEL_OBJECTS: [&str; 3] = ["openlid_v3", "glotlid_v3", "openlid_v2"];

/// Fields that hold the address of a record: HPLT's, then everyone's.
const URL_KEYS: [&str; 2] = ["u", "url"];
/// Fields that hold when it was fetched, else when it was written.
const DATE_KEYS: [&str; 2] = ["ts", "date"];
/// Field of a kept record that counts the copies it stands for, itself included.
pub(super) const CLUSTER_SIZE: &str = "cluster_size";

impl Record {
    /// A record of `text` alone.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Record {
            id: id.into(),
            text: text.into(),
            lang: None,
            lang_prob: 0.0,
            source: Source {
                path: PathBuf::new(),
                line: 0,
                offset: 0,
                size: 0,
            },
            fields: Map::new(),
        }
    }

    /// A record of a JSON object; none when it has no text under `text_key`.
    pub(super) fn from_fields(
        mut fields: Map<String, Value>,
        text_key: &str,
        source: Source,
    ) -> Option<Self> {
        let Some(Value::String(text)) = fields.get_mut(text_key).map(Value::take) else {
            return None;
        };
        if text_key != "text" {
            fields = rename_text(fields, text_key);
        }
        let id = fields
            .get("id")
            .and_then(name)
            .unwrap_or_else(|| source.id());
        let (lang, lang_prob) = label(&fields).map_or((None, 0.0), |(l, p)| (Some(l), p));
        Some(Record {
            id,
            text,
            lang,
            lang_prob,
            source,
            fields,
        })
    }

    /// Notes an identified language in the fields `lang` and `prob`.
    pub fn set_lang(&mut self, lang: &'static Lang, prob: f32) {
        self.lang = Some(lang);
        self.lang_prob = prob;
        let prob = (f64::from(prob) * 1e4).round() / 1e4; // as HPLT: four digits
        self.fields
            .insert("lang".into(), vec![lang.code.as_str()].into());
        self.fields.insert("prob".into(), vec![prob].into());
    }

    /// Its address.
    pub fn url(&self) -> Option<&str> {
        first_text(URL_KEYS.map(|key| self.fields.get(key)))
    }

    /// When it was fetched, else when it was written, as it says so itself.
    pub fn date(&self) -> Option<&str> {
        first_text(DATE_KEYS.map(|key| self.fields.get(key)))
    }

    /// Code of the language, or `und`.
    pub fn code(&self) -> &'static str {
        self.lang.map_or("und", |l| l.code.as_str())
    }

    /// The whole record as a JSON object.
    pub fn to_json(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(), // a record has no key that JSON could not have
        }
    }

    /// The entries of the record's JSON object, in their order; what it does not hold itself
    /// stands first.
    pub(super) fn entries<M: SerializeMap>(&self, out: &mut M) -> Result<(), M::Error> {
        if !self.fields.contains_key("id") {
            out.serialize_entry("id", &self.id)?;
        }
        if self.lang.is_some() && label(&self.fields).is_none() {
            out.serialize_entry("lang", &[self.code()])?;
        }
        for (key, value) in &self.fields {
            match key.as_str() {
                "text" => out.serialize_entry(key, &self.text)?,
                // One that names nothing gives way to one that does, and stays beside it.
                "id" if name(value).is_none() => {
                    out.serialize_entry(key, &self.id)?;
                    if !value.is_null() && value != "" {
                        out.serialize_entry(&original(&self.fields, key), value)?;
                    }
                }
                _ => out.serialize_entry(key, value)?,
            }
        }
        match self.fields.contains_key("text") {
            true => Ok(()),
            false => out.serialize_entry("text", &self.text),
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut out = to.serialize_map(None)?;
        self.entries(&mut out)?;
        out.end()
    }
}

/// Where a record came from, read from its line of JSON without the rest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Origin {
    u: Value,
    url: Value,
    ts: Value,
    date: Value,
}

impl Origin {
    /// As [`Record::url`].
    pub(super) fn url(&self) -> Option<&str> {
        first_text([Some(&self.u), Some(&self.url)])
    }

    /// As [`Record::date`].
    pub(super) fn date(&self) -> Option<&str> {
        first_text([Some(&self.ts), Some(&self.date)])
    }
}

/// The first of the fields that is there and is text.
fn first_text(fields: [Option<&Value>; 2]) -> Option<&str> {
    fields.into_iter().flatten().find_map(Value::as_str)
}

impl Source {
    /// A name made of the place: xxh128 of path and line, in hexadecimal.
    pub fn id(&self) -> String {
        let place = format!("{}:{}", self.path.display(), self.line);
        format!("{:032x}", xxh3_128(place.as_bytes()))
    }
}

/// Moves the text's place to the field `text`; a field of that name becomes `original_text`, with
/// as many `original_` in front as no other field has.
fn rename_text(fields: Map<String, Value>, text_key: &str) -> Map<String, Value> {
    let original = original(&fields, "text");
    let rename = |key: String| match key.as_str() {
        "text" => original.clone(),
        key_of_text if key_of_text == text_key => "text".into(),
        _ => key,
    };
    fields.into_iter().map(|(k, v)| (rename(k), v)).collect()
}

/// What a value of the field `id` calls a record, if anything.
pub(super) fn name(id: &Value) -> Option<String> {
    match id {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// A name that no field has, for what `key` was before.
fn original(fields: &Map<String, Value>, key: &str) -> String {
    let mut original = format!("original_{key}");
    while fields.contains_key(&original) {
        original.insert_str(0, "original_");
    }
    original
}

/// The label a record came with, where it is one of ours.
pub(super) fn label(fields: &Map<String, Value>) -> Option<(&'static Lang, f32)> {
    let pairs = LABELS
        .iter()
        .map(|(lang, prob)| (fields.get(*lang), fields.get(*prob)));
    let objects = LABEL_OBJECTS.iter().map(|key| {
        let object = fields.get(*key);
        (
            object.and_then(|o| o.get("lang")),
            object.and_then(|o| o.get("prob")),
        )
    });
    let (code, prob) = pairs.chain(objects).find(|(code, _)| code.is_some())?;
    let first = |value: Option<&Value>| match value? {
        Value::Array(items) => items.first().cloned(),
        value => Some(value.clone()),
    };
    let code = first(code)?;
    let mut code = code.as_str()?.to_string();
    if let Some(script) = fields.get("language_script").and_then(Value::as_str)
        && !code.contains(['_', '-'])
    {
        code = format!("{code}_{script}");
    }
    let prob = first(prob).and_then(|p| p.as_f64()).unwrap_or(1.0);
    Some((Lang::find(&code)?, prob as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value, text_key: &str) -> Option<Record> {
        let Value::Object(fields) = value else {
            unreachable!("tests give objects")
        };
        let source = Source {
            path: "a.jsonl".into(),
            line: 3,
            offset: 0,
            size: 0,
        };
        Record::from_fields(fields, text_key, source)
    }

    #[test]
    fn unknown_fields_survive_in_their_order() {
        let value = json!({"z": [1, {"y": null}], "text": "Hallo", "u": "http://x", "id": "7",
            "lang": ["deu_Latn", "nld_Latn"], "prob": [0.9, 0.05], "a": 1.25});
        let record = read(value.clone(), "text").unwrap();
        assert_eq!((record.id.as_str(), record.code()), ("7", "deu_Latn"));
        assert_eq!(record.lang_prob, 0.9);
        let written = Value::Object(record.to_json());
        assert_eq!(written.to_string(), value.to_string());
    }

    #[test]
    fn labels_of_every_known_schema_are_read() {
        for (value, code) in [
            (json!({"text": "", "lang": "de"}), "deu_Latn"),
            (json!({"text": "", "lang": ["est"]}), "ekk_Latn"),
            (
                json!({"text": "", "language": "srp", "language_script": "Latn"}),
                "srp_Latn",
            ),
            (
                json!({"text": "", "openlid_v3": {"lang": ["lvs_Latn"], "prob": [0.7]}}),
                "lvs_Latn",
            ),
            (json!({"text": "", "lang": "tlh"}), "und"),
            (json!({"text": "", "lang": 3}), "und"),
            (json!({"text": "", "lang": []}), "und"),
        ] {
            assert_eq!(read(value.clone(), "text").unwrap().code(), code, "{value}");
        }
    }

    #[test]
    fn another_text_field_takes_the_place_of_text() {
        let record = read(json!({"id": 5, "content": "Tere", "text": 1}), "content").unwrap();
        let written = Value::Object(record.to_json()).to_string();
        assert_eq!(written, r#"{"id":5,"text":"Tere","original_text":1}"#);
        let twice = json!({"id": 5, "content": "Tere", "text": 1, "original_text": 2});
        let written = Value::Object(read(twice, "content").unwrap().to_json()).to_string();
        let expected = r#"{"id":5,"text":"Tere","original_original_text":1,"original_text":2}"#;
        assert_eq!(written, expected);
        assert_eq!(read(json!({"text": 1}), "text"), None);
        assert_eq!(read(json!({"text": 1}), "content"), None);
    }

    #[test]
    fn a_record_without_an_id_is_named_after_its_place() {
        let record = read(json!({"text": "x"}), "text").unwrap();
        assert_eq!(record.id.len(), 32);
        assert_eq!(record.id, record.source.id());
        assert!(
            record
                .to_json()
                .get("id")
                .is_some_and(|id| id == &Value::from(record.id))
        );
    }

    #[test]
    fn an_id_that_names_nothing_gives_way_to_one_that_does() {
        for (id, kept) in [(json!([7]), true), (json!(""), false), (json!(null), false)] {
            let record = read(json!({"id": id, "text": "x"}), "text").unwrap();
            let written = Value::Object(record.to_json());
            assert_eq!(written["id"], Value::from(record.source.id()));
            assert_eq!(written.get("original_id"), kept.then_some(&id));
        }
    }
}
