//! The parts of an http address that decisions are made on.

use super::punycode::to_ascii;

/// Longest authority that is one; a host name has at most 253 octets.
const MAX_AUTHORITY: usize = 1024;

/// What no host is called with, unless it is an IPv6 address in brackets; WHATWG URL, "forbidden
/// host code point", without white space and controls.
const FORBIDDEN: [char; 12] = ['#', '/', ':', '<', '>', '?', '@', '[', '\\', ']', '^', '|'];

/// An address on the web, split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether the scheme is `https`; else it is `http`.
    pub https: bool,
    /// Host in lower case, international names in Punycode, without a dot at the end.
    pub host: String,
    /// Port, unless it is the scheme's own.
    pub port: Option<u16>,
    /// Path and query, beginning with `/`, without the fragment.
    pub path: String,
}

impl Url {
    /// Splits an `http` or `https` address; none of anything else.
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        let (scheme, rest) = url.split_once("://")?;
        let https = match scheme.len() {
            4 if scheme.eq_ignore_ascii_case("http") => false,
            5 if scheme.eq_ignore_ascii_case("https") => true,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.len() > MAX_AUTHORITY {
            return None;
        }
        let authority = authority.rsplit('@').next().unwrap_or(authority);
        let (host, port) = match authority.rsplit_once(':') {
            // Digits after the last colon are a port, unless they are of an IPv6 address.
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
                (host, port.parse().ok())
            }
            _ => (authority, None),
        };
        // Full stops of other scripts are dots now, and letters in full width may be anything.
        let host = to_ascii(host)?;
        let host = host.trim_end_matches('.');
        let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let strange = match inner {
            Some(v6) => v6.contains(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.'),
            None => host.contains(|c: char| c.is_whitespace() || FORBIDDEN.contains(&c)),
        };
        if host.is_empty() || strange {
            return None;
        }
        let own = if https { 443 } else { 80 };
        let path = path.split('#').next().unwrap_or(path).trim_end();
        let slash = if path.starts_with('/') { "" } else { "/" };
        Some(Url {
            https,
            host: host.to_string(),
            port: port.filter(|port| *port != own),
            path: format!("{slash}{path}"),
        })
    }

    /// As [`Url::parse`], where the scheme may be left out as lists do.
    pub(super) fn parse_loose(url: &str) -> Option<Self> {
        let url = url.trim();
        if url.contains("://") {
            return Url::parse(url);
        }
        Url::parse(&format!("http://{}", url.trim_start_matches('/')))
    }

    /// Host and port: what a robots.txt speaks for, but for the scheme.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Whether the host is a number, which has no domains above it.
    pub(super) fn is_address(&self) -> bool {
        self.host.starts_with('[') || self.host.parse::<std::net::Ipv4Addr>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> Option<(bool, String, String)> {
        Url::parse(url).map(|u| (u.https, u.authority(), u.path))
    }

    #[test]
    fn an_address_is_split_and_its_host_spelt_one_way() {
        for (url, https, authority, path) in [
            ("http://Example.COM", false, "example.com", "/"),
            ("HTTPS://example.com:443/a?b#c", true, "example.com", "/a?b"),
            ("https://example.com:80/", true, "example.com:80", "/"),
            (
                "http://user:p@ss@example.com./x",
                false,
                "example.com",
                "/x",
            ),
            ("http://example.com?q", false, "example.com", "/?q"),
            (
                "http://[2001:db8::1]:8080/",
                false,
                "[2001:db8::1]:8080",
                "/",
            ),
            ("http://[2001:db8::1]/", false, "[2001:db8::1]", "/"),
            (
                "http://Bücher.example/ü",
                false,
                "xn--bcher-kva.example",
                "/ü",
            ),
            ("http://ü.example\u{3002}/x", false, "xn--tda.example", "/x"),
            ("http://example.com:/x", false, "example.com", "/x"),
        ] {
            let expected = Some((https, authority.to_string(), path.to_string()));
            assert_eq!(parts(url), expected, "{url}");
        }
        for url in [
            "",
            "example.com",
            "ftp://example.com/",
            "http://",
            "://x",
            "http:///x",
            "http://[2001:db8::1]:808:4430/x",
            "http://a:b/",
            "http://[::1/",
            "http://\u{3002}/",
            "http://a\u{ff0f}b.example/",
            "http://a\u{ff20}b.example/",
            "http://\u{a8}\u{fc}.example/",
        ] {
            assert_eq!(parts(url), None, "{url}");
        }
        assert_eq!(parts(&format!("http://{}/", "a".repeat(1 << 20))), None);
    }
}
