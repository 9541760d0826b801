//! Learning merges: the most frequent pair of neighbouring tokens becomes a token, again and
//! again, by counts that are kept up to date where a merge changes them.
//!
//! Words belong to groups (languages), and a group's words weigh what the group weighs at the
//! moment; words of weight nothing are merged like all others and only measured.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::BuildHasherDefault;

use super::words::Words;
use crate::vocab::IdHasher;

/// Weight of a group whose words count as often as they were seen.
pub(super) const ONE: u64 = 1 << 10;

/// Ids of two neighbouring tokens.
type Pair = (u32, u32);

/// Learns merges.
pub(super) struct Learner {
    /// Tokens of all words, one word after the other; a word shrinks in its place.
    symbols: Vec<u32>,
    words: Vec<Word>,
    groups: Vec<Group>,
    by_pair: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    pairs: Vec<Candidate>,
    /// The most frequent pair first, of equally frequent ones the smallest; counts may be stale.
    heap: BinaryHeap<(u64, Reverse<u64>)>,
    /// Bytes of every token by id, and back.
    tokens: Vec<Vec<u8>>,
    by_bytes: HashMap<Vec<u8>, u32>,
    /// What was merged, in order: a pair and the token it makes.
    merges: Vec<(Pair, u32)>,
    changes: Changes,
}

struct Word {
    start: u32,
    len: u32,
    group: u32,
    count: u64,
}

/// Words that weigh alike.
#[derive(Clone, Copy, Default)]
struct Group {
    weight: u64,
    n_tokens: u64,
}

struct Candidate {
    key: u64,
    /// Occurrences times weights.
    count: i64,
    /// Words it occurs in, and some in which it no longer does.
    words: Vec<u32>,
}

impl Learner {
    /// Begins with `tokens`: for every byte, somewhere, a token of that byte alone.
    pub(super) fn new(tokens: Vec<Vec<u8>>) -> Self {
        let by_bytes = tokens.iter().zip(0..);
        Learner {
            symbols: Vec::new(),
            words: Vec::new(),
            groups: Vec::new(),
            by_pair: HashMap::default(),
            pairs: Vec::new(),
            heap: BinaryHeap::new(),
            by_bytes: by_bytes.map(|(bytes, id)| (bytes.clone(), id)).collect(),
            tokens,
            merges: Vec::new(),
            changes: Changes::default(),
        }
    }

    /// Adds a group of words, whose number is returned. [`Learner::set_weights`] must follow.
    pub(super) fn add(&mut self, words: &Words) -> usize {
        let of_byte: Vec<u32> = (0..=255u8)
            .map(|b| self.by_bytes.get(&[b][..]).copied().unwrap_or(0))
            .collect();
        let mut n_tokens = 0;
        for (word, count) in words.iter() {
            self.words.push(Word {
                start: self.symbols.len() as u32,
                len: word.len() as u32,
                group: self.groups.len() as u32,
                count,
            });
            let ids = word.iter().map(|b| of_byte[usize::from(*b)]);
            self.symbols.extend(ids);
            n_tokens += count * word.len() as u64;
        }
        self.groups.push(Group {
            weight: 0,
            n_tokens,
        });
        self.groups.len() - 1
    }

    /// Tokens of a group's words as they are merged by now.
    pub(super) fn n_tokens(&self, group: usize) -> u64 {
        self.groups[group].n_tokens
    }

    /// Number of tokens by now.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Bytes of every token by id, and the merges in order. A pair merged again (new neighbours
    /// may become such a pair when another merge makes a token that was there) has the later
    /// place, as in the crate `tokenizers`.
    pub(super) fn finish(self) -> (Vec<Vec<u8>>, Vec<(Pair, u32)>) {
        let mut seen = std::collections::HashSet::new();
        let last_first = self.merges.into_iter().rev();
        let mut merges: Vec<_> = last_first.filter(|(pair, _)| seen.insert(*pair)).collect();
        merges.reverse();
        (self.tokens, merges)
    }

