//! Byte-level BPE at speed: words cut by hand, those seen before taken from a cache, the rest
//! merged by rank. Ids are those of the crate `tokenizers`, whatever the text.

use std::collections::BinaryHeap;
use std::cmp::Reverse;
use std::sync::{Mutex, PoisonError};

use unicode_normalization::{IsNormalized, is_nfc_quick};
use xxhash_rust::xxh3::xxh3_64;

use super::Scanner;
use super::shape::Shape;

/// No pair: beyond every rank.
const NONE: u32 = u32::MAX;

/// Words up to this length, in bytes, are merged by looking for the best pair again and again;
/// longer ones with a heap, so that a word of a million letters takes no million times as long.
const SHORT: usize = 48;

/// Encodes text for a vocabulary of known shape.
pub(super) struct Encoder {
    scanner: Scanner,
    merges: Merges,
    /// Tokens taken whole, where the vocabulary asks for that before merging.
    whole: Option<Whole>,
    of_byte: [u32; 256],
    nfc: bool,
    /// Tokens that are found in any text, though they are not special.
    found_in_text: Vec<String>,
    /// Caches no thread uses at the moment; there are never more than threads.
    caches: Mutex<Vec<Cache>>,
}

impl Encoder {
    /// The encoder for a vocabulary of that shape.
    pub(super) fn new(shape: Shape) -> Self {
        Encoder {
            scanner: shape.scanner,
            merges: Merges::new(&shape.merges, &shape.of_byte),
            whole: shape.ignore_merges.then(|| Whole::new(&shape.tokens)),
            of_byte: shape.of_byte,
            nfc: shape.nfc,
            found_in_text: shape.found_in_text,
            caches: Mutex::new(Vec::new()),
        }
    }

    /// Ids of `text`, or none when the text is one of the few that need more than this: it holds
    /// a token that is found in any text, or would have to be normalised.
    pub(super) fn encode(&self, text: &str) -> Option<Vec<u32>> {
        if self.nfc && is_nfc_quick(text.chars()) != IsNormalized::Yes {
            return None;
        }
        if self.found_in_text.iter().any(|token| text.contains(token.as_str())) {
            return None;
        }
        let lock = || self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cache = lock().pop().unwrap_or_default();
        let mut ids = Vec::with_capacity(text.len() / 4 + 1);
        let bytes = text.as_bytes();
        self.scanner.cut(text, |start, end| {
            let len = end - start;
            if len > KEY_BYTES {
                return self.word(&bytes[start..end], &mut cache.work, &mut ids);
            }
            let key = Key::of(bytes, start, len);
            let slot = &mut cache.slots[key.hash() & (SLOTS - 1)];
            if slot.key == key {
                match slot.n {
                    1 => ids.push(slot.ids[0]),
                    n => ids.extend_from_slice(&slot.ids[..n as usize]),
                }
                return;
            }
            let before = ids.len();
            self.word(&bytes[start..end], &mut cache.work, &mut ids);
            let made = &ids[before..];
            if let Some(kept) = slot.ids.get_mut(..made.len()) {
                kept.copy_from_slice(made);
                slot.n = made.len() as u32;
                slot.key = key;
            }
        });
        lock().push(cache);
        Some(ids)
    }

