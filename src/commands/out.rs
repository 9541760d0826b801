//! The only place that prints.
//!
//! Data goes to standard output, talk to standard error; each tests its own terminal. With
//! `--json` everything on standard output is one JSON object a line with a `schema`; the last
//! line is the result or the error. The human lines `error: …` and `hint: …` are talk and go to
//! standard error either way. A reader of standard output that goes away ends the program
//! quietly; a standard error that cannot be written is no reason to fail.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value};

use super::cli::{ColorChoice, Shared};
use super::fail::{self, ClosedPipe, Error, Result};
use crate::disk;

/// How the program talks, decided once at the start.
pub struct Out {
    json: bool,
    quiet: bool,
    verbose: u8,
    plain: bool,
    color_err: bool,
    color_out: bool,
    log: Option<Mutex<File>>,
    reader_left: AtomicBool,
}

impl Out {
    /// Decides from the flags, the environment and what the streams are.
    ///
    /// # Errors
    /// When the log file cannot be opened.
    pub fn new(shared: &Shared) -> Result<Self> {
        let log = match &shared.log_file {
            Some(path) => Some(Mutex::new(disk::append(path)?)),
            None => None,
        };
        let color = shared.color.unwrap_or_default();
        disk::cut::tell_json(shared.json);
        Ok(Out {
            json: shared.json,
            quiet: shared.quiet,
            verbose: shared.verbose,
            plain: shared.plain,
            color_err: colored(color, io::stderr().is_terminal()),
            color_out: colored(color, io::stdout().is_terminal()),
            log,
            reader_left: AtomicBool::new(false),
        })
    }

    /// For errors found before the flags are read.
    pub fn bare(json: bool) -> Self {
        Out {
            json,
            quiet: false,
            verbose: 0,
            plain: true,
            color_err: colored(ColorChoice::Auto, io::stderr().is_terminal()),
            color_out: false,
            log: None,
            reader_left: AtomicBool::new(false),
        }
    }

    /// True with `--json`.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// True with `-q`.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// True with `-v`.
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// True when text on standard output may be coloured.
    pub fn colors(&self) -> bool {
        self.color_out
    }

    /// True when a full-screen view may borrow the terminal.
    pub fn may_take_screen(&self) -> bool {
        let terminals = io::stdin().is_terminal() && io::stdout().is_terminal();
        terminals && !self.plain && !self.json && !self.quiet
    }

    /// True when a moving bar may be drawn on standard error.
    pub fn may_draw_bars(&self) -> bool {
        io::stderr().is_terminal() && !self.plain && !self.quiet
    }

    /// True when a question can be asked and answered.
    pub fn may_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal() && !self.json
    }

    /// Prints the result: an object of `schema` with `--json`, else what `text` says.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn result<T: Serialize>(
        &self,
        schema: &str,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.json {
            return self.object(schema, value);
        }
        self.data(&text())
    }

    /// Prints one JSON object on a line of its own, `schema` first.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn object<T: Serialize>(&self, schema: &str, value: &T) -> Result<()> {
        self.data(&format!("{}\n", with_schema(schema, value)))
    }

    /// Writes text to standard output as it is; on a terminal without its control characters.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn data(&self, text: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        let written = if stdout.is_terminal() {
            stdout.write_all(clean_lines(text).as_bytes())
        } else {
            stdout.write_all(text.as_bytes())
        };
        written.and_then(|()| stdout.flush()).map_err(|e| {
            let left = e.kind() == io::ErrorKind::BrokenPipe;
            self.reader_left.fetch_or(left, Ordering::Relaxed);
            fail::of_stdout(e)
        })
    }

    /// Writes bytes to standard output (a completion script, a page in roff).
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(bytes)
            .and_then(|()| stdout.flush())
            .map_err(fail::of_stdout)
    }

    /// Fails once a reader of standard output is known to have gone away.
    ///
    /// # Errors
    /// See above.
    pub fn check_reader(&self) -> Result<()> {
        match self.reader_left.load(Ordering::Relaxed) {
            true => Err(ClosedPipe.into()),
            false => Ok(()),
        }
    }

    /// Help and version: text that clap made, with its own colours where they are wanted.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn help(&self, text: &clap::builder::StyledStr) -> Result<()> {
        let stdout = io::stdout();
        let text = if colored(ColorChoice::Auto, stdout.is_terminal()) {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        self.bytes(text.as_bytes())
    }

    /// One line of talk on standard error, unless `-q`.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.line("", "", line);
        }
        self.log(line);
    }

    /// One line of talk with `-v` only; it is always in the log file.
    pub fn detail(&self, line: &str) {
        if self.is_verbose() {
            self.line("", "", line);
        }
        self.log(line);
    }

    /// A warning: said even with `-q`.
    pub fn warn(&self, line: &str) {
        self.line("warning: ", "\u{1b}[33m", line);
        self.log(&format!("warning: {line}"));
    }

    /// Says what went wrong and what next; with `--json` also as the last object.
    pub fn error(&self, error: &Error) {
        let (message, hint) = (clean(&error.to_string()), error.hint().map(|h| clean(&h)));
        self.line("error: ", "\u{1b}[31m", &message);
        if let Some(hint) = &hint {
            self.line("hint: ", "\u{1b}[36m", hint);
        }
        self.log(&format!("error: {message}"));
        if self.json {
            let object = serde_json::json!({
                "code": error.kind().exit_code(),
                "kind": error.kind(),
                "message": message,
                "hint": hint,
            });
            let _ = self.object("error/1", &object); // nobody is left to hear of a failure here
        }
    }

    /// Writes a line to the log file, if there is one.
    pub fn log(&self, line: &str) {
        if let Some(log) = &self.log
            && let Ok(mut file) = log.lock()
        {
            let _ = writeln!(file, "{} {}", utc(SystemTime::now()), clean(line));
        }
    }

    fn line(&self, label: &str, color: &str, line: &str) {
        let line = clean(line);
        let (on, off) = match self.color_err && !color.is_empty() {
            true => (color, "\u{1b}[0m"),
            false => ("", ""),
        };
        let _ = writeln!(io::stderr().lock(), "{on}{label}{off}{line}");
    }
}

