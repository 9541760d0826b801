//! Pieces of text by their bytes, and the cheapest way to put a word together from them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Pieces, found by walking along the bytes of a word.
pub struct Trie {
    /// Node by node and byte.
    edges: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    /// Piece that ends at each node, if any.
    pieces: Vec<Option<u32>>,
}

impl Trie {
    /// Of pieces and their numbers; of equal pieces the last counts.
    pub fn new<'a>(pieces: impl Iterator<Item = (&'a [u8], u32)>) -> Self {
        let mut trie = Trie {
            edges: HashMap::default(),
            pieces: vec![None],
        };
        for (bytes, piece) in pieces {
            let mut node = 0;
            for byte in bytes {
                let next = trie.pieces.len() as u32;
                node = *trie.edges.entry(edge(node, *byte)).or_insert(next);
                if node == next {
                    trie.pieces.push(None);
                }
            }
            trie.pieces[node as usize] = Some(piece);
        }
        trie
    }

    /// Calls `found` with the length and number of every piece that `bytes` begins with, the
    /// shortest first.
    #[inline]
    pub fn prefixes(&self, bytes: &[u8], mut found: impl FnMut(usize, u32)) {
        let mut node = 0;
        for (i, byte) in bytes.iter().enumerate() {
            match self.edges.get(&edge(node, *byte)) {
                Some(next) => node = *next,
                None => return,
            }
            if let Some(piece) = self.pieces[node as usize] {
                found(i + 1, piece);
            }
        }
    }
}

fn edge(node: u32, byte: u8) -> u64 {
    u64::from(node) << 8 | u64::from(byte)
}

/// Hashes pairs of ids: they are made here, so no one can choose them to collide.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(u64::from(*b));
        }
    }

    fn write_u64(&mut self, n: u64) {
        let n = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = n ^ n >> 32;
    }
}

/// A Unigram vocabulary: every way to cut a word into pieces is worth the sum of their scores.
pub(super) struct Unigram {
    trie: Trie,
    scores: Vec<f64>,
}

/// The best way to a place in a word.
#[derive(Clone, Copy)]
pub(super) struct Best {
    score: f64,
    start: usize,
    piece: u32,
}

impl Unigram {
    /// `pieces` with their ids, which are places in `scores`; every byte must be a piece.
    pub(super) fn new(pieces: &[(Vec<u8>, u32)], scores: Vec<f64>) -> Self {
        let pieces = pieces.iter().map(|(bytes, id)| (bytes.as_slice(), *id));
        Unigram {
            trie: Trie::new(pieces),
            scores,
        }
    }

    /// Adds the ids of the best cut of `word`; of equally good ones that whose last piece begins
    /// first, then whose last but one does, and so on.
    pub(super) fn word(&self, word: &[u8], best: &mut Vec<Best>, ids: &mut Vec<u32>) {
        let nowhere = Best {
            score: f64::NEG_INFINITY,
            start: usize::MAX,
            piece: 0,
        };
        best.clear();
        best.resize(word.len() + 1, nowhere);
        best[0].score = 0.0;
        for start in 0..word.len() {
            let so_far = best[start].score;
            self.trie.prefixes(&word[start..], |len, piece| {
                let score = self.scores[piece as usize] + so_far;
                let there = &mut best[start + len];
                if there.start == usize::MAX || score > there.score {
                    *there = Best {
                        score,
                        start,
                        piece,
                    };
                }
            });
        }
        let first = ids.len();
        let mut end = word.len();
        while end > 0 {
            ids.push(best[end].piece);
            end = best[end].start;
        }
        ids[first..].reverse();
    }
}
