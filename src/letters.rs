//! What a character is and what it folds to, from tables: text is walked once a character in
//! filters, deduplication, the index of evaluation sets and the encoder, and the standard
//! library's answers cost a search each.

use std::sync::LazyLock;

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Code points below this are answered from the table: every European script, and more.
const TABLE: u32 = 0x3000;

const CHAR: u32 = 0x1f_ffff;
const LETTER: u32 = 1 << 24;
const DIGIT: u32 = 1 << 25;
const SPACE: u32 = 1 << 26;
const MARK: u32 = 1 << 27;

/// A character's class and lower case.
#[derive(Clone, Copy)]
pub(crate) struct Class(u32);

impl Class {
    /// The class of `c`.
    #[inline]
    pub(crate) fn of(c: char) -> Self {
        static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
            (0..TABLE)
                .map(|n| char::from_u32(n).map_or(Class(n), compute))
                .collect()
        });
        match CLASSES.get(c as usize) {
            Some(class) => *class,
            None => compute(c),
        }
    }

    /// A letter, or a mark on one.
    pub(crate) fn is_letter(self) -> bool {
        self.0 & LETTER != 0
    }

    /// Part of a word: a letter, a mark on one, or a digit.
    pub(crate) fn is_word(self) -> bool {
        self.0 & (LETTER | DIGIT | MARK) != 0
    }

    /// White space.
    pub(crate) fn is_space(self) -> bool {
        self.0 & SPACE != 0
    }

    /// Lower case; the first character of it where it has several.
    pub(crate) fn lower(self) -> char {
        char::from_u32(self.0 & CHAR).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

fn compute(c: char) -> Class {
    let mut bits = c.to_lowercase().next().unwrap_or(c) as u32;
    for (flag, is) in [
        (LETTER, c.is_alphabetic()),
        (DIGIT, c.is_numeric()),
        (SPACE, c.is_whitespace()),
        (MARK, is_combining_mark(c)),
    ] {
        bits |= if is { flag } else { 0 };
    }
    Class(bits)
}

/// What `c` is when only the bare letters matter: lower case without marks, any digit is `0`,
/// a mark is nothing, and all else is a space. Final sigma is sigma and the dotless i an i, for in
/// capitals nobody can tell.
#[inline]
pub(crate) fn bare(c: char) -> Option<char> {
    match BARE_CODES.get(c as usize) {
        Some(&NOTHING) => None,
        Some(&PART) => Some(' '),
        Some(&code) => char::from_u32(code.into()),
        None => compute_bare(c),
    }
}

fn compute_bare(c: char) -> Option<char> {
    if is_combining_mark(c) {
        return None;
    }
    if c.is_numeric() {
        return Some('0');
    }
    let base = std::iter::once(c).nfd().find(|c| !is_combining_mark(*c))?;
    Some(match Class::of(base).lower() {
        _ if !base.is_alphabetic() => ' ',
        'ς' => 'σ',
        'ı' => 'i',
        lower => lower,
    })
}

/// Code of what parts words, in [`BARE_CODES`].
const PART: u16 = 0;
/// Code of what is nothing, in [`BARE_CODES`].
const NOTHING: u16 = u16::MAX;

/// [`bare`] below [`TABLE`] as codes of 16 bits: small enough to stay in the nearest cache.
static BARE_CODES: LazyLock<Box<[u16; TABLE as usize]>> = LazyLock::new(|| {
    let mut codes = Box::new([PART; TABLE as usize]);
    for (n, code) in (0..TABLE).zip(codes.iter_mut()) {
        *code = char::from_u32(n).map_or(PART, code_of);
    }
    codes
});

fn code_of(c: char) -> u16 {
    match compute_bare(c) {
        None => NOTHING,
        Some(' ') => PART,
        // Every base letter of these is in the first plane; were one not, it would part words
        // rather than be taken for another letter.
        Some(c) => u16::try_from(c as u32).unwrap_or(PART),
    }
}

const WORD_SEED: u64 = 0x9e37_79b9_7f4a_7c15; // golden ratio, as in splitmix64
const WORD_MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd; // murmur3's finaliser

/// The hash of a word that goes on by a letter. The product does not wait for the letters
/// before, so a letter costs a rotation and a sum.
#[inline]
fn longer(hash: u64, code: u32) -> u64 {
    hash.rotate_left(23) ^ u64::from(code).wrapping_mul(WORD_MULTIPLIER)
}

/// Hashes of the bare words of a text, a buffer at a time, so that a text of any length needs
/// no more memory than a short one: lower case, without marks, digits all alike (see [`bare`]),
/// parted by everything else.
pub(crate) struct BareWords<'a> {
    text: &'a str,
    at: usize,
    hash: u64,
    is_open: bool,
}

