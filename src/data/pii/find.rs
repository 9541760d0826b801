//! The scan: from `@` to `@`, then from digit to digit, looking around at each.

use memchr::memmem;

use super::context::{Before, Words, says};
use super::kind::{Kind, Options, Span};
use super::number::Run;
use super::{email, ids, national, net, phone, place, secret};
use crate::lang::Lang;

/// Finds personal data. Holds settings only: one serves many threads.
#[derive(Debug, Clone)]
pub struct Finder {
    wanted: [bool; Kind::ALL.len()],
    options: Options,
}

impl Finder {
    /// A finder of what the options ask for.
    pub fn new(options: &Options) -> Self {
        Finder {
            wanted: Kind::ALL.map(|kind| options.kinds.contains(&kind)),
            options: options.clone(),
        }
    }

    /// Fills `spans` with what `text` holds, in order and without overlaps.
    ///
    /// `lang` says whose telephone and identity numbers to expect, and in which words; without it
    /// only what tells by itself is found. Time grows with the length of the text, whatever it is.
    pub fn find(&self, text: &str, lang: Option<&Lang>, spans: &mut Vec<Span>) {
        spans.clear();
        let bytes = text.as_bytes();
        if self.wants(Kind::Email) {
            emails(text, spans);
        }
        if self.wants(Kind::Secret) {
            let mut done = 0;
            for at in memmem::find_iter(bytes, secret::ARMOUR) {
                if let Some((start, end)) = Some(at)
                    .filter(|&at| at >= done)
                    .and_then(|at| secret::private_key(text, at))
                {
                    done = end;
                    spans.push(plain(start, end, Kind::Secret, 1.0));
                }
            }
        }
        in_order(spans);
        let n_fixed = spans.len();
        let mut scan = Scan {
            text,
            bytes,
            words: Words::of(lang),
            finder: self,
            tried: 0,
            no_secret: 0,
        };
        let (mut at, mut fixed) = (0, 0);
        while let Some(i) = next_digit(bytes, at) {
            while fixed < n_fixed && spans.get(fixed).is_some_and(|span| span.end <= i) {
                fixed += 1;
            }
            let ahead = spans.get(fixed).filter(|_| fixed < n_fixed).copied();
            if let Some(span) = ahead.filter(|span| span.start <= i) {
                at = span.end;
                continue;
            }
            let (found, next) = scan.at(i);
            at = next.max(i + 1);
            if let Some(span) = found {
                let clear = ahead.is_none_or(|fixed| span.end <= fixed.start);
                let later = spans.last().filter(|_| spans.len() > n_fixed);
                let clear = clear && later.is_none_or(|last| last.end <= span.start);
                let sure = span.score >= self.options.min_score;
                if clear && sure && self.wants(span.kind) {
                    spans.push(span);
                }
                at = at.max(span.end);
            }
        }
        spans.retain(|span| span.score >= self.options.min_score);
        in_order(spans);
    }

    fn wants(&self, kind: Kind) -> bool {
        let place = Kind::ALL.iter().position(|&k| k == kind);
        place
            .and_then(|i| self.wanted.get(i))
            .is_some_and(|&wanted| wanted)
    }
}

/// A span that no country or scheme marks.
fn plain(start: usize, end: usize, kind: Kind, score: f32) -> Span {
    Span {
        start,
        end,
        kind,
        country: None,
        scheme: None,
        score,
    }
}

/// Sorts by place; of overlapping spans the first stays.
fn in_order(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut end = 0;
    spans.retain(|span| {
        let clear = span.start >= end;
        end = if clear { span.end } else { end };
        clear
    });
}

fn emails(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for at in memchr::memchr_iter(b'@', bytes) {
        if let Some((start, end)) = email::email(text, at).filter(|found| found.0 >= done) {
            done = end;
            spans.push(plain(start, end, Kind::Email, 0.95));
        }
    }
    for mark in ["at]", "at)", "AT]", "AT)"] {
        for at in memmem::find_iter(bytes, mark) {
            let found = at
                .checked_sub(1)
                .and_then(|open| email::obfuscated(text, open));
            spans.extend(found.map(|(start, end)| plain(start, end, Kind::Email, 0.7)));
        }
    }
}

