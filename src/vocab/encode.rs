//! Byte-level vocabularies at speed: words cut by hand, those seen before taken from a cache, the
//! rest put together from tokens. Ids are those of the crate `tokenizers`, whatever the text.

use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;

use super::Scanner;
use super::bpe::{Bpe, ID_BITS, Work};
use super::shape::{Kind, Shape};
use super::trie::{Best, Unigram};
use crate::letters::is_surely_composed;

/// Encodes text for a vocabulary of known shape.
pub(super) struct Encoder {
    scanner: Scanner,
    model: Model,
    nfc: bool,
    /// Where there are bytes without a token, ids from here on stand for them and are left out.
    left_out: Option<u32>,
    /// Tokens that are found in any text, though they are not special.
    found_in_text: Vec<String>,
    /// Caches no thread uses at the moment; there are never more than threads.
    caches: Mutex<Vec<Cache>>,
}

enum Model {
    Bpe(Box<Bpe>),
    Unigram(Unigram),
}

impl Encoder {
    /// The encoder for a vocabulary of that shape; none when its merges are not as they should be.
    pub(super) fn new(shape: Shape) -> Option<Self> {
        let model = match shape.kind {
            Kind::Scores(scores) => Model::Unigram(Unigram::new(&shape.tokens, scores)),
            Kind::Merges {
                merges,
                ignore_merges,
            } => {
                let bpe = Bpe::new(&merges, &shape.tokens, &shape.of_byte, ignore_merges);
                Model::Bpe(Box::new(bpe?))
            }
        };
        Some(Encoder {
            scanner: shape.scanner,
            model,
            nfc: shape.nfc,
            left_out: Some(shape.n_ids).filter(|n| shape.of_byte.iter().any(|id| id >= n)),
            found_in_text: shape.found_in_text,
            caches: Mutex::new(Vec::new()),
        })
    }

