//! The text of one block to text with styles: emphasis, code, links.

use ratatui::style::{Modifier, Style};

use crate::tui::theme;

/// Most bytes of one block that are read for styles; what is longer stays as it is.
const MAX_BYTES: usize = 1 << 15;
/// Farthest back an opening sign is looked for, in signs.
const MAX_BACK: usize = 32;
/// Most bytes of a link.
const MAX_LINK: usize = 2048;
/// Deepest links inside of links and images.
const MAX_DEPTH: usize = 2;

/// Text whose parts have styles.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Styled {
    pub(super) text: String,
    /// Where each part ends, in bytes, and its style.
    pub(super) runs: Vec<(usize, Style)>,
}

impl Styled {
    /// Adds a part.
    pub(super) fn push(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        match self.runs.last_mut() {
            Some((end, last)) if *last == style => *end = self.text.len(),
            _ => self.runs.push((self.text.len(), style)),
        }
    }
}

/// Reads the text of a block.
pub(super) fn inline(source: &str) -> Styled {
    let mut out = Styled::default();
    if source.len() > MAX_BYTES {
        out.push(source, Style::new());
        return out;
    }
    for (text, style) in Reader::new(source, 0).read() {
        out.push(&text, style);
    }
    out
}

/// A part of the source.
enum Item {
    Text(String, Style),
    /// A run of signs that may open or close emphasis.
    Signs {
        sign: char,
        /// How many there are, and how many have no partner yet.
        len: usize,
        n: usize,
        opens: bool,
        closes: bool,
    },
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    depth: usize,
    items: Vec<Item>,
    /// Numbers of backticks that are known to close nowhere further on.
    unclosed: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str, depth: usize) -> Self {
        Reader {
            source,
            at: 0,
            depth,
            items: Vec::new(),
            unclosed: Vec::new(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn text(&mut self, text: &str, style: Style) {
        match self.items.last_mut() {
            Some(Item::Text(last, its)) if *its == style => last.push_str(text),
            _ => self.items.push(Item::Text(text.into(), style)),
        }
    }

    fn read(mut self) -> Vec<(String, Style)> {
        while let Some(c) = self.rest().chars().next() {
            let taken = match c {
                '\\' => self.escape(),
                '`' => self.code(),
                '*' | '_' | '~' => self.signs(c),
                '[' | '!' => self.link(),
                '<' | 'h' => self.line_end() || self.address(),
                _ => false,
            };
            if !taken {
                self.text(c.encode_utf8(&mut [0; 4]), Style::new());
                self.at += c.len_utf8();
            }
        }
        emphasise(self.items)
    }

    /// A backslash before a sign takes its meaning away.
    fn escape(&mut self) -> bool {
        let next = self.rest()[1..].chars().next();
        let Some(c) = next.filter(char::is_ascii_punctuation) else {
            return false;
        };
        self.text(c.encode_utf8(&mut [0; 4]), Style::new());
        self.at += 2;
        true
    }

    /// Code between runs of as many backticks; the signs stay, so that it is seen without colour.
    fn code(&mut self) -> bool {
        let rest = self.rest();
        let n = rest.len() - rest.trim_start_matches('`').len();
        let end = (!self.unclosed.contains(&n))
            .then(|| closing(&rest[n..], n))
            .flatten();
        let Some(end) = end else {
            self.unclosed.push(n);
            self.text(&rest[..n], Style::new());
            self.at += n;
            return true;
        };
        let inside = &rest[n..n + end];
        let padded = inside.len() > 2 && inside.starts_with(' ') && inside.ends_with(' ');
        let inside = if padded {
            &inside[1..inside.len() - 1]
        } else {
            inside
        };
        self.text("`", theme::DIM);
        self.text(&inside.replace('\n', " "), theme::CODE);
        self.text("`", theme::DIM);
        self.at += n + end + n;
        true
    }

    fn signs(&mut self, sign: char) -> bool {
        let rest = self.rest();
        let n = rest.len() - rest.trim_start_matches(sign).len();
        let before = self.source[..self.at].chars().next_back();
        let after = rest[n..].chars().next();
        // CommonMark 0.31, 6.2: left- and right-flanking runs.
        let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let mark = |c: Option<char>| c.is_some_and(is_mark);
        let left = !space(after) && (!mark(after) || space(before) || mark(before));
        let right = !space(before) && (!mark(before) || space(after) || mark(after));
        let (opens, closes) = match sign {
            '_' => (
                left && (!right || mark(before)),
                right && (!left || mark(after)),
            ),
            '~' => (left && n == 2, right && n == 2),
            _ => (left, right),
        };
        self.items.push(Item::Signs {
            sign,
            len: n,
            n,
            opens,
            closes,
        });
        self.at += n;
        true
    }

    /// `[text](target)`, or the same with `!` before it for a picture.
    fn link(&mut self) -> bool {
        let rest = self.rest();
        let (is_picture, body) = match rest.strip_prefix('!') {
            Some(body) => (true, body),
            None => (false, rest),
        };
        let Some((text, target, len)) = link(body) else {
            return false;
        };
        if is_picture {
            self.text("picture: ", theme::DIM);
        }
        if self.depth < MAX_DEPTH {
            for (text, style) in Reader::new(text, self.depth + 1).read() {
                self.text(&text, style.patch(theme::LINK));
            }
        } else {
            self.text(text, theme::LINK);
        }
        if target != text && !target.is_empty() {
            self.text(&format!(" ({target})"), theme::DIM);
        }
        self.at += usize::from(is_picture) + len;
        true
    }

    /// The one tag that models write among words, mostly in tables.
    fn line_end(&mut self) -> bool {
        let rest = self.rest();
        let tags = ["<br>", "<br/>", "<br />"];
        let Some(tag) = tags.iter().find(|tag| rest.starts_with(**tag)) else {
            return false;
        };
        self.text("\n", Style::new());
        self.at += tag.len();
        true
    }

    /// `<https://…>` and `https://…`.
    fn address(&mut self) -> bool {
        let rest = self.rest();
        let (open, body) = match rest.strip_prefix('<') {
            Some(body) => (true, body),
            None => (false, rest),
        };
        if !(body.starts_with("https://") || body.starts_with("http://")) {
            return false;
        }
        let stops = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|' | ']');
        let end = body.find(stops).unwrap_or(body.len()).min(MAX_LINK);
        let Some(mut address) = body.get(..end) else {
            return false;
        };
        if open && !body[end..].starts_with('>') {
            return false;
        }
        if !open {
            address = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
            if !address.contains('(') {
                address = address.trim_end_matches(')');
            }
        }
        self.text(address, theme::LINK);
        self.at += address.len() + if open { 2 } else { 0 };
        true
    }
}

/// Signs beside which emphasis opens and closes as beside spaces.
fn is_mark(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c, '\u{a1}'..='\u{bf}' | '\u{2010}'..='\u{205e}' | '\u{3001}'..='\u{301f}'
                       | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
}

/// Where exactly `n` backticks stand.
fn closing(text: &str, n: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let from = at + found;
        let run = text[from..].len() - text[from..].trim_start_matches('`').len();
        if run == n {
            return Some(from);
        }
        at = from + run;
    }
    None
}

