//! A schema, part by part.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::syntax::{Expr, MAX_DEPTH, MAX_REPEAT, MAX_TEXT, Rules};
use super::{merge, number, text};
use crate::engine::{Error, Result};

/// Most parts that a schema may come to with its references and combinations followed.
const MAX_PARTS: usize = 50_000;

/// Keys that say nothing about what is valid, or only where it is written.
const NOTES: [&str; 13] = [
    "$schema",
    "$id",
    "$anchor",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
];
const OBJECT: [&str; 3] = ["properties", "required", "additionalProperties"];
const ARRAY: [&str; 4] = ["items", "prefixItems", "minItems", "maxItems"];
const STRING: [&str; 4] = ["minLength", "maxLength", "pattern", "format"];
const NUMBER: [&str; 4] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
/// Keys that choose or combine.
const CHOICE: [&str; 7] = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

/// Where in a schema something is refused, and why.
pub(super) struct Flaw {
    pub(super) at: String,
    pub(super) what: String,
}

pub(super) type Read<T> = std::result::Result<T, Flaw>;

/// Reads a schema, which errors call `name`.
pub(in super::super) fn rules(schema: &str, name: &str) -> Result<Rules> {
    let usage = |what: String, hint: &str| Error::Usage {
        what: format!("{name}: {what}"),
        hint: hint.into(),
    };
    if schema.len() > MAX_TEXT {
        let what = format!("{} bytes are no schema", schema.len());
        return Err(usage(what, &format!("a schema has at most {MAX_TEXT}")));
    }
    let root: Value = serde_json::from_str(schema).map_err(|e| {
        usage(
            format!("not JSON: {e}"),
            "give a JSON schema, or {} for any JSON",
        )
    })?;
    let mut schema = Schema::new(&root);
    match schema.whole() {
        Ok(()) => Ok(schema.rules),
        Err(flaw) => Err(usage(
            format!("{}: {}", flaw.at, flaw.what),
            "leave it out, or write a grammar (--grammar)",
        )),
    }
}

/// A schema on its way to rules.
pub(super) struct Schema<'s> {
    pub(super) root: &'s Value,
    pub(super) rules: Rules,
    /// Rules every JSON text is made of.
    pub(super) json: Json,
    /// Rules of references, by what they point to.
    refs: HashMap<String, usize>,
    /// References that were met and have no body yet.
    pending: Vec<(String, usize)>,
    n_parts: usize,
}

/// Numbers of rules that every schema has.
pub(super) struct Json {
    /// White space between parts.
    pub(super) blank: usize,
    /// Any value.
    pub(super) value: usize,
    /// A character of a string, as it is or escaped.
    pub(super) character: usize,
    /// Any string.
    pub(super) string: usize,
    pub(super) number: usize,
}

impl<'s> Schema<'s> {
    fn new(root: &'s Value) -> Self {
        let mut rules = Rules::default();
        rules.root = rules.reserve("root");
        let json = Json::new(&mut rules);
        Schema {
            root,
            rules,
            json,
            refs: HashMap::new(),
            pending: Vec::new(),
            n_parts: 0,
        }
    }

    fn whole(&mut self) -> Read<()> {
        let root = self.root;
        let body = self.part(root, "#", 0)?;
        self.rules.define(self.rules.root, body);
        while let Some((target, rule)) = self.pending.pop() {
            let part = self.target(&target, &target)?;
            let body = self.part(part, &target, 0)?;
            self.rules.define(rule, body);
        }
        Ok(())
    }

    /// What the part `schema` at `at` allows.
    pub(super) fn part(&mut self, schema: &Value, at: &str, depth: usize) -> Read<Expr> {
        self.count(at)?;
        if depth > MAX_DEPTH {
            return flaw(at, "parts are nested too deep");
        }
        let keys = match schema {
            Value::Bool(true) => return Ok(Expr::Rule(self.json.value)),
            Value::Bool(false) => return flaw(at, "`false` allows nothing"),
            Value::Object(keys) => keys,
            _ => return flaw(at, "a schema is an object, `true` or `false`"),
        };
        check_keys(keys, at)?;
        if keys.contains_key("allOf") || (keys.contains_key("$ref") && n_rules(keys) > 1) {
            let merged = merge::flat(self, keys, at, depth)?;
            return self.part(&Value::Object(merged), at, depth + 1);
        }
        if let Some(target) = keys.get("$ref") {
            return self.reference(target, at);
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(list) = keys.get(choice) {
                return self.alternatives(keys, choice, list, at, depth);
            }
        }
        if keys.contains_key("const") || keys.contains_key("enum") {
            return constants(keys, at);
        }
        let types = types(keys, at)?;
        if types.is_empty() {
            return Ok(Expr::Rule(self.json.value));
        }
        let all: Read<Vec<Expr>> = types
            .iter()
            .map(|name| self.of_type(name, keys, at, depth))
            .collect();
        Ok(one_of(all?))
    }

