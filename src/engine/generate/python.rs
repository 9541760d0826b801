//! What chat templates expect of Python: methods of its strings and maps, and its JSON.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};
use serde::Serialize;

use super::{sandbox, steps};

/// Calls a method of a Python string or map that Jinja templates take for granted.
pub(super) fn method(
    state: &mut State,
    value: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String => text_method(state, value.as_str().unwrap_or_default(), name, args),
        ValueKind::Seq | ValueKind::Iterable => list_method(value, name, args),
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

fn text_method(state: &mut State, of: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
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
        "replace" => return steps::replace(state, of, text(args, 0)?, text(args, 1)?),
        "removeprefix" => of.strip_prefix(text(args, 0)?).unwrap_or(of).into(),
        "removesuffix" => of.strip_suffix(text(args, 0)?).unwrap_or(of).into(),
        "rfind" => {
            let at = of
                .rfind(text(args, 0)?)
                .map(|at| of[..at].chars().count() as i64);
            at.unwrap_or(-1).into()
        }
        "isdigit" => all(of, char::is_numeric).into(),
        "isalpha" => all(of, char::is_alphabetic).into(),
        "isalnum" => all(of, char::is_alphanumeric).into(),
        "isspace" => all(of, char::is_whitespace).into(),
        "islower" => (of.to_lowercase() == of && of.to_uppercase() != of).into(),
        "isupper" => (of.to_uppercase() == of && of.to_lowercase() != of).into(),
        "splitlines" => of.lines().map(Value::from).collect(),
        "join" => {
            let list = args.first().cloned().unwrap_or_default();
            let items = list.try_iter()?.map(|item| item.to_string());
            let items: Vec<String> = items.collect();
            let with = (items.len() as u64).saturating_mul(of.len() as u64);
            sandbox::charge(state, with)?;
            items.join(of).into()
        }
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

/// Whether there are characters, all of a kind.
fn all(of: &str, kind: fn(char) -> bool) -> bool {
    !of.is_empty() && of.chars().all(kind)
}

fn list_method(of: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let wanted = args.first().cloned().unwrap_or_default();
    match name {
        "count" => Ok(of.try_iter()?.filter(|item| *item == wanted).count().into()),
        "index" => of
            .try_iter()?
            .position(|item| item == wanted)
            .map(Value::from)
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "it is not in the list")),
        _ => Err(unknown(name)),
    }
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
    let first = chars.next().map(titled).unwrap_or_default();
    first + &chars.flat_map(char::to_lowercase).collect::<String>()
}

fn title(of: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(of.len());
    for c in of.chars() {
        match inside {
            true => out.extend(c.to_lowercase()),
            false => out.push_str(&titled(c)),
        }
        inside = c.is_alphabetic();
    }
    out
}

/// A character as it begins a word: a capital and, where that is several, small ones behind it.
/// Georgian words begin as they go on.
fn titled(c: char) -> String {
    if matches!(c, '\u{10d0}'..='\u{10ff}') {
        return c.into();
    }
    let mut upper = c.to_uppercase();
    let first = upper.next().unwrap_or(c);
    let rest = upper.flat_map(char::to_lowercase);
    let first = match first {
        'Ǆ' => 'ǅ',
        'Ǉ' => 'ǈ',
        'Ǌ' => 'ǋ',
        'Ǳ' => 'ǲ',
        other => other,
    };
    std::iter::once(first).chain(rest).collect()
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

/// JSON with a blank behind commas and colons, and characters as they are; `separators` may say
/// otherwise.
pub(super) fn tojson(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let failed = |e: serde_json::Error| Error::new(ErrorKind::BadSerialization, e.to_string());
    let mut out = Vec::new();
    match (indent, separators.as_deref()) {
        (Some(n), _) => {
            let blanks = " ".repeat(n.min(16));
            let pretty = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
            let mut to = serde_json::Serializer::with_formatter(&mut out, pretty);
            value.serialize(&mut to).map_err(failed)?;
        }
        (None, separators) => {
            let [item, key] = match separators {
                Some([item, key]) => [item.as_str(), key.as_str()],
                _ => [", ", ": "],
            };
            let spaced = Spaced { item, key };
            let mut to = serde_json::Serializer::with_formatter(&mut out, spaced);
            value.serialize(&mut to).map_err(failed)?;
        }
    }
    Ok(Value::from(String::from_utf8_lossy(&out).into_owned()))
}

/// Python's `json.dumps` with its separators.
struct Spaced<'a> {
    item: &'a str,
    key: &'a str,
}

impl serde_json::ser::Formatter for Spaced<'_> {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        match first {
            true => Ok(()),
            false => out.write_all(self.item.as_bytes()),
        }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        match first {
            true => Ok(()),
            false => out.write_all(self.item.as_bytes()),
        }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
    ) -> std::io::Result<()> {
        out.write_all(self.key.as_bytes())
    }
}