impl<'a> BareWords<'a> {
    /// The words of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        BareWords {
            text,
            at: 0,
            hash: WORD_SEED,
            is_open: false,
        }
    }

    /// Fills `words` with the hashes of the next words; how many there were. Fewer than fit
    /// only at the end of the text.
    pub(crate) fn fill(&mut self, words: &mut [u64]) -> usize {
        let codes: &[u16; TABLE as usize] = &BARE_CODES;
        let bytes = self.text.as_bytes();
        let (mut at, mut hash, mut is_open, mut n) = (self.at, self.hash, self.is_open, 0);
        // Words end too often and too irregularly to be guessed: all but long characters is
        // read without a branch, each stores the hash so far, and only the end of a word moves
        // on to the next slot.
        while let (Some(slot), Some(&byte)) = (words.get_mut(n), bytes.get(at)) {
            let code = if byte < 0xe0 {
                let next = bytes.get(at + 1).copied().unwrap_or(0);
                let is_pair = byte >= 0x80;
                let pair = (u32::from(byte & 0x1f) << 6) | u32::from(next & 0x3f);
                let c = if is_pair { pair } else { u32::from(byte) };
                at += 1 + usize::from(is_pair);
                codes[(c & 0x7ff) as usize]
            } else {
                let Some(c) = self.text.get(at..).and_then(|rest| rest.chars().next()) else {
                    break; // never: `at` is always at the start of a character
                };
                at += c.len_utf8();
                match codes.get(c as usize) {
                    Some(code) => *code,
                    None => match bare(c) {
                        Some(c) if c != ' ' => {
                            hash = longer(hash, c as u32);
                            is_open = true;
                            NOTHING
                        }
                        Some(_) => PART,
                        None => NOTHING,
                    },
                }
            };
            if code == NOTHING {
                continue;
            }
            let parts = code == PART;
            *slot = hash;
            n += usize::from(parts & is_open);
            is_open = !parts;
            let longer = longer(hash, u32::from(code));
            hash = if parts { WORD_SEED } else { longer };
        }
        if at >= bytes.len()
            && is_open
            && let Some(slot) = words.get_mut(n)
        {
            *slot = hash;
            n += 1;
            (hash, is_open) = (WORD_SEED, false);
        }
        (self.at, self.hash, self.is_open) = (at, hash, is_open);
        n
    }
}

/// Characters of the first plane, a bit each, that stand composed whatever stands before and after
/// them: the others begin with a character that something before could change.
static SETTLED: LazyLock<Box<[u64]>> = LazyLock::new(|| {
    let mut bits = vec![0; 1 << 10];
    for c in (0..1 << 16).filter_map(char::from_u32) {
        let alone = is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes;
        if alone && canonical_combining_class(c) == 0 {
            bits[c as usize / 64] |= 1 << (c as usize % 64);
        }
    }
    bits.into()
});