    fn of_type(
        &mut self,
        name: &str,
        keys: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Read<Expr> {
        match name {
            "null" => Ok(Expr::text("null")),
            "boolean" => Ok(Expr::Alt(vec![Expr::text("true"), Expr::text("false")])),
            "integer" => number::integer(keys, at),
            "number" => match NUMBER.iter().find(|key| keys.contains_key(**key)) {
                Some(key) => flaw(at, &format!("`{key}` is understood of integers only")),
                None => Ok(Expr::Rule(self.json.number)),
            },
            "string" => text::string(self, keys, at),
            "array" => self.array(keys, at, depth),
            "object" => self.object(keys, at, depth),
            _ => flaw(at, &format!("type {name:?} is not known")),
        }
    }

    /// One of several schemas, with what stands beside them holding for each.
    fn alternatives(
        &mut self,
        keys: &Map<String, Value>,
        choice: &str,
        list: &Value,
        at: &str,
        depth: usize,
    ) -> Read<Expr> {
        let at = format!("{at}/{choice}");
        let Some(list) = list.as_array().filter(|list| !list.is_empty()) else {
            return flaw(&at, "this is no list of schemas");
        };
        let mut beside = keys.clone();
        beside.shift_remove(choice);
        beside.retain(|key, _| !NOTES.contains(&key.as_str()));
        let mut all = Vec::with_capacity(list.len());
        for (i, part) in list.iter().enumerate() {
            let at = format!("{at}/{i}");
            if beside.is_empty() {
                all.push(self.part(part, &at, depth + 1)?);
            } else {
                let both = [Value::Object(beside.clone()), part.clone()];
                let both = Map::from_iter([("allOf".to_owned(), Value::from(both.to_vec()))]);
                all.push(self.part(&Value::Object(both), &at, depth + 1)?);
            }
        }
        Ok(one_of(all))
    }

    /// The rule of what `target` points to, which is read later.
    fn reference(&mut self, target: &Value, at: &str) -> Read<Expr> {
        let Some(target) = target.as_str() else {
            return flaw(at, "`$ref` is no text");
        };
        self.target(target, at)?;
        if let Some(rule) = self.refs.get(target) {
            return Ok(Expr::Rule(*rule));
        }
        let rule = self.rules.reserve(target);
        self.refs.insert(target.into(), rule);
        self.pending.push((target.into(), rule));
        Ok(Expr::Rule(rule))
    }

    /// The part of the schema that a reference at `at` points to.
    pub(super) fn target(&self, target: &str, at: &str) -> Read<&'s Value> {
        let pointer = target.strip_prefix('#');
        let found = pointer.filter(|pointer| !pointer.contains('%'));
        match found.and_then(|pointer| self.root.pointer(pointer)) {
            Some(part) => Ok(part),
            None => flaw(at, &format!("`$ref` {target:?} is not in this schema")),
        }
    }

