//! Text to words: runs of letters, marks and digits, and runs of one other visible character.
//!
//! One walk over the bytes. Words are hashed as they are written, case and all, as the peers
//! compare them: eight bytes at a time, the letters of a run are never decoded where they are
//! ASCII.

use super::flags::{
    BEFORE_SPACE, CAPITAL, COMMON, DIGIT, FIRST_OF_LINE, Flags, LETTER, SPACE, STOP, TABLE, WORD,
};

/// A word, or a run of one mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// Hash of its bytes.
    pub(super) hash: u64,
    /// Byte where it begins; texts of more than 4 GiB are cut short before they come here.
    pub(super) start: u32,
    /// Characters, at most 2^24 - 1, above the flags.
    packed: u32,
}

impl Word {
    #[inline]
    fn new(hash: u64, start: usize, n_chars: usize, flags: u8) -> Self {
        Word {
            hash,
            start: start as u32,
            packed: (n_chars.min(0xff_ffff) as u32) << 8 | u32::from(flags),
        }
    }

    /// Its length in characters.
    #[inline]
    pub(super) fn n_chars(self) -> usize {
        (self.packed >> 8) as usize
    }

    /// Whether any of the flags is set.
    #[inline]
    pub(super) fn is(self, flags: u8) -> bool {
        self.packed & u32::from(flags) != 0
    }

    /// Holds a letter or digit: not a run of marks.
    #[inline]
    pub(super) fn is_word(self) -> bool {
        self.is(WORD)
    }
}

/// What was counted on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Hash signs.
    pub(super) hashes: usize,
    /// Ellipses: `...` and `…`.
    pub(super) ellipses: usize,
    /// Characters that are common punctuation.
    pub(super) common: usize,
    /// Other visible characters that are neither letters nor digits.
    pub(super) symbols: usize,
}

/// Splits `text` into `words`, which is cleared first.
///
/// A full stop or comma between digits and a full stop between letters are part of the word
/// (`3,5`, `x.org`), as are `_` and, between letters, `·` (`col·legi`). An apostrophe or hyphen between
/// letters parts two words and is not counted (`l'État`, `il-ħajja`): a language that writes its
/// articles with one has no more marks than others. All other marks stand alone; a run of one mark
/// counts once.
pub(super) fn split(text: &str, words: &mut Vec<Word>) -> Marks {
    let flags_of = Flags::get();
    words.clear();
    let Some(ascii) = flags_of.ascii() else {
        return Marks::default();
    };
    let bytes = text.as_bytes();
    let mut marks = Marks::default();
    let mut line = FIRST_OF_LINE;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (flags, len) = look(text, at, byte, ascii, flags_of);
        if flags & SPACE != 0 {
            line |= if byte == b'\n' { FIRST_OF_LINE } else { 0 };
            at += len;
            continue;
        }
        let start = at;
        if flags & WORD != 0 {
            let (end, n_chars, seen) = word_end(text, at, ascii, flags_of);
            let seen = (seen & WORD) | (flags & CAPITAL) | line;
            at = end;
            let hash = hash_of(bytes, start, end);
            line = 0;
            if bytes.get(at) == Some(&b' ') {
                words.push(Word::new(hash, start, n_chars, seen | BEFORE_SPACE));
                at += 1;
                continue;
            }
            let next = next_flags(text, at, ascii, flags_of);
            let seen = seen | if next & SPACE != 0 { BEFORE_SPACE } else { 0 };
            words.push(Word::new(hash, start, n_chars, seen));
            // An apostrophe or hyphen between letters only parts two words.
            let joint = match bytes.get(at) {
                Some(b'\'' | b'-') => 1,
                Some(0xe2) if matches!(text.get(at..at + 3), Some("’" | "‐" | "‑")) => 3,
                _ => 0,
            };
            if joint > 0 && next_flags(text, at + joint, ascii, flags_of) & WORD != 0 {
                at += joint;
            }
        } else {
            let mut n = 1;
            at += len;
            while bytes.get(at) == Some(&byte)
                && bytes.get(at..at + len) == bytes.get(start..start + len)
            {
                n += 1;
                at += len;
            }
            match byte {
                b'#' => marks.hashes += n,
                b'.' => marks.ellipses += n / 3,
                0xe2 if text.get(start..start + len) == Some("…") => marks.ellipses += n,
                _ => {}
            }
            if flags & COMMON != 0 {
                marks.common += n;
            } else {
                marks.symbols += n;
            }
            let next = next_flags(text, at, ascii, flags_of);
            let space = if next & SPACE != 0 { BEFORE_SPACE } else { 0 };
            let flags = (flags & (STOP | COMMON)) | line | space;
            words.push(Word::new(hash_of(bytes, start, at), start, n, flags));
            line = 0;
        }
    }
    marks
}

