//! Text → words of one script → hashes of their n-grams.
//!
//! A word is a run of letters of one script, lower-cased, with a space at both ends; an
//! apostrophe, hyphen or middle dot between two letters belongs to it (`l'aigua`, `s-a`,
//! `col·legi`). Its coarse features, which tell all languages of a script apart, are all n-grams
//! of one to five characters, the word itself, and the pair it forms with the word before. Its
//! fine features, which tell close languages apart, are longer n-grams, the word, the pair, and
//! the pair of the word before with the word's ending: what is one language's infinitive is
//! another's `da` with the present.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// Longest n-gram, in characters with the boundary spaces.
const MAX_ORDER: usize = 5;
/// Most coarse features for each byte of a text: the n-grams that start there, word and pair.
pub(super) const MOST_FEATURES: usize = MAX_ORDER + 2;
/// A longer run of letters is cut into several words, so that no input is worse than linear.
const MAX_WORD: usize = 40;
/// Odd constant of Fibonacci hashing: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Scripts that are told apart before any statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Script {
    Latin,
    Greek,
    Cyrillic,
    Georgian,
    Other,
}

impl Script {
    /// The scripts that languages of the table are written in.
    pub(super) const KNOWN: [Script; 4] = [
        Script::Latin,
        Script::Greek,
        Script::Cyrillic,
        Script::Georgian,
    ];

    /// The ISO 15924 code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Script::Latin => "Latn",
            Script::Greek => "Grek",
            Script::Cyrillic => "Cyrl",
            Script::Georgian => "Geor",
            Script::Other => "Zyyy",
        }
    }

    /// The script of an ISO 15924 code; [`Script::Other`] if it is none of the four.
    pub(super) fn of_code(code: &str) -> Script {
        Self::KNOWN
            .into_iter()
            .find(|s| s.code() == code)
            .unwrap_or(Script::Other)
    }

    /// The script of a lower-case letter.
    fn of(letter: u32) -> Script {
        match letter {
            0x41..=0x2AF | 0x1E00..=0x1EFF | 0xFB00..=0xFB06 | 0xFF21..=0xFF5A => Script::Latin,
            0x370..=0x3FF | 0x1F00..=0x1FFF => Script::Greek,
            0x400..=0x52F | 0x1C80..=0x1C8F | 0x2DE0..=0x2DFF | 0xA640..=0xA69F => Script::Cyrillic,
            0x10A0..=0x10FF | 0x1C90..=0x1CBF | 0x2D00..=0x2D2F => Script::Georgian,
            _ => Script::Other,
        }
    }
}

/// What a character does to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Ends it.
    Break,
    /// Is not there: soft hyphens, zero-width characters, marks left over after composing.
    Skip,
    /// Belongs to it between two letters.
    Joiner(u32),
    /// Continues it.
    Letter(u32),
}

/// Roles of the blocks of Unicode in which nearly all text of the known scripts lies: Latin to
/// Cyrillic, Georgian, more of Latin and Greek, and the punctuation of all.
static ROLES: LazyLock<Vec<(Role, Script)>> = LazyLock::new(|| {
    (0..0x2100)
        .map(|n| char::from_u32(n).map_or((Role::Break, Script::Other), slow_role))
        .collect()
});

fn slow_role(c: char) -> (Role, Script) {
    let role = match c {
        '\'' | '\u{2019}' | '\u{2BC}' => Role::Joiner('\''.into()),
        '-' | '\u{2010}' | '\u{2011}' => Role::Joiner('-'.into()),
        '\u{B7}' => Role::Joiner(c.into()),
        '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' => Role::Skip,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{FE00}'..='\u{FE0F}' => Role::Skip,
        '\u{AA}' | '\u{BA}' => Role::Break,
        // Romanian is written with a comma or, in older text, a cedilla below.
        '\u{218}' | '\u{219}' => Role::Letter('\u{15F}'.into()),
        '\u{21A}' | '\u{21B}' => Role::Letter('\u{163}'.into()),
        _ if c.is_alphabetic() => Role::Letter(c.to_lowercase().next().unwrap_or(c).into()),
        _ => Role::Break,
    };
    match role {
        Role::Letter(letter) => (role, Script::of(letter)),
        _ => (role, Script::Other),
    }
}

/// Calls `each` with the script and the letters of every word, a space at both ends.
pub(super) fn words(text: &str, mut each: impl FnMut(Script, &[u32])) {
    let is_mark = |c: char| ('\u{300}'..='\u{36F}').contains(&c);
    // Lead bytes 0xCC and 0xCD are the only ones that can start a combining mark.
    // All are looked at, as many at a time as fit a register.
    let may_mark = text.bytes().fold(false, |any, b| any | (b & 0xFE == 0xCC));
    if may_mark && text.chars().any(is_mark) {
        split(text.nfc(), &mut each);
    } else {
        split(text.chars(), &mut each);
    }
}

