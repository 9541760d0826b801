//! The only loop: every waiting event, then one frame, then keys.

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Size;

use super::terminal::Terminal;
use crate::event::{Ask, Control, Event};

/// Least time between two frames that only news asks for: ten a second.
const FRAME: Duration = Duration::from_millis(100);
/// Least time between two frames where a key was pressed.
const TYPED_FRAME: Duration = Duration::from_millis(25);
/// Most events taken between two frames, so that keys are heard during a long replay.
const MAX_DRAIN: usize = 20_000;

/// What a key asks for beyond the screen itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// [`Control::request_stop`].
    Stop,
    /// [`Control::request_checkpoint`].
    Checkpoint,
    /// Something asked of the model.
    Ask(Ask),
    /// Text for the clipboard of whoever sits at the terminal.
    Copy(String),
}

/// State with a picture. Updates and view are separate; the view reads nothing but the state.
pub trait Screen {
    /// Takes note of what happened.
    fn update(&mut self, event: &Event);
    /// Takes note of a key.
    fn key(&mut self, key: KeyEvent) -> Action;
    /// What is asked for because of anything noted, beside what keys asked for at once.
    fn wishes(&mut self) -> Vec<Action> {
        Vec::new()
    }
    /// Takes note of pasted text.
    fn paste(&mut self, _text: &str) {}
    /// Takes note of the time since the screen was opened and of what was asked of the work.
    fn tick(&mut self, _now_ms: u64, _control: &Control) {}
    /// Takes note of the size of the terminal.
    fn resized(&mut self, _size: Size) {}
    /// Forgets everything: the source starts over.
    fn restart(&mut self) {}
    /// Takes note that no more news will come.
    fn closed(&mut self);
    /// True once the screen is to be left.
    fn done(&self) -> bool;
    /// Draws the state.
    fn view(&self, frame: &mut Frame<'_>);
}

/// What a source has to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Something happened.
    Event(Event),
    /// Nothing at the moment.
    Quiet,
    /// What was told so far no longer holds.
    Restart,
    /// Nothing will ever come again.
    Closed,
}

/// Where events come from; never blocks.
pub trait Source {
    /// The next piece of news.
    ///
    /// # Errors
    /// When the source cannot be read.
    fn next(&mut self) -> io::Result<News>;
}

impl Source for Receiver<Event> {
    fn next(&mut self) -> io::Result<News> {
        Ok(match self.try_recv() {
            Ok(event) => News::Event(event),
            Err(TryRecvError::Empty) => News::Quiet,
            Err(TryRecvError::Disconnected) => News::Closed,
        })
    }
}

/// What came in from the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Key(KeyEvent),
    Paste(String),
    Other,
}

/// A keyboard and a surface: the terminal, or a script in tests.
pub(super) trait Console {
    fn size(&self) -> io::Result<Size>;
    fn wait(&mut self, at_most: Duration) -> io::Result<Option<Input>>;
    fn draw(&mut self, screen: &dyn Screen) -> io::Result<()>;
    fn copy(&mut self, text: &str) -> io::Result<()>;
}

/// Shows `screen` until it is done: the only event loop of the program.
///
/// Stops and checkpoints asked for by keys go to `control`, the rest to `ask`.
///
/// # Errors
/// When the terminal or the source fails; the terminal is given back in any case.
pub fn run<S: Screen, N: Source>(
    screen: &mut S,
    source: &mut N,
    control: &Control,
    colour: bool,
    ask: &mut dyn FnMut(Ask),
) -> io::Result<()> {
    let mut terminal = Terminal::enter(colour)?;
    drive(&mut terminal, screen, source, control, ask)
}

fn drive<C: Console, S: Screen, N: Source>(
    console: &mut C,
    screen: &mut S,
    source: &mut N,
    control: &Control,
    ask: &mut dyn FnMut(Ask),
) -> io::Result<()> {
    let began = Instant::now();
    let mut open = true;
    loop {
        let more = open && drain(screen, source, &mut open)?;
        for action in screen.wishes() {
            perform(action, console, control, ask)?;
        }
        screen.tick(began.elapsed().as_millis() as u64, control);
        screen.resized(console.size()?);
        console.draw(screen)?;
        if screen.done() {
            return Ok(());
        }
        let drawn = Instant::now();
        let mut input = console.wait(if more { Duration::ZERO } else { FRAME })?;
        while let Some(what) = input {
            match what {
                Input::Key(key) => {
                    let action = screen.key(key);
                    perform(action, console, control, ask)?;
                    for action in screen.wishes() {
                        perform(action, console, control, ask)?;
                    }
                }
                Input::Paste(text) => screen.paste(&text),
                Input::Other => {}
            }
            // Keys that follow at once, as a held key does, share a frame.
            input = console.wait(TYPED_FRAME.saturating_sub(drawn.elapsed()))?;
        }
    }
}