    fn array(&mut self, keys: &Map<String, Value>, at: &str, depth: usize) -> Read<Expr> {
        let least = count_of(keys, "minItems", at)?.unwrap_or(0);
        let most = count_of(keys, "maxItems", at)?;
        let none = Vec::new();
        let first = match keys.get("prefixItems") {
            None => &none,
            Some(list) => match list.as_array() {
                Some(list) => list,
                None => return flaw(at, "`prefixItems` is no list of schemas"),
            },
        };
        let n_first = first
            .len()
            .min(most.map_or(usize::MAX, |most| most as usize));
        let mut all = Vec::new();
        for (i, part) in first[..n_first].iter().enumerate() {
            all.push(self.part(part, &format!("{at}/prefixItems/{i}"), depth + 1)?);
        }
        let n_first = n_first as u32;
        let (least, most) = (
            least.saturating_sub(n_first),
            most.map(|most| most - n_first),
        );
        // Items that nothing is said of are written only where there must be some.
        let rest = match keys.get("items") {
            Some(Value::Bool(false)) if least == 0 => None,
            Some(items) => Some(self.part(items, &format!("{at}/items"), depth + 1)?),
            None if least > 0 || first.is_empty() => Some(Expr::Rule(self.json.value)),
            None => None,
        };
        if most.is_some_and(|most| most < least) {
            return flaw(at, "`maxItems` is less than `minItems`");
        }
        let rest = rest.filter(|_| most != Some(0));
        let rest = rest.map(|rest| self.shared("item", rest));
        Ok(self.list(all, rest, least, most))
    }

    /// `[`, the `first` parts, between `least` and `most` times `rest`, `]`.
    fn list(&self, first: Vec<Expr>, rest: Option<Expr>, least: u32, most: Option<u32>) -> Expr {
        let comma = || [Expr::text(","), self.blank()];
        let mut parts = Vec::new();
        let is_empty = first.is_empty();
        for (i, part) in first.into_iter().enumerate() {
            parts.extend(comma().into_iter().filter(|_| i > 0));
            parts.push(part);
        }
        if let Some(rest) = rest {
            let next = Expr::Seq(Vec::from_iter(comma().into_iter().chain([rest.clone()])));
            match is_empty {
                false => parts.push(next.times(least, most)),
                true => {
                    let more = next.times(least.saturating_sub(1), most.map(|n| n - 1));
                    parts.extend([rest, more]);
                }
            }
        }
        parts.push(self.blank());
        let inside = match is_empty && least == 0 {
            true => Expr::Seq(parts).optional(),
            false => Expr::Seq(parts),
        };
        Expr::Seq(vec![Expr::text("["), self.blank(), inside, Expr::text("]")])
    }

    /// `part` as a rule, for where it is used more than once: parts within parts would double
    /// with each level.
    pub(super) fn shared(&mut self, name: &str, part: Expr) -> Expr {
        match part {
            Expr::Rule(_) => part,
            part => Expr::Rule(self.rules.add(name, part)),
        }
    }

    /// White space.
    pub(super) fn blank(&self) -> Expr {
        Expr::Rule(self.json.blank)
    }

    /// Counts a part; references and combinations can make many out of few.
    pub(super) fn count(&mut self, at: &str) -> Read<()> {
        self.n_parts += 1;
        match self.n_parts > MAX_PARTS {
            true => flaw(at, "the schema is too large"),
            false => Ok(()),
        }
    }
}

impl Json {
    fn new(rules: &mut Rules) -> Self {
        let blanks = Expr::class(&[(' ', ' '), ('\t', '\t')]).times(0, Some(32));
        let line = Expr::Seq(vec![Expr::text("\n"), blanks]);
        let blank = Expr::Seq(vec![Expr::text(" ").optional(), line.optional()]);
        let blank = rules.add("blank", blank);
        let character = rules.add("character", text::character());
        let quote = || Expr::text("\"");
        let string = Expr::Seq(vec![quote(), Expr::Rule(character).times(0, None), quote()]);
        let string = rules.add("string", string);
        let number = rules.add("number", number::any());
        let value = rules.reserve("value");
        let json = Json {
            blank,
            value,
            character,
            string,
            number,
        };
        let list = |open: &str, item: Expr, close: &str| {
            let comma = [Expr::text(","), Expr::Rule(blank), item.clone()];
            let more = Expr::Seq(comma.to_vec()).times(0, None);
            let items = Expr::Seq(vec![item, more, Expr::Rule(blank)]);
            let open = [Expr::text(open), Expr::Rule(blank)];
            let close = [items.optional(), Expr::text(close)];
            Expr::Seq(open.into_iter().chain(close).collect())
        };
        let member = [
            Expr::Rule(string),
            Expr::text(":"),
            Expr::Rule(blank),
            Expr::Rule(value),
        ];
        let any = Expr::Alt(vec![
            list("{", Expr::Seq(member.to_vec()), "}"),
            list("[", Expr::Rule(value), "]"),
            Expr::Rule(string),
            Expr::Rule(number),
            Expr::text("true"),
            Expr::text("false"),
            Expr::text("null"),
        ]);
        rules.define(value, any);
        json
    }
}

