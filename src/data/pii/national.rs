//! Identifiers in running text: the forms of `ids` where the language is spoken, and numbers of
//! value-added tax with their country's letters anywhere.

use super::context::{Before, Words, says};
use super::ids::{self, Class, Scheme};
use super::kind::{Kind, Span};

/// The identifier that begins at `start` or, one short group of letters earlier, at `earlier`.
pub(super) fn identifier(
    text: &str,
    start: usize,
    earlier: Option<usize>,
    words: &'static Words,
    before: Before,
) -> Option<Span> {
    let named = before.says(says::ID);
    let bytes = text.as_bytes();
    let mut best: Option<Span> = None;
    for from in earlier.into_iter().chain([start]) {
        for &(scheme, rank) in schemes(words) {
            for form in scheme.forms {
                let Some(end) = written(bytes, from, form) else {
                    continue;
                };
                // Groups of digits on either side: a row of numbers, unless a word names it.
                if !named && form.contains(' ') && in_row(bytes, from, end) {
                    continue;
                }
                let longer = best.is_none_or(|b| end - from > b.end - b.start);
                let Some(number) = text.get(from..end).filter(|_| longer) else {
                    continue;
                };
                let score = weight(scheme, form, rank, named);
                if score > 0.0 && scheme.normal(number).is_some() {
                    best = Some(Span {
                        start: from,
                        end,
                        kind: kind(scheme),
                        country: Some(scheme.country),
                        scheme: Some(scheme.name),
                        score,
                    });
                }
            }
        }
    }
    best
}

