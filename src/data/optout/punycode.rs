//! International host names in the letters DNS knows (RFC 3492).

use unicode_normalization::UnicodeNormalization;

/// `host` in lower case with each international label in Punycode; none when it is empty or no
/// host could be called so.
pub(super) fn to_ascii(host: &str) -> Option<String> {
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if host.is_ascii() {
        return Some(host.to_ascii_lowercase());
    }
    // The ideographic full stops part labels too (RFC 3490, 3.1).
    let labels = host.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
    let labels: Option<Vec<String>> = labels
        .map(|label| {
            let label: String = label.to_lowercase().nfkc().collect();
            match label.is_ascii() {
                true => Some(label),
                false => Some(format!("xn--{}", encode(&label)?)),
            }
        })
        .collect();
    Some(labels?.join("."))
}

/// A label of a name in Punycode, without its prefix; none when it is far too long for one.
fn encode(label: &str) -> Option<String> {
    const BASE: u32 = 36; // RFC 3492, 5
    const T_MIN: u32 = 1;
    const T_MAX: u32 = 26;
    const SKEW: u32 = 38;
    const DAMP: u32 = 700;
    let input: Vec<u32> = label.chars().map(u32::from).collect();
    if input.len() > 128 {
        return None;
    }
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let n_basic = out.len() as u32;
    if n_basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut done) = (128u32, 0u32, 72u32, n_basic);
    while (done as usize) < input.len() {
        let next = input.iter().copied().filter(|c| *c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(done + 1)?)?;
        n = next;
        for &c in &input {
            if c < n {
                delta = delta.checked_add(1)?;
            }
            if c != n {
                continue;
            }
            let (mut q, mut k) = (delta, BASE);
            loop {
                let t = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
                if q < t {
                    break;
                }
                out.extend(digit_of(t + (q - t) % (BASE - t)));
                q = (q - t) / (BASE - t);
                k += BASE;
            }
            out.extend(digit_of(q));
            delta = if done == n_basic {
                delta / DAMP
            } else {
                delta / 2
            };
            delta += delta / (done + 1);
            let mut k = 0;
            while delta > (BASE - T_MIN) * T_MAX / 2 {
                delta /= BASE - T_MIN;
                k += BASE;
            }
            bias = k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
            delta = 0;
            done += 1;
        }
        delta += 1;
        n += 1;
    }
    Some(out)
}

/// A digit of base 36 as Punycode writes it: `a` to `z`, then `0` to `9`.
fn digit_of(d: u32) -> Option<char> {
    char::from_digit(if d < 26 { d + 10 } else { d - 26 }, 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_scripts_are_as_registered() {
        for (name, expected) in [
            ("münchen.de", "xn--mnchen-3ya.de"),
            ("Straße.DE", "xn--strae-oqa.de"),
            ("президент.рф", "xn--d1abbgf6aiiy.xn--p1ai"),
            ("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("faß。example", "xn--fa-hia.example"),
            ("plain.example", "plain.example"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(to_ascii(""), None);
        assert_eq!(to_ascii("a b"), None);
        assert_eq!(to_ascii(&"ü".repeat(1000)), None);
    }
}