    /// Adds the ids of one word.
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        if let Some(id) = self.whole.as_ref().and_then(|whole| whole.get(word)) {
            return ids.push(id);
        }
        if word.len() <= SHORT {
            self.merge_short(word, ids);
        } else {
            self.merge_long(word, work, ids);
        }
    }

    /// The pair of lowest rank, of equal ones the first, again and again.
    fn merge_short(&self, word: &[u8], ids: &mut Vec<u32>) {
        let mut symbols = [0u32; SHORT];
        // Rank of each symbol with the one after it.
        let mut ranks = [NONE; SHORT];
        let mut n = word.len().min(SHORT);
        for (symbol, byte) in symbols.iter_mut().zip(word) {
            *symbol = self.of_byte[usize::from(*byte)];
        }
        for (rank, pair) in ranks.iter_mut().zip(word.windows(2)) {
            *rank = self.merges.of_bytes(pair[0], pair[1]);
        }
        while n > 1 {
            let mut at = 0;
            let mut best = NONE;
            for (i, rank) in ranks[..n - 1].iter().enumerate() {
                if *rank < best {
                    (at, best) = (i, *rank);
                }
            }
            if best == NONE {
                break;
            }
            symbols[at] = self.merges.made[best as usize];
            symbols.copy_within(at + 2..n, at + 1);
            ranks.copy_within(at + 1..n, at);
            n -= 1;
            let rank = |at: usize| match symbols[..n].get(at + 1) {
                Some(next) => self.merges.rank(symbols[at], *next),
                None => NONE,
            };
            ranks[at] = rank(at);
            if at > 0 {
                ranks[at - 1] = rank(at - 1);
            }
        }
        ids.extend_from_slice(&symbols[..n]);
    }

    fn merge_long(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        let Work {
            symbols,
            next,
            before,
            heap,
        } = work;
        let n = word.len();
        symbols.clear();
        symbols.extend(word.iter().map(|b| self.of_byte[usize::from(*b)]));
        next.clear();
        next.extend(1..=n);
        before.clear();
        before.extend((0..n).map(|at| at.wrapping_sub(1)));
        heap.clear();
        heap.extend(word.windows(2).enumerate().filter_map(|(at, pair)| {
            let rank = self.merges.of_bytes(pair[0], pair[1]);
            (rank != NONE).then_some(Reverse((rank, at)))
        }));
        while let Some(Reverse((rank, at))) = heap.pop() {
            let second = next[at];
            // What was merged away, or has got another neighbour, is passed over.
            if symbols[at] == NONE || second >= n {
                continue;
            }
            if self.merges.rank(symbols[at], symbols[second]) != rank {
                continue;
            }
            symbols[at] = self.merges.made[rank as usize];
            symbols[second] = NONE;
            let after = next[second];
            next[at] = after;
            let mut push = |at: usize, other: usize| {
                let rank = self.merges.rank(symbols[at], symbols[other]);
                if rank != NONE {
                    heap.push(Reverse((rank, at)));
                }
            };
            if after < n {
                before[after] = at;
                push(at, after);
            }
            if before[at] < n {
                push(before[at], at);
            }
        }
        ids.extend(symbols.iter().filter(|symbol| **symbol != NONE));
        // A monster of a word leaves no monster of a buffer behind.
        if n > 1 << 20 {
            *work = Work::default();
        }
    }
}

/// Ranks of pairs, and what a merge of each rank makes.
struct Merges {
    /// Of two bytes.
    bytes: Vec<u32>,
    keys: Vec<u64>,
    ranks: Vec<u32>,
    made: Vec<u32>,
    shift: u32,
}

impl Merges {
    /// `merges` in order of rank: two tokens and what they make; the last of equal pairs counts.
    fn new(merges: &[[u32; 3]], of_byte: &[u32; 256]) -> Self {
        let bits = (4 * merges.len()).max(16).ilog2();
        let mut table = Merges {
            bytes: Vec::new(),
            keys: vec![u64::MAX; 1 << bits],
            ranks: vec![NONE; 1 << bits],
            made: merges.iter().map(|merge| merge[2]).collect(),
            shift: 64 - bits,
        };
        for (rank, merge) in merges.iter().enumerate() {
            let at = table.slot(merge[0], merge[1]);
            table.keys[at] = pair_key(merge[0], merge[1]);
            table.ranks[at] = rank as u32;
        }
        let pairs = of_byte.iter().flat_map(|a| of_byte.iter().map(move |b| (*a, *b)));
        table.bytes = pairs.map(|(a, b)| table.rank(a, b)).collect();
        table
    }