fn split(chars: impl Iterator<Item = char>, each: &mut impl FnMut(Script, &[u32])) {
    let roles: &[(Role, Script)] = &ROLES;
    let mut word = [u32::from(' '); MAX_WORD + 4];
    let mut len = 1; // the boundary in front
    let mut script = Script::Other;
    let mut joiner = None;
    let mut end = |word: &mut [u32; MAX_WORD + 4], len: &mut usize, script| {
        if *len > 1 {
            word[*len] = ' '.into();
            each(script, &word[..=*len]);
            *len = 1;
        }
    };
    for c in chars {
        let fast = roles.get(c as usize).copied();
        match fast.unwrap_or_else(|| slow_role(c)) {
            (Role::Letter(letter), of) => {
                if len > MAX_WORD || (of != script && len > 1) {
                    end(&mut word, &mut len, script);
                    joiner = None;
                }
                script = of;
                if let Some(joiner) = joiner.take() {
                    word[len] = joiner;
                    len += 1;
                }
                word[len] = letter;
                len += 1;
            }
            (Role::Skip, _) => {}
            (Role::Joiner(mark), _) if len > 1 && joiner.is_none() => joiner = Some(mark),
            _ => {
                end(&mut word, &mut len, script);
                joiner = None;
            }
        }
    }
    end(&mut word, &mut len, script);
}

fn step(hash: u64, unit: u64) -> u64 {
    (hash.rotate_left(5) ^ unit).wrapping_mul(GOLDEN)
}

/// The hashes of the first character, the first two, ... and all `N`.
fn beginnings<const N: usize>(letters: &[u32; N]) -> [u64; N] {
    let mut hash = 0;
    letters.map(|letter| {
        hash = step(hash, letter.into());
        hash
    })
}

/// Appends the hashes of the features of `word`; gives the hash of the word itself.
///
/// `before` is what this function gave for the word before, or 0 at the start of a text.
pub(super) fn coarse(word: &[u32], before: u64, into: &mut Vec<u64>) -> u64 {
    // Straight lines rather than loops over lengths, whose ends are hard to foresee; the space in
    // front is no feature alone.
    let whole = match word {
        [a, b, c] => {
            let [_, two, whole] = beginnings(&[*a, *b, *c]);
            into.extend_from_slice(&[two, whole]);
            whole
        }
        [a, b, c, d] => {
            let [_, two, three, whole] = beginnings(&[*a, *b, *c, *d]);
            into.extend_from_slice(&[two, three, whole]);
            into.extend_from_slice(&beginnings(&[*b, *c, *d]));
            whole
        }
        [a, b, c, d, e, rest @ ..] => {
            let [_, two, three, four, five] = beginnings(&[*a, *b, *c, *d, *e]);
            into.extend_from_slice(&[two, three, four, five]);
            let whole = rest.iter().fold(five, |h, &l| step(h, l.into()));
            if !rest.is_empty() {
                into.push(whole);
            }
            for letters in word[1..].array_windows::<MAX_ORDER>() {
                into.extend_from_slice(&beginnings(letters));
            }
            if let [.., w, x, y, z] = word {
                into.extend_from_slice(&beginnings(&[*w, *x, *y, *z]));
                into.extend_from_slice(&beginnings(&[*x, *y, *z]));
            }
            whole
        }
        _ => return 0, // a word has a letter, and a space at both ends
    };
    if let [.., y, z] = word {
        into.extend_from_slice(&beginnings(&[*y, *z]));
    }
    if before != 0 {
        into.push(step(before, whole));
    }
    whole
}

/// Shortest and longest n-gram of the fine features.
const FINE_ORDERS: (usize, usize) = (3, 7);
/// Characters of an ending, with the boundary space.
const ENDING: usize = 3;

/// As [`coarse`], for close languages.
pub(super) fn fine(word: &[u32], before: u64, into: &mut Vec<u64>) -> u64 {
    let (least, most) = FINE_ORDERS;
    for start in 0..word.len() {
        let mut hash = 0;
        for (n, &letter) in word[start..].iter().take(most).enumerate() {
            hash = step(hash, letter.into());
            if n + 1 >= least && n + 1 < word.len() {
                into.push(hash);
            }
        }
    }
    let hash = |part: &[u32]| part.iter().fold(0, |h, &l| step(h, l.into()));
    let whole = hash(word);
    into.push(whole);
    if before != 0 {
        into.push(step(before, whole));
        into.push(step(
            before,
            hash(&word[word.len().saturating_sub(ENDING)..]),
        ));
    }
    whole
}

