//! Schemas that must hold together, as one: `allOf`, and what stands beside `$ref`.

use serde_json::{Map, Value};

use super::super::syntax::MAX_DEPTH;
use super::translate::{Read, Schema, flaw};

type Keys = Map<String, Value>;

/// The keys of `keys` with those of its `allOf` and `$ref`.
pub(super) fn flat(schema: &mut Schema<'_>, keys: &Keys, at: &str, depth: usize) -> Read<Keys> {
    schema.count(at)?;
    if depth > MAX_DEPTH {
        return flaw(at, "references lead back to themselves");
    }
    let mut own = keys.clone();
    let list = own.shift_remove("allOf");
    let target = own.shift_remove("$ref");
    let mut parts = Vec::new();
    if let Some(target) = target {
        let Some(target) = target.as_str() else {
            return flaw(at, "`$ref` is no text");
        };
        parts.push(schema.target(target, at)?.clone());
    }
    match list {
        None => {}
        Some(Value::Array(list)) => parts.extend(list),
        Some(_) => return flaw(at, "`allOf` is no list of schemas"),
    }
    // Members come in the order in which the schema speaks of them.
    let mut named = keys.keys().map(String::as_str);
    let own_first = named.find(|key| matches!(*key, "properties" | "allOf" | "$ref"));
    match own_first == Some("properties") {
        true => parts.insert(0, Value::Object(own)),
        false => parts.push(Value::Object(own)),
    }
    let mut all = Keys::new();
    for part in parts {
        match part {
            Value::Bool(true) => {}
            Value::Object(part) if part.contains_key("allOf") || part.contains_key("$ref") => {
                let part = flat(schema, &part, at, depth + 1)?;
                merge(&mut all, part, at)?;
            }
            Value::Object(part) => merge(&mut all, part, at)?,
            _ => return flaw(at, "a part of `allOf` allows nothing, or is no schema"),
        }
    }
    Ok(all)
}

/// Adds the keys of `part` to `all`, so that both hold.
fn merge(all: &mut Keys, part: Keys, at: &str) -> Read<()> {
    if is_closed_to(all, &part) || is_closed_to(&part, all) {
        return flaw(
            at,
            "`additionalProperties` is not understood where another part of `allOf` names members",
        );
    }
    for (key, value) in part {
        let Some(old) = all.get_mut(&key) else {
            all.insert(key, value);
            continue;
        };
        if *old == value {
            continue;
        }
        let both = match key.as_str() {
            "title" | "description" | "default" | "examples" | "$comment" | "$id" | "$schema"
            | "$defs" | "definitions" | "$anchor" | "deprecated" | "readOnly" | "writeOnly" => {
                Some(old.clone())
            }
            "type" => Some(common(&listed(old), &listed(&value), |a, b| match (a, b) {
                (a, b) if a == b => Some(a.clone()),
                (a, b) if a == "integer" && b == "number" => Some(a.clone()),
                (a, b) if a == "number" && b == "integer" => Some(b.clone()),
                _ => None,
            })),
            "enum" => Some(common(&listed(old), &listed(&value), |a, b| {
                (a == b).then(|| a.clone())
            })),
            "required" => {
                let names = [listed(old), listed(&value)].concat();
                Some(Value::Array(names))
            }
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" => farther(old, &value, true),
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" => {
                farther(old, &value, false)
            }
            "items" => Some(together(old, &value)),
            "properties" => match (&mut *old, &value) {
                (Value::Object(old), Value::Object(new)) => {
                    let mut members = old.clone();
                    for (name, schema) in new {
                        let schema = match members.get(name) {
                            Some(old) if old != schema => together(old, schema),
                            _ => schema.clone(),
                        };
                        members.insert(name.clone(), schema);
                    }
                    Some(Value::Object(members))
                }
                _ => None,
            },
            _ => None,
        };
        match both {
            Some(both) => *old = both,
            None => {
                return flaw(
                    at,
                    &format!("`{key}` differs in parts that must hold together"),
                );
            }
        }
    }
    Ok(())
}

/// True when `one` allows no members but its own and `other` names one that is not.
fn is_closed_to(one: &Keys, other: &Keys) -> bool {
    let names = |keys: &Keys| -> Vec<String> {
        let named = keys.get("properties").and_then(Value::as_object);
        named
            .map(|named| named.keys().cloned().collect())
            .unwrap_or_default()
    };
    let is_open = matches!(
        one.get("additionalProperties"),
        None | Some(Value::Bool(true))
    );
    let own = names(one);
    !is_open && names(other).iter().any(|name| !own.contains(name))
}

fn together(a: &Value, b: &Value) -> Value {
    serde_json::json!({ "allOf": [a, b] })
}

/// A list, or the one thing that stands for a list of one.
fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        value => vec![value.clone()],
    }
}

/// What two lists share.
fn common(a: &[Value], b: &[Value], shared: impl Fn(&Value, &Value) -> Option<Value>) -> Value {
    let mut both: Vec<Value> = Vec::new();
    for value in a {
        let found = b.iter().find_map(|other| shared(value, other));
        both.extend(found.filter(|found| !both.contains(found)));
    }
    Value::Array(both)
}

/// Of two bounds the higher, or the lower.
fn farther(a: &Value, b: &Value, higher: bool) -> Option<Value> {
    let (x, y) = (a.as_f64()?, b.as_f64()?);
    Some(if (x > y) == higher {
        a.clone()
    } else {
        b.clone()
    })
}