    /// Where a pair is, or would be.
    #[inline]
    fn slot(&self, a: u32, b: u32) -> usize {
        let key = pair_key(a, b);
        let mask = self.keys.len() - 1;
        let mut at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize;
        // A quarter of the table is in use at most, so there is an end.
        while self.keys[at] != key && self.keys[at] != u64::MAX {
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    fn rank(&self, a: u32, b: u32) -> u32 {
        self.ranks[self.slot(a, b)]
    }

    #[inline]
    fn of_bytes(&self, a: u8, b: u8) -> u32 {
        self.bytes[usize::from(a) << 8 | usize::from(b)]
    }
}

fn pair_key(a: u32, b: u32) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// Tokens by their bytes.
struct Whole {
    bytes: Vec<u8>,
    /// Start and end in `bytes`.
    spans: Vec<(u32, u32)>,
    ids: Vec<u32>,
    /// Token + 1 by hash, open addressing.
    table: Vec<u32>,
}

impl Whole {
    fn new(tokens: &[(Vec<u8>, u32)]) -> Self {
        let len = (2 * tokens.len() + 1).next_power_of_two();
        let mut whole = Whole {
            bytes: Vec::new(),
            spans: Vec::new(),
            ids: Vec::new(),
            table: vec![0; len],
        };
        for (bytes, id) in tokens {
            let start = whole.bytes.len() as u32;
            whole.bytes.extend_from_slice(bytes);
            whole.spans.push((start, whole.bytes.len() as u32));
            whole.ids.push(*id);
            let mut at = xxh3_64(bytes) as usize & (len - 1);
            while whole.table[at] != 0 {
                at = (at + 1) & (len - 1);
            }
            whole.table[at] = whole.ids.len() as u32;
        }
        whole
    }

    fn get(&self, word: &[u8]) -> Option<u32> {
        let mask = self.table.len() - 1;
        let mut at = xxh3_64(word) as usize & mask;
        loop {
            let i = (self.table[at] as usize).checked_sub(1)?;
            let (start, end) = self.spans[i];
            if self.bytes[start as usize..end as usize] == *word {
                return Some(self.ids[i]);
            }
            at = (at + 1) & mask;
        }
    }
}

/// Longest word the cache keeps, in bytes.
const KEY_BYTES: usize = 31;
/// Words a cache keeps: 4 MiB of them. A word drives out the one of the same hash.
const SLOTS: usize = 1 << 16;

/// A word: its bytes, zeros, and in the last byte how many there are.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Key([u64; 4]);

/// Which bits of the four parts of a key belong to a word of so many bytes.
const MASKS: [[u64; 4]; KEY_BYTES + 1] = {
    let mut masks = [[0; 4]; KEY_BYTES + 1];
    let mut byte = 0;
    while byte < KEY_BYTES {
        let mut len = byte + 1;
        while len <= KEY_BYTES {
            masks[len][byte / 8] |= 0xff << (8 * (byte % 8));
            len += 1;
        }
        byte += 1;
    }
    masks
};

impl Key {
    #[inline(always)]
    fn of(text: &[u8], start: usize, len: usize) -> Self {
        let mut copy = [0; 32];
        let window: &[u8; 32] = match text[start..].first_chunk() {
            Some(window) => window,
            None => {
                copy[..len].copy_from_slice(&text[start..start + len]);
                &copy
            }
        };
        let mut parts = [0; 4];
        for (part, (bytes, mask)) in parts
            .iter_mut()
            .zip(window.as_chunks::<8>().0.iter().zip(&MASKS[len]))
        {
            *part = u64::from_le_bytes(*bytes) & mask;
        }
        parts[3] |= (len as u64) << 56;
        Key(parts)
    }

    #[inline(always)]
    fn hash(&self) -> usize {
        let [a, b, c, d] = self.0;
        let fold = |x: u64, y: u64| {
            let product = u128::from(x) * u128::from(y);
            product as u64 ^ (product >> 64) as u64
        };
        let low = fold(a ^ 0x9e37_79b9_7f4a_7c15, b ^ 0xd6e8_feb8_6659_fd93);
        let high = fold(c ^ 0xa076_1d64_78bd_642f, d ^ 0xe703_7ed1_a0b4_28db);
        (low ^ high.rotate_left(29)) as usize
    }
}

/// A word and its ids: one line of the processor's cache.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Slot {
    key: Key,
    n: u32,
    ids: [u32; 7],
}

/// What one thread keeps from one text to the next.
struct Cache {
    slots: Box<[Slot]>,
    work: Work,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            slots: vec![Slot::default(); SLOTS].into(),
            work: Work::default(),
        }
    }
}

/// Room to merge long words in.
#[derive(Default)]
struct Work {
    symbols: Vec<u32>,
    next: Vec<usize>,
    before: Vec<usize>,
    heap: BinaryHeap<Reverse<(u32, usize)>>,
}