fn perform<C: Console>(
    action: Action,
    console: &mut C,
    control: &Control,
    ask: &mut dyn FnMut(Ask),
) -> io::Result<()> {
    match action {
        Action::None => {}
        Action::Stop => control.request_stop(),
        Action::Checkpoint => control.request_checkpoint(),
        Action::Ask(wish) => ask(wish),
        Action::Copy(text) => console.copy(&text)?,
    }
    Ok(())
}

/// Gives every waiting event to the screen; true if there may be more.
fn drain<S: Screen, N: Source>(
    screen: &mut S,
    source: &mut N,
    open: &mut bool,
) -> io::Result<bool> {
    for _ in 0..MAX_DRAIN {
        match source.next()? {
            News::Event(event) => screen.update(&event),
            News::Quiet => return Ok(false),
            News::Restart => screen.restart(),
            News::Closed => {
                *open = false;
                screen.closed();
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use ratatui::crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    #[derive(Default)]
    struct Fake {
        keys: Vec<Input>,
        frames: usize,
        waits: Vec<Duration>,
    }

    impl Console for Fake {
        fn size(&self) -> io::Result<Size> {
            Ok(Size::new(80, 24))
        }

        fn wait(&mut self, at_most: Duration) -> io::Result<Option<Input>> {
            self.waits.push(at_most);
            Ok(self.keys.pop())
        }

        fn draw(&mut self, _: &dyn Screen) -> io::Result<()> {
            self.frames += 1;
            Ok(())
        }

        fn copy(&mut self, _: &str) -> io::Result<()> {
            Ok(())
        }
    }

    #[derive(Default)]
    struct Counter {
        seen: usize,
        closed: bool,
        wishes: Vec<Action>,
    }

    impl Screen for Counter {
        fn update(&mut self, _: &Event) {
            self.seen += 1;
        }

        fn key(&mut self, _: KeyEvent) -> Action {
            self.wishes.pop().unwrap_or(Action::None)
        }

        fn closed(&mut self) {
            self.closed = true;
        }

        fn done(&self) -> bool {
            self.closed
        }

        fn view(&self, _: &mut Frame<'_>) {}
    }

    fn note() -> Event {
        Event::Note {
            warning: false,
            text: "x".into(),
        }
    }

    #[test]
    fn all_waiting_events_share_one_frame() {
        let (sender, mut receiver) = mpsc::channel();
        for _ in 0..1000 {
            sender.send(note()).unwrap();
        }
        drop(sender);
        let (mut fake, mut screen) = (Fake::default(), Counter::default());
        drive(
            &mut fake,
            &mut screen,
            &mut receiver,
            &Control::default(),
            &mut |_| {},
        )
        .unwrap();
        assert_eq!((screen.seen, fake.frames), (1000, 1));
    }

    #[test]
    fn a_flood_of_news_never_shuts_out_the_keys() {
        struct Flood(usize);
        impl Source for Flood {
            fn next(&mut self) -> io::Result<News> {
                self.0 += 1;
                Ok(if self.0 > 3 * MAX_DRAIN {
                    News::Closed
                } else {
                    News::Event(note())
                })
            }
        }
        let (mut fake, mut screen) = (Fake::default(), Counter::default());
        drive(
            &mut fake,
            &mut screen,
            &mut Flood(0),
            &Control::default(),
            &mut |_| {},
        )
        .unwrap();
        assert_eq!((screen.seen, fake.frames), (3 * MAX_DRAIN, 4));
        assert_eq!(fake.waits.len(), 3, "keys are asked for after every frame");
    }

    #[test]
    fn keys_reach_control_and_the_model() {
        let key = Input::Key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE));
        let mut fake = Fake {
            keys: vec![key; 3],
            ..Fake::default()
        };
        let wishes = vec![Action::Ask(Ask::Clear), Action::Checkpoint, Action::Stop];
        let mut screen = Counter {
            wishes,
            ..Counter::default()
        };
        let (sender, mut receiver) = mpsc::channel();
        let mut sender = Some(sender);
        let control = Control::default();
        let mut asked = Vec::new();
        let mut ask = |wish| {
            asked.push(wish);
            sender.take();
        };
        drive(&mut fake, &mut screen, &mut receiver, &control, &mut ask).unwrap();
        assert!(control.stop_requested() && control.take_checkpoint_request());
        assert_eq!(asked, [Ask::Clear]);
        assert_eq!(fake.waits[0], FRAME, "a quiet screen sleeps between frames");
    }
}
