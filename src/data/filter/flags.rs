//! What a character or word is, in one byte, from a table.

use std::sync::LazyLock;

use crate::letters::Class;

/// Holds a letter or a mark on one.
pub(super) const LETTER: u8 = 1;
/// Holds a digit.
pub(super) const DIGIT: u8 = 2;
/// Parts words; not kept.
pub(super) const SPACE: u8 = 4;
/// Begins with a capital letter.
pub(super) const CAPITAL: u8 = 8;
/// A mark that ends a sentence.
pub(super) const STOP: u8 = 16;
/// A mark that is common in running text; other marks are symbols.
pub(super) const COMMON: u8 = 32;
/// White space, or the end of the text, comes right after.
pub(super) const BEFORE_SPACE: u8 = 64;
/// The first of a line.
pub(super) const FIRST_OF_LINE: u8 = 128;

/// A letter, mark or digit: part of a word.
pub(super) const WORD: u8 = LETTER | DIGIT;

/// Code points below this are answered from the table.
pub(super) const TABLE: usize = 0x3000;

/// Flags of every code point of the table: its class, and which kind of mark it is.
pub(super) struct Flags(Box<[u8]>);

impl Flags {
    pub(super) fn get() -> &'static Flags {
        static FLAGS: LazyLock<Flags> = LazyLock::new(|| {
            let flags = |n: u32| char::from_u32(n).map_or(0, compute);
            Flags((0..TABLE as u32).map(flags).collect())
        });
        &FLAGS
    }

    /// Those of ASCII.
    pub(super) fn ascii(&self) -> Option<&[u8; 128]> {
        self.0.first_chunk()
    }

    /// Flags of a code point of the table.
    #[inline(always)]
    pub(super) fn at(&self, code: usize) -> u8 {
        self.0.get(code).copied().unwrap_or(0)
    }

    /// Flags of any character.
    #[inline]
    pub(super) fn of(&self, c: char) -> u8 {
        match self.0.get(c as usize) {
            Some(flags) => *flags,
            None => compute(c),
        }
    }
}

fn compute(c: char) -> u8 {
    let class = Class::of(c);
    let mut flags = 0;
    if class.is_word() {
        flags |= if class.is_letter() || !c.is_numeric() {
            LETTER
        } else {
            DIGIT
        };
        flags |= if class.lower() != c && c.is_uppercase() {
            CAPITAL
        } else {
            0
        };
    } else if class.is_space() {
        flags |= SPACE;
    } else {
        flags |= if is_common(c) { COMMON } else { 0 };
        flags |= if ends_sentence(c) || c == '…' {
            STOP
        } else {
            0
        };
    }
    flags
}

/// Ends a sentence: Unicode's Sentence_Terminal in the scripts of Europe and its neighbours and in
/// their full-width forms.
pub(super) fn ends_sentence(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '‼' | '‽' | '⁇'
            ..='⁉' | '։' | '؟' | '۔' | '።' | '。' | '！' | '．' | '？' | '｡'
    )
}

/// Punctuation of running text in the scripts of Europe: quotation marks, brackets, stops,
/// dashes. All other visible marks are symbols.
fn is_common(c: char) -> bool {
    matches!(
        c,
        '!' | '"' | '\'' | '(' | ')' | ',' | '-' | '.' | ':' | ';' | '?' | '[' | ']' | '`' | '¡'
            | '¿' | '«' | '»' | '·' | '´' | '\u{37e}' | '\u{387}' | '։' | '־' | '‐'..='―'
            | '‘'..='‟' | '…' | '‹' | '›' | '、' | '。' | '「' | '」'
    )
}
