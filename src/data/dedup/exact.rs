//! Equal texts: the same characters but for white space and Unicode composition.

use std::collections::HashMap;

use rayon::prelude::*;
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::Xxh3;

use super::cluster::{Document, Fate, survivor};
use crate::letters::is_surely_composed;

/// Bytes hashed at a time.
const PIECE_BYTES: usize = 1 << 14;

/// Hash of a text in composed form, each run of white space one space: xxh128.
pub fn text_hash(text: &str) -> u128 {
    if is_surely_composed(text) {
        return words_hash(text);
    }
    words_hash(&text.nfc().collect::<String>())
}

/// Hash of the words of `text`, each with a space behind it.
fn words_hash(text: &str) -> u128 {
    let mut hasher = Xxh3::new();
    let mut piece = vec![0; PIECE_BYTES.min(text.len() + 1 + MAX_CHAR_BYTES)];
    let mut reader = Words {
        text,
        at: 0,
        in_word: false,
    };
    loop {
        let n = reader.fill(&mut piece);
        hasher.update(piece.get(..n).unwrap_or_default());
        if reader.at == text.len() {
            break;
        }
    }
    if reader.in_word {
        hasher.update(b" ");
    }
    hasher.digest128()
}

/// What a byte is to [`Words`]; [`SPACE`] has all bits set.
const OTHER: u8 = 0;
const SPACE: u8 = u8::MAX;
/// Perhaps the first byte of white space of several: the only ones there are (Unicode,
/// White_Space).
const LONG: u8 = 1;
static KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let (spaces, longs) = (b"\t\n\x0b\x0c\r ", [0xc2, 0xe1, 0xe2, 0xe3]);
    let mut i = 0;
    while i < spaces.len() {
        kinds[spaces[i] as usize] = SPACE;
        i += 1;
    }
    let mut i = 0;
    while i < longs.len() {
        kinds[longs[i]] = LONG;
        i += 1;
    }
    kinds
};

/// Longest character in UTF-8.
const MAX_CHAR_BYTES: usize = 4;

/// Copies a text, each run of white space as one space and none at the start.
struct Words<'a> {
    text: &'a str,
    at: usize,
    in_word: bool,
}

impl Words<'_> {
    /// Copies as much as fits; how many bytes that gave. Without a branch a byte, for words end
    /// too irregularly to be guessed: each byte is copied, and white space after white space is
    /// overwritten by what follows.
    fn fill(&mut self, piece: &mut [u8]) -> usize {
        let bytes = self.text.as_bytes();
        let (mut at, mut in_word, mut n) = (self.at, self.in_word, 0);
        let end = piece.len().saturating_sub(MAX_CHAR_BYTES);
        while n < end {
            let (Some(&byte), Some(slot)) = (bytes.get(at), piece.get_mut(n)) else {
                break;
            };
            let kind = KINDS[usize::from(byte)];
            if kind == LONG {
                let rest = self.text.get(at..).unwrap_or_default();
                let Some(c) = rest.chars().next() else {
                    break; // never: `at` is always at the start of a character
                };
                at += c.len_utf8();
                let is_space = c.is_whitespace();
                let c = if is_space { ' ' } else { c };
                if let Some(slots) = piece.get_mut(n..n + MAX_CHAR_BYTES) {
                    let len = c.encode_utf8(slots).len();
                    n += if is_space { usize::from(in_word) } else { len };
                }
                in_word = !is_space;
                continue;
            }
            let is_space = kind != OTHER;
            *slot = (byte & !kind) | (b' ' & kind); // a choice without a branch
            n += usize::from(in_word | !is_space);
            in_word = !is_space;
            at += 1;
        }
        (self.at, self.in_word) = (at, in_word);
        n
    }
}

/// What becomes of each document when only one of those with equal text stays.
pub fn exact_duplicates(documents: &[Document]) -> Vec<Fate> {
    let hashes: Vec<u128> = documents.par_iter().map(|d| text_hash(d.text)).collect();
    let mut clusters: HashMap<u128, Vec<usize>> = HashMap::new();
    for (i, hash) in hashes.iter().enumerate() {
        clusters.entry(*hash).or_default().push(i);
    }
    let mut fates = vec![Fate::Kept { cluster_size: 1 }; documents.len()];
    for members in clusters.values().filter(|members| members.len() > 1) {
        let survivor = survivor(documents, members);
        for &member in members {
            fates[member] = Fate::Dropped {
                survivor,
                similarity: 1.0,
            };
        }
        fates[survivor] = Fate::Kept {
            cluster_size: members.len() as u64,
        };
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_hash_is_that_of_the_words_with_a_space_behind_each(
            text in "([a-z .\t\r\n\u{b}\u{1c}\u{85}\u{a0}«»é\u{1680}ქ\u{2003}—\u{2028}\u{202f}\u{205f}\u{3000}、🎈]|\\PC){0,40}",
            n in prop_oneof![Just(1usize), 400usize..600],
        ) {
            let text = text.repeat(n).nfc().collect::<String>();
            let words: String = text.split_whitespace().flat_map(|word| [word, " "]).collect();
            prop_assert_eq!(text_hash(&text), xxhash_rust::xxh3::xxh3_128(words.as_bytes()));
        }
    }

    #[test]
    fn white_space_and_composition_do_not_make_a_text_another() {
        assert_eq!(
            text_hash(" Žluť\n\n kůň "),
            text_hash("Z\u{30c}lut\u{30c} ku\u{30a}n\u{30c}")
        );
        assert_ne!(text_hash("ein Wort"), text_hash("einWort"));
        assert_ne!(text_hash("Ein"), text_hash("ein"));
    }

    #[test]
    fn the_survivor_is_chosen_by_length_then_id_and_not_by_order() {
        let documents = [("c", "x y"), ("b", "x y"), ("d", "x  y"), ("a", "z")];
        let documents = documents.map(|(id, text)| Document { id, text });
        let dropped = Fate::Dropped {
            survivor: 2,
            similarity: 1.0,
        };
        let kept = |cluster_size| Fate::Kept { cluster_size };
        assert_eq!(
            exact_duplicates(&documents),
            [dropped, dropped, kept(3), kept(1)]
        );
    }
}