/// Flags and length in bytes of the character at `at`, whose first byte is `byte`.
#[inline(always)]
fn look(text: &str, at: usize, byte: u8, ascii: &[u8; 128], table: &Flags) -> (u8, usize) {
    match ascii.get(byte as usize) {
        Some(flags) => (*flags, 1),
        None => match decode(text.as_bytes(), at, byte) {
            Some((code, len)) if (code as usize) < TABLE => (table.at(code as usize), len),
            _ => {
                let c = text.get(at..).and_then(|rest| rest.chars().next());
                c.map_or((SPACE, 1), |c| (table.of(c), c.len_utf8()))
            }
        },
    }
}

/// Code point and length of a character of two or three bytes.
#[inline(always)]
fn decode(bytes: &[u8], at: usize, byte: u8) -> Option<(u32, usize)> {
    let tail = |i: usize| bytes.get(at + i).map(|b| u32::from(b & 0x3f));
    let lead = u32::from(byte);
    match byte {
        0xc0..=0xdf => Some(((lead & 0x1f) << 6 | tail(1)?, 2)),
        0xe0..=0xef => Some(((lead & 0xf) << 12 | tail(1)? << 6 | tail(2)?, 3)),
        _ => None,
    }
}

/// Flags of the character at `at`; those of a space at the end of the text.
#[inline(always)]
fn next_flags(text: &str, at: usize, ascii: &[u8; 128], table: &Flags) -> u8 {
    match text.as_bytes().get(at) {
        Some(&byte) => look(text, at, byte, ascii, table).0,
        None => SPACE,
    }
}

/// Where the word that begins at `start` ends, its length in characters, and the flags of all
/// its characters together.
#[inline(always)]
fn word_end(text: &str, start: usize, ascii: &[u8; 128], table: &Flags) -> (usize, usize, u8) {
    let bytes = text.as_bytes();
    let (mut at, mut n_chars, mut seen) = (start, 0, 0);
    loop {
        let (len, run) = ascii_run(bytes, at, ascii);
        at += len;
        n_chars += len;
        seen |= run;
        if len == 8 {
            continue;
        }
        let Some(&byte) = bytes.get(at) else {
            break;
        };
        let next = |at: usize| next_flags(text, at, ascii, table);
        if byte < 0x80 {
            // The character before is of ASCII where it is a digit.
            let before = || match at.checked_sub(1).and_then(|i| bytes.get(i)) {
                Some(b'0'..=b'9') if at > start => DIGIT,
                _ if at > start => LETTER,
                _ => 0,
            };
            let joins = match byte {
                b' ' => false,
                b'.' => next(at + 1) & before() != 0,
                b',' => next(at + 1) & before() & DIGIT != 0,
                b'_' => before() != 0 && next(at + 1) & WORD != 0,
                _ => false,
            };
            if !joins {
                break;
            }
            at += 1;
            n_chars += 1;
            continue;
        }
        let begun = at;
        while let Some(&byte) = bytes.get(at).filter(|b| **b >= 0x80) {
            let (flags, len) = look(text, at, byte, ascii, table);
            let middle_dot = byte == 0xc2 && bytes.get(at + 1) == Some(&0xb7);
            if flags & WORD == 0 && !(middle_dot && at > start && next(at + 2) & LETTER != 0) {
                break;
            }
            seen |= flags;
            n_chars += 1;
            at += len;
        }
        if at == begun {
            break;
        }
    }
    (at, n_chars, seen)
}

/// How many of the eight bytes at `at` are letters or digits of ASCII before the first that is
/// not, and what they are together. All eight are looked at at once: where words end is what a
/// loop over their bytes could not foresee.
#[inline(always)]
fn ascii_run(bytes: &[u8], at: usize, ascii: &[u8; 128]) -> (usize, u8) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    // The high bit of each byte of `x`, which has none, that is at least `low` and at most `high`.
    let within = |x: u64, low: u8, high: u8| {
        (x + (0x80 - u64::from(low)) * ONES) & !(x + (0x7f - u64::from(high)) * ONES) & HIGH
    };
    let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
        let tail = bytes.get(at..).unwrap_or_default().iter();
        let flags = tail.map(|b| ascii.get(*b as usize).copied().unwrap_or(0) & WORD);
        let run = flags.take_while(|flags| *flags != 0);
        return run.fold((0, 0), |(n, seen), flags| (n + 1, seen | flags));
    };
    let x = u64::from_le_bytes(*chunk);
    let (low, is_ascii) = (x & !HIGH, !x & HIGH);
    let letters = within(low | (0x20 * ONES), b'a', b'z') & is_ascii;
    let digits = within(low, b'0', b'9') & is_ascii;
    let rest = !(letters | digits) & HIGH;
    let len = rest.trailing_zeros() as usize / 8;
    let own = rest & rest.wrapping_neg(); // its lowest bit: all below it is the run's
    let own = own.wrapping_sub(1);
    let letter = if letters & own != 0 { LETTER } else { 0 };
    let digit = if digits & own != 0 { DIGIT } else { 0 };
    (len, letter | digit)
}

