//! What is on the screen of a conversation, laid out once for each width.

use std::collections::VecDeque;

use ratatui::text::Line;

use crate::tui::markdown::Document;
use crate::tui::widgets::{plain, row, wrap};

/// Most bytes kept on the screen; the oldest go first (the conversation itself keeps them).
const MAX_BYTES: usize = 4 << 20;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    You,
    Model,
    System,
    Note,
    Warning,
}

/// One message or note; its text is harmless already.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) who: Who,
    /// Number of the message; none for notes and for an answer on its way.
    pub(super) node: Option<u64>,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Marked(Document),
    Plain {
        text: String,
        rows: Vec<Line<'static>>,
        width: usize,
    },
}

impl Entry {
    fn new(who: Who, node: Option<u64>, text: &str) -> Self {
        let text = plain(text);
        let body = match who {
            Who::Model => Body::Marked(Document::new(&text)),
            _ => Body::Plain {
                text,
                rows: Vec::new(),
                width: 0,
            },
        };
        Entry { who, node, body }
    }

    pub(super) fn text(&self) -> &str {
        match &self.body {
            Body::Marked(document) => document.text(),
            Body::Plain { text, .. } => text,
        }
    }

    pub(super) fn rows(&self) -> &[Line<'static>] {
        match &self.body {
            Body::Marked(document) => document.rows(),
            Body::Plain { rows, .. } => rows,
        }
    }

    fn layout(&mut self, cells: usize) {
        match &mut self.body {
            Body::Marked(document) => document.layout(cells),
            Body::Plain { text, rows, width } if *width != cells => {
                let ranges = wrap(text, cells);
                *rows = ranges.iter().map(|r| Line::raw(row(text, r))).collect();
                *width = cells;
            }
            Body::Plain { .. } => {}
        }
    }

    fn len_bytes(&self) -> usize {
        self.text().len() + size_of::<Entry>()
    }
}

/// Messages and notes, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Transcript {
    pub(super) entries: VecDeque<Entry>,
    len_bytes: usize,
    /// Rows at the width last laid out, with the empty one before each entry.
    n_rows: usize,
}

impl Transcript {
    /// Adds an entry, made harmless.
    pub(super) fn push(&mut self, who: Who, node: Option<u64>, text: &str) {
        let entry = Entry::new(who, node, text);
        self.len_bytes += entry.len_bytes();
        self.entries.push_back(entry);
        self.forget_oldest();
    }

    /// Adds a piece to the answer on its way, which begins with it if there is none.
    pub(super) fn extend_answer(&mut self, text: &str) {
        let is_open = |entry: &&mut Entry| entry.who == Who::Model && entry.node.is_none();
        match self.entries.iter_mut().rev().find(is_open) {
            Some(entry) => {
                let text = plain(text);
                self.len_bytes += text.len();
                if let Body::Marked(document) = &mut entry.body {
                    document.push(&text);
                }
                self.forget_oldest();
            }
            None => self.push(Who::Model, None, text),
        }
    }

    /// The answer on its way has a number from now on.
    pub(super) fn close_answer(&mut self, id: u64) {
        for entry in &mut self.entries {
            if entry.who == Who::Model {
                entry.node.get_or_insert(id);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Transcript::default();
    }

    /// Lays out what is new in rows of at most `cells` cells; how many rows there are.
    pub(super) fn layout(&mut self, cells: usize) -> usize {
        self.n_rows = 0;
        for entry in &mut self.entries {
            entry.layout(cells);
            self.n_rows += entry.rows().len() + 1;
        }
        self.n_rows
    }

    /// Rows when last laid out.
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn forget_oldest(&mut self) {
        while self.len_bytes > MAX_BYTES && self.entries.len() > 1 {
            let gone = self.entries.pop_front();
            self.len_bytes -= gone.map_or(0, |entry| entry.len_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_the_screen_is_bounded() {
        let mut transcript = Transcript::default();
        for _ in 0..100 {
            transcript.push(Who::Note, None, &"x".repeat(100_000));
        }
        let total: usize = transcript.entries.iter().map(|e| e.text().len()).sum();
        assert!(total <= MAX_BYTES && total > MAX_BYTES / 2);
    }

    #[test]
    fn notes_come_behind_the_answer_they_interrupt() {
        let mut transcript = Transcript::default();
        transcript.push(Who::You, Some(1), "hi");
        transcript.extend_answer("Al\x1b");
        transcript.push(Who::Warning, None, "drifts");
        transcript.extend_answer("le");
        transcript.close_answer(2);
        let texts: Vec<&str> = transcript.entries.iter().map(Entry::text).collect();
        assert_eq!(texts, ["hi", "Al␛le", "drifts"]);
        assert_eq!(transcript.entries[1].node, Some(2));
        assert_eq!(transcript.layout(10), 6);
    }
}
