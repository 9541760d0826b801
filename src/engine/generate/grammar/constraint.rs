//! An answer held to a grammar.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::super::Plan;
use super::lexicon::{Lexicon, Mask};
use super::machine::{DEAD, Machine};
use super::syntax::{Grammar, MAX_TEXT};
use crate::disk;
use crate::engine::{Error, Result};

/// Most masks remembered: of a quarter of a million tokens they take eight megabytes.
const MAX_MASKS: usize = 256;

/// A grammar, the tokens it is written with, and how far the answer is.
#[derive(Debug, Clone)]
pub(in super::super) struct Constraint {
    machine: Machine,
    lexicon: Arc<Lexicon>,
    /// Tokens that end an answer: allowed where the grammar is complete.
    ends: Arc<[u32]>,
    state: u32,
    masks: HashMap<u32, Mask>,
    /// Epoch of the machine that the masks are of.
    epoch: u64,
}

impl Constraint {
    /// What `plan` asks for, if it asks for anything.
    ///
    /// # Errors
    /// When a file cannot be read, or what it holds is no grammar or schema.
    pub(in super::super) fn new(
        plan: &Plan,
        lexicon: impl FnOnce() -> Arc<Lexicon>,
        ends: &[u32],
    ) -> Result<Option<Self>> {
        let grammar = match (&plan.grammar, &plan.grammar_file, &plan.json_schema) {
            (Some(text), ..) => Grammar::parse(text, "grammar")?,
            (_, Some(path), _) => Grammar::parse(&read(path)?, &path.display().to_string())?,
            (.., Some(text)) if is_schema(text) => Grammar::of_json_schema(text, "json_schema")?,
            (.., Some(path)) => Grammar::of_json_schema(&read(Path::new(path))?, path)?,
            _ => return Ok(None),
        };
        Self::of(&grammar, lexicon(), ends).map(Some)
    }

    /// Holds answers in the tokens of `lexicon` to `grammar`.
    ///
    /// # Errors
    /// When the grammar can be begun in too many ways.
    pub(super) fn of(grammar: &Grammar, lexicon: Arc<Lexicon>, ends: &[u32]) -> Result<Self> {
        let mut machine = Machine::new(grammar);
        Ok(Constraint {
            state: machine.start()?,
            epoch: machine.epoch,
            machine,
            lexicon,
            ends: ends.into(),
            masks: HashMap::new(),
        })
    }

    /// Begins another answer.
    pub(in super::super) fn begin(&mut self) {
        // The start was found when the grammar was read.
        self.state = self.machine.start().unwrap_or(DEAD);
    }

    /// True when `token` may come next.
    ///
    /// # Errors
    /// When the text can be read in too many ways.
    pub(in super::super) fn allows(&mut self, token: u32) -> Result<bool> {
        if self.ends.contains(&token) {
            return Ok(self.machine.is_accepting(self.state));
        }
        Ok(self.after(token)? != DEAD)
    }

    /// Goes on behind `token`; one that ends the answer leads nowhere.
    ///
    /// # Errors
    /// When the text can be read in too many ways.
    pub(in super::super) fn accept(&mut self, token: u32) -> Result<()> {
        if !self.ends.contains(&token) {
            self.state = self.after(token)?;
        }
        Ok(())
    }

    /// True when the grammar is complete and nothing can follow.
    pub(in super::super) fn is_finished(&self) -> bool {
        self.machine.is_accepting(self.state) && self.machine.is_final(self.state)
    }

    /// Makes the logits of tokens that may not come next minus infinity.
    ///
    /// # Errors
    /// When the text can be read in too many ways.
    pub(in super::super) fn mask(&mut self, logits: &mut [f32]) -> Result<()> {
        let mask = self.allowed()?;
        let may_end = self.machine.is_accepting(self.state);
        let ends: Vec<Option<f32>> = self
            .ends
            .iter()
            .map(|end| logits.get(*end as usize).copied().filter(|_| may_end))
            .collect();
        let words = mask.iter().copied().chain(std::iter::repeat(0));
        for (word, block) in words.zip(logits.chunks_mut(64)) {
            if word == u64::MAX {
                continue;
            }
            for (bit, logit) in block.iter_mut().enumerate() {
                if word >> bit & 1 == 0 {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
        for (end, logit) in self.ends.iter().zip(ends) {
            if let Some(masked) = logits.get_mut(*end as usize) {
                *masked = logit.unwrap_or(f32::NEG_INFINITY);
            }
        }
        Ok(())
    }

    /// The tokens that may come next, of those that end nothing.
    fn allowed(&mut self) -> Result<Mask> {
        if self.epoch != self.machine.epoch || self.masks.len() >= MAX_MASKS {
            self.masks.clear();
        }
        if let Some(mask) = self.masks.get(&self.state) {
            return Ok(mask.clone());
        }
        let mask = self.lexicon.allowed(&mut self.machine, &mut self.state)?;
        if self.epoch != self.machine.epoch {
            self.masks.clear();
            self.epoch = self.machine.epoch;
        }
        self.masks.insert(self.state, mask.clone());
        Ok(mask)
    }

    /// The state behind `token`.
    fn after(&mut self, token: u32) -> Result<u32> {
        let bytes = self.lexicon.bytes(token);
        if bytes.is_empty() {
            return Ok(DEAD); // a special token is no text
        }
        self.machine.ask();
        let mut kept = [self.state, self.state];
        for byte in bytes {
            let room = self.machine.make_room(&mut kept);
            self.state = kept[0]; // numbered anew, whatever came of it
            room?;
            kept[1] = self.machine.step(kept[1], *byte)?;
            if kept[1] == DEAD {
                break;
            }
        }
        Ok(kept[1])
    }
}

/// A schema is an object, `true` or `false`; all else names a file.
fn is_schema(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('{') || text == "true" || text == "false"
}

/// The text of a file, which must not be longer than a grammar can be.
fn read(path: &Path) -> Result<String> {
    let failed = |e| disk::Error::io(path, "read", e);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
    file.take(MAX_TEXT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > MAX_TEXT {
        return Err(Error::Usage {
            what: format!(
                "{}: this is no grammar or schema: it is too long",
                path.display()
            ),
            hint: format!("one has at most {MAX_TEXT} bytes"),
        });
    }
    String::from_utf8(bytes).map_err(|e| Error::Damaged {
        path: path.into(),
        what: format!("byte {}: not UTF-8", e.utf8_error().valid_up_to()),
    })
}
