//! Cutting text into words as the known patterns do, by hand: one pass, no regular expression.
//!
//! What a letter and a number is comes from the pattern engine that the crate `tokenizers` uses,
//! asked once for every code point, so that both agree on every character of every version of
//! Unicode. A property test compares the cuts themselves.

use std::sync::LazyLock;

use tokenizers::utils::SysRegex;

use super::pre::{Cuts, Steps};
use super::{PRE_TOKENIZERS, Pre, PreTokenizer};

/// Neither letter nor number nor white space: punctuation, symbols, marks, the unassigned.
const OTHER: u8 = 0;
const LETTER: u8 = 1;
const NUMBER: u8 = 2;
const SPACE: u8 = 3;
/// `\r` and `\n`: white space that ends a line.
const NEWLINE: u8 = 4;
/// After the last character.
const END: u8 = 5;

const BMP: usize = 1 << 16;
/// Planes that have characters beyond the first: 1 to 3 and 14.
const PLANES: [u32; 4] = [1, 2, 3, 14];

/// Classes of the first plane, by code point.
static FIRST_PLANE: LazyLock<Box<[u8; BMP]>> = LazyLock::new(|| {
    let mut classes = vec![OTHER; BMP];
    for (class, range) in ranges(0..BMP as u32) {
        classes[range.0 as usize..=range.1 as usize].fill(class);
    }
    for end in [b'\r', b'\n'] {
        classes[usize::from(end)] = NEWLINE;
    }
    let classes = classes.into_boxed_slice().try_into();
    classes.expect("as many classes as code points")
});

/// Asks for the classes of the first plane, which takes some milliseconds, before they are needed.
pub(super) fn look_up_classes() {
    LazyLock::force(&FIRST_PLANE);
}

/// Ranges of code points beyond the first plane that are letters, numbers or white space, sorted.
static BEYOND: LazyLock<Vec<(u32, u32, u8)>> = LazyLock::new(|| {
    let found = PLANES
        .iter()
        .flat_map(|plane| ranges(plane << 16..(plane + 1) << 16));
    let mut found: Vec<_> = found.map(|(class, (a, b))| (a, b, class)).collect();
    found.sort_unstable();
    found
});

/// Ranges of letters, numbers and white space among `codes`, as the pattern engine sees them.
fn ranges(codes: std::ops::Range<u32>) -> Vec<(u8, (u32, u32))> {
    let chars: Vec<char> = codes.filter_map(char::from_u32).collect();
    let text: String = chars.iter().collect();
    let mut found = Vec::new();
    for (class, pattern) in [(LETTER, r"\p{L}+"), (NUMBER, r"\p{N}+"), (SPACE, r"\s+")] {
        let pattern = SysRegex::new(pattern).expect("a class is a pattern");
        for (start, end) in pattern.find_iter(&text) {
            // Code points between two matched neighbours that are no characters (the surrogates)
            // are never looked up.
            let mut matched = text.get(start..end).unwrap_or("").chars();
            if let Some(first) = matched.next() {
                let last = matched.next_back().unwrap_or(first);
                found.push((class, (u32::from(first), u32::from(last))));
            }
        }
    }
    found
}

const ASCII: [u8; 128] = {
    let mut classes = [OTHER; 128];
    let mut b = 0;
    while b < 128 {
        classes[b] = match b as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => NUMBER,
            b'\r' | b'\n' => NEWLINE,
            b' ' | b'\t' | 0x0b | 0x0c => SPACE,
            _ => OTHER,
        };
        b += 1;
    }
    classes
};

