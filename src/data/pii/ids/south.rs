//! Cyprus, Spain, France, Greece, Italy, Malta, Portugal, Turkey.
use super::arith::{
    all_digits, at, date, digit, digits, is, luhn, modulo, part, place, value, weigh, zero,
};
use super::scheme::Class::{Account, Company, Person, Place, Tax};
use super::scheme::Scheme;

/// Check letters of Spanish and several other numbers, by the remainder of 23.
const DNI: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// The schemes of this part of Europe.
pub(super) const SCHEMES: &[Scheme] = &[
    Scheme::new("cy", "vat", Tax, " -", &["CY"], |n| {
        let odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
        let terms = part(n, 0, 8).iter().enumerate().map(|(i, &b)| match i % 2 {
            0 => odd[digit(b) as usize % 10],
            _ => digit(b),
        });
        let check = (b'A' as i64 + terms.sum::<i64>() % 26) as u8;
        let sound = n.len() == 9 && all_digits(part(n, 0, 8)) && !n.starts_with(b"12");
        sound && at(n, 8) == check
    })
    .form(&["99999999A"]),
    Scheme::new("es", "cae", Company, "", &[], |n| {
        let office = value(part(n, 5, 7));
        let activity = ES_ACTIVITIES
            .split(' ')
            .any(|key| key.as_bytes() == part(n, 7, 9));
        let form = n.len() == 13 && n.starts_with(b"ES000") && all_digits(part(n, 5, 7));
        let serial = all_digits(part(n, 9, 12)) && at(n, 12).is_ascii_uppercase();
        form && (1..=56).contains(&office) && activity && serial
    }),
    Scheme::new("es", "ccc", Account, " -", &[], |n| {
        digits(n, 20) && es_account(n)
    }),
    Scheme::new("es", "cif", Company, " -", &[], es_cif).form(&["A99999999", "A-99999999"]),
    Scheme::new("es", "cups", Place, " -", &[], |n| {
        let rest = modulo(part(n, 2, 18), 529);
        let check = [at(DNI, (rest / 23) as usize), at(DNI, (rest % 23) as usize)];
        let tail = n.len() == 20
            || n.len() == 22 && at(n, 20).is_ascii_digit() && b"FPRCXYZ".contains(&at(n, 21));
        let form = n.starts_with(b"ES") && all_digits(part(n, 2, 18));
        tail && form && part(n, 18, 20) == check
    }),
    Scheme::new("es", "dni", Person, " -", &[], es_dni).form(&["99999999-a", "99999999a"]),
    Scheme::new("es", "nie", Person, " -", &[], es_nie).form(&[
        "a-9999999a",
        "a9999999a",
        "a9999999-a",
        "a-9999999-a",
    ]),
    Scheme::new("es", "nif", Tax, " -", &["ES"], |n| match at(n, 0) {
        b'K' | b'L' | b'M' => es_letter(part(n, 1, 8), n),
        b'0'..=b'9' => es_dni(n),
        b'X' | b'Y' | b'Z' => es_nie(n),
        _ => es_cif(n),
    }),
    Scheme::new("es", "postal_code", Place, " ", &[], |n| {
        digits(n, 5) && (1..=52).contains(&value(part(n, 0, 2)))
    }),
    Scheme::new("es", "referenciacatastral", Place, " -", &[], es_cadastre)
        .form(&["9999999AA9999A9999AA"]),
    Scheme::new("fr", "accise", Company, " ", &[], |n| {
        let form = n.len() == 13 && n.starts_with(b"FR0") && all_digits(part(n, 3, 8));
        form && b"ENCB".contains(&at(n, 8)) && all_digits(part(n, 9, 12))
    }),
    Scheme::new("fr", "nif", Tax, " ", &[], |n| {
        let check = modulo(part(n, 0, 10), 511) == value(part(n, 10, 13));
        digits(n, 13) && at(n, 0) <= b'3' && check
    })
    .form(&["99 99 999 999 999", "9999999999999"]),
    Scheme::new("fr", "nir", Person, " .", &[], fr_nir).form(&[
        "9 99 99 99 999 999 99",
        "999999*99999999",
        "9 99 99 9A 999 999 99",
    ]),
    Scheme::new("fr", "rcs", Company, "", &[], |n| {
        let words: Vec<&[u8]> = n.split(|&b| b == b' ').filter(|w| !w.is_empty()).collect();
        let siren: Vec<u8> = n.iter().copied().filter(u8::is_ascii_digit).collect();
        let tail = part(
            n,
            n.iter().position(u8::is_ascii_digit).unwrap_or(0),
            n.len(),
        );
        let tail = tail.iter().all(|b| b.is_ascii_digit() || *b == b' ');
        let lettered = words
            .iter()
            .skip(2)
            .any(|w| matches!(w.first(), Some(b'A' | b'B')));
        words.first() == Some(&&b"RCS"[..]) && lettered && tail && digits(&siren, 9) && luhn(&siren)
    }),
    Scheme::new("fr", "siren", Company, " .", &[], |n| {
        digits(n, 9) && luhn(n)
    }),
    Scheme::new("fr", "siret", Company, " .", &[], |n| {
        // The post office numbers its branches by the sum of digits, its seat excepted.
        let sum: i64 = n.iter().map(|&b| digit(b)).sum();
        let branch = n.starts_with(b"356000000") && n != b"35600000000048";
        let check = if branch { sum % 5 == 0 } else { luhn(n) };
        digits(n, 14) && check && luhn(part(n, 0, 9))
    })
    .form(&["999 999 999 99999", "99999999999999"]),
    Scheme::new("fr", "tva", Tax, " -.", &["FR"], fr_tva),
    Scheme::new("gr", "amka", Person, " -", &[], |n| {
        let (day, month, yy) = (
            value(part(n, 0, 2)),
            value(part(n, 2, 4)),
            value(part(n, 4, 6)),
        );
        let dated = date(1900 + yy, month, day) || date(2000 + yy, month, day);
        digits(n, 11) && luhn(n) && dated
    })
    .form(&["99999999999"]),
    Scheme::new("gr", "vat", Tax, " -./:", &["EL", "GR"], |n| {
        let (head, last) = n.split_at(n.len().saturating_sub(1));
        let sum = head.iter().fold(0, |sum, &b| (sum * 2 + digit(b)) % 11) * 2 % 11 % 10;
        (digits(n, 8) || digits(n, 9)) && is(at(last, 0), sum)
    })
    .form(&["999999999"])
    .weak(),
    Scheme::new("it", "aic", Place, " ", &[], |n| match n.len() {
        6 => it_base32(n).is_some_and(|ten| it_medicine(&ten)),
        _ => it_medicine(n),
    }),
    Scheme::new("it", "codicefiscale", Person, " -:", &[], |n| {
        if n.len() == 11 {
            it_iva(n)
        } else {
            it_person(n)
        }
    })
    .form(&[
        "AAAAAA99A99A999A",
        "AAAAAA**A**A***A",
        "AAA AAA 99A99 A999A",
        "99999999999",
    ]),
    Scheme::new("it", "iva", Tax, " -:", &["IT"], it_iva),
    Scheme::new("mt", "vat", Tax, " -", &["MT"], |n| {
        let sum = weigh(n, &[3, 4, 6, 7, 8, 9, 10, 1]);
        digits(n, 8) && at(n, 0) != b'0' && sum % 37 == 0
    }),
    Scheme::new("mt", "id", Person, " ", &[], |n| {
        let letter = b"MGAPLHBZ".contains(&at(n, n.len().saturating_sub(1)));
        n.len() == 8 && all_digits(part(n, 0, 7)) && letter
    })
    .form(&["9999999A"])
    .weak(),
    Scheme::new("pt", "cc", Person, " ", &[], pt_card).form(&["999999999A*9", "99999999 9 A*9"]),
    Scheme::new("pt", "nif", Tax, " -.", &["PT"], |n| {
        let sum = weigh(n, &[9, 8, 7, 6, 5, 4, 3, 2]);
        digits(n, 9) && at(n, 0) != b'0' && is(at(n, 8), (11 - sum % 11) % 11 % 10)
    })
    .form(&["999999999"])
    .weak(),
    Scheme::new("tr", "tckimlik", Person, "", &[], |n| {
        let odd = weigh(n, &[3, 1, 3, 1, 3, 1, 3, 1, 3]);
        let first = (10 - odd % 10) % 10;
        let second = (first + weigh(n, &[1; 9])) % 10;
        digits(n, 11) && at(n, 0) != b'0' && is(at(n, 9), first) && is(at(n, 10), second)
    })
    .form(&["99999999999"]),
    Scheme::new("tr", "vkn", Tax, "", &[], |n| {
        let terms = part(n, 0, 9).iter().rev().zip(1..).map(|(&b, i)| {
            let sum = (digit(b) + i) % 10;
            match (sum, (sum << i) % 9) {
                (0, _) => 0,
                (_, 0) => 9,
                (_, rest) => rest,
            }
        });
        digits(n, 10) && is(at(n, 9), (10 - terms.sum::<i64>() % 10) % 10)
    })
    .form(&["9999999999"])
    .weak(),
];

