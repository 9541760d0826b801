//! The arithmetic of check digits, over ASCII bytes. Nothing here panics: a byte that is no digit
//! counts as 0, so callers test the form first.

/// Value of an ASCII digit; 0 for anything else.
pub(super) fn digit(b: u8) -> i64 {
    if b.is_ascii_digit() {
        i64::from(b - b'0')
    } else {
        0
    }
}

/// Byte `i`, or 0 past the end.
pub(super) fn at(n: &[u8], i: usize) -> u8 {
    n.get(i).copied().unwrap_or(0)
}

/// The part `[from, to)`, cut to what there is.
pub(super) fn part(n: &[u8], from: usize, to: usize) -> &[u8] {
    let to = to.min(n.len());
    n.get(from.min(to)..to).unwrap_or_default()
}

/// Whether `n` is exactly `len` digits.
pub(super) fn digits(n: &[u8], len: usize) -> bool {
    n.len() == len && all_digits(n)
}

/// Whether `n` is one or more digits.
pub(super) fn all_digits(n: &[u8]) -> bool {
    !n.is_empty() && n.iter().all(u8::is_ascii_digit)
}

/// Whether every byte is a zero.
pub(super) fn zero(n: &[u8]) -> bool {
    n.iter().all(|&b| b == b'0')
}

/// Value of up to 18 digits; of longer input the value of the last 18.
pub(super) fn value(n: &[u8]) -> i64 {
    let tail = n.get(n.len().saturating_sub(18)..).unwrap_or_default();
    tail.iter().fold(0, |sum, &b| sum * 10 + digit(b))
}

/// The digits as one number, modulo `m`.
pub(super) fn modulo(n: &[u8], m: i64) -> i64 {
    n.iter().fold(0, |rem, &b| (rem * 10 + digit(b)) % m)
}

/// Sum of digits times weights, as far as both reach.
pub(super) fn weigh(n: &[u8], weights: &[i64]) -> i64 {
    n.iter().zip(weights).map(|(&b, w)| digit(b) * w).sum()
}

/// Whether `last` is the digit `check`; a check of 10 or more fits no digit.
pub(super) fn is(last: u8, check: i64) -> bool {
    last.is_ascii_digit() && digit(last) == check
}

/// Whether the number ends with its Luhn digit (ISO/IEC 7812-1, annex B).
pub(crate) fn luhn(n: &[u8]) -> bool {
    luhn_sum(n) % 10 == 0
}

/// Luhn's sum, the last digit counted once.
pub(super) fn luhn_sum(n: &[u8]) -> i64 {
    let doubled = |d: i64| if d > 4 { 2 * d - 9 } else { 2 * d };
    let terms = n.iter().rev().enumerate().map(|(i, &b)| match i % 2 {
        0 => digit(b),
        _ => doubled(digit(b)),
    });
    terms.sum()
}

/// Whether the number checks under ISO/IEC 7064, MOD 11,10.
pub(super) fn mod_11_10(n: &[u8]) -> bool {
    let Some((last, head)) = n.split_last() else {
        return false;
    };
    let carry = head.iter().fold(10, |carry, &b| {
        let sum = (carry + digit(b)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (carry + digit(*last)) % 10 == 1
}

/// Remainder by 97 with letters as 10 to 35 (ISO/IEC 7064, MOD 97-10); none for other bytes.
pub(crate) fn mod_97(n: impl IntoIterator<Item = u8>) -> Option<u32> {
    n.into_iter().try_fold(0, |rem: u32, b| match b {
        b'0'..=b'9' => Some((rem * 10 + u32::from(b - b'0')) % 97),
        b'A'..=b'Z' => Some((rem * 100 + u32::from(b - b'A') + 10) % 97),
        _ => None,
    })
}

/// Position of `b` in `alphabet`.
pub(super) fn place(alphabet: &[u8], b: u8) -> Option<i64> {
    alphabet.iter().position(|&a| a == b).map(|i| i as i64)
}

/// The last year in which identifiers of births and foundings are believed. A constant, not the
/// clock: the same text must give the same spans tomorrow.
pub(super) const LAST_YEAR: i64 = 2026;

/// Whether the day exists in the Gregorian calendar.
pub(crate) fn date(year: i64, month: i64, day: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn textbook_numbers_check_and_their_neighbours_do_not() {
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
        assert!(mod_11_10(b"794623") && !mod_11_10(b"794624"));
        assert_eq!(mod_97(*b"3214282912345698765432161182"), Some(1));
        assert_eq!(mod_97(*b"12 4"), None);
        assert!(date(2000, 2, 29) && !date(1900, 2, 29) && !date(2001, 13, 1));
        assert_eq!(modulo(b"123456789012345678901234567890", 97), 52);
    }
}
