//! Character references: `&eacute;`, `&#233;`, `&#xE9;`.

use std::sync::LazyLock;

/// Longest name in the table, semicolon included.
const MAX_NAME: usize = 33;

/// Name without ampersand, and its one or two characters.
type Name = (&'static str, [Option<char>; 2]);

/// All names, sorted.
static NAMED: LazyLock<Vec<Name>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let (name, codes) = line.split_once(' ')?;
        let mut chars = codes
            .split(' ')
            .map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        Some((name, [chars.next()?, chars.next().flatten()]))
    };
    include_str!("../../../assets/entities.txt")
        .lines()
        .filter_map(row)
        .collect()
});

/// The names that may lack a semicolon; few, so that a flood of ampersands costs little.
static BARE: LazyLock<Vec<Name>> = LazyLock::new(|| {
    let bare = |row: &&Name| !row.0.ends_with(';');
    NAMED.iter().filter(bare).copied().collect()
});

/// What pages mean by numbers 128 to 159: the characters of windows-1252.
const WINDOWS: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
    0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc,
    0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
];

/// Reads the reference at the start of `text`, which begins with `&`: its characters and length
/// in bytes. In an attribute a name without semicolon before `=` or a letter is no reference.
pub(super) fn reference(text: &str, in_attribute: bool) -> Option<([Option<char>; 2], usize)> {
    let bytes = text.as_bytes();
    match bytes.get(1)? {
        b'#' => numeric(bytes),
        b if b.is_ascii_alphabetic() => named(text, in_attribute),
        _ => None,
    }
}

fn numeric(bytes: &[u8]) -> Option<([Option<char>; 2], usize)> {
    let (radix, from) = match bytes.get(2)? {
        b'x' | b'X' => (16, 3),
        _ => (10, 2),
    };
    let digits = bytes.get(from..)?;
    let digit = |b: &u8| (*b as char).to_digit(radix);
    let len = digits.iter().take_while(|b| digit(b).is_some()).count();
    if len == 0 {
        return None;
    }
    let number = digits.get(..len)?.iter().filter_map(digit);
    // Saturating: a million digits are one bad character.
    let code = number.fold(0_u32, |sum, d| sum.saturating_mul(radix).saturating_add(d));
    let code = match code {
        0x80..=0x9f => WINDOWS
            .get(code as usize - 0x80)
            .copied()
            .map_or(code, u32::from),
        0 => 0xfffd,
        _ => code,
    };
    let semicolon = usize::from(digits.get(len) == Some(&b';'));
    let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    Some(([Some(char), None], from + len + semicolon))
}

fn named(text: &str, in_attribute: bool) -> Option<([Option<char>; 2], usize)> {
    let find = |name: &str| {
        let row = NAMED.binary_search_by(|row| row.0.cmp(name)).ok()?;
        NAMED.get(row).map(|row| row.1)
    };
    let bytes = text.as_bytes().get(1..)?;
    let len = bytes
        .iter()
        .take(MAX_NAME)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    if bytes.get(len) == Some(&b';')
        && let Some(chars) = find(text.get(1..len + 2)?)
    {
        return Some((chars, len + 2));
    }
    // The longest of the names that may lack a semicolon: they have 2 to 6 letters.
    for short in (2..=len.min(6)).rev() {
        let name = text.get(1..1 + short)?;
        if let Ok(row) = BARE.binary_search_by(|row| row.0.cmp(name)) {
            let chars = BARE.get(row).map(|row| row.1)?;
            let next = bytes.get(short).copied().unwrap_or(0);
            if in_attribute && (next == b'=' || next.is_ascii_alphanumeric()) {
                return None;
            }
            return Some((chars, short + 1));
        }
    }
    None
}

/// Appends an attribute's value with its references decoded.
pub(super) fn decode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (chars, len) = reference(from, true).unwrap_or(([Some('&'), None], 1));
        out.extend(chars.into_iter().flatten());
        rest = from.get(len..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_decoded_as_a_browser_does() {
        for (text, expected, len) in [
            ("&amp;x", "&", 5),
            ("&eacute;", "é", 8),
            ("&eacutex", "é", 7),
            ("&notin;", "∉", 7),
            ("&notit;", "¬", 4),
            ("&NotEqualTilde;", "≂̸", 15),
            ("&CounterClockwiseContourIntegral;", "∳", 33),
            ("&#233;", "é", 6),
            ("&#xE9x", "é", 5),
            ("&#128;", "€", 6),
            ("&#0;", "\u{fffd}", 4),
            ("&#xD800;", "\u{fffd}", 8),
            ("&#99999999999999999999;", "\u{fffd}", 23),
        ] {
            let (chars, n) = reference(text, false).expect(text);
            let got: String = chars.into_iter().flatten().collect();
            assert_eq!((got.as_str(), n), (expected, len), "{text}");
        }
        for text in ["&", "&;", "&#;", "&#x;", "&qqq;", "&é", "& amp;"] {
            assert!(reference(text, false).is_none(), "{text}");
        }
        assert_eq!(decode("?a=1&copy=2&amp;b&lt;"), "?a=1&copy=2&b<");
        assert_eq!(NAMED.len(), 2231);
        assert!(NAMED.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            NAMED
                .iter()
                .all(|row| row.0.len() <= MAX_NAME && row.1[0].is_some())
        );
    }
}
