//! Denmark, Estonia, Finland, Iceland, Latvia, Lithuania, Norway, Sweden.
use super::arith::{LAST_YEAR, all_digits, at, date, digits, is, luhn, part, place, value, weigh};
use super::scheme::Class::{Account, Company, Person, Place, Tax};
use super::scheme::Scheme;

/// Check letters of the Finnish personal identity code, by the remainder of 31.
const HETU: &[u8] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// The schemes of this part of Europe.
pub(super) const SCHEMES: &[Scheme] = &[
    Scheme::new("dk", "cpr", Person, " -", &[], dk_cpr).form(&[
        "999999-9999",
        "999999 9999",
        "9999999999",
    ]),
    Scheme::new("dk", "cvr", Company, " -.,/:", &["DK"], |n| {
        digits(n, 8) && at(n, 0) != b'0' && weigh(n, &[2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0
    }),
    Scheme::new("ee", "ik", Person, " ", &[], |n| baltic_person(n, false)).form(&["99999999999"]),
    Scheme::new("ee", "kmkr", Tax, " ", &["EE"], |n| {
        digits(n, 9) && weigh(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 == 0
    }),
    Scheme::new("ee", "registrikood", Company, " ", &[], |n| {
        digits(n, 8) && matches!(at(n, 0), b'1' | b'7' | b'8' | b'9') && is(at(n, 7), cycled(n))
    }),
    Scheme::new("fi", "hetu", Person, "", &[], fi_hetu).form(&[
        "999999-999*",
        "999999a999*",
        "999999+999*",
    ]),
    Scheme::new("fi", "alv", Tax, " -", &["FI"], fi_business),
    Scheme::new("fi", "ytunnus", Company, " -", &["FI"], fi_business),
    Scheme::new("fi", "associationid", Company, " -._+", &[], |n| {
        all_digits(n) && (n.len() > 2 && n.len() < 7 || FI_OLD_NUMBERS.contains(&value(n)))
    }),
    Scheme::new("fi", "veronumero", Tax, " ", &[], |n| digits(n, 12)),
    Scheme::new("is", "kennitala", Person, "-", &[], is_kennitala)
        .form(&["999999-9999", "9999999999"]),
    Scheme::new("is", "vsk", Tax, " ", &["IS"], |n| {
        digits(n, 5) || digits(n, 6)
    }),
    Scheme::new("lt", "asmens", Person, " ", &[], |n| baltic_person(n, true))
        .form(&["99999999999"]),
    Scheme::new("lt", "pvm", Tax, " -", &["LT"], |n| {
        let one = at(n, n.len().wrapping_sub(2)) == b'1';
        (digits(n, 9) || digits(n, 12)) && one && n.last().is_some_and(|&b| is(b, cycled(n)))
    }),
    Scheme::new("lv", "pvn", Tax, " -", &["LV"], lv_number),
    Scheme::new("lv", "pk", Person, " -", &[], |n| {
        at(n, 0) <= b'3' && lv_number(n)
    })
    .form(&["999999-99999", "99999999999"]),
    Scheme::new("no", "fodselsnummer", Person, " -:", &[], no_birth)
        .form(&["999999 99999", "99999999999"]),
    Scheme::new("no", "kontonr", Account, " .-", &[], no_account),
    Scheme::new("no", "mva", Tax, " ", &["NO"], |n| {
        n.strip_suffix(b"MVA").is_some_and(no_company)
    }),
    Scheme::new("no", "orgnr", Company, " ", &[], no_company),
    Scheme::new("se", "personnummer", Person, " ", &[], se_person).form(&[
        "999999-9999",
        "999999+9999",
        "99999999-9999",
        "9999999999",
    ]),
    Scheme::new("se", "orgnr", Company, " -.", &[], |n| {
        digits(n, 10) && luhn(n)
    }),
    Scheme::new("se", "postnummer", Place, " -", &["SE"], |n| {
        digits(n, 5) && at(n, 0) != b'0'
    }),
    Scheme::new("se", "vat", Tax, " -.", &["SE"], |n| {
        digits(n, 12) && n.ends_with(b"01") && luhn(part(n, 0, 10))
    }),
];

/// One- and two-digit numbers of the Finnish register of associations still in use.
const FI_OLD_NUMBERS: [i64; 42] = [
    1, 6, 7, 9, 12, 14, 15, 16, 18, 22, 23, 24, 27, 28, 29, 35, 36, 38, 40, 41, 42, 43, 45, 46, 50,
    52, 55, 58, 60, 64, 65, 68, 72, 75, 76, 77, 78, 83, 84, 85, 89, 92,
];

/// Birth date and serial; the modulus of 11 was given up in 2007, so the date is all there is.
fn dk_cpr(n: &[u8]) -> bool {
    if !digits(n, 10) {
        return false;
    }
    let (day, month, yy) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let year = match at(n, 6) {
        b'5'..=b'8' if yy >= 58 => 1800 + yy,
        b'0'..=b'3' => 1900 + yy,
        b'4' | b'9' if yy >= 37 => 1900 + yy,
        _ => 2000 + yy,
    };
    year <= LAST_YEAR && date(year, month, day)
}

/// The check digit Estonia and Lithuania share: weights 1..9 in a cycle, from 3 if that gives 10.
fn cycled(n: &[u8]) -> i64 {
    let head = part(n, 0, n.len().saturating_sub(1));
    let from = |start: usize| {
        let weights = (0..head.len()).map(|i| ((i + start) % 9 + 1) as i64);
        weigh(head, &weights.collect::<Vec<_>>()) % 11
    };
    match from(0) {
        10 => from(2) % 10,
        check => check,
    }
}

/// Century and sex, birth date, serial, check. Lithuania gives numbers from 9 without a date.
fn baltic_person(n: &[u8], undated: bool) -> bool {
    let century = match at(n, 0) {
        b'1' | b'2' => 1800,
        b'3' | b'4' => 1900,
        b'5' | b'6' => 2000,
        b'7' | b'8' => 2100,
        _ => 0,
    };
    let (yy, month, day) = (
        value(part(n, 1, 3)),
        value(part(n, 3, 5)),
        value(part(n, 5, 7)),
    );
    let dated = century > 0 && date(century + yy, month, day) || undated && at(n, 0) == b'9';
    digits(n, 11) && dated && is(at(n, 10), cycled(n))
}

fn fi_hetu(n: &[u8]) -> bool {
    let century = match at(n, 6) {
        b'+' => 1800,
        b'-' | b'U'..=b'Y' => 1900,
        b'A'..=b'F' => 2000,
        _ => return false,
    };
    let (head, serial) = (part(n, 0, 6), part(n, 7, 10));
    if n.len() != 11 || !digits(head, 6) || !digits(serial, 3) {
        return false;
    }
    let (day, month, yy) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    // Serials from 900 are given by institutions for a stay, never by the register.
    let issued = (2..900).contains(&value(serial));
    let check = (value(head) * 1000 + value(serial)) % 31;
    issued && date(century + yy, month, day) && place(HETU, at(n, 10)) == Some(check)
}

fn fi_business(n: &[u8]) -> bool {
    digits(n, 8) && weigh(n, &[7, 9, 10, 5, 8, 4, 2, 1]) % 11 == 0
}

/// Birth date (a company adds 40 to the day), two serial digits, check, century.
fn is_kennitala(n: &[u8]) -> bool {
    let (day, month, yy) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let century = match at(n, 9) {
        b'9' => 1900,
        b'0' => 2000,
        _ => return false,
    };
    let day = if day >= 40 { day - 40 } else { day };
    let sum = weigh(n, &[3, 2, 7, 6, 5, 4, 3, 2, 1]);
    digits(n, 10) && date(century + yy, month, day) && sum % 11 == 0
}

/// Companies from 4, persons with a birth date, persons without one from 32.
fn lv_number(n: &[u8]) -> bool {
    if !digits(n, 11) {
        return false;
    }
    if at(n, 0) > b'3' {
        return weigh(n, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3;
    }
    let sum = 1 + weigh(n, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
    let century = match at(n, 6) {
        b'0' => 1800,
        b'1' => 1900,
        b'2' => 2000,
        _ => 2000 + 100 * (i64::from(at(n, 6)) - i64::from(b'2')),
    };
    let (day, month, yy) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let dated = n.starts_with(b"32") || date(century + yy, month, day);
    dated && is(at(n, 10), sum % 11 % 10)
}

/// Birth date, three serial digits that tell the century, two check digits. D-numbers add 40 to
/// the day, H-numbers 40 and test numbers 80 to the month.
fn no_birth(n: &[u8]) -> bool {
    if !digits(n, 11) {
        return false;
    }
    let first = 11 - weigh(n, &[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11;
    let second = 11 - weigh(n, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    if !is(at(n, 9), first % 11) || !is(at(n, 10), second % 11) {
        return false;
    }
    let (day, month, yy) = (
        value(part(n, 0, 2)),
        value(part(n, 2, 4)),
        value(part(n, 4, 6)),
    );
    let serial = value(part(n, 6, 9));
    let day = if day > 40 { day - 40 } else { day };
    let month = match month {
        81.. => month - 80,
        41.. => month - 40,
        _ => month,
    };
    let year = match serial {
        0..500 => 1900 + yy,
        500..750 if yy >= 54 => 1800 + yy,
        500..1000 if yy < 40 => 2000 + yy,
        900..1000 if yy >= 40 => 1900 + yy,
        _ => return false,
    };
    year <= LAST_YEAR && date(year, month, day)
}

/// Eleven digits with a modulus of 11; seven, after four zeros, with Luhn's.
fn no_account(n: &[u8]) -> bool {
    let n = n.strip_prefix(b"0000").unwrap_or(n);
    let check = weigh(n, &[6, 7, 8, 9, 4, 5, 6, 7, 8, 9]) % 11;
    digits(n, 7) && luhn(n) || digits(n, 11) && is(at(n, 10), check)
}

/// Whether a Norwegian IBAN's account checks.
pub(super) fn no_iban(account: &[u8]) -> bool {
    no_account(account)
}

fn no_company(n: &[u8]) -> bool {
    digits(n, 9) && weigh(n, &[3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0
}

/// Ten or twelve digits, with a hyphen, or a plus from the hundredth birthday on.
fn se_person(n: &[u8]) -> bool {
    let cut = n.len().saturating_sub(4);
    let (head, tail) = (part(n, 0, cut), part(n, cut, n.len()));
    let (head, old) = match head.split_last() {
        Some((b'-', head)) => (head, false),
        Some((b'+', head)) => (head, true),
        _ => (head, false),
    };
    if !digits(tail, 4) || !(digits(head, 6) || digits(head, 8)) {
        return false;
    }
    let short = part(head, head.len() - 6, head.len());
    let year = if head.len() == 8 {
        value(part(head, 0, 4))
    } else {
        let yy = value(part(short, 0, 2));
        let century = if yy > LAST_YEAR % 100 { 1900 } else { 2000 };
        century + yy - if old { 100 } else { 0 }
    };
    let (month, day) = (value(part(short, 2, 4)), value(part(short, 4, 6)));
    date(year, month, day) && luhn(&[short, tail].concat())
}
