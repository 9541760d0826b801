//! Equal texts: the same characters but for white space and Unicode composition.

use std::collections::HashMap;

use rayon::prelude::*;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use xxhash_rust::xxh3::Xxh3;

use super::cluster::{Document, Fate, survivor};
use crate::data::letters::is_surely_composed;

/// Bytes hashed at a time.
const PIECE_BYTES: usize = 1 << 14;

/// Hash of a text in composed form, each run of white space one space: xxh128.
pub fn text_hash(text: &str) -> u128 {
    if is_surely_composed(text) || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return words_hash(text);
    }
    words_hash(&text.nfc().collect::<String>())
}

fn words_hash(text: &str) -> u128 {
    let mut hasher = Xxh3::new();
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    for word in text.split_whitespace() {
        if piece.len() + word.len() >= PIECE_BYTES {
            hasher.update(&piece);
            piece.clear();
        }
        if word.len() >= PIECE_BYTES {
            hasher.update(word.as_bytes());
        } else {
            piece.extend_from_slice(word.as_bytes());
        }
        piece.push(b' ');
    }
    hasher.update(&piece);
    hasher.digest128()
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
