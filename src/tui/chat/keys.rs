//! Keys of the conversation, what is being written, and its door: [`run`].

use std::io;
use std::sync::mpsc::{Receiver, Sender};

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::slash::{self, Typed};
use super::state::{ChatInfo, State, Who};
use super::view;
use crate::event::{Ask, Control, Event};
use crate::tui::app::{self, Action, Screen};
use crate::tui::widgets::Editor;

/// Most messages of the reader that Up recalls.
const MAX_HISTORY: usize = 500;

/// The conversation as a screen.
#[derive(Debug, Default)]
pub struct Chat {
    /// What was said.
    pub state: State,
    pub(super) editor: Editor,
    /// Rows between the last one and the lowest one shown; 0 follows the answer.
    pub(super) scroll: usize,
    /// One line about the last key, until the next one.
    pub(super) hint: Option<&'static str>,
    pub(super) size: Size,
    sent: Vec<String>,
    /// Which of `sent` is recalled, and what was being written before.
    recalled: Option<(usize, String)>,
    /// This screen asked for a stop since the last message.
    stopping: bool,
    closed: bool,
    left: bool,
}

/// Shows a conversation until the reader leaves or the channel closes.
///
/// Every [`Ask::Say`] and [`Ask::Regenerate`] is to be answered by pieces and one
/// [`Event::Answered`]; [`Ask::Quit`] is sent at the end in any case.
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
        // A stop of the answer before must not stop this one.
        control.clear_stop();
        // A closed channel shows itself as closed news.
        let _ = asks.send(wish);
    };
    let result = app::run(&mut chat, &mut events, control, colour, &mut ask);
    if chat.state.busy {
        control.request_stop();
    }
    let _ = asks.send(Ask::Quit);
    result
}

impl Chat {
    /// An empty conversation.
    pub fn new(info: ChatInfo) -> Self {
        Chat {
            state: State::new(info),
            ..Chat::default()
        }
    }

    fn send(&mut self) -> Action {
        let typed = slash::read(self.editor.text());
        if self.state.busy && !matches!(typed, Typed::Help | Typed::Ask(Ask::Quit)) {
            self.hint = Some("still answering; Esc stops it");
            return Action::None;
        }
        if matches!(&typed, Typed::Ask(Ask::Say(text)) if text.is_empty()) {
            return Action::None;
        }
        self.remember();
        self.scroll = 0;
        match typed {
            Typed::Help => self.state.push(Who::Note, &slash::help()),
            Typed::Wrong(why) => self.state.push(Who::Warning, &why),
            Typed::Ask(wish) => return self.ask(wish),
        }
        Action::None
    }

    fn ask(&mut self, wish: Ask) -> Action {
        match &wish {
            Ask::Say(text) => {
                self.state.push(Who::You, text);
                self.state.await_answer();
            }
            Ask::Regenerate if self.state.take_back_answer() => self.state.await_answer(),
            Ask::Regenerate => {
                self.state
                    .push(Who::Warning, "there is no message to answer again");
                return Action::None;
            }
            Ask::Clear => self.state.clear(),
            Ask::System(prompt) => {
                self.state.clear();
                self.state
                    .push(Who::Note, &format!("system prompt: {prompt}"));
            }
            Ask::Quit => {
                self.left = true;
                return Action::None;
            }
        }
        self.stopping = false;
        Action::Ask(wish)
    }

    fn remember(&mut self) {
        let text = self.editor.take();
        self.recalled = None;
        if self.sent.last() != Some(&text) {
            self.sent.push(text);
        }
        if self.sent.len() > MAX_HISTORY {
            self.sent.remove(0);
        }
    }

    /// Shows an older (-1) or newer (1) message of the reader in the box.
    fn recall(&mut self, by: isize) {
        let (at, draft) = match self.recalled.take() {
            Some((at, draft)) => (at, draft),
            None => (self.sent.len(), self.editor.text().to_owned()),
        };
        let at = at.saturating_add_signed(by);
        match self.sent.get(at) {
            Some(text) => {
                self.editor.set(text);
                self.recalled = Some((at, draft));
            }
            None => self.editor.set(&draft),
        }
    }

