//! The borrowed terminal: raw mode and the alternate screen, given back however the work ends.

use std::io::{self, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self as console, KeyEventKind};
use ratatui::crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::crossterm::{cursor, execute};
use ratatui::layout::Size;

use super::app::{Console, Input, Screen};
use super::theme;
use crate::disk::cut;

/// What [`give_back`] writes, for whoever cannot call it.
const GIVE_BACK: &[u8] = b"\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// True while the terminal is in our hands.
static BORROWED: AtomicBool = AtomicBool::new(false);
/// Threads that are printing the message of a panic.
static PANICKING: AtomicUsize = AtomicUsize::new(0);

/// The terminal in raw mode on its alternate screen, until it is dropped.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
    colour: bool,
}

impl Terminal {
    /// Borrows the terminal; it is given back on drop and on panic of any thread.
    ///
    /// # Errors
    /// When standard output or input is not a terminal that can do it.
    pub fn enter(colour: bool) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                PANICKING.fetch_add(1, Ordering::SeqCst);
                give_back();
                before(panic);
                PANICKING.fetch_sub(1, Ordering::SeqCst);
            }));
        });
        borrow()?;
        match ratatui::Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(inner) => Ok(Terminal { inner, colour }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }
}

fn borrow() -> io::Result<()> {
    BORROWED.store(true, Ordering::SeqCst);
    cut::lend_terminal(GIVE_BACK);
    let result = terminal::enable_raw_mode().and_then(|()| {
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            console::EnableBracketedPaste,
            cursor::Hide
        )
    });
    if result.is_err() {
        give_back();
    }
    result
}

/// Gives the terminal back if it is borrowed: for whoever ends the process while a screen is
/// open, such as a handler of signals. Safe to call at any time.
pub fn give_back() {
    if BORROWED.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        // Nobody is left to tell if this fails.
        let _ = execute!(
            out,
            console::DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = out.flush();
        let _ = terminal::disable_raw_mode();
        cut::terminal_is_back();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

impl Console for Terminal {
    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn wait(&mut self, at_most: Duration) -> io::Result<Option<Input>> {
        if !console::poll(at_most)? {
            return Ok(None);
        }
        Ok(Some(match console::read()? {
            console::Event::Key(key) if key.kind != KeyEventKind::Release => Input::Key(key),
            console::Event::Paste(text) => Input::Paste(text),
            _ => Input::Other,
        }))
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(clipboard(text).as_bytes())?;
        out.flush()
    }

    fn draw(&mut self, screen: &dyn Screen) -> io::Result<()> {
        if !BORROWED.load(Ordering::SeqCst) {
            // Another thread panicked: once its message is printed it stays in the scrollback.
            if PANICKING.load(Ordering::SeqCst) > 0 {
                return Ok(());
            }
            borrow()?;
            self.inner.clear()?;
        }
        let colour = self.colour;
        self.inner.draw(|frame| {
            screen.view(frame);
            if !colour {
                theme::strip(frame.buffer_mut());
            }
        })?;
        Ok(())
    }
}

/// What puts text on the clipboard of the terminal, also over ssh (xterm, "Operating System
/// Commands", 52).
fn clipboard(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", base64(text.as_bytes()))
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() {
                letter as char
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_screen_without_us_is_what_we_end_it_with() {
        let mut written = Vec::new();
        execute!(
            written,
            console::DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        )
        .unwrap();
        assert_eq!(written, GIVE_BACK);
    }

    #[test]
    fn text_for_the_clipboard_cannot_end_its_sequence() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("\x1b\x07ÿ", "GwfDvw=="),
        ] {
            assert_eq!(base64(text.as_bytes()), coded, "RFC 4648, 10");
            assert_eq!(clipboard(text), format!("\x1b]52;c;{coded}\x07"));
        }
    }
}
