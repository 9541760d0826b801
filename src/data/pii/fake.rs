//! Pseudonyms: of the same kind and shape as the value, and nobody's.
//!
//! | kind | what stands for it |
//! |---|---|
//! | e-mail | a name and a label under `example.org` (RFC 2606); one label for one domain |
//! | telephone | prefix, length and groups kept; digits of a range kept free for films where the country has one, else digits the plan does not give out |
//! | IP | 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737), 2001:db8::/32 (RFC 3849) |
//! | IBAN | country, length and groups kept; a bank code of zeros or X; ISO check digits that check |
//! | card | length and groups kept; 0000 00, which no issuer has; Luhn's digit |
//! | identifier | letters for letters, digits for digits, such that it does not check |
//! | plate | X for letters, other digits |
//! | coordinates | form kept; within a degree of 0°, 0°: the sea |
//! | secret | `EXAMPLE` and characters, as many as there were |

use super::ids;
use super::kind::{Kind, Span};
use super::mac::{Draw, hmac};
use super::phone;

const SMALL: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const CAPITAL: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";

/// What stands for `value`, a text with the span `span`, under `key`.
pub(super) fn pseudonym(value: &str, span: &Span, key: &[u8]) -> String {
    let bare: String = value
        .chars()
        .filter(|c| c.is_alphanumeric() || "@.:".contains(*c))
        .collect();
    let bare = bare.to_lowercase();
    let draw = |part: &str| {
        Draw::new(hmac(
            key,
            &[span.kind.name().as_bytes(), &[0], part.as_bytes()],
        ))
    };
    match span.kind {
        Kind::Email => email(&value.to_lowercase(), draw),
        Kind::Phone => telephone(value, span.country, draw(&digits_of(value))),
        Kind::Ip => address(value, draw(&bare)),
        Kind::Iban => account(value, draw(&bare)),
        Kind::Card => card(value, draw(&bare)),
        Kind::NationalId | Kind::TaxId => identifier(value, span, draw(&bare)),
        Kind::Plate => shaped(value, &mut draw(&bare), |_, c, draw| match c {
            c if c.is_ascii_digit() => char::from(draw.digit()),
            c if c.is_alphabetic() => 'X',
            c => c,
        }),
        Kind::Coordinates => coordinates(value, draw(value)),
        Kind::Secret => secret(value, draw(value)),
    }
}

/// The value with each character replaced by what `one` makes of its place and itself.
fn shaped(value: &str, draw: &mut Draw, one: impl Fn(usize, char, &mut Draw) -> char) -> String {
    value
        .chars()
        .enumerate()
        .map(|(i, c)| one(i, c, draw))
        .collect()
}

fn digits_of(value: &str) -> String {
    value.chars().filter(char::is_ascii_digit).collect()
}

fn email(value: &str, draw: impl Fn(&str) -> Draw) -> String {
    let domain = value.rsplit_once('@').map_or("", |(_, domain)| domain);
    let word = |part: &str, n: usize| {
        let mut draw = draw(part);
        (0..n)
            .map(|_| char::from(draw.pick(SMALL)))
            .collect::<String>()
    };
    format!("{}@{}.example.org", word(value, 10), word(domain, 6))
}

/// Ranges that are given to nobody, for use in films and books: country, digits after code and
/// trunk prefix that are set, digits in all (0: any number). Ofcom, Arcep, Bundesnetzagentur, PTS,
/// ComReg, NANPA.
const FREE_RANGES: [(&str, &str, usize); 7] = [
    ("gb", "7700900", 10),
    ("fr", "19900", 9),
    ("de", "3023125", 0),
    ("se", "70174069", 9),
    ("ie", "2091", 8),
    ("us", "20255501", 10),
    ("ca", "61355501", 10),
];

fn telephone(value: &str, country: Option<&'static str>, mut draw: Draw) -> String {
    let digits = digits_of(value);
    let abroad = value.contains('+') || digits.starts_with("00");
    let prefix = country.map_or(0, |c| phone::prefix_len(c, digits.as_bytes(), abroad));
    let n_own = digits.len() - prefix;
    let free = FREE_RANGES.iter().find(|(c, set, len)| {
        Some(*c) == country && (*len == n_own || *len == 0 && n_own > set.len())
    });
    let set = free.map_or("", |(_, set, _)| set);
    let mut own = String::new();
    for attempt in 0..32 {
        own = set.to_string();
        while own.len() < n_own {
            // When chance finds no number outside the plan, zeros are outside most.
            own.push(if attempt == 31 {
                '0'
            } else {
                char::from(draw.digit())
            });
        }
        let given = country.is_some_and(|c| phone::is_given(c, own.as_bytes()));
        if free.is_some() || !given {
            break;
        }
    }
    let mut drawn = digits
        .get(..prefix)
        .unwrap_or_default()
        .chars()
        .chain(own.chars());
    let digit = |c: char| {
        if c.is_ascii_digit() {
            drawn.next().unwrap_or(c)
        } else {
            c
        }
    };
    value.chars().map(digit).collect()
}

