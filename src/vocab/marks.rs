//! Tokens that are looked for in raw text before anything else: names of special tokens in a
//! rendered template, tokens that the makers of a vocabulary added to it.

/// A token that is found by its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) text: String,
    pub(super) id: u32,
    /// Whether white space before it goes with it.
    pub(super) strips_before: bool,
    /// Whether white space behind it goes with it.
    pub(super) strips_after: bool,
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// What no mark was found in.
    Text(&'t str),
    /// The token of a mark.
    Token(u32),
}

/// Which of two marks that overlap is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The one that begins first, of those the longest: the crate `tokenizers`.
    First,
    /// The longest, of those the one that begins first: llama.cpp.
    Longest,
}

/// Marks, found by walking along the bytes of a text.
pub(super) struct Marks {
    /// Sorted by text.
    rows: Vec<Mark>,
    /// Whether a mark begins with a byte.
    begins: [bool; 256],
    order: Order,
}

impl Marks {
    /// Of marks in any order; those without text are left out.
    pub(super) fn new(marks: impl IntoIterator<Item = Mark>, order: Order) -> Self {
        let mut rows: Vec<Mark> = marks.into_iter().filter(|m| !m.text.is_empty()).collect();
        rows.sort_by(|a, b| a.text.cmp(&b.text).then(a.id.cmp(&b.id)));
        let mut begins = [false; 256];
        for row in &rows {
            begins[usize::from(row.text.as_bytes()[0])] = true;
        }
        Marks {
            rows,
            begins,
            order,
        }
    }

    /// Whether there is nothing to find.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The token whose text this is.
    pub(super) fn id(&self, text: &str) -> Option<u32> {
        let at = self
            .rows
            .binary_search_by(|row| row.text.as_str().cmp(text));
        Some(self.rows[at.ok()?].id)
    }

    /// All tokens, by text.
    pub(super) fn rows(&self) -> &[Mark] {
        &self.rows
    }

    /// The longest mark that `text` begins with.
    fn longest(&self, text: &[u8]) -> Option<&Mark> {
        self.longest_of(text, |_| true)
    }

    /// The longest of those of some ids that `text` begins with.
    fn longest_of(&self, text: &[u8], is: impl Fn(u32) -> bool) -> Option<&Mark> {
        let mut rows = &self.rows[..];
        let mut best = None;
        for (depth, byte) in text.iter().enumerate() {
            let at = |row: &Mark| row.text.as_bytes().get(depth).copied();
            let from = rows.partition_point(|row| at(row) < Some(*byte));
            rows = &rows[from..];
            rows = &rows[..rows.partition_point(|row| at(row) == Some(*byte))];
            match rows.first() {
                None => break,
                Some(row) if row.text.len() == depth + 1 && is(row.id) => best = Some(row),
                Some(_) => {}
            }
        }
        best
    }

    /// The places in `text` where marks of some ids begin, overlapping ones too.
    pub(super) fn places(&self, text: &str, is: impl Fn(u32) -> bool) -> Vec<usize> {
        let bytes = text.as_bytes();
        let begins = |at: &usize| {
            self.begins[usize::from(bytes[*at])] && self.longest_of(&bytes[*at..], &is).is_some()
        };
        (0..bytes.len()).filter(begins).collect()
    }

    /// Calls `part` with every part of `text`, in order.
    pub(super) fn cut<'t>(&self, text: &'t str, mut part: impl FnMut(Part<'t>)) {
        let mut found = Vec::new();
        self.find(text.as_bytes(), 0, text.len(), &mut found);
        let mut from = 0;
        let mut strip = false;
        for (start, mark) in found {
            let before = between(text, from, start, mark.strips_before, strip);
            if !before.is_empty() {
                part(Part::Text(before));
            }
            part(Part::Token(mark.id));
            from = start + mark.text.len();
            strip = mark.strips_after;
        }
        let rest = between(text, from, text.len(), false, strip);
        if !rest.is_empty() {
            part(Part::Text(rest));
        }
    }

