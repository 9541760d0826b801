//! One word by byte-level BPE without merging: the longest tokens that fit one after another.
//!
//! Merges happen in order of their ranks, of equal ones from left to right. What happens inside
//! of a token does not depend on what is around it, as long as no merge reaches over its ends. So
//! a row of tokens is what merging makes of a text if, and only if, that is true of every two
//! neighbours; and of each beginning of a text there is one such row. It is found by trying the
//! longest token first, and going back where none fits.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::prefix::Prefixes;

/// No pair: beyond every number.
const NONE: u32 = u32::MAX;
/// A token that was merged before any merge made it.
const AWAITED: u32 = NONE - 1;

/// Tokens of single bytes; numbers from here on are those of merges.
const BYTES: u32 = 256;

/// Bits of a token's id, and of its number here.
pub(super) const ID_BITS: u32 = 20;

/// Tokens and merges a vocabulary may have at most to be encoded here.
pub(super) const MAX_TOKENS: usize = (1 << ID_BITS) - 1 - BYTES as usize;

/// The vocabulary. Tokens have numbers here in the order in which merging makes them: bytes have
/// their own, what the merge of rank r makes has 256 + r. Tokens that no merge makes have none.
pub(super) struct Bpe {
    pairs: Pairs,
    tokens: Vec<Token>,
    prefixes: Prefixes,
    /// Tokens that no merge makes, which are taken where a whole word is one of them.
    whole: Option<Whole>,
}

/// All there is to know of a token, in one place of memory.
#[derive(Clone, Copy, Default)]
#[repr(align(16))]
struct Token {
    /// What it is made of; a byte of itself.
    parts: [u32; 2],
    /// The longest token that it begins with, itself apart; [`NONE`] for bytes.
    shorter: u32,
    /// Its length in bytes above its id.
    len_id: u32,
}

impl Token {
    #[inline(always)]
    fn len(self) -> usize {
        (self.len_id >> ID_BITS) as usize
    }

    #[inline(always)]
    fn id(self) -> u32 {
        self.len_id & ((1 << ID_BITS) - 1)
    }
}

impl Bpe {
    /// `merges` in order of rank: two tokens and what they make, by id; `tokens` with their bytes.
    /// Without `ignore_merges` a word that is a token is put together by merges all the same.
    ///
    /// None when merges are not sorted so that what one makes is merged by later ones only, or
    /// when one is there twice: the rule above does not hold for them.
    pub(super) fn new(
        merges: &[[u32; 3]],
        tokens: &[(Vec<u8>, u32)],
        of_byte: &[u32; 256],
        ignore_merges: bool,
    ) -> Option<Self> {
        let n_ids = tokens.iter().map(|(_, id)| *id as usize + 1).max()?;
        let mut spelled: Vec<Option<&[u8]>> = vec![None; n_ids];
        for (bytes, id) in tokens {
            if spelled[*id as usize].replace(bytes).is_some() {
                return None;
            }
        }
        let n = BYTES as usize + merges.len();
        let mut bpe = Bpe {
            pairs: Pairs::new(merges.len()),
            tokens: vec![Token::default(); n],
            prefixes: Prefixes::default(),
            whole: None,
        };
        // The number of each token, by id; AWAITED for those in a merge that came before the one
        // that makes them.
        let mut number = vec![NONE; n_ids];
        for (id, m) in of_byte.iter().zip(0..) {
            *number.get_mut(*id as usize)? = m;
        }
        for ([a, b, made], m) in merges.iter().zip(BYTES..) {
            let (left, right) = (*number.get(*a as usize)?, *number.get(*b as usize)?);
            if left >= AWAITED || right >= AWAITED {
                for id in [*a as usize, *b as usize] {
                    if number[id] == NONE {
                        number[id] = AWAITED;
                    }
                }
                continue;
            }
            if !bpe.pairs.insert(left, right, m) {
                return None;
            }
            // Other merges may come first whenever its bytes stand together.
            if !bpe.fit(left, right, m) {
                continue;
            }
            let made = number.get_mut(*made as usize)?;
            if std::mem::replace(made, m) != NONE {
                return None;
            }
            bpe.tokens[m as usize].parts = [left, right];
        }
        let mut made: Vec<(&[u8], u32)> = Vec::with_capacity(number.len());
        for (bytes, m) in spelled.iter().zip(&number) {
            if *m < AWAITED {
                made.push(((*bytes)?, *m));
            }
        }
        made.sort_unstable();
        bpe.prefixes = Prefixes::new(&made)?;
        for (bytes, m) in &made {
            let before = &bytes[..bytes.len().checked_sub(1)?];
            let shorter = bpe.prefixes.longest(before);
            let len = u32::try_from(bytes.len())
                .ok()
                .filter(|len| *len < 1 << (32 - ID_BITS))?;
            bpe.tokens[*m as usize].shorter = shorter.map_or(NONE, |(token, _)| token);
            bpe.tokens[*m as usize].len_id = len << ID_BITS;
        }
        for (id, m) in (0u32..).zip(&number).filter(|(_, m)| **m < AWAITED) {
            bpe.tokens[*m as usize].len_id |= id;
        }
        let others = tokens
            .iter()
            .filter(|(_, id)| number[*id as usize] >= AWAITED);
        let others: Vec<(&[u8], u32)> = others.map(|(b, id)| (&b[..], *id)).collect();
        bpe.whole = (ignore_merges && !others.is_empty()).then(|| Whole::new(&others));
        Some(bpe)
    }

