//! What a reader gives, and where it stands.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::page::Page;
use crate::data::record::{Record, Source};

/// One thing found in the input. Everything in a file becomes one of these: what cannot be read
/// is quarantined, what is no text is skipped, and both say where they are.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A document with its text.
    Record(Record),
    /// A web page, not yet text.
    Page(Page),
    /// What a site says of robots: `robots.txt`, `tdmrep.json`, `ai.txt`; see [`Page::kind`].
    Robots(Page),
    /// Whole and well-formed, but nothing to prepare text from.
    Skipped(Skipped),
    /// Not readable as what it claims to be.
    Quarantined(Quarantined),
}

impl Item {
    /// The document, if it is one.
    pub fn record(self) -> Option<Record> {
        match self {
            Item::Record(record) => Some(record),
            _ => None,
        }
    }

    /// File of the item, and offset and length in bytes as stored there (0 where unknown).
    pub fn place(&self) -> (&Path, u64, u64) {
        let of = |source: &'_ Source| (source.offset, source.size);
        let (path, (offset, size)) = match self {
            Item::Record(record) => (&record.source.path, of(&record.source)),
            Item::Page(page) | Item::Robots(page) => (&page.source.path, of(&page.source)),
            Item::Skipped(skipped) => (&skipped.source.path, of(&skipped.source)),
            Item::Quarantined(q) => (&q.path, (q.offset, q.size)),
        };
        (path, offset, size)
    }
}

/// A whole record that holds no text to prepare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its place.
    pub source: Source,
    /// Its address, if it has one.
    pub url: Option<String>,
    /// Why it was passed over.
    pub why: Why,
}

/// Why a whole record was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A WARC record of a type without content of its own: `request`, `metadata`, `revisit`, …
    WarcType(String),
    /// The server did not answer with a page.
    Status(u16),
    /// Not HTML: the media type, lower case; empty when none was given.
    ContentType(String),
    /// Nothing in it.
    Empty,
}

impl Why {
    /// A name to count by.
    pub fn name(&self) -> &'static str {
        match self {
            Why::WarcType(_) => "warc_type",
            Why::Status(_) => "status",
            Why::ContentType(_) => "content_type",
            Why::Empty => "empty",
        }
    }
}

/// A stretch of a file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The file.
    pub path: PathBuf,
    /// First byte, in the file as stored.
    pub offset: u64,
    /// Bytes as stored; 0 where unknown: inside of a compressed stream.
    pub size: u64,
    /// Line or record, from 1; 0 where unknown.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Quarantined { path, offset, .. } = self;
        match self.line {
            0 => write!(f, "{}: byte {offset}: {}", path.display(), self.what),
            line => write!(f, "{}:{line}: {}", path.display(), self.what),
        }
    }
}

/// A place to go on from, after any item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Byte of the file as stored where decoding can start: of a line, a gzip member, a zstd frame,
    /// a row group; 0 for a stream that has no such places.
    pub offset: u64,
    /// What to pass over from there: line feeds, items of a WARC file, rows.
    pub skip: u64,
    /// Lines, records or rows of the file before the next item, as far as they were counted.
    pub line: u64,
}

/// A part of a file that can be read apart from the others; the units of a file hold each of its
/// items exactly once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The file.
    pub path: PathBuf,
    /// Where it begins.
    pub start: Position,
    /// Byte of the file as stored where the next unit begins; none for the last.
    pub end: Option<u64>,
}

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Field of JSON lines and column of Parquet that holds the text.
    pub text_key: String,
    /// Largest record, line or page, in bytes unpacked; larger ones are quarantined.
    pub max_record_bytes: usize,
    /// Name of the crawl, noted in the records made of its pages.
    pub crawl_id: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            text_key: "text".into(),
            max_record_bytes: 64 << 20,
            crawl_id: None,
        }
    }
}
