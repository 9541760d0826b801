//! Byte-level BPE at speed: words cut by hand, those seen before taken from a cache, the rest
//! merged by rank. Ids are those of the crate `tokenizers`, whatever the text.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
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
        if self
            .found_in_text
            .iter()
            .any(|token| text.contains(token.as_str()))
        {
            return None;
        }
        let lock = || self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cache = lock().pop().unwrap_or_default();
        let mut ids = Vec::with_capacity(text.len() / 4 + 1);
        let mut batch = [(0, 0); BATCH];
        let mut n = 0;
        self.scanner.cut(text, |start, end| {
            batch[n % BATCH] = (start, end);
            n += 1;
            if n.is_multiple_of(BATCH) {
                self.words(text.as_bytes(), &batch, &mut cache, &mut ids);
            }
        });
        self.words(text.as_bytes(), &batch[..n % BATCH], &mut cache, &mut ids);
        lock().push(cache);
        Some(ids)
    }

    /// Adds the ids of some words, given by where they start and end.
    fn words(&self, text: &[u8], words: &[(usize, usize)], cache: &mut Cache, ids: &mut Vec<u32>) {
        let mut keys = [(Key::default(), 0); BATCH];
        // What is in memory far away is asked for early, for all words at once.
        let mut touched = 0;
        for ((start, end), (key, at)) in words.iter().zip(&mut keys) {
            let len = end - start;
            if len <= KEY_BYTES {
                *key = Key::of(text, *start, len);
                *at = key.hash() & (SETS - 1);
                touched ^= cache.ways[*at][0].n;
            }
        }
        std::hint::black_box(touched);
        for ((start, end), (key, at)) in words.iter().zip(&keys) {
            let ways = &mut cache.ways[*at];
            if let Some(slot) = ways.iter().find(|slot| slot.key == *key && slot.n > 0) {
                match slot.n {
                    1 => ids.push(slot.ids[0]),
                    n => ids.extend_from_slice(&slot.ids[..n as usize]),
                }
                continue;
            }
            let before = ids.len();
            self.word(&text[*start..*end], &mut cache.work, ids);
            let made = &ids[before..];
            if end - start <= KEY_BYTES && made.len() <= SLOT_IDS {
                ways[1] = ways[0];
                ways[0].key = *key;
                ways[0].n = made.len() as u32;
                ways[0].ids[..made.len()].copy_from_slice(made);
            }
        }
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
        let n = word.len().min(SHORT);
        let mut symbols = [0u32; SHORT];
        // Rank of the symbol that begins at a byte with the one after it.
        let mut ranks = [NONE; SHORT];
        // Bytes at which a symbol begins, one bit each.
        let mut begins = (1u64 << n) - 1;
        for (symbol, byte) in symbols.iter_mut().zip(word) {
            *symbol = self.of_byte[usize::from(*byte)];
        }
        for (rank, pair) in ranks.iter_mut().zip(word.windows(2)) {
            *rank = self.merges.of_bytes(pair[0], pair[1]);
        }
        let following = |begins: u64, at: usize| (begins & (!1 << at)).trailing_zeros() as usize;
        loop {
            let (mut at, mut best) = (0, NONE);
            for (i, rank) in ranks[..n].iter().enumerate() {
                if *rank < best {
                    (at, best) = (i, *rank);
                }
            }
            if best == NONE {
                break;
            }
            symbols[at] = self.merges.made[best as usize];
            let gone = following(begins, at) % SHORT;
            begins &= !(1 << gone);
            ranks[gone] = NONE;
            let rank = |at: usize, next: usize| match symbols[..n].get(next) {
                Some(next) => self.merges.rank(symbols[at], *next),
                None => NONE,
            };
            ranks[at] = rank(at, following(begins, at));
            let earlier = begins & ((1 << at) - 1);
            if earlier != 0 {
                let before = earlier.ilog2() as usize % SHORT;
                ranks[before] = rank(before, at);
            }
        }
        while begins != 0 {
            ids.push(symbols[begins.trailing_zeros() as usize % SHORT]);
            begins &= begins - 1;
        }
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
    /// Bits of pairs that may have a rank: most pairs have none, and are known by this little.
    some: Vec<u64>,
    pairs: Vec<Ranked>,
    made: Vec<u32>,
    shift: u32,
}

#[derive(Clone, Copy)]
struct Ranked {
    key: u64,
    rank: u32,
}

/// Bits in [`Merges::some`] for each slot of the table of pairs, as a power of two.
const FINER: u32 = 3;

