//! What chat templates expect of Python: methods of its strings and maps, and its JSON.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};
use serde::Serialize;

/// Calls a method of a Python string or map that Jinja templates take for granted.
pub(super) fn method(
    _: &mut State,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String => text_method(value.as_str().unwrap_or_default(), name, args),
        ValueKind::Map => map_method(value, name, args),
        _ => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> Error {
    Error::new(
        ErrorKind::UnknownMethod,
        format!("method {name} is not known here"),
    )
}

/// The argument at `i` as a string.
fn text(args: &[Value], i: usize) -> Result<&str, Error> {
    args.get(i).and_then(Value::as_str).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("argument {i} is not a string"),
        )
    })
}

fn text_method(of: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let stripped = |of: &str, start: bool, end: bool| -> String {
        let set = args.first().and_then(Value::as_str);
        let drop = |c: char| set.map_or(c.is_whitespace(), |set| set.contains(c));
        let of = if start {
            of.trim_start_matches(drop)
        } else {
            of
        };
        let of = if end { of.trim_end_matches(drop) } else { of };
        of.into()
    };
    Ok(match name {
        "strip" => stripped(of, true, true).into(),
        "lstrip" => stripped(of, true, false).into(),
        "rstrip" => stripped(of, false, true).into(),
        "startswith" => of.starts_with(text(args, 0)?).into(),
        "endswith" => of.ends_with(text(args, 0)?).into(),
        "upper" => of.to_uppercase().into(),
        "lower" => of.to_lowercase().into(),
        "title" => title(of).into(),
        "capitalize" => capitalized(of).into(),
        "replace" => of.replace(text(args, 0)?, text(args, 1)?).into(),
        "find" => {
            let at = of
                .find(text(args, 0)?)
                .map(|at| of[..at].chars().count() as i64);
            at.unwrap_or(-1).into()
        }
        "count" => of.matches(text(args, 0)?).count().into(),
        "split" => split(of, args)?,
        _ => return Err(unknown(name)),
    })
}

/// Without a separator at white space, with one at most `n` times where that is the second
/// argument.
fn split(of: &str, args: &[Value]) -> Result<Value, Error> {
    let parts: Vec<Value> = match args.first().filter(|sep| !sep.is_none()) {
        None => of.split_whitespace().map(Value::from).collect(),
        Some(_) => {
            let separator = text(args, 0)?;
            if separator.is_empty() {
                return Err(Error::new(ErrorKind::InvalidOperation, "empty separator"));
            }
            let n = args
                .get(1)
                .and_then(Value::as_i64)
                .and_then(|n| usize::try_from(n).ok());
            match n {
                Some(n) => of
                    .splitn(n.saturating_add(1), separator)
                    .map(Value::from)
                    .collect(),
                None => of.split(separator).map(Value::from).collect(),
            }
        }
    };
    Ok(Value::from(parts))
}

fn capitalized(of: &str) -> String {
    let mut chars = of.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.flat_map(char::to_lowercase)).collect()
}

fn title(of: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(of.len());
    for c in of.chars() {
        match inside {
            true => out.extend(c.to_lowercase()),
            false => out.extend(c.to_uppercase()),
        }
        inside = c.is_alphabetic();
    }
    out
}

fn map_method(of: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let keys = || -> Result<Vec<Value>, Error> { Ok(of.try_iter()?.collect()) };
    Ok(match name {
        "get" => {
            let key = args.first().cloned().unwrap_or_default();
            let found = of.get_item(&key)?;
            let default = || args.get(1).cloned().unwrap_or(Value::from(()));
            if found.is_undefined() {
                default()
            } else {
                found
            }
        }
        "keys" => Value::from(keys()?),
        "values" => {
            let values: Result<Vec<Value>, Error> =
                keys()?.iter().map(|key| of.get_item(key)).collect();
            Value::from(values?)
        }
        "items" => {
            let pair = |key: Value| Ok(Value::from(vec![key.clone(), of.get_item(&key)?]));
            let pairs: Result<Vec<Value>, Error> = keys()?.into_iter().map(pair).collect();
            Value::from(pairs?)
        }
        _ => return Err(unknown(name)),
    })
}

/// JSON with a blank behind commas and colons, and characters as they are.
pub(super) fn tojson(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let failed = |e: serde_json::Error| Error::new(ErrorKind::BadSerialization, e.to_string());
    let mut out = Vec::new();
    match indent {
        Some(n) => {
            let blanks = " ".repeat(n.min(16));
            let pretty = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
            value
                .serialize(&mut serde_json::Serializer::with_formatter(
                    &mut out, pretty,
                ))
                .map_err(failed)?;
        }
        None => {
            value
                .serialize(&mut serde_json::Serializer::with_formatter(
                    &mut out, Spaced,
                ))
                .map_err(failed)?;
        }
    }
    Ok(Value::from(String::from_utf8_lossy(&out).into_owned()))
}

/// Python's `json.dumps`: `", "` and `": "`.
struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
    ) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}
