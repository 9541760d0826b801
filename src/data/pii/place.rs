//! Coordinates and licence plates: forms without check digits, believed beside a word or, for
//! coordinates, with a hemisphere's letter.

/// Two decimal degrees of four places or more that begin at the digit `first`; sign included.
/// Latitude first or, where that is the only way to read it, longitude.
pub(super) fn decimal_pair(bytes: &[u8], first: usize) -> Option<(usize, usize)> {
    let signed = first
        .checked_sub(1)
        .and_then(|i| bytes.get(i))
        .is_some_and(|b| matches!(b, b'-' | b'+'));
    let start = if signed { first - 1 } else { first };
    let glued = start.checked_sub(1).and_then(|i| bytes.get(i));
    if glued.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_')) {
        return None;
    }
    let (one, at) = degrees(bytes, first)?;
    let rest = bytes.get(at..)?;
    let gap = rest
        .iter()
        .take(6)
        .take_while(|b| b" ,;/\xC2\xB0NSns".contains(b))
        .count();
    let mut next = at + gap;
    if gap == 0 {
        return None;
    }
    if matches!(bytes.get(next), Some(b'-' | b'+')) {
        next += 1;
    }
    let (two, mut end) = degrees(bytes, next)?;
    if bytes.get(end..end + 2) == Some(&b"\xC2\xB0"[..]) {
        end += 2;
    }
    let tied = bytes
        .get(end)
        .is_some_and(|b| b.is_ascii_digit() || *b == b'_');
    let fits = one <= 90.0 && two <= 180.0 || one <= 180.0 && two <= 90.0;
    (fits && !tied).then_some((start, end))
}

/// Up to three digits, a point, four to ten digits.
fn degrees(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let rest = bytes.get(at..)?;
    let whole = rest
        .iter()
        .take(4)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let point = rest.get(whole) == Some(&b'.');
    let places = rest
        .get(whole + 1..)?
        .iter()
        .take(16)
        .take_while(|b| b.is_ascii_digit())
        .count();
    if !(1..=3).contains(&whole) || !point || !(4..=15).contains(&places) {
        return None;
    }
    let end = at + whole + 1 + places;
    let value = std::str::from_utf8(bytes.get(at..end)?)
        .ok()?
        .parse()
        .ok()?;
    Some((value, end))
}

/// Degrees, minutes and seconds of both axes with their hemispheres: `48°51'24"N 2°21'03"E`.
pub(super) fn sexagesimal(text: &str, first: usize) -> Option<(usize, usize)> {
    let head = text.get(..first)?;
    if head.ends_with(|c: char| c.is_alphanumeric() || c == '.') {
        return None;
    }
    let at = axis(text, first)?;
    let gap = text
        .get(at..)?
        .chars()
        .take(3)
        .take_while(|c| matches!(c, ' ' | ',' | ';' | '\u{a0}' | '/'));
    let next = at + gap.map(char::len_utf8).sum::<usize>();
    let end = axis(text, next)?;
    Some((first, end))
}

/// One axis: degrees, minutes, seconds if there are, a hemisphere. The byte past it.
fn axis(text: &str, at: usize) -> Option<usize> {
    const MARKS: [char; 9] = ['°', 'º', '\'', '"', '′', '″', '’', '”', ' '];
    let rest = text.get(at..)?;
    let mut fields = 0;
    let mut digits = 0;
    for (i, c) in rest.char_indices().take(24) {
        match c {
            '0'..='9' | '.' | ',' if digits < 9 => digits += 1,
            c if MARKS.contains(&c) => {
                fields += usize::from(digits > 0);
                digits = 0;
            }
            // North, south, east, west, in the first letters of Europe's languages.
            'N' | 'S' | 'E' | 'W' | 'O' | 'Ø' | 'Ö' | 'V' | 'P' | 'I' | 'L' | 'K' | 'D' | 'С'
            | 'Ю' | 'З' | 'В' | 'Β' | 'Ν' | 'Α' | 'Δ'
                if fields >= 2 =>
            {
                return Some(at + i + c.len_utf8());
            }
            _ => return None,
        }
    }
    None
}