/// Activity keys of Spanish excise numbers (Agencia Tributaria).
const ES_ACTIVITIES: &str = "A1 B1 B9 B0 BA C1 DA EC F1 V1 A7 AT B7 BT C7 DB E7 M7 OA OB OE OV V7 \
    B6 A2 A6 A9 A0 AC AV AW AX H1 H2 H4 H6 H9 H0 HD HH H7 H8 HB HF HI HJ HK HL HM HN HT HU HV HX \
    HZ OH HA HC HE HP HQ HR HS HW T1 OT T7 TT L1 L2 L0 L3 L7 AF DF DM DP OR PF RF VD";

/// Two check digits over bank and branch, and over the account; weights are powers of two.
pub(super) fn es_account(n: &[u8]) -> bool {
    let check = |n: &[u8]| {
        let terms = n.iter().enumerate().map(|(i, &b)| digit(b) << i);
        match terms.sum::<i64>() % 11 {
            rest @ 0..2 => rest,
            rest => 11 - rest,
        }
    };
    let bank = [b"00", part(n, 0, 8)].concat();
    is(at(n, 8), check(&bank)) && is(at(n, 9), check(part(n, 10, 20)))
}

/// Whether a nine-character number ends with the check letter of `body`.
fn es_letter(body: &[u8], n: &[u8]) -> bool {
    let check = at(DNI, (value(body) % 23) as usize);
    n.len() == 9 && all_digits(body) && at(n, 8) == check
}