    /// Adds the ids of one word.
    pub(super) fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        if let Some(id) = self.whole.as_ref().and_then(|whole| whole.get(word)) {
            return ids.push(id);
        }
        let first = ids.len();
        let dead = &mut work.dead;
        dead.clear();
        dead.resize(word.len() / 64 + 1, 0);
        let mut at = 0;
        let mut next = self.prefixes.longest(word);
        // Numbers at first, so that the row can be taken back.
        while let Some((token, len)) = next {
            let end = at + len;
            let open = dead[end / 64] >> (end % 64) & 1 == 0;
            let fits = open && (at == 0 || self.fits(ids[ids.len() - 1], token, &mut work.asked));
            if fits {
                ids.push(token);
                at = end;
                next = self.prefixes.longest(&word[at..]);
                continue;
            }
            let sized = |token: u32| (token, self.tokens[token as usize].len());
            let shorter = self.tokens[token as usize].shorter;
            if shorter != NONE {
                next = Some(sized(shorter));
            } else {
                // There is one row to each place only, so none leads on from here.
                dead[at / 64] |= 1 << (at % 64);
                next = if at == 0 { None } else { ids.pop().map(sized) };
                at -= next.map_or(0, |(_, len)| len);
            }
        }
        for id in &mut ids[first..] {
            *id = self.tokens[*id as usize].id();
        }
        // A monster of a word leaves no monster of a buffer behind.
        if word.len() > 1 << 20 {
            *work = Work::default();
        }
    }

    /// As [`Bpe::fit`] by all merges. A few pairs are asked for again and again, and are known.
    #[inline]
    fn fits(&self, a: u32, b: u32, asked: &mut Asked) -> bool {
        let key = pair_key(a, b);
        let slot = asked.slot(key);
        if *slot >> 1 != key + 1 {
            *slot = (key + 1) << 1 | u64::from(self.fit(a, b, NONE));
        }
        *slot & 1 == 1
    }

    /// Whether two tokens stay as they are when merging their bytes, by merges below `limit`.
    ///
    /// Both are taken apart again beside the place where they meet, what was made last first: at
    /// no time may there have been a merge of the two that was next to each other then.
    #[inline]
    fn fit(&self, mut a: u32, mut b: u32, mut limit: u32) -> bool {
        loop {
            if self.pairs.get(a, b) < limit {
                return false;
            }
            if a > b {
                if a < BYTES {
                    return true;
                }
                // Equal merges go from left to right: the one that made `a` was before this one.
                limit = a;
                a = self.tokens[a as usize].parts[1];
            } else {
                if b < BYTES {
                    return true;
                }
                limit = b + 1;
                b = self.tokens[b as usize].parts[0];
            }
        }
    }
}

