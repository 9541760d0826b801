//! One word by byte-level BPE: the tables of a vocabulary, and merging by rank.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use xxhash_rust::xxh3::xxh3_64;

/// No pair: beyond every rank.
const NONE: u32 = u32::MAX;

/// Words up to this length, in bytes, are merged by looking for the best pair again and again;
/// longer ones with a heap, so that a word of a million letters takes no million times as long.
const SHORT: usize = 48;

/// The vocabulary.
pub(super) struct Bpe {
    pub(super) merges: Merges,
    /// Tokens taken whole, where the vocabulary asks for that before merging.
    pub(super) whole: Option<Whole>,
    pub(super) of_byte: [u32; 256],
}

impl Bpe {
    /// Adds the ids of one word.
    pub(super) fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
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
        // Rank of the symbol that begins at a byte with the one after it, above that byte: the
        // least of them is the pair to merge.
        let mut ranks = [i32::MAX; SHORT];
        // Bytes at which a symbol begins, one bit each.
        let mut begins = (1u64 << n) - 1;
        for (symbol, byte) in symbols.iter_mut().zip(word) {
            *symbol = self.of_byte[usize::from(*byte)];
        }
        for (at, pair) in word.windows(2).enumerate().take(SHORT) {
            ranks[at] = above(self.merges.of_bytes(pair[0], pair[1]), at);
        }
        let following = |begins: u64, at: usize| (begins & (!1 << at)).trailing_zeros() as usize;
        // Whole blocks are looked through at once.
        let blocks = n.next_multiple_of(16).min(SHORT);
        loop {
            let best = ranks[..blocks].iter().fold(i32::MAX, |a, b| a.min(*b));
            if best == i32::MAX {
                break;
            }
            let at = (best & 63) as usize % SHORT;
            symbols[at] = self.merges.made[(best >> 6) as usize];
            let gone = following(begins, at) % SHORT;
            begins &= !(1 << gone);
            ranks[gone] = i32::MAX;
            let rank = |at: usize, next: usize| match symbols[..n].get(next) {
                Some(next) => above(self.merges.rank(symbols[at], *next), at),
                None => i32::MAX,
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

/// A rank with a place in a word below it, so that of equal ranks the first place is less.
#[inline(always)]
fn above(rank: u32, at: usize) -> i32 {
    match rank {
        NONE => i32::MAX,
        rank => (rank << 6) as i32 | at as i32,
    }
}

/// Ranks of pairs, and what a merge of each rank makes. Small, so that the processor's cache
/// holds most of it: a pair and its rank are one number.
pub(super) struct Merges {
    /// Of two bytes.
    bytes: Vec<u32>,
    /// Bits of pairs that may have a rank: most pairs have none, and are known by this little.
    some: Vec<u64>,
    /// By hash, open addressing: the pair's key above its rank; [`FREE`] for none.
    pairs: Vec<u64>,
    made: Vec<u32>,
    shift: u32,
}

/// Bits of a token's id and of a rank.
pub(super) const ID_BITS: u32 = 20;
const FREE: u64 = u64::MAX;
/// Bits in [`Merges::some`] for each slot of the table of pairs, as a power of two.
const FINER: u32 = 3;

/// Tokens and merges a vocabulary may have at most to be encoded here.
pub(super) const MAX_TOKENS: usize = (1 << ID_BITS) - 1;

impl Merges {
    /// `merges` in order of rank: two tokens and what they make; the last of equal pairs counts.
    pub(super) fn new(merges: &[[u32; 3]], of_byte: &[u32; 256]) -> Self {
        let bits = (2 * merges.len().max(8)).next_power_of_two().ilog2();
        let mut table = Merges {
            bytes: Vec::new(),
            some: vec![0; 1 << (bits + FINER - 6)],
            pairs: vec![FREE; 1 << bits],
            made: merges.iter().map(|merge| merge[2]).collect(),
            shift: 64 - bits,
        };
        for (rank, merge) in merges.iter().enumerate() {
            let key = pair_key(merge[0], merge[1]);
            let hash = pair_hash(key);
            let at = table.slot(key, hash);
            table.pairs[at] = key << ID_BITS | rank as u64;
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
        while self.pairs[at] != FREE && self.pairs[at] >> ID_BITS != key {
            at = (at + 1) & mask;
        }
        at
    }

    #[inline(always)]
    fn rank(&self, a: u32, b: u32) -> u32 {
        let key = pair_key(a, b);
        let hash = pair_hash(key);
        let bit = (hash >> (self.shift - FINER)) as usize;
        if self.some[bit / 64] >> (bit % 64) & 1 == 0 {
            return NONE;
        }
        match self.pairs[self.slot(key, hash)] {
            FREE => NONE,
            found => (found & ((1 << ID_BITS) - 1)) as u32,
        }
    }

    #[inline]
    fn of_bytes(&self, a: u8, b: u8) -> u32 {
        self.bytes[usize::from(a) << 8 | usize::from(b)]
    }
}

fn pair_key(a: u32, b: u32) -> u64 {
    u64::from(a) << ID_BITS | u64::from(b)
}

fn pair_hash(key: u64) -> u64 {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// Tokens by their bytes.
pub(super) struct Whole {
    bytes: Vec<u8>,
    /// Start and end in `bytes`, and the id.
    tokens: Vec<(u32, u32, u32)>,
    /// Bits of words that may be tokens: most words have none, and are known by this little.
    some: Vec<u64>,
    /// By hash, open addressing: upper bits of the hash above token + 1, 0 for none.
    table: Vec<u32>,
}

impl Whole {
    pub(super) fn new(tokens: &[(Vec<u8>, u32)]) -> Self {
        let len = (2 * tokens.len() + 1).next_power_of_two();
        let mut whole = Whole {
            bytes: Vec::new(),
            tokens: Vec::new(),
            some: vec![0; (len << FINER).div_ceil(64)],
            table: vec![0; len],
        };
        for (bytes, id) in tokens {
            let start = whole.bytes.len() as u32;
            whole.bytes.extend_from_slice(bytes);
            whole.tokens.push((start, whole.bytes.len() as u32, *id));
            let hash = xxh3_64(bytes);
            let mut at = hash as usize & (len - 1);
            while whole.table[at] != 0 {
                at = (at + 1) & (len - 1);
            }
            let bit = whole.bit(hash);
            whole.some[bit / 64] |= 1 << (bit % 64);
            whole.table[at] = tag(hash) | whole.tokens.len() as u32;
        }
        whole
    }

    fn get(&self, word: &[u8]) -> Option<u32> {
        let mask = self.table.len() - 1;
        let hash = xxh3_64(word);
        let bit = self.bit(hash);
        if self.some[bit / 64] >> (bit % 64) & 1 == 0 {
            return None;
        }
        let mut at = hash as usize & mask;
        loop {
            let found = self.table[at];
            let token = found & ((1 << ID_BITS) - 1);
            let i = (token as usize).checked_sub(1)?;
            if found ^ token == tag(hash) {
                let (start, end, id) = self.tokens[i];
                if self.bytes[start as usize..end as usize] == *word {
                    return Some(id);
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn bit(&self, hash: u64) -> usize {
        (hash >> 20) as usize & ((self.table.len() << FINER) - 1)
    }
}

fn tag(hash: u64) -> u32 {
    ((hash >> 32) as u32) << ID_BITS
}

/// Room to merge long words in.
#[derive(Default)]
pub(super) struct Work {
    symbols: Vec<u32>,
    next: Vec<usize>,
    before: Vec<usize>,
    heap: BinaryHeap<Reverse<(u32, usize)>>,
}
