//! Rules to nodes of a machine over bytes.

use std::collections::HashMap;

use super::syntax::{Class, Expr, Rules};
use super::utf8;

/// Most nodes and edges of a program, together.
const MAX_NODES: usize = 1 << 19;
/// The node that ends every rule.
pub(super) const RETURN: u32 = 0;

/// What happens at a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// The rule is at its end.
    Return,
    /// One of the edges `.0..=.1` is taken by its byte.
    Bytes(u32, u32),
    /// Goes on at each of the targets `.0..=.1`.
    Split(u32, u32),
    /// Follows a rule, then goes on at the node.
    Call(u32, u32),
}

/// Bytes `low..=high` lead to `next`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) low: u8,
    pub(super) high: u8,
    pub(super) next: u32,
}

/// A grammar made ready.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) targets: Vec<u32>,
    /// First node of each rule.
    pub(super) starts: Vec<u32>,
    pub(super) root: u32,
}

impl Program {
    /// Makes a program of `rules`.
    ///
    /// # Errors
    /// In words, when it would be too large, or a rule can come back to itself with nothing read.
    pub(super) fn new(rules: &Rules) -> Result<Self, String> {
        let mut builder = Builder {
            program: Program {
                nodes: vec![Node::Return],
                edges: Vec::new(),
                targets: Vec::new(),
                starts: vec![RETURN; rules.list.len()],
                root: rules.root as u32,
            },
            classes: HashMap::new(),
            n_calls: 0,
        };
        for (rule, (_, body)) in rules.list.iter().enumerate() {
            builder.program.starts[rule] = builder.node_of(body, RETURN)?;
        }
        let program = builder.program;
        match program.left_recursive() {
            Some(rule) => {
                let name = rules.list.get(rule).map_or("root", |(name, _)| name);
                Err(format!(
                    "rule `{name}` is left-recursive: it may come back to itself with nothing read"
                ))
            }
            None => Ok(program),
        }
    }

    /// A rule that can call itself, through others or not, before anything is read.
    fn left_recursive(&self) -> Option<usize> {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            Not,
            Open,
            Done { nullable: bool },
        }
        struct Visit {
            rule: usize,
            pending: Vec<u32>,
            nullable: bool,
        }
        let mut seen = vec![Seen::Not; self.starts.len()];
        let mut entered = vec![false; self.nodes.len()];
        for first in 0..self.starts.len() {
            if seen[first] != Seen::Not {
                continue;
            }
            let visit = |rule: usize| Visit {
                rule,
                pending: vec![self.starts[rule]],
                nullable: false,
            };
            seen[first] = Seen::Open;
            let mut open = vec![visit(first)];
            while let Some(top) = open.last_mut() {
                let Some(node) = top.pending.pop() else {
                    let nullable = top.nullable;
                    seen[top.rule] = Seen::Done { nullable };
                    open.pop();
                    continue;
                };
                match self.nodes[node as usize] {
                    Node::Return => top.nullable = true,
                    Node::Bytes(..) => {}
                    Node::Split(..) | Node::Call(..) if entered[node as usize] => {}
                    Node::Split(from, to) => {
                        entered[node as usize] = true;
                        top.pending
                            .extend(&self.targets[from as usize..=to as usize]);
                    }
                    Node::Call(rule, next) => match seen[rule as usize] {
                        Seen::Open => return Some(rule as usize),
                        Seen::Done { nullable } => {
                            entered[node as usize] = true;
                            top.pending.extend(nullable.then_some(next));
                        }
                        Seen::Not => {
                            top.pending.push(node); // again when the rule is known
                            seen[rule as usize] = Seen::Open;
                            open.push(visit(rule as usize));
                        }
                    },
                }
            }
        }
        None
    }
}

struct Builder {
    program: Program,
    /// Rules made for classes that are not ASCII.
    classes: HashMap<Class, u32>,
    /// Parts visited: a repetition of nothing makes no nodes, and takes time.
    n_calls: usize,
}

type Built = Result<u32, String>;

impl Builder {
    /// The node that begins `expr` and goes on at `next` behind it.
    fn node_of(&mut self, expr: &Expr, next: u32) -> Built {
        self.n_calls += 1;
        if self.n_calls > MAX_NODES {
            return Err(too_large());
        }
        match expr {
            Expr::Text(text) => self.text(text.as_bytes(), next),
            Expr::Class(class) => self.class(class, next),
            Expr::Rule(rule) => self.push(Node::Call(*rule as u32, next)),
            Expr::Seq(parts) => {
                let mut next = next;
                for part in parts.iter().rev() {
                    next = self.node_of(part, next)?;
                }
                Ok(next)
            }
            Expr::Alt(parts) => self.alternatives(parts, next),
            Expr::Repeat(inner, least, most) => self.repeat(inner, *least, *most, next),
        }
    }

