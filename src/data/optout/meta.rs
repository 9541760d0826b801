//! The `meta` elements of a page: a scan for them alone, so that a reservation is seen whatever
//! becomes of the page's text.

/// Bytes of a page that are looked at; `meta` belongs into the head.
const MAX_BYTES: usize = 512 << 10;
/// Attributes of an element that are looked at.
const MAX_ATTRIBUTES: usize = 32;
/// Bytes of a name or value that are kept.
const MAX_VALUE: usize = 4 << 10;

/// Calls `found` with the name (or property) and the content of each `meta` element of a page;
/// comments and scripts are passed over.
pub fn each_meta(html: &[u8], mut found: impl FnMut(&str, &str)) {
    let mut rest = html.get(..MAX_BYTES).unwrap_or(html);
    while let Some(at) = rest.iter().position(|&b| b == b'<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if rest.starts_with(b"!--") {
            // `<!-->` is a comment too: look for its end from the second dash on.
            let body = rest.get(1..).unwrap_or_default();
            rest = after(body, b"-->");
        } else if let Some(name) = ["script", "style"].iter().find(|n| is_tag(rest, n)) {
            // A raw text element goes on to its own end tag, whatever it holds.
            rest = after_end_tag(rest, name.as_bytes());
        } else if is_tag(rest, "meta") {
            let (name, content, length) = attributes(rest.get(4..).unwrap_or_default());
            if let (Some(name), Some(content)) = (name, content) {
                found(&name, &content);
            }
            rest = rest.get(4 + length..).unwrap_or_default();
        }
    }
}

fn is_tag(rest: &[u8], name: &str) -> bool {
    let head = rest.get(..name.len());
    let next = rest.get(name.len()).copied().unwrap_or(b'>');
    head.is_some_and(|h| h.eq_ignore_ascii_case(name.as_bytes()))
        && (next.is_ascii_whitespace() || matches!(next, b'>' | b'/'))
}

/// What follows the first `end`; nothing when there is none.
fn after<'a>(rest: &'a [u8], end: &[u8]) -> &'a [u8] {
    let at = rest.windows(end.len()).position(|w| w == end);
    at.and_then(|at| rest.get(at + end.len()..))
        .unwrap_or_default()
}

fn after_end_tag<'a>(mut rest: &'a [u8], name: &[u8]) -> &'a [u8] {
    while let Some(at) = rest.iter().position(|&b| b == b'<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let tag = rest.strip_prefix(b"/").and_then(|r| r.get(..name.len()));
        if tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name)) {
            return rest;
        }
    }
    &[]
}

/// Name and content of a `meta` element whose attributes begin `rest`, and how many bytes they
/// take.
fn attributes(rest: &[u8]) -> (Option<String>, Option<String>, usize) {
    let (mut name, mut content, mut at) = (None, None, 0);
    let get = |at: usize| rest.get(at).copied();
    let skip = |mut at: usize, is: &dyn Fn(u8) -> bool| {
        while get(at).is_some_and(is) {
            at += 1;
        }
        at
    };
    let text = |from: usize, to: usize| {
        let bytes = rest.get(from..to.min(from + MAX_VALUE)).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim().to_string()
    };
    for _ in 0..MAX_ATTRIBUTES {
        at = skip(at, &|b| b.is_ascii_whitespace() || b == b'/');
        if get(at).is_none_or(|b| b == b'>') {
            break;
        }
        let from = at;
        at = skip(at + 1, &|b| {
            !b.is_ascii_whitespace() && !b"=>/".contains(&b)
        });
        let key = text(from, at).to_ascii_lowercase();
        let equals = skip(at, &|b| b.is_ascii_whitespace());
        if get(equals) != Some(b'=') {
            continue;
        }
        at = skip(equals + 1, &|b| b.is_ascii_whitespace());
        let value = match get(at) {
            Some(quote @ (b'"' | b'\'')) => {
                let end = skip(at + 1, &|b| b != quote);
                let value = text(at + 1, end);
                at = end + 1;
                value
            }
            _ => {
                let from = at;
                at = skip(at, &|b| !b.is_ascii_whitespace() && b != b'>');
                text(from, at)
            }
        };
        match key.as_str() {
            "name" | "property" if name.is_none() => name = Some(value),
            "content" if content.is_none() => content = Some(value),
            _ => {}
        }
    }
    (name, content, at.min(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(html: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        each_meta(html.as_bytes(), |n, c| {
            found.push((n.to_string(), c.to_string()))
        });
        found
    }

    #[test]
    fn metas_are_found_however_they_are_written() {
        let html = r#"<!doctype html><HEAD><META content='1' NAME="tdm-reservation"/>
            <!-- <meta name=a content=b> --><script>"<meta name=c content=d>"</script>
            <meta charset=utf-8><metadata name=e content=f><meta property = og:x content = "y>z">
            <!--><meta name=robots content=noai><style><meta name=g content=h></STYLE >
            <meta name="k" content=" v "#;
        let expected = [("tdm-reservation", "1"), ("og:x", "y>z"), ("k", "v")];
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(n, c)| (n.to_string(), c.to_string()))
            .collect();
        expected.insert(2, ("robots".into(), "noai".into()));
        assert_eq!(all(html), expected);
    }

    #[test]
    fn hostile_pages_end() {
        for page in [
            "<meta ",
            "<",
            "<!--",
            "<script",
            "<meta a=\"",
            "<meta x ",
            "<script><",
        ] {
            each_meta(page.repeat(100_000).as_bytes(), |_, _| {});
        }
        assert!(all("<meta").is_empty());
        assert!(all("<meta name=x").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_page(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            each_meta(&bytes, |_, _| {});
            each_meta(&[b"<meta name=", &bytes[..]].concat(), |_, _| {});
        }
    }
}