/// The family a pattern belongs to.
#[derive(Clone, Copy)]
enum Family {
    /// Words take one sign in front of them; numbers of at most so many digits.
    Signed { max_digits: usize },
    /// Words take a space in front of them (GPT-2).
    Spaced,
    /// None that is known here: the patterns themselves are asked.
    Patterns(&'static Steps),
}

/// Cuts text into words.
#[derive(Clone, Copy)]
pub struct Scanner {
    family: Family,
    single_digits: bool,
    /// Whether the long s is an s in contractions, as to patterns that do not mind case.
    long_s: bool,
    classes: &'static [u8; BMP],
}

impl Scanner {
    /// The scanner that cuts as `pre` does; none when its pattern is not known here.
    pub fn of(pre: &PreTokenizer) -> Option<Self> {
        let family = match pre.name {
            "llama-bpe" => Family::Signed { max_digits: 3 },
            "qwen2" => Family::Signed { max_digits: 1 },
            "gpt-2" | "smollm" => Family::Spaced,
            _ => return None,
        };
        Some(Scanner {
            family,
            single_digits: pre.single_digits,
            long_s: true,
            classes: &FIRST_PLANE,
        })
    }

    /// The scanner that cuts as llama.cpp does where a file names `pre`.
    pub(super) fn named(pre: &'static Pre) -> Option<Self> {
        match &pre.cuts {
            Cuts::As(row) => Some(Scanner {
                long_s: false,
                ..Scanner::of(&PRE_TOKENIZERS[*row])?
            }),
            Cuts::By(steps) => Some(Scanner {
                family: Family::Patterns(steps),
                single_digits: false,
                long_s: false,
                classes: &FIRST_PLANE,
            }),
        }
    }

    /// Calls `word` with every word of `text`, in order; together they are the text.
    pub fn words<'t>(&self, text: &'t str, mut word: impl FnMut(&'t [u8])) {
        self.cut(text, |start, end| word(&text.as_bytes()[start..end]));
    }

    /// As [`Scanner::words`], with the first byte of each word and the one after its last.
    pub fn cut(&self, text: &str, mut word: impl FnMut(usize, usize)) {
        if let Family::Patterns(steps) = self.family {
            return by_patterns(text, 0, steps.ready(), &mut word);
        }
        let bytes = text.as_bytes();
        let mut start = 0;
        if self.single_digits {
            for (at, c) in text.char_indices().filter(|(_, c)| c.is_numeric()) {
                let end = at + c.len_utf8();
                self.pieces(&bytes[..at], start, &mut word);
                word(at, end);
                start = end;
            }
        }
        self.pieces(bytes, start, &mut word);
    }

    #[inline]
    fn pieces(&self, text: &[u8], mut start: usize, word: &mut impl FnMut(usize, usize)) {
        while start < text.len() {
            let end = match self.family {
                Family::Signed { max_digits } => self.signed(text, start, max_digits),
                Family::Spaced | Family::Patterns(_) => self.spaced(text, start),
            };
            word(start, end);
            start = end;
        }
    }

    /// Class and length in bytes of the character at `at`.
    #[inline(always)]
    fn class(&self, text: &[u8], at: usize) -> (u8, usize) {
        let Some(&lead) = text.get(at) else {
            return (END, 0);
        };
        if lead < 0x80 {
            return (ASCII[usize::from(lead)], 1);
        }
        let bits = |n: usize| u32::from(text.get(at + n).copied().unwrap_or(0) & 0x3f);
        let first_plane = |code: u32| self.classes[usize::from(code as u16)];
        match lead {
            0..0xe0 => (first_plane(u32::from(lead & 0x1f) << 6 | bits(1)), 2),
            0xe0..0xf0 => {
                let code = u32::from(lead & 0x0f) << 12 | bits(1) << 6 | bits(2);
                (first_plane(code), 3)
            }
            _ => {
                let code = u32::from(lead & 7) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
                (beyond(code), 4)
            }
        }
    }

    /// End of the run of letters that begins at `at`. Latin ones are looked at eight at once.
    #[inline(always)]
    fn letters(&self, text: &[u8], mut at: usize) -> usize {
        loop {
            while let Some(eight) = text.get(at..).and_then(|text| text.first_chunk()) {
                let n = leading_letters(u64::from_le_bytes(*eight));
                at += n;
                if n < 8 {
                    if text[at] < 0x80 {
                        return at;
                    }
                    break;
                }
            }
            let (found, len) = self.class(text, at);
            if found != LETTER {
                return at;
            }
            at += len;
        }
    }

