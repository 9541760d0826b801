//! Every way the program can fail, as one type: what went wrong, which exit code, what next.

use std::fmt;
use std::io;

use crate::fault::{Fault, Kind};

/// Any error of any room; `?` turns whatever implements [`Fault`] into it.
#[derive(Debug)]
pub struct Error(Box<dyn Fault>);

/// Result of the commands.
pub type Result<T> = std::result::Result<T, Error>;

impl<E: Fault> From<E> for Error {
    fn from(error: E) -> Self {
        Error(Box::new(error))
    }
}

impl Error {
    /// Which kind of failure this is.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    /// True when the reader of standard output went away: that is no failure.
    pub fn is_closed_pipe(&self) -> bool {
        let error: &(dyn std::error::Error + 'static) = &*self.0;
        error.is::<ClosedPipe>()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A failure of the commands themselves.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure of some kind, in one line: lower case, no full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Failure {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// A request that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Failure::new(Kind::Usage, message)
    }

    /// Something that is not there.
    pub fn missing(message: impl Into<String>) -> Self {
        Failure::new(Kind::Missing, message)
    }

    /// Input that is not what it claims to be.
    pub fn damaged(message: impl Into<String>) -> Self {
        Failure::new(Kind::Damaged, message)
    }

    /// What the reader can do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Fault for Failure {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// The reader of standard output went away (`eu … | head`).
#[derive(Debug, thiserror::Error)]
#[error("the reader of standard output went away")]
pub struct ClosedPipe;

impl Fault for ClosedPipe {
    fn kind(&self) -> Kind {
        Kind::Failed
    }
}

/// Standard output could not be written.
pub(super) fn of_stdout(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => ClosedPipe.into(),
        _ => Failure::new(Kind::Failed, format!("standard output: {error}")).into(),
    }
}

/// The words of a panic, from what a joined thread or `catch_unwind` returns.
pub(super) fn of_panic(payload: &(dyn std::any::Any + Send)) -> Error {
    let words = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_string())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into());
    Failure::new(Kind::Failed, format!("internal error: {words}"))
        .hint("this is a fault of the program; run again with RUST_BACKTRACE=1 and report it")
        .into()
}
