//! Regular expressions of the simple kind: what they match, as JSON writes it.
//!
//! Understood are characters, classes, `.`, `\d \w \s` and their opposites, groups, alternatives,
//! repetitions, and `^` and `$` at the ends; without them anything may stand before and behind.

use super::super::syntax::{Class, Expr, MAX_DEPTH, MAX_REPEAT};
use super::text::one_of_class;
use super::translate::{Read, flaw, one_of};

/// Reads a pattern at `at`; `character` stands for any character of a string.
pub(super) fn read(pattern: &str, character: &Expr, at: &str) -> Read<Expr> {
    let mut reader = Reader {
        rest: pattern,
        pattern,
        at,
    };
    let mut ways = Vec::new();
    loop {
        let from_start = reader.take("^");
        let inside = reader.sequence(0)?;
        let to_end = reader.take("$");
        let any = || character.clone().times(0, None);
        let mut parts = Vec::new();
        parts.extend((!from_start).then(any));
        parts.push(inside);
        parts.extend((!to_end).then(any));
        ways.push(Expr::Seq(parts));
        if !reader.take("|") {
            break;
        }
    }
    match reader.rest.is_empty() {
        true => Ok(one_of(ways)),
        false => reader.flaw(),
    }
}

struct Reader<'p> {
    rest: &'p str,
    pattern: &'p str,
    at: &'p str,
}

impl Reader<'_> {
    fn alternatives(&mut self, depth: usize) -> Read<Expr> {
        let mut ways = vec![self.sequence(depth)?];
        while self.take("|") {
            ways.push(self.sequence(depth)?);
        }
        Ok(one_of(ways))
    }

    fn sequence(&mut self, depth: usize) -> Read<Expr> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')' | '$')) {
            let part = match c {
                '(' if depth < MAX_DEPTH => {
                    self.take("(");
                    if self.rest.starts_with('?') && !self.take("?:") {
                        return self.flaw();
                    }
                    let inside = self.alternatives(depth + 1)?;
                    if !self.take(")") {
                        return self.flaw();
                    }
                    inside
                }
                '(' | '^' | '*' | '+' | '?' | '{' | '}' | ']' => return self.flaw(),
                _ => {
                    let class = self.class()?;
                    match one_of_class(&class) {
                        Some(part) => part,
                        None => return self.flaw(),
                    }
                }
            };
            parts.push(self.repeated(part)?);
        }
        Ok(Expr::Seq(parts))
    }

    fn repeated(&mut self, part: Expr) -> Read<Expr> {
        let bounds = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                let end = self.rest.find('}').unwrap_or(0);
                let inside = self.rest.get(1..end).unwrap_or("");
                let number = |text: &str| text.parse().ok().filter(|n| *n <= MAX_REPEAT);
                let bounds = match inside.split_once(',') {
                    None => number(inside).map(|n| (n, Some(n))),
                    Some((least, "")) => number(least).map(|least| (least, None)),
                    Some((least, most)) => number(least).zip(number(most).map(Some)),
                };
                match bounds.filter(|(least, most)| most.is_none_or(|most| most >= *least)) {
                    Some(bounds) => {
                        self.rest = &self.rest[end..];
                        bounds
                    }
                    None => return self.flaw(),
                }
            }
            _ => return Ok(part),
        };
        self.rest = &self.rest[1..];
        self.take("?"); // as few as possible: the same texts
        Ok(part.times(bounds.0, bounds.1))
    }

    /// A class in brackets, an escape, `.` or a character.
    fn class(&mut self) -> Read<Class> {
        if self.take(".") {
            let lines = ['\n', '\r', '\u{2028}', '\u{2029}'].map(|c| (c as u32, c as u32));
            return Ok(Class::new(lines.to_vec(), true));
        }
        if !self.take("[") {
            return self.member();
        }
        let negated = self.take("^");
        let mut ranges = Vec::new();
        while !self.take("]") {
            let low = self.member()?;
            let is_range = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            if is_range {
                self.take("-");
                let high = self.member()?;
                let (Some(low), Some(high)) = (only(&low), only(&high)) else {
                    return self.flaw();
                };
                if high < low {
                    return self.flaw();
                }
                ranges.push((low, high));
            } else {
                ranges.extend_from_slice(low.ranges());
            }
        }
        Ok(Class::new(ranges, negated))
    }

    /// A character, or what an escape stands for.
    fn member(&mut self) -> Read<Class> {
        let mut chars = self.rest.chars();
        let Some(c) = chars.next() else {
            return self.flaw();
        };
        if c != '\\' {
            self.rest = chars.as_str();
            return Ok(single(c));
        }
        let Some(escape) = chars.next() else {
            return self.flaw();
        };
        let word = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
        let space = [
            ('\t', '\r'),
            (' ', ' '),
            ('\u{a0}', '\u{a0}'),
            ('\u{feff}', '\u{feff}'),
        ];
        let set = |ranges: &[(char, char)], negated| {
            let ranges = ranges.iter().map(|(a, b)| (*a as u32, *b as u32));
            Class::new(ranges.collect(), negated)
        };
        let mut hex = |n: usize| {
            let digits = chars.as_str().get(..n)?;
            let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
            chars = chars.as_str()[n..].chars();
            char::from_u32(code).map(single)
        };
        let class = match escape {
            'd' => Some(set(&word[..1], false)),
            'D' => Some(set(&word[..1], true)),
            'w' => Some(set(&word, false)),
            'W' => Some(set(&word, true)),
            's' => Some(set(&space, false)),
            'S' => Some(set(&space, true)),
            'n' => Some(single('\n')),
            'r' => Some(single('\r')),
            't' => Some(single('\t')),
            'f' => Some(single('\u{c}')),
            'x' => hex(2),
            'u' => hex(4),
            c if !c.is_alphanumeric() => Some(single(c)),
            _ => None,
        };
        match class {
            Some(class) => {
                self.rest = chars.as_str();
                Ok(class)
            }
            None => self.flaw(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, sign: &str) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn flaw<T>(&self) -> Read<T> {
        let n = self.pattern[..self.pattern.len() - self.rest.len()]
            .chars()
            .count();
        let what = format!(
            "`pattern` {:?} is not understood at character {n}",
            self.pattern
        );
        flaw(self.at, &what)
    }
}

fn single(c: char) -> Class {
    Class::new(vec![(c as u32, c as u32)], false)
}

/// The one character of a class that has only one.
fn only(class: &Class) -> Option<u32> {
    match class.ranges() {
        [(low, high)] if low == high => Some(*low),
        _ => None,
    }
}