/// What pairs of tokens make, by their numbers. Small, so that the processor's cache holds most
/// of it: a pair and what it makes are one number.
struct Pairs {
    /// Bits of pairs that may be there: most are not, and are known by this little.
    some: Vec<u64>,
    /// By hash, open addressing: the pair's key above what it makes; [`FREE`] for none.
    table: Vec<u64>,
    shift: u32,
}

const FREE: u64 = u64::MAX;
/// Bits in [`Pairs::some`] for each slot of the table of pairs, as a power of two.
const FINER: u32 = 3;

impl Pairs {
    /// With room for `n` pairs.
    fn new(n: usize) -> Self {
        let bits = (2 * n.max(8)).next_power_of_two().ilog2();
        Pairs {
            some: vec![0; 1 << (bits + FINER - 6)],
            table: vec![FREE; 1 << bits],
            shift: 64 - bits,
        }
    }

    /// Adds a pair; false when it is there already.
    fn insert(&mut self, a: u32, b: u32, made: u32) -> bool {
        let key = pair_key(a, b);
        let hash = pair_hash(key);
        let at = self.slot(key, hash);
        let new = self.table[at] == FREE;
        self.table[at] = key << ID_BITS | u64::from(made);
        let bit = (hash >> (self.shift - FINER)) as usize;
        self.some[bit / 64] |= 1 << (bit % 64);
        new
    }

    /// Where a pair is, or would be.
    #[inline]
    fn slot(&self, key: u64, hash: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        // Half of the table is in use at most, so there is an end.
        while self.table[at] != FREE && self.table[at] >> ID_BITS != key {
            at = (at + 1) & mask;
        }
        at
    }

    /// What a pair makes, or [`NONE`].
    #[inline(always)]
    fn get(&self, a: u32, b: u32) -> u32 {
        let key = pair_key(a, b);
        let hash = pair_hash(key);
        let bit = (hash >> (self.shift - FINER)) as usize;
        if self.some[bit / 64] >> (bit % 64) & 1 == 0 {
            return NONE;
        }
        match self.table[self.slot(key, hash)] {
            FREE => NONE,
            found => (found & ((1 << ID_BITS) - 1)) as u32,
        }
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
struct Whole {
    tokens: HashMap<Vec<u8>, u32>,
    /// Bits of words that may be tokens: most words have none, and are known by this little.
    some: Vec<u64>,
}

impl Whole {
    fn new(tokens: &[(&[u8], u32)]) -> Self {
        let mut some = vec![0; tokens.len().next_power_of_two()];
        for (bytes, _) in tokens {
            let bit = xxh3_64(bytes) as usize & (64 * some.len() - 1);
            some[bit / 64] |= 1 << (bit % 64);
        }
        Whole {
            tokens: tokens.iter().map(|(b, id)| (b.to_vec(), *id)).collect(),
            some,
        }
    }

    fn get(&self, word: &[u8]) -> Option<u32> {
        let bit = xxh3_64(word) as usize & (64 * self.some.len() - 1);
        match self.some[bit / 64] >> (bit % 64) & 1 {
            0 => None,
            _ => self.tokens.get(word).copied(),
        }
    }
}

/// Room to find a word's tokens in.
#[derive(Default)]
pub(super) struct Work {
    /// Places in the word from which no row of tokens leads on, one bit each.
    dead: Vec<u64>,
    /// What is known of pairs.
    asked: Asked,
}

/// Whether pairs of tokens fit, for those asked for last, found by hash: the key of the pair + 1
/// above one bit, 0 for none.
struct Asked(Vec<u64>);

/// Bits of the number of pairs that are kept: 128 KiB of them.
const ASKED_BITS: u32 = 14;

impl Default for Asked {
    fn default() -> Self {
        Asked(vec![0; 1 << ASKED_BITS])
    }
}

impl Asked {
    #[inline(always)]
    fn slot(&mut self, key: u64) -> &mut u64 {
        &mut self.0[(pair_hash(key) >> (64 - ASKED_BITS)) as usize]
    }
}
