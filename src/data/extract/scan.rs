//! HTML as tokens: tags, and the text between them. Comments, declarations and processing
//! instructions are skipped. Any bytes are HTML; one pass, nothing is copied.

use memchr::{memchr, memmem};

use super::tag::{N_TAGS, Tag};

/// A piece of the source; ranges are bytes of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// Characters with references undecoded.
    Text { from: usize, to: usize },
    /// Characters of a CDATA section or a raw element: no references in scripts and styles.
    Raw { from: usize, to: usize },
    /// `<name attributes>`; the range is that of the attributes.
    Start {
        tag: Tag,
        from: usize,
        to: usize,
        closed: bool,
    },
    /// `</name>`.
    End { tag: Tag },
}

/// Walks the source. `raw` must be called after the start tag of an element whose content is
/// not markup.
pub(super) struct Scanner<'a> {
    source: &'a [u8],
    at: usize,
    raw: Option<Tag>,
    /// Raw elements known to have no end tag in the rest of the source: looked for only once.
    endless: [bool; N_TAGS],
}

impl<'a> Scanner<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            raw: None,
            endless: [false; N_TAGS],
        }
    }

    /// Where the raw content that begins here ends; `None` if it has no end tag.
    fn raw_end(&mut self, tag: Tag) -> Option<usize> {
        if self.endless.get(tag as usize).copied().unwrap_or(true) {
            return None;
        }
        let rest = self.source.get(self.at..)?;
        for found in memmem::find_iter(rest, b"</") {
            let name = rest.get(found + 2..).unwrap_or_default();
            let len = name_len(name);
            if Tag::of(name.get(..len).unwrap_or_default()) == tag {
                return Some(self.at + found);
            }
        }
        if let Some(endless) = self.endless.get_mut(tag as usize) {
            *endless = true;
        }
        None
    }

    fn text(&mut self, to: usize) -> Option<Token> {
        let from = std::mem::replace(&mut self.at, to);
        Some(Token::Text { from, to })
    }

    /// After `pattern`, or the end of the source.
    fn past(&self, from: usize, pattern: &[u8]) -> usize {
        let rest = self.source.get(from..).unwrap_or_default();
        memmem::find(rest, pattern).map_or(self.source.len(), |n| from + n + pattern.len())
    }
}

/// Length of a tag name at the start of `bytes`.
#[inline]
fn name_len(bytes: &[u8]) -> usize {
    let ends = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0xc | b'/' | b'>');
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let source = self.source;
        if let Some(tag) = self.raw.take() {
            // Without an end tag the content is read as markup: a browser would show nothing.
            if let Some(to) = self.raw_end(tag)
                && to > self.at
            {
                let from = std::mem::replace(&mut self.at, to);
                return Some(Token::Raw { from, to });
            }
        }
        loop {
            let rest = source.get(self.at..).filter(|rest| !rest.is_empty())?;
            if rest[0] != b'<' {
                let to = memchr(b'<', rest).map_or(source.len(), |n| self.at + n);
                return self.text(to);
            }
            match rest.get(1).copied().unwrap_or(0) {
                b'a'..=b'z' | b'A'..=b'Z' => {
                    let len = name_len(rest.get(1..).unwrap_or_default());
                    let tag = Tag::of(rest.get(1..1 + len).unwrap_or_default());
                    let from = self.at + 1 + len;
                    let mut attributes = Attributes::new(source.get(from..).unwrap_or_default());
                    let to = from + attributes.skip_all();
                    self.at = (to + 1).min(source.len());
                    let closed = to > from && source.get(to - 1) == Some(&b'/');
                    if tag.is_raw() && !closed {
                        self.raw = Some(tag);
                    }
                    return Some(Token::Start {
                        tag,
                        from,
                        to,
                        closed,
                    });
                }
                b'/' if rest.get(2).is_some_and(u8::is_ascii_alphabetic) => {
                    let len = name_len(rest.get(2..).unwrap_or_default());
                    let tag = Tag::of(rest.get(2..2 + len).unwrap_or_default());
                    let from = self.at + 2 + len;
                    let gap = memchr(b'>', source.get(from..).unwrap_or_default());
                    self.at = gap.map_or(source.len(), |n| from + n + 1);
                    return Some(Token::End { tag });
                }
                b'!' if rest.starts_with(b"<!--") => {
                    // `<!-->` and `<!--->` are whole comments.
                    self.at = if rest.starts_with(b"<!-->") {
                        self.at + 5
                    } else if rest.starts_with(b"<!--->") {
                        self.at + 6
                    } else {
                        self.past(self.at + 4, b"-->")
                    };
                }
                b'!' if rest.starts_with(b"<![CDATA[") => {
                    let from = self.at + 9;
                    self.at = self.past(from, b"]]>");
                    let ended = source.get(..self.at).is_some_and(|s| s.ends_with(b"]]>"));
                    let to = if ended { self.at - 3 } else { self.at };
                    return Some(Token::Raw {
                        from,
                        to: to.max(from),
                    });
                }
                b'!' | b'?' | b'/' => self.at = self.past(self.at + 2, b">"),
                _ => {
                    // A lone `<`, or a run of them, is text.
                    let lone = rest.iter().take_while(|b| **b == b'<').count();
                    let tag = rest
                        .get(lone)
                        .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'!' | b'/'));
                    let end = self.at + lone - usize::from(tag && lone > 1);
                    return self.text(end.max(self.at + 1));
                }
            }
        }
    }
}

