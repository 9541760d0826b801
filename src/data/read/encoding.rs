//! Bytes of a page to text: which of forty encodings they are in, whatever was declared.
//!
//! The order is that of the WHATWG Encoding and HTML standards (byte order mark, HTTP, `<meta>`)
//! with what crawls teach put before it: text that is valid UTF-8 with letters beyond ASCII is
//! UTF-8 whatever its server says, and a declaration the bytes contradict is not believed.

use std::borrow::Cow;

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use super::meta;

/// Text, and the name of the encoding it was in, lower case, as WHATWG names it.
pub type Decoded<'a> = (Cow<'a, str>, &'static str);

/// Bytes the guess looks at; more changes it no longer.
const MAX_GUESS_BYTES: usize = 16 << 10;
/// Bytes before and behind a letter beyond ASCII that the guess is shown.
const AROUND_BYTES: usize = 24;
/// Bytes a declared encoding is tried on.
const MAX_TRIED_BYTES: usize = 64 << 10;

/// What text in an encoding of ISO was really written in when it has bytes 0x80 to 0x9f, which
/// are control characters there and letters in the code pages of Windows.
/// (WHATWG itself reads ISO 8859-1 and 8859-9 so.)
const SIBLINGS: [(&str, &str); 8] = [
    ("iso-8859-2", "windows-1250"),
    ("iso-8859-4", "windows-1257"),
    ("iso-8859-5", "windows-1251"),
    ("iso-8859-7", "windows-1253"),
    ("iso-8859-10", "windows-1257"),
    ("iso-8859-13", "windows-1257"),
    ("iso-8859-15", "windows-1252"),
    ("iso-8859-16", "windows-1250"),
];

/// Text of a page whose HTTP headers declared `charset`. Never fails: what the encoding has no
/// character for becomes U+FFFD.
pub fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Decoded<'a> {
    decode_hinted(bytes, charset, None)
}

/// As [`decode`]; `tld`, the last label of the host's name, helps where nothing was declared.
pub fn decode_hinted<'a>(bytes: &'a [u8], charset: Option<&str>, tld: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, len)) = Encoding::for_bom(bytes) {
        return whole(encoding, bytes.get(len..).unwrap_or_default());
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return whole(encoding, bytes);
    }
    let head = meta::prescan(bytes);
    let label = |label: Option<&str>| Encoding::for_label(label?.as_bytes());
    let declared = [label(charset), in_meta(label(head.charset.as_deref()))];
    if let Some(text) = valid_utf8(bytes) {
        // ISO-2022-JP is written in ASCII alone.
        let escapes = declared
            .iter()
            .flatten()
            .find(|e| **e == encoding_rs::ISO_2022_JP && bytes.contains(&0x1b));
        return escapes.map_or((text, "utf-8"), |e| whole(e, bytes));
    }
    if mostly_utf8(bytes) {
        return (String::from_utf8_lossy(bytes), "utf-8");
    }
    for encoding in declared.into_iter().flatten() {
        if let Some(encoding) = believable(encoding, bytes) {
            return whole(encoding, bytes);
        }
    }
    whole(guess(bytes, head.lang.as_deref(), tld), bytes)
}

fn whole<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Decoded<'a> {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (text, name(encoding))
}

/// The name in lower case: `encoding_rs` has it in the capitals of the standard.
fn name(encoding: &'static Encoding) -> &'static str {
    NAMES
        .iter()
        .find(|n| n.eq_ignore_ascii_case(encoding.name()))
        .copied()
        .unwrap_or(encoding.name())
}

/// Every encoding of the WHATWG standard a page can be in.
const NAMES: [&str; 39] = [
    "big5",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "gbk",
    "ibm866",
    "iso-2022-jp",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-8-i",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "shift_jis",
    "utf-16be",
    "utf-16le",
    "utf-8",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "x-mac-cyrillic",
    "replacement",
];

/// A `<meta>` that was read as ASCII cannot be in UTF-16 (HTML standard, 13.2.3.2).
fn in_meta(declared: Option<&'static Encoding>) -> Option<&'static Encoding> {
    match declared? {
        e if e == UTF_16BE || e == UTF_16LE => Some(UTF_8),
        e if e == X_USER_DEFINED => Some(WINDOWS_1252),
        e => Some(e),
    }
}

/// The text when all of it is UTF-8, but for a last character that was cut.
fn valid_utf8(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.into()),
        Err(e) if e.error_len().is_none() && e.valid_up_to() > 0 => {
            let text = std::str::from_utf8(bytes.get(..e.valid_up_to())?).ok()?;
            // One lone byte beyond ASCII at the end may as well be a letter of another encoding.
            (!text.is_ascii()).then_some(text.into())
        }
        Err(_) => None,
    }
}