/// The text and the target of a link that begins here, and how long it is.
fn link(source: &str) -> Option<(&str, &str, usize)> {
    let mut depth = 0usize;
    let mut escaped = false;
    let mut close = None;
    for (at, c) in source.char_indices().take(MAX_LINK) {
        match c {
            _ if escaped => {}
            '[' => depth += 1,
            ']' if depth == 1 => {
                close = Some(at);
                break;
            }
            ']' => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    let close = close?;
    let target = source[close + 1..].strip_prefix('(')?;
    let mut depth = 0usize;
    for (at, c) in target.char_indices().take(MAX_LINK) {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            ')' => {
                let address = target[..at].split_whitespace().next().unwrap_or("");
                let address = address.trim_start_matches('<').trim_end_matches('>');
                return Some((&source[1..close], address, close + 2 + at + 1));
            }
            '\n' => return None,
            _ => {}
        }
    }
    None
}

/// Turns pairs of signs into styles; signs without a partner stay as they were written.
fn emphasise(mut items: Vec<Item>) -> Vec<(String, Style)> {
    // How many emphases of each kind begin (+) or end (-) at an item.
    let mut turns = vec![[0i32; 3]; items.len() + 1];
    let mut open: Vec<usize> = Vec::new();
    for at in 0..items.len() {
        let Item::Signs {
            sign,
            len,
            mut n,
            opens,
            closes,
        } = items[at]
        else {
            continue;
        };
        // CommonMark 0.31, 6.2, rules 9 and 10: runs that both open and close are no partners
        // where their lengths add up to a multiple of three.
        let fits = |other: usize, both: bool| {
            let three = (other + len).is_multiple_of(3);
            !(both && three) || (other.is_multiple_of(3) && len.is_multiple_of(3))
        };
        while closes && n > 0 {
            let is_partner = |i: &usize| match items[*i] {
                Item::Signs {
                    sign: s,
                    len,
                    closes: c,
                    ..
                } => s == sign && fits(len, c || opens),
                Item::Text(..) => false,
            };
            let from = open.len().saturating_sub(MAX_BACK);
            let Some(found) = open[from..].iter().rposition(is_partner) else {
                break;
            };
            let partner = open[from + found];
            let Item::Signs { n: left, .. } = &mut items[partner] else {
                break;
            };
            let used = if *left >= 2 && n >= 2 { 2 } else { 1 };
            let kind = match (sign, used) {
                ('~', _) => 2,
                (_, 2) => 1,
                _ => 0,
            };
            turns[partner + 1][kind] += 1;
            turns[at][kind] -= 1;
            *left -= used;
            n -= used;
            open.truncate(from + found + usize::from(*left > 0));
        }
        if let Item::Signs { n: left, .. } = &mut items[at] {
            *left = n;
        }
        if opens && n > 0 {
            open.push(at);
        }
    }
    let styles = [Modifier::ITALIC, Modifier::BOLD, Modifier::CROSSED_OUT];
    let mut now = [0i32; 3];
    let mut out = Vec::with_capacity(items.len());
    for (item, turns) in items.into_iter().zip(turns) {
        let mut modifiers = Modifier::empty();
        for (kind, style) in styles.into_iter().enumerate() {
            now[kind] += turns[kind];
            if now[kind] > 0 {
                modifiers |= style;
            }
        }
        let (text, style) = match item {
            Item::Text(text, style) => (text, style),
            Item::Signs { sign, n, .. } => (sign.to_string().repeat(n), Style::new()),
        };
        out.push((text, style.add_modifier(modifiers)));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parts in short: `B` bold, `I` italic, `S` struck, `U` underlined, `D` dim.
    fn short(source: &str) -> String {
        let styled = inline(source);
        let mut out = String::new();
        let mut from = 0;
        for (end, style) in &styled.runs {
            let mut name = String::new();
            for (letter, modifier) in [
                ('B', Modifier::BOLD),
                ('I', Modifier::ITALIC),
                ('S', Modifier::CROSSED_OUT),
                ('U', Modifier::UNDERLINED),
                ('D', Modifier::DIM),
            ] {
                if style.add_modifier.contains(modifier) {
                    name.push(letter);
                }
            }
            let text = &styled.text[from..*end];
            out += &if name.is_empty() {
                text.to_owned()
            } else {
                format!("{name}<{text}>")
            };
            from = *end;
        }
        out
    }

    #[test]
    fn emphasis_is_paired_and_what_is_not_stays() {
        for (source, expected) in [
            ("a **b** *c* _d_ __e__ ~~f~~", "a B<b> I<c> I<d> B<e> S<f>"),
            ("***both*** **a *b* c**", "BI<both> B<a >BI<b>B< c>"),
            (
                "snake_case_name 2*3*4 a * b * c",
                "snake_case_name 2I<3>4 a * b * c",
            ),
            ("**open and \\*not\\*", "**open and *not*"),
            ("**Größe:** 漢**字**", "B<Größe:> 漢B<字>"),
            ("*a **b*", "*a *I<b>"),
            ("~one~ ~~~three~~~", "~one~ ~~~three~~~"),
            ("x ** y", "x ** y"),
            ("*foo**bar*", "I<foo**bar>"),
            ("a<br>b <br />c <b>", "a\nb \nc <b>"),
        ] {
            assert_eq!(short(source), expected, "{source}");
        }
    }

    #[test]
    fn code_is_taken_as_it_is() {
        for (source, expected) in [
            ("`a*b*`", "D<`>a*b*D<`>"),
            ("`` a`b `` c", "D<`>a`bD<`> c"),
            ("`open *i*", "`open I<i>"),
        ] {
            assert_eq!(short(source), expected, "{source}");
        }
    }

    #[test]
    fn links_show_where_they_lead() {
        for (source, expected) in [
            (
                "[a *b*](http://x.eu/(1) \"t\")!",
                "U<a >IU<b>D< (http://x.eu/(1))>!",
            ),
            ("see https://x.eu/a_b_c.", "see U<https://x.eu/a_b_c>."),
            ("<https://x.eu>", "U<https://x.eu>"),
            ("[http://x](http://x)", "U<http://x>"),
            ("![p](q.png)", "D<picture: >U<p>D< (q.png)>"),
            ("[1] [a](b c", "[1] [a](b c"),
            ("a[i](j)", "aU<i>D< (j)>"),
        ] {
            assert_eq!(short(source), expected, "{source}");
        }
    }

    #[test]
    fn hostile_text_takes_no_time() {
        let began = std::time::Instant::now();
        for pattern in [
            "*a_", "[", "`", "`` ` ", "[a](", "**a** ", "_*~", "![", "<http://",
        ] {
            inline(&pattern.repeat(MAX_BYTES / pattern.len()));
        }
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
        let long = "*a*".repeat(MAX_BYTES);
        assert_eq!(inline(&long).text, long);
    }

    proptest! {
        #[test]
        fn no_letter_is_lost(source in "[a-c*_~`\\[\\]()!<> \\\\\n漢\u{301}]{0,60}") {
            let styled = inline(&source);
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            let (shown, said) = (letters(&styled.text), letters(&source));
            // Titles behind the target of a link are left out, all else is there.
            prop_assert!(shown == said || source.contains("]("), "{} {}", shown, said);
            prop_assert_eq!(styled.runs.last().map_or(0, |run| run.0), styled.text.len());
        }
    }
}
