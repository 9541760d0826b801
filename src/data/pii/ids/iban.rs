//! International bank account numbers: ISO 13616, with each country's form from the registry.
use super::arith::{at, luhn, mod_97, part, value};
use super::north::no_iban;
use super::south::es_account;

/// Country and the form of what follows its two check digits: counts of `n` digits, `a` letters,
/// `c` either. SWIFT's IBAN registry, release 101.
#[rustfmt::skip]
const FORMS: &[(&str, &str)] = &[
    ("AD", "8n 12c"), ("AE", "19n"), ("AL", "8n 16c"), ("AT", "16n"), ("AZ", "4a 20c"),
    ("BA", "16n"), ("BE", "12n"), ("BG", "4a 6n 8c"), ("BH", "4a 14c"), ("BI", "23n"),
    ("BR", "23n 1a 1c"), ("BY", "4c 4n 16c"), ("CH", "5n 12c"), ("CR", "18n"), ("CY", "8n 16c"),
    ("CZ", "20n"), ("DE", "18n"), ("DJ", "23n"), ("DK", "14n"), ("DO", "4c 20n"), ("EE", "16n"),
    ("EG", "25n"), ("ES", "20n"), ("FI", "14n"), ("FK", "2a 12n"), ("FO", "14n"),
    ("FR", "10n 11c 2n"), ("GB", "4a 14n"), ("GE", "2a 16n"), ("GI", "4a 15c"), ("GL", "14n"),
    ("GR", "7n 16c"), ("GT", "24c"), ("HN", "4a 20n"), ("HR", "17n"), ("HU", "24n"),
    ("IE", "4a 14n"), ("IL", "19n"), ("IQ", "4a 15n"), ("IS", "22n"), ("IT", "1a 10n 12c"),
    ("JO", "4a 4n 18c"), ("KW", "4a 22c"), ("KZ", "3n 13c"), ("LB", "4n 20c"), ("LC", "4a 24c"),
    ("LI", "5n 12c"), ("LT", "16n"), ("LU", "3n 13c"), ("LV", "4a 13c"), ("LY", "21n"),
    ("MC", "10n 11c 2n"), ("MD", "20c"), ("ME", "18n"), ("MK", "3n 10c 2n"), ("MN", "16n"),
    ("MR", "23n"), ("MT", "4a 5n 18c"), ("MU", "4a 19n 3a"), ("NI", "4a 20n"), ("NL", "4a 10n"),
    ("NO", "11n"), ("OM", "3n 16c"), ("PK", "4a 16c"), ("PL", "24n"), ("PS", "4a 21c"),
    ("PT", "21n"), ("QA", "4a 21c"), ("RO", "4a 16c"), ("RS", "18n"), ("RU", "14n 15c"),
    ("SA", "2n 18c"), ("SC", "4a 20n 3a"), ("SD", "14n"), ("SE", "20n"), ("SI", "15n"),
    ("SK", "20n"), ("SM", "1a 10n 12c"), ("SO", "19n"), ("ST", "21n"), ("SV", "4a 20n"),
    ("TL", "19n"), ("TN", "20n"), ("TR", "6n 16c"), ("UA", "6n 19c"), ("VA", "18n"),
    ("VG", "4a 16n"), ("XK", "16n"), ("YE", "4a 4n 18c"),
];

/// Length of the country's account numbers with prefix and check digits; none without a form.
pub(crate) fn iban_len(country: &[u8]) -> Option<usize> {
    Some(4 + runs(country)?.map(|(count, _)| count).sum::<usize>())
}

/// Runs of one kind of character in the country's form.
fn runs(country: &[u8]) -> Option<impl Iterator<Item = (usize, u8)>> {
    let (_, form) = FORMS.iter().find(|(code, _)| code.as_bytes() == country)?;
    Some(form.split(' ').filter_map(|run| {
        let (kind, count) = run.as_bytes().split_last()?;
        Some((value(count) as usize, *kind))
    }))
}

/// Whether capitals without separators are an account number: the country's form, the two check
/// digits, and the country's own where it has some.
pub(crate) fn iban(n: &[u8]) -> bool {
    let (country, bban) = (part(n, 0, 2), part(n, 4, n.len()));
    let Some(runs) = runs(country) else {
        return false;
    };
    let mut rest = bban;
    for (count, kind) in runs {
        let Some((run, tail)) = rest.split_at_checked(count) else {
            return false;
        };
        let fits = |b: &u8| match kind {
            b'n' => b.is_ascii_digit(),
            b'a' => b.is_ascii_uppercase(),
            _ => b.is_ascii_digit() || b.is_ascii_uppercase(),
        };
        if !run.iter().all(fits) {
            return false;
        }
        rest = tail;
    }
    let turned = bban.iter().chain(part(n, 0, 4)).copied();
    rest.is_empty()
        && part(n, 2, 4).iter().all(u8::is_ascii_digit)
        && mod_97(turned) == Some(1)
        && own(country, bban)
}

/// The country's own check digits inside, where it has some that the registry's form leaves out.
fn own(country: &[u8], bban: &[u8]) -> bool {
    match country {
        b"BE" => {
            let check = value(part(bban, 0, 10)) % 97;
            value(part(bban, 10, 12)) == if check == 0 { 97 } else { check }
        }
        b"ES" => es_account(bban),
        b"ME" => mod_97(bban.iter().copied()) == Some(1),
        b"NO" => no_iban(bban),
        _ => true,
    }
}

/// The two check digits that make `country` and `bban` an account number.
pub(crate) fn iban_check(country: &[u8], bban: &[u8]) -> u32 {
    let turned = bban.iter().chain(country).copied().chain(*b"00");
    98 - mod_97(turned).unwrap_or(0)
}

/// Whether the digits are a payment card's: a network's prefix and length, and Luhn's digit.
/// Prefixes: ISO/IEC 7812 issuers as their networks publish them.
pub(crate) fn card(n: &[u8]) -> bool {
    let head = |len: usize| value(part(n, 0, len));
    let network = match n.len() {
        14 => matches!(head(3), 300..=305 | 309) || matches!(head(2), 36 | 38 | 39),
        15 => matches!(head(2), 34 | 37),
        13 => at(n, 0) == b'4',
        16 | 19 => {
            at(n, 0) == b'4'
                || matches!(head(2), 51..=55 | 62 | 65 | 81)
                || matches!(head(4), 2221..=2720 | 6011 | 3528..=3589 | 2200..=2204 | 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763 | 9792)
                || matches!(head(3), 644..=649)
        }
        17 | 18 => {
            matches!(head(4), 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763) || head(2) == 62
        }
        _ => false,
    };
    network && luhn(n) && n.iter().skip(1).any(|b| *b != at(n, 0))
}

/// The country of a code in small letters, with the life of the table.
pub(crate) fn iban_country(code: &str) -> Option<&'static str> {
    CODES.split(' ').find(|known| *known == code)
}

/// The countries of `FORMS` in small letters.
const CODES: &str = "\
    ad ae al at az ba be bg bh bi br by ch cr cy cz de dj dk do ee eg es fi fk fo fr gb ge \
    gi gl gr gt hn hr hu ie il iq is it jo kw kz lb lc li lt lu lv ly mc md me mk mn mr mt \
    mu ni nl no om pk pl ps pt qa ro rs ru sa sc sd se si sk sm so st sv tl tn tr ua va vg \
    xk ye";