/// Whether bytes are UTF-8 with a few faults: ten whole characters beyond ASCII for each.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut n_whole, mut n_faults) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        n_whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        n_faults += usize::from(!chunk.invalid().is_empty());
        if n_faults > 64 && n_whole < n_faults {
            return false; // no use to read on
        }
    }
    n_whole >= n_faults * 10
}

/// UTF-16 without a mark has, in any European language, a zero in most pairs of bytes (markup
/// alone sees to that), and always in the same half.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(4096) & !1)?;
    let n_pairs = head.len() / 2;
    let zeros = |half: usize| {
        head.iter()
            .skip(half)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    match n_pairs {
        0..=3 => None,
        _ if odd * 10 > n_pairs * 4 && even * 20 < n_pairs => Some(UTF_16LE),
        _ if even * 10 > n_pairs * 4 && odd * 20 < n_pairs => Some(UTF_16BE),
        _ => None,
    }
}

/// The declared encoding, or the one meant by it, if the bytes can be text in it.
fn believable(declared: &'static Encoding, bytes: &[u8]) -> Option<&'static Encoding> {
    if [UTF_8, UTF_16BE, UTF_16LE].contains(&declared) || declared.name() == "replacement" {
        return None; // each was tried
    }
    let head = bytes.get(..bytes.len().min(MAX_TRIED_BYTES))?;
    let meant = match SIBLINGS.iter().find(|(iso, _)| *iso == name(declared)) {
        Some((_, windows)) if head.iter().any(|b| (0x80..0xa0).contains(b) && *b != 0x85) => {
            Encoding::for_label(windows.as_bytes())?
        }
        _ => declared,
    };
    let (text, _) = meant.decode_without_bom_handling(head);
    let n_bad = text
        .chars()
        .filter(|c| *c == '\u{fffd}' || ('\u{80}'..'\u{a0}').contains(c) && *c != '\u{85}')
        .count();
    let n_beyond = text.chars().filter(|c| !c.is_ascii()).count();
    (n_bad * 20 <= n_beyond).then_some(meant)
}

/// The likeliest encoding of undeclared bytes that are not UTF-8.
fn guess(bytes: &[u8], lang: Option<&str>, tld: Option<&str>) -> &'static Encoding {
    let mut detector = EncodingDetector::new();
    // Words with letters beyond ASCII decide, and what is around them: markup costs time only.
    let (mut at, mut n_fed) = (0, 0);
    while let Some(n) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|b| !b.is_ascii()))
    {
        let from = (at + n).saturating_sub(AROUND_BYTES).max(at);
        let to = (at + n + AROUND_BYTES).min(bytes.len());
        let piece = bytes.get(from..to).unwrap_or_default();
        detector.feed(piece, false);
        (at, n_fed) = (to, n_fed + piece.len());
        if n_fed > MAX_GUESS_BYTES {
            break;
        }
    }
    detector.feed(b"", true);
    // The detector knows languages by the country of the host: a language the page declares says
    // the same and more surely.
    let by_lang = lang.and_then(country_of);
    let hint = by_lang.or(tld).filter(|t| {
        t.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    detector.guess(hint.map(str::as_bytes), true)
}

/// A country whose pages are in the language of the tag, where it is not named alike.
fn country_of(lang: &str) -> Option<&'static str> {
    const COUNTRIES: [(&str, &str); 24] = [
        ("bg", "bg"),
        ("bs", "ba"),
        ("cs", "cz"),
        ("da", "dk"),
        ("el", "gr"),
        ("et", "ee"),
        ("hr", "hr"),
        ("hu", "hu"),
        ("is", "is"),
        ("lt", "lt"),
        ("lv", "lv"),
        ("mk", "mk"),
        ("pl", "pl"),
        ("ro", "ro"),
        ("ru", "ru"),
        ("sk", "sk"),
        ("sl", "si"),
        ("sq", "al"),
        ("sr", "rs"),
        ("sv", "se"),
        ("tr", "tr"),
        ("uk", "ua"),
        ("fi", "fi"),
        ("nb", "no"),
    ];
    let code = lang.split(['-', '_']).next()?.to_ascii_lowercase();
    let known = COUNTRIES.iter().find(|(lang, _)| *lang == code);
    known.map(|(_, country)| *country)
}

#[cfg(test)]
mod tests;
