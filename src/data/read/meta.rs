//! The head of a page before its encoding is known: charset and language it declares.
//!
//! After the prescan of the HTML standard (13.2.3.2), over the first 4 KiB instead of the first
//! 1 KiB: pages that break the rule are common.

/// Bytes of a page that are looked at.
const MAX_HEAD_BYTES: usize = 4096;

/// What a page declares.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Label of the charset, as written.
    pub(super) charset: Option<String>,
    /// `lang` of the element `html`.
    pub(super) lang: Option<String>,
}

/// Finds the first charset in a `<meta>`, or in an XML declaration, and the page's language.
pub(super) fn prescan(bytes: &[u8]) -> Head {
    let mut rest = bytes.get(..MAX_HEAD_BYTES).unwrap_or(bytes);
    let mut head = Head::default();
    let xml = rest.strip_prefix(b"<?xml").and_then(|declaration| {
        let end = declaration.iter().position(|b| *b == b'>')?;
        attribute(declaration.get(..end)?, "encoding")
    });
    while let Some(at) = rest.iter().position(|b| *b == b'<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix(b"!--") {
            // `<!-->` is a comment too
            let end = comment.windows(3).position(|w| w == b"-->");
            let end = if comment.starts_with(b">") {
                Some(0)
            } else {
                end
            };
            rest = end.and_then(|n| comment.get(n..)).unwrap_or_default();
            continue;
        }
        let tag = tag(rest);
        let name_ends = tag
            .iter()
            .position(|b| b.is_ascii_whitespace() || *b == b'/')
            .unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_ends);
        if name.eq_ignore_ascii_case(b"html") && head.lang.is_none() {
            head.lang = attribute(attributes, "lang").or_else(|| attribute(attributes, "xml:lang"));
        } else if name.eq_ignore_ascii_case(b"meta") {
            head.charset = charset(attributes);
            if head.charset.is_some() {
                break;
            }
        } else if name.eq_ignore_ascii_case(b"body") {
            break;
        }
        rest = rest.get(tag.len()..).unwrap_or_default();
    }
    head.charset = head.charset.or(xml);
    head
}

/// A tag up to its `>`, which may stand in quotes before; all bytes where it has no end.
fn tag(bytes: &[u8]) -> &[u8] {
    let mut quote = None;
    for (i, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return bytes.get(..i).unwrap_or(bytes),
            (None, b'"' | b'\'') if i > 0 && bytes.get(i - 1) == Some(&b'=') => {
                quote = Some(*byte);
            }
            (Some(q), byte) if q == *byte => quote = None,
            _ => {}
        }
    }
    bytes
}

/// The charset a `<meta>` declares: by itself, or inside of the content it stands in for.
fn charset(attributes: &[u8]) -> Option<String> {
    if let Some(charset) = attribute(attributes, "charset") {
        return Some(charset);
    }
    let stands_for = attribute(attributes, "http-equiv")?;
    if !stands_for.trim().eq_ignore_ascii_case("content-type") {
        return None;
    }
    let content = attribute(attributes, "content")?.to_ascii_lowercase();
    let (_, value) = content.split_once("charset")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    let label = value.split([';', '"', '\'', ' ']).next()?;
    Some(label.to_string()).filter(|l| !l.is_empty())
}

/// The value of the first attribute of that name.
fn attribute(mut rest: &[u8], wanted: &str) -> Option<String> {
    let until = |bytes: &[u8], stop: &dyn Fn(u8) -> bool| {
        bytes.iter().position(|b| stop(*b)).unwrap_or(bytes.len())
    };
    loop {
        let skip = until(rest, &|b| !(b.is_ascii_whitespace() || b == b'/'));
        rest = rest.get(skip..).filter(|r| !r.is_empty())?;
        let ends = until(rest, &|b| b.is_ascii_whitespace() || b == b'=').max(1);
        let (name, after) = rest.split_at(ends);
        let after = after.trim_ascii_start();
        let Some(value) = after.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) else {
            rest = after;
            continue; // an attribute without a value
        };
        let quoted = match value.first() {
            Some(q @ (b'"' | b'\'')) => value.get(1..).map(|inner| (inner, *q)),
            _ => None,
        };
        let (value, after) = match quoted {
            Some((inner, q)) => {
                let (value, after) = inner.split_at(until(inner, &|b| b == q));
                (value, after.get(1..).unwrap_or_default())
            }
            None => value.split_at(until(value, &|b| b.is_ascii_whitespace())),
        };
        if name.eq_ignore_ascii_case(wanted.as_bytes()) {
            return Some(String::from_utf8_lossy(value.trim_ascii()).into_owned());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_is_found_however_it_is_declared() {
        for (page, charset) in [
            ("<meta charset=utf-8>", Some("utf-8")),
            ("<META CHARSET = 'ISO-8859-2' />", Some("ISO-8859-2")),
            (
                "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\">",
                Some("koi8-r"),
            ),
            (
                "<meta content='text/html;charset=windows-1250' http-equiv=Content-type>",
                Some("windows-1250"),
            ),
            ("<meta name=x content='charset=a'>", None),
            ("<!-- <meta charset=a> --><meta charset=b>", Some("b")),
            ("<!--><meta charset=b>", Some("b")),
            ("<meta name=\"a>b\" charset=c>", Some("c")),
            (
                "<?xml version='1.0' encoding='iso-8859-15'?><html>",
                Some("iso-8859-15"),
            ),
            ("<body><meta charset=late>", None),
            ("<meta charset", None),
            ("<meta charset=", Some("")),
            ("<", None),
        ] {
            assert_eq!(
                prescan(page.as_bytes()).charset.as_deref(),
                charset,
                "{page}"
            );
        }
    }

    #[test]
    fn the_language_of_the_page_is_found() {
        let page = b"<!doctype html>\n<html class=x lang=\"cs-CZ\"><meta charset=x>";
        assert_eq!(prescan(page).lang.as_deref(), Some("cs-CZ"));
        let page = b"<html xml:lang='pl'>";
        assert_eq!(prescan(page).lang.as_deref(), Some("pl"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_prescan_panic(bytes: Vec<u8>, tags in "(<(meta|html|!--)[ ='\"a-z/>-]*)*") {
            prescan(&bytes);
            prescan(tags.as_bytes());
        }
    }
}
