//! `/.well-known/tdmrep.json` of the TDM Reservation Protocol (W3C community group, final report
//! of 10 May 2024).

use serde_json::Value;

use super::pattern::{Path, Pattern};

/// Bytes of a file that are read.
const MAX_BYTES: usize = 1 << 20;

/// What a publisher says about mining a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// `tdm-reservation`: 1 is reserved, 0 is not.
    pub reserved: bool,
    /// `tdm-policy`: where licences are to be had.
    pub policy: Option<String>,
    /// Number of the rule in the file, from 1.
    pub rule: usize,
    /// `location` of the rule as written.
    pub location: String,
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: Pattern,
    location: Box<str>,
    reserved: bool,
    policy: Option<Box<str>>,
    number: usize,
}

/// The rules of a tdmrep.json that was read.
#[derive(Debug, Clone, Default)]
pub struct TdmRules {
    rules: Vec<Rule>,
    /// Why the file could not be read in full.
    pub damaged: Option<&'static str>,
}

/// A reservation written as a number, or carelessly as text or truth value; none is unset.
pub(super) fn reservation(value: &Value) -> Option<bool> {
    match value {
        Value::Number(n) if n.as_f64() == Some(1.0) => Some(true),
        Value::Number(n) if n.as_f64() == Some(0.0) => Some(false),
        Value::String(text) => reservation_text(text),
        Value::Bool(reserved) => Some(*reserved),
        _ => None,
    }
}

/// A reservation in a header or a meta element.
pub(super) fn reservation_text(text: &str) -> Option<bool> {
    match text.trim().trim_matches('"').trim() {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

impl TdmRules {
    /// Reads a file. One that is no JSON array of rules says nothing and is marked as damaged;
    /// a rule without its two mandatory properties is passed over.
    pub fn parse(bytes: &[u8]) -> Self {
        let damaged = |why| TdmRules {
            rules: Vec::new(),
            damaged: Some(why),
        };
        if bytes.len() > MAX_BYTES {
            return damaged("longer than 1 MiB");
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
            return damaged("not JSON");
        };
        let entries = match value {
            Value::Array(entries) => entries,
            // The brackets are mandatory; what a single rule means is clear all the same.
            Value::Object(_) => vec![value],
            _ => return damaged("not an array of rules"),
        };
        let n_entries = entries.len();
        let read = |(i, entry): (usize, &Value)| {
            let location = entry.get("location")?.as_str()?;
            let policy = entry.get("tdm-policy").and_then(Value::as_str);
            Some(Rule {
                pattern: Pattern::new(location.as_bytes()),
                location: location.chars().take(200).collect(),
                reserved: reservation(entry.get("tdm-reservation")?)?,
                policy: policy.map(|p| p.chars().take(200).collect()),
                number: i + 1,
            })
        };
        let rules: Vec<Rule> = entries.iter().enumerate().filter_map(read).collect();
        let whole = rules.len() == n_entries;
        TdmRules {
            rules,
            damaged: (!whole).then_some("a rule lacks location or tdm-reservation"),
        }
    }

    /// What the file says about a path and query: its first rule that matches; none is unset.
    pub fn reservation(&self, path_and_query: &str) -> Option<Reservation> {
        self.reservation_of(&Path::new(path_and_query))
    }

    pub(super) fn reservation_of(&self, path: &Path) -> Option<Reservation> {
        let rule = self.rules.iter().find(|rule| rule.pattern.matches(path))?;
        Some(Reservation {
            reserved: rule.reserved,
            policy: rule.policy.as_deref().map(String::from),
            rule: rule.number,
            location: rule.location.to_string(),
        })
    }

    pub(super) fn len_bytes(&self) -> usize {
        let of = |r: &Rule| {
            let policy = r.policy.as_ref().map_or(0, |p| p.len());
            r.pattern.len_bytes() + r.location.len() + policy + 48
        };
        self.rules.iter().map(of).sum::<usize>() + size_of::<Self>()
    }
}
