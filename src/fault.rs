//! What went wrong, in the six ways a caller can act on.
//!
//! Every room has its own error type; all of them answer two questions: which [`Kind`] of
//! failure (it becomes the exit code) and what the reader can do next.

/// The kinds of failure, each with its exit code (see `eu --help`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The work was tried and failed: exit code 1.
    Failed,
    /// The request itself makes no sense: exit code 2.
    Usage,
    /// Input is damaged or not what it claims to be: exit code 3.
    Damaged,
    /// A file, model, device or the network is not there: exit code 4.
    Missing,
    /// A quality, parity or audit gate did not hold: exit code 5.
    Gate,
    /// Stopped on request; the work can be resumed: exit code 6.
    Interrupted,
}

impl Kind {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Damaged => 3,
            Kind::Missing => 4,
            Kind::Gate => 5,
            Kind::Interrupted => 6,
        }
    }
}

/// An error that knows how it should end the program and what to try next.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// Which kind of failure this is.
    fn kind(&self) -> Kind;

    /// What the reader can do about it, in one line without a full stop.
    fn hint(&self) -> Option<String> {
        None
    }
}
