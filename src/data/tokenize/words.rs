//! Counting the distinct words of a sample.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::vocab::Scanner;

/// Longer words are left out, in bytes: no language has them, and they teach nothing but noise.
const MAX_WORD: usize = 1 << 12;

/// Most distinct words of a sample, shared alike by its languages. Beyond its share the rarest of
/// a language are dropped when counting ends, so what stays does not depend on the order of texts.
/// Merging takes some 100 bytes a word.
pub(super) const MAX_WORDS: usize = 1 << 23;

/// Distinct words, each with how often it was seen. Equal sets of texts give equal counts,
/// whatever their order.
#[derive(Default)]
pub(super) struct Words {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Entry + 1 by hash, open addressing; a power of two long.
    table: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    start: usize,
    len: u32,
    count: u64,
}

impl Words {
    /// Counts the words of `texts`, and keeps the `max` most frequent.
    pub(super) fn of(scanner: Scanner, texts: &[&str], max: usize) -> Self {
        let count = |mut words: Words, text: &&str| {
            scanner.words(text, |word| words.add(word, 1));
            words
        };
        let merged = texts
            .par_iter()
            .with_min_len(16)
            .fold(Words::default, count)
            .reduce(Words::default, Words::merge);
        merged.cap(max)
    }

    /// Number of distinct words.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Every word with its count.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.entries.iter().map(|e| (self.word(e), e.count))
    }

    fn word(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.start..entry.start + entry.len as usize]
    }

    /// Adds a word `count` times.
    #[inline]
    pub(super) fn add(&mut self, word: &[u8], count: u64) {
        if word.len() > MAX_WORD {
            return;
        }
        self.insert(xxh3_64(word), word, count);
    }

    fn insert(&mut self, hash: u64, word: &[u8], count: u64) {
        if 2 * self.entries.len() >= self.table.len() {
            self.grow();
        }
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.table[at] {
                0 => break,
                n => {
                    let entry = self.entries[n as usize - 1];
                    if entry.hash == hash && self.word(&entry) == word {
                        self.entries[n as usize - 1].count += count;
                        return;
                    }
                }
            }
            at = (at + 1) & mask;
        }
        self.entries.push(Entry {
            hash,
            start: self.bytes.len(),
            len: word.len() as u32,
            count,
        });
        self.table[at] = self.entries.len() as u32;
        self.bytes.extend_from_slice(word);
    }

    fn grow(&mut self) {
        // Of the entries, not of the table: `cap` leaves many of them and no table.
        let len = (8 * self.entries.len()).next_power_of_two().max(1 << 12);
        self.table.clear();
        self.table.resize(len, 0);
        for (i, entry) in self.entries.iter().enumerate() {
            let mut at = entry.hash as usize & (len - 1);
            while self.table[at] != 0 {
                at = (at + 1) & (len - 1);
            }
            self.table[at] = i as u32 + 1;
        }
    }

    fn merge(self, other: Self) -> Self {
        let (mut into, from) = if self.len() >= other.len() {
            (self, other)
        } else {
            (other, self)
        };
        for entry in &from.entries {
            into.insert(entry.hash, from.word(entry), entry.count);
        }
        into
    }

    /// At most `max` words, the most frequent; of equally frequent ones the first in byte order.
    pub(super) fn cap(mut self, max: usize) -> Self {
        if self.entries.len() > max {
            let mut entries = std::mem::take(&mut self.entries);
            entries.sort_unstable_by(|a, b| {
                b.count
                    .cmp(&a.count)
                    .then_with(|| self.word(a).cmp(self.word(b)))
            });
            entries.truncate(max);
            self.entries = entries;
            self.table.clear(); // rebuilt by the next `insert`
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::vocab::PRE_TOKENIZERS;

    fn counted(words: &Words) -> BTreeMap<String, u64> {
        let text = |word: &[u8]| String::from_utf8(word.to_vec()).unwrap();
        words.iter().map(|(word, n)| (text(word), n)).collect()
    }

    #[test]
    fn counts_do_not_depend_on_order() {
        let scanner = Scanner::of(&PRE_TOKENIZERS[0]).unwrap();
        let texts: Vec<String> = (0..5000)
            .map(|n| format!("w{} x w{}", n % 97, n % 7))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let reversed: Vec<&str> = texts.iter().rev().copied().collect();
        let words = counted(&Words::of(scanner, &texts, 1000));
        assert_eq!(words, counted(&Words::of(scanner, &reversed, 1000)));
        assert_eq!(words[" x"], 5000);
        assert_eq!(words.values().sum::<u64>(), 5000 * 5);
    }

    #[test]
    fn the_rarest_words_go_first_and_monsters_are_left_out() {
        let mut words = Words::default();
        for (word, count) in [("b", 1), ("a", 1), ("c", 5), ("a", 1), ("d", 1)] {
            words.add(word.as_bytes(), count);
        }
        words.add(&vec![b'x'; MAX_WORD + 1], 9);
        let mut kept = words.cap(3);
        kept.add(b"c", 1);
        let expected = [("a", 2), ("b", 1), ("c", 6)];
        assert_eq!(counted(&kept), expected.map(|(w, n)| (w.into(), n)).into());
    }

    #[test]
    fn many_words_that_stayed_can_be_added_to() {
        let mut words = Words::default();
        (0..6000).for_each(|n| words.add(format!("w{n}").as_bytes(), 1));
        let mut kept = words.cap(5000);
        kept.add(b"other", 1);
        kept.add(b"w0", 1);
        assert_eq!((kept.len(), counted(&kept)["w0"]), (5001, 2));
    }
}