/// True when `text` is in composed form (NFC) for certain: when Unicode's quick check says so. A
/// false answer says nothing.
pub(crate) fn is_surely_composed(text: &str) -> bool {
    let settled = &**SETTLED;
    let of = |code: usize| {
        let word = settled.get(code / 64);
        word.is_some_and(|word| word >> (code % 64) & 1 == 1)
    };
    // Latin letters and all before them, up to U+02FF, are settled: their first byte is below 0xcc.
    let is_low = |bytes: &[u8]| bytes.iter().fold(0, |most, b| most.max(*b)) < 0xcc;
    let mut rest = text.as_bytes();
    while let Some(head) = rest.get(..LOOKED_AT).filter(|head| is_low(head)) {
        rest = &rest[head.len()..];
    }
    while let Some(at) = rest.iter().position(|byte| *byte >= 0xcc) {
        rest = &rest[at..];
        let bits = |n: usize| usize::from(rest.get(n).copied().unwrap_or(0) & 0x3f);
        let (code, len) = match rest[0] {
            lead @ 0..0xe0 => (usize::from(lead & 0x1f) << 6 | bits(1), 2),
            lead @ 0xe0..0xf0 => (usize::from(lead & 0x0f) << 12 | bits(1) << 6 | bits(2), 3),
            _ => (usize::MAX, 4),
        };
        if !of(code) {
            return is_nfc_quick(text.chars()) == IsNormalized::Yes;
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    true
}

/// Bytes looked at at once for any of a character that could fail.
const LOOKED_AT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What [`BareWords`] gives, the plain way.
    fn bare_words(text: &str) -> Vec<u64> {
        let spaced: String = text.chars().filter_map(bare).collect();
        let hash = |word: &str| {
            let codes = word.chars().map(|c| c as u32);
            codes.fold(WORD_SEED, longer)
        };
        spaced
            .split(' ')
            .filter(|w| !w.is_empty())
            .map(hash)
            .collect()
    }

    fn filled(text: &str, at_a_time: usize) -> Vec<u64> {
        let (mut words, mut buffer) = (Vec::new(), vec![0; at_a_time]);
        let mut reader = BareWords::new(text);
        loop {
            let n = reader.fill(&mut buffer);
            words.extend(&buffer[..n]);
            if n < at_a_time {
                return words;
            }
        }
    }

    proptest! {
        #[test]
        fn words_are_the_same_however_many_are_read_at_once(
            text in "([ a-zA-Z0-9.,ßàžŁøİſςΆДяйქაữ\u{300}\u{301}—’🎈日\u{2126}\u{212a}\n]|\\PC){0,60}",
            at_a_time in 1usize..9,
        ) {
            let expected = bare_words(&text);
            prop_assert_eq!(&filled(&text, at_a_time), &expected);
            prop_assert_eq!(&filled(&text, 4096), &expected);
        }

        #[test]
        fn what_is_surely_composed_is_composed(
            text in r"(\PC|[a-zäöåÅ]|\p{M}|[ёйЁ]|[\u{1100}-\u{11ff}]|가|plain text [a-z]{60}){0,12}",
        ) {
            let quick = is_nfc_quick(text.chars()) == IsNormalized::Yes;
            prop_assert_eq!(is_surely_composed(&text), quick);
            if quick {
                prop_assert_eq!(text.nfc().collect::<String>(), text);
            }
        }
    }

    #[test]
    fn all_words_of_three_letters_and_numbered_long_ones_have_hashes_of_their_own() {
        let letters: Vec<char> = "abcdefghijklmnopqrstuvwxyz0ßłαβγδωабвгдюяქაბ"
            .chars()
            .collect();
        let mut words = vec![String::new()];
        for from in [0, 1, letters.len() + 1] {
            let longer = words[from..].iter().flat_map(|word| {
                let letters = letters.iter();
                letters.map(move |letter| format!("{word}{letter}"))
            });
            words.extend(longer.collect::<Vec<_>>());
        }
        let tail = |i: usize| format!("{}{}", "donaudampfschifffahrt".repeat(4), words[i]);
        words.extend((1..2000).map(tail).collect::<Vec<_>>());
        let hashes = filled(&words.join(" "), 4096);
        assert_eq!(hashes.len(), words.len() - 1);
        let different: std::collections::HashSet<u64> = hashes.iter().copied().collect();
        assert_eq!(different.len(), hashes.len());
    }

    #[test]
    fn european_text_is_surely_composed_and_loose_marks_are_not() {
        for text in [
            "l’été…",
            "Žluť kůň",
            "Добър ден, їжак",
            "ΆΛΦΑ",
            "საქართველო",
            "ħġ",
        ] {
            assert!(is_surely_composed(text), "{text}");
        }
        assert!(!is_surely_composed("Z\u{30c}"));
        // Far behind letters that cannot fail, and beyond the first plane.
        let far = "plain ".repeat(100);
        assert!(!is_surely_composed(&format!("{far}Z\u{30c}")));
        assert!(!is_surely_composed(&format!("{far}\u{1d15e}")));
        assert!(is_surely_composed(&format!("{far}l’été \u{1f388}")));
    }

    #[test]
    fn classes_agree_with_the_standard_library_in_and_above_the_table() {
        for c in (0..0x1_1000).filter_map(char::from_u32) {
            let class = Class::of(c);
            assert_eq!(class.is_letter(), c.is_alphabetic(), "{c:?}");
            assert_eq!(class.is_space(), c.is_whitespace(), "{c:?}");
            assert_eq!(Some(class.lower()), c.to_lowercase().next(), "{c:?}");
        }
    }

    #[test]
    fn letters_lose_case_and_marks() {
        for (text, expected) in [
            ("Český Žluť", "cesky zlut"),
            ("ΆΛΦΑ", "αλφα"),
            ("A\u{301}b 1²٣", "ab 000"),
            ("Ġolja!", "golja "),
            ("ΟΔΥΣΣΕΥΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
            ("IŞIK ışık İZMİR", "isik isik izmir"),
        ] {
            let got: String = text.chars().filter_map(bare).collect();
            assert_eq!(got, expected);
        }
    }
}
