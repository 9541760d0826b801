//! What a finished unit leaves: kept records, dropped records, a row for each kept one, counts.
//!
//! `kept.jsonl.zst`: the records, in the order they were read. `rows.bin`: for each of them
//! [`Row`], 40 bytes. `dropped.bin`: frames of zstd, each of records with one reason and one
//! language; `unit.json` says where each frame lies, so that the walk's drop folders are made of
//! them without unpacking. `domains.json`: counts by domain. `sketch.bin`: what deduplication
//! needs (`data::dedup`). `sets.json`: what was met of evaluation sets, if some were looked for.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::domains::{DomainRow, Domains};
use crate::contamination::Tally;
use crate::data::dedup::{Bands, Sketch, SketchWriter};
use crate::data::error::{Error, Result};
use crate::disk::{self, Making};
use crate::lang::Lang;

/// Text of one zstd frame: a reader can begin at any frame.
pub(super) const FRAME_BYTES: usize = 4 << 20;
/// Level of zstd for all that stays.
pub(super) const LEVEL: i32 = 3;
/// Dropped text held back before frames are written.
const HELD_BYTES: usize = 32 << 20;
/// File of sketches in a unit.
const SKETCHES: &str = "sketch.bin";
/// File of what speaks for sites in a unit.
const SITES: &str = "sites.jsonl.zst";
/// File of what was met of evaluation sets in a unit.
const SETS: &str = "sets.json";
/// Bytes of a row on disk.
const ROW_BYTES: usize = 40;
/// Language byte of a record without one.
const NO_LANG: u8 = u8::MAX;

/// What the later steps need to know of a kept record without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Its language.
    pub(super) lang: Option<&'static Lang>,
    /// Bytes of its text.
    pub(super) n_bytes: u64,
    /// Copies it stands for already: its own `cluster_size`, or 1.
    pub(super) n_copies: u32,
    /// xxh3-128 of its text.
    pub(super) text_hash: u128,
    /// xxh3-64 of its id.
    pub(super) id_hash: u64,
    /// Its page spoke of mining itself, which outranks its host's tdmrep.json.
    pub(super) spoke_of_mining: bool,
}

impl Row {
    fn to_bytes(self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        let lang = self.lang.and_then(|l| u8::try_from(l.index()).ok());
        bytes[0] = lang.unwrap_or(NO_LANG);
        bytes[1] = u8::from(self.spoke_of_mining);
        bytes[4..8].copy_from_slice(&self.n_copies.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.n_bytes.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.text_hash.to_le_bytes());
        bytes[32..].copy_from_slice(&self.id_hash.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; ROW_BYTES]) -> Self {
        let part = |at: usize, n: usize| {
            let mut word = [0u8; 16];
            word[..n].copy_from_slice(&bytes[at..at + n]);
            u128::from_le_bytes(word)
        };
        Row {
            lang: Lang::all().get(usize::from(bytes[0])),
            n_copies: part(4, 4) as u32,
            n_bytes: part(8, 8) as u64,
            text_hash: part(16, 16),
            id_hash: part(32, 8) as u64,
            spoke_of_mining: bytes[1] == 1,
        }
    }
}

/// Where a frame of dropped records lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Section {
    /// Why they were dropped.
    pub(super) reason: String,
    /// Code of their language, or `und`.
    pub(super) lang: String,
    /// First byte in `dropped.bin`.
    pub(super) offset: u64,
    /// Bytes there.
    pub(super) len_bytes: u64,
}

/// `unit.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    /// What was counted.
    pub(super) counts: Counts,
    /// Frames of `dropped.bin`.
    pub(super) sections: Vec<Section>,
    /// The first damage that was met, and where.
    pub(super) first_damage: Option<String>,
}

/// Lines of JSON gathered to frames of zstd.
pub(super) struct Frames<W: Write> {
    to: W,
    open: Vec<u8>,
    level: i32,
}

impl<W: Write> Frames<W> {
    pub(super) fn new(to: W, level: i32) -> Self {
        Frames {
            to,
            open: Vec::new(),
            level,
        }
    }

    /// Adds a line, with its line feed.
    pub(super) fn push(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.open.extend_from_slice(line);
        if self.open.len() >= FRAME_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if !self.open.is_empty() {
            let frame = zstd::bulk::compress(&self.open, self.level)?;
            self.to.write_all(&frame)?;
            self.open.clear();
        }
        Ok(())
    }

    /// Writes what is left and gives back what was written to.
    pub(super) fn finish(mut self) -> std::io::Result<W> {
        self.flush()?;
        Ok(self.to)
    }
}

/// Writes the files of one unit into a folder that is seen only when it is whole.
pub(super) struct Writer {
    staged: disk::Staged,
    kept: Frames<Making>,
    rows: Making,
    dropped: Making,
    dropped_len: u64,
    held: BTreeMap<(&'static str, &'static str), Vec<u8>>,
    held_bytes: usize,
    domains: Domains,
    sketches: Option<SketchWriter<Making>>,
    sites: Option<Frames<Making>>,
    sets: Tally,
    done: Done,
}