/// Which features a section of the model looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// To tell all languages of a script apart.
    Coarse,
    /// To tell the languages of a close group apart.
    Fine,
}

impl Grain {
    /// Appends the features of a word; see [`coarse`].
    pub(super) fn features(self, word: &[u32], before: u64, into: &mut Vec<u64>) -> u64 {
        match self {
            Grain::Coarse => coarse(word, before, into),
            Grain::Fine => fine(word, before, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_words(text: &str) -> Vec<(Script, String)> {
        let mut found = Vec::new();
        words(text, |script, word| {
            let letters = word.iter().filter_map(|&l| char::from_u32(l)).collect();
            found.push((script, letters));
        });
        found
    }

    #[test]
    fn words_are_runs_of_letters_of_one_script() {
        let found = split_words("L\u{2019}Aigua, 3 col·legi’s ΑΒΓ-αβγ (s-a) -x- Київ ქართული");
        let expected = [
            (Script::Latin, " l'aigua "),
            (Script::Latin, " col·legi's "),
            (Script::Greek, " αβγ-αβγ "),
            (Script::Latin, " s-a "),
            (Script::Latin, " x "),
            (Script::Cyrillic, " київ "),
            (Script::Georgian, " ქართული "),
        ];
        let found: Vec<_> = found.iter().map(|(s, w)| (*s, w.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_word_that_changes_script_is_two_words() {
        let expected = [
            (Script::Latin, " tom ".to_string()),
            (Script::Cyrillic, " ов ".to_string()),
        ];
        assert_eq!(split_words("Tomов"), expected);
    }

    #[test]
    fn composed_and_decomposed_letters_are_the_same() {
        assert_eq!(
            split_words("Žluťoučký"),
            split_words("Z\u{30C}lut\u{30C}ouc\u{30C}ky\u{301}")
        );
        assert_eq!(split_words("și ţară"), split_words("şi țară"));
    }

    #[test]
    fn an_endless_word_is_cut() {
        let found = split_words(&"a".repeat(1000));
        assert!(found.len() >= 25 && found.iter().all(|(_, w)| w.len() <= MAX_WORD + 3));
        assert!(split_words(&"\u{301}".repeat(1000)).is_empty());
        assert!(
            split_words(&"a-".repeat(1000))
                .iter()
                .all(|(_, w)| w.len() <= MAX_WORD + 4)
        );
    }

    #[test]
    fn features_are_ngrams_the_word_and_the_pair() {
        let word: Vec<u32> = " abcd ".chars().map(u32::from).collect();
        let mut seen = Vec::new();
        let whole = coarse(&word, 0, &mut seen);
        // 4 single letters; 5, 4, 3, 2 grams of 2 to 5; the word of 6 characters
        assert_eq!(seen.len(), 4 + 5 + 4 + 3 + 2 + 1);
        assert!(seen.contains(&whole));
        let mut with_pair = Vec::new();
        coarse(&word, whole, &mut with_pair);
        assert_eq!(with_pair.len(), seen.len() + 1);
        let distinct: std::collections::BTreeSet<_> = with_pair.iter().collect();
        assert_eq!(distinct.len(), with_pair.len());
    }

    /// What [`coarse`] gives, by its definition.
    fn coarse_by_loops(word: &[u32], before: u64) -> (Vec<u64>, u64) {
        let hash = |part: &[u32]| part.iter().fold(0, |h, &l| step(h, l.into()));
        let mut found = Vec::new();
        for start in 0..word.len() - 1 {
            let most = MAX_ORDER.min(word.len() - start);
            let least = if start == 0 { 2 } else { 1 };
            found.extend((least..=most).map(|n| hash(&word[start..start + n])));
            if start == 0 && word.len() > MAX_ORDER {
                found.push(hash(word));
            }
        }
        if before != 0 {
            found.push(step(before, hash(word)));
        }
        (found, hash(word))
    }

    #[test]
    fn words_of_every_length_have_the_features_of_the_definition() {
        let letters: Vec<u32> = (0..MAX_WORD as u32 + 2).map(|n| n * n + 97).collect();
        for len in 1..=letters.len() {
            let word = [&[32], &letters[..len], &[32]].concat();
            for before in [0, 7] {
                let mut found = Vec::new();
                let whole = coarse(&word, before, &mut found);
                assert_eq!((found, whole), coarse_by_loops(&word, before), "{len}");
            }
        }
    }
}
