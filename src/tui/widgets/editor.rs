//! The input box: several lines of text and a cursor that never splits a letter.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

use super::text::{plain, width};
use super::wrap::wrap;

/// Most bytes of a message; a larger paste is cut.
const MAX_BYTES: usize = 1 << 20;

/// Text being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// Byte offset, always between two graphemes.
    cursor: usize,
    /// What was last taken out by words or lines.
    killed: String,
}

impl Editor {
    /// What was written so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces everything; the cursor goes to the end.
    pub fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Takes the text out and leaves the box empty.
    pub fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Inserts text at the cursor, made harmless; line ends of every kind become newlines.
    pub fn insert(&mut self, text: &str) {
        let mut safe = plain(&text.replace("\r\n", "\n").replace('\r', "\n"));
        let mut room = MAX_BYTES.saturating_sub(self.text.len()).min(safe.len());
        while !safe.is_char_boundary(room) {
            room -= 1;
        }
        safe.truncate(room);
        self.text.insert_str(self.cursor, &safe);
        self.cursor += safe.len();
        self.settle();
    }

    /// Rows of the text in a box of `max` cells, and the cursor's row and column.
    pub fn rows(&self, max: usize) -> (Vec<std::ops::Range<usize>>, (usize, usize)) {
        let rows = wrap(&self.text, max);
        let row = rows
            .iter()
            .rposition(|r| r.start <= self.cursor)
            .unwrap_or(0);
        let before = self
            .text
            .get(rows[row].start..self.cursor)
            .unwrap_or_default();
        (rows, (row, width(before).min(max)))
    }