    fn stop(&mut self) -> Action {
        if !self.state.busy || self.stopping {
            return Action::None;
        }
        self.stopping = true;
        self.hint = Some(STOPPING);
        Action::Stop
    }

    /// Ctrl-C: stops an answer, else asks once, then leaves.
    fn interrupt(&mut self, asked: bool) -> Action {
        if asked || (self.state.busy && self.stopping) {
            self.left = true;
            return Action::None;
        }
        let action = self.stop();
        self.hint = Some(LEAVE);
        action
    }

    fn scroll_by(&mut self, by: isize) {
        let most = view::rows_above(self);
        self.scroll = self.scroll.saturating_add_signed(by).min(most);
    }
}

/// What the status line says until a stopped answer has ended.
const STOPPING: &str = "stopping";
/// What the first Ctrl-C says.
const LEAVE: &str = "Ctrl-C again leaves";

impl Screen for Chat {
    fn update(&mut self, event: &Event) {
        // Whoever reads further up keeps the place while the answer grows below.
        let kept = self.state.messages.len().saturating_sub(1);
        let before = if self.scroll > 0 {
            view::rows_from(self, kept)
        } else {
            0
        };
        self.state.update(event);
        if !self.state.busy && self.hint == Some(STOPPING) {
            self.hint = None;
        }
        if self.scroll > 0 {
            self.scroll += view::rows_from(self, kept).saturating_sub(before);
        }
    }

    fn key(&mut self, key: KeyEvent) -> Action {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let asked = self.hint.take() == Some(LEAVE);
        let page = isize::try_from(view::transcript_height(self))
            .unwrap_or(1)
            .max(1);
        match key.code {
            KeyCode::Char('c') if control => return self.interrupt(asked),
            KeyCode::Char('d') if control && self.editor.text().is_empty() => self.left = true,
            KeyCode::Enter if key.modifiers.is_empty() => return self.send(),
            KeyCode::Esc if self.state.busy => return self.stop(),
            KeyCode::Esc => self.scroll = 0,
            KeyCode::PageUp => self.scroll_by(page),
            KeyCode::PageDown => self.scroll_by(-page),
            _ => {
                if !self.editor.key(key, view::input_width(self.size)) {
                    match key.code {
                        KeyCode::Up => self.recall(-1),
                        KeyCode::Down => self.recall(1),
                        _ => {}
                    }
                }
            }
        }
        Action::None
    }

    fn paste(&mut self, text: &str) {
        self.editor.insert(text);
    }

    fn tick(&mut self, now_ms: u64, control: &Control) {
        self.state.at(now_ms);
        // Stops that were not asked for here are signals: they close the screen.
        let signal = control.stop_requested() && !self.stopping && !self.state.busy;
        self.left |= signal || control.stop_now();
    }