impl Writer {
    /// Begins a unit; with the shape of an index of near-duplicates, it keeps sketches for it.
    pub(super) fn new(folder: &Path, shape: Option<Bands>) -> Result<Self> {
        let staged = disk::Staged::new(folder, true)?;
        let making = |name: &str| Making::new(&staged.path().join(name));
        let sketches = match shape {
            None => None,
            Some(shape) => {
                let begun = SketchWriter::new(making(SKETCHES)?, shape);
                Some(begun.map_err(|e| disk::Error::io(folder, "write", e))?)
            }
        };
        Ok(Writer {
            kept: Frames::new(making("kept.jsonl.zst")?, LEVEL),
            rows: making("rows.bin")?,
            dropped: making("dropped.bin")?,
            dropped_len: 0,
            held: BTreeMap::new(),
            held_bytes: 0,
            domains: Domains::default(),
            sketches,
            sites: None,
            sets: Tally::default(),
            done: Done::default(),
            staged,
        })
    }

    /// What is counted.
    pub(super) fn counts(&mut self) -> &mut Counts {
        &mut self.done.counts
    }

    /// What is counted by domain.
    pub(super) fn domains(&mut self) -> &mut Domains {
        &mut self.domains
    }

    /// What is counted of evaluation sets.
    pub(super) fn sets(&mut self) -> &mut Tally {
        &mut self.sets
    }

    /// Notes damage of the input.
    pub(super) fn damage(&mut self, what: &str) {
        self.done.first_damage.get_or_insert_with(|| what.into());
    }

    /// Adds a file of numbers of the caller's own.
    pub(super) fn note<T: Serialize>(&self, name: &str, numbers: &T) -> Result<()> {
        Ok(disk::replace_json(&self.staged.path().join(name), numbers)?)
    }

    /// Adds a record that goes on.
    pub(super) fn keep(&mut self, line: &[u8], row: Row, sketch: Option<&Sketch>) -> Result<()> {
        let mut write = || {
            self.kept.push(line)?;
            self.rows.write_all(&row.to_bytes())?;
            match (&mut self.sketches, sketch) {
                (Some(sketches), Some(sketch)) => sketches.push(sketch),
                _ => Ok(()),
            }
        };
        let written = write();
        written.map_err(|e| disk::Error::io(self.rows.target(), "write", e))?;
        self.done.counts.n_kept += 1;
        Ok(())
    }

    /// Adds a file that speaks for its site.
    pub(super) fn site_file(&mut self, line: &[u8]) -> Result<()> {
        let sites = match &mut self.sites {
            Some(sites) => sites,
            none => {
                let making = Making::new(&self.staged.path().join(SITES))?;
                none.insert(Frames::new(making, LEVEL))
            }
        };
        let written = sites.push(line);
        Ok(written.map_err(|e| disk::Error::io(self.rows.target(), "write", e))?)
    }

    /// Adds a record that does not.
    pub(super) fn drop(
        &mut self,
        line: &[u8],
        stage: &'static str,
        reason: &'static str,
        lang: &'static str,
    ) -> Result<()> {
        self.done.counts.dropped(stage, reason, lang, 1);
        let frame = self.held.entry((reason, lang)).or_default();
        frame.extend_from_slice(line);
        self.held_bytes += line.len();
        if self.held_bytes >= HELD_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes a frame for each reason and language.
    fn flush(&mut self) -> Result<()> {
        self.held_bytes = 0;
        for ((reason, lang), text) in std::mem::take(&mut self.held) {
            let frame = zstd::bulk::compress(&text, LEVEL);
            let written = frame.and_then(|frame| {
                self.dropped.write_all(&frame)?;
                Ok(frame.len() as u64)
            });
            let len_bytes =
                written.map_err(|e| disk::Error::io(self.dropped.target(), "write", e))?;
            self.done.sections.push(Section {
                reason: reason.into(),
                lang: lang.into(),
                offset: self.dropped_len,
                len_bytes,
            });
            self.dropped_len += len_bytes;
        }
        Ok(())
    }

    /// Makes the unit seen.
    pub(super) fn finish(mut self) -> Result<Counts> {
        self.flush()?;
        let target = self.rows.target().to_path_buf();
        let kept = self.kept.finish();
        let kept = kept.map_err(|e| disk::Error::io(&target, "write", e))?;
        kept.finish()?;
        if let Some(sites) = self.sites {
            let sites = sites.finish();
            sites
                .map_err(|e| disk::Error::io(&target, "write", e))?
                .finish()?;
        }
        if let Some(sketches) = self.sketches {
            let sketches = sketches.into_inner();
            sketches
                .map_err(|e| disk::Error::io(&target, "write", e))?
                .finish()?;
        }
        self.rows.finish()?;
        self.dropped.finish()?;
        let domains = self.domains.most(usize::MAX);
        disk::replace_json(&self.staged.path().join("domains.json"), &domains)?;
        if self.sets.n_docs > 0 {
            disk::replace_json(&self.staged.path().join(SETS), &self.sets)?;
        }
        disk::replace_json(&self.staged.path().join("unit.json"), &self.done)?;
        self.staged.publish()?;
        Ok(self.done.counts)
    }
}

/// A finished unit.
pub(super) struct Finished {
    folder: PathBuf,
    /// What was counted, and where drops lie.
    pub(super) done: Done,
}

impl Finished {
    /// Opens the folder of a unit; none when it is not done.
    pub(super) fn open(folder: &Path) -> Option<Self> {
        let bytes = disk::read(&folder.join("unit.json")).ok()?;
        Some(Finished {
            folder: folder.into(),
            done: serde_json::from_slice(&bytes).ok()?,
        })
    }

