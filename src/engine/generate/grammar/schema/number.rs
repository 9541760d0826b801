//! Numbers; integers within bounds.

use serde_json::{Map, Value};

use super::super::syntax::Expr;
use super::translate::{Read, flaw, one_of};

/// Digits that a number may have behind its first: all such integers are exact in 64 bits.
const MORE_DIGITS: u32 = 15;
/// Largest bound that is understood, either side of zero.
const LARGEST: i64 = 1_000_000_000_000_000_000;

fn digit(low: u8, high: u8) -> Expr {
    Expr::class(&[(char::from(low), char::from(high))])
}

fn digits(least: u32, most: u32) -> Expr {
    digit(b'0', b'9').times(least, Some(most))
}

/// A number without a sign and behind it nothing: 0, or one that begins with another digit.
fn natural() -> Expr {
    let long = Expr::Seq(vec![digit(b'1', b'9'), digits(0, MORE_DIGITS)]);
    Expr::Alt(vec![Expr::text("0"), long])
}

/// Any number that a 64-bit float can hold.
pub(super) fn any() -> Expr {
    let minus = Expr::text("-").optional();
    let fraction = Expr::Seq(vec![Expr::text("."), digits(1, MORE_DIGITS)]).optional();
    let sign = Expr::class(&[('+', '+'), ('-', '-')]).optional();
    let e = Expr::class(&[('e', 'e'), ('E', 'E')]);
    let exponent = Expr::Seq(vec![e, sign, digits(1, 2)]).optional();
    Expr::Seq(vec![minus, natural(), fraction, exponent])
}

/// An integer within the bounds of `keys`.
pub(super) fn integer(keys: &Map<String, Value>, at: &str) -> Read<Expr> {
    let least = [("minimum", 0), ("exclusiveMinimum", 1)];
    let most = [("maximum", 0), ("exclusiveMaximum", -1)];
    let mut bounds = (None, None);
    for (key, inside) in least {
        let bound = bound(keys, key, f64::ceil, inside, at)?;
        bounds.0 = bounds.0.max(bound);
    }
    for (key, inside) in most {
        let bound = bound(keys, key, f64::floor, inside, at)?;
        bounds.1 = match (bounds.1, bound) {
            (Some(a), Some(b)) => Some(i64::min(a, b)),
            (a, b) => a.or(b),
        };
    }
    if let (Some(least), Some(most)) = bounds
        && most < least
    {
        return flaw(at, "no integer is within these bounds");
    }
    let (least, most) = bounds;
    let mut ways = Vec::new();
    if least.is_none_or(|least| least < 0) {
        // Below zero the bounds change sides.
        let low = most.filter(|most| *most < 0).map_or(1, i64::unsigned_abs);
        let high = least.map(i64::unsigned_abs);
        ways.push(Expr::Seq(vec![Expr::text("-"), within(low, high)]));
    }
    if most.is_none_or(|most| most >= 0) {
        let low = least
            .filter(|least| *least > 0)
            .map_or(0, i64::unsigned_abs);
        ways.push(within(low, most.map(i64::unsigned_abs)));
    }
    Ok(one_of(ways))
}

/// A bound, rounded by `round` and moved by `inside` where it is a whole number that does not
/// count itself.
fn bound(
    keys: &Map<String, Value>,
    key: &str,
    round: fn(f64) -> f64,
    inside: i64,
    at: &str,
) -> Read<Option<i64>> {
    let Some(value) = keys.get(key) else {
        return Ok(None);
    };
    let whole = value.as_i64().map(|n| n.saturating_add(inside));
    let rounded = || {
        let x = value.as_f64().filter(|x| x.abs() <= LARGEST as f64)?;
        let step = if x.fract() == 0.0 { inside } else { 0 };
        Some(round(x) as i64 + step)
    };
    match whole
        .or_else(rounded)
        .filter(|n| n.unsigned_abs() <= LARGEST as u64)
    {
        Some(bound) => Ok(Some(bound)),
        None => flaw(at, &format!("`{key}` is no bound for an integer")),
    }
}

/// The numbers from `low` to `high`, or to those of [`MORE_DIGITS`] more digits.
fn within(low: u64, high: Option<u64>) -> Expr {
    let longest = low.to_string().len();
    let (high, open) = match high {
        Some(high) => (high, None),
        None => {
            let nines = 10u64.saturating_pow(longest as u32) - 1;
            let more = Expr::Seq(vec![
                digit(b'1', b'9'),
                digits(longest as u32, MORE_DIGITS.max(longest as u32)),
            ]);
            (nines, Some(more))
        }
    };
    let mut ways = Vec::new();
    for len in longest..=high.to_string().len() {
        let first = if len == 1 {
            0
        } else {
            10u64.pow(len as u32 - 1)
        };
        let last = 10u64.saturating_pow(len as u32) - 1;
        let (low, high) = (low.max(first).to_string(), high.min(last).to_string());
        ways.push(same_length(low.as_bytes(), high.as_bytes()));
    }
    ways.extend(open);
    one_of(ways)
}

/// Numbers from `low` to `high`, which have as many digits.
fn same_length(low: &[u8], high: &[u8]) -> Expr {
    let (Some((a, low)), Some((b, high))) = (low.split_first(), high.split_first()) else {
        return Expr::Seq(Vec::new());
    };
    let rest = low.len();
    let is_all = |digits: &[u8], digit: u8| digits.iter().all(|d| *d == digit);
    if is_all(low, b'0') && is_all(high, b'9') {
        return Expr::Seq(vec![digit(*a, *b), digits(rest as u32, rest as u32)]);
    }
    if a == b {
        return Expr::Seq(vec![digit(*a, *b), same_length(low, high)]);
    }
    let nines = vec![b'9'; rest];
    let zeros = vec![b'0'; rest];
    let mut ways = vec![Expr::Seq(vec![digit(*a, *a), same_length(low, &nines)])];
    if a + 1 < *b {
        let between = digits(rest as u32, rest as u32);
        ways.push(Expr::Seq(vec![digit(a + 1, b - 1), between]));
    }
    ways.push(Expr::Seq(vec![digit(*b, *b), same_length(&zeros, high)]));
    Expr::Alt(ways)
}
