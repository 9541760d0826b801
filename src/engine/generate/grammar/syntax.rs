//! What a grammar says.

use std::sync::Arc;

use super::machine::Machine;
use super::program::Program;
use super::{parse, schema};
use crate::engine::{Error, Result};

/// Most bytes of the text of a grammar or schema.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// Deepest nesting of groups, and of the parts of a schema.
pub(super) const MAX_DEPTH: usize = 96;
/// Most repetitions a bound may ask for.
pub(super) const MAX_REPEAT: u32 = 100_000;

/// Highest code point.
const LAST: u32 = char::MAX as u32;

/// What a part of a rule stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// These characters.
    Text(String),
    /// One of these.
    Class(Class),
    /// What another rule stands for, by its number.
    Rule(usize),
    /// All of them, in order.
    Seq(Vec<Expr>),
    /// One of them.
    Alt(Vec<Expr>),
    /// At least so often, and at most so often if there is a bound.
    Repeat(Box<Expr>, u32, Option<u32>),
}

impl Expr {
    /// The characters of `text`.
    pub(super) fn text(text: &str) -> Expr {
        Expr::Text(text.into())
    }

    /// Any of the ranges, both ends included.
    pub(super) fn class(ranges: &[(char, char)]) -> Expr {
        let ranges = ranges.iter().map(|(a, b)| (*a as u32, *b as u32));
        Expr::Class(Class::new(ranges.collect(), false))
    }

    /// This at least `least` times, at most `most` times.
    pub(super) fn times(self, least: u32, most: Option<u32>) -> Expr {
        Expr::Repeat(Box::new(self), least, most)
    }

    /// This or nothing.
    pub(super) fn optional(self) -> Expr {
        self.times(0, Some(1))
    }
}

/// A set of characters: ranges of code points that ascend and do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Class(Vec<(u32, u32)>);

impl Class {
    /// The ranges, in any order, or all characters but these.
    pub(super) fn new(mut ranges: Vec<(u32, u32)>, negated: bool) -> Class {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        let class = Class(merged);
        match negated {
            true => class.complement(),
            false => class,
        }
    }

    /// Every character.
    pub(super) fn any() -> Class {
        Class(vec![(0, LAST)])
    }

    /// All characters but these.
    pub(super) fn complement(&self) -> Class {
        let (mut next, mut rest) = (0, Vec::new());
        for (low, high) in &self.0 {
            if *low > next {
                rest.push((next, low - 1));
            }
            next = high + 1;
        }
        if next <= LAST {
            rest.push((next, LAST));
        }
        Class(rest)
    }

    /// What is in this one and not in `other`.
    pub(super) fn without(&self, other: &Class) -> Class {
        let mut outside = self.complement().0;
        outside.extend(&other.0);
        Class::new(outside, true)
    }

    /// True for the set of `c` and maybe others.
    pub(super) fn contains(&self, c: char) -> bool {
        let c = c as u32;
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&c))
    }

    /// The ranges, ascending, both ends included; surrogates in them count for nothing.
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }
}

/// Rules by number, each with the name it is told by.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) list: Vec<(String, Expr)>,
    /// Number of the rule that stands for the whole text.
    pub(super) root: usize,
}

impl Rules {
    /// Adds a rule that is still empty.
    pub(super) fn reserve(&mut self, name: &str) -> usize {
        self.add(name, Expr::Seq(Vec::new()))
    }

    /// Adds a rule.
    pub(super) fn add(&mut self, name: &str, body: Expr) -> usize {
        self.list.push((name.into(), body));
        self.list.len() - 1
    }

    /// Says what a rule stands for.
    pub(super) fn define(&mut self, rule: usize, body: Expr) {
        self.list[rule].1 = body;
    }
}

/// Rules that a text can follow.
#[derive(Debug, Clone)]
pub struct Grammar {
    pub(super) program: Arc<Program>,
    /// What errors call it.
    pub(super) name: String,
}

impl Grammar {
    /// Reads a grammar in GBNF, the notation of llama.cpp; `name` stands for it in errors.
    ///
    /// # Errors
    /// When it is none, has no rule `root` or one that is left-recursive, or is too large.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        Self::of(&parse::rules(text, name)?, name)
    }

    /// The texts that are JSON as `schema` says, a JSON schema; `name` stands for it in errors.
    ///
    /// # Errors
    /// When it is none, asks for what is not understood, or is too large.
    pub fn of_json_schema(schema: &str, name: &str) -> Result<Self> {
        Self::of(&schema::rules(schema, name)?, name)
    }

    fn of(rules: &Rules, name: &str) -> Result<Self> {
        let program = Program::new(rules).map_err(|what| Error::Usage {
            what: format!("{name}: {what}"),
            hint: "write the grammar another way".into(),
        })?;
        let grammar = Grammar {
            program: Arc::new(program),
            name: name.into(),
        };
        grammar.matches("")?; // whether it can be begun
        Ok(grammar)
    }

    /// True when `text` follows the grammar from its beginning to its end.
    ///
    /// # Errors
    /// When the text can be read in too many ways.
    pub fn matches(&self, text: &str) -> Result<bool> {
        let mut machine = Machine::new(self);
        let mut state = machine.start()?;
        for byte in text.bytes() {
            state = machine.step_within(state, byte)?;
        }
        Ok(machine.is_accepting(state))
    }
}
