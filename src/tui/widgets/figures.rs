//! Numbers as a person reads them at a glance.

/// `1 234 567`, grouped as ISO 80000-1 writes it.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// `812`, `12.3k`, `4.56M`, `7.89G`: three digits and a letter.
pub fn count(n: u64) -> String {
    scaled(n as f64)
}

/// A rate as [`count`] writes numbers; `-` where there is none.
pub fn rate(per_s: f64) -> String {
    if per_s.is_finite() && per_s >= 0.0 {
        scaled(per_s)
    } else {
        "-".into()
    }
}

fn scaled(n: f64) -> String {
    let (n, letter) = match n {
        n if n < 999.5 => return format!("{n:.0}"),
        n if n < 999.5e3 => (n / 1e3, "k"),
        n if n < 999.5e6 => (n / 1e6, "M"),
        n if n < 999.5e9 => (n / 1e9, "G"),
        n => (n / 1e12, "T"),
    };
    let decimals = match n {
        n if n < 9.995 => 2,
        n if n < 99.95 => 1,
        _ => 0,
    };
    format!("{n:.decimals$}{letter}")
}

/// `0:07`, `12:34`, `1:02:03`, `3d 04h`.
pub fn clock(ms: u64) -> String {
    let s = ms / 1000;
    let (d, h, m, s) = (s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60);
    match (d, h) {
        (0, 0) => format!("{m}:{s:02}"),
        (0, h) => format!("{h}:{m:02}:{s:02}"),
        (d, h) => format!("{d}d {h:02}h"),
    }
}

/// Four significant digits or fewer: `3.214`, `12.35`, `0.0012`, `1.9e-5`; `-` for no number.
pub fn short(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() {
        "-".into()
    } else if size == 0.0 {
        "0".into()
    } else if !(1e-2..1e5).contains(&size) {
        format!("{x:.1e}")
    } else if size < 9.9995 {
        format!("{x:.3}")
    } else if size < 99.995 {
        format!("{x:.2}")
    } else {
        format!("{x:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_at_a_glance() {
        let counts = [0, 999, 1000, 12_345, 999_499, 999_500, 4_560_000].map(count);
        assert_eq!(
            counts,
            ["0", "999", "1.00k", "12.3k", "999k", "1.00M", "4.56M"]
        );
        assert_eq!(
            [0, 12, 1234, 1_234_567].map(grouped),
            ["0", "12", "1 234", "1 234 567"]
        );
        let clocks = [7_900, 754_000, 3_723_000, 3 * 86_400_000 + 4 * 3_600_000].map(clock);
        assert_eq!(clocks, ["0:07", "12:34", "1:02:03", "3d 04h"]);
        let shorts = [3.2141, 12.345, 123.4, 0.0019, 0.25, 0.0, f64::NAN].map(short);
        assert_eq!(
            shorts,
            ["3.214", "12.35", "123", "1.9e-3", "0.250", "0", "-"]
        );
        assert_eq!(rate(f64::INFINITY), "-");
    }
}