fn es_dni(n: &[u8]) -> bool {
    es_letter(part(n, 0, 8), n)
}

/// X, Y, Z count as 0, 1, 2.
fn es_nie(n: &[u8]) -> bool {
    let Some(first) = place(b"XYZ", at(n, 0)) else {
        return false;
    };
    let body = [&[b'0' + first as u8], part(n, 1, 8)].concat();
    all_digits(part(n, 1, 8)) && es_letter(&body, n)
}

/// Kind of company, province, serial; the check is Luhn's, as a digit or as a letter.
fn es_cif(n: &[u8]) -> bool {
    let body = part(n, 1, 8);
    let check = (0..10)
        .find(|d| luhn(&[body, &[b'0' + d]].concat()))
        .unwrap_or(0);
    let ends = [b'0' + check, at(b"JABCDEFGHI", usize::from(check))];
    let kind = b"ABCDEFGHJNPQRSUVW".contains(&at(n, 0));
    n.len() == 9 && kind && digits(body, 7) && ends.contains(&at(n, 8))
}

/// Seven characters of the plot, seven of the sheet, four of the unit, two check letters.
fn es_cadastre(n: &[u8]) -> bool {
    // Ñ stands between N and O: two bytes of UTF-8, taken as one letter.
    let letters = String::from_utf8_lossy(n);
    let rank = |c: char| match c {
        '0'..='9' => Some(i64::from(u32::from(c) - 48)),
        'A'..='N' => Some(i64::from(u32::from(c) - 64)),
        'Ñ' => Some(15),
        'O'..='Z' => Some(i64::from(u32::from(c) - 63)),
        _ => None,
    };
    let Some(ranks) = letters.chars().map(rank).collect::<Option<Vec<i64>>>() else {
        return false;
    };
    let (Some(plot), Some(sheet), Some(unit)) =
        (ranks.get(..7), ranks.get(7..14), ranks.get(14..18))
    else {
        return false;
    };
    let check = |half: &[i64]| {
        let weights = [13, 15, 12, 5, 4, 17, 9, 21, 3, 7, 1];
        let sum: i64 = half
            .iter()
            .chain(unit)
            .zip(weights)
            .map(|(r, w)| r * w)
            .sum();
        at(b"MQWERTYUIOPASDFGHJKLBZX", (sum % 23) as usize)
    };
    ranks.len() == 20 && part(n, n.len() - 2, n.len()) == [check(plot), check(sheet)]
}

/// Sex, year, month, department, municipality, serial, key; Corsica's 2A and 2B count as 19, 18.
fn fr_nir(n: &[u8]) -> bool {
    let department = match part(n, 5, 7) {
        b"2A" => b"19",
        b"2B" => b"18",
        other => other,
    };
    let body = [part(n, 0, 5), department, part(n, 7, 13)].concat();
    let key = value(part(n, 13, 15));
    n.len() == 15
        && digits(&body, 13)
        && all_digits(part(n, 13, 15))
        && 97 - modulo(&body, 97) == key
}