/// Place of the next digit.
fn next_digit(bytes: &[u8], from: usize) -> Option<usize> {
    const BLOCK: usize = 32; // whole blocks without a digit are passed with vector instructions
    let mut at = from;
    for block in bytes.get(from..)?.chunks(BLOCK) {
        if block.iter().fold(false, |any, b| any | b.is_ascii_digit()) {
            return block.iter().position(u8::is_ascii_digit).map(|i| at + i);
        }
        at += block.len();
    }
    None
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    words: &'static Words,
    finder: &'a Finder,
    /// Digits before this place belong to a number already looked at.
    tried: usize,
    /// Up to this place a run of a token's characters was looked at and is no secret.
    no_secret: usize,
}

impl Scan<'_> {
    /// What the digit at `i` is part of, and where to go on.
    fn at(&mut self, i: usize) -> (Option<Span>, usize) {
        const REACH: usize = 40;
        let alnum = |b: &&u8| b.is_ascii_alphanumeric();
        let head = self.bytes.get(..i).unwrap_or_default();
        let start = i - head.iter().rev().take(REACH).take_while(alnum).count();
        let tail = self.bytes.get(i..).unwrap_or_default();
        let end = i + tail.iter().take_while(alnum).count();
        let digits_end = i + tail.iter().take_while(|b| b.is_ascii_digit()).count();
        let found = self.look(i, start, end, digits_end);
        // Behind a digit group, its letters cannot begin anything.
        let next = if end - start > REACH { end } else { digits_end };
        (found, next)
    }

    /// What is said before `at`.
    fn before(&self, at: usize) -> Before {
        Before::new(self.text, at, self.words)
    }

    fn byte(&self, i: usize) -> u8 {
        self.bytes.get(i).copied().unwrap_or(0)
    }

    /// Tries every kind, the most telling form first. `start..end` are letters and digits around
    /// the digit group `i..digits_end`.
    fn look(&mut self, i: usize, start: usize, end: usize, digits_end: usize) -> Option<Span> {
        let before = start.checked_sub(1).map_or(0, |at| self.byte(at));
        let after = self.byte(end);
        let token = end - start >= 12 || matches!(before, b'_' | b'-' | b'.' | b'=' | b'/' | b'+');
        if token && i >= self.no_secret && self.finder.wants(Kind::Secret) {
            match secret::token(self.text, i) {
                Ok((start, end, score)) => return Some(plain(start, end, Kind::Secret, score)),
                Err(end) => self.no_secret = end,
            }
        }
        if (after == b':' || before == b':')
            && let Some((address, start, end)) = net::ipv6(self.bytes, i)
        {
            let counts = self.finder.options.private_ips || net::is_public_v6(address);
            let score = if counts { 0.9 } else { 0.0 };
            return Some(plain(start, end, Kind::Ip, score));
        }
        if i == start && end == digits_end {
            if after == b'.'
                && digits_end - i <= 3
                && let Some(found) = self.dotted(i)
            {
                return found;
            }
            if let Some(span) = self.coordinates(i, after) {
                return Some(span);
            }
        }
        if i == start + 2
            && digits_end >= i + 2
            && let Some((end, valid)) = self.account(start)
        {
            self.tried = end;
            return valid.then(|| self.iban(start, end));
        }
        self.numbered(i, start, end)
    }

    /// The IPv4 address at `i`; none inside if it is one that does not count.
    fn dotted(&self, i: usize) -> Option<Option<Span>> {
        let (address, end) = net::ipv4(self.bytes, i)?;
        let public = net::is_public(address) || self.finder.options.private_ips;
        let before = self.before(i);
        let named = before.says(says::HOST);
        // Numbers of sections and versions look the same and are small.
        let large = end - i >= 10 || address.octets().iter().any(|&group| group > 99);
        let counts = public && !before.says(says::OTHER) && (named || large);
        Some(counts.then(|| plain(i, end, Kind::Ip, if named { 1.0 } else { 0.8 })))
    }

    fn coordinates(&self, i: usize, after: u8) -> Option<Span> {
        if !self.finder.wants(Kind::Coordinates) {
            return None;
        }
        if after == b'.' {
            let (start, end) = place::decimal_pair(self.bytes, i)?;
            let named = self.before(start).says(says::PLACE);
            let score: f32 = if named { 0.9 } else { 0.3 };
            let counts = named || self.finder.options.bare_coordinates;
            let score = if counts {
                score.max(self.finder.options.min_score)
            } else {
                score
            };
            return counts.then(|| plain(start, end, Kind::Coordinates, score));
        }
        // The first byte of a degree sign in UTF-8.
        if after == 0xC2 {
            let (start, end) = place::sexagesimal(self.text, i)?;
            return Some(plain(start, end, Kind::Coordinates, 0.8));
        }
        None
    }

    /// The end of what has the form of a bank account number from `start`, and whether it checks.
    fn account(&self, start: usize) -> Option<(usize, bool)> {
        let country = self.bytes.get(start..start + 2)?;
        let len = ids::iban_len(country)?;
        let mut number = Vec::with_capacity(len);
        let mut at = start;
        while number.len() < len {
            match self.byte(at) {
                b if b.is_ascii_digit() || b.is_ascii_uppercase() => number.push(b),
                b' ' | b'-' if self.byte(at + 1).is_ascii_alphanumeric() && !number.is_empty() => {}
                _ => return None,
            }
            at += 1;
        }
        national::free(self.bytes, start, at).then(|| (at, ids::iban(&number)))
    }

    fn iban(&self, start: usize, end: usize) -> Span {
        let code = self.text.get(start..start + 2).unwrap_or_default();
        let code = code.to_ascii_lowercase();
        Span {
            country: ids::iban_country(&code),
            scheme: Some("iban"),
            ..plain(start, end, Kind::Iban, 1.0)
        }
    }

    /// Telephones, identifiers, cards and plates.
    fn numbered(&mut self, i: usize, start: usize, end: usize) -> Option<Span> {
        let run = if i == start {
            Run::read(self.bytes, i)
        } else {
            None
        };
        let n_digits = run.as_ref().map_or(0, |run| run.digits(run.len()).len());
        let plate = self.capitals(start, i, end);
        if n_digits < 5 && end - start < 7 && !plate {
            return None;
        }
        if self.in_url(start) {
            return None;
        }
        let from = run.as_ref().map_or(start, |run| run.start);
        let before = self.before(from);
        if before.says(says::OTHER) {
            return None;
        }
        if let Some(span) = self.identified(start, before) {
            // Beside a word for telephones a number that could be both is a telephone.
            let bare = span.scheme.is_some() && n_digits > 0 && span.score < 1.0;
            let phone = bare && before.says(says::PHONE);
            let phone = run
                .as_ref()
                .filter(|_| phone)
                .and_then(|run| self.phone(run, before));
            self.tried = self.tried.max(span.end);
            return Some(phone.unwrap_or(span));
        }
        if let Some(run) = run.filter(|run| i >= self.tried && run.len() > 0) {
            let found = self.card(&run).or_else(|| self.phone(&run, before));
            self.tried = run.end(run.len());
            if found.is_some() {
                return found;
            }
        }
        if plate && self.finder.wants(Kind::Plate) && before.says(says::PLATE) {
            let digits = self.bytes.get(i..end).unwrap_or_default();
            let digits = digits.iter().take_while(|b| b.is_ascii_digit()).count();
            let (start, end) = place::plate(self.text, i, i + digits)?;
            let country = self.words.countries.first().map(String::as_str);
            return Some(Span {
                country,
                ..plain(start, end, Kind::Plate, 0.7)
            });
        }
        None
    }

    /// Identifiers, tried from the group of letters before as well.
    fn identified(&self, start: usize, before: Before) -> Option<Span> {
        let head = self.bytes.get(..start).unwrap_or_default();
        let letters = match head.split_last() {
            Some((b' ' | b'-', head)) => {
                let n = head
                    .iter()
                    .rev()
                    .take(4)
                    .take_while(|b| b.is_ascii_alphabetic())
                    .count();
                (1..=3).contains(&n).then_some(start - 1 - n)
            }
            _ => None,
        };
        let capitals = |at: usize| {
            self.bytes
                .get(at..at + 2)
                .is_some_and(|two| two.iter().all(u8::is_ascii_uppercase))
        };
        let named = before.says(says::ID);
        let vat = letters
            .into_iter()
            .chain([start])
            .filter(|&at| capitals(at));
        let vat = vat
            .filter_map(|at| national::vat(self.text, at, named))
            .next();
        let own = national::identifier(self.text, start, letters, self.words, before);
        match (own, vat) {
            (Some(own), Some(vat)) if vat.end > own.end => Some(vat),
            (Some(own), _) => Some(own),
            (None, vat) => vat,
        }
    }

    fn phone(&self, run: &Run, before: Before) -> Option<Span> {
        let named = before.says(says::PHONE);
        let tied =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'@' | b'%' | b'$' | b'+');
        if tied(run.before)
            || matches!(run.before, b'.' | b',' | b'-' | b'/' | b'=' | b'#') && !named
        {
            return None;
        }
        let found = if run.plus {
            phone::international(run, named)?
        } else {
            phone::home(run, &self.words.countries, named)?
        };
        let end = run.end(found.groups);
        let (after, next) = (self.byte(end), self.byte(end + 1));
        let longer = after.is_ascii_alphanumeric()
            || matches!(after, b'%' | b'_')
            || matches!(after, b'.' | b',' | b'-') && next.is_ascii_digit();
        (!longer).then(|| Span {
            country: found.country,
            ..plain(run.start, end, Kind::Phone, found.score)
        })
    }

    /// The card number in the groups a card is printed in, or in one.
    fn card(&self, run: &Run) -> Option<Span> {
        let groups = (1..=run.len()).rev().find(|&n| {
            let printed = matches!(
                run.lengths(n)[..],
                [13..=19] | [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3] | [4, 4, 5]
            );
            let even = run.only(n, b' ') || run.only(n, b'-');
            printed && even && ids::card(run.digits(n))
        })?;
        let (start, end) = (run.start, run.end(groups));
        let alone = !run.plus && national::free(self.bytes, start, end);
        alone.then(|| plain(start, end, Kind::Card, 0.9))
    }

    /// Whether capitals stand beside the digits, in the group or across one separator.
    fn capitals(&self, start: usize, i: usize, end: usize) -> bool {
        let capital = |b: u8| b.is_ascii_uppercase() || (0xCE..0xD4).contains(&b);
        let inside = self.bytes.get(start..end).unwrap_or_default();
        let across = |at: Option<usize>| at.is_some_and(|at| capital(self.byte(at)));
        // Before a separator stands the last byte of a letter: any byte beyond ASCII may be one.
        let back = start.checked_sub(2).map_or(0, |at| self.byte(at));
        let sep = start.checked_sub(1).map_or(0, |at| self.byte(at));
        let short = end - i <= 7;
        let behind = matches!(sep, b' ' | b'-')
            && (back.is_ascii_uppercase() || (0x80..0xC0).contains(&back))
            || (0x80..0xC0).contains(&sep);
        let ahead = matches!(self.byte(end), b' ' | b'-') && across(Some(end + 1))
            || capital(self.byte(end));
        short && (inside.iter().any(u8::is_ascii_uppercase) || behind || ahead)
    }

    /// Whether the word around `at` is a link or a path of one.
    fn in_url(&self, at: usize) -> bool {
        const REACH: usize = 200;
        let from = at.saturating_sub(REACH);
        let head = self.bytes.get(from..at).unwrap_or_default();
        let outside = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'<' | b'>' | b'"' | b'|');
        let word = head.rsplit(outside).next().unwrap_or_default();
        word.len() >= 4 && (memmem::find(word, b"://").is_some() || word.starts_with(b"www."))
    }
}