/// The attributes of a tag: name, and the value's range with references undecoded.
pub(super) struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Attributes<'a> {
    /// Begins after the name of the tag; ends before its `>` or at the end of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the attributes end.
    #[inline]
    fn skip_all(&mut self) -> usize {
        while self.next().is_some() {}
        self.at
    }
}

#[inline]
fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0xc)
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.bytes;
        let peek = |at: usize| bytes.get(at).copied();
        let mut at = self.at;
        while peek(at).is_some_and(|b| is_space(b) || b == b'/') {
            at += 1;
        }
        self.at = at;
        if peek(at).is_none_or(|b| b == b'>') {
            return None;
        }
        let from = at;
        // A name may begin with `=`.
        at += 1;
        while peek(at).is_some_and(|b| !is_space(b) && !matches!(b, b'=' | b'>' | b'/')) {
            at += 1;
        }
        let name = bytes.get(from..at)?;
        let after_name = at;
        while peek(at).is_some_and(is_space) {
            at += 1;
        }
        if peek(at) != Some(b'=') {
            self.at = after_name;
            return Some((name, &[]));
        }
        at += 1;
        while peek(at).is_some_and(is_space) {
            at += 1;
        }
        let value = match peek(at) {
            Some(quote @ (b'"' | b'\'')) => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                let len = memchr(quote, rest).unwrap_or(rest.len());
                self.at = (at + 2 + len).min(bytes.len());
                rest.get(..len)?
            }
            _ => {
                let from = at;
                while peek(at).is_some_and(|b| !is_space(b) && b != b'>') {
                    at += 1;
                }
                self.at = at;
                bytes.get(from..at)?
            }
        };
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(html: &str) -> Vec<String> {
        let told = |token| match token {
            Token::Text { from, to } => format!("text {}", &html[from..to]),
            Token::Raw { from, to } => format!("raw {}", &html[from..to]),
            Token::Start { tag, from, to, .. } => format!("{tag:?}{}", &html[from..to]),
            Token::End { tag } => format!("/{tag:?}"),
        };
        Scanner::new(html.as_bytes()).map(told).collect()
    }

    #[test]
    fn tags_text_and_comments_are_told_apart() {
        let html = "<!DOCTYPE html><?xml v?><P class='a>b' id=x>1 < 2<!-- <p> --><br/>&amp;</p >";
        assert_eq!(
            tokens(html),
            [
                "P class='a>b' id=x",
                "text 1 ",
                "text <",
                "text  2",
                "Br/",
                "text &amp;",
                "/P"
            ]
        );
        assert_eq!(tokens("a<!-->b<!--->c"), ["text a", "text b", "text c"]);
        assert_eq!(tokens("<<b>x</"), ["text <", "B", "text x"]);
    }

    #[test]
    fn raw_elements_hold_no_markup_and_may_lack_their_end() {
        assert_eq!(
            tokens("<script>if (a</b) '<p>'</SCRIPT >x"),
            ["Script", "raw if (a</b) '<p>'", "/Script", "text x"]
        );
        assert_eq!(tokens("<title>x<p>y"), ["Title", "text x", "P", "text y"]);
        assert_eq!(tokens("<![CDATA[a<b]]>c"), ["raw a<b", "text c"]);
        assert_eq!(tokens("<![CDATA[a<b"), ["raw a<b"]);
    }

    #[test]
    fn attributes_are_read_as_a_browser_does() {
        let read = |s: &'static str| {
            let text = |b| std::str::from_utf8(b).expect("cut on ASCII");
            Attributes::new(s.as_bytes())
                .map(|(name, value)| (text(name), text(value)))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            read(" a=1 b = \"x > y\" c d='' e/f=g/>h"),
            [
                ("a", "1"),
                ("b", "x > y"),
                ("c", ""),
                ("d", ""),
                ("e", ""),
                ("f", "g/")
            ]
        );
        assert_eq!(read(" a=\"never ends > "), [("a", "never ends > ")]);
    }
}