    /// Gives every group a weight, in parts of [`ONE`], and counts all pairs anew.
    pub(super) fn set_weights(&mut self, weights: &[u64]) {
        for (group, weight) in self.groups.iter_mut().zip(weights) {
            group.weight = *weight;
        }
        let first = self.pairs.is_empty();
        self.pairs.iter_mut().for_each(|pair| pair.count = 0);
        for (i, word) in self.words.iter().enumerate() {
            let weight = (word.count * self.groups[word.group as usize].weight) as i64;
            let symbols = &self.symbols[word.start as usize..][..word.len as usize];
            for pair in symbols.windows(2) {
                let at = slot(&mut self.by_pair, &mut self.pairs, key((pair[0], pair[1])));
                let candidate = &mut self.pairs[at];
                candidate.count += weight;
                if first && candidate.words.last() != Some(&(i as u32)) {
                    candidate.words.push(i as u32);
                }
            }
        }
        let waiting = self.pairs.iter().filter(|pair| !pair.words.is_empty());
        let entries = waiting.filter_map(entry);
        self.heap = entries.collect();
    }

    /// Merges until there are `n_tokens` tokens or no pair weighs `min_count` any more; says
    /// whether there are that many.
    pub(super) fn merge_until(&mut self, n_tokens: usize, min_count: u64) -> bool {
        while self.tokens.len() < n_tokens {
            let Some((count, Reverse(key))) = self.heap.pop() else {
                return false;
            };
            let Some(at) = self.by_pair.get(&key).map(|at| *at as usize) else {
                continue;
            };
            let pair = &mut self.pairs[at];
            if pair.words.is_empty() {
                continue; // merged by another entry of the heap
            }
            if pair.count != count as i64 {
                self.heap.extend(entry(pair));
                continue;
            }
            if count < min_count {
                self.heap.push((count, Reverse(key)));
                return false;
            }
            let words = std::mem::take(&mut pair.words);
            self.merge(((key >> 32) as u32, key as u32), &words);
        }
        true
    }

    /// Merges `pair` in `words`.
    fn merge(&mut self, pair: Pair, words: &[u32]) {
        let mut bytes = self.tokens[pair.0 as usize].clone();
        bytes.extend_from_slice(&self.tokens[pair.1 as usize]);
        let made = *self.by_bytes.entry(bytes).or_insert_with_key(|bytes| {
            self.tokens.push(bytes.clone());
            self.tokens.len() as u32 - 1
        });
        self.merges.push((pair, made));
        self.changes.begin(self.tokens.len());
        for i in words {
            let word = &mut self.words[*i as usize];
            let group = &mut self.groups[word.group as usize];
            let symbols = &mut self.symbols[word.start as usize..][..word.len as usize];
            let weight = (word.count * group.weight) as i64;
            let n_merged = merge_word(symbols, pair, made, *i, weight, &mut self.changes);
            word.len -= n_merged;
            group.n_tokens -= word.count * u64::from(n_merged);
        }
        self.apply(pair, made);
    }

    /// Brings the counts up to date after `pair` became `made`.
    fn apply(&mut self, pair: Pair, made: u32) {
        let mut touched = std::mem::take(&mut self.changes.touched);
        for (side, with) in [(BEFORE, made), (AFTER, made)] {
            for found in self.changes.sides[side].drain() {
                let at = slot(
                    &mut self.by_pair,
                    &mut self.pairs,
                    side_key(side, &found, with),
                );
                let candidate = &mut self.pairs[at];
                candidate.count += found.weight;
                if candidate.words.is_empty() {
                    candidate.words = found.words;
                } else {
                    candidate.words.extend(found.words);
                }
                touched.push(at as u32);
            }
        }
        for (side, with) in [(WAS_BEFORE, pair.0), (WAS_AFTER, pair.1)] {
            for found in self.changes.sides[side].drain() {
                let key = side_key(side, &found, with);
                if let Some(at) = self.by_pair.get(&key) {
                    self.pairs[*at as usize].count -= found.weight;
                }
            }
        }
        for at in touched.drain(..) {
            self.heap.extend(entry(&self.pairs[at as usize]));
        }
        self.changes.touched = touched;
    }
}

