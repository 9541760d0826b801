//! What can go wrong while data is prepared.

use std::path::{Path, PathBuf};

use crate::fault::{Fault, Kind};
use crate::{disk, lang, shard, vocab};

/// An error of the data room: what, where, and what next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// Token files could not be written.
    #[error(transparent)]
    Shard(#[from] shard::Error),
    /// A tokenizer cannot be used.
    #[error(transparent)]
    Vocab(#[from] vocab::Error),
    /// A name is neither a language nor a set.
    #[error(transparent)]
    Lang(#[from] lang::Unknown),
    /// A line of the input is not what it claims to be.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What is wrong.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// A file or folder holds nothing to read.
    #[error("{}: {what}", path.display())]
    Empty {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for.
        what: String,
    },
    /// The request makes no sense.
    #[error("{what}")]
    Usage {
        /// What was asked.
        what: String,
        /// What would make sense.
        hint: String,
    },
    /// The vocabulary charges a language more than was allowed.
    #[error("{lang} pays {ratio:.2} times the tokens of English, more than {most:.2}")]
    Premium {
        /// Code of the language that pays most.
        lang: String,
        /// Its tokens over those of the reference for the same text.
        ratio: f64,
        /// What the plan allows.
        most: f64,
    },
    /// Nothing is left to go on with.
    #[error("{what}")]
    NothingLeft {
        /// After which stage, and of how many records.
        what: String,
        /// Where to look.
        hint: String,
    },
    /// Stopped on request.
    #[error("stopped during {stage}")]
    Interrupted {
        /// The stage that was going on.
        stage: String,
    },
    /// Records were lost on the way: a fault of this program.
    #[error("{stage}: {n_in} records came in, {n_out} went on or were dropped")]
    Lost {
        /// The stage.
        stage: String,
        /// Records that came in.
        n_in: u64,
        /// Records accounted for.
        n_out: u64,
    },
    /// The work failed.
    #[error("{0}")]
    Failed(String),
}

/// Result of the data room.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A line that is not what it claims to be.
    pub(super) fn line(path: &Path, line: u64, what: impl Into<String>, hint: &str) -> Self {
        Error::Line {
            path: path.into(),
            line,
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// A setting that makes no sense.
    pub(super) fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::Usage {
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Error::Disk(e) => e.kind(),
            Error::Shard(e) => e.kind(),
            Error::Vocab(e) => e.kind(),
            Error::Lang(_) | Error::Usage { .. } => Kind::Usage,
            Error::Line { .. } | Error::Empty { .. } => Kind::Damaged,
            Error::Interrupted { .. } => Kind::Interrupted,
            Error::Premium { .. } => Kind::Gate,
            Error::NothingLeft { .. } | Error::Lost { .. } | Error::Failed(_) => Kind::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Disk(e) => e.hint(),
            Error::Shard(e) => e.hint(),
            Error::Vocab(e) => e.hint(),
            Error::Lang(_) => Some("give codes such as de or deu_Latn, or eu24, europe".into()),
            Error::Line { hint, .. }
            | Error::Usage { hint, .. }
            | Error::NothingLeft { hint, .. } => Some(hint.clone()),
            Error::Empty { .. } => Some(
                "read are .warc, .wet, .html, .jsonl, .parquet and .txt files, also .gz or .zst"
                    .into(),
            ),
            Error::Interrupted { .. } => {
                Some("give the same command again: it goes on where it stopped".into())
            }
            Error::Premium { .. } => Some(
                "train a vocabulary on more text of this language, or raise max_premium".into(),
            ),
            Error::Lost { .. } => Some("this is a fault of eu: please report it".into()),
            Error::Failed(_) => None,
        }
    }
}
