//! The tokens of a vocabulary by their bytes: which of them may follow.

use std::sync::{Arc, OnceLock};

use super::super::pieces::Pieces;
use super::machine::{DEAD, Machine};
use crate::engine::Result;
use crate::vocab::Vocab;

/// A set of tokens: one bit each.
pub(super) type Mask = Arc<[u64]>;

/// The bytes of a vocabulary's tokens, sorted when that is first needed: made once for a model and
/// shared by all who choose its tokens.
#[derive(Debug)]
pub struct Lexicon {
    pieces: Arc<Pieces>,
    trie: OnceLock<Trie>,
}

impl Lexicon {
    /// The tokens of `vocab`.
    pub fn new(vocab: &Vocab) -> Self {
        Self::of(Pieces::new(vocab))
    }

    /// These tokens.
    pub(super) fn of(pieces: Pieces) -> Self {
        Lexicon {
            pieces: Arc::new(pieces),
            trie: OnceLock::new(),
        }
    }

    /// The tokens by id.
    pub(in super::super) fn pieces(&self) -> Arc<Pieces> {
        self.pieces.clone()
    }

    /// Bytes of a token; none for special ones.
    pub(super) fn bytes(&self, token: u32) -> &[u8] {
        self.pieces.bytes(token)
    }

    /// The tokens that may follow in `state`, which is given its new number if states were
    /// forgotten.
    ///
    /// # Errors
    /// When the text can be read in too many ways.
    pub(super) fn allowed(&self, machine: &mut Machine, state: &mut u32) -> Result<Mask> {
        let trie = self.trie.get_or_init(|| Trie::new(&self.pieces));
        let mut bits = vec![0u64; self.pieces.len().div_ceil(64)];
        let mut path = vec![*state];
        let mut at = 0;
        machine.ask();
        while let Some(node) = trie.nodes.get(at) {
            path.truncate(node.depth());
            let room = machine.make_room(&mut path);
            *state = path[0]; // numbered anew, whatever came of it
            room?;
            let next = machine.step(path[node.depth() - 1], node.byte())?;
            if next == DEAD {
                at = node.skip as usize;
                continue;
            }
            for token in trie.tokens_at(at) {
                bits[*token as usize / 64] |= 1 << (token % 64);
            }
            path.push(next);
            at += 1;
        }
        Ok(bits.into())
    }
}

/// All tokens that have bytes, in the order of their bytes: a tree walked from the root down, of
/// which whole branches are skipped.
#[derive(Debug)]
struct Trie {
    nodes: Vec<Branch>,
    /// Tokens in the order of the nodes at which they end.
    tokens: Vec<u32>,
}

/// A byte that follows the bytes above it.
#[derive(Debug)]
struct Branch {
    /// Depth, from 1, in the upper 24 bits; the byte in the lower 8.
    label: u32,
    /// The next node that is not below this one.
    skip: u32,
    /// Number of tokens that end here or before.
    end: u32,
}

impl Branch {
    fn depth(&self) -> usize {
        (self.label >> 8) as usize
    }

    fn byte(&self) -> u8 {
        self.label as u8
    }
}

/// Longest token that is known to the tree; longer ones are never allowed.
const MAX_TOKEN: usize = 1 << 16;

impl Trie {
    fn new(pieces: &Pieces) -> Self {
        let has_bytes = |id: &u32| (1..=MAX_TOKEN).contains(&pieces.bytes(*id).len());
        let mut ids: Vec<u32> = (0..pieces.len() as u32).filter(has_bytes).collect();
        ids.sort_unstable_by(|a, b| pieces.bytes(*a).cmp(pieces.bytes(*b)).then(a.cmp(b)));
        let mut trie = Trie {
            nodes: Vec::new(),
            tokens: Vec::with_capacity(ids.len()),
        };
        let mut open: Vec<usize> = Vec::new(); // nodes from the root to the token before
        let mut before: &[u8] = &[];
        for id in ids {
            let bytes = pieces.bytes(id);
            let alike = bytes.iter().zip(before).take_while(|(a, b)| a == b).count();
            trie.close(&mut open, alike);
            for (depth, byte) in bytes.iter().enumerate().skip(alike) {
                open.push(trie.nodes.len());
                trie.nodes.push(Branch {
                    label: (depth as u32 + 1) << 8 | u32::from(*byte),
                    skip: 0,
                    end: trie.tokens.len() as u32,
                });
            }
            trie.tokens.push(id);
            if let Some(last) = trie.nodes.last_mut() {
                last.end = trie.tokens.len() as u32;
            }
            before = bytes;
        }
        trie.close(&mut open, 0);
        trie
    }

    /// Ends the nodes of `open` that are deeper than `depth`.
    fn close(&mut self, open: &mut Vec<usize>, depth: usize) {
        let next = self.nodes.len() as u32;
        for node in open.drain(depth..) {
            self.nodes[node].skip = next;
        }
    }

    fn tokens_at(&self, node: usize) -> &[u32] {
        let start = node
            .checked_sub(1)
            .map_or(0, |before| self.nodes[before].end);
        &self.tokens[start as usize..self.nodes[node].end as usize]
    }
}
