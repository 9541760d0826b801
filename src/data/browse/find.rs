//! One record of a prepared folder, by its id.

use std::path::Path;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::folder::Folder;
use super::lines::Lines;
use crate::data::error::Result;

/// What tells whether a line is the one looked for: the rest of it is passed over.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Value,
}

/// Looks for the record called `id` in every file of a prepared folder; a number is the name that
/// its digits are.
///
/// # Errors
/// When a file is damaged.
pub fn find(folder: &Path, id: &str) -> Result<Option<Map<String, Value>>> {
    let needle = Finder::new(plain_part(id));
    for path in Folder::open(folder)?.paths() {
        let mut lines = Lines::of(path);
        let mut line = Vec::new();
        while lines.next(&mut line)? {
            // Cheap first: most lines do not even hold the letters.
            if needle.find(&line).is_some()
                && serde_json::from_slice::<Named>(&line).is_ok_and(|named| is(&named.id, id))
                && let Ok(fields) = serde_json::from_slice(&line)
            {
                return Ok(Some(fields));
            }
        }
    }
    Ok(None)
}

fn is(value: &Value, id: &str) -> bool {
    match value {
        Value::String(value) => value == id,
        Value::Number(value) => value.to_string() == id,
        _ => false,
    }
}

/// The longest part of `id` that stands in JSON as it is, however the rest is escaped.
fn plain_part(id: &str) -> &[u8] {
    let is_plain = |c: char| c.is_ascii() && !c.is_ascii_control() && !"\"\\/".contains(c);
    let parts = id.split(|c| !is_plain(c));
    parts
        .max_by_key(|part| part.len())
        .unwrap_or_default()
        .as_bytes()
}