    /// Handles a key that edits or moves in a box of `max` cells; false if it is none of these,
    /// or up on the first row, or down on the last.
    pub fn key(&mut self, key: KeyEvent, max: usize) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('a') if control => self.cursor = self.line_start(),
            KeyCode::Char('e') if control => self.cursor = self.line_end(),
            KeyCode::Char('u') if control => self.kill(self.line_start(), self.cursor),
            KeyCode::Char('k') if control => {
                self.kill(self.cursor, self.line_end().max(self.line_break()))
            }
            KeyCode::Char('w') if control => self.kill(self.word_left(), self.cursor),
            KeyCode::Char('y') if control => self.insert(&self.killed.clone()),
            // What Backspace sends on some terminals.
            KeyCode::Char('h') if control => self.delete(self.left(), self.cursor),
            KeyCode::Char('j') if control => self.insert("\n"),
            KeyCode::Char('b') if alt => self.cursor = self.word_left(),
            KeyCode::Char('f') if alt => self.cursor = self.word_right(),
            KeyCode::Char('d') if alt => self.kill(self.cursor, self.word_right()),
            // AltGr arrives as Control and Alt together on some systems: then it is a letter.
            KeyCode::Char(c) if control == alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Enter if alt || key.modifiers.contains(KeyModifiers::SHIFT) => {
                self.insert("\n")
            }
            KeyCode::Backspace if control || alt => self.kill(self.word_left(), self.cursor),
            KeyCode::Delete if control || alt => self.kill(self.cursor, self.word_right()),
            KeyCode::Backspace => self.delete(self.left(), self.cursor),
            KeyCode::Delete => self.delete(self.cursor, self.right()),
            KeyCode::Left if control || alt => self.cursor = self.word_left(),
            KeyCode::Right if control || alt => self.cursor = self.word_right(),
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home => self.cursor = self.line_start(),
            KeyCode::End => self.cursor = self.line_end(),
            KeyCode::Up => return self.vertical(max, -1),
            KeyCode::Down => return self.vertical(max, 1),
            _ => return false,
        }
        true
    }

    fn vertical(&mut self, max: usize, by: isize) -> bool {
        let (rows, (row, column)) = self.rows(max);
        let Some(target) = row.checked_add_signed(by).and_then(|r| rows.get(r)) else {
            return false;
        };
        let line = self.text.get(target.clone()).unwrap_or_default();
        let mut used = 0;
        let mut at = target.start;
        for grapheme in line.graphemes(true) {
            used += width(grapheme);
            // The end of a broken row is the start of the next one: stop a letter before it.
            let last_of_row = at + grapheme.len() == target.end;
            if used > column || (last_of_row && self.broken_at(target.end)) {
                break;
            }
            at += grapheme.len();
        }
        self.cursor = at;
        true
    }

    /// True where a row ends at `at` because it was too long, not because the line ended.
    fn broken_at(&self, at: usize) -> bool {
        self.text
            .get(at..)
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('\n'))
    }

    /// Takes text out for [Ctrl-Y] to put back.
    ///
    /// [Ctrl-Y]: Editor::key
    fn kill(&mut self, from: usize, to: usize) {
        if from < to {
            self.killed = self.text[from..to].into();
            self.delete(from, to);
        }
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
        self.settle();
    }

    /// After an edit two halves may have become one letter: the cursor goes behind it.
    fn settle(&mut self) {
        let ends = self.text.grapheme_indices(true).map(|(at, g)| at + g.len());
        self.cursor = std::iter::once(0)
            .chain(ends)
            .find(|&end| end >= self.cursor)
            .unwrap_or(0);
    }

    fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    fn after(&self) -> &str {
        &self.text[self.cursor..]
    }

    fn left(&self) -> usize {
        self.cursor
            - self
                .before()
                .graphemes(true)
                .next_back()
                .map_or(0, str::len)
    }

    fn right(&self) -> usize {
        self.cursor + self.after().graphemes(true).next().map_or(0, str::len)
    }

    fn line_start(&self) -> usize {
        self.before().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.cursor + self.after().find('\n').unwrap_or(self.after().len())
    }

    /// Behind the line end at the cursor, if it stands before one: killing an empty line joins.
    fn line_break(&self) -> usize {
        self.cursor + usize::from(self.after().starts_with('\n'))
    }

    fn word_left(&self) -> usize {
        let mut words = self.before().split_word_bound_indices().rev();
        words
            .find(|(_, word)| !word.trim().is_empty())
            .map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let mut words = self.after().split_word_bound_indices();
        let found = words.find(|(_, word)| !word.trim().is_empty());
        found.map_or(self.text.len(), |(at, word)| self.cursor + at + word.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn press(editor: &mut Editor, code: KeyCode, modifiers: KeyModifiers) -> bool {
        editor.key(KeyEvent::new(code, modifiers), 10)
    }

    fn typed(text: &str) -> Editor {
        let mut editor = Editor::default();
        editor.insert(text);
        editor
    }

    #[test]
    fn letters_words_and_lines_are_deleted_whole() {
        let mut editor = typed("a šč\u{301} 漢字");
        press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!(editor.text(), "a šč\u{301} 漢");
        press(&mut editor, KeyCode::Char('w'), KeyModifiers::CONTROL);
        press(&mut editor, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(editor.text(), "a ");
        editor.set("one\ntwo");
        press(&mut editor, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert_eq!(editor.text(), "one\n");
        press(&mut editor, KeyCode::Home, KeyModifiers::NONE);
        press(&mut editor, KeyCode::Left, KeyModifiers::NONE);
        press(&mut editor, KeyCode::Left, KeyModifiers::CONTROL);
        press(&mut editor, KeyCode::Delete, KeyModifiers::CONTROL);
        assert_eq!(editor.text(), "\n");
    }

    #[test]
    fn what_was_killed_can_be_put_back() {
        let mut editor = typed("eins zwei\n漢字 e\u{301}");
        let control =
            |editor: &mut Editor, c| press(editor, KeyCode::Char(c), KeyModifiers::CONTROL);
        control(&mut editor, 'w');
        control(&mut editor, 'y');
        control(&mut editor, 'y');
        assert_eq!(editor.text(), "eins zwei\n漢字 e\u{301}e\u{301}");
        control(&mut editor, 'u');
        assert_eq!(editor.text(), "eins zwei\n");
        control(&mut editor, 'u');
        control(&mut editor, 'y');
        assert_eq!(
            editor.text(),
            "eins zwei\n漢字 e\u{301}e\u{301}",
            "nothing was killed"
        );
        editor.set("one\ntwo");
        press(&mut editor, KeyCode::Up, KeyModifiers::NONE);
        press(&mut editor, KeyCode::End, KeyModifiers::NONE);
        control(&mut editor, 'k');
        assert_eq!(editor.text(), "onetwo");
    }

    #[test]
    fn a_paste_is_made_harmless_and_keeps_its_lines() {
        assert_eq!(typed("a\r\nb\rc\x1b[2J").text(), "a\nb\nc␛[2J");
        assert_eq!(typed(&"č".repeat(MAX_BYTES)).text().len(), MAX_BYTES);
    }

    #[test]
    fn the_cursor_moves_over_broken_rows_and_reports_the_edges() {
        let mut editor = typed("all human beings are");
        assert_eq!(editor.rows(10).1, (1, 10));
        assert!(press(&mut editor, KeyCode::Up, KeyModifiers::NONE));
        assert_eq!(editor.rows(10).1, (0, 9), "stays on the row it went to");
        assert!(
            !press(&mut editor, KeyCode::Up, KeyModifiers::NONE),
            "history begins here"
        );
        assert!(press(&mut editor, KeyCode::Down, KeyModifiers::NONE));
        assert!(!press(&mut editor, KeyCode::Down, KeyModifiers::NONE));
    }

    #[test]
    fn keys_that_mean_something_else_are_left_to_others() {
        let mut editor = typed("x");
        for (code, modifiers) in [
            (KeyCode::Enter, KeyModifiers::NONE),
            (KeyCode::Esc, KeyModifiers::NONE),
            (KeyCode::Char('c'), KeyModifiers::CONTROL),
            (KeyCode::PageUp, KeyModifiers::NONE),
        ] {
            assert!(!press(&mut editor, code, modifiers), "{code:?}");
        }
        assert!(press(&mut editor, KeyCode::Enter, KeyModifiers::ALT));
        assert_eq!(editor.text(), "x\n");
    }

    proptest! {
        #[test]
        fn no_sequence_of_keys_splits_a_letter(keys in prop::collection::vec((0usize..12, any::<char>()), 0..60)) {
            let mut editor = Editor::default();
            for (choice, letter) in keys {
                let (code, modifiers) = [
                    (KeyCode::Char(letter), KeyModifiers::NONE),
                    (KeyCode::Char('\u{301}'), KeyModifiers::NONE),
                    (KeyCode::Char('\u{200d}'), KeyModifiers::NONE),
                    (KeyCode::Enter, KeyModifiers::ALT),
                    (KeyCode::Left, KeyModifiers::NONE),
                    (KeyCode::Right, KeyModifiers::CONTROL),
                    (KeyCode::Left, KeyModifiers::CONTROL),
                    (KeyCode::Up, KeyModifiers::NONE),
                    (KeyCode::Down, KeyModifiers::NONE),
                    (KeyCode::Backspace, KeyModifiers::NONE),
                    (KeyCode::Delete, KeyModifiers::NONE),
                    (KeyCode::Home, KeyModifiers::NONE),
                ][choice];
                press(&mut editor, code, modifiers);
                let mut ends = editor.text().grapheme_indices(true).map(|(at, g)| at + g.len());
                prop_assert!(editor.cursor == 0 || ends.any(|end| end == editor.cursor));
                let (rows, (row, column)) = editor.rows(10);
                prop_assert!(row < rows.len() && column <= 10);
            }
        }
    }
}
