//! Bulgaria, Belarus, Czechia, Georgia, Hungary, Moldova, Poland, Romania, Slovakia, Ukraine.
use super::arith::{
    LAST_YEAR, all_digits, at, date, digit, digits, is, modulo, part, value, weigh,
};
use super::scheme::Class::{Account, Company, Person, Tax};
use super::scheme::Scheme;

/// The schemes of this part of Europe.
pub(super) const SCHEMES: &[Scheme] = &[
    Scheme::new("bg", "egn", Person, " -.", &[], bg_egn).form(&["999999 999 9", "9999999999"]),
    Scheme::new("bg", "pnf", Person, " -.", &[], bg_foreigner)
        .form(&["9999 999 999", "9999999999"])
        .weak(),
    Scheme::new("bg", "vat", Tax, " -.", &["BG"], |n| match n.len() {
        9 => {
            let ramp = |from| {
                weigh(
                    part(n, 0, 8),
                    &std::array::from_fn::<i64, 8, _>(|i| i as i64 + from),
                ) % 11
            };
            let check = if ramp(1) == 10 { ramp(3) % 10 } else { ramp(1) };
            all_digits(n) && is(at(n, 8), check)
        }
        _ => {
            let other = (11 - weigh(n, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            digits(n, 10) && (bg_egn(n) || bg_foreigner(n) || is(at(n, 9), other))
        }
    }),
    Scheme::new("by", "unp", Tax, " ", &["УНП", "UNP"], by_unp),
    Scheme::new("cz", "bankaccount", Account, "", &[], cz_account),
    Scheme::new("cz", "dic", Tax, " /", &["CZ"], |n| {
        let ramp = |n: &[u8]| weigh(n, &[8, 7, 6, 5, 4, 3, 2]) % 11;
        match n.len() {
            8 => {
                let check = match (11 - ramp(part(n, 0, 7))) % 11 {
                    0 => 1,
                    check => check % 10,
                };
                all_digits(n) && at(n, 0) != b'9' && is(at(n, 7), check)
            }
            9 if at(n, 0) == b'6' => {
                let check = (8 - (10 - ramp(part(n, 1, 8))) % 11).rem_euclid(10);
                all_digits(n) && is(at(n, 8), check)
            }
            _ => cz_birth(n),
        }
    }),
    Scheme::new("cz", "rc", Person, " /", &[], cz_birth).form(&[
        "999999/9999",
        "999999/999",
        "9999999999",
        "999999999",
    ]),
    Scheme::new("ge", "pn", Person, " ", &[], |n| digits(n, 11))
        .form(&["99999999999"])
        .weak(),
    Scheme::new("hu", "anum", Tax, " -", &["HU"], |n| {
        digits(n, 8) && weigh(n, &[9, 7, 3, 1, 9, 7, 3, 1]) % 10 == 0
    }),
    Scheme::new("hu", "adoazonosito", Person, " ", &[], |n| {
        let check = weigh(n, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11;
        digits(n, 10) && at(n, 0) == b'8' && is(at(n, 9), check)
    })
    .form(&["9999999999"]),
    Scheme::new("hu", "taj", Person, " -", &[], |n| {
        digits(n, 9) && is(at(n, 8), weigh(n, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10)
    })
    .form(&["999 999 999", "999-999-999", "999999999"])
    .weak(),
    Scheme::new("hu", "szemelyi", Person, " -", &[], hu_personal).form(&[
        "9-999999-9999",
        "9 999999 9999",
        "99999999999",
    ]),
    Scheme::new("md", "idno", Company, " ", &[], |n| {
        let check = weigh(n, &[7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10;
        digits(n, 13) && is(at(n, 12), check)
    }),
    Scheme::new("pl", "nip", Tax, " -", &["PL"], |n| {
        digits(n, 10) && weigh(n, &[6, 5, 7, 2, 3, 4, 5, 6, 7, -1]) % 11 == 0
    })
    .form(&["999-999-99-99", "999-99-99-999", "9999999999"])
    .weak(),
    Scheme::new("pl", "pesel", Person, " -", &[], pl_pesel).form(&["99999999999"]),
    Scheme::new("pl", "regon", Company, " -", &[], |n| {
        let short = weigh(part(n, 0, 8), &[8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10;
        let long = weigh(part(n, 0, 13), &[2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11 % 10;
        (digits(n, 9) || digits(n, 14) && is(at(n, 13), long)) && is(at(n, 8), short)
    }),
    Scheme::new("pl", "dowod", Person, " ", &[], |n| {
        let rank = |b: u8| {
            if b.is_ascii_digit() {
                digit(b)
            } else {
                i64::from(b) - 55
            }
        };
        let weights = [7, 3, 1, 9, 7, 3, 1, 7, 3];
        let sum: i64 = n.iter().zip(weights).map(|(&b, w)| rank(b) * w).sum();
        let letters = part(n, 0, 3).iter().all(u8::is_ascii_uppercase);
        n.len() == 9 && letters && digits(part(n, 3, 9), 6) && sum % 10 == 0
    })
    .form(&["AAA 999999", "AAA999999"])
    .weak(),
    Scheme::new("ro", "cf", Tax, " -", &["RO"], |n| {
        if n.len() == 13 {
            ro_cnp(n)
        } else {
            ro_company(n)
        }
    }),
    Scheme::new("ro", "cnp", Person, " -", &[], ro_cnp).form(&["9999999999999"]),
    Scheme::new("ro", "cui", Company, " -", &["RO"], ro_company),
    Scheme::new("ro", "onrc", Company, "", &[], ro_register)
        .form(&["A99/999/9999", "A99/9999/9999"]),
    Scheme::new("sk", "dph", Tax, " -", &["SK"], |n| {
        let kind = matches!(at(n, 2), b'2'..=b'4' | b'7'..=b'9') && at(n, 0) != b'0';
        digits(n, 10) && (cz_birth(n) || kind && modulo(n, 11) == 0)
    }),
    Scheme::new("sk", "rc", Person, " /", &[], cz_birth).form(&[
        "999999/9999",
        "999999/999",
        "9999999999",
        "999999999",
    ]),
    Scheme::new("ua", "edrpou", Company, " ", &[], |n| {
        let turned = matches!(at(n, 0), b'3'..=b'5');
        let weights: [i64; 7] = if turned {
            [7, 1, 2, 3, 4, 5, 6]
        } else {
            [1, 2, 3, 4, 5, 6, 7]
        };
        let check = match weigh(n, &weights) % 11 {
            10 => weigh(n, &weights.map(|w| w + 2)) % 11 % 10,
            check => check,
        };
        digits(n, 8) && is(at(n, 7), check)
    }),
    Scheme::new("ua", "rntrc", Person, " ", &[], |n| {
        let sum = weigh(n, &[-1, 5, 7, 9, 4, 6, 10, 5, 7]);
        digits(n, 10) && is(at(n, 9), sum.rem_euclid(11) % 10)
    })
    .form(&["9999999999", "99 99 99 99 99"]),
];

/// Birth date (20 on the month before 1900, 40 from 2000), serial, check.
fn bg_egn(n: &[u8]) -> bool {
    let (yy, month, day) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let (year, month) = match month {
        41.. => (2000 + yy, month - 40),
        21..=40 => (1800 + yy, month - 20),
        _ => (1900 + yy, month),
    };
    let check = weigh(n, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    digits(n, 10) && date(year, month, day) && is(at(n, 9), check)
}

fn bg_foreigner(n: &[u8]) -> bool {
    digits(n, 10) && is(at(n, 9), weigh(n, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10)
}

/// Nine characters; persons have two letters in front, of those Latin and Cyrillic share.
fn by_unp(n: &[u8]) -> bool {
    let shared = "АВЕКМНОРСТ".chars().zip("ABEKMHOPCT".chars());
    let pairs: Vec<(char, char)> = shared.collect();
    let latin = |c: char| {
        pairs
            .iter()
            .find(|(cyrillic, _)| *cyrillic == c)
            .map_or(c, |p| p.1)
    };
    let text: String = String::from_utf8_lossy(n).chars().map(latin).collect();
    let n = text.as_bytes();
    let letters = b"ABCEHKMOPT";
    let lettered = part(n, 0, 2).iter().all(|b| letters.contains(b));
    let second = match letters.iter().position(|&b| b == at(n, 1)) {
        Some(rank) if lettered => rank as i64,
        _ => digit(at(n, 1)),
    };
    let first = match at(n, 0) {
        b if b.is_ascii_digit() => digit(b),
        b => i64::from(b) - 55,
    };
    let check = (29 * first + 23 * second + weigh(part(n, 2, 8), &[19, 17, 13, 7, 5, 3])) % 11;
    let form = n.len() == 9 && all_digits(part(n, 2, 9)) && (lettered || all_digits(part(n, 0, 2)));
    form && b"1234567ABCEHKM".contains(&at(n, 0)) && is(at(n, 8), check)
}

/// Banks that may hold Czech accounts (ČNB).
const CZ_BANKS: [i64; 47] = [
    100, 300, 600, 710, 800, 2010, 2060, 2070, 2100, 2200, 2220, 2250, 2260, 2600, 2700, 3030,
    3060, 3500, 4300, 5500, 5800, 6000, 6200, 6210, 6300, 6363, 6700, 6800, 7910, 7950, 7960, 7970,
    7990, 8030, 8040, 8060, 8090, 8150, 8190, 8198, 8220, 8250, 8255, 8265, 8500, 8610, 8660,
];

/// Prefix, account, bank: `19-2000145399/0800`.
fn cz_account(n: &[u8]) -> bool {
    let mut halves = n.splitn(2, |&b| b == b'/');
    let (account, bank) = (
        halves.next().unwrap_or_default(),
        halves.next().unwrap_or_default(),
    );
    let (prefix, root) = match account.iter().position(|&b| b == b'-') {
        Some(i) => (part(account, 0, i), part(account, i + 1, account.len())),
        None => (&b""[..], account),
    };
    let sum = |n: &[u8]| -> i64 {
        let weights = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
        n.iter()
            .rev()
            .zip(weights)
            .map(|(&b, w)| digit(b) * w)
            .sum()
    };
    let sized = prefix.len() <= 6 && (2..=10).contains(&root.len()) && all_digits(root);
    let figures = prefix.iter().all(u8::is_ascii_digit) && digits(bank, 4);
    let checked = sum(prefix) % 11 == 0 && sum(root) % 11 == 0;
    sized && figures && checked && CZ_BANKS.contains(&value(bank))
}

/// Birth date (women add 50 to the month, spare numbers 20), serial; a check from 1954 on.
fn cz_birth(n: &[u8]) -> bool {
    let (yy, month, day) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let month = month % 50 % 20;
    match n.len() {
        9 => {
            let year = if yy >= 80 { 1800 + yy } else { 1900 + yy };
            all_digits(n) && year <= 1953 && date(year, month, day)
        }
        10 => {
            let year = if yy < 54 { 2000 + yy } else { 1900 + yy };
            let check = modulo(part(n, 0, 9), 11) % 10;
            all_digits(n) && date(year, month, day) && is(at(n, 9), check)
        }
        _ => false,
    }
}

/// Sex and century, birth date, serial, check; from 1997 the weights run the other way.
fn hu_personal(n: &[u8]) -> bool {
    let (yy, month, day) = (
        value(part(n, 1, 3)),
        value(part(n, 3, 5)),
        value(part(n, 5, 7)),
    );
    let (year, late) = match at(n, 0) {
        b'1' | b'2' => (1900 + yy, yy > 96),
        b'3' | b'4' => (2000 + yy, true),
        _ => return false,
    };
    let up = weigh(n, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) % 11;
    let down = weigh(n, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11;
    let dated = year <= LAST_YEAR && date(year, month, day);
    digits(n, 11) && dated && is(at(n, 10), if late { down } else { up })
}

/// Birth date with the century in the month, serial, check.
fn pl_pesel(n: &[u8]) -> bool {
    let (yy, month, day) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let century = match month / 20 {
        0 => 1900,
        1 => 2000,
        2 => 2100,
        3 => 2200,
        _ => 1800,
    };
    let check = (10 - weigh(n, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
    digits(n, 11) && date(century + yy, month % 20, day) && is(at(n, 10), check)
}

/// Sex and century, birth date, county, serial, check.
fn ro_cnp(n: &[u8]) -> bool {
    let century = match at(n, 0) {
        b'3' | b'4' => 1800,
        b'5' | b'6' => 2000,
        b'1'..=b'9' => 1900,
        _ => return false,
    };
    let (yy, month, day) = (
        value(part(n, 1, 3)),
        value(part(n, 3, 5)),
        value(part(n, 5, 7)),
    );
    let county = matches!(value(part(n, 7, 9)), 1..=48 | 51 | 52 | 70 | 80..=83);
    let check = match weigh(n, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
        10 => 1,
        check => check,
    };
    digits(n, 13) && date(century + yy, month, day) && county && is(at(n, 12), check)
}

fn ro_company(n: &[u8]) -> bool {
    let (head, last) = n.split_at(n.len().saturating_sub(1));
    let weights = [2, 3, 5, 7, 1, 2, 3, 5, 7];
    let sum: i64 = head
        .iter()
        .rev()
        .zip(weights)
        .map(|(&b, w)| digit(b) * w)
        .sum();
    let sized = (2..=10).contains(&n.len()) && all_digits(n) && at(n, 0) != b'0';
    sized && is(at(last, 0), 10 * sum % 11 % 10)
}

/// Kind, county, serial and year; from 2024 a year, a serial, a county or zeros, and a check.
fn ro_register(n: &[u8]) -> bool {
    let squeezed = n.split(|b| b" /\\-".contains(b)).filter(|p| !p.is_empty());
    let mut parts: Vec<Vec<u8>> = squeezed.map(<[u8]>::to_vec).collect();
    if parts.first().is_some_and(|p| p.len() == 1) && parts.len() > 1 {
        let kind = parts.remove(0);
        parts[0].splice(0..0, kind);
    }
    let county = |code: i64| matches!(code, 1..=40 | 51 | 52);
    let kind = |p: &[u8]| matches!(at(p, 0), b'J' | b'F' | b'C');
    match &parts[..] {
        [head, serial, year] => {
            let year = part(year, year.len().saturating_sub(4), year.len());
            let code = part(head, 1, head.len());
            let sized = all_digits(code) && code.len() <= 2 && serial.len() <= 5;
            let dated = digits(year, 4) && (1990..=2024).contains(&value(year));
            kind(head) && sized && all_digits(serial) && county(value(code)) && dated
        }
        [whole] => {
            let (year, code) = (value(part(whole, 1, 5)), value(part(whole, 11, 13)));
            let sum = i64::from(at(whole, 0)) % 10 + weigh(part(whole, 1, 13), &[1; 12]);
            let placed = match year {
                1990..2024 => county(code),
                2024 => county(code) || code == 0,
                _ => code == 0,
            };
            let dated = (1990..=LAST_YEAR).contains(&year);
            let form = whole.len() == 14 && kind(whole) && all_digits(part(whole, 1, 14));
            form && dated && placed && is(at(whole, 13), sum % 10)
        }
        _ => false,
    }
}
