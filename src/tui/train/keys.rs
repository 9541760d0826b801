//! Keys of the dashboard, how it is looked at, and its door: [`run`].

use std::io;
use std::sync::mpsc::Receiver;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::state::State;
use super::view;
use crate::event::{Control, Event};
use crate::tui::app::{self, Action, Screen};

/// A part of the dashboard that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// Loss over steps.
    #[default]
    Loss,
    /// Bits per byte of every language.
    Languages,
    /// Continuations.
    Text,
    /// Notes, warnings, what was saved.
    Log,
    /// Stages of the pipeline.
    Stages,
}

impl Pane {
    /// Every pane, in the order of Tab.
    pub const ALL: [Pane; 5] = [
        Pane::Loss,
        Pane::Languages,
        Pane::Text,
        Pane::Log,
        Pane::Stages,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Loss => "loss",
            Pane::Languages => "languages",
            Pane::Text => "text",
            Pane::Log => "log",
            Pane::Stages => "stages",
        }
    }
}

/// How the dashboard is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Pane that has the focus.
    pub pane: Pane,
    /// Show only that pane.
    pub zoom: bool,
    /// Show the keys.
    pub help: bool,
    /// First row of the languages shown.
    pub offset: usize,
    /// Show the latest half of the curve only.
    pub recent: bool,
    /// How often a stop was asked for.
    pub stops: u8,
    /// Watching someone else's run: keys must not touch it.
    pub watching: bool,
    /// Stay after the end, until a key.
    pub hold: bool,
    /// No news will come any more.
    pub closed: bool,
    /// The reader left.
    pub left: bool,
    /// Size of the terminal.
    pub size: Size,
}

/// What the caller of [`run`] decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Use colours.
    pub colour: bool,
    /// Stay after the end until the reader leaves.
    pub hold: bool,
}

/// The dashboard as a screen: what happened, and how it is looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dashboard {
    /// What happened.
    pub state: State,
    /// How it is shown.
    pub look: Look,
}

/// Shows a running piece of work until [`Event::Ended`] arrives or the channel closes.
///
/// # Errors
/// When the terminal fails; it is given back in any case.
pub fn run(events: Receiver<Event>, control: &Control, options: Options) -> io::Result<State> {
    let look = Look {
        hold: options.hold,
        ..Look::default()
    };
    let mut dashboard = Dashboard {
        look,
        ..Dashboard::default()
    };
    let mut events = events;
    app::run(
        &mut dashboard,
        &mut events,
        control,
        options.colour,
        &mut |_| {},
    )?;
    Ok(dashboard.state)
}

impl Dashboard {
    /// True once there is nothing left to stop.
    fn over(&self) -> bool {
        self.look.closed || self.state.outcome().is_some()
    }

    /// Stop, then stop now, then leave even if the work does not listen.
    fn quit(&mut self) -> Action {
        if self.look.watching || self.over() || self.look.stops > 1 {
            self.look.left = true;
            return Action::None;
        }
        self.look.stops += 1;
        Action::Stop
    }

    fn turn(&mut self, by: usize) {
        let panes = view::panes(&self.state);
        let at = panes.iter().position(|p| *p == self.look.pane).unwrap_or(0);
        if let Some(pane) = panes.get((at + by) % panes.len()) {
            self.look.pane = *pane;
        }
    }

    fn scroll(&mut self, by: isize) {
        let rows = view::language_rows(&self.state, &self.look);
        let most = self.state.scores.len().saturating_sub(rows);
        self.look.offset = self.look.offset.saturating_add_signed(by).min(most);
    }
}

impl Screen for Dashboard {
    fn update(&mut self, event: &Event) {
        self.state.update(event);
    }

