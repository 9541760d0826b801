//! A number as people write it: groups of digits with a space, hyphen, stop, slash or bracket
//! between.

/// Most digits a number may have: a card's nineteen.
const MAX_DIGITS: usize = 19;
const MAX_GROUPS: usize = 10;

/// A run of groups of digits.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// First byte of the number: a plus or a bracket before the first digit belongs to it.
    pub(super) start: usize,
    /// Whether a plus or `00` leads, before a country's code.
    pub(super) plus: bool,
    /// Whether a group stands in brackets of its own, as area codes do.
    pub(super) bracketed: bool,
    /// Whether a bracket stands before `start` that is not tied to a name, as a function's is.
    pub(super) opened: bool,
    /// Byte just before `start`, 0 at the beginning of the text.
    pub(super) before: u8,
    /// Byte just past the last group.
    pub(super) after: u8,
    /// Whether the digit after a stop, comma or slash goes on beyond the last group.
    pub(super) goes_on: bool,
    digits: Vec<u8>,
    /// Of each group: the byte past it, the digits up to it, the separator before it.
    groups: Vec<(usize, usize, u8)>,
}

impl Run {
    /// The run whose first digit is at `first`; none if that digit is glued to something that
    /// makes it no number of its own.
    pub(super) fn read(bytes: &[u8], first: usize) -> Option<Run> {
        let mut run = Run {
            start: first,
            ..Run::default()
        };
        let byte = |i: Option<usize>| i.and_then(|i| bytes.get(i)).copied().unwrap_or(0);
        let open = byte(first.checked_sub(1)) == b'(';
        let mut plus_at = first
            .checked_sub(1)
            .filter(|&i| bytes.get(i) == Some(&b'+'));
        if open && byte(first.checked_sub(2)) == b'+' {
            plus_at = Some(first - 2);
        }
        if let Some(at) = plus_at {
            run.plus = true;
            run.start = at;
        }
        let mut at = first;
        let mut separator = 0;
        while run.groups.len() < MAX_GROUPS {
            let len = bytes
                .get(at..)
                .unwrap_or_default()
                .iter()
                .take(MAX_DIGITS + 1);
            let len = len.take_while(|b| b.is_ascii_digit()).count();
            let end = at + len;
            let next = byte(Some(end));
            let glued = next.is_ascii_alphabetic()
                || next == b'_'
                || (0xC3..0xE2).contains(&next) && next != 0xC2;
            if len == 0 || run.digits.len() + len > MAX_DIGITS || glued {
                break;
            }
            run.digits
                .extend_from_slice(bytes.get(at..end).unwrap_or_default());
            run.groups.push((end, run.digits.len(), separator));
            let Some((next_at, kind)) = separated(bytes, end) else {
                break;
            };
            (at, separator) = (next_at, kind);
        }
        let (end, ..) = *run.groups.last()?;
        let body = bytes.get(first..end).unwrap_or_default();
        run.bracketed = open && body.contains(&b')') || body.contains(&b'(');
        if open && !run.plus && body.contains(&b')') {
            run.start = first - 1;
        }
        run.before = byte(run.start.checked_sub(1));
        let outer = byte(run.start.checked_sub(2));
        run.opened = run.before == b'(' && !(outer.is_ascii_alphanumeric() || outer == b'_');
        run.plus |= run.digits.starts_with(b"00") && run.digits.len() > 9;
        run.after = byte(Some(end));
        run.goes_on = matches!(run.after, b'.' | b',' | b'/' | b':' | b'-')
            && byte(Some(end + 1)).is_ascii_digit();
        Some(run)
    }

    /// Number of groups.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The digits of the first `n` groups.
    pub(super) fn digits(&self, n: usize) -> &[u8] {
        let end = n
            .checked_sub(1)
            .and_then(|i| self.groups.get(i))
            .map_or(0, |g| g.1);
        self.digits.get(..end).unwrap_or_default()
    }

    /// The byte past the first `n` groups.
    pub(super) fn end(&self, n: usize) -> usize {
        n.checked_sub(1)
            .and_then(|i| self.groups.get(i))
            .map_or(self.start, |g| g.0)
    }

    /// Lengths of the first `n` groups, in digits.
    pub(super) fn lengths(&self, n: usize) -> Vec<usize> {
        let ends = self.groups.iter().take(n).map(|g| g.1);
        let mut last = 0;
        ends.map(|end| end - std::mem::replace(&mut last, end))
            .collect()
    }

    /// Whether all separators within the first `n` groups are `separator`.
    pub(super) fn only(&self, n: usize, separator: u8) -> bool {
        self.groups.iter().take(n).skip(1).all(|g| g.2 == separator)
    }

    /// Whether the first `n` groups read as a day, a span of years, or a time.
    pub(super) fn dated(&self, n: usize) -> bool {
        let lengths = self.lengths(n);
        let digits = self.digits(n);
        let number = |from: usize, to: usize| {
            let run = digits.get(from..to).unwrap_or_default();
            run.iter()
                .fold(0u32, |sum, b| sum * 10 + u32::from(b - b'0'))
        };
        let year = |y: u32| (1000..2100).contains(&y);
        match lengths[..] {
            [4, 4] => year(number(0, 4)) && year(number(4, 8)),
            [4, 2, 2] => year(number(0, 4)) && number(4, 6) < 13 && number(6, 8) < 32,
            [d @ 1..=2, m @ 1..=2, 4] => {
                let (first, second) = (number(0, d), number(d, d + m));
                let day_month = first < 32 && second < 32 && (first < 13 || second < 13);
                day_month && year(number(d + m, d + m + 4))
            }
            [d @ 1..=2, m @ 1..=2, 4, ..] => {
                number(0, d) < 32 && number(d, d + m) < 13 && year(number(d + m, d + m + 4))
            }
            _ => false,
        }
    }
}

/// Where the next group begins after the separators at `end`, and what separates: the first byte,
/// a space for all kinds of space.
fn separated(bytes: &[u8], end: usize) -> Option<(usize, u8)> {
    let rest = bytes.get(end..)?;
    let (width, kind) = match rest {
        [b' ', b'(' | b'-' | b'/', b' ', ..] => (3, b'-'),
        [b')', b' ' | b'-' | b'/', ..] => (2, b')'),
        [b' ', b'(', ..] => (2, b'('),
        [b'-', b'(', ..] => (2, b'('),
        [b' ', ..] => (1, b' '),
        [b')', ..] => (1, b')'),
        [b'(', ..] => (1, b'('),
        [b'-', ..] => (1, b'-'),
        [b'.', ..] => (1, b'.'),
        [b'/', ..] => (1, b'/'),
        [0xC2, 0xA0, ..] => (2, b' '),              // no-break space
        [0xE2, 0x80, 0xAF | 0x89, ..] => (3, b' '), // narrow no-break, thin
        [0xE2, 0x80, 0x90 | 0x91 | 0x93, ..] => (3, b'-'), // hyphens, en dash
        _ => return None,
    };
    let next = end + width;
    bytes
        .get(next)
        .is_some_and(u8::is_ascii_digit)
        .then_some((next, kind))
}
