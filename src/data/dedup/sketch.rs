//! What deduplication needs to know of a text without the text: made where the text is read,
//! kept in a file, and compared with all others later, perhaps by another machine.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::blocks::{BlockReader, BlockWriter};
use super::exact::text_hash;
use super::minhash::{Bands, Signer};
use super::row::Field;
use super::url::url_hash;
use crate::data::error::{Error, Result};
use crate::disk;

/// First bytes of a file of sketches; the last one is the version.
const MAGIC: &[u8; 8] = b"EUSKTCH\x01";
/// Longest id kept, in bytes: a longer one is cut.
const MAX_ID_BYTES: usize = 1 << 14;

/// What is known of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Name of the document, its first 16 KiB.
    pub id: String,
    /// Hash of the words: equal for texts that differ in white space or composition only.
    pub text_hash: u128,
    /// Hash of the bytes.
    pub bytes_hash: u64,
    /// Hash of the normalised address (see [`super::normal_url`]).
    pub url_hash: Option<u64>,
    /// When it was fetched, in seconds since 1970; 0 where unknown.
    pub time: u64,
    /// Length of the text in bytes.
    pub n_bytes: u64,
    /// One key a band; none for a text without a word.
    pub keys: Vec<u64>,
}

impl Sketch {
    /// The sketch of a text whose band keys a [`Signer`] made; fetched from `url` at `time`, in
    /// seconds since 1970 (0: unknown).
    pub fn new(id: &str, text: &str, url: Option<&str>, time: u64, keys: Vec<u64>) -> Self {
        let mut end = id.len().min(MAX_ID_BYTES);
        while !id.is_char_boundary(end) {
            end -= 1;
        }
        Sketch {
            id: id.get(..end).unwrap_or_default().into(),
            text_hash: text_hash(text),
            bytes_hash: xxh3_64(text.as_bytes()),
            url_hash: url.and_then(url_hash),
            time,
            n_bytes: text.len() as u64,
            keys,
        }
    }

    /// What makes it the one to stay among copies: the least stays. The longest text, then the
    /// smallest id, then the smallest hash of the bytes; never the position.
    pub(super) fn rank(&self) -> (u64, &str, u64) {
        (u64::MAX - self.n_bytes, &self.id, self.bytes_hash)
    }

    /// Order within a bucket of candidates: long texts first, equal texts side by side.
    pub(super) fn place(&self) -> (u64, u64) {
        (u64::MAX - self.n_bytes, (self.text_hash >> 64) as u64)
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.id.as_bytes().to_vec().put(out);
        self.text_hash.put(out);
        self.bytes_hash.put(out);
        self.url_hash.unwrap_or(0).put(out);
        self.time.put(out);
        self.n_bytes.put(out);
        u8::from(!self.keys.is_empty()).put(out);
        self.keys.iter().for_each(|key| key.put(out));
    }

    fn take(from: &mut &[u8], n_keys: usize) -> Option<Self> {
        let id = String::from_utf8(Vec::take(from)?).ok()?;
        let (text_hash, bytes_hash, url_hash, time, n_bytes) = Field::take(from)?;
        let n_keys = match u8::take(from)? {
            0 => 0,
            1 => n_keys,
            _ => return None,
        };
        let keys: Option<Vec<u64>> = (0..n_keys).map(|_| u64::take(from)).collect();
        Some(Sketch {
            id,
            text_hash,
            bytes_hash,
            url_hash: Some(url_hash).filter(|hash| *hash != 0),
            time,
            n_bytes,
            keys: keys?,
        })
    }
}

/// Makes sketches; one a thread.
pub struct Sketcher {
    signer: Signer,
}

impl Sketcher {
    /// A sketcher for an index of this shape.
    pub fn new(shape: Bands) -> Self {
        Sketcher {
            signer: Signer::new(shape),
        }
    }

    /// The sketch of a text that was fetched from `url` at `time`, in seconds since 1970 (0:
    /// unknown).
    pub fn sketch(&mut self, id: &str, text: &str, url: Option<&str>, time: u64) -> Sketch {
        Sketch::new(id, text, url, time, self.signer.keys(text))
    }
}

/// Writes sketches in the order of their documents; see [`disk::replace`] for a file that
/// appears whole.
pub struct SketchWriter<W> {
    blocks: BlockWriter<W>,
    n_keys: usize,
}