/// The schemes with written forms of the countries where a language is written.
fn schemes(words: &'static Words) -> &'static [(&'static Scheme, usize)] {
    words.schemes.get_or_init(|| {
        let rank = |scheme: &Scheme| words.countries.iter().position(|c| c == scheme.country);
        let found = ids::schemes().filter(|scheme| !scheme.forms.is_empty());
        found
            .filter_map(|scheme| Some((scheme, rank(scheme)?)))
            .collect()
    })
}

/// Whether a digit stands one space away on either side.
fn in_row(bytes: &[u8], from: usize, end: usize) -> bool {
    let digit = |i: Option<usize>| i.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_digit);
    let space = |i: Option<usize>| i.and_then(|i| bytes.get(i)) == Some(&b' ');
    space(from.checked_sub(1)) && digit(from.checked_sub(2))
        || space(Some(end)) && digit(Some(end + 1))
}

fn kind(scheme: &Scheme) -> Kind {
    match scheme.class {
        Class::Person => Kind::NationalId,
        _ => Kind::TaxId,
    }
}

/// How sure a number that checks is; 0 for not enough.
fn weight(scheme: &Scheme, form: &str, rank: usize, named: bool) -> f32 {
    let plain = form.bytes().all(|b| b == b'9');
    match (named, scheme.weak, rank) {
        (true, false, _) => 1.0,
        (true, true, _) => 0.9,
        // Alone, a neighbour's number is believed for its form or its date only.
        (false, false, 0) => 0.8,
        (false, false, _) if !plain || form.len() > 10 => 0.6,
        _ => 0.0,
    }
}

/// Where text at `from` written as `form` ends, if it is and nothing is glued to it.
fn written(bytes: &[u8], from: usize, form: &str) -> Option<usize> {
    let run = bytes.get(from..from + form.len())?;
    let fits = run.iter().zip(form.bytes()).all(|(&b, kind)| match kind {
        b'9' => b.is_ascii_digit(),
        b'A' => b.is_ascii_uppercase(),
        b'a' => b.is_ascii_alphabetic(),
        b'*' => b.is_ascii_alphanumeric(),
        other => b == other,
    });
    let end = from + form.len();
    (fits && free(bytes, from, end)).then_some(end)
}

/// Whether nothing is glued to the bytes between `from` and `end`: no letter, digit or sign that
/// would make them part of a longer number, name or path.
pub(super) fn free(bytes: &[u8], from: usize, end: usize) -> bool {
    let byte = |i: Option<usize>| i.and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
    let (before, first) = (byte(from.checked_sub(1)), byte(from.checked_sub(2)));
    let (after, next) = (byte(Some(end)), byte(Some(end + 1)));
    let head = before.is_ascii_alphanumeric()
        || matches!(
            before,
            b'_' | b'-' | b'@' | b'%' | b'&' | b'$' | b'/' | b'\\' | b'+' | b'~'
        )
        || matches!(before, b'.' | b',') && first.is_ascii_alphanumeric()
        || lettered(bytes, from);
    let tail = after.is_ascii_alphanumeric()
        || matches!(after, b'_' | b'@' | b'%' | b'=')
        || matches!(after, b'.' | b',' | b'-' | b'/' | b':') && next.is_ascii_alphanumeric()
        || (0xC3..0xE2).contains(&after);
    !head && !tail
}

/// Whether the character just before `from` is a letter beyond ASCII.
fn lettered(bytes: &[u8], from: usize) -> bool {
    let tail = bytes.get(from.saturating_sub(4)..from).unwrap_or_default();
    let last = tail
        .utf8_chunks()
        .last()
        .and_then(|chunk| chunk.valid().chars().last());
    last.is_some_and(|c| !c.is_ascii() && c.is_alphabetic() && !matches!(c, 'º' | 'ª'))
}

/// A number that begins with its country's letters, as numbers of value-added tax do: `DE 129273398`.
pub(super) fn vat(text: &str, start: usize, named: bool) -> Option<Span> {
    let bytes = text.as_bytes();
    let letters = text.get(start..start + 2)?;
    let country = match letters {
        "EL" => "gr".to_string(),
        "XI" => "gb".to_string(),
        _ => letters.to_ascii_lowercase(),
    };
    let own = ids::schemes().filter(|s| s.country == country && s.begins(letters));
    own.clone().next()?;
    // What is shorter has no check digits to speak of (Iceland's), or hardly any.
    let least = if named { 5 } else { 8 };
    // Letters and digits with single separators between, as many as any such number has.
    let mut ends = Vec::new();
    let (mut at, mut count) = (start + 2, 0);
    while count < 14 {
        match bytes.get(at) {
            Some(b) if b.is_ascii_digit() || b.is_ascii_uppercase() => count += 1,
            Some(b' ' | b'-' | b'.')
                if bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            _ => break,
        }
        at += 1;
        if count >= least && !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
            ends.push(at);
        }
    }
    let ends = ends
        .into_iter()
        .rev()
        .filter(|&end| free(bytes, start, end));
    let (scheme, end) = ends
        .filter_map(|end| {
            let number = text.get(start..end)?;
            let scheme = own.clone().find(|scheme| scheme.normal(number).is_some())?;
            Some((scheme, end))
        })
        .next()?;
    Some(Span {
        start,
        end,
        kind: kind(scheme),
        country: Some(scheme.country),
        scheme: Some(scheme.name),
        score: if named { 1.0 } else { 0.8 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    fn found(text: &str, lang: &str) -> Option<(&'static str, String)> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let words = Words::of(Lang::find(lang));
        let span = identifier(text, start, None, words, Before::new(text, start, words))?;
        Some((span.scheme?, text[span.start..span.end].to_string()))
    }

    #[test]
    fn a_number_is_an_identifier_where_its_language_is_spoken() {
        let egn = Some(("egn", "8032056031".to_string()));
        assert_eq!(found("Ламб. 8032056031.", "bg"), egn);
        assert_eq!(found("Ламб. 8032056031.", "sv"), None);
        assert_eq!(found("x/8032056031.", "bg"), None);
        assert_eq!(found("8032056032", "bg"), None);
        assert_eq!(found("NIF 123456789", "pt").map(|f| f.0), Some("nif"));
        assert_eq!(found("som 123456789", "pt"), None);
    }

    #[test]
    fn tax_numbers_carry_their_country() {
        let text = "USt-IdNr. DE 136,695 976 oder DE136695976.";
        let span = vat(text, 30, false).unwrap();
        assert_eq!(
            (&text[span.start..span.end], span.country),
            ("DE136695976", Some("de"))
        );
        assert_eq!(vat("DE136695977", 0, true), None);
    }

    #[test]
    fn every_country_with_a_prefix_is_known_by_it() {
        for (number, scheme, kind) in [
            ("DK13585628", "cvr", Kind::TaxId),
            ("HR33392005961", "oib", Kind::NationalId),
            ("FR40303265045", "tva", Kind::TaxId),
            ("CHE-107.787.577", "uid", Kind::TaxId),
            ("EL094259216", "vat", Kind::TaxId),
            ("XI980780684", "vat", Kind::TaxId),
        ] {
            let found = vat(number, 0, false).map(|s| (s.scheme, s.kind, s.end));
            assert_eq!(found, Some((Some(scheme), kind, number.len())), "{number}");
        }
        // Five digits of Iceland check by their number alone.
        assert_eq!(vat("IS 12345", 0, true).and_then(|s| s.scheme), Some("vsk"));
        assert_eq!(vat("IS 12345", 0, false), None);
        // A postcode is nobody's number, whatever letters it has.
        assert_eq!(vat("NL-2601 DC", 0, true), None);
    }
}
