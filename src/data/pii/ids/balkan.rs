//! Albania, Bosnia and Herzegovina, Croatia, Montenegro, North Macedonia, Serbia, Slovenia.
use super::arith::{at, date, digits, is, mod_11_10, part, value, weigh};
use super::scheme::Class::{Company, Person, Tax};
use super::scheme::Scheme;

/// Weights Yugoslavia's numbers share.
const SEVEN_TO_TWO: [i64; 12] = [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

/// The schemes of this part of Europe.
pub(super) const SCHEMES: &[Scheme] = &[
    Scheme::new("al", "nipt", Tax, " ", &["AL", "(AL)"], |n| {
        let frame = matches!(at(n, 0), b'A'..=b'M') && at(n, 9).is_ascii_uppercase();
        n.len() == 10 && frame && digits(part(n, 1, 9), 8)
    })
    .form(&["A99999999A"])
    .weak(),
    Scheme::new("al", "nid", Person, " ", &[], al_person).form(&["A99999999A"]),
    Scheme::new("ba", "jmbg", Person, " ", &[], birth).form(&["9999999999999"]),
    Scheme::new("hr", "oib", Person, " -", &["HR"], |n| {
        digits(n, 11) && mod_11_10(n)
    })
    .form(&["99999999999", "AA 99999999999", "AA99999999999"]),
    Scheme::new("hr", "jmbg", Person, " ", &[], birth).form(&["9999999999999"]),
    Scheme::new("me", "jmbg", Person, " ", &[], birth).form(&["9999999999999"]),
    Scheme::new("me", "pib", Company, " ", &[], |n| {
        let check = (-weigh(n, &[8, 7, 6, 5, 4, 3, 2])).rem_euclid(11) % 10;
        digits(n, 8) && is(at(n, 7), check)
    }),
    Scheme::new("mk", "edb", Tax, " -", &["MK", "МК"], |n| {
        digits(n, 13) && thirteen(n)
    })
    .form(&["9999999999999", "AA9999999999999"])
    .weak(),
    Scheme::new("mk", "embg", Person, " ", &[], birth).form(&["9999999999999"]),
    Scheme::new("rs", "pib", Tax, " -.", &[], |n| {
        digits(n, 9) && mod_11_10(n)
    })
    .form(&["999999999"])
    .weak(),
    Scheme::new("rs", "jmbg", Person, " ", &[], birth).form(&["9999999999999"]),
    Scheme::new("si", "ddv", Tax, " -", &["SI"], |n| {
        let check = match 11 - weigh(n, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
            10 => 0,
            check => check,
        };
        digits(n, 8) && at(n, 0) != b'0' && is(at(n, 7), check)
    }),
    Scheme::new("si", "emso", Person, " ", &[], birth).form(&["9999999999999"]),
    Scheme::new("si", "maticna", Company, ". ", &[], |n| {
        let check = (-weigh(n, &[7, 6, 5, 4, 3, 2])).rem_euclid(11);
        let unit = part(n, 7, 10);
        let unit_ok = n.len() == 7
            || n.len() == 10 && at(unit, 0).is_ascii_alphanumeric() && digits(part(unit, 1, 3), 2);
        // A remainder of 0 was never given out; 10 is written 0.
        digits(part(n, 0, 7), 7) && unit_ok && check != 0 && is(at(n, 6), check % 10)
    }),
];

/// The last digit of thirteen.
fn thirteen(n: &[u8]) -> bool {
    is(at(n, 12), (-weigh(n, &SEVEN_TO_TWO)).rem_euclid(11) % 10)
}

/// Yugoslavia's citizen number, kept by its successors: birth date with three digits of the year,
/// region, serial, check.
fn birth(n: &[u8]) -> bool {
    let (day, month, year) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 7)),
    );
    let year = if year < 800 { 2000 + year } else { 1000 + year };
    digits(n, 13) && date(year, month, day) && thirteen(n)
}

/// Decade letter and year, month (women add 50), day, serial, check letter.
fn al_person(n: &[u8]) -> bool {
    let decade = match at(n, 0) {
        b @ b'0'..=b'9' => 1800 + 10 * i64::from(b - b'0'),
        b @ b'A'..=b'T' => 1900 + 10 * i64::from(b - b'A'),
        _ => return false,
    };
    let (year, month, day) = (
        decade + value(part(n, 1, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let month = if month > 50 { month - 50 } else { month };
    let form = n.len() == 10 && digits(part(n, 1, 9), 8) && matches!(at(n, 9), b'A'..=b'W');
    form && date(year, month, day)
}