impl<W: Write> SketchWriter<W> {
    /// Begins a file for an index of this shape.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, shape: Bands) -> io::Result<Self> {
        Ok(SketchWriter {
            blocks: BlockWriter::new(out, MAGIC, &header(shape))?,
            n_keys: shape.bands.max(1),
        })
    }

    /// Appends the sketch of the next document.
    ///
    /// # Errors
    /// When it cannot be written or is not of the shape of the file.
    pub fn push(&mut self, sketch: &Sketch) -> io::Result<()> {
        if !sketch.keys.is_empty() && sketch.keys.len() != self.n_keys {
            return Err(io::Error::other("a sketch of another shape"));
        }
        self.blocks.push(|out| sketch.put(out))
    }

    /// Ends the file; how many sketches it holds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> io::Result<u64> {
        self.blocks.finish()
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn into_inner(self) -> io::Result<W> {
        self.blocks.into_inner().map(|(_, out)| out)
    }
}

/// The part of the shape that keys depend on.
fn header(shape: Bands) -> Vec<u8> {
    let mut header = Vec::new();
    for n in [shape.bands.max(1), shape.rows.max(1), shape.ngram.max(1)] {
        (n as u64).put(&mut header);
    }
    header
}

/// Reads sketches.
pub struct SketchReader<R> {
    blocks: BlockReader<R>,
    n_keys: usize,
}

impl SketchReader<BufReader<File>> {
    /// Opens a file that was made for an index of this shape.
    ///
    /// # Errors
    /// When it cannot be read, is damaged or of another shape.
    pub fn open(path: &Path, shape: Bands) -> Result<Self> {
        let file = File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
        SketchReader::new(path, BufReader::with_capacity(1 << 18, file), shape)
    }
}

impl<R: Read> SketchReader<R> {
    /// Reads from `from`; `path` is for messages.
    ///
    /// # Errors
    /// As [`SketchReader::open`].
    pub fn new(path: &Path, from: R, shape: Bands) -> Result<Self> {
        let (blocks, found) = BlockReader::new(path, from, MAGIC)?;
        if found != header(shape) {
            return Err(Error::usage(
                format!("{}: sketches of another shape", path.display()),
                "give the bands, rows and n-grams they were made with, or make them again",
            ));
        }
        let n_keys = shape.bands.max(1);
        Ok(SketchReader { blocks, n_keys })
    }

    /// The next sketch; none at the end.
    ///
    /// # Errors
    /// When the file is damaged.
    #[allow(clippy::should_implement_trait)] // it fails, and nothing comes after a failure
    pub fn next(&mut self) -> Result<Option<Sketch>> {
        self.blocks.next(|from| Sketch::take(from, self.n_keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Bands = Bands {
        bands: 14,
        rows: 8,
        ngram: 5,
        min_jaccard: 0.72,
    };

    fn sketches() -> Vec<Sketch> {
        let mut sketcher = Sketcher::new(SHAPE);
        vec![
            sketcher.sketch("a", "ein Text", Some("https://example.eu/?b=1&a=2"), 7),
            sketcher.sketch(&"ä".repeat(MAX_ID_BYTES), "…", None, 0),
        ]
    }

    fn read(bytes: &[u8], shape: Bands) -> Result<Vec<Sketch>> {
        let mut reader = SketchReader::new(Path::new("f.sketch"), bytes, shape)?;
        let mut sketches = Vec::new();
        while let Some(sketch) = reader.next()? {
            sketches.push(sketch);
        }
        Ok(sketches)
    }

    #[test]
    fn sketches_survive_their_file_and_damage_is_told() {
        let mut bytes = Vec::new();
        let mut writer = SketchWriter::new(&mut bytes, SHAPE).unwrap();
        for sketch in &sketches() {
            writer.push(sketch).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 2);
        assert_eq!(read(&bytes, SHAPE).unwrap(), sketches());
        let other = Bands { rows: 9, ..SHAPE };
        let told = read(&bytes, other).unwrap_err().to_string();
        assert_eq!(told, "f.sketch: sketches of another shape");
        let told = read(&bytes[..bytes.len() - 1], SHAPE).unwrap_err();
        assert_eq!(told.to_string(), "f.sketch:3: the file ends too early");
        let told = read(b"PK", SHAPE).unwrap_err().to_string();
        assert_eq!(told, "f.sketch:1: the file ends too early");
    }

    #[test]
    fn a_long_id_is_cut_between_characters_and_a_text_without_words_has_no_keys() {
        let sketches = sketches();
        assert_eq!(sketches[1].id.len(), MAX_ID_BYTES);
        assert!(sketches[1].keys.is_empty() && sketches[0].keys.len() == 14);
    }
}
