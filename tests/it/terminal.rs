//! The real program on a terminal of its own: keys go in, a screen comes out.
//!
//! The terminal is the one that `script` of util-linux makes. What the program writes is read as
//! strictly as it can be: a sequence that is not among those it needs is noted as strange.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar;

use crate::program::Place;

/// Longest anything may take to appear.
const LIMIT: Duration = Duration::from_secs(60);

/// A terminal with the program on it.
pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Screen>>,
    folder: PathBuf,
}

/// What a reader sees.
#[derive(Debug, Clone, Default)]
pub(crate) struct Screen {
    cells: Vec<Vec<String>>,
    at: (usize, usize),
    /// True on the screen that goes away with the program.
    pub(crate) is_alternate: bool,
    pub(crate) is_cursor_shown: bool,
    /// Sequences and control characters no view needs.
    pub(crate) strange: Vec<String>,
    /// What was put on the clipboard, in base 64.
    pub(crate) copied: Vec<String>,
    /// Every parameter of a change of style.
    pub(crate) styles: Vec<u32>,
    /// How often all was taken away, as is done for a new size.
    n_clears: usize,
    /// Bytes that may be half of something.
    rest: Vec<u8>,
}

impl Terminal {
    /// Runs `eu` with arguments on a terminal of some rows and columns, in the folder of `place`;
    /// none where the system has no `script` that can.
    pub(crate) fn run(place: &Place, args: &str, rows: usize, columns: usize) -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return None; // BSD's `script` takes other options
        }
        let eu = env!("CARGO_BIN_EXE_eu");
        let shell = format!(
            "stty rows {rows} cols {columns}; tty > tty; stty -g > before; \
             '{eu}' {args}; echo left with $?; stty -g > after"
        );
        let mut child = Command::new("script")
            .args(["-qfec", &shell, "/dev/null"])
            .current_dir(place.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", place.path())
            .env("TERM", "xterm-256color")
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let screen = Arc::new(Mutex::new(Screen::default()));
        let (mut out, shared) = (child.stdout.take()?, screen.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = out.read(&mut bytes) {
                shared.lock().unwrap().take(&bytes[..n]);
            }
        });
        Some(Terminal {
            keys: child.stdin.take()?,
            child,
            screen,
            folder: place.path().into(),
        })
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Makes the window another size, and waits until all is drawn anew.
    #[track_caller]
    pub(crate) fn resize(&mut self, rows: usize, columns: usize) {
        let tty = std::fs::read_to_string(self.folder.join("tty")).unwrap();
        let before = self.screen.lock().unwrap().n_clears;
        let status = Command::new("stty")
            .args(["-F", tty.trim(), "rows", &rows.to_string()])
            .args(["cols", &columns.to_string()])
            .status();
        assert!(status.unwrap().success());
        self.until("new size", |screen| screen.n_clears > before);
    }

    /// Waits until the screen shows `text`, and gives it.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> Screen {
        self.until(text, |screen| screen.text().contains(text))
    }

    /// Waits until the screen is as it should be, and gives it.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Screen) -> bool) -> Screen {
        let began = Instant::now();
        loop {
            let screen = self.screen.lock().unwrap().clone();
            if holds(&screen) {
                return screen;
            }
            let (text, strange) = (screen.text(), &screen.strange);
            assert!(began.elapsed() < LIMIT, "no {what:?}: {strange:?}\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end; the modes of the terminal before and after the program.
    pub(crate) fn end(mut self) -> (Screen, String, String) {
        let screen = self.shows("left with");
        drop(self.keys);
        self.child.wait().unwrap();
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap();
        (screen, read("before"), read("after"))
    }
}

impl Screen {
    /// Its rows, spaces at their ends left out.
    pub(crate) fn text(&self) -> String {
        let rows = self.cells.iter().map(|row| row.concat());
        rows.map(|row| format!("{}\n", row.trim_end())).collect()
    }

    /// What stands in a cell; a space where nothing was written.
    pub(crate) fn cell(&self, row: usize, column: usize) -> &str {
        let cell = self.cells.get(row).and_then(|row| row.get(column));
        cell.map_or(" ", String::as_str)
    }

    /// Row and column where `text` begins.
    pub(crate) fn find(&self, text: &str) -> Option<(usize, usize)> {
        self.cells.iter().enumerate().find_map(|(at, row)| {
            let whole = row.concat();
            let bytes = whole.find(text)?;
            let mut left = bytes;
            let column = row.iter().position(|cell| {
                let here = left == 0 && !cell.is_empty();
                left = left.saturating_sub(cell.len());
                here
            });
            Some((at, column?))
        })
    }

    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes);
        let bytes = std::mem::take(&mut self.rest);
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(e) if e.error_len().is_none() => str::from_utf8(&bytes[..e.valid_up_to()]).unwrap(),
            Err(_) => {
                self.strange.push("no UTF-8".into());
                return;
            }
        };
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            if c != '\u{1b}' {
                self.put(c);
                at += c.len_utf8();
                continue;
            }
            if let Some(copied) = text[at..].strip_prefix("\u{1b}]52;c;") {
                let Some(len) = copied.find('\u{7}') else {
                    break; // the rest of it is on its way
                };
                self.copied.push(copied[..len].into());
                at += "\u{1b}]52;c;".len() + len + 1;
                continue;
            }
            let Some(len) = text[at..].find(|c: char| c.is_ascii_alphabetic()) else {
                break; // the rest of it is on its way
            };
            self.sequence(&text[at + 1..=at + len]);
            at += len + 1;
        }
        self.rest = bytes[at..].to_vec();
    }

    fn sequence(&mut self, said: &str) {
        let number = |text: &str| text.parse::<usize>().unwrap_or(1);
        match said {
            "[?1049h" | "[?1049l" => {
                self.is_alternate = said.ends_with('h');
                self.cells.clear();
            }
            "[?25h" | "[?25l" => self.is_cursor_shown = said.ends_with('h'),
            "[?2004h" | "[?2004l" => {}
            "[2J" => {
                self.cells.clear();
                self.n_clears += 1;
            }
            _ => match (
                said.strip_prefix('[')
                    .map(|said| said.split_at(said.len() - 1)),
                said,
            ) {
                (Some((place, "H")), _) => {
                    let (row, column) = place.split_once(';').unwrap_or((place, "1"));
                    self.at = (number(row) - 1, number(column) - 1);
                }
                (Some((styles, "m")), _) => {
                    self.styles
                        .extend(styles.split(';').filter_map(|n| n.parse::<u32>().ok()));
                }
                _ => self.strange.push(said.into()),
            },
        }
    }

    fn put(&mut self, c: char) {
        match (c, c.width()) {
            ('\r', _) => self.at.1 = 0,
            ('\n', _) => self.at.0 += 1,
            (_, None) => self.strange.push(format!("{c:?}")),
            (_, Some(0)) => {
                let (row, column) = self.at;
                if let Some(cell) = column.checked_sub(1).map(|before| self.at(row, before)) {
                    cell.push(c);
                }
            }
            (_, Some(n)) => {
                let (row, column) = self.at;
                *self.at(row, column) = c.into();
                for covered in 1..n {
                    self.at(row, column + covered).clear();
                }
                self.at.1 += n;
            }
        }
    }

    fn at(&mut self, row: usize, column: usize) -> &mut String {
        let rows = self.cells.len().max(row + 1);
        self.cells.resize(rows, Vec::new());
        let cells = &mut self.cells[row];
        let columns = cells.len().max(column + 1);
        cells.resize(columns, " ".into());
        &mut cells[column]
    }
}
