//! Objects: members in the order of the schema, then others if they may be.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::syntax::{Class, Expr};
use super::text::plain;
use super::translate::{Read, Schema, flaw};

/// Most bytes of names that others must differ from.
const MAX_NAMES: usize = 1 << 16;

impl Schema<'_> {
    pub(super) fn object(
        &mut self,
        keys: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Read<Expr> {
        let none = Map::new();
        let named = match keys.get("properties") {
            None => &none,
            Some(Value::Object(named)) => named,
            Some(_) => return flaw(at, "`properties` is no object"),
        };
        let required = names(keys.get("required"), at)?;
        let additional = match keys.get("additionalProperties") {
            // What nothing is said of may be there, but need not: it is written only where the
            // schema speaks of no member at all.
            None if named.is_empty() => Some(Value::Bool(true)),
            None | Some(Value::Bool(false)) => None,
            Some(schema) => Some(schema.clone()),
        };
        let mut members = Vec::new();
        for (name, part) in named {
            let value = self.part(part, &format!("{at}/properties/{name}"), depth + 1)?;
            members.push((self.member(name, value), required.contains(name)));
        }
        let others = Value::Bool(true);
        for name in required.iter().filter(|name| !named.contains_key(*name)) {
            if keys.get("additionalProperties") == Some(&Value::Bool(false)) {
                return flaw(at, &format!("{name:?} is required and not allowed"));
            }
            let part = additional.as_ref().unwrap_or(&others);
            let value = self.part(part, &format!("{at}/required"), depth + 1)?;
            members.push((self.member(name, value), true));
        }
        let mut other = None;
        if let Some(part) = additional {
            let taken: Vec<&String> = named.keys().chain(required.iter()).collect();
            let key = self.other_name(&taken, at)?;
            let value = self.part(&part, &format!("{at}/additionalProperties"), depth + 1)?;
            let rest = [Expr::text(":"), self.blank(), value];
            other = Some(Expr::Seq([key].into_iter().chain(rest).collect()));
        }
        let members = self.members(members, other);
        let open = [Expr::text("{"), self.blank()];
        let close = [members, Expr::text("}")];
        Ok(Expr::Seq(open.into_iter().chain(close).collect()))
    }

    /// `"name": value`.
    fn member(&self, name: &str, value: Expr) -> Expr {
        let name = Value::from(name).to_string();
        Expr::Seq(vec![Expr::Text(name), Expr::text(":"), self.blank(), value])
    }

    /// Members, each with whether it must be there, then any number of `other`, with commas
    /// between. Two rules for each say what may follow, with and without a comma before it.
    fn members(&mut self, members: Vec<(Expr, bool)>, other: Option<Expr>) -> Expr {
        let comma = Expr::Seq(vec![Expr::text(","), self.blank()]);
        let then = |a: Expr, b: Expr| Expr::Seq(vec![a, b]);
        let blank = self.blank();
        let (mut first, mut next) = (Expr::Seq(Vec::new()), blank.clone());
        if let Some(other) = other {
            let other = self.shared("member", other);
            let more = then(comma.clone(), other.clone()).times(0, None);
            next = self.shared("members", then(more, blank));
            first = then(other, next.clone()).optional();
        }
        for (member, is_required) in members.into_iter().rev() {
            let member = self.shared("member", member);
            let after = Expr::Rule(self.rules.add("members", next));
            let with = then(member, after.clone());
            let with_comma = then(comma.clone(), with.clone());
            let without = Expr::Rule(self.rules.add("members", first));
            (first, next) = match is_required {
                true => (with, with_comma),
                false => (
                    Expr::Alt(vec![with, without]),
                    Expr::Alt(vec![with_comma, after]),
                ),
            };
        }
        first
    }

    /// A string that is none of `taken`. While it could still become one no escapes are allowed,
    /// which could spell it another way.
    fn other_name(&mut self, taken: &[&String], at: &str) -> Read<Expr> {
        let string = Expr::Rule(self.json.string);
        if taken.is_empty() {
            return Ok(string);
        }
        if taken.iter().map(|name| name.len()).sum::<usize>() > MAX_NAMES {
            return flaw(at, "the names of members are too long");
        }
        // Each beginning of a name, with the characters that follow it and whether it is one.
        let mut begun: BTreeMap<String, (Vec<char>, bool)> = BTreeMap::new();
        for name in taken {
            let mut start = String::new();
            for c in name.chars() {
                let next = &mut begun.entry(start.clone()).or_default().0;
                if !next.contains(&c) {
                    next.push(c);
                }
                start.push(c);
                self.count(at)?;
            }
            begun.entry(start).or_default().1 = true;
        }
        let quote = Expr::text("\"");
        let rest = Expr::Rule(self.json.character).times(0, None);
        let rest = Expr::Rule(self.rules.add("rest", Expr::Seq(vec![rest, quote.clone()])));
        let mut rules = BTreeMap::new();
        // The longest first: they are what shorter ones go on to.
        for (start, (next, is_name)) in begun.iter().rev() {
            let follows = next.iter().map(|c| (*c as u32, *c as u32)).collect();
            let others = plain().without(&Class::new(follows, false));
            let mut ways = vec![Expr::Seq(vec![Expr::Class(others), rest.clone()])];
            ways.extend((!is_name).then(|| quote.clone()));
            for c in next.iter().filter(|c| plain().contains(**c)) {
                let longer = format!("{start}{c}");
                if let Some(rule) = rules.get(&longer) {
                    ways.push(Expr::Seq(vec![
                        Expr::text(&c.to_string()),
                        Expr::Rule(*rule),
                    ]));
                }
            }
            rules.insert(start.clone(), self.rules.add("other", Expr::Alt(ways)));
        }
        let start = rules.get("").copied();
        Ok(match start {
            Some(start) => Expr::Seq(vec![quote, Expr::Rule(start)]),
            None => string,
        })
    }
}

/// The names of a list.
fn names(list: Option<&Value>, at: &str) -> Read<Vec<String>> {
    let names = match list {
        None => Some(Vec::new()),
        Some(list) => list.as_array().and_then(|list| {
            let names = list.iter().map(|name| name.as_str().map(str::to_owned));
            names.collect()
        }),
    };
    match names {
        Some(mut names) => {
            names.sort();
            names.dedup();
            Ok(names)
        }
        None => flaw(at, "`required` is no list of names"),
    }
}