    fn key(&mut self, key: KeyEvent) -> Action {
        let page = view::language_rows(&self.state, &self.look).max(1) as isize;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return self.quit(),
            KeyCode::Char('q') => return self.quit(),
            KeyCode::Char('?' | 'h') => self.look.help = !self.look.help,
            _ if self.look.help => self.look.help = false,
            KeyCode::Char('c') if !self.look.watching && !self.over() => {
                return Action::Checkpoint;
            }
            KeyCode::Tab | KeyCode::Right => self.turn(1),
            KeyCode::BackTab | KeyCode::Left => self.turn(view::panes(&self.state).len() - 1),
            KeyCode::Char('l') => self.look.recent = !self.look.recent,
            KeyCode::Enter => self.look.zoom = !self.look.zoom,
            KeyCode::Esc => self.look.zoom = false,
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::PageDown => self.scroll(page),
            KeyCode::Home => self.scroll(isize::MIN),
            KeyCode::End => self.scroll(isize::MAX),
            _ => {}
        }
        Action::None
    }

    fn tick(&mut self, _: u64, control: &Control) {
        // A signal may have asked too.
        let asked = u8::from(control.stop_requested()) + u8::from(control.stop_now());
        self.look.stops = self.look.stops.max(asked);
    }

    fn resized(&mut self, size: Size) {
        self.look.size = size;
        self.scroll(0);
    }

    fn restart(&mut self) {
        self.state = State::default();
    }

    fn closed(&mut self) {
        self.look.closed = true;
    }

    fn done(&self) -> bool {
        // Whoever sends no end has failed: the caller knows why, and is waited for.
        let failed = self.look.closed && self.state.outcome().is_none();
        let held = self.look.hold && !failed;
        self.look.left || (self.over() && !held && !self.look.watching)
    }

    fn view(&self, frame: &mut Frame<'_>) {
        view::view(&self.state, &self.look, frame);
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::{held_out, started, step};
    use super::*;

    fn press(dashboard: &mut Dashboard, code: KeyCode) -> Action {
        dashboard.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn q_stops_then_stops_now_then_leaves() {
        let mut dashboard = Dashboard::default();
        assert_eq!(press(&mut dashboard, KeyCode::Char('q')), Action::Stop);
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(dashboard.key(control_c), Action::Stop);
        assert!(!dashboard.done());
        assert_eq!(press(&mut dashboard, KeyCode::Char('q')), Action::None);
        assert!(dashboard.done());
    }

    #[test]
    fn c_asks_for_a_checkpoint_and_never_while_watching() {
        let mut dashboard = Dashboard::default();
        assert_eq!(
            press(&mut dashboard, KeyCode::Char('c')),
            Action::Checkpoint
        );
        dashboard.look.watching = true;
        for code in ['c', 'q'] {
            assert_eq!(press(&mut dashboard, KeyCode::Char(code)), Action::None);
        }
        assert!(dashboard.look.left, "q only leaves");
    }

    #[test]
    fn the_end_closes_the_screen_unless_it_is_held() {
        let mut dashboard = Dashboard::default();
        dashboard.update(&Event::Ended {
            outcome: "done".into(),
            elapsed_ms: 1,
        });
        assert!(dashboard.done());
        dashboard.look.hold = true;
        assert!(!dashboard.done());
        press(&mut dashboard, KeyCode::Char('q'));
        assert!(dashboard.done());
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        let mut dashboard = Dashboard::default();
        dashboard.resized(Size::new(80, 24));
        for event in [started(), step(1), held_out(1, 0.0)] {
            dashboard.update(&event);
        }
        press(&mut dashboard, KeyCode::End);
        let end = dashboard.look.offset;
        assert!(end > 0 && end < 39);
        press(&mut dashboard, KeyCode::Down);
        assert_eq!(dashboard.look.offset, end);
        press(&mut dashboard, KeyCode::Up);
        assert_eq!(dashboard.look.offset, end - 1);
        dashboard.resized(Size::new(80, 200));
        assert_eq!(dashboard.look.offset, 0, "a taller terminal shows them all");
    }

    #[test]
    fn tab_visits_every_pane_and_comes_back() {
        let mut dashboard = Dashboard::default();
        dashboard.update(&started());
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(dashboard.look.pane);
            press(&mut dashboard, KeyCode::Tab);
        }
        assert_eq!(seen, Pane::ALL[..4], "stages only where there are any");
        assert_eq!(dashboard.look.pane, Pane::Loss);
    }
}
