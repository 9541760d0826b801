//! A program run over bytes: every way to read the text at once.
//!
//! A thread is a node with a stack of nodes to go on at; a state is the set of threads that one
//! text leads to. Stacks and states are numbered when they are first met, and where a byte leads
//! from a state is remembered: text of a shape that was seen before costs one look into a table a
//! byte, as in a lazily built automaton. What is remembered is bounded, and forgotten when full.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::program::{Node, Program, RETURN};
use super::syntax::Grammar;
use crate::engine::{Error, Result};

/// The state that no text follows.
pub(super) const DEAD: u32 = 0;
/// A transition that is not known yet.
const UNKNOWN: u32 = u32::MAX;
/// The stack with nothing on it.
const EMPTY: u32 = 0;
/// Most states, threads in states, and stacks remembered.
const MAX_STATES: usize = 1 << 12;
const MAX_THREADS: usize = 1 << 20;
const MAX_STACKS: usize = 1 << 20;
/// Most threads that one byte may lead to.
const MAX_WAYS: usize = 1 << 17;
/// Most threads looked at for one question: less than a second.
const MAX_WORK: usize = 1 << 22;

/// A node, and the stack of what follows.
type Thread = (u32, u32);

#[derive(Debug, Clone)]
struct State {
    threads: Arc<[Thread]>,
    accepting: bool,
}

/// A program with what was found out by running it.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    program: Arc<Program>,
    name: String,
    /// Top of each stack, and the stack below.
    stacks: Vec<Thread>,
    stack_numbers: HashMap<Thread, u32>,
    states: Vec<State>,
    state_numbers: HashMap<(Arc<[Thread]>, bool), u32>,
    /// State by state, where each byte leads.
    table: Vec<u32>,
    n_threads: usize,
    work: usize,
    /// How often everything was forgotten: numbers of states from before mean nothing.
    pub(super) epoch: u64,
}

impl Machine {
    /// A machine that has read nothing.
    pub(super) fn new(grammar: &Grammar) -> Self {
        let mut machine = Machine {
            program: grammar.program.clone(),
            name: grammar.name.clone(),
            stacks: Vec::new(),
            stack_numbers: HashMap::new(),
            states: Vec::new(),
            state_numbers: HashMap::new(),
            table: Vec::new(),
            n_threads: 0,
            work: 0,
            epoch: 0,
        };
        machine.forget();
        machine
    }

    /// The state before anything was read.
    ///
    /// # Errors
    /// When the grammar can be begun in too many ways.
    pub(super) fn start(&mut self) -> Result<u32> {
        self.work = 0;
        let start = self.program.starts[self.program.root as usize];
        self.state_of(vec![(start, EMPTY)])
    }

    /// True when the text that led to `state` is whole.
    pub(super) fn is_accepting(&self, state: u32) -> bool {
        self.states[state as usize].accepting
    }

    /// True when no text can follow.
    pub(super) fn is_final(&self, state: u32) -> bool {
        self.states[state as usize].threads.is_empty()
    }

    /// Begins a question: the work for it is counted from here.
    pub(super) fn ask(&mut self) {
        self.work = 0;
    }

    /// Where `byte` leads from `state`, as [`Machine::step`], as a question of its own and with
    /// room made for the answer.
    ///
    /// # Errors
    /// When the text can be read in too many ways.
    pub(super) fn step_within(&mut self, state: u32, byte: u8) -> Result<u32> {
        self.ask();
        let mut kept = [state];
        self.make_room(&mut kept)?;
        self.step(kept[0], byte)
    }

    /// Where `byte` leads from `state`.
    ///
    /// # Errors
    /// When the text can be read in too many ways.
    #[inline]
    pub(super) fn step(&mut self, state: u32, byte: u8) -> Result<u32> {
        let known = self.table[state as usize * 256 + byte as usize];
        if known != UNKNOWN {
            return Ok(known);
        }
        let mut next = Vec::new();
        let threads = self.states[state as usize].threads.clone();
        for (node, stack) in threads.iter() {
            if let Node::Bytes(from, to) = self.program.nodes[*node as usize] {
                let edges = &self.program.edges[from as usize..=to as usize];
                let taken = edges.iter().filter(|e| (e.low..=e.high).contains(&byte));
                next.extend(taken.map(|e| (e.next, *stack)));
                self.work += edges.len();
            }
        }
        let next = match next.is_empty() {
            true => DEAD,
            false => self.state_of(next)?,
        };
        self.table[state as usize * 256 + byte as usize] = next;
        self.count(0)?;
        Ok(next)
    }

