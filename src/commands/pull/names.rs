//! Names, hashes and addresses that come from a server, none of them believed.

use std::path::{Component, Path};

use sha1::{Digest, Sha1};
use ureq::http::Uri;

use crate::commands::fail::Result;
use crate::disk;

/// The hash a file must have: SHA-256 for large files (LFS), git's SHA-1 for small ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected(pub(super) String);

impl Expected {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text
            .trim_matches('"')
            .trim_start_matches("W/")
            .trim_matches('"');
        let hex = text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (hex && matches!(text.len(), 40 | 64)).then(|| Expected(text.into()))
    }

    pub(super) fn of_file(&self, path: &Path) -> Result<String> {
        Ok(match self.0.len() {
            64 => disk::sha256(path)?.0,
            _ => git_sha1(path)?,
        })
    }
}

/// SHA-1 as git names a file: of `blob <length>\0` and the bytes.
fn git_sha1(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| disk::Error::io(path, "read", e))?;
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(&bytes);
    Ok(disk::hex(&hasher.finalize()))
}

/// True for a relative path without `..`, backslashes, drives or control characters.
pub(super) fn is_safe_name(name: &str) -> bool {
    let plain = |c: Component| matches!(c, Component::Normal(part) if !part.is_empty());
    let forbidden = |c: char| c.is_control() || matches!(c, '\\' | ':' | '?' | '#');
    !name.is_empty()
        && name.len() < 1024
        && !name.contains(forbidden)
        && !name.split('/').any(|part| part.is_empty() || part == ".")
        && Path::new(name).components().all(plain)
}

/// A path in a URL: what is not plain is written `%XX`.
pub(super) fn escape(name: &str) -> String {
    name.bytes().fold(String::new(), |mut url, b| {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                url.push(b.into());
            }
            _ => url.push_str(&format!("%{b:02X}")),
        }
        url
    })
}

/// Scheme and host of a URL.
pub(super) fn origin(url: &str) -> Option<(String, String)> {
    let uri: Uri = url.parse().ok()?;
    Some((uri.scheme_str()?.into(), uri.authority()?.as_str().into()))
}

/// Where a redirection leads; never from https to something else.
pub(super) fn redirected(from: &str, to: &str) -> Option<String> {
    let (scheme, host) = origin(from)?;
    if to.starts_with('/') && !to.starts_with("//") {
        return Some(format!("{scheme}://{host}{to}"));
    }
    let (to_scheme, _) = origin(to)?;
    (to_scheme == "https" || (to_scheme == "http" && scheme == "http")).then(|| to.into())
}

/// `bytes 5-9/10` gives the first byte and the length of the whole.
pub(super) fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.parse().ok()?, total.parse().ok()))
}

/// Whether `name` matches a pattern in which `*` is any text and `?` any character.
pub(super) fn matches(glob: &str, name: &str) -> bool {
    let (glob, name): (Vec<char>, Vec<char>) = (glob.chars().collect(), name.chars().collect());
    let (mut g, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, n));
                g += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (g, n) = (g + 1, n + 1),
            _ => match star {
                // The last star takes one character more.
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (g, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "../x.json",
            "/etc/x.json",
            "a/../../x.json",
            "a\\..\\x.json",
            "",
            "a//b",
            "./a",
        ] {
            assert!(!is_safe_name(name), "{name}");
        }
        for name in ["model.safetensors", "onnx/model.json", "a b.json", "ä.json"] {
            assert!(is_safe_name(name), "{name}");
        }
        assert_eq!(escape("a b/ä.json"), "a%20b/%C3%A4.json");
    }

    #[test]
    fn a_pattern_matches_as_in_a_shell() {
        for (glob, name, yes) in [
            ("*.json", "config.json", true),
            ("*.json", "model.safetensors", false),
            (
                "model-0000?-of-*.safetensors",
                "model-00001-of-00002.safetensors",
                true,
            ),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbxc", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(glob, name), yes, "{glob} {name}");
        }
    }

    #[test]
    fn only_whole_hashes_are_promises() {
        assert!(Expected::parse(&format!("\"{}\"", "a".repeat(64))).is_some());
        assert!(Expected::parse(&"0".repeat(40)).is_some());
        for etag in ["", "../../x", "\"abc\"", &"g".repeat(40), &"A".repeat(64)] {
            assert!(Expected::parse(etag).is_none(), "{etag}");
        }
    }

    #[test]
    fn a_small_file_hashes_as_git_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        disk::replace_bytes(&path, b"hello\n").unwrap();
        // `printf 'hello\n' | git hash-object --stdin`
        assert_eq!(
            git_sha1(&path).unwrap(),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
    }

    #[test]
    fn a_secure_connection_is_never_left_for_an_open_one() {
        assert_eq!(redirected("https://a/b", "/c").unwrap(), "https://a/c");
        assert_eq!(
            redirected("https://a/b", "https://d/c").unwrap(),
            "https://d/c"
        );
        assert_eq!(redirected("https://a/b", "http://d/c"), None);
        assert_eq!(redirected("http://a/b", "file:///etc/passwd"), None);
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes */10"), None);
    }
}
