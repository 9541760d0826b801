//! GBNF, the notation of llama.cpp, to rules.
//!
//! `name ::= …` begins a rule. Parts are "text", [classes], `.` for any character, names of rules
//! and (groups), each followed by any of `? * + {n} {m,} {m,n}`; `|` stands between alternatives
//! and `#` before a comment. A rule ends with its line, except within a group and behind `|`.

use std::collections::HashMap;

use super::syntax::{Class, Expr, MAX_DEPTH, MAX_REPEAT, MAX_TEXT, Rules};
use crate::engine::{Error, Result};

/// Most signs of repetition behind one part.
const MAX_SIGNS: usize = 4;

/// Why a text is no grammar.
struct Flaw {
    /// Byte it was found at.
    at: usize,
    what: String,
    hint: &'static str,
}

type Read<T> = std::result::Result<T, Flaw>;

/// Reads the rules of `text`, which errors call `name`.
pub(super) fn rules(text: &str, name: &str) -> Result<Rules> {
    if text.len() > MAX_TEXT {
        return Err(Error::Usage {
            what: format!("{name}: {} bytes are no grammar", text.len()),
            hint: format!("a grammar has at most {MAX_TEXT}"),
        });
    }
    let mut parser = Parser {
        text,
        at: 0,
        rules: Rules::default(),
        named: HashMap::new(),
    };
    parser.grammar().map_err(|flaw| {
        let before = &text[..flaw.at];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[start..].chars().count() + 1;
        Error::Usage {
            what: format!("{name}:{line}:{column}: {}", flaw.what),
            hint: flaw.hint.into(),
        }
    })?;
    Ok(parser.rules)
}

/// Where a rule is used first and where it is defined.
struct Named {
    rule: usize,
    used_at: usize,
    defined_at: Option<usize>,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    rules: Rules,
    named: HashMap<&'t str, Named>,
}

impl<'t> Parser<'t> {
    fn grammar(&mut self) -> Read<()> {
        self.skip_blank(true);
        while self.peek().is_some() {
            self.rule()?;
            self.skip_blank(true);
        }
        let mut undefined: Vec<_> = self.named.iter().collect();
        undefined.retain(|(_, named)| named.defined_at.is_none());
        undefined.sort_by_key(|(_, named)| named.used_at);
        if let Some((name, named)) = undefined.first() {
            return Err(Flaw {
                at: named.used_at,
                what: format!("rule `{name}` is not defined"),
                hint: "add a line `name ::= …` for each name in use",
            });
        }
        let root = self.named.get("root").map(|named| named.rule);
        self.rules.root = root.ok_or(Flaw {
            at: 0,
            what: "there is no rule `root`".into(),
            hint: "the rule that the whole text follows is called root",
        })?;
        Ok(())
    }

    fn rule(&mut self) -> Read<()> {
        let at = self.at;
        let name = self.name();
        if name.is_empty() {
            return self.flaw("here a rule should begin", "write name ::= …");
        }
        self.skip_blank(false);
        if !self.take("::=") {
            return self.flaw("here ::= should stand", "a rule is written name ::= …");
        }
        self.skip_blank(true);
        let body = self.alternatives(0)?;
        if !matches!(self.peek(), None | Some('\n' | '\r')) {
            let hint = "a line break ends a rule; a literal is written in quotes";
            return self.flaw("this is no part of a rule", hint);
        }
        let rule = self.number_of(name, at);
        let named = self.named.get_mut(name).filter(|n| n.defined_at.is_none());
        let Some(named) = named else {
            return Err(Flaw {
                at,
                what: format!("rule `{name}` is defined twice"),
                hint: "write its forms in one rule, with | between them",
            });
        };
        named.defined_at = Some(at);
        self.rules.define(rule, body);
        Ok(())
    }

    /// Number of the rule called `name`, which stands at byte `at`.
    fn number_of(&mut self, name: &'t str, at: usize) -> usize {
        let rules = &mut self.rules;
        let named = self.named.entry(name).or_insert_with(|| Named {
            rule: rules.reserve(name),
            used_at: at,
            defined_at: None,
        });
        named.rule
    }

    fn alternatives(&mut self, depth: usize) -> Read<Expr> {
        let mut all = vec![self.sequence(depth)?];
        while self.take("|") {
            self.skip_blank(true);
            all.push(self.sequence(depth)?);
        }
        Ok(match all.len() {
            1 => all.swap_remove(0),
            _ => Expr::Alt(all),
        })
    }

    fn sequence(&mut self, depth: usize) -> Read<Expr> {
        let mut parts = Vec::new();
        while let Some(part) = self.part(depth)? {
            self.skip_blank(depth > 0);
            parts.push(self.repeated(part, depth)?);
        }
        Ok(match parts.len() {
            1 => parts.swap_remove(0),
            _ => Expr::Seq(parts),
        })
    }

    fn part(&mut self, depth: usize) -> Read<Option<Expr>> {
        let at = self.at;
        Ok(Some(match self.peek() {
            Some('"') => self.literal()?,
            Some('[') => self.class()?,
            Some('.') => {
                self.at += 1;
                Expr::Class(Class::any())
            }
            Some('(') => {
                if depth == MAX_DEPTH {
                    return self.flaw("groups are nested too deep", "give the inner ones names");
                }
                self.at += 1;
                self.skip_blank(true);
                let inner = self.alternatives(depth + 1)?;
                if !self.take(")") {
                    let hint = "each ( needs a )";
                    return self.flaw("here the group should go on or end", hint);
                }
                inner
            }
            Some('<' | '!') => {
                let what = "single tokens cannot be asked for here";
                return self.flaw(what, "write the text of the token in quotes");
            }
            Some(c) if is_name(c) => {
                let name = self.name();
                Expr::Rule(self.number_of(name, at))
            }
            _ => return Ok(None),
        }))
    }