/// Merges `pair` in one word, from left to right; returns how often.
#[inline]
fn merge_word(
    symbols: &mut [u32],
    pair: Pair,
    made: u32,
    word: u32,
    weight: i64,
    changes: &mut Changes,
) -> u32 {
    let (mut read, mut write) = (0, 0);
    while read < symbols.len() {
        let here = symbols[read];
        if here != pair.0 || symbols.get(read + 1) != Some(&pair.1) {
            symbols[write] = here;
            read += 1;
            write += 1;
            continue;
        }
        if write > 0 {
            let before = symbols[write - 1];
            changes.sides[WAS_BEFORE].add(before, weight, None);
            changes.sides[BEFORE].add(before, weight, Some(word));
        }
        if let Some(after) = symbols.get(read + 2).copied() {
            changes.sides[WAS_AFTER].add(after, weight, None);
            changes.sides[AFTER].add(after, weight, Some(word));
        }
        symbols[write] = made;
        read += 2;
        write += 1;
    }
    (read - write) as u32
}

fn key(pair: Pair) -> u64 {
    u64::from(pair.0) << 32 | u64::from(pair.1)
}

fn side_key(side: usize, found: &Neighbour, with: u32) -> u64 {
    match side {
        BEFORE | WAS_BEFORE => key((found.symbol, with)),
        _ => key((with, found.symbol)),
    }
}

fn entry(pair: &Candidate) -> Option<(u64, Reverse<u64>)> {
    let count = u64::try_from(pair.count).ok().filter(|count| *count > 0)?;
    Some((count, Reverse(pair.key)))
}

fn slot(
    by_pair: &mut HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    pairs: &mut Vec<Candidate>,
    key: u64,
) -> usize {
    let at = *by_pair.entry(key).or_insert_with(|| {
        pairs.push(Candidate {
            key,
            count: 0,
            words: Vec::new(),
        });
        pairs.len() as u32 - 1
    });
    at as usize
}

/// Sides of a merge on which pairs change: what comes to stand before and after the new token,
/// and what no longer stands before the first and after the second of the pair.
const BEFORE: usize = 0;
const AFTER: usize = 1;
const WAS_BEFORE: usize = 2;
const WAS_AFTER: usize = 3;

/// What one merge changes, by neighbour: there are far fewer neighbours than occurrences, so the
/// pairs are looked up once for each of them.
#[derive(Default)]
struct Changes {
    sides: [Side; 4],
    touched: Vec<u32>,
}

#[derive(Default)]
struct Side {
    /// Neighbour + 1 by symbol; 0 for none.
    by_symbol: Vec<u32>,
    found: Vec<Neighbour>,
}

struct Neighbour {
    symbol: u32,
    weight: i64,
    words: Vec<u32>,
}

impl Changes {
    fn begin(&mut self, n_tokens: usize) {
        for side in &mut self.sides {
            side.by_symbol.resize(n_tokens, 0);
        }
    }
}

impl Side {
    #[inline]
    fn add(&mut self, symbol: u32, weight: i64, word: Option<u32>) {
        let at = &mut self.by_symbol[symbol as usize];
        if *at == 0 {
            self.found.push(Neighbour {
                symbol,
                weight: 0,
                words: Vec::new(),
            });
            *at = self.found.len() as u32;
        }
        let found = &mut self.found[*at as usize - 1];
        found.weight += weight;
        if let Some(word) = word
            && found.words.last() != Some(&word)
        {
            found.words.push(word);
        }
    }

    fn drain(&mut self) -> impl Iterator<Item = Neighbour> {
        let by_symbol = &mut self.by_symbol;
        self.found
            .drain(..)
            .inspect(|found| by_symbol[found.symbol as usize] = 0)
    }
}
