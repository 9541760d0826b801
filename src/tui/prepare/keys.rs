//! Keys of the browser.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::library::Library;
use super::shown::Face;
use super::state::{Browser, Focus, Purpose};
use super::view::{page, view};
use crate::event::{Control, Event};
use crate::tui::app::{Action, Screen};
use crate::tui::widgets::plain_line;

/// Most letters of a line that is typed.
const MAX_TYPED: usize = 200;

impl<L: Library> Browser<L> {
    /// Moves within the pane that has the focus.
    fn step(&mut self, by: i64) {
        match self.focus {
            Focus::Groups => {
                let to = self.group.saturating_add_signed(by as isize);
                let last = self.listed.len().saturating_sub(1);
                if to.min(last) != self.group {
                    self.open(to);
                }
            }
            Focus::Documents => match by {
                // The last one may be far: a search goes there step by step.
                i64::MAX => self.begin_search(None, self.document),
                _ => self.show(self.document.saturating_add_signed(by)),
            },
            Focus::Text => {
                let rows = self.shown.as_ref().map_or(0, |shown| shown.rows.len());
                let last = rows.saturating_sub(page(self.size) / 2);
                self.scroll = self.scroll.saturating_add_signed(by as isize).min(last);
            }
        }
    }

    /// A key while a line is typed.
    fn type_key(&mut self, key: KeyEvent) {
        let Some((purpose, line)) = &mut self.typing else {
            return;
        };
        let purpose = *purpose;
        match key.code {
            KeyCode::Esc => {
                self.typing = None;
                if purpose == Purpose::Filter {
                    self.filter.clear();
                    self.list();
                }
                return;
            }
            KeyCode::Enter => {
                let line = std::mem::take(line);
                self.typing = None;
                if purpose == Purpose::Search {
                    self.search_for(line);
                }
                return;
            }
            KeyCode::Backspace => {
                line.pop();
            }
            KeyCode::Char(c) if line.len() < MAX_TYPED && !c.is_control() => line.push(c),
            _ => return,
        }
        if purpose == Purpose::Filter {
            self.filter.clone_from(line);
            self.list();
        }
    }

    /// Looks for words from the chosen document on; for the same words, or none, behind it.
    fn search_for(&mut self, words: String) {
        let again = words.is_empty() || words == self.words;
        if !words.is_empty() {
            self.words = words;
        }
        if self.words.is_empty() {
            return;
        }
        self.turn(Face::Text);
        self.begin_search(Some(self.words.clone()), self.document + u64::from(again));
    }

    fn escape(&mut self) {
        if self.help {
            self.help = false;
        } else if self.search.is_some() {
            self.search = None;
        } else if !self.filter.is_empty() {
            self.filter.clear();
            self.list();
        } else {
            self.leave = true;
        }
    }
}

impl<L: Library> Screen for Browser<L> {
    fn update(&mut self, _: &Event) {}

    fn key(&mut self, key: KeyEvent) -> Action {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            self.leave |= key.code == KeyCode::Char('c');
            return Action::None;
        }
        if self.typing.is_some() {
            self.type_key(key);
            return Action::None;
        }
        if key.code == KeyCode::Esc {
            self.escape();
            return Action::None;
        }
        // Whoever goes elsewhere no longer waits, and has read what was said.
        (self.search, self.note, self.help) = (None, None, false);
        let page = page(self.size) as i64;
        match key.code {
            KeyCode::Char('q') => self.leave = true,
            KeyCode::Char('?') => self.help = true,
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
            KeyCode::Home | KeyCode::Char('g') => self.step(i64::MIN),
            KeyCode::End | KeyCode::Char('G') => self.step(i64::MAX),
            // The next document without leaving the text.
            KeyCode::Char('n') => self.show(self.document + 1),
            KeyCode::Char('p') => self.show(self.document.saturating_sub(1)),
            KeyCode::Char('m') => self.next_mark(),
            KeyCode::Char('1') => self.turn(Face::Text),
            KeyCode::Char('2') => self.turn(Face::Checks),
            KeyCode::Char('3') => self.turn(Face::Fields),
            KeyCode::Char('s') => {
                self.by_size = !self.by_size;
                self.list();
            }
            KeyCode::Char('f') => {
                self.focus = Focus::Groups;
                self.typing = Some((Purpose::Filter, self.filter.clone()));
            }
            KeyCode::Char('/') => self.typing = Some((Purpose::Search, String::new())),
            _ => {}
        }
        Action::None
    }

    fn paste(&mut self, text: &str) {
        for c in plain_line(text).chars() {
            self.type_key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    fn tick(&mut self, _: u64, _: &Control) {
        self.search_on();
    }

    fn resized(&mut self, size: Size) {
        self.size = size;
        self.lay_out();
    }

    fn closed(&mut self) {}

    fn done(&self) -> bool {
        self.leave
    }

    fn view(&self, frame: &mut Frame<'_>) {
        view(self, frame);
    }
}