    /// `part` with the signs of repetition behind it.
    fn repeated(&mut self, mut part: Expr, depth: usize) -> Read<Expr> {
        for n in 0.. {
            let (least, most) = match self.peek() {
                Some('?') => (0, Some(1)),
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('{') => self.bounds()?,
                _ => break,
            };
            if n == MAX_SIGNS {
                return self.flaw(
                    "too many signs of repetition",
                    "one of ? * + {m,n} is enough",
                );
            }
            self.at += 1;
            part = part.times(least, most);
            self.skip_blank(depth > 0);
        }
        Ok(part)
    }

    /// `{n}`, `{m,}` or `{m,n}`, up to its last sign.
    fn bounds(&mut self) -> Read<(u32, Option<u32>)> {
        let hint = "write {n}, {m,} or {m,n}, with numbers up to 100000";
        let start = self.at;
        let end = self.text[start..].find('}').map(|n| start + n);
        let inside = end.map(|end| &self.text[start + 1..end]);
        let number = |text: &str| text.trim().parse().ok().filter(|n| *n <= MAX_REPEAT);
        let bounds = inside.and_then(|inside| match inside.split_once(',') {
            None => number(inside).map(|n| (n, Some(n))),
            Some((least, most)) if most.trim().is_empty() => Some((number(least)?, None)),
            Some((least, most)) => Some((number(least)?, Some(number(most)?))),
        });
        let bounds = bounds.filter(|(least, most)| most.is_none_or(|most| most >= *least));
        match (bounds, end) {
            (Some(bounds), Some(end)) => {
                self.at = end;
                Ok(bounds)
            }
            _ => self.flaw("these are no bounds of a repetition", hint),
        }
    }

    fn literal(&mut self) -> Read<Expr> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => {
                    self.at = start;
                    return self.flaw("this literal does not end", "each \" needs a second one");
                }
                Some('"') => break,
                Some(_) => text.push(self.character()?),
            }
        }
        self.at += 1;
        Ok(Expr::Text(text))
    }

    fn class(&mut self) -> Read<Expr> {
        let start = self.at;
        self.at += 1;
        let negated = self.take("^");
        let mut ranges = Vec::new();
        while self.peek() != Some(']') {
            if self.peek().is_none() {
                self.at = start;
                return self.flaw("this class does not end", "each [ needs a ]");
            }
            let low = self.character()?;
            let rest = &self.text[self.at..];
            let high = match rest.starts_with('-') && !rest.starts_with("-]") {
                true => {
                    self.at += 1;
                    if self.peek().is_none() {
                        continue; // told as a class that does not end
                    }
                    self.character()?
                }
                false => low,
            };
            if high < low {
                self.at = start;
                return self.flaw("a range of this class goes backwards", "write it low-high");
            }
            ranges.push((low as u32, high as u32));
        }
        if ranges.is_empty() && !negated {
            self.at = start;
            return self.flaw("this class is empty", "write [^] or . for any character");
        }
        self.at += 1;
        Ok(Expr::Class(Class::new(ranges, negated)))
    }

    /// A character as it is or written with a backslash.
    fn character(&mut self) -> Read<char> {
        let hint = "known are \\n \\r \\t \\\\ \\\" \\[ \\] \\xHH \\uHHHH \\UHHHHHHHH";
        let unknown = Flaw {
            at: self.at,
            what: "this is no escape".into(),
            hint,
        };
        let mut rest = self.text[self.at..].chars();
        let (c, n_digits) = match rest.next() {
            Some('\\') => match rest.next() {
                Some('n') => ('\n', 0),
                Some('r') => ('\r', 0),
                Some('t') => ('\t', 0),
                Some(c @ ('\\' | '"' | '[' | ']')) => (c, 0),
                Some('x') => ('\0', 2),
                Some('u') => ('\0', 4),
                Some('U') => ('\0', 8),
                _ => return Err(unknown),
            },
            Some(c) => {
                self.at += c.len_utf8();
                return Ok(c);
            }
            None => return Err(unknown),
        };
        let digits = self.text.get(self.at + 2..self.at + 2 + n_digits);
        let all_hex = |digits: &&str| digits.bytes().all(|b| b.is_ascii_hexdigit());
        let c = match (n_digits, digits.filter(all_hex)) {
            (0, _) => Some(c),
            (_, digits) => digits
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .and_then(char::from_u32),
        };
        self.at += 2 + n_digits;
        match c {
            Some(c) => Ok(c),
            None => Err(unknown),
        }
    }

    fn name(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.text[self.at..].starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    /// Goes past blanks and comments, and past line breaks where they mean nothing.
    fn skip_blank(&mut self, with_lines: bool) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' => self.at += 1,
                '\n' | '\r' if with_lines => self.at += 1,
                '#' => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                }
                _ => break,
            }
        }
    }

    fn flaw<T>(&self, what: &str, hint: &'static str) -> Read<T> {
        Err(Flaw {
            at: self.at,
            what: what.into(),
            hint,
        })
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}