    fn resized(&mut self, size: Size) {
        if self.size != size {
            self.size = size;
            self.scroll_by(0);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn press(chat: &mut Chat, code: KeyCode) -> Action {
        chat.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn control_c(chat: &mut Chat) -> Action {
        chat.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))
    }

    fn say(chat: &mut Chat, text: &str) -> Action {
        chat.paste(text);
        press(chat, KeyCode::Enter)
    }

    fn open() -> Chat {
        let mut chat = Chat::new(ChatInfo {
            model: "m".into(),
            context: 100,
        });
        chat.resized(Size::new(40, 10));
        chat
    }

    fn answered() -> Event {
        let reason = "eos".into();
        Event::Answered {
            reason,
            n_prompt: 1,
            n_generated: 1,
            prefill_ms: 1,
            decode_ms: 1,
        }
    }

    #[test]
    fn enter_sends_and_waits_for_the_answer() {
        let mut chat = open();
        assert_eq!(say(&mut chat, ""), Action::None);
        assert_eq!(say(&mut chat, "hi"), Action::Ask(Ask::Say("hi".into())));
        assert_eq!(say(&mut chat, "more"), Action::None);
        assert_eq!(
            chat.editor.text(),
            "more",
            "what cannot be sent yet is kept"
        );
        chat.update(&answered());
        assert_eq!(
            press(&mut chat, KeyCode::Enter),
            Action::Ask(Ask::Say("more".into()))
        );
    }

    #[test]
    fn escape_stops_the_answer_once() {
        let mut chat = open();
        assert_eq!(press(&mut chat, KeyCode::Esc), Action::None);
        say(&mut chat, "hi");
        assert_eq!(press(&mut chat, KeyCode::Esc), Action::Stop);
        assert_eq!(
            press(&mut chat, KeyCode::Esc),
            Action::None,
            "twice would mean: end now"
        );
        assert!(!chat.done());
    }

    #[test]
    fn control_c_stops_and_then_leaves() {
        let mut chat = open();
        say(&mut chat, "hi");
        assert_eq!(control_c(&mut chat), Action::Stop);
        control_c(&mut chat);
        assert!(chat.done());
        let mut chat = open();
        assert_eq!(control_c(&mut chat), Action::None);
        press(&mut chat, KeyCode::Char('x'));
        control_c(&mut chat);
        assert!(!chat.done(), "another key took it back");
        control_c(&mut chat);
        assert!(chat.done());
    }

    #[test]
    fn a_signal_leaves_but_a_stopped_answer_does_not() {
        let control = Control::default();
        let mut chat = open();
        say(&mut chat, "hi");
        press(&mut chat, KeyCode::Esc);
        control.request_stop();
        chat.update(&answered());
        chat.tick(1, &control);
        assert!(!chat.done());
        let mut idle = open();
        idle.tick(1, &control);
        assert!(idle.done());
    }

    #[test]
    fn slash_commands_become_asks() {
        let mut chat = open();
        assert_eq!(say(&mut chat, "/regen"), Action::None);
        say(&mut chat, "hi");
        chat.update(&Event::Piece {
            text: "one".into(),
            token: 1,
            logprob: 0.0,
        });
        chat.update(&answered());
        assert_eq!(say(&mut chat, "/regen"), Action::Ask(Ask::Regenerate));
        assert_eq!(chat.state.messages.back().unwrap().text, "hi");
        chat.update(&answered());
        assert_eq!(
            say(&mut chat, "/system be kind"),
            Action::Ask(Ask::System("be kind".into()))
        );
        assert_eq!(say(&mut chat, "/clear"), Action::Ask(Ask::Clear));
        assert!(chat.state.messages.is_empty());
        say(&mut chat, "/quit");
        assert!(chat.done());
    }

    #[test]
    fn up_recalls_and_down_returns_to_the_draft() {
        let mut chat = open();
        for text in ["one", "two"] {
            say(&mut chat, text);
            chat.update(&answered());
        }
        chat.paste("draft");
        press(&mut chat, KeyCode::Up);
        assert_eq!(chat.editor.text(), "two");
        for _ in 0..3 {
            press(&mut chat, KeyCode::Up);
        }
        assert_eq!(chat.editor.text(), "one");
        press(&mut chat, KeyCode::Down);
        press(&mut chat, KeyCode::Down);
        assert_eq!(chat.editor.text(), "draft");
        press(&mut chat, KeyCode::Down);
        assert_eq!(chat.editor.text(), "draft");
    }

    #[test]
    fn whoever_scrolled_up_keeps_the_place_while_the_answer_grows() {
        let mut chat = open();
        for n in 0..30 {
            chat.state.push(Who::Note, &format!("line {n}"));
        }
        say(&mut chat, "hi");
        press(&mut chat, KeyCode::PageUp);
        let screen = |chat: &Chat| {
            let buf = crate::tui::picture::buffer(40, 10, |frame| chat.view(frame));
            crate::tui::picture::text(&buf)
                .lines()
                .take(6)
                .collect::<Vec<_>>()
                .join("\n")
        };
        let before = screen(&chat);
        for _ in 0..20 {
            chat.update(&Event::Piece {
                text: "words and words\n".into(),
                token: 1,
                logprob: 0.0,
            });
        }
        assert_eq!(screen(&chat), before);
        for _ in 0..100 {
            press(&mut chat, KeyCode::PageUp);
        }
        let top = chat.scroll;
        press(&mut chat, KeyCode::PageDown);
        assert!(chat.scroll < top, "the top is not overshot");
    }
}
