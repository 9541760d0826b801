//! Text to words: runs of letters, marks and digits, and every other visible character alone.

use crate::data::letters::Class;

/// A word or a punctuation mark; its letters are kept as a hash of their lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) hash: u64,
    pub(super) n_chars: u32,
    /// Holds a letter or digit: not a punctuation mark.
    pub(super) is_word: bool,
    /// Holds a letter.
    pub(super) has_letter: bool,
}

/// Splits `text` into `words`, which is cleared first. A single mark between two letters or
/// digits joins rather than parts (`l'État`, `il-ħajja`, `col·legi`, `3,5`, `x.org`): it is not
/// counted, and what it joins are words of their own. A run of one mark counts once.
pub(super) fn split(text: &str, words: &mut Vec<Word>) {
    words.clear();
    let mut open = Open::default();
    // The mark right after a word: not counted yet, another word may follow.
    let mut joint = None;
    let mut before = ' ';
    for c in text.chars() {
        let class = Class::of(c);
        if class.is_word() {
            joint = None;
            open.push(class);
        } else {
            let after_word = open.close(words);
            words.extend(joint.take());
            if !class.is_space() && c != before {
                open.push(class);
                open.word.is_word = false;
                match after_word {
                    true => joint = open.take(),
                    false => words.extend(open.take()),
                }
            }
        }
        before = c;
    }
    open.close(words);
    words.extend(joint);
}

/// Hash of a word as [`split`] would give it.
#[cfg(test)]
pub(super) fn hash(word: &str) -> u64 {
    let mut words = Vec::new();
    split(word, &mut words);
    words[0].hash
}

/// The word that is being read; letters are hashed two at a time.
struct Open {
    word: Word,
    half: u64,
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15; // golden ratio, as in splitmix64
const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd; // murmur3's finaliser

impl Default for Open {
    fn default() -> Self {
        Open {
            word: Word {
                hash: SEED,
                n_chars: 0,
                is_word: true,
                has_letter: false,
            },
            half: 0,
        }
    }
}

impl Open {
    #[inline]
    fn push(&mut self, class: Class) {
        self.half = (self.half << 21) | u64::from(class.lower() as u32);
        self.word.n_chars += 1;
        self.word.has_letter |= class.is_letter();
        if self.word.n_chars.is_multiple_of(3) {
            self.absorb();
        }
    }

    #[inline]
    fn absorb(&mut self) {
        self.word.hash = mix(self.word.hash, self.half);
        self.half = 0;
    }

    /// Ends the word; true if there was one.
    #[inline]
    fn close(&mut self, words: &mut Vec<Word>) -> bool {
        let word = self.take();
        words.extend(word);
        word.is_some()
    }

    #[inline]
    fn take(&mut self) -> Option<Word> {
        if self.word.n_chars == 0 {
            return None;
        }
        self.absorb();
        let mut word = std::mem::take(self).word;
        word.hash = mix(word.hash, u64::from(word.n_chars));
        Some(word)
    }
}

/// Joins two hashes; the order matters.
#[inline]
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let h = (a.rotate_left(23) ^ b).wrapping_mul(MULTIPLIER);
    h ^ (h >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_marks_stand_alone() {
        let mut words = Vec::new();
        split("L'État, c’est 4,2 — o\u{301}kay..... 'ta' — —", &mut words);
        let lens: Vec<u32> = words.iter().map(|w| w.n_chars).collect();
        assert_eq!(lens, [1, 4, 1, 1, 3, 1, 1, 1, 5, 1, 1, 2, 1, 1, 1]);
        assert_eq!(words.iter().filter(|w| w.is_word).count(), 8);
        assert_eq!(words.iter().filter(|w| w.has_letter).count(), 6);
    }

    #[test]
    fn case_does_not_matter_and_all_else_does() {
        assert_eq!(hash("ŽLUŤ"), hash("žluť"));
        let different = [
            "a", "aa", "ab", "ba", "abc", "acb", "abcd", "abca", "0", "ά", "α",
        ];
        for (i, a) in different.iter().enumerate() {
            for b in &different[..i] {
                assert_ne!(hash(a), hash(b), "{a} {b}");
            }
        }
    }
}