/// `NO_COLOR` (any value but the empty one) and a dumb terminal mean none, unless asked for.
fn colored(choice: ColorChoice, terminal: bool) -> bool {
    #[allow(clippy::disallowed_methods)] // settings are read in the commands: this is one
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            terminal && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// `value` as an object that names its schema first.
pub fn with_schema<T: Serialize>(schema: &str, value: &T) -> Value {
    let mut object = Map::new();
    object.insert("schema".into(), schema.into());
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => object.extend(fields),
        Ok(other) => {
            object.insert("value".into(), other);
        }
        Err(e) => {
            object.insert("value".into(), Value::Null);
            object.insert("unserialised".into(), e.to_string().into());
        }
    }
    Value::Object(object)
}

/// Text that came from a file, made harmless for a terminal and for one line: control
/// characters, and the marks that turn the direction of writing around, become `\u{fffd}`.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' => ' ',
            c if is_harmful(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// As [`clean`], but lines and tabs stay.
pub fn clean_lines(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' => c,
            c if is_harmful(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Control characters (C0, C1) and bidirectional overrides and isolates (Unicode TR 9, 2.1-2.5).
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A size as a person reads it: `1.5 GiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{n} B"),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

/// A span of time as a person reads it: `4.2 s`, `3 min 20 s`, `2 h 05 min`.
pub fn span(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{:.1} s", ms as f64 / 1000.0),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

/// A count as a person reads it: `1 234 567` with thin groups.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Date and time in UTC, to the second (RFC 3339).
pub fn utc(time: SystemTime) -> String {
    let s = time.duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs());
    let (year, month, day) = civil(s / 86_400);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        s / 3600 % 24,
        s / 60 % 60,
        s % 60
    )
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |y: u64| (y.is_multiple_of(4) && !y.is_multiple_of(100)) || y.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_names_its_schema_first() {
        let object = with_schema("x/1", &serde_json::json!({"b": 1, "a": 2}));
        assert_eq!(object.to_string(), r#"{"schema":"x/1","b":1,"a":2}"#);
        assert_eq!(
            with_schema("x/1", &[1]).to_string(),
            r#"{"schema":"x/1","value":[1]}"#
        );
    }

    #[test]
    fn text_from_files_cannot_drive_the_terminal() {
        let hostile = "a\u{1b}]0;owned\u{7}b\u{202e}c\u{9b}2Jd\te\nf";
        let line = clean(hostile);
        assert!(!line.chars().any(is_harmful), "{line:?}");
        assert!(line.contains("e f"));
        assert!(clean_lines(hostile).ends_with("d\te\nf"));
        assert_eq!(clean("ქართული ελληνικά"), "ქართული ελληνικά");
    }

    #[test]
    fn numbers_read_as_a_person_writes_them() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(span(200_000), "3 min 20 s");
        assert_eq!(span(7_500_000), "2 h 05 min");
        assert_eq!(count(1_234_567), "1 234 567");
    }

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_514), (2026, 3, 2));
        assert_eq!(utc(UNIX_EPOCH), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn colour_is_a_matter_of_choice_first() {
        assert!(colored(ColorChoice::Always, false));
        assert!(!colored(ColorChoice::Never, true));
        assert!(!colored(ColorChoice::Auto, false));
    }
}