    /// Ids of `text`, or none when the text is one of the few that need more than this: it holds
    /// a token that is found in any text, or would have to be normalised.
    pub(super) fn encode(&self, text: &str) -> Option<Vec<u32>> {
        if self.nfc && !is_surely_composed(text) || self.has_found(text) {
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
        if let Some(first) = self.left_out {
            ids.retain(|id| *id < first);
        }
        Some(ids)
    }

    /// Whether a token is there that is found in any text. Most texts have not even the byte that
    /// such tokens begin with, which is soon seen.
    fn has_found(&self, text: &str) -> bool {
        let mut seen = None;
        self.found_in_text.iter().any(|token| {
            let first = token.as_bytes().first().copied();
            let there = match seen {
                Some((byte, there)) if byte == first => there,
                _ => first.is_none_or(|byte| text.as_bytes().contains(&byte)),
            };
            seen = Some((first, there));
            there && text.contains(token.as_str())
        })
    }

    /// Adds the ids of some words, given by where they start and end.
    fn words(&self, text: &[u8], words: &[(usize, usize)], cache: &mut Cache, ids: &mut Vec<u32>) {
        let mut keys = [(Key::default(), 0); BATCH];
        for ((start, end), (key, at)) in words.iter().zip(&mut keys) {
            let len = end - start;
            if len <= LONG {
                *key = Key::of(text, *start, len);
                *at = key.hash();
            }
        }
        // What is in memory far away is asked for early, for all words at once: the less is done
        // here beside, the more of them the processor waits for at the same time.
        let mut touched = 0;
        for ((start, end), (_, at)) in words.iter().zip(&keys) {
            let lines = if end - start <= SHORT {
                &cache.short
            } else {
                &cache.long
            };
            touched ^= lines.line(*at)[0];
        }
        std::hint::black_box(touched);
        // Room for the ids of all words found; `n` of it is used.
        let mut out = [0; BATCH * ROOM + SPARE];
        let mut n = 0;
        for ((start, end), (key, at)) in words.iter().zip(&keys) {
            let len = end - start;
            let found = if len <= SHORT {
                // Two words, one after the other: key, key, ids, ids.
                let [a, b, ids @ .., c, d, e, f] = cache.short.line(*at);
                let in_first = (a ^ key.0[0] | b ^ key.0[1]) == 0;
                let in_second = (c ^ key.0[0] | d ^ key.0[1]) == 0;
                // Both are read, which takes less time than to guess wrong.
                let ids = std::hint::select_unpredictable(in_second, [e, f], ids);
                if in_first | in_second {
                    unpack(&ids, &mut out, n)
                } else {
                    0
                }
            } else {
                let [a, b, c, d, ids @ ..] = cache.long.line(*at);
                if len <= LONG && key.0 == [a, b, c, d] {
                    unpack(&ids, &mut out, n)
                } else {
                    0
                }
            };
            n += found;
            if found > 0 {
                continue;
            }
            ids.extend_from_slice(&out[..n.min(out.len())]);
            n = 0;
            let before = ids.len();
            self.unknown(&text[*start..*end], cache, ids);
            let made = &ids[before..];
            if len <= SHORT {
                if let Some(ids) = pack(made) {
                    cache.put_short(key, *at, ids);
                }
            } else if len <= LONG
                && let Some(ids) = pack(made)
            {
                cache.put_long(key, *at, ids);
            }
        }
        ids.extend_from_slice(&out[..n.min(out.len())]);
    }

    /// Adds the ids of a word that the cache does not have.
    #[inline(never)]
    fn unknown(&self, word: &[u8], cache: &mut Cache, ids: &mut Vec<u32>) {
        match &self.model {
            Model::Bpe(bpe) => bpe.word(word, &mut cache.work, ids),
            Model::Unigram(unigram) => unigram.word(word, &mut cache.best, ids),
        }
    }
}

/// Longest words the two parts of the cache keep, in bytes: most words are short.
const SHORT: usize = 15;
const LONG: usize = 31;
/// Lines of two short words of equal hash, 32 MiB in all; a new word drives out the older one. A
/// word not found costs as much as a hundred found, so there are many.
const SHORT_LINES: usize = 1 << 19;
/// Lines of one long word: 8 MiB.
const LONG_LINES: usize = 1 << 17;
/// Lines at first: a text alone is read before so much memory were cleared.
const FIRST_SHORT_LINES: usize = 1 << 12;
const FIRST_LONG_LINES: usize = 1 << 10;
/// Rows of lines from this size on ask for huge pages.
#[cfg(target_os = "linux")]
const HUGE: usize = 2 << 20; // bytes of a huge page on x86-64
/// Words looked up at once.
const BATCH: usize = 32;
/// Ids that the slot of a long word has room for.
const ROOM: usize = 4 * IN_ONE;
/// Ids written behind the last word at most.
const SPARE: usize = ROOM;

/// A word: its bytes, zeros, and in the last byte of 16 (of 32 where it is long) how many bytes
/// there are.
#[derive(Clone, Copy, Default)]
struct Key([u64; 4]);

/// Which bits of the four parts of a key belong to a word of so many bytes.
const MASKS: [[u64; 4]; LONG + 1] = {
    let mut masks = [[0; 4]; LONG + 1];
    let mut byte = 0;
    while byte < LONG {
        let mut len = byte + 1;
        while len <= LONG {
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
        parts[if len <= SHORT { 1 } else { 3 }] |= (len as u64) << 56;
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

/// Ids in one number.
const IN_ONE: usize = (60 / ID_BITS) as usize;

/// Ids put together, three in each number, and in the uppermost bits of the first one how many
/// there are; none when there is no room for them.
fn pack<const N: usize>(ids: &[u32]) -> Option<[u64; N]> {
    let n = ids.len();
    if n == 0 || n > N * IN_ONE || n > 15 {
        return None;
    }
    let mut packed = [0; N];
    for (i, id) in ids.iter().enumerate() {
        packed[i / IN_ONE] |= u64::from(*id) << (ID_BITS as usize * (i % IN_ONE));
    }
    packed[0] |= (n as u64) << 60;
    Some(packed)
}

/// Writes ids that were put together at `at`, with something behind them; how many there are, 0
/// where nothing was put.
#[inline(always)]
fn unpack<const N: usize>(packed: &[u64; N], out: &mut [u32], at: usize) -> usize {
    let n = (packed[0] >> 60) as usize;
    if let Some(there) = out.get_mut(at..).and_then(|out| out.get_mut(..N * IN_ONE)) {
        for (three, packed) in there.chunks_exact_mut(IN_ONE).zip(packed) {
            for (i, id) in three.iter_mut().enumerate() {
                *id = (packed >> (ID_BITS as usize * i) & ((1 << ID_BITS) - 1)) as u32;
            }
        }
    }
    n
}

/// What one thread keeps from one text to the next.
struct Cache {
    short: Lines,
    long: Lines,
    work: Work,
    best: Vec<Best>,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            short: Lines::new(FIRST_SHORT_LINES),
            long: Lines::new(FIRST_LONG_LINES),
            work: Work::default(),
            best: Vec::new(),
        }
    }
}

impl Cache {
    /// Keeps the ids of a short word. In its line it comes first, and drives the second one out.
    fn put_short(&mut self, key: &Key, at: usize, [c, d]: [u64; 2]) {
        if self.short.is_worn(SHORT_LINES) {
            let old = std::mem::replace(&mut self.short, Lines::new(SHORT_LINES));
            for [a, b, c, d, e, f, g, h] in old.lines() {
                // the older word first, so that it is second again
                for [a, b, c, d] in [[e, f, g, h], [a, b, c, d]] {
                    if b != 0 {
                        self.short.push(Key([a, b, 0, 0]).hash(), [a, b, c, d]);
                    }
                }
            }
        }
        self.short.push(at, [key.0[0], key.0[1], c, d]);
    }

    /// Keeps the ids of a long word.
    fn put_long(&mut self, key: &Key, at: usize, [e, f, g, h]: [u64; 4]) {
        if self.long.is_worn(LONG_LINES) {
            let old = std::mem::replace(&mut self.long, Lines::new(LONG_LINES));
            for line in old.lines() {
                let [a, b, c, d, ..] = line;
                if d != 0 {
                    self.long.set_line(Key([a, b, c, d]).hash(), line);
                }
            }
        }
        let [a, b, c, d] = key.0;
        self.long.n_put += 1;
        self.long.set_line(at, [a, b, c, d, e, f, g, h]);
    }
}

/// Lines of the processor's cache, found by hash. They take no memory until they are written to,
/// and where they are many, huge pages: most of what a word takes is to wait for its line, and
/// where that is has to be looked up as well.
struct Lines {
    bytes: MmapMut,
    mask: usize,
    /// Words put here so far.
    n_put: usize,
}

/// Bytes of a line.
const LINE: usize = 64;

impl Lines {
    /// So many lines, a power of two.
    ///
    /// # Panics
    /// When the system gives no room of that size, as an allocation of a `Vec` does.
    fn new(n: usize) -> Self {
        let bytes = MmapMut::map_anon(LINE * n)
            .unwrap_or_else(|e| panic!("the system gives no room for words: {e}"));
        #[cfg(target_os = "linux")]
        if bytes.len() >= HUGE {
            let _ = bytes.advise(memmap2::Advice::HugePage); // slower without, not wrong
        }
        Lines {
            bytes,
            mask: n - 1,
            n_put: 0,
        }
    }

    /// Whether so many words were put here that `most` lines are worth their memory.
    fn is_worn(&self, most: usize) -> bool {
        self.n_put > self.mask && self.mask + 1 < most
    }

    fn lines(&self) -> impl Iterator<Item = [u64; 8]> {
        self.bytes.as_chunks().0.iter().map(numbers)
    }

    #[inline(always)]
    fn line(&self, hash: usize) -> [u64; 8] {
        let lines = self.bytes.as_chunks().0;
        lines.get(hash & self.mask).map_or([0; 8], numbers)
    }

    #[inline(always)]
    fn set_line(&mut self, hash: usize, line: [u64; 8]) {
        let lines = self.bytes.as_chunks_mut::<LINE>().0;
        let parts = lines[hash & self.mask].as_chunks_mut().0;
        for (part, number) in parts.iter_mut().zip(line) {
            *part = number.to_le_bytes();
        }
    }

    /// Puts a word in front of the other one of its line.
    fn push(&mut self, hash: usize, [a, b, c, d]: [u64; 4]) {
        self.n_put += 1;
        let [e, f, g, h, ..] = self.line(hash);
        self.set_line(hash, [a, b, c, d, e, f, g, h]);
    }
}

/// The numbers of a line.
#[inline(always)]
fn numbers(line: &[u8; LINE]) -> [u64; 8] {
    let mut numbers = [0; 8];
    for (number, bytes) in numbers.iter_mut().zip(line.as_chunks().0) {
        *number = u64::from_le_bytes(*bytes);
    }
    numbers
}

#[cfg(test)]
mod tests;