    /// End of the run of `class` that begins at `at`.
    #[inline(always)]
    fn run(&self, text: &[u8], mut at: usize, class: u8) -> usize {
        loop {
            let (found, len) = self.class(text, at);
            if found != class {
                return at;
            }
            at += len;
        }
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
    ///  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    #[inline]
    fn signed(&self, text: &[u8], start: usize, max_digits: usize) -> usize {
        let (class, len) = self.class(text, start);
        let next = start + len;
        match class {
            LETTER => return self.letters(text, next),
            NUMBER => {
                let mut end = next;
                for _ in 1..max_digits {
                    let (class, len) = self.class(text, end);
                    if class != NUMBER {
                        break;
                    }
                    end += len;
                }
                return end;
            }
            _ => {}
        }
        if text[start] == b'\''
            && let Some(end) = contraction(text, next, true, self.long_s)
        {
            return end;
        }
        let (second, second_len) = self.class(text, next);
        if second == LETTER && class != NEWLINE {
            return self.letters(text, next + second_len);
        }
        let others = match class {
            OTHER => Some(next),
            _ if text[start] == b' ' && second == OTHER => Some(next + second_len),
            _ => None,
        };
        match others {
            Some(at) => {
                let end = self.run(text, at, OTHER);
                self.run(text, end, NEWLINE)
            }
            None => self.spaces(text, start, true),
        }
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    #[inline]
    fn spaced(&self, text: &[u8], start: usize) -> usize {
        let (class, len) = self.class(text, start);
        let next = start + len;
        if text[start] == b'\''
            && let Some(end) = contraction(text, next, false, false)
        {
            return end;
        }
        if class == LETTER {
            return self.letters(text, next);
        }
        if class < SPACE {
            return self.run(text, next, class);
        }
        if text[start] == b' ' {
            let (second, second_len) = self.class(text, next);
            if second == LETTER {
                return self.letters(text, next + second_len);
            }
            if second < SPACE {
                return self.run(text, next + second_len, second);
            }
        }
        self.spaces(text, start, false)
    }

    /// `\s*[\r\n]+` where `to_newline`, else nothing of it; then `\s+(?!\S)|\s+`.
    fn spaces(&self, text: &[u8], start: usize, to_newline: bool) -> usize {
        let (mut at, mut last, mut newline) = (start, start, None);
        loop {
            let (class, len) = self.class(text, at);
            match class {
                SPACE => {}
                NEWLINE => newline = Some(at + len),
                END => return newline.filter(|_| to_newline).unwrap_or(at),
                _ => break,
            }
            last = at;
            at += len;
        }
        match newline {
            Some(end) if to_newline => end,
            // The last white space stays with the word that follows, unless it is the only one.
            _ if last > start => last,
            _ => at,
        }
    }
}

/// Cuts `text`, which begins at byte `at` of the whole, by the first pattern into what it matches
/// and what is between, each of which is cut by the next ones.
fn by_patterns(text: &str, at: usize, steps: &[SysRegex], word: &mut impl FnMut(usize, usize)) {
    let Some((pattern, steps)) = steps.split_first() else {
        if !text.is_empty() {
            word(at, at + text.len());
        }
        return;
    };
    let mut part = |from: usize, to: usize| {
        if let Some(text) = text.get(from..to) {
            by_patterns(text, at + from, steps, &mut *word);
        }
    };
    let mut end = 0;
    for (start, after) in pattern.find_iter(text) {
        part(end, start);
        part(start, after);
        end = after;
    }
    part(end, text.len());
}

/// How many of eight bytes, the first one lowest, are `a` to `z` or `A` to `Z` before another.
#[inline(always)]
fn leading_letters(eight: u64) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = 0x80 * ONES;
    let lower = (eight | (0x20 * ONES)) & !HIGH;
    let from_a = lower + (0x80 - b'a' as u64) * ONES;
    let beyond_z = lower + (0x80 - b'z' as u64 - 1) * ONES;
    let other = !(from_a & !beyond_z & !eight) & HIGH;
    other.trailing_zeros() as usize / 8
}

/// End of what follows an apostrophe at `at` as an English contraction.
#[inline]
fn contraction(text: &[u8], at: usize, any_case: bool, long_s: bool) -> Option<usize> {
    let lower = |at: usize| {
        let b = text.get(at).copied().unwrap_or(0);
        if any_case { b.to_ascii_lowercase() } else { b }
    };
    match (lower(at), lower(at + 1)) {
        (b's' | b't' | b'm' | b'd', _) => Some(at + 1),
        (b'r' | b'v', b'e') | (b'l', b'l') => Some(at + 2),
        (0xc5, 0xbf) if long_s => Some(at + 2),
        _ => None,
    }
}

#[cold]
fn beyond(code: u32) -> u8 {
    let at = BEYOND.partition_point(|(first, _, _)| *first <= code);
    match at.checked_sub(1).and_then(|i| BEYOND.get(i)) {
        Some((_, last, class)) if code <= *last => *class,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::tokenizer::pattern::Pattern;

    use super::*;
    use crate::vocab::PRE_TOKENIZERS;

    /// What the pattern itself cuts.
    fn by_pattern(pre: &PreTokenizer, text: &str) -> Vec<String> {
        let pattern = SysRegex::new(pre.pattern).unwrap();
        let pieces: Vec<&str> = if pre.single_digits {
            text.split_inclusive(char::is_numeric)
                .flat_map(|piece| match piece.char_indices().next_back() {
                    Some((at, c)) if c.is_numeric() => vec![&piece[..at], &piece[at..]],
                    _ => vec![piece],
                })
                .filter(|piece| !piece.is_empty())
                .collect()
        } else {
            vec![text]
        };
        let cut = |piece: &&str| -> Vec<String> {
            let matches = (&pattern).find_matches(piece).unwrap();
            let words = matches
                .into_iter()
                .map(|((a, b), _)| piece[a..b].to_owned());
            words.filter(|w| !w.is_empty()).collect()
        };
        pieces.iter().flat_map(cut).collect()
    }

    fn by_hand(pre: &PreTokenizer, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        Scanner::of(pre).unwrap().words(text, |word| {
            words.push(std::str::from_utf8(word).unwrap().to_owned());
        });
        words
    }

    #[test]
    fn every_character_is_cut_as_the_pattern_cuts_it() {
        // Each code point of the planes that have any, among letters, numbers and spaces.
        let planes = (0..0x3_2000).chain(0xe_0000..0xe_0200);
        let all: Vec<char> = planes.filter_map(char::from_u32).collect();
        for pre in [&PRE_TOKENIZERS[0], &PRE_TOKENIZERS[2]] {
            for chunk in all.chunks(4096) {
                let mut text = String::new();
                for c in chunk {
                    text.extend(['a', *c, '1', *c, ' ', *c, '\n']);
                }
                assert_eq!(by_hand(pre, &text), by_pattern(pre, &text), "{}", pre.name);
            }
        }
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_pattern(
            text in r"([ \t\r\n]|[a-z']|'(s|S|ſ|LL|re|x)|[0-9²Ⅳ٣]|[-.,¡€]|\PC|\p{Zs}|\p{M}|ქართ|\p{L}){0,40}",
        ) {
            for pre in &PRE_TOKENIZERS {
                prop_assert_eq!(by_hand(pre, &text), by_pattern(pre, &text), "{}", pre.name);
            }
        }
    }

    #[test]
    fn no_text_has_no_words() {
        for pre in &PRE_TOKENIZERS {
            assert_eq!(by_hand(pre, ""), Vec::<String>::new());
        }
    }
}
