//! Strings: characters as JSON writes them, lengths, formats.

use serde_json::{Map, Value};

use super::super::syntax::{Class, Expr};
use super::pattern;
use super::translate::{Read, Schema, count_of, flaw};

/// Characters that stand for themselves in a JSON string.
pub(super) fn plain() -> Class {
    Class::new(
        vec![
            (0, 0x1f),
            ('"' as u32, '"' as u32),
            ('\\' as u32, '\\' as u32),
        ],
        true,
    )
}

/// Escapes of one letter, and what they stand for.
const ESCAPES: [(char, &str); 8] = [
    ('"', "\\\""),
    ('\\', "\\\\"),
    ('/', "\\/"),
    ('\u{8}', "\\b"),
    ('\u{c}', "\\f"),
    ('\n', "\\n"),
    ('\r', "\\r"),
    ('\t', "\\t"),
];

/// Any character of a string, as it is or escaped; surrogates only in pairs.
pub(super) fn character() -> Expr {
    let hex = |n| Expr::class(&[('0', '9'), ('a', 'f'), ('A', 'F')]).times(n, Some(n));
    let of = |ranges: &[(char, char)]| Expr::class(ranges);
    let d = || of(&[('d', 'd'), ('D', 'D')]);
    let all = |parts: Vec<Expr>| Expr::Seq(parts);
    let not_d = of(&[('0', '9'), ('a', 'c'), ('A', 'C'), ('e', 'f'), ('E', 'F')]);
    let high = of(&[('8', '9'), ('a', 'b'), ('A', 'B')]);
    let low = of(&[('c', 'f'), ('C', 'F')]);
    let code = Expr::Alt(vec![
        all(vec![not_d, hex(3)]),
        all(vec![d(), of(&[('0', '7')]), hex(2)]),
        all(vec![d(), high, hex(2), Expr::text("\\u"), d(), low, hex(2)]),
    ]);
    let mut escapes: Vec<Expr> = ESCAPES.iter().map(|(_, text)| Expr::text(text)).collect();
    escapes.push(Expr::Class(plain()));
    escapes.push(all(vec![Expr::text("\\u"), code]));
    Expr::Alt(escapes)
}

/// One character of `class` in a string: as it is, or by an escape of one letter where it must
/// be. None where it has neither.
pub(super) fn one_of_class(class: &Class) -> Option<Expr> {
    let here = class.without(&plain().complement());
    let mut ways = Vec::new();
    for (c, text) in ESCAPES {
        if class.contains(c) && !plain().contains(c) {
            ways.push(Expr::text(text));
        }
    }
    if !here.ranges().is_empty() {
        ways.push(Expr::Class(here));
    }
    (!ways.is_empty()).then_some(Expr::Alt(ways))
}

/// A string with the length, pattern or format asked for.
pub(super) fn string(schema: &Schema<'_>, keys: &Map<String, Value>, at: &str) -> Read<Expr> {
    let least = count_of(keys, "minLength", at)?;
    let most = count_of(keys, "maxLength", at)?;
    let has_length = least.is_some() || most.is_some();
    let character = || Expr::Rule(schema.json.character);
    let inside = match (keys.get("pattern"), keys.get("format")) {
        (None, None) if !has_length => return Ok(Expr::Rule(schema.json.string)),
        (None, None) => {
            let least = least.unwrap_or(0);
            if most.is_some_and(|most| most < least) {
                return flaw(at, "`maxLength` is less than `minLength`");
            }
            character().times(least, most)
        }
        (Some(_), Some(_)) => return flaw(at, "`format` is not understood beside `pattern`"),
        _ if has_length => {
            return flaw(
                at,
                "a length is not understood beside `pattern` or `format`",
            );
        }
        (Some(pattern), None) => match pattern.as_str() {
            Some(pattern) => pattern::read(pattern, &character(), at)?,
            None => return flaw(at, "`pattern` is no text"),
        },
        (None, Some(format)) => match FORMATS.iter().find(|(name, _)| format == name) {
            Some((_, pattern)) => pattern::read(pattern, &character(), at)?,
            None => return flaw(at, &format!("`format` {format} is not understood")),
        },
    };
    Ok(Expr::Seq(vec![Expr::text("\""), inside, Expr::text("\"")]))
}

/// Days that every year has; the year has four digits and is not 0.
macro_rules! date {
    () => {
        "([1-9][0-9]{3})-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])\
         |(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    };
}
/// RFC 3339, without leap seconds.
macro_rules! time {
    () => {
        "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?\
         (Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    };
}

/// Formats as patterns.
const FORMATS: [(&str, &str); 4] = [
    ("date", concat!("^", date!(), "$")),
    ("time", concat!("^", time!(), "$")),
    ("date-time", concat!("^", date!(), "T", time!(), "$")),
    (
        "uuid",
        "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    ),
];
