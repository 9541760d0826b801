//! Keys of the conversation, what is being written, and its door: [`run`].

use std::borrow::Cow;
use std::io;
use std::sync::mpsc::{Receiver, Sender};

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::history::History;
use super::panel::Panel;
use super::state::{ChatInfo, State};
use super::view;
use crate::event::{Ask, Control, Event};
use crate::talk;
use crate::tui::app::{self, Action, Screen};
use crate::tui::widgets::Editor;

/// The keys worth knowing.
pub(super) const KEYS: [(&str, &str); 13] = [
    ("Enter", "send"),
    ("Alt-Enter, Ctrl-J", "new line"),
    ("Up, Down", "your questions before"),
    ("Ctrl-R", "seek among them"),
    (
        "Ctrl-U, -K, -W, -Y",
        "cut to the left, right, a word; put back",
    ),
    ("Tab", "complete a command; else the panel of the model"),
    ("F2", "the panel of the model"),
    ("Left, Right", "other branches, where nothing is written"),
    ("Alt-Up, Alt-Down", "choose a message; Enter edits it"),
    ("PgUp, PgDn", "scroll"),
    ("Esc", "stop the answer"),
    ("Ctrl-C", "stop, or clear what is written; again: leave"),
    ("Ctrl-D", "leave, where nothing is written"),
];
/// Most bytes copied: terminals take no more in one sequence (xterm: 100 000 letters of base 64).
pub(super) const LARGEST_COPY: usize = 74_994;

/// The conversation as a screen.
#[derive(Debug, Default)]
pub struct Chat {
    /// What was said.
    pub state: State,
    pub(super) editor: Editor,
    /// Rows between the last one and the lowest one shown; 0 follows the answer.
    pub(super) scroll: usize,
    /// One line about the last key, until the next one.
    pub(super) hint: Option<Cow<'static, str>>,
    pub(super) size: Size,
    pub(super) history: History,
    pub(super) panel: Panel,
    /// The message that keys for branches are about.
    pub(super) chosen: Option<u64>,
    /// The question that what is written will stand beside.
    pub(super) editing: Option<u64>,
    /// What is asked for since the loop last looked.
    pub(super) outbox: Vec<Action>,
    /// This screen asked for a stop since the last message.
    pub(super) stopping: bool,
    /// The last key was a first Ctrl-C.
    is_leaving: bool,
    closed: bool,
    pub(super) left: bool,
}

/// Shows a conversation until the reader leaves or the channel closes.
///
/// Every [`Ask::Answer`] is to be answered by pieces and one [`Event::Answered`]; what was said
/// of an answer that is left half-way is asked to be kept, and [`Ask::Quit`] is sent at the end
/// in any case.
///
/// # Errors
/// When the terminal fails; it is given back in any case.
pub fn run(
    asks: Sender<Ask>,
    events: Receiver<Event>,
    control: &Control,
    info: ChatInfo,
    colour: bool,
) -> io::Result<()> {
    let mut chat = Chat::new(info);
    let mut events = events;
    let mut ask = |wish| {
        if matches!(wish, Ask::Answer(_)) {
            // A stop of the answer before must not stop this one.
            control.clear_stop();
        }
        // A closed channel shows itself as closed news.
        let _ = asks.send(wish);
    };
    let result = app::run(&mut chat, &mut events, control, colour, &mut ask);
    if chat.state.busy {
        control.request_stop();
    }
    let half = chat.state.end_answer(0, chat.state.n_pieces, "left");
    for wish in half.into_iter().chain([Ask::Quit]) {
        let _ = asks.send(wish);
    }
    result
}

impl Chat {
    /// A conversation, new or gone on with.
    pub fn new(info: ChatInfo) -> Self {
        let mut info = info;
        Chat {
            history: History::new(std::mem::take(&mut info.history)),
            state: State::new(info),
            ..Chat::default()
        }
    }

    pub(super) fn hint(&mut self, text: impl Into<Cow<'static, str>>) {
        self.hint = Some(text.into());
    }

    fn stop(&mut self) {
        if self.state.busy && !self.stopping {
            self.stopping = true;
            self.outbox.push(Action::Stop);
            self.hint(STOPPING);
        }
    }

    /// Ctrl-C: stops an answer, else clears what is written; again: leaves.
    fn interrupt(&mut self, again: bool) {
        if again {
            self.left = true;
            return;
        }
        self.stop();
        self.panel.is_open = false;
        self.history.end_search();
        self.editor.take();
        (self.editing, self.chosen) = (None, None);
        self.is_leaving = true;
        self.hint("Ctrl-C again leaves");
    }

    /// Esc: one thing after the other, the innermost first.
    fn escape(&mut self) {
        if self.state.busy {
            self.stop();
        } else if self.editing.take().is_some() {
            self.editor.take();
        } else if self.chosen.take().is_none() {
            self.scroll = 0;
        }
    }

    fn scroll_by(&mut self, by: isize) {
        let most = view::rows_above(self);
        self.scroll = self.scroll.saturating_add_signed(by).min(most);
    }

    /// Scrolls so that the first row of a message is seen.
    pub(super) fn scroll_to(&mut self, node: u64) {
        let height = view::transcript_height(self);
        if let Some(below) = view::rows_below(self, node) {
            // The first row is the highest of those below what stands before the message.
            let (lowest, highest) = (below.saturating_sub(height), below.saturating_sub(1));
            self.scroll = self.scroll.clamp(lowest, highest.max(lowest));
            self.scroll_by(0);
        }
    }

