//! Cutting a large file into parts that can be read apart.
//!
//! Cuts depend on the file and the size asked for alone. Lines are cut anywhere (a part begins
//! behind the first line feed found), gzip members where a record of a crawl begins in one, zstd
//! frames where their blocks say, WARC where its records' lengths say, tables between row groups.

use std::io;
use std::path::Path;

use super::item::{Position, Unit};
use super::kind::{Kind, kind, kind_of_bytes};
use super::stored::Stored;
use super::unpacked::{Unpacked, is_member};
use super::{gzip, parquet, warc, zst};
use crate::data::error::Result;
use crate::disk;

/// Smallest part: less is not worth opening a file for.
const MIN_PART_BYTES: u64 = 4 << 10;

/// Parts of a file, of about `target_bytes` each as stored, where its format allows any; together
/// they hold each of its items once. A pipe is one part.
///
/// # Errors
/// When it cannot be opened or read.
pub fn splits(path: &Path, target_bytes: u64) -> Result<Vec<Unit>> {
    let target = target_bytes.max(MIN_PART_BYTES);
    let failed = |e| disk::Error::io(path, "read", e);
    let mut stored = Stored::open(path)?;
    let cuts = match stored.len() {
        Some(len) if len > target => cuts(path, &mut stored, len, target).map_err(failed)?,
        _ => Vec::new(),
    };
    let starts = std::iter::once(Position::default()).chain(cuts.iter().copied());
    let ends = cuts.iter().map(|cut| Some(cut.offset)).chain([None]);
    let units = starts.zip(ends).map(|(start, end)| Unit {
        path: path.into(),
        start,
        end,
    });
    Ok(units.collect())
}

fn cuts(path: &Path, stored: &mut Stored, len: u64, target: u64) -> io::Result<Vec<Position>> {
    let head = stored.peek(zst::MAX_HEADER_BYTES)?;
    let is_gzip = head.starts_with(gzip::MAGIC);
    let is_zstd = matches!(
        zst::begin(head),
        zst::Begin::Frame { .. } | zst::Begin::Skippable(_)
    );
    let is_table = head.starts_with(b"PAR1");
    let kind = match kind(path) {
        _ if is_table => Kind::Parquet,
        Some(kind) => kind,
        None => {
            let mut bytes = Unpacked::new(Stored::open(path).map_err(io::Error::other)?, 0)?;
            bytes.ensure(1024)?;
            kind_of_bytes(bytes.bytes())
        }
    };
    // The first line feed of a part of lines ends a line of the part before.
    let skip = u64::from(kind == Kind::Lines);
    let at = |offset| Position {
        offset,
        skip,
        line: 0,
    };
    let places = match kind {
        Kind::Plain | Kind::Html => Vec::new(),
        Kind::Parquet => parquet::cuts(path, target)?,
        Kind::Crawl if is_gzip => members(stored, len, target)?,
        _ if is_zstd => frames(stored, len, target)?,
        Kind::Crawl => records(stored, len, target)?,
        Kind::Lines if is_gzip => Vec::new(),
        Kind::Lines => (1..)
            .map(|i| i * target)
            .take_while(|at| *at < len)
            .collect(),
    };
    Ok(places.into_iter().map(at).collect())
}

/// Gzip members that begin with a record, the first behind each multiple of `target`.
fn members(stored: &mut Stored, len: u64, target: u64) -> io::Result<Vec<u64>> {
    let mut places = Vec::new();
    let mut wanted = target;
    while wanted < len {
        stored.seek(wanted)?;
        let accepts = |at: &[u8]| is_member(at, Some(warc::looks_like_record));
        if !stored.find(gzip::MAGIC, accepts)? {
            break;
        }
        places.push(stored.pos());
        wanted = (stored.pos() / target + 1) * target;
    }
    Ok(places)
}

/// Zstd frames, the first behind each multiple of `target`; none behind damage.
fn frames(stored: &mut Stored, len: u64, target: u64) -> io::Result<Vec<u64>> {
    let mut places = Vec::new();
    let mut wanted = target;
    stored.seek(0)?;
    while stored.pos() < len {
        let start = stored.pos();
        match zst::begin(stored.peek(zst::MAX_HEADER_BYTES)?) {
            zst::Begin::Skippable(n) => {
                stored.seek(start + n)?;
            }
            zst::Begin::Frame { header, checksum } => {
                if start >= wanted {
                    places.push(start);
                    wanted = (start / target + 1) * target;
                }
                stored.seek(start + header as u64)?;
                loop {
                    let Some((n, is_last)) = zst::block(stored.peek(3)?) else {
                        return Ok(places);
                    };
                    let tail = if is_last && checksum { 4 } else { 0 };
                    stored.seek(stored.pos() + n + tail)?;
                    if is_last {
                        break;
                    }
                }
            }
            zst::Begin::Cut | zst::Begin::Not => break,
        }
    }
    Ok(places)
}

/// Records of a plain crawl file, the first behind each multiple of `target`; none behind damage.
fn records(stored: &mut Stored, len: u64, target: u64) -> io::Result<Vec<u64>> {
    let mut places = Vec::new();
    let mut wanted = target;
    stored.seek(0)?;
    while stored.pos() < len {
        let start = stored.pos();
        let warc::Begin::Record(head) = warc::begin(stored.peek(warc::MAX_HEAD_BYTES)?) else {
            break;
        };
        if start >= wanted {
            places.push(start);
            wanted = (start / target + 1) * target;
        }
        let end = start
            .saturating_add(head.len as u64)
            .saturating_add(head.content_len);
        if end > len {
            break;
        }
        stored.seek(end)?;
        while let Some(b'\r' | b'\n') = stored.peek(1)?.first() {
            stored.consume(1);
        }
    }
    Ok(places)
}