impl Merges {
    /// `merges` in order of rank: two tokens and what they make; the last of equal pairs counts.
    fn new(merges: &[[u32; 3]], of_byte: &[u32; 256]) -> Self {
        let bits = (2 * merges.len().max(8)).next_power_of_two().ilog2();
        let free = Ranked {
            key: u64::MAX,
            rank: NONE,
        };
        let mut table = Merges {
            bytes: Vec::new(),
            some: vec![0; 1 << (bits + FINER - 6)],
            pairs: vec![free; 1 << bits],
            made: merges.iter().map(|merge| merge[2]).collect(),
            shift: 64 - bits,
        };
        for (rank, merge) in merges.iter().enumerate() {
            let key = pair_key(merge[0], merge[1]);
            let hash = pair_hash(key);
            let at = table.slot(key, hash);
            table.pairs[at] = Ranked {
                key,
                rank: rank as u32,
            };
            let bit = (hash >> (table.shift - FINER)) as usize;
            table.some[bit / 64] |= 1 << (bit % 64);
        }
        let pairs = of_byte
            .iter()
            .flat_map(|a| of_byte.iter().map(move |b| (*a, *b)));
        table.bytes = pairs.map(|(a, b)| table.rank(a, b)).collect();
        table
    }

    /// Where a pair is, or would be.
    #[inline]
    fn slot(&self, key: u64, hash: u64) -> usize {
        let mask = self.pairs.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        // Half of the table is in use at most, so there is an end.
        while self.pairs[at].key != key && self.pairs[at].key != u64::MAX {
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    fn rank(&self, a: u32, b: u32) -> u32 {
        let key = pair_key(a, b);
        let hash = pair_hash(key);
        let bit = (hash >> (self.shift - FINER)) as usize;
        if self.some[bit / 64] >> (bit % 64) & 1 == 0 {
            return NONE;
        }
        self.pairs[self.slot(key, hash)].rank
    }

    #[inline]
    fn of_bytes(&self, a: u8, b: u8) -> u32 {
        self.bytes[usize::from(a) << 8 | usize::from(b)]
    }
}

fn pair_hash(key: u64) -> u64 {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

fn pair_key(a: u32, b: u32) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// Tokens by their bytes.
struct Whole {
    bytes: Vec<u8>,
    /// Start and end in `bytes`, and the id.
    tokens: Vec<(u32, u32, u32)>,
    /// Upper half of the hash, and token + 1; by lower half, open addressing.
    table: Vec<(u32, u32)>,
}

impl Whole {
    fn new(tokens: &[(Vec<u8>, u32)]) -> Self {
        let len = (2 * tokens.len() + 1).next_power_of_two();
        let mut whole = Whole {
            bytes: Vec::new(),
            tokens: Vec::new(),
            table: vec![(0, 0); len],
        };
        for (bytes, id) in tokens {
            let start = whole.bytes.len() as u32;
            whole.bytes.extend_from_slice(bytes);
            whole.tokens.push((start, whole.bytes.len() as u32, *id));
            let hash = xxh3_64(bytes);
            let mut at = hash as usize & (len - 1);
            while whole.table[at].1 != 0 {
                at = (at + 1) & (len - 1);
            }
            whole.table[at] = ((hash >> 32) as u32, whole.tokens.len() as u32);
        }
        whole
    }

    fn get(&self, word: &[u8]) -> Option<u32> {
        let mask = self.table.len() - 1;
        let hash = xxh3_64(word);
        let mut at = hash as usize & mask;
        loop {
            let (tag, token) = self.table[at];
            let i = (token as usize).checked_sub(1)?;
            if tag == (hash >> 32) as u32 {
                let (start, end, id) = self.tokens[i];
                if self.bytes[start as usize..end as usize] == *word {
                    return Some(id);
                }
            }
            at = (at + 1) & mask;
        }
    }
}

/// Longest word the cache keeps, in bytes.
const KEY_BYTES: usize = 31;
/// Ids of a word the cache keeps at most.
const SLOT_IDS: usize = 7;
/// Sets of two words of equal hash that a cache keeps, 8 MiB in all; a new word drives out the
/// older of its set.
const SETS: usize = 1 << 16;
/// Words looked up at once.
const BATCH: usize = 32;

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
    ids: [u32; SLOT_IDS],
}

/// What one thread keeps from one text to the next.
struct Cache {
    ways: Box<[[Slot; 2]]>,
    work: Work,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            ways: vec![[Slot::default(); 2]; SETS].into(),
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