/// A licence plate that holds the digit group at `start..end`: one to three groups of capitals and
/// digits, four to nine characters with both among them. A word for plates must stand before it.
pub(super) fn plate(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let capital = |c: &char| c.is_uppercase() || c.is_ascii_digit();
    let group = |from: usize| -> usize {
        let rest = text.get(from..).unwrap_or_default();
        rest.chars()
            .take(9)
            .take_while(capital)
            .map(char::len_utf8)
            .sum()
    };
    // Back over letters, and over groups before a single separator.
    let mut from = start;
    for _ in 0..3 {
        let head = text.get(..from)?;
        let run: usize = head
            .chars()
            .rev()
            .take(9)
            .take_while(capital)
            .map(char::len_utf8)
            .sum();
        from -= run;
        let head = text.get(..from)?;
        let Some(bare) = head.strip_suffix([' ', '-', '\u{2022}', '·']) else {
            break;
        };
        let before: usize = bare
            .chars()
            .rev()
            .take(5)
            .take_while(capital)
            .map(char::len_utf8)
            .sum();
        if before == 0
            || before > 4 * 2
            || bare[..bare.len() - before].ends_with(char::is_alphanumeric)
        {
            break;
        }
        from = bare.len();
    }
    let mut to = end + group(end);
    for _ in 0..2 {
        let rest = text.get(to..)?;
        let Some(next) = rest.strip_prefix([' ', '-', '\u{2022}', '·']) else {
            break;
        };
        let at = text.len() - next.len();
        let width = group(at);
        let tail = text.get(at + width..)?;
        if width == 0 || tail.starts_with(char::is_alphanumeric) {
            break;
        }
        to = at + width;
    }
    let found = text.get(from..to)?;
    let count = found.chars().filter(capital).count();
    let mixed = found.chars().any(|c| c.is_ascii_digit()) && found.chars().any(char::is_uppercase);
    let free = !text.get(..from)?.ends_with(char::is_alphanumeric)
        && !text
            .get(to..)?
            .trim_start_matches('-')
            .starts_with(char::is_alphanumeric);
    ((4..=9).contains(&count) && mixed && free).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_and_plates_are_read_whole() {
        let pair = |text: &str| {
            let first = text.find(|c: char| c.is_ascii_digit()).unwrap();
            decimal_pair(text.as_bytes(), first).map(|(a, b)| text[a..b].to_string())
        };
        assert_eq!(
            pair("-19.71085, 101.57353."),
            Some("-19.71085, 101.57353".into())
        );
        assert_eq!(
            pair("60.17045N, 24.93850"),
            Some("60.17045N, 24.93850".into())
        );
        for text in [
            "1.5, 2.5",
            "v1.2345, 2.3456",
            "99.12345, 182.12345",
            "1.23456",
        ] {
            assert_eq!(pair(text), None, "{text}");
        }
        let text = "at 48°51′24″N 2°21′03″E.";
        assert_eq!(
            sexagesimal(text, 3).map(|(a, b)| &text[a..b]),
            Some("48°51′24″N 2°21′03″E")
        );
        for (text, expected) in [
            ("Kennzeichen B-AB 1234.", "B-AB 1234"),
            ("kenteken 12-ABC-3", "12-ABC-3"),
            ("номер СВ 1234 АН", "СВ 1234 АН"),
        ] {
            let start = text.find(|c: char| c.is_ascii_digit()).unwrap();
            let digits = text[start..]
                .chars()
                .take_while(char::is_ascii_digit)
                .count();
            let (a, b) = plate(text, start, start + digits).unwrap();
            assert_eq!(&text[a..b], expected);
        }
    }
}
