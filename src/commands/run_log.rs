//! `events.ndjson` of a run: every event a line, for whoever watches or comes later.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::out;
use crate::disk;
use crate::event::{Event, Sink};

/// Writes `events.ndjson` of a run. The run directory is the engine's to make, so the file is
/// opened when training begins and gets what was said before.
pub struct RunLog {
    state: Mutex<RunFile>,
}

enum RunFile {
    Waiting(Vec<Event>),
    Open(std::fs::File),
    Failed,
}

impl Default for RunLog {
    fn default() -> Self {
        RunLog {
            state: Mutex::new(RunFile::Waiting(Vec::new())),
        }
    }
}

impl RunLog {
    /// Where the events of a run lie.
    pub fn path(run: &Path) -> PathBuf {
        run.join("events.ndjson")
    }
}

impl Sink for RunLog {
    fn emit(&self, event: Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let began = match &event {
            Event::TrainStarted { run, .. } => Some(RunLog::path(run)),
            _ => None,
        };
        if let RunFile::Waiting(early) = &mut *state {
            early.push(event.clone());
            if let Some(path) = began {
                let early = std::mem::take(early);
                let is_torn = ends_inside_a_line(&path);
                *state = match disk::append(&path) {
                    Ok(mut file) => {
                        if is_torn {
                            let _ = file.write_all(b"\n"); // what fails here fails again below
                        }
                        RunFile::Open(file)
                    }
                    Err(_) => RunFile::Failed, // the engine meets the same disk and reports it
                };
                for event in early {
                    write_line(&mut state, &event);
                }
            }
            return;
        }
        write_line(&mut state, &event);
    }
}

/// True for a log whose last line a killed process left unfinished.
fn ends_inside_a_line(path: &Path) -> bool {
    let mut last = [0];
    let read = std::fs::File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)
    });
    read.is_ok() && last != *b"\n"
}

fn write_line(state: &mut RunFile, event: &Event) {
    let RunFile::Open(file) = state else {
        return;
    };
    let mut line = out::with_schema("event/1", event).to_string();
    line.push('\n');
    // One write a line: a reader that follows the file never sees half an event for long.
    if file.write_all(line.as_bytes()).is_err() {
        *state = RunFile::Failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(run: &std::path::Path) -> Event {
        Event::TrainStarted {
            run: run.into(),
            n_params: 1_234_567,
            n_steps: 100,
            first_step: 0,
            tokens_per_step: 4096,
            executor: "cpu".into(),
            n_threads: 2,
            mix: vec![("mlt_Latn".into(), 1.0)],
        }
    }

    #[test]
    fn a_run_log_keeps_what_was_said_before_the_run_directory_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let log = RunLog::default();
        let note = Event::Note {
            warning: false,
            text: "early".into(),
        };
        log.emit(note.clone());
        assert!(!run.exists());
        log.emit(started(&run));
        log.emit(note.clone());
        let text = std::fs::read_to_string(RunLog::path(&run)).unwrap();
        let events: Vec<Event> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(events, [note.clone(), started(&run), note]);
        assert!(
            text.lines()
                .all(|l| l.starts_with(r#"{"schema":"event/1""#))
        );
    }
}
