//! The dashboard fed from `RUN/events.ndjson`: replays what is there, then follows the file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::app::{self, News, Source};
use super::train::{Dashboard, Look, Options, State};
use crate::event::{Control, Event};

/// Name of the file in a run directory.
const EVENTS: &str = "events.ndjson";
/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// Longest line held; a longer one is skipped.
const MAX_LINE: usize = 4 << 20;

/// Shows the run at `path` (a run directory, or its events file) until the reader leaves.
///
/// Watching never touches the run. A run whose events file is not there yet is waited for.
///
/// # Errors
/// When there is no such run, the file cannot be read, or the terminal fails.
pub fn watch(path: &Path, options: Options) -> io::Result<State> {
    let mut tail = Tail::open(path)?;
    let look = Look {
        watching: true,
        ..Look::default()
    };
    let mut dashboard = Dashboard {
        look,
        ..Dashboard::default()
    };
    let nobody = Control::default();
    app::run(
        &mut dashboard,
        &mut tail,
        &nobody,
        options.colour,
        &mut |_| {},
    )?;
    Ok(dashboard.state)
}

/// Events of a growing file, one JSON object a line.
///
/// A torn last line is held back until its end is written; a file that shrank or was replaced
/// is read again from its start ([`News::Restart`]); lines that are no events are skipped and
/// noted once.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    file: Option<File>,
    /// Bytes read from this file so far.
    offset: u64,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already given out.
    taken: usize,
    line: u64,
    /// Inside a line longer than [`MAX_LINE`], whose end is awaited.
    skipping: bool,
    noted: bool,
}

impl Tail {
    /// Follows the events of a run directory, or of an events file.
    ///
    /// # Errors
    /// When neither is there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let is_dir = std::fs::metadata(path)?.is_dir();
        let path = if is_dir {
            path.join(EVENTS)
        } else {
            path.to_path_buf()
        };
        Ok(Self::at_start(path))
    }

    fn at_start(path: PathBuf) -> Self {
        Tail {
            path,
            file: None,
            offset: 0,
            buffer: Vec::new(),
            taken: 0,
            line: 0,
            skipping: false,
            noted: false,
        }
    }

    /// Opens the file if it is there, and reads on; the number of bytes that came.
    fn fill(&mut self) -> io::Result<usize> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else {
            return Ok(0);
        };
        self.buffer.drain(..self.taken);
        self.taken = 0;
        file.seek(SeekFrom::Start(self.offset))?;
        let n = file.take(CHUNK as u64).read_to_end(&mut self.buffer)?;
        self.offset += n as u64;
        Ok(n)
    }

    /// True if the file under the name is another one, or shorter than what was read of it.
    fn replaced(&self) -> io::Result<bool> {
        let Some(file) = &self.file else {
            return Ok(false);
        };
        let ours = file.metadata()?;
        match std::fs::metadata(&self.path) {
            Ok(theirs) => Ok(theirs.len() < self.offset || !same_file(&ours, &theirs)),
            // Between removal and replacement: what was read still stands.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn restart(&mut self) {
        *self = Self::at_start(std::mem::take(&mut self.path));
    }

    /// The next whole line of the buffer that is an event, or the note of one that is not.
    fn parse(&mut self) -> Option<Event> {
        loop {
            let waiting = self.buffer.get(self.taken..)?;
            let Some(end) = waiting.iter().position(|&b| b == b'\n') else {
                if waiting.len() > MAX_LINE {
                    self.skipping = true;
                    self.taken = self.buffer.len();
                }
                return None;
            };
            let line = &waiting[..end];
            self.line += 1;
            self.taken += end + 1;
            let torn = std::mem::take(&mut self.skipping);
            let blank = line.iter().all(u8::is_ascii_whitespace);
            match serde_json::from_slice(line) {
                Ok(event) if !torn => return Some(event),
                _ if blank || self.noted => {}
                _ => {
                    self.noted = true;
                    let text = format!(
                        "{}:{}: not an event, skipped",
                        self.path.display(),
                        self.line
                    );
                    return Some(Event::Note {
                        warning: true,
                        text,
                    });
                }
            }
        }
    }
}

#[cfg(unix)]
fn same_file(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_file(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    a.created().ok() == b.created().ok()
}

impl Source for Tail {
    fn next(&mut self) -> io::Result<News> {
        loop {
            if let Some(event) = self.parse() {
                return Ok(News::Event(event));
            }
            if self.fill()? > 0 {
                continue;
            }
            if self.replaced()? {
                self.restart();
                return Ok(News::Restart);
            }
            return Ok(News::Quiet);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn note(text: &str) -> Event {
        Event::Note {
            warning: false,
            text: text.into(),
        }
    }

    fn line(text: &str) -> String {
        serde_json::to_string(&note(text)).unwrap() + "\n"
    }

    fn news(text: &str) -> News {
        News::Event(note(text))
    }

    fn all(tail: &mut Tail) -> Vec<News> {
        std::iter::from_fn(|| Some(tail.next().unwrap()).filter(|n| *n != News::Quiet)).collect()
    }

    #[test]
    fn a_growing_file_is_followed_and_a_torn_line_is_awaited() {
        let run = tempfile::tempdir().unwrap();
        let mut tail = Tail::open(run.path()).unwrap();
        assert_eq!(all(&mut tail), [], "not there yet");
        let mut file = File::create(run.path().join(EVENTS)).unwrap();
        let torn = line("two");
        write!(file, "{}{}", line("one"), &torn[..7]).unwrap();
        assert_eq!(all(&mut tail), [news("one")]);
        write!(file, "{}", &torn[7..]).unwrap();
        assert_eq!(all(&mut tail), [news("two")]);
    }

    #[test]
    fn a_truncated_or_replaced_file_starts_over() {
        let run = tempfile::tempdir().unwrap();
        let path = run.path().join(EVENTS);
        std::fs::write(&path, line("a long first line") + &line("b")).unwrap();
        let mut tail = Tail::open(&path).unwrap();
        assert_eq!(all(&mut tail).len(), 2);
        std::fs::write(&path, line("c")).unwrap();
        assert_eq!(all(&mut tail), [News::Restart, news("c")]);
        let other = run.path().join("other");
        std::fs::write(&other, line("d") + &line("e") + &line("f")).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(
            all(&mut tail),
            [News::Restart, news("d"), news("e"), news("f")]
        );
    }

    #[test]
    fn strange_lines_are_skipped_and_noted_once() {
        let run = tempfile::tempdir().unwrap();
        let path = run.path().join(EVENTS);
        let mut bytes = b"\n{\"event\":\"of tomorrow\"}\n\xff\xfe\n".to_vec();
        bytes.extend(vec![b'x'; 2 * MAX_LINE]);
        bytes.extend(format!("\n{}", line("good")).bytes());
        std::fs::write(&path, bytes).unwrap();
        let mut tail = Tail::open(&path).unwrap();
        let seen = all(&mut tail);
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(
            matches!(&seen[0], News::Event(Event::Note { warning: true, text })
            if text.ends_with("events.ndjson:2: not an event, skipped"))
        );
        assert_eq!(seen[1], news("good"));
        assert!(tail.buffer.capacity() < 2 * MAX_LINE + CHUNK);
    }

    #[test]
    fn a_run_that_is_not_there_is_an_error() {
        let run = tempfile::tempdir().unwrap();
        let error = Tail::open(&run.path().join("nowhere")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