    /// A file of the unit.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The rows of its kept records, in order.
    pub(super) fn rows(&self) -> Result<Rows> {
        let path = self.path("rows.bin");
        let file = std::fs::File::open(&path).map_err(|e| disk::Error::io(&path, "open", e))?;
        Ok(Rows {
            file: std::io::BufReader::with_capacity(1 << 16, file),
            left: self.done.counts.n_kept,
            path,
        })
    }

    /// Its kept records, a line of JSON each, in order.
    pub(super) fn kept(&self) -> Result<disk::Source> {
        Ok(disk::Source::open(&self.path("kept.jsonl.zst"))?)
    }

    /// Sketches of its kept records.
    pub(super) fn sketches(&self) -> PathBuf {
        self.path(SKETCHES)
    }

    /// Files that speak for their sites, a line of JSON each, if it met any.
    pub(super) fn sites(&self) -> Result<Option<disk::Source>> {
        let path = self.path(SITES);
        match path.exists() {
            true => Ok(Some(disk::Source::open(&path)?)),
            false => Ok(None),
        }
    }

    /// What it counted by domain.
    pub(super) fn domains(&self) -> Result<Vec<DomainRow>> {
        let path = self.path("domains.json");
        let read = serde_json::from_slice(&disk::read(&path)?);
        read.map_err(|e| Error::Failed(format!("{}: {e}", path.display())))
    }

    /// What it met of evaluation sets.
    pub(super) fn sets(&self) -> Result<Tally> {
        let path = self.path(SETS);
        if !path.exists() {
            return Ok(Tally::default());
        }
        let read = serde_json::from_slice(&disk::read(&path)?);
        read.map_err(|e| Error::Failed(format!("{}: {e}", path.display())))
    }

    /// The bytes of a frame of dropped records, still packed.
    pub(super) fn frame(&self, section: &Section) -> Result<Vec<u8>> {
        use std::io::{Seek, SeekFrom};
        let path = self.path("dropped.bin");
        let read = || {
            let mut file = std::fs::File::open(&path)?;
            file.seek(SeekFrom::Start(section.offset))?;
            let mut bytes = Vec::new();
            file.take(section.len_bytes).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        Ok(read().map_err(|e| disk::Error::io(&path, "read", e))?)
    }
}

/// Iterator over the rows of a unit.
pub(super) struct Rows {
    file: std::io::BufReader<std::fs::File>,
    left: u64,
    path: PathBuf,
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let mut bytes = [0; ROW_BYTES];
        let read = self.file.read_exact(&mut bytes);
        let row = read.map(|()| Row::from_bytes(&bytes));
        Some(row.map_err(|e| Error::Disk(disk::Error::io(&self.path, "read", e))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("u");
        let mut writer = Writer::new(&target, None).unwrap();
        writer.counts().n_seen = 3;
        let row = |lang: Option<&str>, n: u64| Row {
            lang: lang.and_then(Lang::find),
            n_bytes: n,
            n_copies: 3,
            text_hash: u128::MAX - u128::from(n),
            id_hash: 7,
            spoke_of_mining: n == 10,
        };
        let rows = [row(Some("cy"), 10), row(None, 1 << 40)];
        for row in rows {
            writer.keep(b"{}\n", row, None).unwrap();
        }
        writer
            .drop(b"{\"a\":1}\n", "filter", "few_letters", "deu_Latn")
            .unwrap();
        assert!(Finished::open(&target).is_none(), "not before it is whole");
        writer.finish().unwrap();
        let unit = Finished::open(&target).unwrap();
        let read: Vec<Row> = unit.rows().unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(read, rows);
        let [section] = &unit.done.sections[..] else {
            unreachable!("one reason, one language")
        };
        let frame = unit.frame(section).unwrap();
        assert_eq!(zstd::decode_all(&frame[..]).unwrap(), b"{\"a\":1}\n");
        assert_eq!(unit.done.counts.rows(&["filter"]).unwrap()[0].n_out, 2);
    }
}
