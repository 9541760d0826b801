//! What can go wrong in the engine.

use std::path::{Path, PathBuf};

use crate::fault::{Fault, Kind};
use crate::{disk, hardware, shard, vocab};

/// Bytes of a gibibyte.
const GIB: f64 = (1u64 << 30) as f64;

/// An error of the engine: what, where, and what next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// Token files are not what they claim to be.
    #[error(transparent)]
    Shard(#[from] shard::Error),
    /// A tokenizer cannot be used.
    #[error(transparent)]
    Vocab(#[from] vocab::Error),
    /// A model file is damaged or not what it claims to be.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and at which byte, tensor or key.
        what: String,
    },
    /// Something needed is not there.
    #[error("{what}")]
    Missing {
        /// What is missing.
        what: String,
        /// How to get it.
        hint: String,
    },
    /// The request makes no sense, or is not supported.
    #[error("{what}")]
    Usage {
        /// What was asked.
        what: String,
        /// What would make sense.
        hint: String,
    },
    /// Stopped on request; the work can go on later.
    #[error("{what}")]
    Interrupted {
        /// How far it got.
        what: String,
        /// How to go on.
        hint: String,
    },
    /// A gate did not hold.
    #[error("{what}")]
    Gate {
        /// Which, with the figure and the bound.
        what: String,
    },
    /// The work failed.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// Refuses what needs more memory than the machine has: to try would end the process, or the
    /// whole machine, without a word.
    ///
    /// # Errors
    /// [`Error::Missing`] with both figures.
    pub(super) fn if_too_large(what: &str, needed: u64) -> Result<()> {
        Error::if_larger_than(what, needed, hardware::memory_bytes())
    }

    /// As [`Error::if_too_large`], for a machine with so much memory.
    pub(super) fn if_larger_than(what: &str, needed: u64, memory: Option<u64>) -> Result<()> {
        match memory {
            Some(has) if needed > has => Err(Error::Missing {
                what: format!(
                    "{what} needs {:.1} GiB of memory, this machine has {:.1}",
                    needed as f64 / GIB,
                    has as f64 / GIB
                ),
                hint:
                    "choose a smaller model, --micro-batch or --context; `-n` tells what it needs"
                        .into(),
            }),
            _ => Ok(()),
        }
    }

    /// A damaged model file.
    pub fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Error::Damaged {
            path: path.into(),
            what: what.into(),
        }
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Error::Disk(e) => e.kind(),
            Error::Shard(e) => e.kind(),
            Error::Vocab(e) => e.kind(),
            Error::Damaged { .. } => Kind::Damaged,
            Error::Missing { .. } => Kind::Missing,
            Error::Usage { .. } => Kind::Usage,
            Error::Interrupted { .. } => Kind::Interrupted,
            Error::Gate { .. } => Kind::Gate,
            Error::Failed(_) => Kind::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Disk(e) => e.hint(),
            Error::Shard(e) => e.hint(),
            Error::Vocab(e) => e.hint(),
            Error::Missing { hint, .. }
            | Error::Usage { hint, .. }
            | Error::Interrupted { hint, .. } => Some(hint.clone()),
            Error::Damaged { .. } => {
                Some("the file is cut, changed or of another kind; fetch or make it again".into())
            }
            Error::Gate { .. } | Error::Failed(_) => None,
        }
    }
}

/// Result of the engine.
pub type Result<T> = std::result::Result<T, Error>;