    /// The state of all that `pending` leads to without reading.
    fn state_of(&mut self, mut pending: Vec<Thread>) -> Result<u32> {
        let program = self.program.clone();
        let (mut threads, mut seen, mut accepting) = (Vec::new(), HashSet::new(), false);
        while let Some((node, stack)) = pending.pop() {
            if !seen.insert((node, stack)) {
                continue;
            }
            self.count(1)?;
            if seen.len() > MAX_WAYS {
                return Err(self.too_ambiguous());
            }
            match program.nodes[node as usize] {
                Node::Bytes(from, to) if from <= to => threads.push((node, stack)),
                Node::Bytes(..) => {}
                Node::Split(from, to) => {
                    let targets = &program.targets[from as usize..=to as usize];
                    pending.extend(targets.iter().map(|target| (*target, stack)));
                    self.work += targets.len();
                }
                Node::Call(rule, next) => {
                    // What only returns needs no place on the stack: lists do not pile up.
                    let stack = match next {
                        RETURN => stack,
                        next => self.stack_of((next, stack)),
                    };
                    pending.push((program.starts[rule as usize], stack));
                }
                Node::Return if stack == EMPTY => accepting = true,
                Node::Return => pending.push(self.stacks[stack as usize]),
            }
        }
        threads.sort_unstable();
        Ok(self.number_of(threads.into(), accepting))
    }

    /// Number of the state with these threads.
    fn number_of(&mut self, threads: Arc<[Thread]>, accepting: bool) -> u32 {
        let key = (threads, accepting);
        if let Some(number) = self.state_numbers.get(&key) {
            return *number;
        }
        let number = self.states.len() as u32;
        self.n_threads += key.0.len();
        self.states.push(State {
            threads: key.0.clone(),
            accepting,
        });
        self.table.resize(self.states.len() * 256, UNKNOWN);
        self.state_numbers.insert(key, number);
        number
    }

    /// Number of the stack with a top and what is below it.
    fn stack_of(&mut self, stack: Thread) -> u32 {
        *self.stack_numbers.entry(stack).or_insert_with(|| {
            self.stacks.push(stack);
            self.stacks.len() as u32 - 1
        })
    }

    fn count(&mut self, n: usize) -> Result<()> {
        self.work += n;
        match self.work > MAX_WORK {
            true => Err(self.too_ambiguous()),
            false => Ok(()),
        }
    }

    fn too_ambiguous(&self) -> Error {
        Error::Usage {
            what: format!("{}: a text can be read in too many ways", self.name),
            hint: "write rules that tell their alternatives apart by what comes first".into(),
        }
    }

    /// True where so much is remembered that [`Machine::make_room`] would forget.
    pub(super) fn is_full(&self) -> bool {
        self.states.len() > MAX_STATES
            || self.n_threads > MAX_THREADS
            || self.stacks.len() > MAX_STACKS
    }

    /// Forgets all states but `kept`, which are given their new numbers, if too many are known.
    ///
    /// # Errors
    /// When those alone are too many.
    pub(super) fn make_room(&mut self, kept: &mut [u32]) -> Result<()> {
        if !self.is_full() {
            return Ok(());
        }
        let states = std::mem::take(&mut self.states);
        let stacks = std::mem::take(&mut self.stacks);
        self.forget();
        let mut moved = HashMap::from([(EMPTY, EMPTY)]);
        for number in kept {
            let state = &states[*number as usize];
            let threads = state.threads.iter();
            let mut threads: Vec<Thread> = threads
                .map(|(node, stack)| (*node, self.move_stack(*stack, &stacks, &mut moved)))
                .collect();
            threads.sort_unstable();
            *number = self.number_of(threads.into(), state.accepting);
        }
        match self.is_full() {
            true => Err(self.too_ambiguous()),
            false => Ok(()),
        }
    }

    /// Numbers a stack of before anew, and those below it.
    fn move_stack(&mut self, stack: u32, old: &[Thread], moved: &mut HashMap<u32, u32>) -> u32 {
        let (mut chain, mut below) = (Vec::new(), stack);
        let mut number = loop {
            if let Some(known) = moved.get(&below) {
                break *known;
            }
            chain.push(below);
            below = old[below as usize].1;
        };
        for stack in chain.into_iter().rev() {
            number = self.stack_of((old[stack as usize].0, number));
            moved.insert(stack, number);
        }
        number
    }

    /// Leaves the dead state and the empty stack.
    fn forget(&mut self) {
        self.epoch += 1;
        self.stacks = vec![(RETURN, EMPTY)];
        self.stack_numbers.clear();
        self.states.clear();
        self.state_numbers.clear();
        self.table.clear();
        self.n_threads = 0;
        self.number_of(Vec::new().into(), false);
        self.table.fill(DEAD);
    }
}
