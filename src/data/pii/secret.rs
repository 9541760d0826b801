//! Keys and passwords: tokens their issuers mark with a prefix, JSON web tokens, private keys in
//! PEM armour, and what stands after `password =` or `api_key:` with the entropy of a key.

/// A prefix an issuer puts before its tokens, and the least number of characters after it.
/// From the issuers' own documentation of their formats.
const PREFIXES: [(&str, usize); 33] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghu_", 36),
    ("ghs_", 36),
    ("ghr_", 36),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxa-", 20),
    ("xoxr-", 20),
    ("xapp-", 20),
    ("sk_live_", 20),
    ("rk_live_", 20),
    ("sk_test_", 20),
    ("rk_test_", 20),
    ("whsec_", 24),
    ("AIza", 35),
    ("ya29.", 20),
    ("GOCSPX-", 20),
    ("sk-proj-", 20),
    ("sk-ant-", 20),
    ("sk-", 32),
    ("hf_", 30),
    ("npm_", 36),
    ("pypi-", 50),
    ("SG.", 40),
    ("dop_v1_", 64),
    ("shpat_", 32),
    ("key-", 32),
    ("EAACEdEose0cBA", 10),
];

/// Names of values that are secret.
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "auth_key",
    "client_secret",
    "private_key",
];

/// Longest token looked at.
const LONGEST: usize = 2048;

/// The token around the digit at `at`, if it is a secret: from, to, how sure. If not, the place up
/// to which that is settled.
pub(super) fn token(text: &str, at: usize) -> Result<(usize, usize, f32), usize> {
    let bytes = text.as_bytes();
    let inside =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+' | b'/' | b'=');
    let head = bytes
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rev()
        .take(64)
        .take_while(|b| inside(b))
        .count();
    let tail = bytes
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take(LONGEST)
        .take_while(|b| inside(b))
        .count();
    let settled = at + tail;
    let run = text.get(at - head..at + tail).unwrap_or_default();
    if run.len() < 16 {
        return Err(settled);
    }
    let value = run.trim_end_matches(['.', '-', '=', '/']);
    for (prefix, least) in PREFIXES {
        if let Some(found) = value.find(prefix) {
            let start = at - head + found;
            let begins =
                found == 0 || matches!(value.as_bytes().get(found - 1), Some(b'=' | b'/' | b'.'));
            let body = &value[found + prefix.len()..];
            let body = body.split(['/', '=', '+']).next().unwrap_or_default();
            let end = start + prefix.len() + body.len();
            let mixed = body.bytes().any(|b| b.is_ascii_digit()) && entropy(body) >= 3.0;
            if begins && body.len() >= least && mixed && at < end {
                return Ok((start, end, 0.95));
            }
        }
    }
    if let Some(found) = value.find("eyJ") {
        let body = &value[found..];
        let parts: Vec<&str> = body.split('.').collect();
        if matches!(parts[..], [h, p, s] if h.len() >= 10 && p.len() >= 10 && p.starts_with("eyJ") && s.len() >= 10)
        {
            let start = at - head + found;
            return Ok((start, start + body.len(), 0.95));
        }
    }
    assigned(text, at - head, value).ok_or(settled)
}

/// The value after a secret's name: `password = "…"`, `api_key: …`.
fn assigned(text: &str, from: usize, run: &str) -> Option<(usize, usize, f32)> {
    // In `token=abc` the name is in the run itself.
    let (start, value) = match run.find('=') {
        Some(i) if i + 1 < run.len() => (from + i + 1, &run[i + 1..]),
        _ => (from, run),
    };
    let mut back = start.saturating_sub(32);
    while !text.is_char_boundary(back) {
        back += 1;
    }
    let head = text
        .get(back..start)?
        .trim_end_matches(['"', '\'', '`', ' ', '>']);
    let head = head
        .strip_suffix([':', '='])?
        .trim_end_matches(['"', '\'', ' ', ':', '=']);
    let head = head.to_ascii_lowercase();
    let named = NAMES.iter().any(|name| head.ends_with(name));
    let hex = value.bytes().all(|b| b.is_ascii_hexdigit());
    let dense = entropy(value) >= if hex { 3.0 } else { 3.5 };
    let value_sound =
        value.len() >= 16 && value.bytes().any(|b| b.is_ascii_digit()) && !value.contains('/');
    (named && dense && value_sound).then_some((start, start + value.len(), 0.8))
}

/// Shannon entropy of the bytes, in bits each.
fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for b in text.bytes() {
        counts[usize::from(b)] += 1;
    }
    let n = text.len().max(1) as f64;
    let share = |&c: &u32| f64::from(c) / n;
    -counts
        .iter()
        .filter(|&&c| c > 0)
        .map(share)
        .map(|p| p * p.log2())
        .sum::<f64>()
}

/// Mark of PEM armour.
pub(super) const ARMOUR: &[u8] = b"-----BEGIN ";

/// The private key whose armour begins at `start`: to the end of its armour or, cut off, of its
/// base64 lines.
pub(super) fn private_key(text: &str, start: usize) -> Option<(usize, usize)> {
    const MAX_KEY: usize = 1 << 15;
    let mut limit = text.len().min(start + MAX_KEY);
    while !text.is_char_boundary(limit) {
        limit -= 1;
    }
    let body = text.get(start..limit)?;
    let label = body.get(ARMOUR.len()..)?.split("-----").next()?;
    if label.len() > 40 || !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK")
    {
        return None;
    }
    let head = ARMOUR.len() + label.len() + 5;
    if let Some(at) = body.find("-----END ") {
        let tail = body.get(at + 9..)?;
        let close = tail.find("-----").filter(|&close| close < 48)?;
        return Some((start, start + at + 9 + close + 5));
    }
    let lines = body.get(head..)?.bytes();
    let armour = |b: &u8| b.is_ascii_alphanumeric() || b"+/=\r\n \\:,-".contains(b);
    Some((start, start + head + lines.take_while(armour).count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find(|c: char| c.is_ascii_digit())?;
        let (start, end, _) = token(text, at).ok()?;
        text.get(start..end)
    }

    #[test]
    fn keys_are_known_by_their_prefix_or_their_name() {
        // Put together here, so that no scanner takes this file for a leak.
        let body = "a8Xk29dLw0Qz7VbN3mRt5yUi1oPs4fGh6jKe";
        for prefix in ["ghp_", "AIza", "sk-proj-", "npm_"] {
            let key = format!("{prefix}{body}");
            assert_eq!(found(&format!("use {key}, please")), Some(key.as_str()));
        }
        let jwt = format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{body}");
        assert_eq!(found(&format!("Bearer {jwt}")), Some(jwt.as_str()));
        assert_eq!(found(&format!("password = \"{body}\"")), Some(body));
        for text in [
            "9a1f7aa536eafa2880e6b5d0a9d936500c6bdf0d",
            "token = aaaaaaaaaaaaaaaaaaaaaaa1",
            "sk-1",
            "https://example.org/2024/01/a-long-name-of-a-page",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_private_key_ends_with_its_armour_or_its_lines() {
        let (open, close) = (
            "-----BEGIN RSA PRIVATE KEY-----\n",
            "\n-----END RSA PRIVATE KEY-----",
        );
        let whole = format!("{open}MIIB\nabc={close}");
        assert_eq!(
            private_key(&format!("{whole}\nBye"), 0),
            Some((0, whole.len()))
        );
        assert_eq!(
            private_key(&format!("{open}MIIB!"), 0),
            Some((0, open.len() + 4))
        );
        assert_eq!(private_key("-----BEGIN CERTIFICATE-----", 0), None);
    }
}
