//! Addresses of the same page, written differently.

use xxhash_rust::xxh3::xxh3_64;

/// Parameters that say who sent the reader, not what is read: whole names, and names that begin
/// so where they end in `*`.
const TRACKING: [&str; 18] = [
    "utm_*",
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "msclkid",
    "yclid",
    "twclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "phpsessid",
    "jsessionid",
    "mtm_*",
];

/// The address that stands for all ways to write it: no scheme, user or fragment; the host in
/// lower case without `www.` and the usual ports; dot segments resolved, escapes of unreserved
/// characters undone and others in capitals; no slash at the end; parameters that only track
/// removed and the rest sorted. None for what is no address with a host.
pub fn normal_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    if scheme.is_empty()
        || !scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let mut normal = host(authority)?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    for segment in segments(path) {
        normal.push('/');
        normal.push_str(&segment);
    }
    let mut parameters: Vec<String> = query
        .split('&')
        .map(escapes)
        .filter(|p| !p.is_empty() && !is_tracking(p.split('=').next().unwrap_or(p)))
        .collect();
    parameters.sort_unstable();
    for (i, parameter) in parameters.iter().enumerate() {
        normal.push(if i == 0 { '?' } else { '&' });
        normal.push_str(parameter);
    }
    Some(normal)
}

/// Hash of the normal form; never 0.
pub(super) fn url_hash(url: &str) -> Option<u64> {
    normal_url(url).map(|normal| xxh3_64(normal.as_bytes()).max(1))
}

fn host(authority: &str) -> Option<String> {
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = host.to_lowercase();
    let mut host = host.trim();
    // Whatever stands behind what, so that the normal form is its own normal form.
    while let Some(rest) = [":80", ":443", ":", "."]
        .iter()
        .find_map(|end| host.strip_suffix(end))
    {
        host = rest.trim_end();
    }
    while let Some(rest) = host.strip_prefix("www.").filter(|rest| rest.contains('.')) {
        host = rest.trim_start();
    }
    (!host.is_empty()).then(|| host.to_string())
}

/// The segments of a path, `.` and `..` resolved, without the empty one a slash at the end makes.
fn segments(path: &str) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for segment in path.split(['/', '\\']).skip(1) {
        let segment = escapes(segment);
        // A session's name may hang on a segment: `/page;jsessionid=1F`.
        let segment = match segment.split_once(';') {
            Some((name, parameter)) if is_tracking(parameter.split('=').next().unwrap_or("")) => {
                name
            }
            _ => segment.as_str(),
        };
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other.into()),
        }
    }
    while kept.last().is_some_and(String::is_empty) {
        kept.pop();
    }
    kept
}

fn is_tracking(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TRACKING.iter().any(|row| match row.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *row,
    })
}

/// Escapes of unreserved characters (RFC 3986, 2.3) undone, others in capitals; characters that
/// must be escaped are.
fn escapes(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut out = String::with_capacity(part.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |i: usize| bytes.get(at + i).and_then(|b| char::from(*b).to_digit(16));
        let escaped = match byte {
            b'%' => digit(1).zip(digit(2)).map(|(a, b)| (16 * a + b) as u8),
            _ => None,
        };
        at += if escaped.is_some() { 3 } else { 1 };
        let byte = escaped.unwrap_or(byte);
        let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_plain = escaped.is_none() && byte.is_ascii_graphic();
        if is_unreserved || is_plain {
            out.push(char::from(byte));
        } else {
            const HEX: [char; 16] = [
                '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
            ];
            out.extend([
                '%',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ways_to_write_an_address_are_one_and_other_addresses_are_others() {
        for (url, expected) in [
            ("https://www.Example.EU:443/", "example.eu"),
            ("http://example.eu", "example.eu"),
            ("http://u:p@example.eu./a/./b/../c/#top", "example.eu/a/c"),
            (
                "https://example.eu/?utm_source=x&b=2&a=1&fbclid=3",
                "example.eu?a=1&b=2",
            ),
            (
                "https://example.eu/%7eme/%c3%a9t%C3%A9",
                "example.eu/~me/%C3%A9t%C3%A9",
            ),
            ("https://example.eu/été", "example.eu/%C3%A9t%C3%A9"),
            ("https://example.eu/p;jsessionid=1F?x", "example.eu/p?x"),
            ("https://example.eu/a%2Fb", "example.eu/a%2Fb"),
            (
                "http://example.eu:8080/Ä?Q=%zz",
                "example.eu:8080/%C3%84?Q=%zz",
            ),
            ("https://www.eu/x//y", "www.eu/x//y"),
            ("http://a.example:80.", "a.example"),
            ("http://a.example.:80:", "a.example"),
            ("http://www.www.example.eu", "example.eu"),
            ("http://a.example/?%75tm_source=x", "a.example"),
            ("http://a.example/p;%6Asessionid=1", "a.example/p"),
        ] {
            assert_eq!(normal_url(url).as_deref(), Some(expected), "{url}");
            let again = normal_url(&format!("http://{expected}"));
            assert_eq!(again.as_deref(), Some(expected), "{url} again");
        }
        for none in [
            "",
            "example.eu",
            "://x",
            "http://",
            "http:///path",
            "data: text",
        ] {
            assert_eq!(normal_url(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(path in "([a-c/.?&=;%0-9#ä]|%2[ef]|utm_x=|\\PC){0,20}") {
            if let Some(normal) = normal_url(&format!("http://a.b/{path}")) {
                prop_assert_eq!(normal_url(&format!("http://{normal}")), Some(normal));
            }
        }
    }
}
