//! Keys of the browser.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::state::{Browser, Focus, Library};
use super::view::{page, text_cells, view};
use crate::event::Event;
use crate::tui::app::{Action, Screen};

impl<L: Library> Browser<L> {
    /// Moves within the pane that has the focus.
    fn step(&mut self, by: isize) {
        match self.focus {
            Focus::Groups => {
                let to = self.group.saturating_add_signed(by);
                let last = self.library.groups().len().saturating_sub(1);
                if to.min(last) != self.group {
                    self.open(to);
                }
            }
            Focus::Documents => self.show(self.document.saturating_add_signed(by)),
            Focus::Text => {
                let rows = self.rows(text_cells(self.size)).len();
                let last = rows.saturating_sub(page(self.size) / 2);
                self.scroll = self.scroll.saturating_add_signed(by).min(last);
            }
        }
    }
}

impl<L: Library> Screen for Browser<L> {
    fn update(&mut self, _: &Event) {}

    fn key(&mut self, key: KeyEvent) -> Action {
        let page = page(self.size) as isize;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => self.leave = true,
            KeyCode::Char('c') if control => self.leave = true,
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') | KeyCode::Enter => {
                self.focus = match self.focus {
                    Focus::Groups => Focus::Documents,
                    Focus::Documents => Focus::Text,
                    Focus::Text if key.code == KeyCode::Tab => Focus::Groups,
                    Focus::Text => Focus::Text,
                };
            }
            KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') | KeyCode::Backspace => {
                self.focus = match self.focus {
                    Focus::Text => Focus::Documents,
                    _ => Focus::Groups,
                };
            }
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::PageUp => self.step(-page),
            KeyCode::PageDown | KeyCode::Char(' ') => self.step(page),
            KeyCode::Home | KeyCode::Char('g') => self.step(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.step(isize::MAX),
            // The next document without leaving the text.
            KeyCode::Char('n') => self.show(self.document + 1),
            KeyCode::Char('p') => self.show(self.document.saturating_sub(1)),
            _ => {}
        }
        Action::None
    }

    fn resized(&mut self, size: Size) {
        self.size = size;
    }

    fn closed(&mut self) {}

    fn done(&self) -> bool {
        self.leave
    }

    fn view(&self, frame: &mut Frame<'_>) {
        view(self, frame);
    }
}