/// Refuses the part at `at`.
pub(super) fn flaw<T>(at: &str, what: &str) -> Read<T> {
    Err(Flaw {
        at: at.into(),
        what: what.into(),
    })
}

/// Refuses keys that are not understood.
fn check_keys(keys: &Map<String, Value>, at: &str) -> Read<()> {
    let groups: [&[&str]; 6] = [&NOTES, &OBJECT, &ARRAY, &STRING, &NUMBER, &CHOICE];
    let known = |key: &String| groups.iter().any(|group| group.contains(&key.as_str()));
    match keys.keys().find(|key| !known(key)) {
        Some(key) => flaw(at, &format!("`{key}` is not understood")),
        None => Ok(()),
    }
}

/// Number of keys that are not notes.
fn n_rules(keys: &Map<String, Value>) -> usize {
    keys.keys()
        .filter(|key| !NOTES.contains(&key.as_str()))
        .count()
}

/// The types named, or those that the keys speak of; empty for any.
fn types(keys: &Map<String, Value>, at: &str) -> Read<Vec<String>> {
    match keys.get("type") {
        Some(Value::String(name)) => Ok(vec![name.clone()]),
        Some(Value::Array(names)) if !names.is_empty() => {
            let names = names.iter().map(|name| name.as_str().map(str::to_owned));
            let names: Option<Vec<String>> = names.collect();
            names.map_or_else(|| flaw(at, "`type` is no name"), Ok)
        }
        Some(_) => flaw(at, "`type` is no name"),
        None => {
            let groups: [(&str, &[&str]); 4] = [
                ("object", &OBJECT),
                ("array", &ARRAY),
                ("string", &STRING),
                ("number", &NUMBER),
            ];
            let spoken_of = |group: &[&str]| group.iter().any(|key| keys.contains_key(*key));
            let named = groups.iter().filter(|(_, group)| spoken_of(group));
            Ok(named.map(|(name, _)| (*name).to_owned()).collect())
        }
    }
}

/// `const` or `enum`, of which only values of the right type count.
fn constants(keys: &Map<String, Value>, at: &str) -> Read<Expr> {
    let mut values = match (keys.get("const"), keys.get("enum")) {
        (Some(value), None) => vec![value.clone()],
        (None, Some(Value::Array(values))) => values.clone(),
        (Some(value), Some(Value::Array(values))) if values.contains(value) => vec![value.clone()],
        _ => return flaw(at, "`enum` is no list, or `const` is not in it"),
    };
    if keys.contains_key("type") {
        let types = types(keys, at)?;
        values.retain(|value| types.iter().any(|name| is_of_type(value, name)));
    }
    let beside = [&OBJECT[..], &ARRAY, &STRING, &NUMBER].concat();
    if let Some(key) = beside.iter().find(|key| keys.contains_key(**key)) {
        return flaw(at, &format!("`{key}` is not understood beside constants"));
    }
    match values.is_empty() {
        true => flaw(at, "no constant is left"),
        false => Ok(one_of(
            values
                .iter()
                .map(|value| Expr::Text(value.to_string()))
                .collect(),
        )),
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(n) => name == "number" || (name == "integer" && !n.is_f64()),
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}

/// A key that counts something.
pub(super) fn count_of(keys: &Map<String, Value>, key: &str, at: &str) -> Read<Option<u32>> {
    let Some(value) = keys.get(key) else {
        return Ok(None);
    };
    let count = value.as_u64().and_then(|n| u32::try_from(n).ok());
    match count.filter(|n| *n <= MAX_REPEAT) {
        Some(count) => Ok(Some(count)),
        None => flaw(at, &format!("`{key}` is no number from 0 to {MAX_REPEAT}")),
    }
}

/// One of `all`, of which there is at least one.
pub(super) fn one_of(mut all: Vec<Expr>) -> Expr {
    match all.len() {
        1 => all.swap_remove(0),
        _ => Expr::Alt(all),
    }
}