/// Hash of a word as [`split`] would give it.
pub(super) fn hash(word: &str) -> u64 {
    hash_of(word.as_bytes(), 0, word.len())
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15; // golden ratio, as in splitmix64
const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd; // murmur3's finaliser

/// Hash of `bytes[start..end]`, eight bytes at a time.
#[inline(always)]
fn hash_of(bytes: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    let seed = SEED.wrapping_mul(len as u64 | 1);
    if len <= 8 {
        // Eight bytes at once where the text goes on, less those that are not ours.
        let own = match bytes.get(start..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(chunk) => u64::from_le_bytes(*chunk) & (u64::MAX >> (64 - 8 * len.max(1))),
            None => fold(bytes.get(start..end).unwrap_or_default()),
        };
        return mix(seed, own);
    }
    let word = bytes.get(start..end).unwrap_or_default();
    let (chunks, _) = word.as_chunks::<8>();
    let mut hash = chunks
        .iter()
        .fold(seed, |h, c| mix(h, u64::from_le_bytes(*c)));
    if let Some(last) = word.last_chunk::<8>() {
        hash = mix(hash, u64::from_le_bytes(*last));
    }
    hash
}

fn fold(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, b| sum << 8 | u64::from(*b))
}

/// Joins two hashes; the order matters.
#[inline(always)]
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let h = (a.rotate_left(23) ^ b).wrapping_mul(MULTIPLIER);
    h ^ (h >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, bool)> {
        let mut found = Vec::new();
        split(text, &mut found);
        let text = |w: &Word| text[w.start as usize..].chars().take(w.n_chars()).collect();
        found.iter().map(|w| (text(w), w.is_word())).collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_marks_stand_alone() {
        let text = "L'État, c’est 4,2 — o\u{301}kay..... 'ta' x.org a-b snake_case col·legi — —";
        let found: Vec<String> = words(text).into_iter().map(|(word, _)| word).collect();
        let expected = [
            "L",
            "État",
            ",",
            "c",
            "est",
            "4,2",
            "—",
            "o\u{301}kay",
            ".....",
            "'",
            "ta",
            "'",
            "x.org",
            "a",
            "b",
            "snake_case",
            "col·legi",
            "—",
            "—",
        ];
        assert_eq!(found, expected);
        assert_eq!(
            words(text).iter().filter(|(_, is_word)| *is_word).count(),
            12
        );
    }

    #[test]
    fn every_word_has_the_hash_of_its_own_bytes_wherever_it_stands() {
        let text = "a bb ccc ωω ab longerthaneight longerthaneighu ž žž. x,";
        let mut found = Vec::new();
        split(text, &mut found);
        for (word, (own, _)) in found.iter().zip(words(text)) {
            assert_eq!(word.hash, hash(&own), "{own}");
        }
        let mut hashes: Vec<u64> = found.iter().map(|w| w.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), found.len());
    }

    #[test]
    fn flags_tell_lines_capitals_and_sentence_ends() {
        let mut found = Vec::new();
        let marks = split("Ja! Nein...\nÉcole #1 …\n\n½ €", &mut found);
        let of = |flag| {
            found
                .iter()
                .map(|w| u8::from(w.is(flag)))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(FIRST_OF_LINE), [1, 0, 0, 0, 1, 0, 0, 0, 1, 0]);
        assert_eq!(of(CAPITAL), [1, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(of(STOP), [0, 1, 0, 1, 0, 0, 0, 1, 0, 0]);
        assert_eq!(of(BEFORE_SPACE), [0, 1, 0, 1, 1, 0, 1, 1, 1, 1]);
        assert_eq!(of(DIGIT), [0, 0, 0, 0, 0, 0, 1, 0, 1, 0]);
        let expected = Marks {
            hashes: 1,
            ellipses: 2,
            common: 5,
            symbols: 2,
        };
        assert_eq!(marks, expected);
    }

    proptest::proptest! {
        /// What is no space is in exactly one word, whatever the text.
        #[test]
        fn nothing_is_lost_and_nothing_panics(text in "\\PC*|[a-z0-9.,'’·‐ \n-]{0,80}") {
            let mut found = Vec::new();
            split(&text, &mut found);
            let mut last = 0;
            for word in &found {
                let rest = text.get(word.start as usize..).expect("a word begins at a character");
                proptest::prop_assert!(word.start as usize >= last);
                let own: String = rest.chars().take(word.n_chars()).collect();
                proptest::prop_assert_eq!(hash(&own), word.hash);
                let between = &text[last..word.start as usize];
                proptest::prop_assert!(between.chars().all(|c| c.is_whitespace() || "'’-‐‑".contains(c)));
                last = word.start as usize + own.len();
            }
            proptest::prop_assert!(text[last..].trim().is_empty());
        }
    }
}