    /// Appends the marks in `text[from..to]` and where they start, in order.
    fn find<'m>(
        &'m self,
        text: &[u8],
        mut from: usize,
        to: usize,
        found: &mut Vec<(usize, &'m Mark)>,
    ) {
        let at = |start: usize| match self.begins[usize::from(text[start])] {
            true => self.longest(&text[start..to]),
            false => None,
        };
        while from < to {
            let Some(mut mark) = at(from) else {
                from += 1;
                continue;
            };
            let mut start = from;
            if self.order == Order::Longest {
                let mut inside = start + 1;
                while inside < start + mark.text.len() {
                    match at(inside) {
                        Some(longer) if longer.text.len() > mark.text.len() => {
                            (start, mark) = (inside, longer);
                            inside = start + 1;
                        }
                        _ => inside += 1,
                    }
                }
                // What is left before it may hold shorter ones; each is shorter than the last, so
                // this goes no deeper than there are lengths.
                if from < start {
                    self.find(text, from, start, found);
                }
            }
            found.push((start, mark));
            from = start + mark.text.len();
        }
    }
}

/// `text[from..to]` without the white space that its neighbours take.
fn between(text: &str, from: usize, to: usize, before: bool, after: bool) -> &str {
    let mut text = text.get(from..to).unwrap_or_default();
    if after {
        text = text.trim_start();
    }
    if before {
        text = text.trim_end();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(texts: &[&str], order: Order) -> Marks {
        let mark = |(text, id): (&&str, u32)| Mark {
            text: text.to_string(),
            id,
            strips_before: text.starts_with('l'),
            strips_after: text.ends_with('r'),
        };
        Marks::new(texts.iter().zip(0..).map(mark), order)
    }

    fn cut(marks: &Marks, text: &str) -> String {
        let mut told = Vec::new();
        marks.cut(text, |part| {
            told.push(match part {
                Part::Text(text) => text.to_owned(),
                Part::Token(id) => format!("<{id}>"),
            });
        });
        told.join("|")
    }

    #[test]
    fn the_longest_of_those_that_begin_alike_is_found() {
        let newlines = marks(&["\n", "\n\n", "\n\n\n", "é"], Order::Longest);
        assert_eq!(cut(&newlines, "a\n\n\n\n\nb\né"), "a|<2>|<1>|b|<0>|<3>");
        assert_eq!(cut(&newlines, ""), "");
        assert_eq!(cut(&marks(&[""], Order::First), "abc"), "abc");
    }

    #[test]
    fn of_those_that_overlap_the_first_or_the_longest_is_found() {
        let texts = ["ab", "bcd", "defg", "cde"];
        assert_eq!(cut(&marks(&texts, Order::First), "abcdefg"), "<0>|<3>|fg");
        assert_eq!(cut(&marks(&texts, Order::Longest), "abcdefg"), "<0>|c|<2>");
        assert_eq!(cut(&marks(&texts, Order::Longest), "xabcdx"), "xa|<1>|x");
    }

    #[test]
    fn white_space_goes_with_marks_that_take_it() {
        let marks = marks(&["l", "r"], Order::First);
        assert_eq!(
            cut(&marks, "a \n l b r  c l r l"),
            "a|<0>| b |<1>|c|<0>| |<1>|<0>"
        );
    }

    /// What llama.cpp does, word for word: each mark in turn, the longest first, is looked for in
    /// every piece that is left.
    fn one_after_another(texts: &[&str], text: &str) -> String {
        let mut order: Vec<(usize, &&str)> = texts.iter().enumerate().collect();
        order.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
        let mut parts = vec![(text.to_owned(), false)];
        for (id, mark) in order {
            let mut next = Vec::new();
            for (part, done) in parts {
                if done {
                    next.push((part, true));
                    continue;
                }
                for (i, piece) in part.split(*mark).enumerate() {
                    if i > 0 {
                        next.push((format!("<{id}>"), true));
                    }
                    if !piece.is_empty() {
                        next.push((piece.to_owned(), false));
                    }
                }
            }
            parts = next;
        }
        let parts: Vec<String> = parts.into_iter().map(|(part, _)| part).collect();
        parts.join("|")
    }

    proptest::proptest! {
        #[test]
        fn the_longest_first_is_as_if_each_was_looked_for_in_turn(text in "[ab]{0,24}") {
            // Of one length none overlaps another, so that their order does not matter.
            for texts in [&["abbab", "aab", "bb"][..], &["aaaa", "aaa", "a"], &["babab", "abba", "ba"]] {
                let got = cut(&marks(texts, Order::Longest), &text);
                proptest::prop_assert_eq!(got, one_after_another(texts, &text), "{:?}", texts);
            }
        }
    }
}