    /// Completes a command as far as it is certain.
    fn complete(&mut self) {
        let found = self.completions();
        let Some(first) = found.first() else {
            return;
        };
        let alike = |other: &String| {
            let pairs = first.char_indices().zip(other.chars());
            let differs = pairs.into_iter().find(|((_, a), b)| a != b);
            differs.map_or(first.len().min(other.len()), |((at, _), _)| at)
        };
        let len = found.iter().map(alike).min().unwrap_or(first.len());
        let mut text = first[..len].to_owned();
        if found.len() == 1 {
            text.push(' ');
        }
        self.editor.set(&text);
    }

    /// What the command that is being written may become.
    pub(super) fn completions(&self) -> Vec<String> {
        let info = &self.state.info;
        let settings: Vec<String> = info.settings.iter().map(|s| s.name.clone()).collect();
        talk::complete(self.editor.text(), &settings, &info.sessions)
    }

    /// A key while earlier questions are sought; false if it is for others.
    fn seeking_key(&mut self, key: KeyEvent) -> bool {
        if self.history.sought().is_none() {
            return false;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let found = match key.code {
            KeyCode::Char('r') if control => self.history.seek_on(),
            KeyCode::Char('g') if control => {
                self.end_search();
                return true;
            }
            KeyCode::Esc => {
                self.end_search();
                return true;
            }
            KeyCode::Char(c) if !control => self.history.seek_for(|query| query.push(c)),
            KeyCode::Backspace => self.history.seek_for(|query| {
                query.pop();
            }),
            // Every other key takes what was found.
            _ => {
                self.history.end_search();
                return key.code == KeyCode::Enter;
            }
        };
        if let Some(text) = found {
            self.editor.set(&text);
        }
        true
    }

    fn end_search(&mut self) {
        if let Some(draft) = self.history.end_search() {
            self.editor.set(&draft);
        }
    }

    fn recall(&mut self, by: isize) {
        let text = self.history.recall(by, self.editor.text());
        self.editor.set(&text);
    }

    /// Keys that edit, and those that mean something where nothing is written.
    fn writing_key(&mut self, key: KeyEvent) {
        let is_empty = self.editor.text().is_empty();
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Up if alt => self.choose_by(-1),
            KeyCode::Down if alt => self.choose_by(1),
            KeyCode::Left if is_empty => self.branch_by(-1),
            KeyCode::Right if is_empty => self.branch_by(1),
            _ if self.editor.key(key, view::input_width(self.size)) => {}
            KeyCode::Up => self.recall(-1),
            KeyCode::Down => self.recall(1),
            _ => {}
        }
    }
}

/// What the status line says until a stopped answer has ended.
const STOPPING: &str = "stopping";

impl Screen for Chat {
    fn update(&mut self, event: &Event) {
        let wishes = self.state.update(event);
        self.outbox.extend(wishes.into_iter().map(Action::Ask));
        if !self.state.busy && self.hint.as_deref() == Some(STOPPING) {
            self.hint = None;
        }
        // What could not be answered is put back, to be put otherwise.
        let is_failed = matches!(event, Event::Answered { reason, .. } if reason == "failed");
        if is_failed
            && self.editor.text().is_empty()
            && let Some(question) = self.state.unanswered()
        {
            self.editor.set(&question);
        }
        if matches!(event, Event::Loaded { .. }) {
            (self.chosen, self.editing, self.scroll) = (None, None, 0);
        }
    }

    fn key(&mut self, key: KeyEvent) -> Action {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let again = std::mem::take(&mut self.is_leaving);
        self.hint = None;
        let page = isize::try_from(view::transcript_height(self)).unwrap_or(1);
        match key.code {
            KeyCode::Char('c') if control => self.interrupt(again),
            _ if self.panel.is_open => {
                let wish = self.panel.key(key, &self.state);
                self.outbox.extend(wish.map(Action::Ask));
            }
            _ if self.seeking_key(key) => {}
            KeyCode::Char('r') if control => self.history.seek(self.editor.text()),
            KeyCode::Char('d') if control && self.editor.text().is_empty() => self.left = true,
            KeyCode::Enter if key.modifiers.is_empty() => self.send(),
            KeyCode::Esc => self.escape(),
            KeyCode::PageUp => self.scroll_by(page.max(1)),
            KeyCode::PageDown => self.scroll_by(-page.max(1)),
            KeyCode::Tab if self.editor.text().starts_with('/') => self.complete(),
            KeyCode::Tab | KeyCode::F(2) => self.panel.toggle(),
            _ => self.writing_key(key),
        }
        Action::None
    }

    fn wishes(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.outbox)
    }

    fn paste(&mut self, text: &str) {
        self.history.end_search();
        self.editor.insert(text);
    }

    fn tick(&mut self, now_ms: u64, control: &Control) {
        self.state.at(now_ms);
        // Stops that were not asked for here are signals: they close the screen.
        let signal = control.stop_requested() && !self.stopping && !self.state.busy;
        self.left |= signal || control.stop_now();
    }

    fn resized(&mut self, size: Size) {
        let is_same = self.size == size;
        self.size = size;
        let before = self.state.transcript.n_rows();
        let now = self.state.transcript.layout(view::text_width(size.width));
        if is_same && self.scroll > 0 {
            // Whoever reads further up keeps the place while the answer grows below.
            self.scroll = self.scroll.saturating_add(now.saturating_sub(before));
        }
        self.scroll_by(0);
    }

    fn closed(&mut self) {
        self.closed = true;
    }

    fn done(&self) -> bool {
        self.left || self.closed
    }

    fn view(&self, frame: &mut Frame<'_>) {
        view::view(self, frame);
    }
}