/// Two characters of check and a company's number; the old style is all digits.
fn fr_tva(n: &[u8]) -> bool {
    let alphabet = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let (Some(a), Some(b)) = (place(alphabet, at(n, 0)), place(alphabet, at(n, 1))) else {
        return false;
    };
    let siren = part(n, 2, 11);
    // Numbers from 000 are Monaco's, with no company number inside.
    if n.len() != 11 || !digits(siren, 9) || !(siren.starts_with(b"000") || luhn(siren)) {
        return false;
    }
    if a < 10 && b < 10 {
        return a * 10 + b == modulo(&[siren, b"12"].concat(), 97);
    }
    let check = if a < 10 {
        a * 24 + b - 10
    } else {
        a * 34 + b - 100
    };
    (value(siren) + 1 + check / 11) % 11 == check % 11
}

/// Serial, province of the office, Luhn.
fn it_iva(n: &[u8]) -> bool {
    let office = value(part(n, 7, 10));
    let known = matches!(office, 1..=100 | 120 | 121 | 888 | 999);
    digits(n, 11) && !zero(part(n, 0, 7)) && known && luhn(n)
}

/// Surname, name, birth date and sex, place, check. Letters may stand for digits where two people
/// would share a code.
fn it_person(n: &[u8]) -> bool {
    let replaced = b"LMNPQRSTUV";
    let figure = |b: u8| match b {
        b'0'..=b'9' => Some(digit(b)),
        _ => place(replaced, b),
    };
    let pair = |i: usize| Some(figure(at(n, i))? * 10 + figure(at(n, i + 1))?);
    let (Some(yy), Some(day), Some(_), Some(_)) = (pair(6), pair(9), pair(12), pair(13)) else {
        return false;
    };
    let Some(month) = place(b"ABCDEHLMPRST", at(n, 8)) else {
        return false;
    };
    let day = if day > 40 { day - 40 } else { day };
    let dated = date(1900 + yy, month + 1, day) || date(2000 + yy, month + 1, day);
    let letters = part(n, 0, 6).iter().all(u8::is_ascii_uppercase);
    let odd = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let terms = part(n, 0, 15).iter().enumerate().map(|(i, &b)| {
        let rank = if b.is_ascii_digit() {
            digit(b)
        } else {
            i64::from(b.saturating_sub(b'A'))
        };
        if i % 2 == 0 {
            odd.get(rank as usize).copied().unwrap_or(0)
        } else {
            rank
        }
    });
    let check = (i64::from(b'A') + terms.sum::<i64>() % 26) as u8;
    n.len() == 16 && letters && at(n, 11).is_ascii_uppercase() && dated && at(n, 15) == check
}

/// A medicine's nine digits: leading 0, check by the digits of doubled digits.
fn it_medicine(n: &[u8]) -> bool {
    let terms = part(n, 0, 8).iter().enumerate().map(|(i, &b)| {
        let d = digit(b) * if i % 2 == 0 { 1 } else { 2 };
        d / 10 + d % 10
    });
    digits(n, 9) && at(n, 0) == b'0' && is(at(n, 8), terms.sum::<i64>() % 10)
}

/// The nine digits of a medicine's six characters in base 32.
fn it_base32(n: &[u8]) -> Option<Vec<u8>> {
    let alphabet = b"0123456789BCDFGHJKLMNPQRSTUVWXYZ";
    let value = n
        .iter()
        .try_fold(0, |sum, &b| Some(sum * 32 + place(alphabet, b)?))?;
    Some(format!("{value:09}").into_bytes())
}

/// Eight digits and their own check, two characters of the version, a Luhn digit with letters as
/// 10 to 35.
fn pt_card(n: &[u8]) -> bool {
    let rank = |b: u8| match b {
        b'0'..=b'9' => digit(b),
        _ => i64::from(b.saturating_sub(b'A')) + 10,
    };
    let terms = n
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &b)| match (i % 2, rank(b)) {
            (0, r) => r,
            (_, r) if 2 * r > 9 => 2 * r - 9,
            (_, r) => 2 * r,
        });
    let form = n.len() >= 3 && n.iter().all(u8::is_ascii_alphanumeric);
    let body = n.len().saturating_sub(3);
    let framed =
        part(n, 0, body).iter().all(u8::is_ascii_digit) && n.last().is_some_and(u8::is_ascii_digit);
    form && framed && terms.sum::<i64>() % 10 == 0
}