fn address(value: &str, mut draw: Draw) -> String {
    if value.contains(':') {
        let group = |draw: &mut Draw| {
            (0..4)
                .map(|_| char::from(draw.pick(b"0123456789abcdef")))
                .collect::<String>()
        };
        let groups: Vec<String> = (0..6).map(|_| group(&mut draw)).collect();
        return format!("2001:db8:{}", groups.join(":"));
    }
    let net = ["192.0.2", "198.51.100", "203.0.113"];
    let net = net
        .get(usize::from(draw.pick(&[0, 1, 2])))
        .copied()
        .unwrap_or("192.0.2");
    let all: Vec<u8> = (1..=254).collect();
    format!("{net}.{}", draw.pick(&all))
}

fn account(value: &str, mut draw: Draw) -> String {
    let bare: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let country = bare.get(..2).unwrap_or_default();
    let bban = bare
        .get(4..)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .map(|(i, b)| match (i, b) {
            (0..4, b) if b.is_ascii_digit() => b'0',
            (0..4, _) => b'X',
            (_, b) if b.is_ascii_digit() => draw.digit(),
            _ => draw.pick(CAPITAL),
        });
    let bban: Vec<u8> = bban.collect();
    let check = format!("{:02}", ids::iban_check(country, &bban));
    let whole = country.iter().chain(check.as_bytes()).chain(&bban);
    let mut whole = whole.map(|&b| char::from(b));
    let one = |c: char| {
        if c.is_ascii_alphanumeric() {
            whole.next().unwrap_or(c)
        } else {
            c
        }
    };
    value.chars().map(one).collect()
}

fn card(value: &str, mut draw: Draw) -> String {
    let n = digits_of(value).len();
    let mut body: Vec<u8> = (0..n.saturating_sub(1))
        .map(|i| if i < 6 { b'0' } else { draw.digit() })
        .collect();
    let check = (b'0'..=b'9').find(|&d| ids::luhn(&[&body[..], &[d]].concat()));
    body.push(check.unwrap_or(b'0'));
    let mut drawn = body.into_iter().map(char::from);
    value
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                drawn.next().unwrap_or(c)
            } else {
                c
            }
        })
        .collect()
}

fn identifier(value: &str, span: &Span, mut draw: Draw) -> String {
    let country = span.country.unwrap_or_default();
    let checks = |number: &str| {
        let valid = |scheme| ids::validate(country, scheme, number) == Some(true);
        span.scheme.is_some_and(valid)
    };
    // The letters of a country before a tax number stay: they are its type.
    let lead = value.chars().take_while(char::is_ascii_uppercase).count();
    let kept = if span.kind == Kind::TaxId && lead == 2 {
        2
    } else {
        0
    };
    for _ in 0..32 {
        let number = shaped(value, &mut draw, |i, c, draw| match c {
            c if i < kept => c,
            c if c.is_ascii_digit() => char::from(draw.digit()),
            c if c.is_ascii_uppercase() => char::from(draw.pick(CAPITAL)),
            c if c.is_ascii_lowercase() => char::from(draw.pick(SMALL)),
            c => c,
        });
        if !checks(&number) {
            return number;
        }
    }
    // A scheme without check digits: zeros, which no register gives.
    value
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect()
}

fn coordinates(value: &str, mut draw: Draw) -> String {
    let mut decimals = false;
    let one = |c: char| match c {
        '.' => {
            decimals = true;
            c
        }
        c if c.is_ascii_digit() && decimals => char::from(draw.digit()),
        c if c.is_ascii_digit() => '0',
        c => {
            decimals = false;
            c
        }
    };
    value.chars().map(one).collect()
}

fn secret(value: &str, mut draw: Draw) -> String {
    const WORD: &str = "EXAMPLE";
    if value.starts_with("-----BEGIN") {
        let line: String = (0..48).map(|_| char::from(draw.pick(CAPITAL))).collect();
        return format!("-----BEGIN {WORD} KEY-----\n{line}\n-----END {WORD} KEY-----");
    }
    let tail = value.chars().skip(WORD.len()).map(|c| match c {
        c if c.is_ascii_digit() => char::from(draw.digit()),
        c if c.is_ascii_uppercase() => char::from(draw.pick(CAPITAL)),
        c if c.is_alphabetic() => char::from(draw.pick(SMALL)),
        c => c,
    });
    WORD.chars().chain(tail).collect()
}
