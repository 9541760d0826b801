//! Code with styles, light: comments, strings, numbers and keywords by a table of languages.
//!
//! Keywords are bold and comments dim, so that they are seen without colour too; what is in no
//! table stays as it is.

use ratatui::style::Style;

use super::grammars::{GRAMMARS, Grammar};
use super::inline::Styled;
use crate::tui::theme;

/// Most bytes of a block that are read for words; what is longer stays as it is.
const MAX_BYTES: usize = 1 << 18;

/// The text of a block of code in a language, by the name its fence gives.
pub(super) fn highlighted(lang: &str, source: &str) -> Styled {
    let mut out = Styled::default();
    let lang = lang.to_lowercase();
    let grammar = GRAMMARS
        .iter()
        .find(|g| listed(g.names).any(|name| name == lang));
    match grammar.filter(|_| source.len() <= MAX_BYTES) {
        Some(grammar) => read(grammar, source, &mut out),
        None => out.push(source, Style::new()),
    }
    out
}

fn listed(words: &'static str) -> impl Iterator<Item = &'static str> {
    words.split_ascii_whitespace()
}

fn read(grammar: &Grammar, source: &str, out: &mut Styled) {
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        let (len, style) = if let Some(len) = comment(grammar, &source[..at], rest) {
            (len, theme::DIM)
        } else if let Some(len) = string(grammar, rest) {
            (len, theme::STRING)
        } else if c.is_ascii_digit() {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
            (rest.find(|c| !is_part(c)).unwrap_or(rest.len()), theme::INK)
        } else if c.is_alphabetic() || c == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            (len, word(grammar, &rest[..len]))
        } else {
            (c.len_utf8(), Style::new())
        };
        out.push(&rest[..len], style);
        at += len;
    }
}

fn word(grammar: &Grammar, word: &str) -> Style {
    let same = |known: &&str| match grammar.any_case {
        true => known.eq_ignore_ascii_case(word),
        false => *known == word,
    };
    match listed(grammar.keywords).any(|known| same(&known)) {
        true => theme::KEYWORD,
        false => Style::new(),
    }
}

/// Bytes of the comment that begins here.
fn comment(grammar: &Grammar, before: &str, rest: &str) -> Option<usize> {
    for (open, close) in grammar.block_comments {
        if let Some(inside) = rest.strip_prefix(open) {
            let end = inside.find(close).map(|at| at + close.len());
            return Some(open.len() + end.unwrap_or(inside.len()));
        }
    }
    let sign = grammar.comments.iter().find(|s| rest.starts_with(**s))?;
    // `#` and `;` inside of a word, and `//` behind a colon, as in addresses, are none.
    let glued = before
        .chars()
        .next_back()
        .is_some_and(|c| match sign.len() {
            1 => !c.is_whitespace(),
            _ => c == ':',
        });
    (!glued).then(|| rest.find('\n').unwrap_or(rest.len()))
}

/// Bytes of the string that begins here, up to the end of the line where it is left open; none
/// for an apostrophe among words.
fn string(grammar: &Grammar, rest: &str) -> Option<usize> {
    let quote = grammar.strings.iter().find(|q| rest.starts_with(q.sign))?;
    let mut at = quote.sign.len();
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with(quote.sign) {
            return Some(at + quote.sign.len());
        }
        let c = here.chars().next()?;
        if c == '\n' && !quote.over_lines {
            return (quote.sign != "'").then_some(at);
        }
        at += c.len_utf8();
        if c == '\\' && quote.escapes {
            let next = rest[at..].chars().next().filter(|c| *c != '\n');
            at += next.map_or(0, char::len_utf8);
        }
    }
    (quote.over_lines || quote.sign != "'").then_some(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn short(lang: &str, source: &str) -> String {
        let styled = highlighted(lang, source);
        let (mut out, mut from) = (String::new(), 0);
        for (end, style) in styled.runs {
            let text = &styled.text[from..end];
            out += &match style {
                s if s == theme::KEYWORD => format!("K<{text}>"),
                s if s == theme::STRING => format!("S<{text}>"),
                s if s == theme::INK => format!("N<{text}>"),
                s if s == theme::DIM => format!("C<{text}>"),
                _ => text.to_owned(),
            };
            from = end;
        }
        out
    }

    #[test]
    fn words_are_told_apart() {
        for (lang, source, expected) in [
            (
                "rust",
                "let x = 1.5_f32; // no\nfn",
                "K<let> x = N<1.5_f32>; C<// no>\nK<fn>",
            ),
            (
                "Rust",
                "&'a str \"a\\\"b\" letter",
                "&'a str S<\"a\\\"b\"> letter",
            ),
            (
                "python",
                "\"\"\"a\nb\"\"\" if # c",
                "S<\"\"\"a\nb\"\"\"> K<if> C<# c>",
            ),
            (
                "bash",
                "echo \"$x#y\" a#b # c",
                "K<echo> S<\"$x#y\"> a#b C<# c>",
            ),
            ("sql", "SELECT a -- x", "K<SELECT> a C<-- x>"),
            ("c", "/* a\nb */ int", "C</* a\nb */> K<int>"),
            ("js", "'it' don't `a\n${b}`", "S<'it'> don't S<`a\n${b}`>"),
            (
                "json",
                "{\"a\": true} // http",
                "{S<\"a\">: K<true>} C<// http>",
            ),
            ("yaml", "u: http://x", "u: http://x"),
            ("css", "/* open", "C</* open>"),
            ("klingon", "let 1", "let 1"),
        ] {
            assert_eq!(short(lang, source), expected, "{lang}");
        }
    }

    #[test]
    fn names_of_languages_are_named_once() {
        let mut names: Vec<&str> = GRAMMARS.iter().flat_map(|g| listed(g.names)).collect();
        let n_names = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n_names);
    }

    proptest! {
        #[test]
        fn code_stays_what_it_is(source in "[a-z0-9\"'#/*\\\\\n `漢\u{301}-]{0,60}") {
            for grammar in GRAMMARS {
                let styled = highlighted(listed(grammar.names).next().unwrap(), &source);
                prop_assert_eq!(&styled.text, &source);
                prop_assert_eq!(styled.runs.last().map_or(0, |run| run.0), source.len());
            }
        }
    }
}
