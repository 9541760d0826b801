//! What a character is and what it folds to, from tables: text is walked once a character in
//! filters and deduplication, and the standard library's answers cost a search each.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Code points below this are answered from the table: every European script, and more.
const TABLE: u32 = 0x3000;

const CHAR: u32 = 0x1f_ffff;
const LETTER: u32 = 1 << 24;
const DIGIT: u32 = 1 << 25;
const SPACE: u32 = 1 << 26;
const MARK: u32 = 1 << 27;

/// A character's class and lower case.
#[derive(Clone, Copy)]
pub(super) struct Class(u32);

impl Class {
    /// The class of `c`.
    #[inline]
    pub(super) fn of(c: char) -> Self {
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
    pub(super) fn is_letter(self) -> bool {
        self.0 & LETTER != 0
    }

    /// Part of a word: a letter, a mark on one, or a digit.
    pub(super) fn is_word(self) -> bool {
        self.0 & (LETTER | DIGIT | MARK) != 0
    }

    /// White space.
    pub(super) fn is_space(self) -> bool {
        self.0 & SPACE != 0
    }

    /// Lower case; the first character of it where it has several.
    pub(super) fn lower(self) -> char {
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
/// a mark is nothing, and all else is a space.
#[inline]
pub(super) fn bare(c: char) -> Option<char> {
    static BARE: LazyLock<Vec<Option<char>>> = LazyLock::new(|| {
        (0..TABLE)
            .map(|n| compute_bare(char::from_u32(n)?))
            .collect()
    });
    match BARE.get(c as usize) {
        Some(bare) => *bare,
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
    Some(if base.is_alphabetic() {
        Class::of(base).lower()
    } else {
        ' '
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let got: String = text.chars().filter_map(bare).collect();
            assert_eq!(got, expected);
        }
    }
}
