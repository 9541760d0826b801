//! E-mail addresses: RFC 5321's common part, internationalised domains and local parts (RFC 6531),
//! and `name [at] host [dot] org`.

/// Longest local part and longest domain, RFC 5321 section 4.5.3.1.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 255;
/// Most labels of a domain looked at.
const MAX_LABELS: usize = 10;
/// Last labels that are endings of files, not domains: `logo@2x.png`.
const FILES: [&str; 16] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "html", "php", "json", "xml", "txt",
    "pdf", "scss", "tsx",
];

/// The address around the `@` at `at`, as bytes from and to; none if it is no address.
pub(super) fn email(text: &str, at: usize) -> Option<(usize, usize)> {
    let start = local(text.get(..at)?)?;
    let end = at + 1 + domain(text.get(at + 1..)?)?;
    Some((start, end))
}

/// The address around a bracketed `[at]` or `(at)` that begins at `open`.
pub(super) fn obfuscated(text: &str, open: usize) -> Option<(usize, usize)> {
    let (head, tail) = (text.get(..open)?, text.get(open..)?);
    let mark = tail.get(..4)?;
    let inner = mark.trim_start_matches(['[', '(', '{']);
    if !inner
        .trim_end_matches([']', ')', '}'])
        .eq_ignore_ascii_case("at")
    {
        return None;
    }
    let start = local(head.strip_suffix(' ').unwrap_or(head))?;
    let mut rest = tail.get(4..)?;
    rest = rest.strip_prefix(' ').unwrap_or(rest);
    for labels in 1..=MAX_LABELS {
        let width = label(rest);
        if width == 0 {
            return None;
        }
        rest = rest.get(width..)?;
        let next = dot(rest).filter(|next| label(next) > 0);
        let Some(next) = next else {
            let end = text.len() - rest.len();
            return (labels >= 2).then_some((start, end));
        };
        rest = next;
    }
    None
}

/// What follows a dot or a word in brackets for one.
fn dot(rest: &str) -> Option<&str> {
    const WORDS: [&str; 5] = ["dot", ".", "punkt", "point", "punto"];
    if let Some(next) = rest.strip_prefix('.') {
        return Some(next);
    }
    let inner = rest
        .strip_prefix(' ')
        .unwrap_or(rest)
        .strip_prefix(['[', '(', '{'])?;
    let close = inner
        .bytes()
        .take(8)
        .position(|b| matches!(b, b']' | b')' | b'}'))?;
    let word = inner.get(..close)?;
    let next = inner.get(close + 1..)?;
    let known = WORDS.iter().any(|w| word.eq_ignore_ascii_case(w));
    known.then(|| next.strip_prefix(' ').unwrap_or(next))
}

/// Where the local part at the end of `head` begins.
fn local(head: &str) -> Option<usize> {
    let inside = |c: char| {
        c.is_alphanumeric()
            || matches!(
                c,
                '.' | '_' | '%' | '+' | '-' | '\'' | '&' | '~' | '=' | '$' | '*'
            )
    };
    let near = head
        .char_indices()
        .rev()
        .take_while(|&(at, c)| inside(c) && head.len() - at <= MAX_LOCAL);
    let start = near.last().map_or(head.len(), |(at, _)| at);
    let tail = head.get(start..)?;
    let tail = tail.trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
    // A key and its value: the address is the value.
    let tail = tail
        .rsplit('=')
        .next()
        .unwrap_or(tail)
        .trim_start_matches(['.', '-', '\'']);
    let glued = head[..head.len() - tail.len()].ends_with(|c: char| c.is_alphanumeric());
    let sound = !tail.is_empty() && !glued && !tail.ends_with('.');
    sound.then_some(head.len() - tail.len())
}

/// Length of the domain at the beginning of `tail`: labels and dots, the last label letters.
fn domain(tail: &str) -> Option<usize> {
    let mut ends = Vec::new(); // of each label
    let mut at = 0;
    loop {
        let len = label(tail.get(at..)?);
        if len == 0 || at + len > MAX_DOMAIN {
            break;
        }
        at += len;
        ends.push(at);
        if !tail.get(at..)?.starts_with('.') || ends.len() >= MAX_LABELS {
            break;
        }
        at += 1;
    }
    // A sentence that begins right after the address's full stop is not its last label.
    while ends.len() >= 2 {
        let (end, before) = (ends[ends.len() - 1], ends[ends.len() - 2]);
        let last = tail.get(before + 1..end)?;
        let name = tail.get(..before)?;
        let sentence = ends.len() > 2
            && last.starts_with(char::is_uppercase)
            && name.ends_with(char::is_lowercase);
        let lower = last.to_ascii_lowercase();
        let top = last.chars().count() >= 2
            && (last.chars().all(char::is_alphabetic) || lower.starts_with("xn--"));
        if top && !sentence && !FILES.contains(&lower.as_str()) {
            return Some(end);
        }
        ends.pop();
    }
    None
}

/// Length of the label at the beginning: letters, digits, hyphens inside.
fn label(text: &str) -> usize {
    let inside = |c: char| c.is_alphanumeric() || c == '-' || c == '\u{ad}';
    let len = text
        .chars()
        .take(64)
        .take_while(|&c| inside(c))
        .map(char::len_utf8)
        .sum();
    let label = text.get(..len).unwrap_or_default();
    if label.starts_with('-') {
        0
    } else {
        label.trim_end_matches('-').len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let (start, end) = email(text, text.find('@')?)?;
        text.get(start..end)
    }

    #[test]
    fn addresses_end_where_they_end() {
        for (text, address) in [
            (
                "<anna.maria+x@mail.example.org>.",
                "anna.maria+x@mail.example.org",
            ),
            ("mailto:a_b@example.eu?subject=x", "a_b@example.eu"),
            ("пиши на ела@пример.бг, моля", "ела@пример.бг"),
            ("x@xn--e1afmkfd.xn--p1ai", "x@xn--e1afmkfd.xn--p1ai"),
            (
                "Mail an info@firma.example.de.Danke",
                "info@firma.example.de",
            ),
            ("to=o'neil@example.ie;", "o'neil@example.ie"),
        ] {
            assert_eq!(found(text), Some(address));
        }
        for text in [
            "logo@2x.png",
            "@anna",
            "a@b",
            "a @b.de",
            "5@1.5",
            "x@.de",
            "@@",
            "a@b.c",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_written_for_people_are_found() {
        for (text, address) in [
            (
                "anna [at] example [dot] org!",
                "anna [at] example [dot] org",
            ),
            ("anna(at)example.org.", "anna(at)example.org"),
        ] {
            let open = text.find(['[', '(']).unwrap();
            let (start, end) = obfuscated(text, open).unwrap();
            assert_eq!(&text[start..end], address);
        }
        assert_eq!(obfuscated("look [at] this", 5), None);
    }
}