    fn repeat(&mut self, inner: &Expr, least: u32, most: Option<u32>, next: u32) -> Built {
        let mut first = match most {
            None => {
                // The loop must exist before what leads back to it.
                let again = self.split(&[next, next])?;
                let inside = self.node_of(inner, again)?;
                if let Node::Split(from, _) = self.program.nodes[again as usize] {
                    self.program.targets[from as usize] = inside;
                }
                again
            }
            Some(most) => {
                let mut first = next;
                for _ in least..most {
                    let inside = self.node_of(inner, first)?;
                    first = self.split(&[inside, next])?;
                }
                first
            }
        };
        for _ in 0..least {
            first = self.node_of(inner, first)?;
        }
        Ok(first)
    }

    fn alternatives(&mut self, parts: &[Expr], next: u32) -> Built {
        let word = |part: &Expr| match part {
            Expr::Text(text) => Some(text.clone().into_bytes()),
            _ => None,
        };
        let words: Option<Vec<Vec<u8>>> = parts.iter().map(word).collect();
        if let Some(mut words) = words.filter(|words| !words.is_empty()) {
            words.sort_unstable();
            words.dedup();
            return self.words(&words, 0, next);
        }
        let starts: Result<Vec<u32>, String> =
            parts.iter().map(|part| self.node_of(part, next)).collect();
        self.split(&starts?)
    }

    /// Any of `words`, sorted and alike in their first `done` bytes: what begins alike is read
    /// once.
    fn words(&mut self, words: &[Vec<u8>], done: usize, next: u32) -> Built {
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return Ok(next);
        };
        let pairs = first[done..].iter().zip(&last[done..]);
        let alike = done + pairs.take_while(|(a, b)| a == b).count();
        let ends_here = first.len() == alike;
        let rest = &words[usize::from(ends_here)..];
        let mut edges = Vec::new();
        for group in rest.chunk_by(|a, b| a[alike] == b[alike]) {
            let byte = group[0][alike];
            let next = self.words(group, alike + 1, next)?;
            edges.push(Edge {
                low: byte,
                high: byte,
                next,
            });
        }
        let node = match (edges.is_empty(), ends_here) {
            (true, _) => next,
            (false, false) => self.bytes(&edges)?,
            (false, true) => {
                let on = self.bytes(&edges)?;
                self.split(&[next, on])?
            }
        };
        self.text(&first[done..alike], node)
    }

    fn text(&mut self, bytes: &[u8], next: u32) -> Built {
        let mut next = next;
        for byte in bytes.iter().rev() {
            next = self.bytes(&[Edge {
                low: *byte,
                high: *byte,
                next,
            }])?;
        }
        Ok(next)
    }

    fn class(&mut self, class: &Class, next: u32) -> Built {
        if class.ranges().iter().all(|(_, high)| *high < 0x80) {
            return self.class_bytes(class, next);
        }
        // Characters of several bytes make many nodes: once for each class, as a rule.
        let rule = match self.classes.get(class) {
            Some(rule) => *rule,
            None => {
                let start = self.class_bytes(class, RETURN)?;
                self.program.starts.push(start);
                let rule = self.program.starts.len() as u32 - 1;
                self.classes.insert(class.clone(), rule);
                rule
            }
        };
        self.push(Node::Call(rule, next))
    }

    fn class_bytes(&mut self, class: &Class, next: u32) -> Built {
        let mut firsts = Vec::new();
        let mut tails: HashMap<(u8, u8, u32), u32> = HashMap::new();
        for (low, high) in class.ranges() {
            let mut all = Vec::new();
            utf8::sequences(*low, *high, &mut |ranges| all.push(ranges.to_vec()));
            for ranges in all {
                let mut next = next;
                for (low, high) in ranges[1..].iter().rev().copied() {
                    let key = (low, high, next);
                    next = match tails.get(&key) {
                        Some(node) => *node,
                        None => {
                            let node = self.bytes(&[Edge { low, high, next }])?;
                            tails.insert(key, node);
                            node
                        }
                    };
                }
                let (low, high) = ranges[0];
                firsts.push(Edge { low, high, next });
            }
        }
        self.bytes(&firsts)
    }

    fn bytes(&mut self, edges: &[Edge]) -> Built {
        let from = self.program.edges.len() as u32;
        if edges.is_empty() {
            return self.push(Node::Bytes(1, 0)); // a class without characters: the end
        }
        self.program.edges.extend_from_slice(edges);
        self.push(Node::Bytes(from, from + edges.len() as u32 - 1))
    }

    fn split(&mut self, targets: &[u32]) -> Built {
        let from = self.program.targets.len() as u32;
        if let [only] = targets {
            return Ok(*only);
        }
        if targets.is_empty() {
            return self.bytes(&[]);
        }
        self.program.targets.extend_from_slice(targets);
        self.push(Node::Split(from, from + targets.len() as u32 - 1))
    }

    fn push(&mut self, node: Node) -> Built {
        let program = &mut self.program;
        program.nodes.push(node);
        let n = program.nodes.len() + program.edges.len() + program.targets.len();
        match n > MAX_NODES {
            true => Err(too_large()),
            false => Ok(program.nodes.len() as u32 - 1),
        }
    }
}

fn too_large() -> String {
    format!("the grammar is too large: written out it has more than {MAX_NODES} parts")
}
