//! Path patterns as robots.txt writes them (RFC 9309, 2.2.2 and 2.2.3), which TDMRep and ai.txt
//! have taken over: a prefix, `*` for anything, a last `$` for the end.

/// Longest path that is compared, in bytes once normalised; what is beyond can only be reached
/// by a prefix or a `*`. URLs on the web rarely exceed 2 KiB.
const MAX_PATH: usize = 16 << 10;

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~".contains(&b)
}

fn is_reserved(b: u8) -> bool {
    b":/?#[]@!$&'()*+,;=".contains(&b)
}

fn hex(b: Option<&u8>) -> Option<u8> {
    char::from(*b?).to_digit(16).map(|d| d as u8)
}

/// A path or pattern in the one spelling that can be compared octet by octet: percent-encoded
/// unreserved characters are decoded, all else that is not a URI character is encoded. A `*` or
/// `$` that stands for itself is `%2A` and `%24`. In a query `%3A` and `%2F` are decoded too:
/// the RFC's example has an unencoded and an encoded address there as one.
fn canonical(raw: &[u8], pattern: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(raw.len());
    let encode = |out: &mut String, b: u8| {
        out.push('%');
        out.extend([b >> 4, b & 15].map(|d| HEX.get(usize::from(d)).map_or('0', |&h| h.into())));
    };
    let mut in_query = false;
    let mut at = 0;
    while let Some(&b) = raw.get(at) {
        at += 1;
        match b {
            b'%' => match (hex(raw.get(at)), hex(raw.get(at + 1))) {
                (Some(high), Some(low)) => {
                    at += 2;
                    let b = high << 4 | low;
                    if is_unreserved(b) || (in_query && matches!(b, b':' | b'/')) {
                        out.push(b.into());
                    } else {
                        encode(&mut out, b);
                    }
                }
                _ => encode(&mut out, b'%'),
            },
            b'*' if pattern => out.push('*'),
            b'$' if pattern && at == raw.len() => out.push('$'),
            b'*' | b'$' => encode(&mut out, b),
            _ if is_unreserved(b) || is_reserved(b) => {
                in_query |= b == b'?';
                out.push(b.into());
            }
            _ => encode(&mut out, b),
        }
    }
    out
}

/// A path and query ready to be compared with [`Pattern`]s.
#[derive(Debug, Clone)]
pub(super) struct Path(String);

impl Path {
    /// The path and query of a URL, without its fragment; an empty one is `/`.
    pub(super) fn new(path: &str) -> Self {
        let path = path.split('#').next().unwrap_or(path);
        let head = path.as_bytes().get(..MAX_PATH).unwrap_or(path.as_bytes());
        let mut path = canonical(head, false);
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        Path(path)
    }

    /// The same with `ending` after the path and before the query.
    pub(super) fn with_ending(&self, ending: &str) -> Self {
        let (path, query) = self.0.split_at(self.0.find('?').unwrap_or(self.0.len()));
        Path(format!("{path}{ending}{query}"))
    }

    /// The ending of the last name of the path, in lower case, without its dot.
    pub(super) fn ending(&self) -> Option<String> {
        let path = self.0.split('?').next()?;
        let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
        Some(ending.to_ascii_lowercase())
    }
}

/// A pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: Box<str>,
    anchored: bool,
    wild: bool,
}

impl Pattern {
    /// The pattern written as `raw`.
    pub(super) fn new(raw: &[u8]) -> Self {
        let text = canonical(raw, true);
        Pattern {
            anchored: text.ends_with('$'),
            wild: text.contains('*'),
            text: text.into(),
        }
    }

    /// Octets of the pattern: of the patterns that match, the longest is the most specific.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Bytes of memory, roughly.
    pub(super) fn len_bytes(&self) -> usize {
        self.text.len() + size_of::<Self>()
    }

    /// Whether `path` is one of those meant; time grows with the length of both, not their
    /// product.
    pub(super) fn matches(&self, path: &Path) -> bool {
        let path = path.0.as_str();
        let body = self.text.strip_suffix('$').unwrap_or(&self.text);
        if !self.wild {
            return if self.anchored {
                path == body
            } else {
                path.starts_with(body)
            };
        }
        let mut parts = body.split('*');
        let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
            return false;
        };
        let last = if self.anchored {
            parts.next_back()
        } else {
            None
        };
        for part in parts {
            match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        last.is_none_or(|last| rest.ends_with(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::new(pattern.as_bytes()).matches(&Path::new(path))
    }

    #[test]
    fn stars_and_the_end_are_special_and_nothing_else() {
        for (pattern, path, expected) in [
            ("/fish", "/fish.html", true),
            ("/fish", "/Fish.asp", false),
            ("/fish*", "/fishheads/yummy.html", true),
            ("/fish/", "/fish", false),
            ("/*.php", "/folder/any.php.file.html", true),
            ("/*.php$", "/filename.php?parameters", false),
            ("/*.php$", "/a.php/b.php", true),
            ("/fish*.php", "/fishheads/catfish.php?parameters", true),
            ("/fish*.php", "/Fish.PHP", false),
            ("/a*b*a$", "/aba", true),
            ("/ab*ba$", "/aba", false),
            ("*", "/anything", true),
            ("/$", "/", true),
            ("/$", "/a", false),
            ("/a$b", "/a$b/c", true),
            ("/**/x", "/y/x", true),
            ("", "/y/x", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn spellings_of_one_path_are_one() {
        for (pattern, path, expected) in [
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
            (
                "/foo/bar?baz=http://foo.bar",
                "/foo/bar?baz=http%3A%2F%2Ffoo.bar",
                true,
            ),
            (
                "/foo/bar?baz=http%3a%2f%2ffoo.bar",
                "/foo/bar?baz=http://foo.bar",
                true,
            ),
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84", true),
            ("/foo/bar/%e3%83%84", "/foo/bar/ツ", true),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
            ("/foo/bar/baz", "/foo/bar/%62%61%7A", true),
            ("/a%2Fb", "/a/b", false),
            (
                "/path/file-with-a-%2A.html",
                "/path/file-with-a-*.html",
                true,
            ),
            (
                "/path/file-with-a-%2A.html",
                "/path/file-with-a-x.html",
                false,
            ),
            ("/path/foo-%24", "/path/foo-$", true),
            ("/100%", "/100%25", true),
            ("/a b", "/a%20b", true),
            ("/", "", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_linear_time() {
        let pattern = format!("/{}{}$", "*a".repeat(100_000), "a".repeat(8000));
        assert!(!matches(&pattern, &"a".repeat(1 << 20)));
        let pattern = format!("/*{}b", "a".repeat(8000));
        assert!(!matches(&pattern, &"a".repeat(1 << 20)));
    }

    proptest::proptest! {
        #[test]
        fn a_pattern_agrees_with_the_plain_recursion(
            pattern in "[ab*$]{0,8}", path in "[ab]{0,8}",
        ) {
            fn slow(pattern: &[u8], path: &[u8]) -> bool {
                match pattern {
                    [] => true,
                    [b'$'] => path.is_empty(),
                    [b'*', rest @ ..] => (0..=path.len()).any(|i| slow(rest, &path[i..])),
                    [b, rest @ ..] => path.first() == Some(b) && slow(rest, &path[1..]),
                }
            }
            let (pattern, path) = (format!("/{pattern}"), format!("/{path}"));
            proptest::prop_assert_eq!(
                matches(&pattern, &path),
                slow(pattern.as_bytes(), path.as_bytes())
            );
        }
    }
}
